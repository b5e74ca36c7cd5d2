// SPDX-License-Identifier: Apache-2.0
// Who may see what: the table by hand, and what must hold for any user and any conversation.
#include "domain/access.h"
#include "base/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

enum { ME = 7, OTHER = 8, TEAM = 20, MY_QUEUE = 30, FOREIGN_QUEUE = 31, RESTRICTED = 40 };

static const struct queue desk[] = {
	{.id = MY_QUEUE, .teams = {19, TEAM}, .n_teams = 2},
	{.id = FOREIGN_QUEUE, .teams = {21}, .n_teams = 1},
};

// A row of the table: what the conversation carries, and who of agent, supervisor, admin sees it.
static const struct {
	struct access_set set;
	bool agent, leader;
} table[] = {
	// not restricted
	{{0, 0, 0}, true, true},
	{{0, OTHER, 0}, true, true},
	{{MY_QUEUE, 0, 0}, true, true},
	{{MY_QUEUE, OTHER, 0}, true, true},
	{{FOREIGN_QUEUE, ME, 0}, true, true},
	{{FOREIGN_QUEUE, 0, 0}, false, true},
	{{FOREIGN_QUEUE, OTHER, 0}, false, true},
	// restricted: no role opens it
	{{0, 0, RESTRICTED}, false, false},
	{{0, OTHER, RESTRICTED}, false, false},
	{{FOREIGN_QUEUE, 0, RESTRICTED}, false, false},
	{{FOREIGN_QUEUE, OTHER, RESTRICTED}, false, false},
	{{MY_QUEUE, 0, RESTRICTED}, true, true},
	{{MY_QUEUE, OTHER, RESTRICTED}, true, true},
	{{FOREIGN_QUEUE, ME, RESTRICTED}, true, true},
	{{0, ME, RESTRICTED}, true, true},
};

static bool sees(enum role role, bool is_disabled, const struct access_set *set)
{
	const struct user me = {.id = ME, .role = role, .is_disabled = is_disabled, .teams = {TEAM}, .n_teams = 1};
	struct access a;
	access_of(&a, &me, desk, ARRAY_LEN(desk));
	return access_may_see(&a, set);
}

static void the_table_holds(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		assert_int_equal(sees(ROLE_AGENT, false, &table[i].set), table[i].agent);
		assert_int_equal(sees(ROLE_SUPERVISOR, false, &table[i].set), table[i].leader);
		assert_int_equal(sees(ROLE_ADMIN, false, &table[i].set), table[i].leader);
	}
}

static void a_disabled_user_sees_nothing(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		for (int role = ROLE_AGENT; role <= ROLE_ADMIN; role++)
			assert_false(sees((enum role)role, true, &table[i].set));
	const struct access nobody = {0};
	assert_false(access_may_see(&nobody, &(struct access_set){0}));
}

static void only_an_enabled_admin_is_admin(void **state)
{
	assert_true(access_is_admin(&(struct user){.role = ROLE_ADMIN}));
	assert_false(access_is_admin(&(struct user){.role = ROLE_ADMIN, .is_disabled = true}));
	assert_false(access_is_admin(&(struct user){.role = ROLE_SUPERVISOR}));
	assert_false(access_is_admin(&(struct user){.role = ROLE_AGENT}));
}

static void a_conversation_carries_its_set(void **state)
{
	const struct conversation c = {.queue = 1, .assignee = 2, .restricted = 3, .inbox = 4};
	struct access_set s = access_set_of(&c);
	assert_int_equal(s.queue, 1);
	assert_int_equal(s.assignee, 2);
	assert_int_equal(s.restricted, 3);
}

// What stands behind n_teams is old.
static void a_team_left_is_a_team_left(void **state)
{
	const struct queue left = {.id = MY_QUEUE, .teams = {19, TEAM}, .n_teams = 1};
	struct user me = {.id = ME, .teams = {TEAM}, .n_teams = 1};
	struct access a;
	access_of(&a, &me, &left, 1);
	assert_int_equal(a.n_queues, 0);
	me.n_teams = 0;
	access_of(&a, &me, desk, ARRAY_LEN(desk));
	assert_int_equal(a.n_queues, 0);
}

static void more_queues_than_room_are_not_seen(void **state)
{
	static struct queue many[ACCESS_QUEUES + 10];
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = (struct queue){.id = i + 1, .teams = {TEAM}, .n_teams = 1};
	struct access a;
	access_of(&a, &(struct user){.id = ME, .teams = {TEAM}, .n_teams = 1}, many, ARRAY_LEN(many));
	assert_int_equal(a.n_queues, ACCESS_QUEUES);
	assert_true(access_may_see(&a, &(struct access_set){.queue = ACCESS_QUEUES}));
	assert_false(access_may_see(&a, &(struct access_set){.queue = ACCESS_QUEUES + 1}));
}

static uint64_t seed = 88172645463325252ULL;
static uint64_t random_below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

static size_t random_teams(uint64_t *teams)
{
	size_t n = random_below(4);
	for (size_t i = 0; i < n; i++)
		teams[i] = 1 + random_below(6);
	return n;
}

struct world {
	struct queue queues[6];
	struct user user;
	struct access_set set;
};

static void random_world(struct world *w)
{
	*w = (struct world){0};
	for (uint64_t i = 0; i < 6; i++) {
		w->queues[i].id = i + 1;
		w->queues[i].n_teams = random_teams(w->queues[i].teams);
	}
	w->user.id = 1 + random_below(3);
	w->user.role = (enum role)random_below(3);
	w->user.n_teams = random_teams(w->user.teams);
	w->set = (struct access_set){random_below(7), random_below(4), random_below(2)};
}

static bool world_sees(const struct world *w)
{
	struct access a;
	access_of(&a, &w->user, w->queues, 6);
	return access_may_see(&a, &w->set);
}

static bool is_mine_by_hand(const struct world *w)
{
	if (w->set.assignee == w->user.id) return true;
	for (size_t q = 0; q < 6; q++)
		for (size_t i = 0; i < w->queues[q].n_teams; i++)
			for (size_t k = 0; k < w->user.n_teams; k++)
				if (w->queues[q].id == w->set.queue && w->queues[q].teams[i] == w->user.teams[k])
					return true;
	return false;
}

static void check_world(const struct world *w)
{
	bool yes = world_sees(w);
	struct world other = *w;

	if (is_mine_by_hand(w)) assert_true(yes);
	if (w->set.restricted && !is_mine_by_hand(w)) assert_false(yes);
	// A restriction only takes away; a role, a team and an assignment only give.
	other.set.restricted = 0;
	if (yes) assert_true(world_sees(&other));
	other = *w;
	other.user.role = ROLE_ADMIN;
	if (yes) assert_true(world_sees(&other));
	if (w->set.restricted) assert_int_equal(yes, world_sees(&other));
	other = *w;
	other.user.teams[other.user.n_teams++] = 1 + random_below(6);
	if (yes) assert_true(world_sees(&other));
	other = *w;
	other.set.assignee = w->user.id;
	assert_true(world_sees(&other));
	other.user.is_disabled = true;
	assert_false(world_sees(&other));
}

static void what_must_hold_for_anyone(void **state)
{
	for (int round = 0; round < 50000; round++) {
		struct world w;
		random_world(&w);
		check_world(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_holds),
		cmocka_unit_test(a_disabled_user_sees_nothing),
		cmocka_unit_test(only_an_enabled_admin_is_admin),
		cmocka_unit_test(a_conversation_carries_its_set),
		cmocka_unit_test(a_team_left_is_a_team_left),
		cmocka_unit_test(more_queues_than_room_are_not_seen),
		cmocka_unit_test(what_must_hold_for_anyone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
