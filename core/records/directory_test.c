// SPDX-License-Identifier: Apache-2.0
// The directory shows what is in the tables after a load, and keeps the old while it is away.
#include "records/directory.h"
#include "fixture_test.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/fake.h"
#include <stdio.h>
#include <string.h>

#define ROW(...) ((struct db_value[]){__VA_ARGS__})

static struct fixture f;
static struct directory *d;
static int n_loaded, last_status;

static int set_up(void **state)
{
	fixture_open(&f);
	n_loaded = 0;
	return directory_new(&d, f.store);
}

static int tear_down(void **state)
{
	fixture_close(&f);
	directory_free(&d);
	return 0;
}

static void on_loaded(int status, void *arg)
{
	n_loaded++;
	last_status = status;
	fixture_done(&f);
}

static void load(void)
{
	directory_load(d, on_loaded, NULL);
	fixture_wait(&f);
	assert_int_equal(last_status, 0);
}

static void add_user(struct unit *u, uint64_t id, enum role role, bool takes_work, bool is_disabled)
{
	char email[32];
	snprintf(email, sizeof email, "u%d@example.org", (int)id);
	unit_add(u, STMT_USER_ADD,
		 ROW(DB_INT(id), DB_TEXT(STR("Name")), DB_TEXT(str_of(email)), DB_NULL, DB_INT(role),
		     DB_INT(takes_work), DB_INT(is_disabled), DB_INT(1)));
}

static void fill(void)
{
	struct unit *u = unit_new(f.store);
	add_user(u, 1, ROLE_ADMIN, false, false);
	add_user(u, 2, ROLE_AGENT, true, false);
	add_user(u, 3, ROLE_AGENT, true, true);
	unit_add(u, STMT_TEAM_ADD, ROW(DB_INT(10), DB_TEXT(STR("Support")), DB_INT(1)));
	unit_add(u, STMT_TEAM_ADD, ROW(DB_INT(11), DB_TEXT(STR("Sales")), DB_INT(1)));
	for (int64_t user = 1; user <= 3; user++)
		unit_add(u, STMT_TEAM_MEMBER_ADD, ROW(DB_INT(10), DB_INT(user)));
	unit_add(u, STMT_TEAM_MEMBER_ADD, ROW(DB_INT(11), DB_INT(2)));
	unit_add(u, STMT_QUEUE_ADD, ROW(DB_INT(20), DB_TEXT(STR("First")), DB_INT(1)));
	unit_add(u, STMT_QUEUE_TEAM_ADD, ROW(DB_INT(20), DB_INT(11), DB_INT(1)));
	unit_add(u, STMT_QUEUE_TEAM_ADD, ROW(DB_INT(20), DB_INT(10), DB_INT(0)));
	unit_add(u, STMT_QUEUE_ADD, ROW(DB_INT(21), DB_TEXT(STR("Nobody's")), DB_INT(1)));
	unit_add(u, STMT_BRAND_ADD,
		 ROW(DB_INT(30), DB_TEXT(STR("Shop")), DB_TEXT(STR("uk")), DB_TEXT(STR("Europe/Kyiv")), DB_INT(1)));
	unit_add(u, STMT_INBOX_ADD,
		 ROW(DB_INT(40), DB_TEXT(STR("Bot")), DB_TEXT(STR("telegram")), DB_INT(30), DB_INT(20), DB_INT(1),
		     DB_INT(JOIN_CONTACT), DB_INT(5000), DB_TEXT(STR("{\"a\":1}")), DB_BYTES(STR("sealed")),
		     DB_INT(9)));
	unit_add(u, STMT_INBOX_ADD,
		 ROW(DB_INT(41), DB_TEXT(STR("Chat")), DB_TEXT(STR("webchat")), DB_INT(30), DB_NULL, DB_INT(0),
		     DB_INT(JOIN_THREAD), DB_INT(0), DB_TEXT(STR("{}")), DB_NULL, DB_INT(9)));
	assert_int_equal(fixture_commit(&f, u), 0);
}

static void test_empty(void **state)
{
	size_t n = 99;
	directory_users(d, &n);
	assert_int_equal(n, 0);
	uint64_t before = directory_version(d);
	load();
	assert_true(directory_version(d) > before);
	assert_null(directory_user(d, 1));
	assert_null(directory_inbox(d, 1));
	assert_null(directory_inbox_secrets(d, 1).p);
}

static void test_people(void **state)
{
	uint64_t users[8];
	size_t n;
	fill();
	load();
	const struct user *u = directory_user(d, 2);
	assert_true(str_is(u->email, "u2@example.org"));
	assert_int_equal(u->n_teams, 2);
	assert_true(directory_user(d, 3)->is_disabled);
	directory_users(d, &n);
	assert_int_equal(n, 3);
	const struct queue *q = directory_queue(d, 20);
	assert_int_equal(q->n_teams, 2);
	assert_int_equal(q->teams[0], 10); // in their order
	assert_int_equal(directory_agents(d, 20, users, 8), 1);
	assert_int_equal(users[0], 2);
	assert_int_equal(directory_agents(d, 0, users, 8), 1);
	assert_int_equal(directory_agents(d, 21, users, 8), 0);
	assert_int_equal(directory_agents(d, 99, users, 8), 0);
	assert_int_equal(directory_agents(d, 20, users, 0), 0);
}

static void test_inboxes(void **state)
{
	size_t n;
	fill();
	load();
	const struct inbox_record *in = directory_inbox(d, 40);
	assert_true(str_is(in->channel, "telegram") && str_is(in->config, "{\"a\":1}"));
	assert_true(in->is_restricted && !in->is_archived);
	assert_int_equal(in->queue, 20);
	assert_int_equal(in->join, JOIN_CONTACT);
	assert_int_equal(in->reopen_window_ms, 5000);
	assert_int_equal(in->version, 1);
	assert_true(str_is(directory_inbox_secrets(d, 40), "sealed"));
	assert_null(directory_inbox_secrets(d, 41).p);
	assert_int_equal(directory_inbox(d, 41)->queue, 0);
	directory_inboxes(d, &n);
	assert_int_equal(n, 2);
	assert_true(str_is(directory_brand(d, 30)->zone, "Europe/Kyiv"));
	struct db_value save[] = {DB_INT(40),          DB_INT(1), DB_TEXT(STR("New")), DB_NULL, DB_INT(0), DB_INT(1),
				  DB_INT(JOIN_THREAD), DB_INT(1), DB_TEXT(STR("{}")),  DB_NULL};
	assert_int_equal(fixture_write(&f, STMT_INBOX_SAVE, save), 0);
	assert_int_equal(fixture_write(&f, STMT_INBOX_SAVE, save), E_CONFLICT); // its version is 2 now
	load();
	in = directory_inbox(d, 40);
	assert_true(in->is_archived && str_is(in->name, "New"));
	assert_int_equal(in->version, 2);
	assert_null(directory_inbox_secrets(d, 40).p);
}

static void test_access(void **state)
{
	struct access a;
	fill();
	load();
	assert_true(directory_access(d, 2, &a));
	assert_int_equal(a.user, 2);
	assert_false(a.sees_all);
	assert_int_equal(a.n_queues, 1);
	assert_true(directory_access(d, 1, &a));
	assert_true(a.sees_all);
	assert_false(directory_access(d, 3, &a));
	assert_int_equal(a.user, 0);
	assert_false(directory_access(d, 99, &a));
	struct unit *u = unit_new(f.store);
	unit_add(u, STMT_TEAM_MEMBERS_CLEAR, ROW(DB_INT(2)));
	unit_add(u, STMT_TEAM_MEMBER_ADD, ROW(DB_INT(11), DB_INT(2)));
	assert_int_equal(fixture_commit(&f, u), 0);
	load();
	assert_int_equal(directory_user(d, 2)->n_teams, 1);
}

static void on_one_of_three(int status, void *arg)
{
	n_loaded++;
	if (n_loaded == 3) fixture_done(&f);
}

// Whoever asks while a load runs gets one that began after.
static void test_loads_at_once(void **state)
{
	uint64_t before = directory_version(d);
	for (int i = 0; i < 3; i++)
		directory_load(d, on_one_of_three, NULL);
	assert_int_equal(n_loaded, 0);
	fixture_wait(&f);
	assert_int_equal(directory_version(d), before + 2);
}

static void on_cancelled(int status, void *arg)
{
	last_status = status;
	n_loaded++;
	fixture_done(&f);
}

static void test_freed_while_loading(void **state)
{
	struct directory *other;
	assert_int_equal(directory_new(&other, f.store), 0);
	directory_load(other, on_cancelled, NULL);
	directory_free(&other);
	fixture_wait(&f);
	assert_int_equal(n_loaded, 1);
	assert_int_equal(last_status, E_CANCELLED);
}

static void test_away(void **state)
{
	fill();
	load();
	uint64_t before = directory_version(d);
	store_fake(f.store, FAKE_AWAY);
	directory_load(d, on_loaded, NULL);
	fixture_wait(&f);
	assert_int_equal(last_status, E_STORE);
	assert_int_equal(directory_version(d), before);
	assert_true(str_is(directory_user(d, 2)->email, "u2@example.org")); // the old stays
	store_fake(f.store, FAKE_NONE);
	load();
	assert_int_equal(directory_version(d), before + 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_empty),  TEST(test_people),        TEST(test_inboxes),
					   TEST(test_access), TEST(test_loads_at_once), TEST(test_freed_while_loading)};
	const struct CMUnitTest away[] = {TEST(test_away)};
	int failed = fixture_run("directory", tests, ARRAY_LEN(tests));
	log_set_level(LOG_ERROR); // it warns, rightly
	fixture_begin(FIXTURE_FAKE);
	return failed + cmocka_run_group_tests(away, NULL, NULL);
}
