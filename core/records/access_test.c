// SPDX-License-Identifier: Apache-2.0
// The SQL of access says the same as domain/access.c: random users, queues and conversations, on both databases.
#include "fixture_test.h"
#include "base/mem.h"
#include "domain/access.h"
#include <stdio.h>
#include <stdlib.h>

#define CONVERSATIONS 400
#define USERS 60
#define QUEUES 6
#define TEAMS 4

static struct fixture f;
static struct conversation conversations[CONVERSATIONS];

static uint64_t one_of(uint64_t first, uint64_t n) { return first + (uint64_t)rand() % n; }

static uint64_t maybe(uint64_t first, uint64_t n) { return rand() % 3 ? one_of(first, n) : 0; }

static int set_up(void **state)
{
	srand(17);
	fixture_open(&f);
	struct unit *u = unit_new(f.store);
	struct contact contact = {.id = 1, .name = STR("x"), .created_at = 1};
	unit_add_contact(u, &contact);
	for (uint64_t i = 0; i < CONVERSATIONS; i++) {
		conversations[i] = (struct conversation){.id = 1000 + i,
							 .number = (int64_t)i,
							 .contact = 1,
							 .queue = maybe(10, QUEUES),
							 .assignee = maybe(100, USERS),
							 .restricted = rand() % 2 ? 0 : 7,
							 .version = 1,
							 .last_at = (int64_t)i};
		unit_add_conversation(u, &conversations[i]);
	}
	assert_int_equal(fixture_commit(&f, u), 0);
	return 0;
}

static int tear_down(void **state)
{
	fixture_close(&f);
	return 0;
}

static struct user a_user(uint64_t id)
{
	struct user u = {.id = id, .role = (enum role)(rand() % 3), .is_disabled = rand() % 8 == 0};
	for (uint64_t team = 50; team < 50 + TEAMS; team++)
		if (rand() % 2) u.teams[u.n_teams++] = team;
	return u;
}

static void make_queues(struct queue *queues)
{
	for (uint64_t i = 0; i < QUEUES; i++) {
		queues[i] = (struct queue){.id = 10 + i};
		for (uint64_t team = 50; team < 50 + TEAMS; team++)
			if (rand() % 3 == 0) queues[i].teams[queues[i].n_teams++] = team;
	}
}

static bool is_listed(const struct db_rows *r, uint64_t id)
{
	for (size_t i = 0; i < r->n_rows; i++)
		if ((uint64_t)db_int(r, i, 0) == id) return true;
	return false;
}

static void check_user(const struct user *u, const struct queue *queues)
{
	struct access a;
	access_of(&a, u, queues, QUEUES);
	struct db_value params[] = {DB_INT(a.user),    DB_INT(a.sees_all), DB_INTS(a.queues, a.n_queues),
				    DB_INT(INT64_MAX), DB_INT(INT64_MAX),  DB_INT(CONVERSATIONS)};
	const struct db_rows *r = fixture_read(&f, STMT_CONVERSATIONS_ACTIVE, params);
	for (size_t i = 0; i < CONVERSATIONS; i++) {
		const struct conversation *c = &conversations[i];
		struct access_set set = access_set_of(c);
		if (is_listed(r, c->id) == access_may_see(&a, &set)) continue;
		fail_msg("queue %d, assignee %d, restricted %d: user %d, sees_all %d, %zu queues: the SQL says %d",
			 (int)c->queue, (int)c->assignee, (int)c->restricted, (int)a.user, a.sees_all, a.n_queues,
			 is_listed(r, c->id));
	}
}

static void test_access(void **state)
{
	struct queue queues[QUEUES];
	for (uint64_t id = 100; id < 100 + USERS; id++) {
		struct user u = a_user(id);
		make_queues(queues);
		check_user(&u, queues);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_access, set_up, tear_down)};
	return fixture_run("access", tests, ARRAY_LEN(tests));
}
