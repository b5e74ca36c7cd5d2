// SPDX-License-Identifier: Apache-2.0
// PostgreSQL when connections break, the server goes away, and tables change under us.
#include "suite_pgsql.h"
#include "test_proxy.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N 100

static struct outcome o[N];

static void submit_all(int from)
{
	for (int i = 0; i < N; i++)
		submit_item(store, from + i, &o[i]);
}

static bool is_down(void *arg) { return !store_is_up(store); }

// Connections that break.

static bool is_down_or_done(void *arg) { return !store_is_up(store) || !n_pending; }

static const char KILL[] = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'besedad' "
			   "AND datname = current_database()";
static int n_kills;

static void kill_backends(void *arg)
{
	if (store_is_up(store)) {
		raw_run(KILL);
		n_kills++;
	}
	if (n_pending && n_kills % 5) loop_timer_set(arg, n_kills % 4);
}

// The writer's connection is cut again and again, wherever it stands: every unit happens exactly once.
static void connections_cut_anywhere_lose_and_repeat_nothing(void **state)
{
	expect_log("waits: ");
	expect_log("reads begin anew");
	struct loop_timer t;
	loop_timer_init(&t, loop, "kill", kill_backends, &t);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < N; i++) {
			struct unit *u = unit_of(store);
			char key[16];
			snprintf(key, sizeof key, "%d", round * N + i);
			if (i % 3 == 0) add_seen(u, key);
			add_item(u, round * N + i, "x");
			add_log(u, "created", round * N + i);
			add_log(u, "more", round * N + i);
			submit(store, u, &o[i]);
		}
		n_kills = 1;
		loop_timer_set(&t, round % 5);
		settle();
		loop_timer_clear(&t);
		for (int i = 0; i < N; i++) {
			char sql[128];
			assert_int_equal(o[i].status, 0);
			snprintf(sql, sizeof sql, "SELECT item FROM event WHERE seq = %lld", (long long)o[i].first_seq);
			assert_int_equal(atoi(raw_get(sql)), round * N + i);
		}
	}
	assert_int_equal(count_of("item"), 20 * N);
	assert_int_equal(count_of("event"), 40 * N);
	assert_string_equal(raw_get("SELECT seq FROM feed_head"), "4000");
}

static void on_read(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	*(int *)arg = status;
	n_pending--;
	loop_stop(loop);
}

static void a_read_survives_its_connection(void **state)
{
	expect_log("reads begin anew");
	expect_log("waits: ");
	int status = 1;
	n_pending++;
	store_read(store, T_EVENTS, (const struct db_value[]){DB_INT(0)}, on_read, &status);
	raw_run(KILL);
	settle();
	assert_int_equal(status, 0);
	run_until(is_down_or_done, NULL);
}

static bool is_back(void *arg) { return store_is_up(store); }

static void a_server_that_restarts_is_waited_for(void **state)
{
	if (!pg.pid) skip();
	expect_log("waits: ");
	expect_log("reads begin anew");
	submit_all(0);
	run_for_ms(2);
	test_pg_stop(&pg);
	static struct outcome more[N];
	for (int i = 0; i < N; i++)
		submit_item(store, 1000 + i, &more[i]);
	run_until(is_down, NULL);
	assert_true(store_trouble(store)[0]);
	run_for_ms(300);
	int status = 0;
	n_pending++;
	bool was_up = store_is_up(store);
	store_read(store, T_EVENTS, (const struct db_value[]){DB_INT(0)}, on_read, &status);
	assert_false(was_up);
	while (!status)
		run_for_ms(5);
	assert_int_equal(status, E_STORE);
	test_pg_start(&pg);
	settle();
	run_until(is_back, NULL);
	for (int i = 0; i < N; i++) {
		assert_int_equal(o[i].status, 0);
		assert_int_equal(more[i].status, 0);
	}
	while (status) {
		n_pending++;
		store_read(store, T_EVENTS, (const struct db_value[]){DB_INT(0)}, on_read, &status);
		settle();
		if (status) run_for_ms(50);
	}
	assert_int_equal(count_of("item"), 2 * N);
	assert_int_equal(count_of("event"), 2 * N);
}

static void closing_while_the_server_is_away_ends(void **state)
{
	if (!pg.pid) skip();
	expect_log("waits: ");
	expect_log("reads begin anew");
	test_pg_stop(&pg);
	run_until(is_down, NULL);
	submit_all(0);
	run_for_ms(20);
	store_close(store, 200, NULL, NULL);
	store = NULL;
	settle();
	for (int i = 0; i < N; i++)
		assert_int_equal(o[i].status, E_CANCELLED);
	test_pg_start(&pg);
	open_store();
	assert_int_equal(count_of("item"), 0);
}

// A man in the middle.

static struct test_proxy *proxy;
static char proxy_address[128];

static void reopen_by_proxy(void)
{
	expect_log("waits: ");
	expect_log("reads begin anew");
	close_store();
	proxy = test_proxy_open(pg.folder, proxy_address, sizeof proxy_address);
	options.url = proxy_address;
	open_store();
}

static void leave_proxy(void)
{
	close_store();
	test_proxy_close(proxy);
	options.url = pg.address;
	open_store();
}

static void expect_once(void)
{
	for (int i = 0; i < N; i++) {
		assert_int_equal(o[i].status, 0);
		assert_int_equal(o[i].first_seq, i + 1);
		assert_int_equal(o[i].place, i);
	}
	assert_int_equal(count_of("item"), N);
	assert_int_equal(count_of("event"), N);
}

static void a_commit_whose_answer_is_lost_is_found_out(void **state)
{
	if (!pg.pid) skip();
	reopen_by_proxy();
	submit_all(0);
	test_proxy_set(proxy, PROXY_DEAF);
	settle();
	expect_once();
	struct store_stats st;
	store_stats(store, &st);
	assert_int_equal(st.units, N); // once, by us
	leave_proxy();
}

static bool has_heard_of_failure(void *arg) { return test_proxy_heard(proxy, "22012"); }

// The server reads what the lost connection had sent only after we have looked and begun again.
static void what_a_lost_connection_left_behind_cannot_commit(void **state)
{
	if (!pg.pid) skip();
	reopen_by_proxy();
	for (int i = 0; i < N; i++) {
		struct unit *u = unit_of(store);
		add_log(u, "once", i); // nothing but the node row stops it from happening twice
		submit(store, u, &o[i]);
	}
	test_proxy_set(proxy, PROXY_LATE);
	settle();
	test_proxy_release(proxy);
	run_until(has_heard_of_failure, NULL);
	for (int i = 0; i < N; i++)
		assert_int_equal(o[i].first_seq, i + 1);
	assert_int_equal(count_of("event"), N);
	leave_proxy();
}

// Tables that change.

static void a_table_that_is_gone_is_waited_for(void **state)
{
	expect_log("waits: ");
	raw_run("ALTER TABLE item RENAME TO away");
	submit_all(0);
	run_until(is_down, NULL);
	assert_non_null(strstr(store_trouble(store), "item"));
	assert_int_equal(n_ended, 0);
	raw_run("ALTER TABLE away RENAME TO item");
	settle();
	expect_once();
}

static void a_read_survives_a_changed_table(void **state)
{
	expect_log("reads begin anew");
	const int64_t id = 1;
	int status = 1;
	for (int i = 0; i < 2; i++) {
		n_pending++;
		store_read(store, T_ITEMS, (const struct db_value[]){DB_INTS(&id, 1)}, on_read, &status);
		settle();
		assert_int_equal(status, 0);
		raw_run("ALTER TABLE item ALTER COLUMN body TYPE varchar(100)"); // changes what the statement gives
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest more[] = {
		SUITE_TEST(connections_cut_anywhere_lose_and_repeat_nothing),
		SUITE_TEST(a_read_survives_its_connection),
		SUITE_TEST(a_server_that_restarts_is_waited_for),
		SUITE_TEST(closing_while_the_server_is_away_ends),
		SUITE_TEST(a_commit_whose_answer_is_lost_is_found_out),
		SUITE_TEST(what_a_lost_connection_left_behind_cannot_commit),
		SUITE_TEST(a_table_that_is_gone_is_waited_for),
		SUITE_TEST(a_read_survives_a_changed_table),
	};
	if (!test_pg_open(&pg)) {
		printf("no PostgreSQL here: skipped\n");
		return 0;
	}
	int failed = suite_run(&PGSQL, more, ARRAY_LEN(more), argv[1]);
	test_pg_close(&pg);
	return failed;
}
