// SPDX-License-Identifier: Apache-2.0
// timer.set {"after_ms"}: answered when the time is over.
#include "call.h"

#define AFTER_MAX_MS ((int64_t)31 * 24 * 3600 * 1000)

static void timer_due(void *arg) { call_answer(arg, CHANNEL_NONE, NULL, NULL); }

static void timer_start(struct call *c)
{
	const struct json *after = json_get(c->doc, "after_ms");
	if (!json_is(after, JSON_INT) || after->i < 0 || after->i > AFTER_MAX_MS) {
		call_fail(c, CHANNEL_INVALID, "after_ms: should be a whole number, at most 31 days");
		return;
	}
	c->timer.cb = timer_due;
	loop_timer_set(&c->timer, after->i);
}

static void timer_cancel(struct call *c)
{
	loop_timer_clear(&c->timer);
	call_fail(c, CHANNEL_TRANSIENT, "cancelled");
}

const struct service SERVICE_TIMER[] = {{"timer.set", timer_start, timer_cancel, false}, {0}};
