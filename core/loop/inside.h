// SPDX-License-Identifier: Apache-2.0
// What the files of this room share: the loop's own parts.
#pragma once
#include "loop/loop.h"
#include "loop/uv.h"
#include "wheel.h"
#include <pthread.h>
#include <stdatomic.h>

struct loop_call {
	loop_cb cb;
	void *arg;
};

// Calls that wait, in their order.
struct loop_calls {
	struct loop_call *at;
	size_t n, cap;
};

struct watchdog;

struct loop {
	uv_loop_t uv;
	uv_prepare_t prepare;
	uv_check_t check;
	uv_idle_t idle; // runs while something is deferred or due, so that the poll does not wait
	uv_async_t wake;
	uv_timer_t timer;
	_Atomic(pthread_t) thread;
	struct wheel wheel;
	int64_t armed_ms; // when uv_timer will fire; INT64_MAX: not armed
	bool is_due;      // the end of this turn has timers to run
	bool is_ending;   // in loop_free: no timer fires any more
	struct loop_calls deferred, running;
	pthread_mutex_t lock; // of posted
	struct loop_calls posted;
	struct list works, signals;
	int n_holds;
	int64_t warn_ns;
	// Odd while a turn is inside callbacks, even while it polls: all that the watchdog has to look at.
	_Atomic uint64_t turn;
	struct watchdog *watchdog;
	char *scratch;
};

void loop_calls_add(struct loop_calls *c, loop_cb cb, void *arg);
// The turn's callbacks are over; the loop will poll.
void loop_turn_ends(struct loop *l);

// The next poll does not wait.
void loop_keep_turning(struct loop *l);

void loop_timers_init(struct loop *l);
void loop_timers_run_due(struct loop *l);
void loop_timers_end(struct loop *l);
void loop_works_cancel(struct loop *l);
void loop_signals_free(struct loop *l);
void watchdog_stop(struct loop *l);
