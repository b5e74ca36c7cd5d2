// SPDX-License-Identifier: Apache-2.0
// Tests of what the JSON reader takes and refuses.
#include "base/json.h"
#include "base/mem.h"
#include "testing.h"
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static struct arena *a;
static struct err e;

static int begin(void **state)
{
	a = arena_new(0);
	return 0;
}

static int end(void **state)
{
	arena_free(&a);
	return 0;
}

static const struct json_limits STRICT = {64, 4 << 20, false};

static const struct json *read_text(struct str text)
{
	const struct json *v = NULL;
	e = (struct err){0};
	int rc = json_parse(a, text, &STRICT, &v, &e);
	assert_int_equal(rc, e.code);
	return rc ? NULL : v;
}

static const struct json *read_ok(const char *text)
{
	// An exact copy without a NUL, so that the sanitizer sees a read behind the end, and a use after it is gone.
	size_t n = strlen(text);
	char *copy = mem_alloc(n);
	memcpy(copy, text, n);
	const struct json *v = read_text((struct str){copy, n});
	mem_free(copy);
	if (!v) fail_msg("%s: %s", text, e.text);
	return v;
}

static void words_and_blanks(void **state)
{
	assert_int_equal(read_ok("null")->kind, JSON_NULL);
	assert_true(json_bool(read_ok(" true"), false));
	assert_false(json_bool(read_ok("false\n"), true));
	const struct json *v = read_ok("\t[ true ,\r\nfalse , null,{ } ,[ ]\n] ");
	assert_int_equal(json_count(v), 5);
	assert_int_equal(json_count(json_at(v, 3)), 0);
	assert_true(json_is(json_at(v, 3), JSON_MAP));
	assert_true(json_is(json_at(v, 4), JSON_LIST));
}

static void whole_numbers(void **state)
{
	static const struct {
		const char *text;
		int64_t v;
	} rows[] = {
		{"0", 0},
		{"-0", 0},
		{"7", 7},
		{"-12", -12},
		{"1234567890123456789", 1234567890123456789},
		{"9223372036854775807", INT64_MAX},
		{"-9223372036854775808", INT64_MIN},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct json *v = read_ok(rows[i].text);
		assert_int_equal(v->kind, JSON_INT);
		assert_true(v->i == rows[i].v);
	}
}

static void real_numbers(void **state)
{
	static const struct {
		const char *text;
		double v;
	} rows[] = {
		{"1.5", 1.5},
		{"-0.0", -0.0},
		{"1e2", 100},
		{"1E+2", 100},
		{"12e-1", 1.2},
		{"0.1", 0.1},
		{"1e22", 1e22},
		{"1e23", 1e23},
		{"55.751244", 55.751244},
		{"9007199254740993.0", 9007199254740992.0},
		{"9223372036854775808", 9223372036854775808.0},
		{"-9223372036854775809", -9223372036854775808.0},
		{"92233720368547758080", 92233720368547758080.0}, // its digits wrap to 0 in 64 bits
		{"92233720368547758080e-9", 92233720368.547758080},
		{"18446744073709551616", 18446744073709551616.0},
		{"1.7976931348623157e308", 1.7976931348623157e308},
		{"4.9e-324", 4.9e-324},
		{"1e-400", 0},
		{"0.000000000000000000000000000000000000012345", 1.2345e-38},
		{"123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890",
		 1.2345678901234568e89},
		{"0e99999999999999999999", 0},
		{"1e-99999999999999999999", 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct json *v = read_ok(rows[i].text);
		assert_int_equal(v->kind, JSON_REAL);
		assert_true(v->d == rows[i].v);
		assert_int_equal(!!signbit(v->d), !!signbit(rows[i].v));
	}
}

static void strings(void **state)
{
	assert_str(json_string(read_ok("\"\"")), "");
	assert_str(json_string(read_ok("\"plain text of some length\"")), "plain text of some length");
	assert_str(json_string(read_ok("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")), "\"\\/\b\f\n\r\t");
	assert_str(json_string(read_ok("\"\\u0041\\u00e9\\u20AC\\ud83d\\udc4b\\uDBFF\\uDFFF\"")),
		   "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x91\x8b\xf4\x8f\xbf\xbf");
	assert_str(json_string(read_ok("\"12345678\xd0\x96\\n\x7f\"")), "12345678\xd0\x96\n\x7f");
	const struct json *v = read_ok("\"long enough to be a run\\u0020then more\"");
	assert_int_equal(v->n, strlen("long enough to be a run then more"));
	assert_int_equal(v->s[v->n], 0);
	for (int n = 0; n < 40; n++) { // a special byte at each place of a word
		char text[100];
		snprintf(text, sizeof text, "[\"%.*s\\\\%.*s\"]", n, "........................................", 40 - n,
			 "........................................");
		assert_int_equal(json_string(json_at(read_ok(text), 0)).n, 41);
	}
}

static void maps_keep_their_order(void **state)
{
	const struct json *v = read_ok("{\"z\":1,\"a\":{\"b\":[1,[2,3],{\"c\":\"d\"}]},\"\":3}");
	assert_int_equal(json_count(v), 3);
	assert_str(v->members[0].key, "z");
	assert_str(v->members[1].key, "a");
	assert_str(v->members[2].key, "");
	const struct json *list = json_get(json_get(v, "a"), "b");
	assert_int_equal(json_int(json_at(json_at(list, 1), 1), 0), 3);
	assert_str(json_string_of(json_at(list, 2), "c"), "d");
}

static void bytes(void **state)
{
	const struct json *v =
		read_ok("[{\"$b64\":\"AAH/\"},{\"$b64\":\"\"},{\"$b64\":5},{\"$b64\":\"AA==\",\"x\":1}]");
	assert_int_equal(json_at(v, 0)->kind, JSON_BYTES);
	assert_true(str_eq(json_bytes(json_at(v, 0)), STR("\0\x01\xff")));
	assert_int_equal(json_bytes(json_at(v, 1)).n, 0);
	assert_true(json_is(json_at(v, 1), JSON_BYTES));
	assert_true(json_is(json_at(v, 2), JSON_MAP));
	assert_true(json_is(json_at(v, 3), JSON_MAP));
	assert_null(read_text(STR(" {\"$b64\":\"!\"}")));
	assert_string_equal(e.text, "JSON, byte 1: what stands under $b64 is not base64");
}

static void refuses(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"tru",
		"truex",
		"nul",
		"[",
		"]",
		"{",
		"}",
		"[1",
		"[1,",
		"[1,]",
		"[,1]",
		"[1 2]",
		"[1}",
		"{\"a\":1]",
		"{\"a\"",
		"{\"a\":",
		"{\"a\":1",
		"{\"a\":1,",
		"{\"a\":1,}",
		"{a:1}",
		"{1:1}",
		"{\"a\" 1}",
		"{,}",
		"1 2",
		"{}{}",
		"-",
		"+1",
		"01",
		"-01",
		"1.",
		".5",
		"1.e1",
		"1e",
		"1e+",
		"0x1",
		"1e309",
		"-1e309",
		"NaN",
		"Infinity",
		"- 1",
		"\"",
		"\"a",
		"\"\\",
		"\"\\\"",
		"\"\\x\"",
		"\"\\u\"",
		"\"\\u12\"",
		"\"\\u12g4\"",
		"\"\\u0000\"",
		"\"\\ud800\"",
		"\"\\ud800x\"",
		"\"\\ud800\\n\"",
		"\"\\ud800\\u0041\"",
		"\"\\udc00\"",
		"\"\\ud800\\ud800\"",
		"\"\n\"",
		"\"\x1f\"",
		"\"\x80\"",
		"\"\xc0\xaf\"",
		"\"\xed\xa0\x80\"",
		"\"\xf4\x90\x80\x80\"",
		"\"\xd0\"",
		"\"1234567\xff\\n\"",
		"'a'",
		"\xef\xbb\xbf{}",
		"// x\n1",
		"[1]\f",
		"\v1",
		"{\"a\":1,\"a\":2}",
		"{\"a\":1,\"\\u0061\":2}",
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (read_text(str_of(bad[i]))) fail_msg("taken: %s", bad[i]);
		assert_int_equal(e.code, E_INVALID);
	}
	assert_null(read_text(STR("1\0")));
	assert_null(read_text(STR("\"a\0b\"")));
	assert_null(read_text(STR_NONE));
}

static void half_characters_are_mended_for_providers(void **state)
{
	static const char *const MENDED[][2] = {
		{"\"a\\u0000b\"", "a\xEF\xBF\xBD"
				  "b"},
		{"\"\\ud83e\"", "\xEF\xBF\xBD"},
		{"\"\\ud83ex\"", "\xEF\xBF\xBDx"},
		{"\"\\udc00\\u0041\"", "\xEF\xBF\xBD"
				       "A"},
		{"\"\\ud83e\\ud83e\\uded6\"", "\xEF\xBF\xBD\xF0\x9F\xAB\x96"},
	};
	for (size_t i = 0; i < ARRAY_LEN(MENDED); i++) {
		const struct json *v = NULL;
		assert_int_equal(json_parse(a, str_of(MENDED[i][0]), &JSON_PROVIDER, &v, NULL), 0);
		assert_string_equal(json_string(v).p, MENDED[i][1]);
		assert_null(read_text(str_of(MENDED[i][0])));
	}
	const struct json *v;
	assert_int_equal(json_parse(a, STR("\"\\u12\""), &JSON_PROVIDER, &v, NULL), E_INVALID);
}

static void errors_name_the_byte(void **state)
{
	read_text(STR("{\"a\": [1, 2}"));
	assert_string_equal(e.text, "JSON, byte 11: expected a comma or ]");
	read_text(STR("[\"ab\\qc\"]"));
	assert_string_equal(e.text, "JSON, byte 4: no such escape");
	read_text(STR("[1] x"));
	assert_string_equal(e.text, "JSON, byte 4: something stands behind the value");
	const struct json *v;
	assert_int_equal(json_parse(a, STR("["), &JSON_OURS, &v, NULL), E_INVALID);
}

static char *map_of(int n, int repeated)
{
	struct buf b = {0};
	for (int i = 0; i < n; i++)
		buf_printf(&b, "%s\"k%d\":%d", i ? "," : "{", i == n - 1 && repeated >= 0 ? repeated : i, i);
	buf_add_char(&b, '}');
	return buf_take(&b);
}

static void a_repeated_key_is_found_in_maps_of_all_sizes(void **state)
{
	for (int n = 2; n < 80; n++) {
		char *good = map_of(n, -1), *bad = map_of(n, n * 7 % (n - 1));
		const struct json *v = read_ok(good);
		assert_int_equal(v->n, n);
		assert_null(read_text(str_of(bad)));
		assert_string_equal(e.text, "JSON, byte 0: a map with the same key twice");
		mem_free(good);
		mem_free(bad);
	}
}

static char *nested(uint32_t n, char open, char close)
{
	char *text = mem_alloc(2 * n + 1);
	memset(text, open, n);
	memset(text + n, close, n);
	return text;
}

static void depth_is_limited(void **state)
{
	for (uint32_t n = 62; n < 67; n++) {
		char *text = nested(n, '[', ']');
		const struct json *v;
		int rc = json_parse(a, str_of(text), &JSON_PROVIDER, &v, &e);
		assert_int_equal(rc, n > 64 ? E_TOO_LARGE : 0);
		mem_free(text);
	}
	const struct json *v;
	assert_int_equal(json_parse(a, STR("1"), &(struct json_limits){0, 10}, &v, &e), 0);
	assert_int_equal(json_parse(a, STR("[]"), &(struct json_limits){0, 10}, &v, &e), E_TOO_LARGE);
}

// A million levels, on a stack of 8 MiB that recursion would not fit in.
static void depth_needs_no_stack(void **state)
{
	enum { DEPTH = 1000000 };
	char *text = nested(DEPTH, '[', ']');
	const struct json *v;
	const struct json_limits deep = {DEPTH, 4 * DEPTH};
	assert_int_equal(json_parse(a, str_of(text), &deep, &v, &e), 0);
	struct arena *other = arena_new(0);
	struct buf b = {0};
	json_write(&b, json_copy(other, v));
	assert_int_equal(b.n, 2 * DEPTH);
	assert_memory_equal(b.p, text, b.n);
	buf_fini(&b);
	arena_free(&other);
	mem_free(text);
}

static void size_is_limited(void **state)
{
	const struct json *v;
	assert_int_equal(json_parse(a, STR("12345"), &(struct json_limits){9, 5}, &v, &e), 0);
	assert_int_equal(json_parse(a, STR("123456"), &(struct json_limits){9, 5}, &v, &e), E_TOO_LARGE);
	assert_string_equal(e.text, "JSON of 6 bytes, the limit is 5");
}

// More words and levels than the first ones that stand on the stack.
static void long_lists_and_large_maps(void **state)
{
	struct buf b = {0};
	for (int i = 0; i < 5000; i++)
		buf_printf(&b, "%s{\"i\":%d,\"l\":[%d,[]]}", i ? "," : "[", i, i);
	buf_add_char(&b, ']');
	const struct json *v = read_text(buf_str(&b));
	assert_int_equal(json_count(v), 5000);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(json_int(json_at(json_get(json_at(v, (size_t)i), "l"), 0), -1), i);
	struct buf again = {0};
	json_write(&again, v);
	assert_true(str_eq(buf_str(&b), buf_str(&again)));
	buf_fini(&again);
	buf_fini(&b);
}

#define IN_ARENA(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(words_and_blanks),
		IN_ARENA(whole_numbers),
		IN_ARENA(real_numbers),
		IN_ARENA(strings),
		IN_ARENA(maps_keep_their_order),
		IN_ARENA(bytes),
		IN_ARENA(refuses),
		IN_ARENA(half_characters_are_mended_for_providers),
		IN_ARENA(errors_name_the_byte),
		IN_ARENA(a_repeated_key_is_found_in_maps_of_all_sizes),
		IN_ARENA(depth_is_limited),
		IN_ARENA(depth_needs_no_stack),
		IN_ARENA(size_is_limited),
		IN_ARENA(long_lists_and_large_maps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
