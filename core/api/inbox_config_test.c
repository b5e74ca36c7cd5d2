// SPDX-License-Identifier: Apache-2.0
// A config is split by its schema and put together again.
#include "inside.h"
#include "base/arena.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct arena *a;

static int set_up(void **state)
{
	a = arena_new(0);
	return 0;
}

static int tear_down(void **state)
{
	arena_free(&a);
	return 0;
}

static const struct json *parse(const char *text)
{
	const struct json *v;
	struct err e = {0};
	if (json_parse(a, str_of(text), &JSON_OURS, &v, &e)) fail_msg("%s: %s", text, e.text);
	return v;
}

static void assert_json(const struct json *v, const char *text)
{
	struct buf b = {0};
	json_write(&b, v);
	assert_string_equal(b.p, text);
	buf_fini(&b);
}

static const char schema[] = "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},"
			     "\"token\":{\"type\":\"string\",\"secret\":true},"
			     "\"hook\":{\"type\":\"object\",\"properties\":{\"url\":{\"type\":\"string\"},"
			     "\"key\":{\"type\":\"string\",\"secret\":true}}}}}";

static void test_split(void **state)
{
	const struct json *plain, *secrets;
	const struct json *config =
		parse("{\"token\":\"t\",\"name\":\"n\",\"hook\":{\"key\":\"k\",\"url\":\"u\"},\"more\":1}");
	inbox_config_split(a, parse(schema), config, &plain, &secrets);
	assert_json(plain, "{\"name\":\"n\",\"hook\":{\"url\":\"u\"},\"more\":1}");
	assert_json(secrets, "{\"token\":\"t\",\"hook\":{\"key\":\"k\"}}");
	assert_json(inbox_config_join(a, plain, secrets),
		    "{\"name\":\"n\",\"hook\":{\"url\":\"u\",\"key\":\"k\"},\"more\":1,\"token\":\"t\"}");
}

static void test_split_without_schema(void **state)
{
	const struct json *plain, *secrets;
	inbox_config_split(a, NULL, parse("{\"a\":{\"b\":1}}"), &plain, &secrets);
	assert_json(plain, "{\"a\":{\"b\":1}}");
	assert_json(secrets, "{}");
}

// A secret of the wrong form must not end among what is readable.
static void test_secret_of_wrong_form(void **state)
{
	const struct json *plain, *secrets;
	inbox_config_split(a, parse(schema), parse("{\"token\":{\"deep\":\"t\"},\"hook\":7}"), &plain, &secrets);
	assert_json(plain, "{\"hook\":7}");
	assert_json(secrets, "{\"token\":{\"deep\":\"t\"}}");
}

static void test_change(void **state)
{
	const struct json *old = parse("{\"token\":\"t\",\"hook\":{\"key\":\"k\"}}");
	assert_json(inbox_config_join(a, old, parse("{}")), "{\"token\":\"t\",\"hook\":{\"key\":\"k\"}}");
	const struct json *now = inbox_config_join(a, old, parse("{\"token\":null,\"hook\":{\"key\":\"new\"}}"));
	assert_json(inbox_config_drop_nulls(a, now), "{\"hook\":{\"key\":\"new\"}}");
	assert_json(inbox_config_join(a, NULL, parse("{\"a\":1}")), "{\"a\":1}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_split), TEST(test_split_without_schema),
					   TEST(test_secret_of_wrong_form), TEST(test_change)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
