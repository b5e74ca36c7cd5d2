// SPDX-License-Identifier: Apache-2.0
// A hierarchical timer wheel (eight levels of 64 slots, 1 ms steps): every operation costs the same, however many wait.
#pragma once
#include "loop/loop.h"

#define WHEEL_BITS 6
#define WHEEL_SLOTS (1 << WHEEL_BITS)
#define WHEEL_LEVELS 8 // 2^48 ms
#define WHEEL_NEVER INT64_MAX

// A timer stands at the level of the highest digit (base 64) in which its due time differs from now. So everything of a
// lower level is due before anything of a higher one, and a set bit of `occupied` always lies ahead of now's digit.
struct wheel {
	int64_t now;
	uint64_t occupied[WHEEL_LEVELS];
	struct list slots[WHEEL_LEVELS][WHEEL_SLOTS];
	struct list ready; // due, in order
};

void wheel_init(struct wheel *w, int64_t now);
// Places t by its due_ms. Returns when the wheel must be looked at for its sake (at most its due time).
int64_t wheel_put(struct wheel *w, struct loop_timer *t);
void wheel_remove(struct wheel *w, struct loop_timer *t);
// When the wheel must be looked at next, or WHEEL_NEVER.
int64_t wheel_next(const struct wheel *w);
// Moves to `now`; what became due is appended to `ready` in the order of the due times. A clock gone back is followed.
void wheel_advance(struct wheel *w, int64_t now);
