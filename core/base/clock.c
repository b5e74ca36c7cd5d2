// SPDX-License-Identifier: Apache-2.0
// The clock, real or faked, and RFC 3339.
#include "base/clock.h"
#include "base/err.h"
#include <assert.h>
#include <stdatomic.h>
#include <time.h>

#define DAY_MS 86400000LL
#define YEAR_0_MS (-62167219200000LL)  // 0000-01-01T00:00:00.000Z
#define YEAR_9999_MS 253402300799999LL // 9999-12-31T23:59:59.999Z

static atomic_bool is_faked;
static _Atomic int64_t fake_now_ms, fake_mono_ms;

static int64_t read_ns(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_now_ms(void)
{
	if (atomic_load(&is_faked)) return atomic_load(&fake_now_ms);
	return read_ns(CLOCK_REALTIME) / 1000000;
}

int64_t clock_mono_ns(void)
{
	if (atomic_load(&is_faked)) return atomic_load(&fake_mono_ms) * 1000000;
	return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_mono_ms(void) { return clock_mono_ns() / 1000000; }

void clock_fake(int64_t now_ms, int64_t mono_ms)
{
	atomic_store(&fake_now_ms, now_ms);
	atomic_store(&fake_mono_ms, mono_ms);
	atomic_store(&is_faked, true);
}

void clock_advance(int64_t ms)
{
	assert(clock_is_fake());
	atomic_fetch_add(&fake_now_ms, ms);
	atomic_fetch_add(&fake_mono_ms, ms);
}

bool clock_is_fake(void) { return atomic_load(&is_faked); }

void clock_real(void) { atomic_store(&is_faked, false); }

// The calendar, after Howard Hinnant's "chrono-compatible low-level date algorithms": the year begins in March, an era
// has 400 years. Not libc's, which knows time zones, locales and years of any length.
struct date {
	int year, month, day; // month and day from 1
};

static struct date date_of_days(int64_t days)
{
	int64_t z = days + 719468; // since 0000-03-01
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t day = z - era * 146097;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	day -= 365 * year + year / 4 - year / 100;
	int month = (int)((5 * day + 2) / 153); // 0: March
	struct date d = {(int)(year + era * 400), month < 10 ? month + 3 : month - 9, 0};
	d.day = (int)(day - (153 * month + 2) / 5) + 1;
	d.year += d.month <= 2;
	return d;
}

static int64_t days_of_date(struct date d)
{
	int64_t year = d.year - (d.month <= 2);
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t in_era = year - era * 400;
	int64_t day = (153 * (d.month > 2 ? d.month - 3 : d.month + 9) + 2) / 5 + d.day - 1;
	return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + day - 719468;
}

static void put_digits(char *to, unsigned v, int n)
{
	for (; n; v /= 10)
		to[--n] = (char)('0' + v % 10);
}

size_t clock_format(int64_t ms, char text_r[CLOCK_TEXT_MAX])
{
	if (ms < YEAR_0_MS) ms = YEAR_0_MS;
	if (ms > YEAR_9999_MS) ms = YEAR_9999_MS;
	int64_t days = ms / DAY_MS - (ms % DAY_MS < 0);
	unsigned rest = (unsigned)(ms - days * DAY_MS);
	struct date d = date_of_days(days);
	static const char form[] = "0000-00-00T00:00:00.000Z";
	for (size_t i = 0; i < sizeof form; i++)
		text_r[i] = form[i];
	put_digits(text_r, (unsigned)d.year, 4);
	put_digits(text_r + 5, (unsigned)d.month, 2);
	put_digits(text_r + 8, (unsigned)d.day, 2);
	put_digits(text_r + 11, rest / 3600000, 2);
	put_digits(text_r + 14, rest / 60000 % 60, 2);
	put_digits(text_r + 17, rest / 1000 % 60, 2);
	put_digits(text_r + 20, rest % 1000, 3);
	return sizeof form - 1;
}

// Takes exactly n digits off the front; -1 when they are not there.
static int take_digits(struct str *s, size_t n)
{
	if (s->n < n) return -1;
	int v = 0;
	for (size_t i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9') return -1;
		v = v * 10 + (s->p[i] - '0');
	}
	s->p += n;
	s->n -= n;
	return v;
}

static bool take_char(struct str *s, const char *one_of)
{
	for (; s->n && *one_of; one_of++) {
		if (*s->p != *one_of) continue;
		s->p++;
		s->n--;
		return true;
	}
	return false;
}

static bool is_date(struct date d)
{
	static const int last[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	if (d.year < 0 || d.month < 1 || d.month > 12 || d.day < 1) return false;
	bool is_leap = d.year % 4 == 0 && (d.year % 100 || d.year % 400 == 0);
	return d.day <= last[d.month - 1] + (d.month == 2 && is_leap);
}

static int take_date(struct str *s, int64_t *days_r)
{
	struct date d = {take_digits(s, 4), 0, 0};
	if (!take_char(s, "-")) return E_INVALID;
	d.month = take_digits(s, 2);
	if (!take_char(s, "-")) return E_INVALID;
	d.day = take_digits(s, 2);
	if (!is_date(d)) return E_INVALID;
	*days_r = days_of_date(d);
	return 0;
}

// ".123456": digits behind the third are cut off.
static int take_fraction(struct str *s, int *ms_r)
{
	int ms = 0, digits = 0;
	for (int digit; (digit = take_digits(s, 1)) >= 0; digits++)
		if (digits < 3) ms = ms * 10 + digit;
	if (!digits) return E_INVALID;
	for (; digits < 3; digits++)
		ms *= 10;
	*ms_r = ms;
	return 0;
}

static int take_offset(struct str *s, int *minutes_r)
{
	*minutes_r = 0;
	if (take_char(s, "Zz")) return 0;
	int sign = s->n && *s->p == '-' ? -1 : 1;
	if (!take_char(s, "+-")) return E_INVALID;
	int hours = take_digits(s, 2);
	if (!take_char(s, ":")) return E_INVALID;
	int minutes = take_digits(s, 2);
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return E_INVALID;
	*minutes_r = sign * (hours * 60 + minutes);
	return 0;
}

// A leap second (RFC 3339 5.7) stands at 23:59:60 UTC; it becomes the second after it, as POSIX counts.
static bool is_time(int hour, int minute, int second, int offset)
{
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0) return false;
	if (second < 60) return true;
	int utc_minute = (hour * 60 + minute - offset + 2 * 1440) % 1440;
	return second == 60 && utc_minute == 1439;
}

int clock_parse(struct str s, int64_t *ms_r)
{
	int64_t days;
	int ms = 0, offset;
	if (take_date(&s, &days) || !take_char(&s, "Tt ")) return E_INVALID;
	int hour = take_digits(&s, 2);
	if (!take_char(&s, ":")) return E_INVALID;
	int minute = take_digits(&s, 2);
	if (!take_char(&s, ":")) return E_INVALID;
	int second = take_digits(&s, 2);
	if (take_char(&s, ".") && take_fraction(&s, &ms)) return E_INVALID;
	if (take_offset(&s, &offset) || s.n) return E_INVALID;
	if (!is_time(hour, minute, second, offset)) return E_INVALID;
	*ms_r = days * DAY_MS + ((hour * 60 + minute - offset) * 60LL + second) * 1000 + ms;
	return 0;
}
