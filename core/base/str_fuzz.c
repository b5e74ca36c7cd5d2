// SPDX-License-Identifier: Apache-2.0
// Small readers of outside bytes: UTF-8, base64, hexadecimal, numbers, times, settings, and the log's escapes.
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/mem.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(truth) require(truth, #truth, __LINE__)

static void require(bool is_true, const char *what, int line)
{
	if (is_true) return;
	fprintf(stderr, "str_fuzz.c:%d: not so: %s\n", line, what);
	abort();
}

// RFC 3629 said another way: decode, then ask whether the code point may be written with so many bytes.
static bool is_utf8(const unsigned char *p, size_t n)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	while (n) {
		size_t len = *p < 0x80 ? 1 : *p >> 5 == 6 ? 2 : *p >> 4 == 14 ? 3 : *p >> 3 == 30 ? 4 : 0;
		if (!len || len > n) return false;
		uint32_t c = len == 1 ? *p : *p & (0x7fu >> len);
		for (size_t i = 1; i < len; i++) {
			if (p[i] >> 6 != 2) return false;
			c = c << 6 | (p[i] & 0x3f);
		}
		if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return false;
		p += len;
		n -= len;
	}
	return true;
}

static void check_utf8(struct str s)
{
	bool is_valid = utf8_valid(s);
	REQUIRE(is_valid == is_utf8((const unsigned char *)s.p, s.n));
	for (size_t n = 0; n <= s.n; n++) {
		struct str cut = utf8_cut(s, n);
		REQUIRE(cut.n <= n && n - cut.n < 4);
		if (is_valid) REQUIRE(utf8_valid(cut));
	}
	REQUIRE(utf8_length(s) <= s.n);
}

// What decodes, encodes to the same text again; what was encoded, decodes.
static void check_base64(struct str s)
{
	struct buf there = {0}, back = {0};
	base64_encode(&there, s);
	REQUIRE(base64_decode(&back, buf_str(&there)) == 0 && str_eq(buf_str(&back), s));
	buf_reset(&there);
	buf_reset(&back);
	base64url_encode(&there, s);
	REQUIRE(base64_decode(&back, buf_str(&there)) == 0 && str_eq(buf_str(&back), s));
	buf_reset(&there);
	buf_reset(&back);
	if (base64_decode(&there, s)) {
		REQUIRE(buf_str(&there).n == 0);
	} else {
		struct str text = s;
		while (text.n && text.p[text.n - 1] == '=')
			text.n--;
		base64url_encode(&back, buf_str(&there));
		REQUIRE(back.n == text.n);
		for (size_t i = 0; i < text.n; i++) {
			char c = text.p[i] == '+' ? '-' : text.p[i] == '/' ? '_' : text.p[i];
			REQUIRE(back.p[i] == c);
		}
	}
	buf_fini(&there);
	buf_fini(&back);
}

static void check_hex(struct str s)
{
	struct buf there = {0}, back = {0};
	hex_encode(&there, s);
	REQUIRE(there.n == 2 * s.n && hex_decode(&back, buf_str(&there)) == 0 && str_eq(buf_str(&back), s));
	buf_reset(&there);
	buf_reset(&back);
	if (!hex_decode(&there, s)) {
		hex_encode(&back, buf_str(&there));
		REQUIRE(str_ieq(buf_str(&back), s));
	}
	buf_fini(&there);
	buf_fini(&back);
}

static void check_clock(struct str s)
{
	int64_t ms, again;
	if (clock_parse(s, &ms)) return;
	if (ms < -62167219200000 || ms > 253402300799999) return; // an offset led out of the years that have a text
	char text[CLOCK_TEXT_MAX];
	size_t n = clock_format(ms, text);
	REQUIRE(n == 24 && clock_parse((struct str){text, n}, &again) == 0 && again == ms);
}

static void check_numbers(struct str s)
{
	char *text = mem_strndup(s.p ? s.p : "", s.n);
	bool is_plain = strlen(text) == s.n && s.n && strspn(text, "0123456789") == s.n;
	uint64_t v;
	int64_t i;
	errno = 0;
	unsigned long long theirs = strtoull(text, NULL, 10);
	bool is_number = is_plain && !errno;
	REQUIRE(is_number == (str_to_u64(s, &v) == 0));
	if (is_number) REQUIRE(v == theirs);
	if (!str_to_i64(s, &i)) REQUIRE(i == strtoll(text, NULL, 10));
	mem_free(text);
}

static void check_cut(struct str s)
{
	size_t n = 0;
	for (struct str rest = s, head; str_cut(&rest, ',', &head);) {
		REQUIRE(str_find(head, ',') < 0);
		n += head.n + 1;
	}
	REQUIRE(n == s.n || n == s.n + 1);
}

static void check_settings(struct str s)
{
	struct values {
		char *text;
		int64_t number, size, time;
		bool flag;
		int one;
	} values;
	static const char *const names[] = {"red", "green", NULL};
	static const struct setting table[] = {
		{"a.text", SETTING_STRING, offsetof(struct values, text), "x"},
		{"a.number", SETTING_INT, offsetof(struct values, number), "5", -9, 99},
		{"b.size", SETTING_SIZE, offsetof(struct values, size), "1k", 1, 1 << 30},
		{"b.time", SETTING_DURATION, offsetof(struct values, time), "1s"},
		{"flag", SETTING_BOOL, offsetof(struct values, flag), "true"},
		{"one", SETTING_ENUM, offsetof(struct values, one), "green", 0, 0, names},
	};
	struct err e;
	const struct settings settings = {table, ARRAY_LEN(table), &values};
	settings_init(&settings);
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (settings_set(&settings, str_of(table[i].name), s, NULL, &e)) REQUIRE(e.code == E_INVALID);
	REQUIRE(values.size >= 1 && values.size <= 1 << 30 && values.time >= 0 && values.one < 2);
	if (settings_set(&settings, s, STR("true"), NULL, &e)) REQUIRE(e.code < 0);
	settings_fini(&settings);
}

static void take_line(enum log_level level, const char *line, void *arg)
{
	size_t n = strlen(line);
	REQUIRE(n < 2000 && is_utf8((const unsigned char *)line, n));
	for (size_t i = 0; i < n; i++)
		REQUIRE((unsigned char)line[i] >= ' ' && line[i] != 0x7f);
}

static void check_log(struct str s)
{
	log_capture(take_line, NULL);
	log_error("fuzz", "%.*s", STR_ARG(s));
	log_capture(NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = {(const char *)data, size};
	check_utf8(s);
	check_base64(s);
	check_hex(s);
	check_clock(s);
	check_numbers(s);
	check_cut(s);
	check_settings(s);
	check_log(s);
	return 0;
}
