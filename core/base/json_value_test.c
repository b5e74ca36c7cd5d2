// SPDX-License-Identifier: Apache-2.0
// Tests of looking into a JSON tree.
#include "base/json.h"
#include "base/mem.h"
#include "testing.h"
#include <cmocka.h>

static struct arena *a;
static const struct json *v;

static int begin(void **state)
{
	a = arena_new(0);
	struct str text = STR(
		"{\"s\":\"text\",\"i\":-5,\"r\":2.5,\"t\":true,\"l\":[10,20],\"id\":\"1234567890123456789\",\"n\":null,"
		"\"\":0,\"a/b\":1,\"m~n\":8,\"~1\":9,\"b\":{\"$b64\":\"AA==\"},\"neg\":-1,\"zero\":\"0\"}");
	return json_parse(a, text, &JSON_OURS, &v, NULL);
}

static int end(void **state)
{
	arena_free(&a);
	return 0;
}

static void readers_give_what_is_there(void **state)
{
	assert_str(json_string_of(v, "s"), "text");
	assert_int_equal(json_int_of(v, "i", 1), -5);
	assert_true(json_real(json_get(v, "r"), 0) == 2.5);
	assert_true(json_real(json_get(v, "i"), 0) == -5);
	assert_true(json_bool_of(v, "t", false));
	assert_int_equal(json_id_of(v, "id"), 1234567890123456789);
	assert_int_equal(json_count(json_get(v, "l")), 2);
	assert_int_equal(json_count(v), 14);
	assert_int_equal(json_bytes(json_get(v, "b")).n, 1);
	assert_ptr_equal(json_get_str(v, STR("s")), json_get(v, "s"));
}

static void readers_give_nothing_for_the_rest(void **state)
{
	assert_null(json_string(NULL).p);
	assert_null(json_string(json_get(v, "i")).p);
	assert_null(json_string(json_get(v, "b")).p);
	assert_null(json_bytes(json_get(v, "s")).p);
	assert_null(json_string_of(NULL, "x").p);
	assert_int_equal(json_int(json_get(v, "r"), 42), 42);
	assert_int_equal(json_int(json_get(v, "t"), 42), 42);
	assert_int_equal(json_int_of(v, "none", 42), 42);
	assert_true(json_real(json_get(v, "s"), 1.5) == 1.5);
	assert_true(json_bool_of(v, "i", true));
	assert_null(json_get(NULL, "s"));
	assert_null(json_get(json_get(v, "l"), "s"));
	assert_null(json_get(v, "S"));
	assert_null(json_at(v, 0));
	assert_null(json_at(json_get(v, "l"), 2));
	assert_int_equal(json_count(NULL), 0);
	assert_int_equal(json_count(json_get(v, "s")), 0);
	assert_false(json_is(NULL, JSON_NULL));
	assert_true(json_is(json_get(v, "n"), JSON_NULL));
	assert_int_equal(json_id_of(v, "s"), 0);
	assert_int_equal(json_id_of(v, "neg"), 0);
	assert_int_equal(json_id_of(v, "zero"), 0);
	assert_int_equal(json_id_of(v, "none"), 0);
}

static void pointers(void **state)
{
	assert_ptr_equal(json_pointer(v, STR("")), v);
	assert_ptr_equal(json_pointer(v, STR("/s")), json_get(v, "s"));
	assert_ptr_equal(json_pointer(v, STR("/")), json_get(v, ""));
	assert_ptr_equal(json_pointer(v, STR("/a~1b")), json_get(v, "a/b"));
	assert_ptr_equal(json_pointer(v, STR("/m~0n")), json_get(v, "m~n"));
	assert_ptr_equal(json_pointer(v, STR("/~01")), json_get(v, "~1"));
	assert_int_equal(json_int(json_pointer(v, STR("/l/0")), 0), 10);
	assert_int_equal(json_int(json_pointer(v, STR("/l/1")), 0), 20);
	static const char *const none[] = {"s",     "/x",    "/s/x", "/l/2", "/l/-", "/l/01", "/l/", "/l/-1",
					   "/l/0/", "/l/1x", "/m~n", "/m~2", "/a/b", "//",    "/s/"};
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_null(json_pointer(v, str_of(none[i])));
	assert_null(json_pointer(NULL, STR("/s")));
	assert_null(json_pointer(NULL, STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_give_what_is_there),
		cmocka_unit_test(readers_give_nothing_for_the_rest),
		cmocka_unit_test(pointers),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
