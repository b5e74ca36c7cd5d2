// SPDX-License-Identifier: Apache-2.0
// What every driver must do: who may write, ids and numbers, migrations.
#include "base/clock.h"
#include "base/id.h"
#include "store_suite_test.h"
#include <stdlib.h>
#include <string.h>

// Who may write.

static void count_up(void *arg) { ++*(int *)arg; }

static void the_same_instance_takes_over_at_once(void **state)
{
	expect_log("another server has taken over");
	struct outcome o[4];
	struct store *old = store, *new;
	int n_fenced = 0;
	struct err e;
	submit_item(old, 1, &o[0]);
	settle();
	uint64_t before = store_id(old);
	store_on_fenced(old, count_up, &n_fenced);
	assert_int_equal(store_open(&new, &options, &e), 0);
	assert_true(store_id(new) > before);
	submit_item(new, 2, &o[1]);
	settle();
	submit_item(old, 3, &o[2]);
	settle();
	submit_item(old, 4, &o[3]);
	settle();
	assert_int_equal(o[1].status, 0);
	assert_int_equal(o[2].status, E_FENCED);
	assert_int_equal(o[3].status, E_FENCED);
	assert_int_equal(n_fenced, 1);
	assert_false(store_is_up(old));
	assert_int_equal(count_of("item"), 2); // reading goes on
	close_store();
	store = new;
	submit_item(store, 5, &o[0]);
	settle();
	assert_int_equal(o[0].status, 0);
}

static void another_instance_waits_for_the_lease(void **state)
{
	struct store *other;
	struct err e;
	options.instance = "beta";
	assert_int_equal(store_open(&other, &options, &e), E_FENCED);
	assert_non_null(strstr(e.text, "alpha"));
	close_store(); // gives it back
	open_store();
	struct outcome o;
	submit_item(store, 1, &o);
	settle();
	assert_int_equal(o.status, 0);
	assert_string_equal(raw_get("SELECT count(*) FROM node"), "2");
	raw_run("UPDATE node SET lease_until = 0"); // as if it were dead
	options.instance = "alpha";
	struct store *mine = store;
	open_store();
	struct store *second = store;
	store = mine;
	close_store();
	store = second;
}

// Ids and numbers.

static void open_in_the_past(void)
{
	close_store();
	clock_fake(ID_EPOCH_MS + 86400000, 1000);
	options.url = suite->fresh();
	open_store();
}

static void ids_grow_over_restarts_and_a_clock_set_back(void **state)
{
	expect_log("the clock stands");
	int64_t now = ID_EPOCH_MS + 86400000;
	open_in_the_past();
	uint64_t first = store_id(store), last = first;
	for (int i = 0; i < 10000; i++) {
		uint64_t id = store_id(store);
		assert_true(id > last);
		last = id;
	}
	close_store();
	clock_fake(now - 3600000, 2000);
	open_store();
	uint64_t next = store_id(store);
	assert_true(next > last);
	assert_true(id_time_ms(next) >= now);
	last = next;
	raw_run("UPDATE node SET lease_until = 0");
}

static void ids_lag_behind_a_clock_that_jumps(void **state)
{
	open_in_the_past();
	uint64_t before = store_id(store);
	clock_advance(72 * 3600000);
	uint64_t id = store_id(store); // not reserved that far
	assert_true(id > before);
	loop_clock_moved(loop);
	struct outcome o;
	submit_item(store, 1, &o);
	settle();
	assert_true(id_time_ms(store_id(store)) >= clock_now_ms());
}

static void the_mark_stays_ahead(void **state)
{
	open_in_the_past();
	struct outcome o;
	for (int i = 0; i < 10; i++) {
		clock_advance(6000);
		loop_clock_moved(loop);
		submit(store, unit_of(store), &o);
		settle();
		assert_true(strtoll(raw_get("SELECT id_mark FROM node"), NULL, 10) == clock_now_ms() + 10000);
	}
}

static bool has_number(void *arg)
{
	*(int64_t *)arg = store_number(store, "order");
	return *(int64_t *)arg != 0;
}

static void numbers_come_in_blocks(void **state)
{
	// Its row exists: there is a block from the first moment.
	int64_t first = store_number(store, "conversation"), last = first;
	assert_int_equal(first, 1001);
	for (int i = 0; i < 400; i++) {
		int64_t n = store_number(store, "conversation");
		if (!n) {
			run_for_ms(1);
			continue;
		}
		assert_int_equal(n, last + 1);
		last = n;
	}
	assert_true(last > 1200);
	int64_t order;
	assert_int_equal(store_number(store, "order"), 0);
	run_until(has_number, &order);
	assert_int_equal(order, 1);
	close_store();
	open_store();
	assert_true(store_number(store, "conversation") > last);
	assert_true(store_number(store, "order") > 1);
}

// Migrations.

static const struct store_migration BROKEN = {
	3,
	"broken",
	"CREATE TABLE half (id bigint);\nINSERT INTO nowhere VALUES (1);\n",
	"CREATE TABLE half (id bigint);\nINSERT INTO nowhere VALUES (1);\n",
};
static const struct store_migration MENDED = {
	3,
	"mended",
	"ALTER TABLE item ADD COLUMN note text;\nCREATE TABLE half (id bigint);\n",
	"ALTER TABLE item ADD COLUMN note text;\nCREATE TABLE half (id bigint);\n",
};

static void migrations_go_forward_only(void **state)
{
	struct outcome o;
	struct err e;
	struct store *none;
	submit_item(store, 1, &o);
	settle();
	close_store();
	struct store_migration three[] = {test_migrations[0], test_migrations[1], BROKEN};
	options.migrations = three;
	options.n_migrations = 3;
	assert_int_equal(store_open(&none, &options, &e), E_STORE);
	assert_null(none);
	assert_non_null(strstr(e.text, "migration 3 (broken)"));
	assert_string_equal(raw_get("SELECT max(version) FROM migration"), "2");
	three[2] = MENDED; // half is not there: it was rolled back whole
	open_store();
	assert_string_equal(raw_get("SELECT max(version) FROM migration"), "3");
	assert_int_equal(count_of("item"), 1);
	close_store();
	options.n_migrations = 2;
	assert_int_equal(store_open(&none, &options, &e), E_UNSUPPORTED);
	assert_non_null(strstr(e.text, "newer"));
	options.n_migrations = 3;
	three[2].name = "other";
	assert_int_equal(store_open(&none, &options, &e), E_UNSUPPORTED);
	three[2] = MENDED;
	open_store();
}

static void a_wrong_statement_is_named(void **state)
{
	close_store();
	struct db_stmt stmts[N_TEST_STMTS];
	memcpy(stmts, TEST_STMTS, sizeof stmts);
	stmts[T_BODIES].sqlite = stmts[T_BODIES].pgsql = "SELECT nothing FROM item";
	struct store_options o = options;
	o.stmts = stmts;
	struct err e;
	struct store *none;
	assert_int_not_equal(store_open(&none, &o, &e), 0);
	assert_non_null(strstr(e.text, "bodies"));
	stmts[T_BODIES] = TEST_STMTS[T_BODIES];
	stmts[T_ITEMS].result = "ii";
	assert_int_not_equal(store_open(&none, &o, &e), 0);
	assert_non_null(strstr(e.text, "items"));
	open_store();
}

const struct CMUnitTest SUITE_NODE[] = {
	SUITE_TEST(the_same_instance_takes_over_at_once),
	SUITE_TEST(another_instance_waits_for_the_lease),
	SUITE_TEST(ids_grow_over_restarts_and_a_clock_set_back),
	SUITE_TEST(ids_lag_behind_a_clock_that_jumps),
	SUITE_TEST(the_mark_stays_ahead),
	SUITE_TEST(numbers_come_in_blocks),
	SUITE_TEST(migrations_go_forward_only),
	SUITE_TEST(a_wrong_statement_is_named),
};
const size_t N_SUITE_NODE = ARRAY_LEN(SUITE_NODE);
