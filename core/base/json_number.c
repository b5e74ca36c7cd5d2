// SPDX-License-Identifier: Apache-2.0
// Numbers of JSON, from text and back, with fast ways for what is common and libc's for the rest.
#include "base/mem.h"
#include "json_inside.h"
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_MAX (1ULL << 53) // each whole number up to here is a double
#define SCALE_MAX 22           // so is each of these powers of ten

static const double POWERS[SCALE_MAX + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
					     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// Whatever locale a library sets, the decimal point is a point.
static locale_t c_locale;
static pthread_once_t locale_once = PTHREAD_ONCE_INIT;

static void make_locale(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", NULL);
	if (!c_locale) abort();
}

static double text_to_double(struct str s)
{
	pthread_once(&locale_once, make_locale);
	char text[64];
	char *p = s.n < sizeof text ? text : mem_alloc(s.n + 1);
	memcpy(p, s.p, s.n);
	p[s.n] = 0;
	double d = strtod_l(p, NULL, c_locale);
	if (p != text) mem_free(p);
	return d;
}

// A number in pieces: its digits are worth mantissa * 10^scale when there are at most 19 of them.
struct pieces {
	uint64_t mantissa;
	int n_digits; // without leading zeros; stops counting far above 19
	int64_t scale;
};

static inline bool is_digit(const char *p, const char *end) { return p < end && *p >= '0' && *p <= '9'; }

static const char *take_digits(const char *p, const char *end, struct pieces *n)
{
	for (; is_digit(p, end); p++) {
		n->mantissa = n->mantissa * 10 + (uint64_t)(*p - '0'); // may wrap: the count tells
		n->n_digits += (n->n_digits || *p != '0') && n->n_digits < 100;
	}
	return p;
}

// Behind "e"; NULL when there are no digits.
static const char *take_exponent(const char *p, const char *end, struct pieces *n)
{
	bool is_negative = p < end && *p == '-';
	if (p < end && (*p == '-' || *p == '+')) p++;
	if (!is_digit(p, end)) return NULL;
	int64_t exponent = 0;
	for (; is_digit(p, end); p++)
		if (exponent < 1000000000) exponent = exponent * 10 + (*p - '0');
	n->scale += is_negative ? -exponent : exponent;
	return p;
}

static bool to_double_exactly(const struct pieces *n, double *d_r)
{
	if (n->n_digits > 19 || n->mantissa > EXACT_MAX || n->scale > SCALE_MAX || n->scale < -SCALE_MAX) return false;
	// Both are exact, so that the one rounding of the division or product is the right one.
	double d = (double)n->mantissa;
	*d_r = n->scale < 0 ? d / POWERS[-n->scale] : d * POWERS[n->scale];
	return true;
}

static int finish_real(struct json_reader *r, const char *end, const struct pieces *n, const struct json **v_r)
{
	double d;
	if (to_double_exactly(n, &d)) {
		if (*r->at == '-') d = -d;
	} else {
		d = text_to_double((struct str){r->at, (size_t)(end - r->at)});
		if (isinf(d)) return json_fail(r, r->at, E_INVALID, "a number too large");
	}
	struct json *v = json_new(r->a, JSON_REAL, 0);
	v->d = d;
	r->at = end;
	*v_r = v;
	return 0;
}

int json_read_number(struct json_reader *r, const struct json **v_r)
{
	const char *p = r->at, *end = r->end;
	bool is_negative = *p == '-';
	const char *whole = p + is_negative;
	struct pieces n = {0};
	p = take_digits(whole, end, &n);
	if (p == whole) return json_fail(r, p, E_INVALID, "a minus without digits");
	if (*whole == '0' && p - whole > 1) return json_fail(r, whole, E_INVALID, "a number with a leading zero");

	bool is_whole = p == end || (*p != '.' && *p != 'e' && *p != 'E');
	if (is_whole && n.n_digits <= 19 && n.mantissa <= (uint64_t)INT64_MAX + is_negative) {
		struct json *v = json_new(r->a, JSON_INT, 0);
		v->i = (int64_t)(is_negative ? 0 - n.mantissa : n.mantissa);
		r->at = p;
		*v_r = v;
		return 0;
	}
	if (p < end && *p == '.') {
		const char *fraction = ++p;
		p = take_digits(fraction, end, &n);
		if (p == fraction) return json_fail(r, p, E_INVALID, "a point without digits");
		n.scale = fraction - p;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		const char *exponent = p + 1;
		p = take_exponent(exponent, end, &n);
		if (!p) return json_fail(r, exponent, E_INVALID, "an exponent without digits");
	}
	return finish_real(r, p, &n, v_r);
}

// The fewest decimals that read back as d; false when more than nine are needed or d is large.
static bool write_decimals(struct buf *b, double d)
{
	for (int n = 0; n <= 9; n++) {
		double scaled = d * POWERS[n];
		if (scaled >= 1e15) return false;
		uint64_t whole = (uint64_t)(scaled + 0.5);
		if ((double)whole / POWERS[n] != d) continue;
		uint64_t unit = (uint64_t)POWERS[n];
		buf_add_u64(b, whole / unit);
		buf_add_char(b, '.');
		if (!n) buf_add_char(b, '0');
		for (uint64_t rest = whole % unit; n > 0; n--, rest %= unit) {
			unit /= 10;
			buf_add_char(b, (char)('0' + rest / unit));
		}
		return true;
	}
	return false;
}

// "1.5e+07" becomes "1.5e7", and what looks like an integer gets its ".0" back.
static void tidy(char *text)
{
	char *e = strchr(text, 'e');
	if (!e) {
		if (!strchr(text, '.')) strcat(text, ".0");
		return;
	}
	char *to = e + 1, *from = e + 1;
	if (*from == '-') *to++ = '-';
	from++;
	while (*from == '0')
		from++;
	memmove(to, from, strlen(from) + 1);
}

static void write_shortest(struct buf *b, double d)
{
	pthread_once(&locale_once, make_locale);
	locale_t before = uselocale(c_locale);
	char text[40];
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text - 2, "%.*g", digits, d);
		if (strtod(text, NULL) == d) break;
	}
	uselocale(before);
	tidy(text);
	buf_add(b, str_of(text));
}

void json_write_real(struct buf *b, double d)
{
	if (!isfinite(d)) {
		buf_add(b, STR("null"));
		return;
	}
	if (signbit(d)) {
		buf_add_char(b, '-');
		d = -d;
	}
	if (!write_decimals(b, d)) write_shortest(b, d);
}
