// SPDX-License-Identifier: Apache-2.0
// Tests of base64 and hexadecimal.
#include "base/err.h"
#include "base/mem.h"
#include "testing.h"
#include <cmocka.h>

static struct buf b;

static int empty(void **state)
{
	buf_fini(&b);
	return 0;
}

// RFC 4648, section 10.
static void base64_of_the_rfc(void **state)
{
	static const char *const rows[][2] = {{"", ""},
					      {"f", "Zg=="},
					      {"fo", "Zm8="},
					      {"foo", "Zm9v"},
					      {"foob", "Zm9vYg=="},
					      {"fooba", "Zm9vYmE="},
					      {"foobar", "Zm9vYmFy"}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_reset(&b);
		base64_encode(&b, str_of(rows[i][0]));
		assert_buf(&b, rows[i][1]);
		buf_reset(&b);
		assert_int_equal(base64_decode(&b, str_of(rows[i][1])), 0);
		assert_buf(&b, rows[i][0]);
	}
}

static void base64_takes_both_alphabets_and_no_padding(void **state)
{
	static const char *const same[] = {"+/+/+w==", "-_-_-w==", "-_-_-w", "+/+/+w"};
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		buf_reset(&b);
		assert_int_equal(base64_decode(&b, str_of(same[i])), 0);
		assert_int_equal(b.n, 4);
		assert_memory_equal(b.p, "\xfb\xff\xbf\xfb", 4);
	}
	buf_reset(&b);
	base64url_encode(&b, STR("\xfb\xff\xbf\xfb"));
	assert_buf(&b, "-_-_-w");
}

static void base64_refuses_the_rest(void **state)
{
	static const char *const bad[] = {"Z",
					  "Zm9vY",
					  "Zg=",
					  "Zg===",
					  "Zm9v=",
					  "Zm9v==",
					  "=",
					  "==",
					  "====",
					  "Zg==Zg==",
					  "Z g=",
					  "Zg\n",
					  "Zh==",
					  "Zm9",
					  "Zm8=Zm8=",
					  "Zm9v====",
					  "\xd0\xb0\xd0\xb1"};
	buf_add(&b, STR("kept"));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(base64_decode(&b, str_of(bad[i])), E_INVALID);
		assert_buf(&b, "kept");
		assert_int_equal(b.n, 4);
	}
}

static void appends(void **state)
{
	buf_add(&b, STR(">"));
	base64_encode(&b, STR("foo"));
	hex_encode(&b, STR("\x0f\xa0"));
	assert_int_equal(base64_decode(&b, STR("Zm8")), 0);
	assert_int_equal(hex_decode(&b, STR("4a4B")), 0);
	assert_buf(&b, ">Zm9v0fa0foJK");
}

static void hex_refuses(void **state)
{
	assert_int_equal(hex_decode(&b, STR("0")), E_INVALID);
	assert_int_equal(hex_decode(&b, STR("0g")), E_INVALID);
	assert_int_equal(hex_decode(&b, STR("00 1")), E_INVALID);
	assert_int_equal(hex_decode(&b, STR("0x")), E_INVALID);
	assert_int_equal(b.n, 0);
	assert_int_equal(hex_decode(&b, STR_NONE), 0);
	assert_int_equal(b.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(base64_of_the_rfc, empty),
		cmocka_unit_test_teardown(base64_takes_both_alphabets_and_no_padding, empty),
		cmocka_unit_test_teardown(base64_refuses_the_rest, empty),
		cmocka_unit_test_teardown(appends, empty),
		cmocka_unit_test_teardown(hex_refuses, empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
