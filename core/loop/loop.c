// SPDX-License-Identifier: Apache-2.0
// The loop's life, and the calls that wait for the end of a turn or come from other threads.
#include "loop/loop.h"
#include "base/clock.h"
#include "base/log.h"
#include "inside.h"
#include <assert.h>
#include <signal.h>
#include <stdlib.h>

// Calls deferred by deferred calls run in the same turn, but not for ever: sockets want their turn, too.
#define ROUNDS_PER_TURN 8
#define THREADS_OF_POOL "8"

void loop_calls_add(struct loop_calls *c, loop_cb cb, void *arg)
{
	if (c->n == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 64;
		c->at = mem_realloc(c->at, c->cap * sizeof *c->at);
	}
	c->at[c->n++] = (struct loop_call){cb, arg};
}

static void calls_swap(struct loop_calls *a, struct loop_calls *b)
{
	struct loop_calls t = *a;
	*a = *b;
	*b = t;
}

static void run_calls(struct loop *l, struct loop_calls *c, const char *name)
{
	int64_t entered = loop_enter(l);
	for (size_t i = 0; i < c->n; i++) {
		c->at[i].cb(c->at[i].arg);
		if (!l->warn_ns) continue;
		loop_leave(l, name, entered);
		entered = clock_mono_ns();
	}
	c->n = 0;
}

static void run_deferred(struct loop *l)
{
	for (int i = 0; i < ROUNDS_PER_TURN && l->deferred.n; i++) {
		calls_swap(&l->deferred, &l->running);
		run_calls(l, &l->running, "deferred");
	}
	if (!l->deferred.n && !l->is_due) uv_idle_stop(&l->idle);
}

static void on_idle(uv_idle_t *h) {}

void loop_keep_turning(struct loop *l) { uv_idle_start(&l->idle, on_idle); }

static void on_prepare(uv_prepare_t *h)
{
	struct loop *l = h->data;
	run_deferred(l);
	loop_turn_ends(l);
}

static void on_check(uv_check_t *h)
{
	struct loop *l = h->data;
	if (l->is_due) loop_timers_run_due(l);
	run_deferred(l);
}

static void run_posted(struct loop *l)
{
	pthread_mutex_lock(&l->lock);
	calls_swap(&l->posted, &l->running);
	pthread_mutex_unlock(&l->lock);
	run_calls(l, &l->running, "posted");
}

static void on_wake(uv_async_t *h) { run_posted(h->data); }

static void die_if(int failed, const char *what)
{
	if (!failed) return;
	log_error("loop", "%s: %s", what, uv_strerror(failed));
	abort();
}

// Handles of ours never keep the loop running by themselves, except idle while something is deferred.
static void open_handles(struct loop *l)
{
	die_if(uv_prepare_init(&l->uv, &l->prepare), "cannot prepare");
	die_if(uv_check_init(&l->uv, &l->check), "cannot check");
	die_if(uv_idle_init(&l->uv, &l->idle), "cannot idle");
	die_if(uv_async_init(&l->uv, &l->wake, on_wake), "cannot wake");
	l->prepare.data = l->check.data = l->idle.data = l->wake.data = l;
	uv_prepare_start(&l->prepare, on_prepare);
	uv_check_start(&l->check, on_check);
	uv_unref((uv_handle_t *)&l->prepare);
	uv_unref((uv_handle_t *)&l->check);
	uv_unref((uv_handle_t *)&l->wake);
}

struct loop *loop_new(void)
{
	setenv("UV_THREADPOOL_SIZE", THREADS_OF_POOL, 0);
	signal(SIGPIPE, SIG_IGN); // libuv writes to sockets without MSG_NOSIGNAL
	struct loop *l = mem_new(struct loop);
	die_if(uv_loop_init(&l->uv), "cannot make a loop");
	l->uv.data = l;
	atomic_store(&l->thread, pthread_self());
	pthread_mutex_init(&l->lock, NULL);
	list_init(&l->works);
	list_init(&l->signals);
	l->scratch = mem_alloc(LOOP_SCRATCH);
	open_handles(l);
	loop_timers_init(l);
	loop_warn_above_ms(l, 50);
	return l;
}

void loop_run(struct loop *l)
{
	atomic_store(&l->thread, pthread_self());
	uv_run(&l->uv, UV_RUN_DEFAULT);
	loop_turn_ends(l);
}

void loop_stop(struct loop *l) { uv_stop(&l->uv); }

bool loop_is_here(const struct loop *l) { return pthread_equal(atomic_load(&l->thread), pthread_self()); }

static void close_if_foreign(uv_handle_t *h, void *arg)
{
	struct loop *l = arg;
	void *const ours[] = {&l->prepare, &l->check, &l->idle, &l->wake, &l->timer};
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (ours[i] == (void *)h) return;
	if (uv_is_closing(h)) return;
	log_error("loop", "a %s was left open", uv_handle_type_name(uv_handle_get_type(h)));
	uv_close(h, NULL);
}

static void close_handles(struct loop *l)
{
	loop_timers_end(l);
	uv_unref((uv_handle_t *)&l->wake);
	loop_signals_free(l);
	uv_walk(&l->uv, close_if_foreign, l);
	uv_run(&l->uv, UV_RUN_DEFAULT); // what others are closing comes to its end while we can still defer
	void *const ours[] = {&l->prepare, &l->check, &l->idle, &l->wake, &l->timer};
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		uv_close(ours[i], NULL);
	uv_run(&l->uv, UV_RUN_DEFAULT);
	die_if(uv_loop_close(&l->uv), "cannot close the loop");
}

void loop_free(struct loop **lp)
{
	struct loop *l = *lp;
	if (!l) return;
	*lp = NULL;
	watchdog_stop(l);
	loop_works_cancel(l);
	run_posted(l);
	close_handles(l);
	pthread_mutex_destroy(&l->lock);
	mem_free(l->deferred.at);
	mem_free(l->running.at);
	mem_free(l->posted.at);
	mem_free(l->scratch);
	mem_free(l);
}

void loop_defer(struct loop *l, loop_cb cb, void *arg)
{
	assert(loop_is_here(l));
	if (!l->deferred.n) loop_keep_turning(l);
	loop_calls_add(&l->deferred, cb, arg);
}

void loop_post(struct loop *l, loop_cb cb, void *arg)
{
	pthread_mutex_lock(&l->lock);
	loop_calls_add(&l->posted, cb, arg);
	pthread_mutex_unlock(&l->lock);
	uv_async_send(&l->wake);
}

void loop_hold(struct loop *l)
{
	if (l->n_holds++ == 0) uv_ref((uv_handle_t *)&l->wake);
}

void loop_release(struct loop *l)
{
	assert(l->n_holds > 0);
	if (--l->n_holds == 0) uv_unref((uv_handle_t *)&l->wake);
}

void loop_warn_above_ms(struct loop *l, int64_t ms) { l->warn_ns = ms * 1000000; }

int64_t loop_enter(struct loop *l)
{
	uint64_t turn = atomic_load_explicit(&l->turn, memory_order_relaxed);
	if (!(turn & 1)) atomic_store_explicit(&l->turn, turn + 1, memory_order_relaxed);
	return l->warn_ns ? clock_mono_ns() : 0;
}

void loop_leave(struct loop *l, const char *name, int64_t entered)
{
	if (!l->warn_ns) return;
	int64_t took = clock_mono_ns() - entered;
	if (took > l->warn_ns) log_warn("loop", "callback %s took %lld ms", name, (long long)(took / 1000000));
}

void loop_turn_ends(struct loop *l)
{
	uint64_t turn = atomic_load_explicit(&l->turn, memory_order_relaxed);
	if (turn & 1) atomic_store_explicit(&l->turn, turn + 1, memory_order_relaxed);
}

int64_t loop_now_ms(const struct loop *l) { return clock_is_fake() ? clock_mono_ms() : (int64_t)uv_now(&l->uv); }

uv_loop_t *loop_uv(struct loop *l) { return &l->uv; }

char *loop_scratch(struct loop *l) { return l->scratch; }
