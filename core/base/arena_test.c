// SPDX-License-Identifier: Apache-2.0
// Tests of the arena.
#include "base/arena.h"
#include "arena_inside.h"
#include "testing.h"
#include <cmocka.h>
#include <string.h>

static void memory_is_zeroed_and_aligned(void **state)
{
	struct arena *a = arena_new(64);
	for (size_t n = 0; n < 3000; n += 7) {
		unsigned char *p = arena_alloc(a, n);
		assert_int_equal((uintptr_t)p % 16, 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, n);
	}
	arena_free(&a);
	assert_null(a);
	arena_free(&a);
}

static void memory_is_zeroed_again_after_a_reset(void **state)
{
	struct arena *a = arena_new(256);
	memset(arena_alloc(a, 200), 0xff, 200);
	arena_alloc(a, 100000);
	assert_int_equal(arena_used(a), 100200);
	arena_reset(a);
	assert_int_equal(arena_used(a), 0);
	unsigned char *p = arena_alloc(a, 200);
	for (int i = 0; i < 200; i++)
		assert_int_equal(p[i], 0);
	assert_int_equal(arena_used(a), 200);
	arena_free(&a);
}

static void blocks_do_not_overlap(void **state)
{
	struct arena *a = arena_new(0);
	enum { N = 500 };
	uint32_t *p[N];
	for (uint32_t i = 0; i < N; i++) {
		size_t n = i % 50 == 7 ? 20000 : 1 + i % 90;
		p[i] = arena_array(a, uint32_t, n);
		for (size_t j = 0; j < n; j++)
			p[i][j] = i;
	}
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(p[i][0], i);
	arena_free(&a);
}

static void pools_hand_out_what_came_back(void **state)
{
	struct arena_pool pool = {.first_block = 64};
	struct arena *a = arena_pool_take(&pool), *b = arena_pool_take(&pool), *first = a;
	memset(arena_alloc(a, 1000), 0xff, 1000);
	arena_pool_give(&pool, &a);
	assert_null(a);
	arena_pool_give(&pool, &a);
	assert_int_equal(pool.n, 1);
	a = arena_pool_take(&pool);
	assert_ptr_equal(a, first);
	assert_int_equal(arena_used(a), 0);
	assert_int_equal(*(char *)arena_alloc(a, 1), 0);
	arena_pool_give(&pool, &a);
	arena_pool_give(&pool, &b);
	assert_int_equal(pool.n, 2);
	struct arena *many[ARENA_POOL_MAX + 10];
	for (size_t i = 0; i < ARENA_POOL_MAX + 10; i++)
		many[i] = arena_pool_take(&pool);
	for (size_t i = 0; i < ARENA_POOL_MAX + 10; i++)
		arena_pool_give(&pool, &many[i]);
	assert_int_equal(pool.n, ARENA_POOL_MAX);
	arena_pool_fini(&pool);
	assert_int_equal(pool.n, 0);
}

static void copies_end_with_nul(void **state)
{
	struct arena *a = arena_new(32);
	struct str s = arena_str(a, (struct str){"hello world", 5});
	assert_int_equal(s.n, 5);
	assert_string_equal(s.p, "hello");
	assert_string_equal(arena_cstr(a, STR_NONE), "");
	assert_int_equal(arena_str(a, (struct str){"a\0b", 3}).n, 3);
	arena_free(&a);
}

static void printf_takes_short_and_long(void **state)
{
	struct arena *a = arena_new(64);
	assert_str(arena_printf(a, "%s-%d", "x", 7), "x-7");
	char blanks[1001];
	memset(blanks, ' ', 1000);
	blanks[1000] = 0;
	struct str s = arena_printf(a, "%s!", blanks);
	assert_int_equal(s.n, 1001);
	assert_string_equal(s.p + 999, " !");
	assert_str(arena_printf(a, "%s", ""), "");
	arena_free(&a);
}

static void what_is_given_back_is_taken_again(void **state)
{
	struct arena *a = arena_new(256);
	char *p = arena_take_bytes(a, 100);
	arena_give_back(a, p, 100, 10);
	assert_int_equal(arena_used(a), 10);
	assert_ptr_equal(arena_take_bytes(a, 1), p + 10);
	char *large = arena_take_bytes(a, 10000); // a block of its own
	arena_give_back(a, large, 10000, 1);
	assert_ptr_equal(arena_take_bytes(a, 1), p + 11);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_and_aligned),
		cmocka_unit_test(memory_is_zeroed_again_after_a_reset),
		cmocka_unit_test(blocks_do_not_overlap),
		cmocka_unit_test(copies_end_with_nul),
		cmocka_unit_test(pools_hand_out_what_came_back),
		cmocka_unit_test(printf_takes_short_and_long),
		cmocka_unit_test(what_is_given_back_is_taken_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
