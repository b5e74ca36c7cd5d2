// SPDX-License-Identifier: Apache-2.0
// The loop: libuv behind few verbs. One loop thread runs everything that is not named here as running beside it.
#pragma once
#include "base/err.h"
#include "base/list.h"
#include <stdbool.h>
#include <stdint.h>

struct loop;

// Ignores SIGPIPE from here on, for the whole process.
struct loop *loop_new(void);
// Runs until loop_stop was called, or nothing is left to do: no open socket, timer, work, hold or deferred call. Under
// a faked clock a waiting timer does not count as something to do. May be called again.
void loop_run(struct loop *l);
// Any callback may call it: the run ends after this turn.
void loop_stop(struct loop *l);
// Cancels work that has not begun, runs what was posted and deferred, closes what is its own. No timer fires any more.
// Whatever another room left open is logged as an error and closed.
void loop_free(struct loop **l);
bool loop_is_here(const struct loop *l); // true on the loop's own thread

// Called on the loop, never before the starter returned, exactly once.
typedef void (*loop_cb)(void *arg);
// As loop_cb; status is 0 or E_CANCELLED.
typedef void (*loop_done_cb)(int status, void *arg);

// Runs cb at the end of this turn of the loop, in the order of the calls; what is deferred meanwhile runs in the same
// turn (bounded) or the next.
void loop_defer(struct loop *l, loop_cb cb, void *arg);
// As loop_defer, from any thread: one locked queue and one uv_async.
void loop_post(struct loop *l, loop_cb cb, void *arg);
// While it is held the loop does not run dry: for somebody who waits for a loop_post of another thread. On the loop
// only.
void loop_hold(struct loop *l);
void loop_release(struct loop *l);
// Runs `work` on a thread of the pool (8), then `done` on the loop. `name` is for the log.
void loop_work(struct loop *l, const char *name, loop_cb work, loop_done_cb done, void *arg);

// Timers: a wheel of 1 ms steps over one uv_timer, driven by clock_mono_ms (so that a faked clock drives it as well;
// call loop_clock_moved after an advance: what became due runs on the loop's next turn, in the order of the due times).
// A million idle timers cost nothing.
struct loop_timer {
	struct list at;
	int64_t due_ms;
	loop_cb cb;
	void *arg;
	const char *name;
	struct loop *loop;
};
void loop_timer_init(struct loop_timer *t, struct loop *l, const char *name, loop_cb cb, void *arg);
// (Re)starts it, once. Setting a later due time for a running timer is cheap (no wheel move).
void loop_timer_set(struct loop_timer *t, int64_t delay_ms);
void loop_timer_clear(struct loop_timer *t); // fine when it is not set
bool loop_timer_is_set(const struct loop_timer *t);
void loop_clock_moved(struct loop *l);

// Calls cb on the loop whenever the signal arrives; until loop_free.
MUST_USE int loop_signal(struct loop *l, int signum, loop_cb cb, void *arg);

// A callback that takes longer than this is logged by name, "callback NAME took 83 ms". Default 50; 0 = never.
void loop_warn_above_ms(struct loop *l, int64_t ms);
// Wrap a direct libuv callback of another room, so that it is measured too: returns the start to hand to loop_leave.
int64_t loop_enter(struct loop *l);
void loop_leave(struct loop *l, const char *name, int64_t entered);

// A thread that logs the loop's stack when one turn lasts longer than ms (0: 2,000). Off under a faked clock.
void loop_watchdog_start(struct loop *l, int64_t ms);

// Monotonic ms taken once a turn.
int64_t loop_now_ms(const struct loop *l);
