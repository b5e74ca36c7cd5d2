// SPDX-License-Identifier: Apache-2.0
// What tests of the room have in common: the world's struct, its log, and waiting for facts.
#pragma once
#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "channel/channel.h"
#include "host.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef TEST_PLUGINS
#define TEST_PLUGINS "tests/plugins"
#endif

// How the fake port treats commits.
enum commit_way { COMMIT_SOON, COMMIT_HELD, COMMIT_FAILS };

struct world {
	struct loop *loop;
	struct http_client *client;
	struct http_server *server;   // ours: hooks and live
	struct http_server *provider; // theirs
	struct channels *c;
	struct buf log;      // every line logged
	struct buf commits;  // one line a commit: the events and puts as JSON
	struct buf signals;  // one line each
	struct buf requests; // what the provider was asked, one line each
	int n_commits, n_requests, n_answers_owed;
	enum commit_way way;
	int commit_status;
	struct channel_commit *held[16];
	size_t n_held;
	struct smap *kv;
	int provider_status;
	const char *provider_body;
	int64_t provider_delay_ms;
	const char *provider_header;
	struct world_live *live; // live_test.c
	bool is_closed;
};

// Threads of plugins log, too.
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

static inline void world_log(enum log_level level, const char *line, void *arg)
{
	struct world *w = arg;
	pthread_mutex_lock(&log_lock);
	buf_printf(&w->log, "%d %s\n", level, line);
	pthread_mutex_unlock(&log_lock);
	if (getenv("VERBOSE")) fprintf(stderr, "    %s\n", line);
}

static inline bool has(const struct buf *b, const char *text)
{
	pthread_mutex_lock(&log_lock);
	bool is_there = b->n && strstr(b->p, text);
	pthread_mutex_unlock(&log_lock);
	return is_there;
}

static inline int count_of(const struct buf *b, const char *text)
{
	int n = 0;
	pthread_mutex_lock(&log_lock);
	for (const char *at = b->n ? b->p : NULL; at && (at = strstr(at, text)); at += strlen(text))
		n++;
	pthread_mutex_unlock(&log_lock);
	return n;
}

// ---- waiting for facts ------------------------------------------------------------------------------------------

struct wait {
	struct world *w;
	bool (*is_true)(struct world *w, void *arg);
	void *arg;
	struct loop_timer timer;
	int64_t until;
	bool is_over;
};

static inline void wait_look(void *arg)
{
	struct wait *wt = arg;
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	wt->is_over = wt->is_true(wt->w, wt->arg);
	if (wt->is_over || t.tv_sec > wt->until)
		loop_stop(wt->w->loop);
	else
		loop_timer_set(&wt->timer, clock_is_fake() ? 0 : 1);
}

static inline bool world_wait(struct world *w, bool (*is_true)(struct world *w, void *arg), void *arg)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	struct wait wt = {.w = w, .is_true = is_true, .arg = arg, .until = t.tv_sec + 20};
	loop_timer_init(&wt.timer, w->loop, "wait", wait_look, &wt);
	loop_timer_set(&wt.timer, 0);
	loop_run(w->loop);
	loop_timer_clear(&wt.timer);
	return wt.is_over;
}

struct wait_text {
	const struct buf *b;
	const char *text;
	int times;
};

static inline bool text_is_there(struct world *w, void *arg)
{
	(void)w;
	struct wait_text *t = arg;
	return count_of(t->b, t->text) >= t->times;
}

static inline void wait_text(struct world *w, const struct buf *b, const char *text, int times)
{
	struct wait_text t = {b, text, times};
	if (!world_wait(w, text_is_there, &t)) {
		fprintf(stderr, "waited in vain for %d of: %s\nlog:\n%s\ncommits:\n%s\n", times, text,
			w->log.p ? w->log.p : "", w->commits.p ? w->commits.p : "");
		fail();
	}
}

static inline void wait_log(struct world *w, const char *text) { wait_text(w, &w->log, text, 1); }

static inline bool turns_are_over(struct world *w, void *arg)
{
	(void)w;
	return --*(int *)arg < 0;
}

// Lets what is on its way arrive: some turns of the loop.
static inline void world_turns(struct world *w, int n) { assert_true(world_wait(w, turns_are_over, &n)); }
