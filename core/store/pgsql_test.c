// SPDX-License-Identifier: Apache-2.0
// The suite on PostgreSQL, and what other sessions can do to it.
#include "base/clock.h"
#include "base/id.h"
#include "suite_pgsql.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N 100

static struct outcome o[N];

// Locks of others.

static bool have_others_ended(void *arg) { return n_ended == N; }

static void a_row_that_somebody_holds_stops_its_unit_only(void **state)
{
	struct outcome first, locked;
	submit_item(store, 1000, &first);
	settle();
	raw_run("BEGIN; SELECT 1 FROM item WHERE id = 1000 FOR UPDATE");
	n_ended = 0;
	int64_t began = clock_mono_ms();
	for (int i = 0; i < N; i++) {
		if (i == N / 2) {
			struct unit *u = unit_of(store);
			add_body(u, 1000, "mine");
			add_log(u, "locked", 1000);
			submit(store, u, &locked);
		}
		struct unit *u = unit_of(store);
		add_item(u, i, "x");
		add_body(u, i, "y"); // the same statement as the locked unit's
		add_log(u, "free", i);
		submit(store, u, &o[i]);
	}
	run_until(have_others_ended, NULL);
	int64_t took = clock_mono_ms() - began;
	assert_true(took < 2500);
	for (int i = 0; i < N; i++)
		assert_int_equal(o[i].status, 0);
	assert_false(locked.is_done);
	// While it is held, others feel it for a moment only.
	began = clock_mono_ms();
	submit_item(store, 2000, &first);
	run_until(is_done, &first);
	assert_true(clock_mono_ms() - began < 500);
	raw_run("COMMIT");
	settle();
	assert_int_equal(locked.status, 0);
	assert_string_equal(raw_get("SELECT body FROM item WHERE id = 1000"), "mine");
}

// The held commit: a transaction of somebody else stays open for five seconds.

static struct tail tail;
static int n_waves;
static struct loop_timer wave_timer;
static bool is_over;

static void wave(void *arg)
{
	if (n_ended == n_waves) submit_item(store, 10000 + n_waves++, &o[0]);
	loop_timer_set(&wave_timer, 5);
}

static void set_over(void *arg)
{
	is_over = true;
	loop_stop(loop);
}

static bool is_it_over(void *arg) { return is_over; }

// What goes on while a transaction is held.
static void hold_for_5_s(void)
{
	struct loop_timer end;
	n_waves = n_ended = 0;
	is_over = false;
	tail_start(&tail, store);
	loop_timer_init(&wave_timer, loop, "wave", wave, NULL);
	loop_timer_init(&end, loop, "end", set_over, NULL);
	wave(NULL);
	loop_timer_set(&end, 5000);
	run_until(is_it_over, NULL);
}

static bool have_two_ended(void *arg) { return n_ended > 1; }

static void end_waves(void)
{
	run_until(have_two_ended, NULL);
	loop_timer_clear(&wave_timer);
	settle();
	tail_stop(&tail);
	assert_int_equal(tail.cursor, strtoll(raw_get("SELECT max(seq) FROM event"), NULL, 10));
	assert_int_equal(tail.cursor, strtoll(raw_get("SELECT count(*) FROM event"), NULL, 10));
	assert_int_equal(tail.cursor, strtoll(raw_get("SELECT seq FROM feed_head"), NULL, 10));
}

static const char TAKE_RANGE[] =
	"WITH h AS (UPDATE feed_head SET seq = seq + 3 RETURNING seq) INSERT INTO event (seq, kind, item) "
	"SELECT h.seq - 3 + i, 'held', i FROM h, generate_series(1, 3) AS g(i)";

static void a_held_transaction_that_takes_its_range_last_hides_nothing(void **state)
{
	raw_run("BEGIN; INSERT INTO item (id, body) VALUES (1, 'held')");
	hold_for_5_s();
	assert_true(n_ended > 100); // others went on
	raw_run(TAKE_RANGE);
	raw_run("COMMIT");
	end_waves();
	assert_int_equal(tail.cursor, n_ended + 3);
}

static void a_held_range_makes_everybody_wait(void **state)
{
	expect_log("waits: ");
	raw_run("BEGIN; INSERT INTO item (id, body) VALUES (1, 'held')");
	raw_run(TAKE_RANGE);
	hold_for_5_s();
	assert_int_equal(n_ended, 0);
	assert_false(store_is_up(store));
	assert_int_equal(tail.cursor, 0);
	raw_run("COMMIT");
	end_waves();
	assert_true(n_ended > 1);
	assert_int_equal(tail.cursor, n_ended + 3);
	assert_true(store_is_up(store));
}

// Two nodes.

static void two_nodes_share_one_log(void **state)
{
	static struct outcome mine[N], theirs[N];
	struct err e;
	struct store *other;
	options.instance = "beta";
	options.max_nodes = 2;
	assert_int_equal(store_open(&other, &options, &e), 0);
	assert_int_not_equal(id_node(store_id(other)), id_node(store_id(store)));
	struct tail t;
	tail_start(&t, store);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < N; i++) {
			submit_item(store, round * 1000 + i, &mine[i]);
			submit_item(other, 100000 + round * 1000 + i, &theirs[i]);
			// They clash for one row: the one that comes later is told.
			if (i) continue;
			struct outcome *both[] = {&o[0], &o[1]};
			for (int k = 0; k < 2; k++) {
				struct unit *u = unit_of(k ? other : store);
				char key[16];
				snprintf(key, sizeof key, "key %d", round);
				add_seen(u, key);
				submit(k ? other : store, u, both[k]);
			}
		}
		settle();
		assert_true((o[0].status == 0) != (o[1].status == 0));
		assert_int_equal(o[0].status + o[1].status, E_CONFLICT);
		for (int i = 0; i < N; i++)
			assert_int_equal(mine[i].status + theirs[i].status, 0);
	}
	tail_stop(&t);
	assert_int_equal(t.cursor, 40 * N);
	close_store();
	store = other;
	close_store();
}

// Sessions.

static void sessions_are_durable_and_short_of_patience(void **state)
{
	assert_string_equal(raw_get("SHOW synchronous_commit"), "on");
	assert_string_equal(raw_get("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'besedad'"), "2");
}

static void a_type_that_cannot_be_read_is_named(void **state)
{
	close_store();
	struct db_stmt stmts[N_TEST_STMTS];
	memcpy(stmts, TEST_STMTS, sizeof stmts);
	stmts[T_MANY].pgsql = "SELECT sum(i) FROM generate_series(1::bigint, $1) AS g(i)"; // numeric
	struct store_options wrong = options;
	wrong.stmts = stmts;
	struct err e;
	struct store *none;
	assert_int_equal(store_open(&none, &wrong, &e), E_STORE);
	assert_non_null(strstr(e.text, "many: column 1"));
	open_store();
}

static void a_host_is_found_by_its_name(void **state)
{
	struct store_options far = options;
	struct err e;
	struct store *none;
	far.url = "postgres://nobody@localhost:1/none";
	assert_int_equal(store_open(&none, &far, &e), E_STORE);
	assert_true(strstr(e.text, "127.0.0.1") || strstr(e.text, "::1"));
	assert_null(strchr(e.text, '\n'));
	far.url = "postgres://nobody@no-such-host.invalid:1/none";
	assert_int_equal(store_open(&none, &far, &e), E_STORE);
	assert_non_null(strstr(e.text, "no-such-host.invalid"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest more[] = {
		SUITE_TEST(a_row_that_somebody_holds_stops_its_unit_only),
		SUITE_TEST(a_held_transaction_that_takes_its_range_last_hides_nothing),
		SUITE_TEST(a_held_range_makes_everybody_wait),
		SUITE_TEST(two_nodes_share_one_log),
		SUITE_TEST(sessions_are_durable_and_short_of_patience),
		SUITE_TEST(a_type_that_cannot_be_read_is_named),
		SUITE_TEST(a_host_is_found_by_its_name),
	};
	if (!test_pg_open(&pg)) {
		printf("no PostgreSQL here: skipped\n");
		return 0;
	}
	int failed = suite_run_all(&PGSQL, argv[1]) + suite_run(&PGSQL, more, ARRAY_LEN(more), argv[1]);
	test_pg_close(&pg);
	return failed;
}
