// SPDX-License-Identifier: Apache-2.0
// Timers: the wheel over one uv_timer.
#include "loop/loop.h"
#include "base/clock.h"
#include "inside.h"
#include <assert.h>

// 34 years: below the wheel's reach, so that no due time overflows it.
#define DELAY_MAX ((int64_t)1 << 40)

static void on_timer(uv_timer_t *h);

// What is due already waits for this turn's poll: a uv_timer of 0 ms set in a timer's callback would fire again before
// any socket had its turn. A faked clock does not move by itself: nothing else needs a turn then.
static void arm(struct loop *l)
{
	if (l->is_ending) return;
	int64_t next = wheel_next(&l->wheel);
	l->is_due = next <= l->wheel.now;
	if (l->is_due) loop_keep_turning(l);
	if (l->is_due || next == WHEEL_NEVER || clock_is_fake()) {
		if (l->armed_ms != WHEEL_NEVER) uv_timer_stop(&l->timer);
		l->armed_ms = WHEEL_NEVER;
		return;
	}
	if (next == l->armed_ms) return;
	l->armed_ms = next;
	int64_t delay = next - loop_now_ms(l);
	uv_timer_start(&l->timer, on_timer, delay > 1 ? (uint64_t)delay : 1, 0);
}

static void fire(struct loop *l, struct loop_timer *t)
{
	int64_t entered = loop_enter(l);
	const char *name = t->name; // the callback may free the timer
	t->cb(t->arg);
	loop_leave(l, name, entered);
}

// Only what is due before the first callback runs: a timer that sets itself to 0 ms waits for the next turn.
static void run_due(struct loop *l)
{
	wheel_advance(&l->wheel, loop_now_ms(l));
	struct list due;
	list_init(&due);
	list_move_all(&due, &l->wheel.ready);
	for (struct list *at; (at = list_pop(&due));) {
		struct loop_timer *t = list_entry(at, struct loop_timer, at);
		if (t->due_ms > l->wheel.now)
			wheel_put(&l->wheel, t); // it was set later since
		else
			fire(l, t);
	}
}

static void on_timer(uv_timer_t *h)
{
	struct loop *l = h->data;
	l->armed_ms = WHEEL_NEVER;
	run_due(l);
	arm(l);
}

void loop_timers_run_due(struct loop *l)
{
	run_due(l);
	arm(l);
}

void loop_timers_init(struct loop *l)
{
	wheel_init(&l->wheel, loop_now_ms(l));
	l->armed_ms = WHEEL_NEVER;
	uv_timer_init(&l->uv, &l->timer);
	l->timer.data = l;
}

void loop_timers_end(struct loop *l)
{
	l->is_ending = true;
	l->is_due = false;
	uv_timer_stop(&l->timer);
}

void loop_timer_init(struct loop_timer *t, struct loop *l, const char *name, loop_cb cb, void *arg)
{
	*t = (struct loop_timer){.loop = l, .name = name, .cb = cb, .arg = arg};
	list_init(&t->at);
}

void loop_timer_set(struct loop_timer *t, int64_t delay_ms)
{
	struct loop *l = t->loop;
	assert(loop_is_here(l));
	if (delay_ms < 0) delay_ms = 0;
	if (delay_ms > DELAY_MAX) delay_ms = DELAY_MAX;
	int64_t now = loop_now_ms(l), due = now + delay_ms;
	// It stands too early then: the wheel looks at it and moves it on.
	if (list_is_linked(&t->at) && due >= t->due_ms && now >= l->wheel.now) {
		t->due_ms = due;
		return;
	}
	wheel_remove(&l->wheel, t);
	wheel_advance(&l->wheel, now);
	t->due_ms = due;
	if (wheel_put(&l->wheel, t) < l->armed_ms || !list_is_empty(&l->wheel.ready)) arm(l);
}

void loop_timer_clear(struct loop_timer *t)
{
	if (t->loop) wheel_remove(&t->loop->wheel, t);
}

bool loop_timer_is_set(const struct loop_timer *t) { return list_is_linked(&t->at); }

void loop_clock_moved(struct loop *l)
{
	wheel_advance(&l->wheel, loop_now_ms(l));
	arm(l);
}
