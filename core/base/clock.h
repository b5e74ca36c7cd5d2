// SPDX-License-Identifier: Apache-2.0
// The one source of time; a test may replace it.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

// Wall clock, UTC, in milliseconds since 1970-01-01.
int64_t clock_now_ms(void);
// Monotonic, in milliseconds and nanoseconds; its zero has no meaning.
int64_t clock_mono_ms(void);
int64_t clock_mono_ns(void);

// From here on both clocks stand still at these values until they are set again (tests, --test-clock).
void clock_fake(int64_t now_ms, int64_t mono_ms);
void clock_advance(int64_t ms); // a faked clock only
bool clock_is_fake(void);
void clock_real(void);

// RFC 3339, UTC, with milliseconds: "2026-11-22T05:14:00.000Z".
// Years 0000 to 9999; what lies beyond becomes the first or last moment.
#define CLOCK_TEXT_MAX 32
size_t clock_format(int64_t ms, char text_r[CLOCK_TEXT_MAX]);
// Accepts RFC 3339 with any offset; what is finer than a millisecond is cut off. 0 or E_INVALID.
int clock_parse(struct str s, int64_t *ms_r);
