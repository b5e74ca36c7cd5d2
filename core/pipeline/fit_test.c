// SPDX-License-Identifier: Apache-2.0
// What a channel cannot carry is said, with its limit.
#include "fit.h"
#include "base/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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
	const struct json *v = NULL;
	struct err e;
	if (json_parse(a, str_of(text), &JSON_OURS, &v, &e)) fail_msg("%s: %s", text, e.text);
	return v;
}

#define CAPS(text) "{\"capabilities\":" text "}"
#define TEXT(text) "[{\"type\":\"text\",\"text\":\"" text "\"}]"
#define FILE_OF(bytes) "[{\"type\":\"media\",\"file\":\"7\",\"bytes\":" #bytes "}]"

static void what_fits_and_what_does_not(void **state)
{
	static const struct {
		const char *manifest, *parts;
		int status;
		const char *why;
	} ROWS[] = {
		{"{}", FILE_OF(999999999), 0, ""},
		{CAPS("{}"), TEXT("anything"), 0, ""},
		{CAPS("{\"text\":{\"max\":5}}"), TEXT("hello"), 0, ""},
		{CAPS("{\"text\":{\"max\":5}}"), TEXT("hello!"), E_TOO_LARGE,
		 "this channel takes 5 characters of text in one message, this has 6"},
		{CAPS("{\"text\":{\"max\":5,\"unit\":\"characters\"}}"), TEXT("привіт"), E_TOO_LARGE, NULL},
		{CAPS("{\"text\":{\"max\":6,\"unit\":\"characters\"}}"), TEXT("привіт"), 0, ""},
		{CAPS("{\"text\":{\"max\":11,\"unit\":\"bytes\"}}"), TEXT("привіт"), E_TOO_LARGE, NULL},
		{CAPS("{\"text\":{\"max\":2,\"unit\":\"utf16\"}}"), TEXT("🫖"), 0, ""},
		{CAPS("{\"text\":{\"max\":1,\"unit\":\"utf16\"}}"), TEXT("🫖"), E_TOO_LARGE, NULL},
		{CAPS("{\"media\":{\"level\":\"full\"}}"), FILE_OF(7), 0, ""},
		{CAPS("{\"media\":{\"level\":\"rejected\"}}"), FILE_OF(7), E_UNSUPPORTED,
		 "this channel cannot carry files"},
		{CAPS("{\"media\":{\"level\":\"fallback\"}}"), FILE_OF(7), E_UNSUPPORTED, NULL},
		{CAPS("{\"media\":{\"level\":\"full\",\"max_bytes\":6}}"), FILE_OF(7), E_TOO_LARGE,
		 "this channel takes files of at most 6 bytes, this has 7"},
		{CAPS("{\"text\":{\"max\":2},\"media\":{\"level\":\"full\"}}"),
		 "[{\"type\":\"media\",\"file\":\"7\",\"bytes\":1,\"caption\":\"abc\"}]", E_TOO_LARGE, NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
		struct err e = {0};
		assert_int_equal(fit_check(parse(ROWS[i].manifest), parse(ROWS[i].parts), &e), ROWS[i].status);
		if (ROWS[i].why) assert_string_equal(e.text, ROWS[i].why);
	}
	struct err e = {0};
	assert_int_equal(fit_check(NULL, parse(TEXT("no plugin")), &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_fits_and_what_does_not, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
