// SPDX-License-Identifier: Apache-2.0
// UTF-8 (RFC 3629).
#include "base/str.h"
#include "scan.h"

bool utf8_valid(struct str s)
{
	if (!s.n) return true;
	const char *p = s.p, *end = s.p + s.n;
	while (p < end) {
		if (end - p >= 8 && !(scan_word(p) & SCAN_HIGHS)) {
			p += 8;
			continue;
		}
		size_t n = scan_utf8(p, end);
		if (!n) return false;
		p += n;
	}
	return true;
}

bool utf8_valid_text(struct str s) { return utf8_valid(s) && (!s.n || !memchr(s.p, 0, s.n)); }

size_t utf8_length(struct str s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += !scan_is_tail((unsigned char)s.p[i]);
	return n;
}

struct str utf8_cut(struct str s, size_t n)
{
	if (n >= s.n) return s;
	size_t cut = n;
	while (cut && n - cut < 3 && scan_is_tail((unsigned char)s.p[cut]))
		cut--;
	// More tails than a code point has: it is no UTF-8, any place will do.
	if (scan_is_tail((unsigned char)s.p[cut])) cut = n;
	return (struct str){s.p, cut};
}
