// SPDX-License-Identifier: Apache-2.0
// Borrowed strings.
#include "base/str.h"
#include "base/err.h"
#include <string.h>

struct str str_of(const char *cstr) { return cstr ? (struct str){cstr, strlen(cstr)} : STR_NONE; }

bool str_eq(struct str a, struct str b) { return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n)); }

bool str_is(struct str a, const char *cstr) { return str_eq(a, str_of(cstr)); }

static unsigned char ascii_lower(char c) { return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c); }

bool str_ieq(struct str a, struct str b)
{
	if (a.n != b.n) return false;
	for (size_t i = 0; i < a.n; i++)
		if (ascii_lower(a.p[i]) != ascii_lower(b.p[i])) return false;
	return true;
}

bool str_starts(struct str s, struct str head) { return s.n >= head.n && str_eq((struct str){s.p, head.n}, head); }

bool str_ends(struct str s, struct str tail)
{
	return s.n >= tail.n && (!tail.n || str_eq((struct str){s.p + s.n - tail.n, tail.n}, tail));
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;
	if (order) return order < 0 ? -1 : 1;
	return a.n == b.n ? 0 : a.n < b.n ? -1 : 1;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

struct str str_trim(struct str s)
{
	while (s.n && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

ptrdiff_t str_find(struct str s, char c)
{
	const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
	return at ? at - s.p : -1;
}

ptrdiff_t str_find_str(struct str s, struct str what)
{
	if (!what.n) return 0;
	const char *at = s.n ? memmem(s.p, s.n, what.p, what.n) : NULL;
	return at ? at - s.p : -1;
}

bool str_cut(struct str *rest, char sep, struct str *head_r)
{
	if (!rest->n) return false;
	ptrdiff_t at = str_find(*rest, sep);
	size_t n = at < 0 ? rest->n : (size_t)at;
	size_t skip = at < 0 ? n : n + 1;
	*head_r = (struct str){rest->p, n};
	rest->p += skip;
	rest->n -= skip;
	return true;
}

int str_to_u64(struct str s, uint64_t *v_r)
{
	if (!s.n) return E_INVALID;
	uint64_t v = 0;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';
		if (digit > 9 || __builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, digit, &v))
			return E_INVALID;
	}
	*v_r = v;
	return 0;
}

int str_to_i64(struct str s, int64_t *v_r)
{
	bool is_negative = s.n && s.p[0] == '-';
	if (is_negative) {
		s.p++;
		s.n--;
	}
	uint64_t v;
	if (str_to_u64(s, &v) || v > (uint64_t)INT64_MAX + is_negative) return E_INVALID;
	*v_r = (int64_t)(is_negative ? 0 - v : v);
	return 0;
}

bool str_eq_secret(struct str a, struct str b)
{
	if (a.n != b.n) return false;
	volatile unsigned char different = 0;
	for (size_t i = 0; i < a.n; i++)
		different |= (unsigned char)(a.p[i] ^ b.p[i]);
	return !different;
}

#define NEAREST_MAX 64

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

// Levenshtein's, with one row; neither is longer than NEAREST_MAX.
static size_t edit_distance(struct str a, struct str b)
{
	size_t row[NEAREST_MAX + 1];
	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t replaced = diagonal + (a.p[i - 1] != b.p[j - 1]);
			diagonal = row[j];
			row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
		}
	}
	return row[b.n];
}

const char *str_nearest(struct str s, const char *const *names, size_t n)
{
	if (s.n > NEAREST_MAX) return NULL;
	const char *best = NULL;
	size_t best_distance = s.n / 3 + 1;
	for (size_t i = 0; i < n; i++) {
		struct str name = str_of(names[i]);
		if (name.n > NEAREST_MAX) continue;
		size_t distance = edit_distance(s, name);
		if (distance >= best_distance) continue;
		best = names[i];
		best_distance = distance;
	}
	return best;
}
