// SPDX-License-Identifier: Apache-2.0
// The wheel against the simplest thing that could work: a list that is searched.
#include "wheel.h"
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#define TIMERS 300

static uint64_t seed = 88172645463325252ULL;
static uint64_t random_below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

static int64_t earliest(struct loop_timer *t)
{
	int64_t at = WHEEL_NEVER;
	for (int i = 0; i < TIMERS; i++)
		if (list_is_linked(&t[i].at) && t[i].due_ms < at) at = t[i].due_ms;
	return at;
}

// Every timer that is ready is due, in order, and none that is due is missing.
static void take_ready(struct wheel *w, struct loop_timer *t)
{
	int64_t before = INT64_MIN;
	for (struct list *at; (at = list_pop(&w->ready));) {
		struct loop_timer *one = list_entry(at, struct loop_timer, at);
		assert_true(one->due_ms <= w->now);
		assert_true(one->due_ms >= before);
		before = one->due_ms;
	}
	assert_true(earliest(t) > w->now);
}

static void fires_as_a_searched_list_would(void **state)
{
	static struct wheel w;
	static struct loop_timer t[TIMERS];
	wheel_init(&w, 1000);
	for (int i = 0; i < TIMERS; i++)
		list_init(&t[i].at);
	for (int step = 0; step < 20000; step++) {
		struct loop_timer *one = &t[random_below(TIMERS)];
		wheel_remove(&w, one);
		if (random_below(4)) {
			one->due_ms = w.now + 1 + (int64_t)random_below(1ULL << random_below(36));
			assert_true(wheel_put(&w, one) <= one->due_ms);
		}
		assert_true(wheel_next(&w) <= earliest(t));
		if (random_below(3)) continue;
		wheel_advance(&w, random_below(2) ? wheel_next(&w) < WHEEL_NEVER ? wheel_next(&w) : w.now + 1
						  : w.now + (int64_t)random_below(1ULL << random_below(30)));
		take_ready(&w, t);
	}
}

static void an_empty_wheel_has_nothing_to_look_at(void **state)
{
	static struct wheel w;
	static struct loop_timer t;
	wheel_init(&w, 5);
	assert_true(wheel_next(&w) == WHEEL_NEVER);
	list_init(&t.at);
	t.due_ms = 100000;
	wheel_put(&w, &t);
	wheel_remove(&w, &t);
	assert_true(wheel_next(&w) == WHEEL_NEVER);
}

static void a_later_due_time_needs_no_move(void **state)
{
	static struct wheel w;
	static struct loop_timer t;
	wheel_init(&w, 0);
	list_init(&t.at);
	t.due_ms = 10;
	wheel_put(&w, &t);
	t.due_ms = 5000;
	wheel_advance(&w, 4999);
	assert_true(list_is_empty(&w.ready));
	wheel_advance(&w, 5000);
	assert_false(list_is_empty(&w.ready));
}

static void a_clock_gone_back_is_followed(void **state)
{
	static struct wheel w;
	static struct loop_timer t;
	wheel_init(&w, 1000000);
	list_init(&t.at);
	t.due_ms = 1000050;
	wheel_put(&w, &t);
	wheel_advance(&w, 10);
	assert_true(wheel_next(&w) > 10);
	wheel_advance(&w, 1000049);
	assert_true(list_is_empty(&w.ready));
	wheel_advance(&w, 1000050);
	assert_false(list_is_empty(&w.ready));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fires_as_a_searched_list_would),
		cmocka_unit_test(an_empty_wheel_has_nothing_to_look_at),
		cmocka_unit_test(a_later_due_time_needs_no_move),
		cmocka_unit_test(a_clock_gone_back_is_followed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
