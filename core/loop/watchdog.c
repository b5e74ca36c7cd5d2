// SPDX-License-Identifier: Apache-2.0
// The watchdog: a thread that sees a turn that does not end, and logs where the loop's thread stands.
#include "loop/loop.h"
#include "base/clock.h"
#include "base/log.h"
#include "inside.h"
#include <errno.h>
#include <execinfo.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define FRAMES_MAX 48
#define DEFAULT_MS 2000
// Not used by libuv, libcurl or libpq.
#define SIGNAL_STACK (SIGRTMIN + 3)

struct watchdog {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_stopping;
	int64_t ms;
};

// A signal handler has no argument of ours: one stack is taken at a time, whatever loop it belongs to.
static struct {
	pthread_mutex_t lock;
	sem_t taken;
	void *frames[FRAMES_MAX];
	int n;
} stack = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void on_stack_signal(int signum)
{
	int saved = errno;
	stack.n = backtrace(stack.frames, FRAMES_MAX);
	sem_post(&stack.taken);
	errno = saved;
}

static void install_handler(void)
{
	void *first[1];
	(void)backtrace(first, 1); // loads libgcc now: dlopen inside a signal handler could deadlock
	sem_init(&stack.taken, 0, 0);
	struct sigaction action = {.sa_handler = on_stack_signal, .sa_flags = SA_RESTART};
	sigemptyset(&action.sa_mask);
	sigaction(SIGNAL_STACK, &action, NULL);
}

static struct timespec in_ms(clockid_t clock, int64_t ms)
{
	struct timespec t;
	clock_gettime(clock, &t);
	int64_t ns = t.tv_nsec + ms % 1000 * 1000000;
	return (struct timespec){.tv_sec = t.tv_sec + ms / 1000 + ns / 1000000000, .tv_nsec = ns % 1000000000};
}

// The handler only walks the stack; names and log lines are made here, on the watchdog's thread.
static void log_stack(struct loop *l)
{
	pthread_mutex_lock(&stack.lock);
	while (sem_trywait(&stack.taken) == 0) {}
	pthread_kill(atomic_load(&l->thread), SIGNAL_STACK);
	struct timespec until = in_ms(CLOCK_REALTIME, 1000);
	int failed;
	do
		failed = sem_timedwait(&stack.taken, &until);
	while (failed && errno == EINTR);
	char **names = failed ? NULL : backtrace_symbols(stack.frames, stack.n);
	if (!names) log_error("loop", "its stack could not be taken");
	for (int i = 0; names && i < stack.n; i++)
		log_error("loop", "stuck at #%d %s", i, names[i]);
	free(names);
	pthread_mutex_unlock(&stack.lock);
}

static int64_t real_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// Sleeps a quarter of the limit. False when it is to end.
static bool sleep_a_while(struct watchdog *w)
{
	struct timespec until = in_ms(CLOCK_MONOTONIC, w->ms / 4 + 1);
	pthread_mutex_lock(&w->lock);
	int failed = 0;
	while (!w->is_stopping && failed != ETIMEDOUT)
		failed = pthread_cond_timedwait(&w->changed, &w->lock, &until);
	bool goes_on = !w->is_stopping;
	pthread_mutex_unlock(&w->lock);
	return goes_on;
}

static void *watch(void *arg)
{
	struct loop *l = arg;
	struct watchdog *w = l->watchdog;
	uint64_t seen = 0, told = 0;
	int64_t since = real_ms();
	while (sleep_a_while(w)) {
		uint64_t turn = atomic_load_explicit(&l->turn, memory_order_relaxed);
		if (turn != seen) {
			seen = turn;
			since = real_ms();
		}
		bool is_stuck = (turn & 1) && real_ms() - since >= w->ms;
		if (!is_stuck || told == turn) continue;
		told = turn;
		log_error("loop", "one turn has lasted longer than %lld ms", (long long)w->ms);
		log_stack(l);
	}
	return NULL;
}

void loop_watchdog_start(struct loop *l, int64_t ms)
{
	if (l->watchdog || clock_is_fake()) return;
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, install_handler);
	struct watchdog *w = mem_new(struct watchdog);
	w->ms = ms > 0 ? ms : DEFAULT_MS;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->changed, &attr);
	pthread_condattr_destroy(&attr);
	l->watchdog = w;
	if (!pthread_create(&w->thread, NULL, watch, l)) return;
	log_warn("loop", "no watchdog: its thread cannot be started");
	l->watchdog = NULL;
	mem_free(w);
}

void watchdog_stop(struct loop *l)
{
	struct watchdog *w = l->watchdog;
	if (!w) return;
	pthread_mutex_lock(&w->lock);
	w->is_stopping = true;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	mem_free(w);
	l->watchdog = NULL;
}
