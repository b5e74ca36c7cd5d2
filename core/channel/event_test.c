// SPDX-License-Identifier: Apache-2.0
// Events against the examples, right and wrong, of their schemas: what is written there is what the host does.
#include "event.h"
#include "base/mem.h"
#include "manifest.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct json *read_json(struct arena *a, const char *path)
{
	const struct json *v = NULL;
	struct buf text = {0};
	struct err e;
	FILE *f = fopen(path, "r");
	if (!f) fail_msg("%s cannot be opened", path);
	size_t n;
	while ((n = fread(buf_reserve(&text, 65536), 1, 65536, f)) > 0)
		text.n += n;
	fclose(f);
	if (json_parse(a, buf_str(&text), &JSON_PROVIDER, &v, &e)) fail_msg("%s: %s", path, e.text);
	buf_fini(&text);
	return v;
}

static void check_all(const char *file, const char *event)
{
	char path[300];
	struct arena *a = arena_new(0);
	snprintf(path, sizeof path, "%s/events/%s", SCHEMAS, file);
	const struct json *schema = read_json(a, path), *right = json_get(schema, "examples"),
			  *wrong = json_get(schema, "x-wrong");
	const struct event_type *t = event_find(str_of(event));
	assert_non_null(t);
	assert_true(json_count(right) > 0 && json_count(wrong) > 0);
	for (size_t i = 0; i < json_count(right); i++) {
		struct err e;
		if (event_check(t, json_at(right, i), &e)) fail_msg("%s example %zu: %s", file, i, e.text);
	}
	for (size_t i = 0; i < json_count(wrong); i++) {
		struct err e = {0};
		if (!event_check(t, json_at(wrong, i), &e)) fail_msg("%s wrong %zu is taken", file, i);
		if (strncmp(e.text, event, strlen(event)) != 0)
			fail_msg("%s wrong %zu: %s does not name the event", file, i, e.text);
	}
	arena_free(&a);
}

static void schemas_say_what_the_host_does(void **state)
{
	check_all("message-in.json", "message.in");
	check_all("receipt.json", "receipt.sent");
	check_all("receipt.json", "receipt.delivered");
	check_all("receipt.json", "receipt.read");
	check_all("receipt.json", "receipt.failed");
	check_all("typing.json", "typing");
	check_all("inbox-state.json", "inbox.state");
	assert_null(event_find(STR("message.i")));
	assert_null(event_find(STR("")));
}

static void mistakes_name_the_member(void **state)
{
	static const struct {
		const char *doc, *why;
	} ROWS[] = {
		{"{\"key\":\"k\",\"thread\":{\"external\":\"t\"},\"sender\":{\"kind\":\"a\",\"scope\":\"b\","
		 "\"address\":\"c\"},"
		 "\"parts\":[{\"type\":\"text\",\"text\":\"x\"},{\"type\":\"media\",\"media\":7},{\"type\":\"poll\"}]}",
		 "message.in: parts[2].fallback: is missing"},
		{"{\"key\":\"k\",\"thread\":{\"external\":7}}",
		 "message.in: thread.external: should be a string, and is a whole number"},
		{"[]", "message.in: the document: should be a map"},
		{"{\"key\":\"k\",\"thread\":{\"external\":\"t\"},\"sender\":{\"kind\":\"a\",\"scope\":\"b\","
		 "\"address\":\"\"}}",
		 "message.in: sender.address: is empty"},
	};
	struct arena *a = arena_new(0);
	for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
		const struct json *v = NULL;
		struct err e;
		assert_int_equal(json_parse(a, str_of(ROWS[i].doc), &JSON_OURS, &v, NULL), 0);
		assert_true(event_check(event_find(STR("message.in")), v, &e) < 0);
		assert_string_equal(e.text, ROWS[i].why);
	}
	arena_free(&a);
}

static struct str message_with(struct buf *b, size_t n_parts, size_t n_text, size_t n_address)
{
	buf_reset(b);
	buf_printf(b,
		   "{\"key\":\"k\",\"thread\":{\"external\":\"t\"},\"sender\":{\"kind\":\"a\",\"scope\":\"b\","
		   "\"address\":\"%0*d\"},"
		   "\"parts\":[",
		   (int)n_address, 1);
	for (size_t i = 0; i < n_parts; i++)
		buf_printf(b, "%s{\"type\":\"text\",\"text\":\"%0*d\"}", i ? "," : "", (int)n_text, 1);
	buf_add(b, STR("]}"));
	return buf_str(b);
}

static void sizes_are_bounded(void **state)
{
	static const struct {
		size_t parts, text, address;
		int status;
	} ROWS[] = {
		{64, 10, 10, 0}, {65, 10, 10, E_TOO_LARGE}, {2, 65536, 10, 0},           {1, 65537, 10, E_TOO_LARGE},
		{1, 1, 512, 0},  {1, 1, 513, E_TOO_LARGE},  {17, 65536, 10, E_TOO_LARGE}};
	struct buf b = {0};
	for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
		struct arena *a = arena_new(0);
		const struct json *v = NULL;
		struct str text = message_with(&b, ROWS[i].parts, ROWS[i].text, ROWS[i].address);
		assert_int_equal(json_parse(a, text, &JSON_PROVIDER, &v, NULL), 0);
		assert_int_equal(event_check(event_find(STR("message.in")), v, NULL), ROWS[i].status);
		arena_free(&a);
	}
	buf_fini(&b);
}

// The other schemas are at least JSON, and have what their readers look for.
static void schemas_are_whole(void **state)
{
	static const char *const FOLDERS[] = {"", "/events", "/verbs", "/services"};
	int n = 0;
	for (size_t i = 0; i < ARRAY_LEN(FOLDERS); i++) {
		char folder[300], path[600];
		snprintf(folder, sizeof folder, "%s%s", SCHEMAS, FOLDERS[i]);
		DIR *d = opendir(folder);
		assert_non_null(d);
		for (struct dirent *f; (f = readdir(d));) {
			if (!str_ends(str_of(f->d_name), STR(".json"))) continue;
			struct arena *a = arena_new(0);
			snprintf(path, sizeof path, "%s/%s", folder, f->d_name);
			const struct json *v = read_json(a, path);
			if (!json_string_of(v, "title").n || !json_string_of(v, "description").n)
				fail_msg("%s has no title or description", path);
			arena_free(&a);
			n++;
		}
		closedir(d);
	}
	assert_in_range(n, 15, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schemas_say_what_the_host_does),
		cmocka_unit_test(mistakes_name_the_member),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(schemas_are_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
