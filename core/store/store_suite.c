// SPDX-License-Identifier: Apache-2.0
// What every driver must do: units, batches, guards, reads.
#include "store_suite_test.h"
#include <stdio.h>
#include <string.h>

#define MANY 500

static void a_lone_unit_commits(void **state)
{
	struct outcome o;
	submit_item(store, 1, &o);
	settle();
	assert_int_equal(o.status, 0);
	assert_int_equal(o.first_seq, 1);
	assert_int_equal(count_of("item"), 1);
	assert_true(store_is_up(store));
	assert_string_equal(store_trouble(store), "");
}

static void units_of_one_turn_share_a_batch_in_order(void **state)
{
	static struct outcome o[MANY];
	for (int i = 0; i < MANY; i++)
		submit_item(store, i + 1, &o[i]);
	settle();
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(o[i].status, 0);
		assert_int_equal(o[i].first_seq, i + 1);
		assert_int_equal(o[i].place, i);
	}
	struct store_stats st;
	store_stats(store, &st);
	assert_int_equal(st.batches, (MANY + 199) / 200);
	assert_int_equal(st.batch_units_max, 200);
	assert_int_equal(st.units, MANY);
	assert_int_equal(st.waiting, 0);
}

static void rows_of_the_log_are_dense_in_their_unit(void **state)
{
	struct outcome o[3];
	for (int i = 0; i < 3; i++) {
		struct unit *u = unit_of(store);
		for (int k = 0; k <= i; k++)
			add_log(u, k ? "more" : "first", i);
		submit(store, u, &o[i]);
	}
	settle();
	assert_int_equal(o[0].first_seq, 1);
	assert_int_equal(o[1].first_seq, 2);
	assert_int_equal(o[2].first_seq, 4);
	assert_string_equal(raw_get("SELECT kind FROM event WHERE seq = 4"), "first");
	assert_string_equal(raw_get("SELECT seq FROM feed_head"), "6");
}

static void a_unit_without_log_or_rows_commits(void **state)
{
	struct outcome o[2];
	struct unit *u = unit_of(store);
	add_item(u, 1, "x");
	submit(store, u, &o[0]);
	submit(store, unit_of(store), &o[1]);
	settle();
	assert_int_equal(o[0].status, 0);
	assert_int_equal(o[1].status, 0);
	assert_string_equal(raw_get("SELECT seq FROM feed_head"), "0");
}

// Values.

static void on_items(int status, const struct db_rows *r, const struct err *why, void *arg)
{
	assert_int_equal(status, 0);
	assert_int_equal(r->n_rows, 2);
	assert_int_equal(r->n_cols, 5);
	assert_int_equal(db_int(r, 0, 0), -7);
	assert_true(str_is(db_str(r, 0, 2), "it's \xd0\xb4\xd1\x8f\xd0\xba\xd1\x83\xd1\x8e"));
	assert_true(str_eq(db_str(r, 0, 3), (struct str){"\0\xff\n", 3}));
	assert_true(db_at(r, 0, 4)->r == -1.25);
	assert_int_equal(db_int(r, 1, 0), INT64_MAX);
	assert_int_equal(db_str(r, 1, 2).n, 0);
	assert_non_null(db_str(r, 1, 2).p);
	assert_true(db_is_null(r, 1, 3));
	assert_true(db_is_null(r, 1, 4));
	n_pending--;
	loop_stop(loop);
}

static void on_bodies(int status, const struct db_rows *r, const struct err *why, void *arg)
{
	assert_int_equal(status, 0);
	assert_int_equal(r->n_rows, *(size_t *)arg);
	n_pending--;
	loop_stop(loop);
}

static void values_come_back_as_they_went(void **state)
{
	struct outcome o;
	struct unit *u = unit_of(store);
	unit_add(u, T_ITEM,
		 (const struct db_value[]){DB_INT(-7), DB_TEXT(str_of("it's \xd0\xb4\xd1\x8f\xd0\xba\xd1\x83\xd1\x8e")),
					   DB_BYTES(((struct str){"\0\xff\n", 3})), DB_REAL(-1.25)});
	unit_add(u, T_ITEM, (const struct db_value[]){DB_INT(INT64_MAX), DB_TEXT(STR("")), DB_NULL, DB_NULL});
	submit(store, u, &o);
	settle();
	assert_int_equal(o.status, 0);
	const int64_t ids[] = {-7, 12, INT64_MAX};
	n_pending++;
	store_read(store, T_ITEMS, (const struct db_value[]){DB_INTS(ids, 3)}, on_items, NULL);
	const struct str bodies[] = {STR(""), STR("quote\" and \\ comma,"), STR_NONE};
	size_t one = 1, none = 0;
	n_pending += 2;
	store_read(store, T_BODIES, (const struct db_value[]){DB_TEXTS(bodies, 2)}, on_bodies, &one);
	store_read(store, T_BODIES, (const struct db_value[]){DB_TEXTS(bodies, 0)}, on_bodies, &none);
	settle();
}

static void on_many(int status, const struct db_rows *r, const struct err *why, void *arg)
{
	assert_int_equal(status, *(int *)arg);
	if (!status) assert_int_equal(db_int(r, r->n_rows - 1, 0), r->n_rows);
	if (status) assert_non_null(strstr(why->text, "many"));
	n_pending--;
	loop_stop(loop);
}

static void a_read_gives_at_most_100000_rows(void **state)
{
	int fine = 0, too_large = E_TOO_LARGE;
	n_pending += 2;
	store_read(store, T_MANY, (const struct db_value[]){DB_INT(100000)}, on_many, &fine);
	store_read(store, T_MANY, (const struct db_value[]){DB_INT(100001)}, on_many, &too_large);
	settle();
}

// Guards.

static void a_guard_that_fails_stops_its_unit_only(void **state)
{
	struct outcome o[4];
	submit_item(store, 1, &o[0]);
	settle();
	submit_item(store, 2, &o[1]);
	struct unit *u = unit_of(store);
	add_item(u, 3, "never");
	add_seen(u, "k");
	add_bump(u, 1, 7); // it is 0
	add_log(u, "never", 3);
	submit(store, u, &o[2]);
	submit_item(store, 4, &o[3]);
	settle();
	assert_int_equal(o[1].status, 0);
	assert_int_equal(o[2].status, E_CONFLICT);
	assert_int_equal(o[2].n_failed, 1);
	assert_int_equal(o[2].failed[0], 2);
	assert_int_equal(o[3].status, 0);
	assert_int_equal(o[3].first_seq, o[1].first_seq + 1);
	assert_int_equal(count_of("item"), 3);
	assert_int_equal(count_of("seen"), 0);
}

static void of_two_units_for_one_target_the_first_applies(void **state)
{
	struct outcome o[3];
	submit_item(store, 1, &o[0]);
	settle();
	for (int i = 1; i < 3; i++) {
		struct unit *u = unit_of(store);
		add_bump(u, 1, 0);
		add_log(u, "bumped", 1);
		submit(store, u, &o[i]);
	}
	settle();
	assert_int_equal(o[1].status, 0);
	assert_int_equal(o[2].status, E_CONFLICT);
	assert_string_equal(raw_get("SELECT version FROM item"), "1");
}

// B lost its key to A; A is not committed, so that B must not be told that it came twice.
static void who_lost_to_a_unit_that_failed_is_tried_again(void **state)
{
	struct outcome a, b, c;
	struct unit *u = unit_of(store);
	add_seen(u, "k");
	add_bump(u, 99, 0); // there is no such item
	submit(store, u, &a);
	u = unit_of(store);
	add_seen(u, "k");
	add_item(u, 1, "b");
	submit(store, u, &b);
	u = unit_of(store);
	add_seen(u, "k");
	add_item(u, 2, "c");
	submit(store, u, &c);
	settle();
	assert_int_equal(a.status, E_CONFLICT);
	assert_int_equal(a.n_failed, 1);
	assert_int_equal(a.failed[0], 1);
	assert_int_equal(b.status, 0);
	assert_int_equal(c.status, E_CONFLICT);
	assert_int_equal(c.failed[0], 0);
	assert_int_equal(count_of("item"), 1);
}

static void a_storm_of_duplicates_takes_few_runs(void **state)
{
	static struct outcome o[150];
	struct store_stats st;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 150; i++) {
			struct unit *u = unit_of(store);
			add_seen(u, i % 2 ? "odd" : "even");
			add_log(u, "seen", i);
			submit(store, u, &o[i]);
		}
		settle();
		for (int i = 0; i < 150; i++)
			assert_int_equal(o[i].status, round == 0 && i < 2 ? 0 : E_CONFLICT);
	}
	store_stats(store, &st);
	assert_int_equal(st.batches, 2);
	assert_int_equal(st.conflicts, 298);
}

// What is refused.

static void poison_is_parked_and_others_go_on(void **state)
{
	expect_log("parks unit test unit");
	static struct outcome o[60];
	for (int i = 0; i < 60; i++) {
		if (i == 3 || i == 41) {
			struct unit *u = unit_of(store);
			add_item(u, 1000 + i, "fine");
			add_item(u, i, "poison");
			add_log(u, "never", i);
			submit(store, u, &o[i]);
		} else {
			submit_item(store, i, &o[i]);
		}
	}
	settle();
	int64_t seqs = 0;
	for (int i = 0; i < 60; i++) {
		bool is_poison = i == 3 || i == 41;
		assert_int_equal(o[i].status, is_poison ? E_POISON : 0);
		if (is_poison)
			assert_true(o[i].why[0]);
		else
			seqs += o[i].first_seq;
	}
	assert_int_equal(seqs, 58 * 59 / 2);
	assert_int_equal(count_of("item"), 58);
	assert_int_equal(count_of("parked"), 2);
	assert_string_equal(raw_get("SELECT name FROM parked"), "test unit");
	const char *rows = raw_get("SELECT rows FROM parked WHERE rows LIKE '%[3,%'");
	assert_non_null(strstr(rows, "{\"stmt\":\"item\",\"row\":[3,\"poison\",null,0.5]}"));
	assert_non_null(strstr(rows, "{\"stmt\":\"log\",\"row\":[\"never\",3]}"));
}

static void a_unit_parks_what_it_cannot_keep(void **state)
{
	struct outcome o;
	struct buf big = {0};
	memset(buf_reserve(&big, 5 << 20), 'x', 5 << 20);
	big.n = 5 << 20;
	struct unit *u = unit_of(store);
	add_item(u, 1, "good");
	assert_int_equal(unit_park(u, "a document", STR("bad \xff byte"), STR("{\"a\":1}")), 0);
	assert_int_equal(unit_park(u, "a long one", STR("why"), buf_str(&big)), 0);
	submit(store, u, &o);
	settle();
	buf_fini(&big);
	assert_int_equal(o.status, 0);
	assert_int_equal(count_of("item"), 1);
	assert_string_equal(raw_get("SELECT rows FROM parked WHERE name = 'a document'"), "{\"a\":1}");
	assert_string_equal(raw_get("SELECT reason FROM parked WHERE name = 'a document'"), "bad ? byte");
	assert_string_equal(raw_get("SELECT length(rows) FROM parked WHERE name = 'a long one'"), "65538");
}

static void two_units_that_clash_are_not_both_poison(void **state)
{
	expect_log("parks unit test unit");
	struct outcome o[2];
	submit_item(store, 1, &o[0]);
	submit_item(store, 1, &o[1]); // the same primary key, not guarded
	settle();
	assert_int_equal(o[0].status, 0);
	assert_int_equal(o[1].status, E_POISON);
}

// The queue.

static void more_than_max_waiting_is_busy(void **state)
{
	close_store();
	options.max_waiting = 10;
	open_store();
	static struct outcome o[25];
	for (int i = 0; i < 25; i++) {
		assert_int_equal(store_is_full(store), i >= 10);
		submit_item(store, i, &o[i]);
	}
	settle();
	for (int i = 0; i < 25; i++)
		assert_int_equal(o[i].status, i < 10 ? 0 : E_BUSY);
	assert_false(store_is_full(store));
	submit_item(store, 100, &o[0]);
	settle();
	assert_int_equal(o[0].status, 0);
}

static void closing_commits_what_waits(void **state)
{
	static struct outcome o[MANY];
	for (int i = 0; i < MANY; i++)
		submit_item(store, i, &o[i]);
	close_store();
	assert_int_equal(n_pending, 0);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(o[i].status, 0);
	open_store();
	assert_int_equal(count_of("event"), MANY);
}

static void submit_from_a_callback(const struct unit_result *r, void *arg)
{
	submit_item(store, 2, arg);
	n_pending--;
	loop_stop(loop);
}

static void a_callback_may_submit(void **state)
{
	struct outcome o;
	struct unit *u = unit_of(store);
	add_item(u, 1, "x");
	n_pending++;
	store_submit(store, u, submit_from_a_callback, &o);
	settle();
	assert_int_equal(o.status, 0);
	assert_int_equal(count_of("item"), 2);
}

// The log.

static void a_consumer_never_misses_nor_repeats(void **state)
{
	static struct outcome o[200];
	struct tail t;
	tail_start(&t, store);
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 200; i++)
			submit_item(store, round * 1000 + i, &o[i]);
		settle();
	}
	tail_stop(&t);
	assert_int_equal(t.cursor, 2000);
}

const struct CMUnitTest SUITE[] = {
	SUITE_TEST(a_lone_unit_commits),
	SUITE_TEST(units_of_one_turn_share_a_batch_in_order),
	SUITE_TEST(rows_of_the_log_are_dense_in_their_unit),
	SUITE_TEST(a_unit_without_log_or_rows_commits),
	SUITE_TEST(values_come_back_as_they_went),
	SUITE_TEST(a_read_gives_at_most_100000_rows),
	SUITE_TEST(a_guard_that_fails_stops_its_unit_only),
	SUITE_TEST(of_two_units_for_one_target_the_first_applies),
	SUITE_TEST(who_lost_to_a_unit_that_failed_is_tried_again),
	SUITE_TEST(a_storm_of_duplicates_takes_few_runs),
	SUITE_TEST(poison_is_parked_and_others_go_on),
	SUITE_TEST(a_unit_parks_what_it_cannot_keep),
	SUITE_TEST(two_units_that_clash_are_not_both_poison),
	SUITE_TEST(more_than_max_waiting_is_busy),
	SUITE_TEST(closing_commits_what_waits),
	SUITE_TEST(a_callback_may_submit),
	SUITE_TEST(a_consumer_never_misses_nor_repeats),
};
const size_t N_SUITE = ARRAY_LEN(SUITE);
