// SPDX-License-Identifier: Apache-2.0
// A turn that does not end is logged with the place where it stands.
#include "loop/loop.h"
#include "base/clock.h"
#include "base/log.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static atomic_bool has_begun, has_stack;

static void take_line(enum log_level level, const char *line, void *arg)
{
	if (strstr(line, "one turn has lasted longer than 20 ms")) atomic_store(&has_begun, true);
	if (strstr(line, "stuck at #3")) atomic_store(&has_stack, true);
}

static void be_stuck(void *arg)
{
	int64_t until = clock_mono_ms() + 20000;
	while (!atomic_load(&has_stack) && clock_mono_ms() < until)
		usleep(1000);
}

static void a_stuck_turn_is_logged_with_its_stack(void **state)
{
	log_capture(take_line, NULL);
	struct loop *l = loop_new();
	loop_warn_above_ms(l, 0);
	loop_watchdog_start(l, 20);
	loop_defer(l, be_stuck, NULL);
	loop_run(l);
	loop_free(&l);
	log_capture(NULL, NULL);
	assert_true(atomic_load(&has_begun));
	assert_true(atomic_load(&has_stack));
}

static void a_faked_clock_has_no_watchdog(void **state)
{
	clock_fake(1, 1);
	struct loop *l = loop_new();
	loop_watchdog_start(l, 20);
	loop_free(&l);
	clock_real();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stuck_turn_is_logged_with_its_stack),
		cmocka_unit_test(a_faked_clock_has_no_watchdog),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
