// SPDX-License-Identifier: Apache-2.0
// Tests of both JSON writers.
#include "base/json.h"
#include "base/mem.h"
#include "testing.h"
#include <cmocka.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct buf b;

static int empty(void **state)
{
	buf_fini(&b);
	return 0;
}

static void commas_stand_where_they_belong(void **state)
{
	struct json_out o = json_out_init(&b);
	json_out_map(&o);
	json_out_key_int(&o, "i", -1);
	json_out_key(&o, "l");
	json_out_list(&o);
	json_out_int(&o, 1);
	json_out_list(&o);
	json_out_list_end(&o);
	json_out_map(&o);
	json_out_map_end(&o);
	json_out_null(&o);
	json_out_real(&o, 0.5);
	json_out_raw(&o, STR("{\"raw\":1}"));
	json_out_value(&o, NULL);
	json_out_value(&o, json_make_bool(false));
	json_out_list_end(&o);
	json_out_key_bool(&o, "b", true);
	json_out_key_string(&o, "s", STR("x"));
	json_out_key_string(&o, "none", STR_NONE);
	json_out_key_string(&o, "empty", STR(""));
	json_out_key_id(&o, "id", UINT64_MAX);
	json_out_key_id(&o, "id0", 0);
	json_out_key_time(&o, "t", 1795324440000);
	json_out_key_time(&o, "t0", 0);
	json_out_key(&o, "k\"");
	json_out_bool(&o, false);
	json_out_map_end(&o);
	assert_buf(&b, "{\"i\":-1,\"l\":[1,[],{},null,0.5,{\"raw\":1},null,false],\"b\":true,\"s\":\"x\",\"none\":null,"
		       "\"empty\":\"\",\"id\":\"18446744073709551615\",\"id0\":null,\"t\":\"2026-11-22T05:14:00.000Z\","
		       "\"t0\":null,\"k\\\"\":false}");
}

static void strings_are_escaped(void **state)
{
	struct json_out o = json_out_init(&b);
	json_out_string(&o, STR("\"\\/\b\f\n\r\t\x01\x1f\x7f \xd0\x96\xf0\x9f\x91\x8b"));
	assert_buf(&b, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f \xd0\x96\xf0\x9f\x91\x8b\"");
}

static void what_is_no_text_is_replaced(void **state)
{
	struct json_out o = json_out_init(&b);
	json_out_string(&o, STR("a\xff\0b\xe2\x82\xed\xa0\x80"));
	assert_buf(&b, "\"a\xef\xbf\xbd\xef\xbf\xbd"
		       "b\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void numbers_are_short(void **state)
{
	static const struct {
		double v;
		const char *text;
	} rows[] = {
		{0, "0.0"},
		{-0.0, "-0.0"},
		{1, "1.0"},
		{-12, "-12.0"},
		{0.1, "0.1"},
		{0.3, "0.3"},
		{55.751244, "55.751244"},
		{1e-7, "0.0000001"},
		{1.5e-10, "1.5e-10"},
		{1e15, "1e15"},
		{123456789012345.0, "123456789012345.0"},
		{1e22, "1e22"},
		{1e100, "1e100"},
		{1.7976931348623157e308, "1.7976931348623157e308"},
		{5e-324, "4.94065645841247e-324"},
		{0.1 + 0.2, "0.30000000000000004"},
		{1.0 / 3, "0.3333333333333333"},
		{9007199254740993.0, "9007199254740992.0"},
		{100, "100.0"},
		{99.99, "99.99"},
		{INFINITY, "null"},
		{NAN, "null"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json_out o = json_out_init(&b);
		buf_reset(&b);
		json_out_real(&o, rows[i].v);
		assert_buf(&b, rows[i].text);
	}
}

static void every_double_reads_back(void **state)
{
	struct arena *a = arena_new(0);
	uint64_t bits = 1;
	for (int i = 0; i < 100000; i++) {
		bits = bits * 6364136223846793005ULL + 1442695040888963407ULL;
		double d;
		memcpy(&d, &bits, sizeof d);
		if (i % 3 == 1) d = (double)(int64_t)(bits >> 30) / 1000;
		if (i % 3 == 2) d = (double)(bits >> 40) * 1e-7;
		if (!isfinite(d)) continue;
		buf_reset(&b);
		json_write(&b, &(struct json){.kind = JSON_REAL, .d = d});
		const struct json *v;
		assert_int_equal(json_parse(a, buf_str(&b), &JSON_OURS, &v, NULL), 0);
		assert_int_equal(v->kind, JSON_REAL);
		assert_memory_equal(&v->d, &d, sizeof d);
		assert_true(strtod(b.p, NULL) == d);
		arena_reset(a);
	}
	arena_free(&a);
}

static void locales_do_not_matter(void **state)
{
	if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "ru_RU.UTF-8")) skip();
	struct json_out o = json_out_init(&b);
	json_out_real(&o, 0.1 + 0.2);
	setlocale(LC_ALL, "C");
	assert_buf(&b, "0.30000000000000004");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(commas_stand_where_they_belong, empty),
		cmocka_unit_test_teardown(strings_are_escaped, empty),
		cmocka_unit_test_teardown(what_is_no_text_is_replaced, empty),
		cmocka_unit_test_teardown(numbers_are_short, empty),
		cmocka_unit_test_teardown(every_double_reads_back, empty),
		cmocka_unit_test_teardown(locales_do_not_matter, empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
