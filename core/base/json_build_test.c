// SPDX-License-Identifier: Apache-2.0
// Tests of JSON trees that are built or copied.
#include "base/json.h"
#include "base/mem.h"
#include "testing.h"
#include <cmocka.h>
#include <math.h>
#include <stdio.h>

static struct arena *a;
static struct buf b;

static int begin(void **state)
{
	a = arena_new(0);
	return 0;
}

static int end(void **state)
{
	arena_free(&a);
	buf_fini(&b);
	return 0;
}

static const char *text_of(const struct json *v)
{
	buf_reset(&b);
	json_write(&b, v);
	return b.p;
}

static void values(void **state)
{
	assert_string_equal(text_of(json_make_null()), "null");
	assert_string_equal(text_of(json_make_bool(true)), "true");
	assert_string_equal(text_of(json_make_bool(false)), "false");
	assert_string_equal(text_of(json_make_int(a, INT64_MIN)), "-9223372036854775808");
	assert_string_equal(text_of(json_make_real(a, 1.5)), "1.5");
	assert_string_equal(text_of(json_make_real(a, NAN)), "null");
	assert_string_equal(text_of(json_make_string(a, STR("a\"b"))), "\"a\\\"b\"");
	assert_string_equal(text_of(json_make_string(a, STR(""))), "\"\"");
	assert_string_equal(text_of(json_make_bytes(a, STR("\0\xff"))), "{\"$b64\":\"AP8=\"}");
	assert_null(json_make_string(a, STR("\xff")));
	assert_null(json_make_string(a, STR("a\0b")));
}

static void lists_and_maps(void **state)
{
	struct json_builder *list = json_build_list(a), *map = json_build_map(a);
	for (int i = 0; i < 20; i++)
		json_push(list, json_make_int(a, i));
	json_push(list, NULL);
	json_put(map, STR("l"), json_build(list));
	json_put(map, STR("m"), json_build(json_build_map(a)));
	json_put(map, STR("e"), json_build(json_build_list(a)));
	json_put(map, STR("n"), NULL);
	json_put(map, STR("l2"), json_make_bool(true));
	json_put(map, STR("m"), json_make_int(a, 7));
	assert_string_equal(text_of(json_build(map)), "{\"l\":[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,null],"
						      "\"m\":7,\"e\":[],\"n\":null,\"l2\":true}");
}

static void keys_are_replaced_in_maps_of_all_sizes(void **state)
{
	enum { N = 1000 };
	struct json_builder *map = json_build_map(a);
	char key[32];
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < N; i++) {
			int n = snprintf(key, sizeof key, "key %d", i);
			json_put(map, (struct str){key, (size_t)n}, json_make_int(a, i + round * N));
			int again = i / 2; // replaced while the map grows, too
			n = snprintf(key, sizeof key, "key %d", again);
			json_put(map, (struct str){key, (size_t)n}, json_make_int(a, again + round * N));
		}
	const struct json *v = json_build(map);
	assert_int_equal(json_count(v), N);
	for (int i = 0; i < N; i++)
		assert_int_equal(v->members[i].value->i, i + N);
}

static void keys_become_text(void **state)
{
	struct json_builder *map = json_build_map(a);
	json_put(map, STR("a\xff\0\xd0\x96"), json_make_int(a, 1));
	json_put(map, STR("a\xfe\0\xd0\x96"), json_make_int(a, 2));
	assert_string_equal(text_of(json_build(map)), "{\"a\xef\xbf\xbd\xef\xbf\xbd\xd0\x96\":2}");
}

static void a_copy_stands_alone(void **state)
{
	struct arena *first = arena_new(0);
	struct str text =
		STR("{\"a\":[1,2.5,\"three\",{\"$b64\":\"AAE=\"},true,null,{},[]],\"b\":{\"c\":{\"d\":[[[\"e\"]]]}}}");
	const struct json *v;
	assert_int_equal(json_parse(first, text, &JSON_OURS, &v, NULL), 0);
	const struct json *copy = json_copy(a, v);
	arena_free(&first); // poisoned from here on
	assert_string_equal(text_of(copy), text.p);
	assert_null(json_copy(a, NULL));
	assert_string_equal(text_of(json_copy(a, json_make_int(a, 4))), "4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(values, begin, end),
		cmocka_unit_test_setup_teardown(lists_and_maps, begin, end),
		cmocka_unit_test_setup_teardown(keys_are_replaced_in_maps_of_all_sizes, begin, end),
		cmocka_unit_test_setup_teardown(keys_become_text, begin, end),
		cmocka_unit_test_setup_teardown(a_copy_stands_alone, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
