// SPDX-License-Identifier: Apache-2.0
// The loop's promises: what is deferred, posted, worked, timed and signalled.
#include "loop/loop.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct loop *l;
static char story[256]; // what happened, one letter each
static char logged[4096];

static void tell(void *letter) { strcat(story, letter); }

static void take_line(enum log_level level, const char *line, void *arg)
{
	if (strlen(logged) + strlen(line) + 2 < sizeof logged) strcat(strcat(logged, line), "\n");
}

static int set_up(void **state)
{
	story[0] = logged[0] = 0;
	log_capture(take_line, NULL);
	l = loop_new();
	loop_warn_above_ms(l, 0);
	return 0;
}

static int tear_down(void **state)
{
	loop_free(&l);
	log_capture(NULL, NULL);
	clock_real();
	return logged[0] != 0;
}

static void stop(void *arg) { loop_stop(l); }

static void defer_again(void *arg)
{
	tell("b");
	loop_defer(l, tell, "d");
}

static void deferred_calls_run_in_order_and_later(void **state)
{
	loop_defer(l, tell, "a");
	loop_defer(l, defer_again, NULL);
	loop_defer(l, tell, "c");
	assert_string_equal(story, "");
	loop_run(l);
	assert_string_equal(story, "abcd");
}

static int defers_left;
static void defer_for_ever(void *arg)
{
	if (--defers_left) loop_defer(l, defer_for_ever, NULL);
}

static void a_chain_of_deferred_calls_lets_timers_through(void **state)
{
	struct loop_timer t;
	loop_timer_init(&t, l, "stop", stop, NULL);
	loop_timer_set(&t, 0);
	defers_left = 1000;
	loop_defer(l, defer_for_ever, NULL);
	loop_run(l);
	assert_true(defers_left > 0);
	loop_run(l);
	assert_int_equal(defers_left, 0);
}

static void *post_from_thread(void *arg)
{
	assert_false(loop_is_here(l));
	for (int i = 0; i < 1000; i++)
		loop_post(l, arg, &defers_left);
	loop_post(l, stop, NULL);
	return NULL;
}

static void count(void *n)
{
	assert_true(loop_is_here(l));
	++*(int *)n;
}

static void posts_come_from_other_threads(void **state)
{
	pthread_t thread;
	defers_left = 0;
	loop_hold(l);
	pthread_create(&thread, NULL, post_from_thread, count);
	loop_run(l);
	loop_release(l);
	pthread_join(thread, NULL);
	loop_run(l);
	assert_int_equal(defers_left, 1000);
}

static void work_elsewhere(void *arg) { *(bool *)arg = !loop_is_here(l); }

static void work_is_done(int status, void *arg)
{
	assert_int_equal(status, 0);
	assert_true(loop_is_here(l));
	tell("w");
}

static void work_runs_beside_the_loop(void **state)
{
	bool was_elsewhere = false;
	loop_work(l, "test", work_elsewhere, work_is_done, &was_elsewhere);
	loop_run(l);
	assert_true(was_elsewhere);
	assert_string_equal(story, "w");
}

static pthread_barrier_t barrier;
static void work_waits(void *arg)
{
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
}

static int n_done, n_cancelled;
static void count_done(int status, void *arg)
{
	n_done++;
	// the running ones are let go only when every other is cancelled, so that no thread of the pool gets hold of
	// one
	if (status == E_CANCELLED && ++n_cancelled == 5) pthread_barrier_wait(&barrier);
}

static void freeing_cancels_work_that_has_not_begun(void **state)
{
	n_done = n_cancelled = 0;
	pthread_barrier_init(&barrier, NULL, 9); // the pool's eight threads and this one
	for (int i = 0; i < 8; i++)
		loop_work(l, "test", work_waits, count_done, NULL);
	for (int i = 0; i < 5; i++)
		loop_work(l, "test", work_waits, count_done, NULL);
	pthread_barrier_wait(&barrier);
	loop_free(&l);
	pthread_barrier_destroy(&barrier);
	assert_int_equal(n_done, 13);
	assert_int_equal(n_cancelled, 5);
}

static struct loop_timer a, b, c;

static void timers_follow_a_faked_clock(void **state)
{
	clock_fake(1000, 50);
	loop_timer_init(&a, l, "a", tell, "a");
	loop_timer_init(&b, l, "b", tell, "b");
	loop_timer_init(&c, l, "c", tell, "c");
	loop_timer_set(&a, 3000);
	loop_timer_set(&b, 1000);
	loop_timer_set(&c, 86400000);
	loop_run(l);
	assert_string_equal(story, "");
	clock_advance(999);
	loop_clock_moved(l);
	loop_run(l);
	assert_string_equal(story, "");
	clock_advance(2001);
	loop_clock_moved(l);
	assert_string_equal(story, "");
	loop_run(l);
	assert_string_equal(story, "ba");
	assert_true(loop_timer_is_set(&c));
	assert_false(loop_timer_is_set(&a));
	loop_timer_clear(&c);
	assert_false(loop_timer_is_set(&c));
}

static void clear_b(void *arg)
{
	tell("a");
	loop_timer_clear(&b);
	loop_timer_set(&c, 10);
}

static void a_timer_may_change_others_that_are_due(void **state)
{
	clock_fake(1000, 50);
	loop_timer_init(&a, l, "a", clear_b, NULL);
	loop_timer_init(&b, l, "b", tell, "b");
	loop_timer_init(&c, l, "c", tell, "c");
	loop_timer_set(&a, 5);
	loop_timer_set(&b, 6);
	loop_timer_set(&c, 7);
	clock_advance(8);
	loop_clock_moved(l);
	loop_run(l);
	assert_string_equal(story, "a");
	clock_advance(10);
	loop_clock_moved(l);
	loop_run(l);
	assert_string_equal(story, "ac");
}

static void setting_again_moves_the_due_time(void **state)
{
	clock_fake(1000, 50);
	loop_timer_init(&a, l, "a", tell, "a");
	loop_timer_set(&a, 100);
	loop_timer_set(&a, 5000);
	clock_advance(4999);
	loop_clock_moved(l);
	loop_run(l);
	assert_string_equal(story, "");
	loop_timer_set(&a, 0);
	loop_run(l);
	assert_string_equal(story, "a");
}

static void set_again(void *arg) { loop_timer_set(&a, 0); }

static void a_timer_of_0_ms_for_ever_lets_others_through(void **state)
{
	loop_timer_init(&a, l, "a", set_again, NULL);
	loop_timer_set(&a, 0);
	loop_post(l, stop, NULL);
	loop_run(l);
	clock_fake(1000, 50);
	loop_post(l, stop, NULL);
	loop_run(l);
	loop_timer_clear(&a);
}

static int64_t fired_at;
static void note_time(void *arg) { fired_at = clock_mono_ms(); }

static void a_real_timer_is_never_early(void **state)
{
	loop_timer_init(&a, l, "a", note_time, NULL);
	loop_timer_init(&b, l, "b", tell, "b");
	int64_t from = clock_mono_ms();
	loop_timer_set(&a, 20);
	loop_timer_set(&b, 1);
	loop_run(l);
	assert_true(fired_at - from >= 19); // the loop's own ms may have begun a part of one earlier
	assert_string_equal(story, "b");
}

static void raise_it(void *arg) { raise(SIGUSR1); }

static void got_signal(void *arg)
{
	tell("s");
	loop_release(l);
}

static void signals_become_callbacks(void **state)
{
	assert_int_equal(loop_signal(l, SIGUSR1, got_signal, NULL), 0);
	assert_int_equal(loop_signal(l, SIGKILL, got_signal, NULL), E_INVALID);
	loop_hold(l);
	loop_defer(l, raise_it, NULL);
	loop_run(l);
	assert_string_equal(story, "s");
}

static void be_slow(void *arg)
{
	int64_t until = clock_mono_ns() + 3000000;
	while (clock_mono_ns() < until) {}
}

static void a_slow_callback_is_logged_by_name(void **state)
{
	loop_warn_above_ms(l, 2);
	loop_timer_init(&a, l, "sweep", be_slow, NULL);
	loop_timer_set(&a, 0);
	loop_run(l);
	assert_non_null(strstr(logged, "callback sweep took"));
	logged[0] = 0;
	loop_warn_above_ms(l, 0);
	loop_timer_set(&a, 0);
	loop_run(l);
	assert_string_equal(logged, "");
}

static void sigpipe_is_ignored(void **state)
{
	struct sigaction now;
	sigaction(SIGPIPE, NULL, &now);
	assert_true(now.sa_handler == SIG_IGN);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(deferred_calls_run_in_order_and_later),
		TEST(a_chain_of_deferred_calls_lets_timers_through),
		TEST(posts_come_from_other_threads),
		TEST(work_runs_beside_the_loop),
		TEST(freeing_cancels_work_that_has_not_begun),
		TEST(timers_follow_a_faked_clock),
		TEST(a_timer_may_change_others_that_are_due),
		TEST(setting_again_moves_the_due_time),
		TEST(a_timer_of_0_ms_for_ever_lets_others_through),
		TEST(a_real_timer_is_never_early),
		TEST(signals_become_callbacks),
		TEST(a_slow_callback_is_logged_by_name),
		TEST(sigpipe_is_ignored),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
