// SPDX-License-Identifier: Apache-2.0
// Threads with a queue.
#include "lane.h"
#include "base/log.h"
#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define THREADS_MAX 4

struct lane_thread {
	struct lane *lane;
	void *tool;
	pthread_t id;
};

struct lane {
	struct loop *loop;
	pthread_mutex_t lock; // of jobs and is_over
	pthread_cond_t wake;
	struct list jobs;
	bool is_over;
	struct lane_thread threads[THREADS_MAX];
	size_t n;
};

static struct lane_job *next_job(struct lane *la)
{
	pthread_mutex_lock(&la->lock);
	while (list_is_empty(&la->jobs) && !la->is_over)
		pthread_cond_wait(&la->wake, &la->lock);
	struct list *at = list_pop(&la->jobs);
	pthread_mutex_unlock(&la->lock);
	return at ? list_entry(at, struct lane_job, at) : NULL;
}

static void *run_thread(void *arg)
{
	struct lane_thread *t = arg;
	for (struct lane_job *job; (job = next_job(t->lane));) {
		loop_cb done =
			job->done; // without it the job may be pushed again, or be gone, as soon as its work is over
		job->work(job, t->tool);
		if (done) loop_post(t->lane->loop, done, job);
	}
	return NULL;
}

// Signals are the loop thread's.
static void start(struct lane_thread *t, const char *name)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&t->id, NULL, run_thread, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed) {
		log_error("store", "cannot start the thread %s", name);
		abort();
	}
	pthread_setname_np(t->id, name);
}

struct lane *db_lane_new(struct loop *l, const char *name, void *const *tools, size_t n)
{
	assert(n && n <= THREADS_MAX);
	struct lane *la = mem_new(struct lane);
	la->loop = l;
	la->n = n;
	list_init(&la->jobs);
	pthread_mutex_init(&la->lock, NULL);
	pthread_cond_init(&la->wake, NULL);
	for (size_t i = 0; i < n; i++) {
		la->threads[i] = (struct lane_thread){.lane = la, .tool = tools[i]};
		start(&la->threads[i], name);
	}
	return la;
}

void db_lane_push(struct lane *la, struct lane_job *job)
{
	pthread_mutex_lock(&la->lock);
	list_append(&la->jobs, &job->at);
	pthread_cond_signal(&la->wake);
	pthread_mutex_unlock(&la->lock);
}

void lane_free(struct lane **lap)
{
	struct lane *la = *lap;
	if (!la) return;
	*lap = NULL;
	pthread_mutex_lock(&la->lock);
	la->is_over = true;
	pthread_cond_broadcast(&la->wake);
	pthread_mutex_unlock(&la->lock);
	for (size_t i = 0; i < la->n; i++)
		pthread_join(la->threads[i].id, NULL);
	pthread_cond_destroy(&la->wake);
	pthread_mutex_destroy(&la->lock);
	mem_free(la);
}
