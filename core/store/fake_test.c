// SPDX-License-Identifier: Apache-2.0
// The suite on the fake, and everything that goes wrong on demand.
#include "suite_sqlite.h"

#define N 40

static struct outcome o[N];

static const char *fresh(void) { return suite_sqlite_fresh("fake:"); }

static const struct suite_driver FAKE = {
	.name = "store on the fake",
	.fresh = fresh,
	.raw_open = suite_sqlite_open,
	.raw_close = suite_sqlite_close,
	.raw_exec = suite_sqlite_exec,
};

static void submit_all(void)
{
	for (int i = 0; i < N; i++)
		submit_item(store, i, &o[i]);
}

static void expect_all_committed(void)
{
	for (int i = 0; i < N; i++) {
		assert_int_equal(o[i].status, 0);
		assert_int_equal(o[i].first_seq, i + 1);
		assert_int_equal(o[i].place, i);
	}
	assert_int_equal(count_of("event"), N);
	assert_true(store_is_up(store));
}

static void a_lost_commit_that_never_happened_runs_again(void **state)
{
	expect_log("connection lost");
	store_fake(store, FAKE_LOST_BEFORE);
	submit_all();
	settle();
	expect_all_committed();
	assert_int_equal(store_fake_commits(store), 1);
}

static void a_lost_commit_that_happened_is_found_out(void **state)
{
	expect_log("connection lost");
	store_fake(store, FAKE_LOST_AFTER);
	submit_all();
	settle();
	expect_all_committed();
	assert_int_equal(store_fake_commits(store), 1);
	struct outcome more;
	submit_item(store, 1000, &more);
	settle();
	assert_int_equal(more.first_seq, N + 1);
}

static bool is_down(void *arg) { return !store_is_up(store); }

static void on_read(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	assert_int_equal(status, E_STORE);
	assert_non_null(why);
	assert_null(rows);
	*(bool *)arg = true;
	loop_stop(loop);
}

static bool is_set(void *arg) { return *(bool *)arg; }

static void units_wait_while_the_database_is_away(void **state)
{
	expect_log("the server is away");
	store_fake(store, FAKE_AWAY);
	submit_all();
	run_until(is_down, NULL);
	run_for_ms(150);
	assert_int_equal(n_ended, 0);
	assert_string_equal(store_trouble(store), "the server is away");
	bool is_read = false;
	store_read(store, T_EVENTS, (const struct db_value[]){DB_INT(0)}, on_read, &is_read);
	assert_false(is_read);
	run_until(is_set, &is_read);
	store_fake(store, FAKE_NONE);
	settle();
	expect_all_committed();
}

static void units_wait_while_the_disk_is_full(void **state)
{
	expect_log("the disk is full");
	store_fake(store, FAKE_FULL);
	submit_all();
	run_until(is_down, NULL);
	assert_int_equal(n_ended, 0);
	assert_string_equal(store_trouble(store), "the disk is full");
	store_fake(store, FAKE_NONE);
	settle();
	expect_all_committed();
}

static void the_queue_fills_while_the_database_is_away(void **state)
{
	expect_log("the server is away");
	close_store();
	options.max_waiting = 30;
	open_store();
	store_fake(store, FAKE_AWAY);
	submit_all();
	run_until(is_down, NULL);
	assert_true(store_is_full(store));
	assert_int_equal(n_ended, 10);
	store_fake(store, FAKE_NONE);
	settle();
	for (int i = 0; i < N; i++)
		assert_int_equal(o[i].status, i < 30 ? 0 : E_BUSY);
}

static void a_locked_unit_is_tried_later_and_others_go_on(void **state)
{
	store_fake(store, FAKE_LOCKED);
	submit_all();
	settle();
	for (int i = 0; i < N; i++)
		assert_int_equal(o[i].status, 0);
	assert_int_equal(o[0].place, N - 1);
	assert_int_equal(o[0].first_seq, N);
	for (int i = 1; i < N; i++)
		assert_int_equal(o[i].first_seq, i);
}

static void poison_is_found_by_halving(void **state)
{
	expect_log("parks unit");
	store_fake(store, FAKE_POISON);
	submit_all();
	settle();
	assert_int_equal(o[0].status, E_POISON);
	assert_string_equal(o[0].why, "refused");
	for (int i = 1; i < N; i++)
		assert_int_equal(o[i].status, 0);
	assert_int_equal(count_of("parked"), 1);
	assert_true(store_fake_commits(store) < 15);
}

static void a_slow_database_gathers(void **state)
{
	store_fake(store, FAKE_SLOW);
	struct outcome first;
	submit_item(store, 1000, &first);
	run_for_ms(5);
	assert_false(first.is_done);
	submit_all();
	settle();
	assert_int_equal(store_fake_commits(store), 2);
}

static void closing_gives_back_what_cannot_be_committed(void **state)
{
	expect_log("the server is away");
	store_fake(store, FAKE_AWAY);
	submit_all();
	run_until(is_down, NULL);
	struct store *s = store;
	store = NULL;
	store_close(s, 100, NULL, NULL);
	struct outcome late;
	submit_item(s, 1000, &late);
	settle();
	for (int i = 0; i < N; i++)
		assert_int_equal(o[i].status, E_CANCELLED);
	assert_int_equal(late.status, E_CANCELLED);
	run_for_ms(20);
	open_store();
	assert_int_equal(count_of("event"), 0);
}

static void lose_and_leave(void *arg) { store_fake(arg, FAKE_AWAY); }

// Nobody knows, and nobody will.
static void closing_does_not_guess(void **state)
{
	expect_log("connection lost");
	expect_log("the server is away");
	store_fake(store, FAKE_LOST_BEFORE);
	submit_all();
	loop_defer(loop, lose_and_leave, store); // after the batch has begun
	run_until(is_down, NULL);
	struct store *s = store;
	store = NULL;
	store_close(s, 100, NULL, NULL);
	settle();
	for (int i = 0; i < N; i++)
		assert_int_equal(o[i].status, E_UNKNOWN);
	run_for_ms(20);
	open_store();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest more[] = {
		SUITE_TEST(a_lost_commit_that_never_happened_runs_again),
		SUITE_TEST(a_lost_commit_that_happened_is_found_out),
		SUITE_TEST(units_wait_while_the_database_is_away),
		SUITE_TEST(units_wait_while_the_disk_is_full),
		SUITE_TEST(the_queue_fills_while_the_database_is_away),
		SUITE_TEST(a_locked_unit_is_tried_later_and_others_go_on),
		SUITE_TEST(poison_is_found_by_halving),
		SUITE_TEST(a_slow_database_gathers),
		SUITE_TEST(closing_gives_back_what_cannot_be_committed),
		SUITE_TEST(closing_does_not_guess),
	};
	return suite_run_all(&FAKE, argv[1]) + suite_run(&FAKE, more, ARRAY_LEN(more), argv[1]);
}
