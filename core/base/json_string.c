// SPDX-License-Identifier: Apache-2.0
// Reads JSON strings: a plain run is found eight bytes at a time and copied at once; escapes take the longer way.
#include "json_inside.h"
#include "scan.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9') return c - '0';
	if (c >= 'a' && c <= 'f') return c - 'a' + 10;
	if (c >= 'A' && c <= 'F') return c - 'A' + 10;
	return -1;
}

// Four hex digits, or -1.
static int read_hex4(const char *p, const char *end)
{
	if (end - p < 4) return -1;
	int a = hex_value(p[0]), b = hex_value(p[1]), c = hex_value(p[2]), d = hex_value(p[3]);
	return (a | b | c | d) < 0 ? -1 : a << 12 | b << 8 | c << 4 | d;
}

static char *put_utf8(char *to, unsigned c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*to++ = (char)(0xe0 | c >> 12);
		} else {
			*to++ = (char)(0xf0 | c >> 18);
			*to++ = (char)(0x80 | (c >> 12 & 63));
		}
		*to++ = (char)(0x80 | (c >> 6 & 63));
	}
	*to++ = (char)(0x80 | (c & 63));
	return to;
}

// The code point of the pair whose first half is `high`, behind which p stands; -1: there is no second half.
static int decode_pair(int high, const char **p, const char *end)
{
	bool has_low = high < 0xdc00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u';
	int low = has_low ? read_hex4(*p + 2, end) : -1;
	if (low < 0xdc00 || low > 0xdfff) return -1;
	*p += 6;
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

// At the digits behind \u. Returns what is wrong, or NULL.
static const char *decode_unicode(const char **p, const char *end, char **to, bool mends)
{
	int c = read_hex4(*p, end);
	if (c < 0) return "\\u wants four hex digits";
	if (!c && !mends) return "\\u0000 is not taken";
	*p += 4;
	if (c >= 0xd800 && c <= 0xdfff) c = decode_pair(c, p, end);
	if (c < 0 && !mends) return "half a surrogate pair";
	*to = put_utf8(*to, c > 0 ? (unsigned)c : 0xfffd);
	return NULL;
}

// At a backslash.
static const char *decode_escape(const char **p, const char *end, char **to, bool mends)
{
	static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
	char c = (*p)[1];
	*p += 2;
	if (c == 'u') return decode_unicode(p, end, to, mends);
	const char *known = c ? strchr(from, c) : NULL;
	if (!known) return "no such escape";
	*(*to)++ = into[known - from];
	return NULL;
}

// The end of the raw string that begins at p, or NULL when it has none: *stop_r is then where it broke off.
static const char *find_end(const char *p, const char *end, uint64_t *high_r, const char **stop_r)
{
	for (;;) {
		p = scan_string(p, end, high_r);
		*stop_r = p;
		if (p == end) return NULL;
		if (*p == '"') return p;
		if (*p != '\\' || end - p < 2) return NULL;
		p += 2;
	}
}

static int decode(struct json_reader *r, struct str raw, struct str *s_r)
{
	// An escape is never shorter than what it means.
	char *text = arena_take_bytes(r->a, raw.n + 1), *to = text;
	const char *end = raw.p + raw.n;
	for (const char *p = raw.p; p < end;) {
		uint64_t high = 0;
		const char *stop = scan_string(p, end, &high);
		memcpy(to, p, (size_t)(stop - p));
		to += stop - p;
		p = stop;
		if (p == end) break;
		const char *wrong = decode_escape(&p, end, &to, r->mends);
		if (wrong) return json_fail(r, stop, E_INVALID, wrong);
	}
	*to = 0;
	*s_r = (struct str){text, (size_t)(to - text)};
	arena_give_back(r->a, text, raw.n + 1, s_r->n + 1);
	return 0;
}

int json_read_string(struct json_reader *r, struct str *s_r)
{
	const char *p = r->at + 1, *stop;
	uint64_t high = 0;
	const char *first = scan_string(p, r->end, &high);
	const char *end = first < r->end && *first == '"' ? first : find_end(first, r->end, &high, &stop);
	if (!end) {
		bool is_control = stop < r->end && *stop != '\\';
		return json_fail(r, stop, E_INVALID,
				 is_control ? "a control character in a string" : "a string without an end");
	}
	struct str raw = {p, (size_t)(end - p)};
	if (high && !utf8_valid(raw)) return json_fail(r, p, E_INVALID, "a string that is not UTF-8");
	r->at = end + 1;
	if (first != end) return decode(r, raw, s_r);
	*s_r = (struct str){arena_take_bytes(r->a, raw.n + 1), raw.n};
	char *text = (char *)s_r->p;
	memcpy(text, raw.p, raw.n);
	text[raw.n] = 0;
	return 0;
}
