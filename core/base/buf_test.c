// SPDX-License-Identifier: Apache-2.0
// Tests of the growing buffer.
#include "base/mem.h"
#include "testing.h"
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static void empty_is_all_zero(void **state)
{
	struct buf b = {0};
	assert_string_equal(buf_str(&b).p, "");
	assert_int_equal(buf_str(&b).n, 0);
	buf_shift(&b, 0);
	buf_reset(&b);
	char *taken = buf_take(&b);
	assert_string_equal(taken, "");
	mem_free(taken);
	buf_fini(&b);
}

static void adds_and_grows(void **state)
{
	struct buf b = {0};
	buf_add(&b, STR("ab"));
	buf_add(&b, STR_NONE);
	buf_add_bytes(&b, "c\0d", 3);
	buf_add_char(&b, 'e');
	assert_int_equal(b.n, 6);
	assert_memory_equal(b.p, "abc\0de", 7);
	for (int i = 0; i < 1000; i++)
		buf_add(&b, STR("0123456789"));
	assert_int_equal(b.n, 10006);
	assert_int_equal(b.p[b.n], 0);
	buf_fini(&b);
	assert_null(b.p);
}

static void numbers_of_all_lengths(void **state)
{
	struct buf b = {0};
	uint64_t v = 1;
	for (int i = 0; i < 20; i++, v *= 10) {
		char text[32];
		snprintf(text, sizeof text, "%llu", (unsigned long long)v);
		buf_reset(&b);
		buf_add_u64(&b, v);
		assert_string_equal(b.p, text);
	}
	buf_reset(&b);
	buf_add_u64(&b, UINT64_MAX);
	buf_add_i64(&b, INT64_MIN);
	buf_add_i64(&b, 0);
	buf_add_i64(&b, -7);
	assert_buf(&b, "18446744073709551615-92233720368547758080-7");
	buf_fini(&b);
}

static void printf_fits_exactly_or_grows(void **state)
{
	struct buf b = {0};
	for (int n = 0; n < 200; n++) {
		buf_reset(&b);
		buf_printf(&b, "%*d", n + 1, 5);
		assert_int_equal(b.n, n + 1);
		assert_int_equal(b.p[n], '5');
		assert_int_equal(b.p[n + 1], 0);
	}
	buf_printf(&b, "%s", "");
	assert_int_equal(b.n, 200);
	buf_fini(&b);
}

static void shift_drops_the_head(void **state)
{
	struct buf b = {0};
	buf_add(&b, STR("hello world"));
	buf_shift(&b, 6);
	assert_buf(&b, "world");
	buf_shift(&b, 5);
	assert_buf(&b, "");
	buf_fini(&b);
}

static void reserved_room_gets_its_nul(void **state)
{
	struct buf b = {0};
	buf_add(&b, STR("a"));
	memset(buf_reserve(&b, 500), 'x', 500);
	b.n += 2;
	assert_string_equal(buf_str(&b).p, "axx");
	char *taken = buf_take(&b);
	assert_string_equal(taken, "axx");
	assert_null(b.p);
	mem_free(taken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_is_all_zero),      cmocka_unit_test(adds_and_grows),
		cmocka_unit_test(numbers_of_all_lengths), cmocka_unit_test(printf_fits_exactly_or_grows),
		cmocka_unit_test(shift_drops_the_head),   cmocka_unit_test(reserved_room_gets_its_nul),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
