// SPDX-License-Identifier: Apache-2.0
// Tests of the error codes.
#include "base/err.h"
#include "testing.h"
#include <cmocka.h>
#include <string.h>

static void names_and_texts(void **state)
{
	assert_string_equal(err_name(E_OK), "E_OK");
	assert_string_equal(err_name(E_TIMEOUT), "E_TIMEOUT");
	assert_string_equal(err_name(-1000), "E_?");
	assert_string_equal(err_name(1), "E_?");
	assert_string_equal(err_text(E_CANCELLED), "cancelled");
	assert_non_null(err_text(-1000));
}

static void set_fills_and_returns_the_code(void **state)
{
	struct err e = {0};
	assert_int_equal(err_set(&e, E_INVALID, "line %d", 7), E_INVALID);
	assert_int_equal(e.code, E_INVALID);
	assert_string_equal(e.text, "line 7");
	assert_int_equal(err_set(NULL, E_IO, "nobody asks"), E_IO);
}

static void set_may_quote_itself(void **state)
{
	struct err e = {0};
	err_set(&e, E_INVALID, "inner");
	err_set(&e, e.code, "outer: %s", e.text);
	assert_string_equal(e.text, "outer: inner");
}

static void long_text_is_cut_between_characters(void **state)
{
	struct err e = {0};
	char text[1000] = "";
	for (int i = 0; i < 400; i++)
		strcat(text, "\xd0\xb6");
	err_set(&e, E_INVALID, "%s", text);
	assert_int_equal(strlen(e.text), sizeof e.text - 2);
	assert_true(utf8_valid(str_of(e.text)));
	err_set(&e, E_INVALID, "1%s", text);
	assert_int_equal(strlen(e.text), sizeof e.text - 1);
	assert_true(utf8_valid(str_of(e.text)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_texts),
		cmocka_unit_test(set_fills_and_returns_the_code),
		cmocka_unit_test(set_may_quote_itself),
		cmocka_unit_test(long_text_is_cut_between_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
