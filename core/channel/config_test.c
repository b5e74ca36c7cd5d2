// SPDX-License-Identifier: Apache-2.0
// Schemas of settings, configs against them, and what different eyes see; and the rules for manifests.
#include "config.h"
#include "base/mem.h"
#include "manifest.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static struct arena *a;

static int setup(void **state)
{
	a = arena_new(0);
	return 0;
}

static int teardown(void **state)
{
	arena_free(&a);
	return 0;
}

static const struct json *parse(const char *text)
{
	const struct json *v = NULL;
	struct err e;
	if (json_parse(a, str_of(text), &JSON_OURS, &v, &e)) fail_msg("%s in %s", e.text, text);
	return v;
}

#define OBJECT(properties) "{\"type\":\"object\",\"properties\":{" properties "}}"

static const char SCHEMA[] =
	"{\"type\":\"object\",\"required\":[\"url\",\"only\"],\"properties\":{"
	"\"url\":{\"type\":\"string\",\"format\":\"uri\",\"maxLength\":40},"
	"\"mode\":{\"type\":\"string\",\"enum\":[\"push\",\"pull\"],\"default\":\"push\",\"public\":true},"
	"\"only\":{\"type\":\"string\",\"show_if\":{\"mode\":\"pull\"}},"
	"\"n\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":9},\"ratio\":{\"type\":\"number\",\"maximum\":0.5},"
	"\"on\":{\"type\":\"boolean\"},\"list\":{\"type\":\"array\",\"maxItems\":2,\"items\":{\"type\":\"integer\"}},"
	"\"auth\":{\"type\":\"object\",\"properties\":{\"token\":{\"type\":\"string\",\"secret\":true,\"minLength\":3},"
	"\"user\":{\"type\":\"string\",\"default\":\"me\",\"public\":true}}}}}";

static void configs_are_checked(void **state)
{
	static const struct {
		const char *config, *why;
	} ROWS[] = {
		{"{\"url\":\"https://x\"}", NULL},
		{"{\"url\":\"https://"
		 "x\",\"mode\":\"pull\",\"only\":\"y\",\"n\":9,\"ratio\":0.5,\"on\":true,\"list\":[1,2]}",
		 NULL},
		{"{\"url\":\"https://"
		 "x\",\"net\":{\"allow_hosts\":[\"10.0.0.1:80\",\"*.corp\"]},\"auth\":{\"token\":\"abc\"}}",
		 NULL},
		{"[]", "the settings should be a map"},
		{"{}", "url: is missing"},
		{"{\"url\":\"https://x\",\"mode\":\"pull\"}", "only: is missing"},
		{"{\"url\":\"ftp://x\"}", "url: should be an address"},
		{"{\"url\":\"https://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
		 "url: should have 0 to 40 characters"},
		{"{\"url\":7}", "url: should be a string"},
		{"{\"url\":null}", "url: should be a string"},
		{"{\"url\":\"https://x\",\"mode\":\"puls\"}", "mode: is none of the values"},
		{"{\"url\":\"https://x\",\"n\":0}", "n: should be at least 1"},
		{"{\"url\":\"https://x\",\"n\":10}", "n: should be at most 9"},
		{"{\"url\":\"https://x\",\"n\":1.5}", "n: should be a whole number"},
		{"{\"url\":\"https://x\",\"ratio\":0.6}", "ratio: should be at most 0.5"},
		{"{\"url\":\"https://x\",\"on\":1}", "on: should be true or false"},
		{"{\"url\":\"https://x\",\"list\":[1,2,3]}", "list: should have 0 to 2 items"},
		{"{\"url\":\"https://x\",\"list\":[\"a\"]}", "list: should be a whole number"},
		{"{\"url\":\"https://x\",\"auth\":{\"token\":\"ab\"}}", "auth.token: should have 3 to"},
		{"{\"url\":\"https://x\",\"auth\":{\"tokn\":\"abc\"}}",
		 "auth.tokn: no such setting; did you mean token?"},
		{"{\"uri\":\"https://x\"}", "uri: no such setting; did you mean url?"},
		{"{\"url\":\"https://x\",\"net\":{\"allow\":[]}}", "net.allow: no such setting"},
		{"{\"url\":\"https://x\",\"net\":{\"allow_hosts\":[\"http://x/\"]}}", "net.allow_hosts: a host is"},
	};
	const struct json *schema = parse(SCHEMA);
	struct err e = {0};
	assert_int_equal(schema_check(schema, &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
		int r = config_check(schema, parse(ROWS[i].config), &e);
		if (!ROWS[i].why != !r || (r && strncmp(e.text, ROWS[i].why, strlen(ROWS[i].why)) != 0))
			fail_msg("%s: %d %s", ROWS[i].config, r, e.text);
	}
	assert_int_equal(config_check(NULL, parse("{}"), &e), 0);
	assert_int_equal(config_check(NULL, parse("{\"x\":1}"), &e), E_INVALID);
}

static void schemas_are_checked(void **state)
{
	static const char *const WRONG[] = {
		"{}",
		"{\"type\":\"string\"}",
		"{\"type\":\"object\"}",
		OBJECT("\"a\":{}"),
		OBJECT("\"a\":{\"type\":\"text\"}"),
		OBJECT("\"a.b\":{\"type\":\"string\"}"),
		OBJECT("\"$a\":{\"type\":\"string\"}"),
		OBJECT("\"net\":{\"type\":\"string\"}"),
		OBJECT("\"a\":{\"type\":\"integer\",\"secret\":true}"),
		OBJECT("\"a\":{\"type\":\"string\",\"secret\":true,\"public\":true}"),
		OBJECT("\"a\":{\"type\":\"string\",\"secret\":true,\"default\":\"x\"}"),
		OBJECT("\"a\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"secret\":true}}"),
		OBJECT("\"a\":{\"type\":\"array\"}"),
		OBJECT("\"a\":{\"type\":\"object\",\"public\":true,\"properties\":{\"b\":{\"type\":\"string\","
		       "\"secret\":true}}}"),
		OBJECT("\"a\":{\"type\":\"string\",\"default\":7}"),
		OBJECT("\"a\":{\"type\":\"string\",\"enum\":[]}"),
		"{\"type\":\"object\",\"properties\":{},\"required\":[\"x\"]}",
	};
	struct err e;
	for (size_t i = 0; i < ARRAY_LEN(WRONG); i++)
		if (!schema_check(parse(WRONG[i]), &e)) fail_msg("taken: %s", WRONG[i]);
}

static void expect_text(const struct json *v, const char *text)
{
	struct buf b = {0};
	json_write(&b, v);
	assert_string_equal(b.p, text);
	buf_fini(&b);
}

static const char *handle(struct arena *to, struct str name, const void *arg)
{
	return arena_printf(to, "%.*s@%s", STR_ARG(name), (const char *)arg).p;
}

static void eyes_differ(void **state)
{
	const struct json *schema = parse(SCHEMA);
	const struct json *full = config_fill(a, schema, parse("{\"url\":\"https://x\",\"auth\":{\"token\":\"abc\"}}"));
	expect_text(full, "{\"url\":\"https://x\",\"auth\":{\"token\":\"abc\",\"user\":\"me\"},\"mode\":\"push\"}");
	expect_text(config_hide(a, schema, full, handle, "7"),
		    "{\"url\":\"https://"
		    "x\",\"auth\":{\"token\":{\"$secret\":\"auth.token@7\"},\"user\":\"me\"},\"mode\":\"push\"}");
	expect_text(config_public(a, schema, full), "{\"auth\":{\"user\":\"me\"},\"mode\":\"push\"}");
	assert_true(str_is(json_string(config_at(full, STR("auth.token"))), "abc"));
	assert_null(config_at(full, STR("auth.none.x")));
	assert_true(config_is_secret(schema, STR("auth.token")));
	assert_false(config_is_secret(schema, STR("auth.user")));
	assert_false(config_is_secret(schema, STR("auth")));
}

static void manifests_are_checked(void **state)
{
	static const struct {
		const char *text, *why;
	} ROWS[] = {
		{"{\"name\":\"X\",\"verbs\":[\"message.send\",\"tomorrow.verb\"],\"unknown\":1}", NULL},
		{"[]", "it should be a map"},
		{"{", "it is no JSON"},
		{"{\"verbs\":[]}", "name: is missing"},
		{"{\"name\":\"X\"}", "verbs: is missing"},
		{"{\"name\":\"X\",\"verbs\":[\"\"]}", "verbs: should hold names"},
		{"{\"name\":\"X\",\"verbs\":[],\"lanes\":\"thread\"}", "lanes: should be"},
		{"{\"name\":\"X\",\"verbs\":[],\"config\":{}}", "config: the outermost"},
		{"{\"name\":\"X\",\"verbs\":[],\"webhook\":{}}", "webhook: needs the verb"},
		{"{\"name\":\"X\",\"verbs\":[],\"live\":{}}", "live: needs the verbs"},
		{"{\"name\":\"X\",\"verbs\":[\"live.hello\",\"live.frame\"],\"live\":{\"burst\":0}}",
		 "burst: should be"},
#define HOOK(more) "{\"name\":\"X\",\"verbs\":[\"webhook.request\"],\"webhook\":{" more "}}"
		{HOOK("\"verify\":[{\"type\":\"none\"}]"), NULL},
		{HOOK("\"verify\":[]"), "webhook.verify: should be a list"},
		{HOOK("\"x\":1"), "webhook.verify: should be a list"},
		{HOOK("\"max_bytes\":99999999,\"verify\":[{\"type\":\"none\"}]"), "max_bytes: should be"},
		{HOOK("\"body\":\"xml\",\"verify\":[{\"type\":\"none\"}]"), "webhook.body: should be"},
		{HOOK("\"verify\":[{\"type\":\"magic\"}]"), "webhook.verify[0]: type"},
		{HOOK("\"verify\":[{\"type\":\"token\",\"header\":\"X\"}]"), "webhook.verify[0]: secret: is missing"},
		{HOOK("\"verify\":[{\"type\":\"token\",\"secret\":\"t\"}]"), "webhook.verify[0]: a token stands"},
		{HOOK("\"verify\":[{\"type\":\"hmac\",\"secret\":\"t\",\"header\":\"X\"}]"),
		 "webhook.verify[0]: t is no secret"},
		{HOOK("\"verify\":[{\"type\":\"hmac\",\"secret\":\"t\"}]"), "webhook.verify[0]: header: is missing"},
		{HOOK("\"verify\":[{\"type\":\"hmac\",\"secret\":\"t\",\"header\":\"X\",\"algo\":\"md5\"}]"),
		 "webhook.verify[0]: algo"},
		{HOOK("\"verify\":[{\"type\":\"hmac\",\"secret\":\"t\",\"header\":\"X\",\"over\":\"{x\"}]"),
		 "webhook.verify[0]: over"},
		{HOOK("\"verify\":[{\"type\":\"hmac\",\"secret\":\"t\",\"header\":\"X\",\"over\":\"{url}\"}]"),
		 "webhook.verify[0]: over"},
		{HOOK("\"verify\":[{\"type\":\"hmac\",\"secret\":\"t\",\"header\":\"X\",\"over\":\"{timestamp}{body}\"}"
		      "]"),
		 "webhook.verify[0]: timestamp"},
	};
	for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
		struct manifest m;
		struct err e = {0};
		int r = manifest_parse(a, str_of(ROWS[i].text), &m, &e);
		if (!ROWS[i].why != !r || (r && strncmp(e.text, ROWS[i].why, strlen(ROWS[i].why)) != 0))
			fail_msg("%s: %d %s", ROWS[i].text, r, e.text);
	}
}

static void ids_name_channels(void **state)
{
	struct str channel;
	struct err e;
	assert_int_equal(manifest_channel(STR("org.beseda.echo"), &channel, &e), 0);
	assert_true(str_is(channel, "echo"));
	assert_int_equal(manifest_channel(STR("com.x-y.a_1"), &channel, &e), 0);
	static const char *const WRONG[] = {"",         "echo",    "org..echo",
					    "org.Echo", "org.1x",  ".org.x",
					    "org.x.",   "org.x y", "org.example.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	for (size_t i = 0; i < ARRAY_LEN(WRONG); i++)
		assert_int_equal(manifest_channel(str_of(WRONG[i]), &channel, &e), E_INVALID);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(configs_are_checked),   T(schemas_are_checked), T(eyes_differ),
		T(manifests_are_checked), T(ids_name_channels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
