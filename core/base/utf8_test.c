// SPDX-License-Identifier: Apache-2.0
// Tests of UTF-8.
#include "base/mem.h"
#include "testing.h"
#include <cmocka.h>

static void valid_text(void **state)
{
	assert_true(utf8_valid(STR("")));
	assert_true(utf8_valid(STR_NONE));
	assert_true(utf8_valid(STR("plain text, longer than one word")));
	assert_true(utf8_valid(STR("\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf")));
	assert_true(utf8_valid(STR("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")));
	assert_true(utf8_valid(STR("a\0b")));
	assert_true(utf8_valid_text(STR("ab")));
	assert_false(utf8_valid_text(STR("a\0b")));
	assert_false(utf8_valid_text(STR("\xff")));
}

static void invalid_text(void **state)
{
	static const char *const bad[] = {
		"\x80",
		"\xbf",
		"\xc0\xaf",
		"\xc1\xbf",
		"\xc2",
		"\xc2 ",
		"\xe0\x80\x80",
		"\xe0\x9f\xbf",
		"\xe2\x82",
		"\xe2\x82 ",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xf0\x80\x80\x80",
		"\xf0\x8f\xbf\xbf",
		"\xf0\x9f\x91",
		"\xf0\x9f\x91 ",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xfe",
		"\xff",
		"12345678\xff",
		"1234567\xc3",
		"\xf8\x88\x80\x80\x80",
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(utf8_valid(str_of(bad[i])));
}

static void counts_code_points(void **state)
{
	assert_int_equal(utf8_length(STR("")), 0);
	assert_int_equal(utf8_length(STR("a\xd0\xb6\xe2\x82\xac\xf0\x9f\x91\x8b")), 4);
}

static void cuts_between_code_points(void **state)
{
	struct str s = STR("a\xd0\xb6\xe2\x82\xac\xf0\x9f\x91\x8b");
	static const size_t cut[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
	for (size_t n = 0; n < ARRAY_LEN(cut); n++)
		assert_int_equal(utf8_cut(s, n).n, cut[n]);
	assert_int_equal(utf8_cut(STR("\x80\x80\x80\x80\x80\x80"), 5).n, 5);
	assert_int_equal(utf8_cut(STR_NONE, 5).n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_text),
		cmocka_unit_test(invalid_text),
		cmocka_unit_test(counts_code_points),
		cmocka_unit_test(cuts_between_code_points),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
