// SPDX-License-Identifier: Apache-2.0
// Tests of the clock and its texts.
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "testing.h"
#include <cmocka.h>
#include <stdio.h>
#include <time.h>

static int64_t parsed(const char *text)
{
	int64_t ms = -1;
	assert_int_equal(clock_parse(str_of(text), &ms), 0);
	return ms;
}

static void real_clocks_move_on(void **state)
{
	assert_false(clock_is_fake());
	int64_t mono = clock_mono_ns(), now = (int64_t)time(NULL) * 1000;
	assert_true(clock_mono_ns() >= mono);
	assert_true(clock_now_ms() >= now - 1000 && clock_now_ms() < now + 60000);
}

static void a_faked_clock_stands_still(void **state)
{
	clock_fake(1000, 50);
	assert_true(clock_is_fake());
	assert_int_equal(clock_now_ms(), 1000);
	assert_int_equal(clock_mono_ms(), 50);
	assert_int_equal(clock_mono_ns(), 50000000);
	clock_advance(7);
	assert_int_equal(clock_now_ms(), 1007);
	assert_int_equal(clock_mono_ms(), 57);
	clock_real();
	assert_false(clock_is_fake());
	assert_true(clock_now_ms() > 1000000000000);
}

static void formats(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{-1, "1969-12-31T23:59:59.999Z"},
		{1795324440000, "2026-11-22T05:14:00.000Z"},
		{951782400123, "2000-02-29T00:00:00.123Z"},
		{-2203891200000, "1900-03-01T00:00:00.000Z"},
		{INT64_MIN, "0000-01-01T00:00:00.000Z"},
		{INT64_MAX, "9999-12-31T23:59:59.999Z"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[CLOCK_TEXT_MAX];
		assert_int_equal(clock_format(rows[i].ms, text), 24);
		assert_string_equal(text, rows[i].text);
	}
}

static void agrees_with_libc_on_every_day(void **state)
{
	for (int64_t day = -800000; day < 2900000; day += 13) {
		time_t t = (time_t)(day * 86400 + 3661);
		struct tm tm;
		gmtime_r(&t, &tm);
		if (tm.tm_year + 1900 < 0 || tm.tm_year + 1900 > 9999) continue;
		char theirs[64], ours[CLOCK_TEXT_MAX];
		snprintf(theirs, sizeof theirs, "%04d-%02d-%02dT%02d:%02d:%02d.000Z", tm.tm_year + 1900, tm.tm_mon + 1,
			 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
		clock_format((int64_t)t * 1000, ours);
		assert_string_equal(ours, theirs);
		assert_int_equal(parsed(ours), (int64_t)t * 1000);
	}
}

// The examples of RFC 3339, section 5.8, and some of our own.
static void parses(void **state)
{
	assert_int_equal(parsed("1985-04-12T23:20:50.52Z"), 482196050520);
	assert_int_equal(parsed("1996-12-19T16:39:57-08:00"), 851042397000);
	assert_int_equal(parsed("1990-12-31T23:59:60Z"), 662688000000);
	assert_int_equal(parsed("1990-12-31T15:59:60-08:00"), 662688000000);
	assert_int_equal(parsed("1937-01-01T12:00:27.87+00:20"), -1041337172130);
	assert_int_equal(parsed("1970-01-01t00:00:00z"), 0);
	assert_int_equal(parsed("1970-01-01 00:00:00.9999999999999+00:00"), 999);
	assert_int_equal(parsed("1970-01-01T00:00:00-00:00"), 0);
	assert_int_equal(parsed("2024-02-29T12:00:00+23:59"), 1709121660000);
}

static void refuses(void **state)
{
	static const char *const bad[] = {
		"",
		"2026-11-22",
		"2026-11-22T05:14:00",
		"2026-11-22T05:14Z",
		"2026-11-22T05:14:00.Z",
		"2026-11-22T05:14:00Z ",
		" 2026-11-22T05:14:00Z",
		"2026-11-22T24:00:00Z",
		"2026-11-22T05:60:00Z",
		"2026-11-22T05:14:60Z",
		"2026-11-22T23:59:61Z",
		"2026-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"2026-01-00T00:00:00Z",
		"2026-04-31T00:00:00Z",
		"2026-11-22T05:14:00+24:00",
		"2026-11-22T05:14:00+01:60",
		"2026-11-22T05:14:00+0100",
		"2026-11-22T05:14:00+01",
		"26-11-22T05:14:00Z",
		"+2026-11-22T05:14:00Z",
		"2026-11-22X05:14:00Z",
		"2026-11-22T-5:14:00Z",
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		int64_t ms = 42;
		assert_int_equal(clock_parse(str_of(bad[i]), &ms), E_INVALID);
		assert_int_equal(ms, 42);
	}
	int64_t ms;
	assert_int_equal(clock_parse(STR_NONE, &ms), E_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_clocks_move_on),
		cmocka_unit_test(a_faked_clock_stands_still),
		cmocka_unit_test(formats),
		cmocka_unit_test(agrees_with_libc_on_every_day),
		cmocka_unit_test(parses),
		cmocka_unit_test(refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
