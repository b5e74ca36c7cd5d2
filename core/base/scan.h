// SPDX-License-Identifier: Apache-2.0
// Eight bytes at a time: where plain text ends, for UTF-8 and JSON.
#pragma once
#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SCAN_ONES 0x0101010101010101ULL
#define SCAN_HIGHS 0x8080808080808080ULL

static inline uint64_t scan_word(const char *p)
{
	uint64_t w;
	memcpy(&w, p, sizeof w);
	return le64toh(w);
}

// The high bit is set in each byte that JSON does not take as it is: a quote, a backslash, below a blank. Bytes behind
// the first such byte may be wrong, the first one is right.
static inline uint64_t scan_special(uint64_t w)
{
	uint64_t quote = w ^ SCAN_ONES * '"';
	uint64_t backslash = w ^ SCAN_ONES * '\\';
	uint64_t low = (w - SCAN_ONES * ' ') & ~w;
	return (((quote - SCAN_ONES) & ~quote) | ((backslash - SCAN_ONES) & ~backslash) | low) & SCAN_HIGHS;
}

static inline size_t scan_first(uint64_t flags) { return (size_t)__builtin_ctzll(flags) / 8; }

static inline int scan_is_special(unsigned char c) { return c < ' ' || c == '"' || c == '\\'; }

// The first special byte, or `end`. *high_r gets a bit of SCAN_HIGHS if there may be a byte above 127 before it.
static inline const char *scan_string(const char *p, const char *end, uint64_t *high_r)
{
	for (; end - p >= 8; p += 8) {
		uint64_t w = scan_word(p), special = scan_special(w);
		*high_r |= w & SCAN_HIGHS;
		if (special) return p + scan_first(special);
	}
	for (; p < end && !scan_is_special((unsigned char)*p); p++)
		*high_r |= (unsigned char)*p & 0x80;
	return p;
}

// The first byte that is special or above 127, or `end`.
static inline const char *scan_plain(const char *p, const char *end)
{
	for (; end - p >= 8; p += 8) {
		uint64_t w = scan_word(p), stop = scan_special(w) | (w & SCAN_HIGHS);
		if (stop) return p + scan_first(stop);
	}
	while (p < end && !scan_is_special((unsigned char)*p) && (unsigned char)*p < 0x80)
		p++;
	return p;
}

static inline int scan_is_tail(unsigned char c) { return (c & 0xc0) == 0x80; }

// The length of the valid UTF-8 sequence at p (RFC 3629), or 0.
static inline size_t scan_utf8(const char *text, const char *end)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t n = (size_t)(end - text);
	if (p[0] < 0x80) return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4 || n < 2 || !scan_is_tail(p[1])) return 0;
	if (p[0] < 0xe0) return 2;
	if (n < 3 || !scan_is_tail(p[2])) return 0;
	if (p[0] < 0xf0) {
		if (p[0] == 0xe0 && p[1] < 0xa0) return 0; // overlong
		if (p[0] == 0xed && p[1] > 0x9f) return 0; // a surrogate
		return 3;
	}
	if (n < 4 || !scan_is_tail(p[3])) return 0;
	if (p[0] == 0xf0 && p[1] < 0x90) return 0; // overlong
	if (p[0] == 0xf4 && p[1] > 0x8f) return 0; // above U+10FFFF
	return 4;
}
