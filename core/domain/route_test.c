// SPDX-License-Identifier: Apache-2.0
// Who gets the next conversation: cases by hand, and random desks.
#include "domain/route.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static void nobody_online_means_it_waits(void **state)
{
	const struct route_agent away[] = {{.user = 1}, {.user = 2}};
	assert_int_equal(route_pick(NULL, 0), 0);
	assert_int_equal(route_pick(away, 2), 0);
}

static void the_least_busy_gets_it(void **state)
{
	const struct route_agent agents[] = {
		{.user = 1, .is_online = true, .n_open = 3, .last_given_ms = 10},
		{.user = 2, .is_online = true, .n_open = 2, .last_given_ms = 90},
		{.user = 3, .is_online = false, .n_open = 0, .last_given_ms = 0},
	};
	assert_int_equal(route_pick(agents, 3), 2);
}

static void of_equals_the_one_who_waited_longest(void **state)
{
	const struct route_agent agents[] = {
		{.user = 1, .is_online = true, .n_open = 2, .last_given_ms = 50},
		{.user = 2, .is_online = true, .n_open = 2, .last_given_ms = 40},
		{.user = 3, .is_online = true, .n_open = 2, .last_given_ms = 60},
	};
	assert_int_equal(route_pick(agents, 3), 2);
}

static void who_never_got_one_waited_longest(void **state)
{
	const struct route_agent agents[] = {
		{.user = 1, .is_online = true, .last_given_ms = 50},
		{.user = 2, .is_online = true, .last_given_ms = 0},
	};
	assert_int_equal(route_pick(agents, 2), 2);
}

static void then_the_lower_id(void **state)
{
	const struct route_agent agents[] = {
		{.user = 9, .is_online = true},
		{.user = 4, .is_online = true},
		{.user = 7, .is_online = true},
	};
	assert_int_equal(route_pick(agents, 3), 4);
}

static uint64_t seed = 88172645463325252ULL;
static uint64_t random_below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

static bool is_better(const struct route_agent *a, const struct route_agent *b)
{
	return a->n_open < b->n_open || (a->n_open == b->n_open && a->last_given_ms < b->last_given_ms);
}

static void random_desk(struct route_agent *agents, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		agents[i] = (struct route_agent){
			.user = i + 1,
			.is_online = random_below(3),
			.n_open = (uint32_t)random_below(3),
			.last_given_ms = (int64_t)random_below(3),
		};
	}
}

static void nobody_is_passed_over(void **state)
{
	for (int round = 0; round < 5000; round++) {
		struct route_agent agents[8];
		size_t n = random_below(9);
		random_desk(agents, n);
		uint64_t picked = route_pick(agents, n);
		for (size_t i = 0; i < n; i++) {
			if (!agents[i].is_online) continue;
			assert_true(picked > 0);
			assert_true(agents[picked - 1].is_online);
			assert_false(is_better(&agents[i], &agents[picked - 1]));
		}
	}
}

// Given again and again, the work spreads evenly.
static void work_spreads(void **state)
{
	struct route_agent agents[5];
	for (uint64_t i = 0; i < 5; i++)
		agents[i] = (struct route_agent){.user = i + 1, .is_online = true};
	for (int64_t now = 1; now <= 50; now++) {
		uint64_t user = route_pick(agents, 5);
		agents[user - 1].n_open++;
		agents[user - 1].last_given_ms = now;
	}
	for (int i = 0; i < 5; i++)
		assert_int_equal(agents[i].n_open, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_online_means_it_waits),
		cmocka_unit_test(the_least_busy_gets_it),
		cmocka_unit_test(of_equals_the_one_who_waited_longest),
		cmocka_unit_test(who_never_got_one_waited_longest),
		cmocka_unit_test(then_the_lower_id),
		cmocka_unit_test(nobody_is_passed_over),
		cmocka_unit_test(work_spreads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
