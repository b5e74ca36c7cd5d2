// SPDX-License-Identifier: Apache-2.0
// Frames: fragments, control frames between them, masks, and every way to get them wrong; whole and byte by byte.
#include "ws_parser.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct buf story;
static struct ws_parser parser;

static void on_message(struct str text, void *arg)
{
	buf_printf(&story, "(%.*s)", STR_ARG(text));
	if (str_is(text, "stop")) ws_parser_stop(&parser);
}

static void on_control(enum ws_opcode opcode, struct str payload, void *arg)
{
	buf_printf(&story, "%s%.*s;",
		   opcode == WS_CLOSE  ? "close"
		   : opcode == WS_PING ? "ping"
				       : "pong",
		   STR_ARG(payload));
}

static const struct ws_parser_events events = {on_message, on_control};

static int feed(const void *bytes, size_t n, size_t step)
{
	int code = 0;
	buf_reset(&story);
	buf_add(&story, STR(""));
	ws_parser_init(&parser, 70000);
	for (size_t at = 0; at < n && !code; at += step) {
		size_t take = n - at < step ? n - at : step;
		char *exact = malloc(take); // so that the sanitizer sees a read past the end
		memcpy(exact, (const char *)bytes + at, take);
		code = ws_parser_feed(&parser, exact, take, &events, NULL);
		free(exact);
	}
	ws_parser_fini(&parser);
	return code;
}

static void gives(const void *bytes, size_t n, int code, const char *wanted)
{
	for (size_t step = 1; step <= n; step += n - 1) {
		assert_int_equal(feed(bytes, n, step), code);
		if (wanted) assert_string_equal(story.p ? story.p : "", wanted);
	}
}
#define GIVES(bytes, code, wanted) gives(bytes, sizeof bytes - 1, code, wanted)

// A mask of zeros, and one that is not.
#define M0 "\0\0\0\0"
#define M1 "\x01\x02\x03\x04"

static void frames_become_messages(void **state)
{
	GIVES("\x81\x82" M0 "hi", 0, "(hi)");
	GIVES("\x81\x80" M0, 0, "()");
	GIVES("\x81\x85" M1 "\x69\x67\x6f\x68\x6e", 0, "(hello)");
	GIVES("\x01\x82" M0 "hi\x00\x81" M0 " \x80\x83" M0 "you\x81\x81" M0 "!", 0, "(hi you)(!)");
	GIVES("\x01\x82" M0 "hi\x89\x81" M0 "p\x80\x80" M0, 0, "pingp;(hi)");
	GIVES("\x8a\x80" M0 "\x88\x82" M0 "ab", 0, "pong;closeab;");
}

static void long_frames_are_taken(void **state)
{
	static char bytes[70100];
	memcpy(bytes, "\x81\xfe\x01\x00" M0, 8);
	memset(bytes + 8, 'a', 256);
	assert_int_equal(feed(bytes, 264, 100), 0);
	assert_int_equal(story.n, 258);
	memcpy(bytes, "\x81\xff\0\0\0\0\0\x01\x00\x01" M0, 14);
	memset(bytes + 14, 'a', 65537);
	assert_int_equal(feed(bytes, 14 + 65537, 4096), 0);
	assert_int_equal(story.n, 65539);
	assert_int_equal(feed(bytes, 14 + 65537, sizeof bytes), 0);
	assert_int_equal(story.n, 65539);
}

static void broken_rules_are_1002(void **state)
{
	GIVES("\x81\x02hi", 1002, "");                     // not masked
	GIVES("\xc1\x82" M0 "hi", 1002, "");               // an extension's bit
	GIVES("\x83\x80" M0, 1002, "");                    // a reserved opcode
	GIVES("\x8b\x80" M0, 1002, "");                    // a reserved control opcode
	GIVES("\x80\x80" M0, 1002, "");                    // a continuation of nothing
	GIVES("\x01\x81" M0 "a\x81\x81" M0 "b", 1002, ""); // a new message inside one
	GIVES("\x09\x80" M0, 1002, "");                    // a control frame in fragments
	GIVES("\x89\xfe\x00\x7e" M0, 1002, "");            // a control frame too long
	GIVES("\x81\xfe\x00\x02" M0 "hi", 1002, "");       // a length not in its shortest form
	GIVES("\x81\xff\0\0\0\0\0\0\x01\x00" M0 "hi", 1002, "");
}

static void other_refusals_have_their_codes(void **state)
{
	GIVES("\x82\x81" M0 "b", 1003, "");
	GIVES("\x81\x82" M0 "\xc3\x28", 1007, "");
	GIVES("\x81\x81" M0 "\xc3", 1007, "");
	GIVES("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff" M0, 1009, "");
	GIVES("\x81\xff\x80\0\0\0\0\0\0\0" M0, 1009, "");
	static char many[71000];
	size_t n = 0;
	for (int i = 0; i < 8; i++, n += 8 + 9000) {
		memcpy(many + n, i ? "\x00\xfe\x23\x28" M0 : "\x01\xfe\x23\x28" M0, 8);
		memset(many + n + 8, 'a', n + 9008 < sizeof many ? 9000 : 0);
		if (n + 9008 >= sizeof many) break;
	}
	assert_int_equal(feed(many, n + 8, 5000), 1009);
}

static void utf8_may_be_cut_by_fragments(void **state)
{
	GIVES("\x01\x81" M0 "\xc3\x80\x81" M0 "\xa9", 0, "(\xc3\xa9)");
}

static void nothing_comes_after_a_stop(void **state) { GIVES("\x81\x84" M0 "stop\x81\x82" M0 "hi", 0, "(stop)"); }

static void unmasking_works_from_any_place(void **state)
{
	static const uint8_t mask[4] = {1, 2, 3, 250};
	for (unsigned from = 0; from < 4; from++)
		for (size_t n = 0; n < 40; n++) {
			char bytes[40];
			for (size_t i = 0; i < n; i++)
				bytes[i] = (char)(i * 7);
			ws_unmask(bytes, n, mask, from);
			for (size_t i = 0; i < n; i++)
				assert_int_equal(bytes[i], (char)((i * 7) ^ mask[(from + i) & 3]));
		}
}

static int tear_down(void **state)
{
	buf_fini(&story);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_become_messages),         cmocka_unit_test(long_frames_are_taken),
		cmocka_unit_test(broken_rules_are_1002),          cmocka_unit_test(other_refusals_have_their_codes),
		cmocka_unit_test(utf8_may_be_cut_by_fragments),   cmocka_unit_test(nothing_comes_after_a_stop),
		cmocka_unit_test(unmasking_works_from_any_place),
	};
	return cmocka_run_group_tests(tests, NULL, tear_down);
}
