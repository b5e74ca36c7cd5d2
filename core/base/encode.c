// SPDX-License-Identifier: Apache-2.0
// base64 and base64url (RFC 4648), hexadecimal.
#include "base/err.h"
#include "base/str.h"

static const char STANDARD[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void finish(struct buf *b, const char *end)
{
	b->n = (size_t)(end - b->p);
	b->p[b->n] = 0;
}

// Whole groups of three; returns where the next character goes.
static char *encode_groups(char *to, const unsigned char *p, size_t n, const char *alphabet)
{
	for (; n >= 3; n -= 3, p += 3) {
		uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		*to++ = alphabet[v >> 18];
		*to++ = alphabet[v >> 12 & 63];
		*to++ = alphabet[v >> 6 & 63];
		*to++ = alphabet[v & 63];
	}
	return to;
}

// The one or two bytes that are left.
static char *encode_tail(char *to, const unsigned char *p, size_t n, const char *alphabet)
{
	if (!n) return to;
	uint32_t v = (uint32_t)p[0] << 16 | (n == 2 ? (uint32_t)p[1] << 8 : 0);
	*to++ = alphabet[v >> 18];
	*to++ = alphabet[v >> 12 & 63];
	if (n == 2) *to++ = alphabet[v >> 6 & 63];
	return to;
}

static char *encode(struct buf *b, struct str s, const char *alphabet)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t left = s.n % 3, whole = s.n - left;
	char *to = buf_reserve(b, whole / 3 * 4 + 4);
	to = encode_groups(to, p, whole, alphabet);
	return left ? encode_tail(to, p + whole, left, alphabet) : to;
}

void base64_encode(struct buf *b, struct str s)
{
	char *to = encode(b, s, STANDARD);
	for (size_t left = s.n % 3; left && left < 3; left++)
		*to++ = '=';
	finish(b, to);
}

void base64url_encode(struct buf *b, struct str s) { finish(b, encode(b, s, URL)); }

// 0..63, or 64 for what stands in neither alphabet.
static unsigned base64_digit(unsigned char c)
{
	if (c >= 'A' && c <= 'Z') return c - 'A';
	if (c >= 'a' && c <= 'z') return c - 'a' + 26u;
	if (c >= '0' && c <= '9') return c - '0' + 52u;
	if (c == '+' || c == '-') return 62;
	if (c == '/' || c == '_') return 63;
	return 64;
}

// Takes the padding off; false when there is some, but not as much as belongs there.
static bool drop_padding(struct str *s)
{
	size_t all = s->n;
	while (s->n && all - s->n < 2 && s->p[s->n - 1] == '=')
		s->n--;
	return all == s->n || all % 4 == 0;
}

int base64_decode(struct buf *b, struct str s)
{
	if (!drop_padding(&s) || s.n % 4 == 1) return E_INVALID;
	char *to = buf_reserve(b, s.n / 4 * 3 + 2);
	uint32_t bits = 0;
	unsigned n_bits = 0;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = base64_digit((unsigned char)s.p[i]);
		if (digit > 63) goto invalid;
		bits = bits << 6 | digit;
		n_bits += 6;
		if (n_bits < 8) continue;
		n_bits -= 8;
		*to++ = (char)(bits >> n_bits);
	}
	// Two texts must not mean the same bytes: what is left over has to be zero.
	if (bits & ((1u << n_bits) - 1)) goto invalid;
	finish(b, to);
	return 0;
invalid:
	b->p[b->n] = 0;
	return E_INVALID;
}

void hex_encode(struct buf *b, struct str s)
{
	static const char digits[] = "0123456789abcdef";
	char *to = buf_reserve(b, 2 * s.n);
	for (size_t i = 0; i < s.n; i++) {
		*to++ = digits[(unsigned char)s.p[i] >> 4];
		*to++ = digits[(unsigned char)s.p[i] & 15];
	}
	finish(b, to);
}

static unsigned hex_digit(unsigned char c)
{
	if (c >= '0' && c <= '9') return c - '0';
	if (c >= 'a' && c <= 'f') return c - 'a' + 10u;
	if (c >= 'A' && c <= 'F') return c - 'A' + 10u;
	return 16;
}

int hex_decode(struct buf *b, struct str s)
{
	if (s.n % 2) return E_INVALID;
	char *to = buf_reserve(b, s.n / 2);
	for (size_t i = 0; i < s.n; i += 2) {
		unsigned high = hex_digit((unsigned char)s.p[i]), low = hex_digit((unsigned char)s.p[i + 1]);
		if (high > 15 || low > 15) {
			b->p[b->n] = 0;
			return E_INVALID;
		}
		*to++ = (char)(high << 4 | low);
	}
	finish(b, to);
	return 0;
}
