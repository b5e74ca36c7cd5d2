// SPDX-License-Identifier: Apache-2.0
// Tests of the log's lines.
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "testing.h"
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char last[4096];
static enum log_level last_level;
static int n_lines;

static void take(enum log_level level, const char *line, void *arg)
{
	assert_ptr_equal(arg, last);
	snprintf(last, sizeof last, "%s", line);
	last_level = level;
	n_lines++;
}

static int capture_lines(void **state)
{
	n_lines = 0;
	last[0] = 0;
	clock_fake(1795324440000, 0);
	log_set_level(LOG_INFO);
	log_capture(take, last);
	return 0;
}

static int restore(void **state)
{
	log_capture(NULL, NULL);
	log_set_level(LOG_INFO);
	clock_real();
	return 0;
}

static void a_line_names_time_level_and_object(void **state)
{
	log_info("inbox 42", "opened %d", 7);
	assert_string_equal(last, "2026-11-22T05:14:00.000Z info  inbox 42: opened 7");
	assert_int_equal(last_level, LOG_INFO);
	log_error(NULL, "alone");
	assert_string_equal(last, "2026-11-22T05:14:00.000Z error alone");
}

static void quieter_levels_are_not_written(void **state)
{
	log_debug("x", "no");
	assert_int_equal(n_lines, 0);
	log_set_level(LOG_DEBUG);
	log_debug("x", "yes");
	assert_int_equal(n_lines, 1);
	log_set_level(LOG_ERROR);
	log_warn("x", "no");
	assert_int_equal(n_lines, 1);
	assert_true(log_is_on(LOG_ERROR));
	assert_false(log_is_on(LOG_WARN));
}

static void control_characters_are_escaped(void **state)
{
	log_info("a\nb", "%s", "x\x1b[31m\r\n\t\x7f\xc2\x9b\xff \xd0\x96");
	assert_string_equal(last + 31, "a\\x0ab: x\\x1b[31m\\x0d\\x0a\\x09\\x7f\\xc2\\x9b\\xff \xd0\x96");
}

static void a_long_line_is_cut_between_characters(void **state)
{
	char text[5000];
	for (size_t i = 0; i < sizeof text - 2; i += 2)
		memcpy(text + i, "\xd0\x96", 3);
	log_info("x", "%s", text);
	assert_in_range(strlen(last), 1998, 1999);
	assert_true(utf8_valid(str_of(last)));
	memset(text, '\n', sizeof text - 1);
	text[sizeof text - 1] = 0;
	log_info("x", "%s", text);
	assert_string_equal(last + strlen(last) - 4, "\\x0a");
	assert_in_range(strlen(last), 1996, 1999);
}

static void errno_is_kept(void **state)
{
	errno = ENOENT;
	log_info("x", "%m");
	assert_non_null(strstr(last, strerror(ENOENT)));
	assert_int_equal(errno, ENOENT);
}

static void levels_have_names(void **state)
{
	enum log_level level = LOG_WARN;
	assert_int_equal(log_level_parse(STR("debug"), &level), 0);
	assert_int_equal(level, LOG_DEBUG);
	assert_int_equal(log_level_parse(STR("Debug"), &level), E_INVALID);
	assert_int_equal(log_level_parse(STR_NONE, &level), E_INVALID);
	assert_int_equal(level, LOG_DEBUG);
}

static void count(enum log_level level, const char *line, void *arg) { ++*(int *)arg; }

static void *log_many(void *arg)
{
	for (int i = 0; i < 500; i++)
		log_info("thread", "line %d", i);
	return NULL;
}

static void any_thread_may_log(void **state)
{
	int n = 0;
	log_capture(count, &n);
	pthread_t threads[4];
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_create(&threads[i], NULL, log_many, NULL);
	log_set_level(LOG_DEBUG);
	clock_advance(1);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(n, 2000);
}

// Lines of several threads on a pipe: each is whole.
static void lines_are_written_whole(void **state)
{
	FILE *f = tmpfile();
	int saved = dup(STDERR_FILENO);
	fflush(stderr);
	log_capture(NULL, NULL);
	fcntl(fileno(f), F_SETFL, O_APPEND);
	dup2(fileno(f), STDERR_FILENO);
	pthread_t threads[3];
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_create(&threads[i], NULL, log_many, NULL);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(f);
	char line[256];
	int n = 0;
	for (; fgets(line, sizeof line, f); n++) {
		assert_memory_equal(line, "2026-11-22T05:14:00.000Z info  thread: line ", 44);
		assert_int_equal(line[strlen(line) - 1], '\n');
	}
	assert_int_equal(n, 1500);
	fclose(f);
}

#define CAPTURED(f) cmocka_unit_test_setup_teardown(f, capture_lines, restore)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CAPTURED(a_line_names_time_level_and_object),
		CAPTURED(quieter_levels_are_not_written),
		CAPTURED(control_characters_are_escaped),
		CAPTURED(a_long_line_is_cut_between_characters),
		CAPTURED(errno_is_kept),
		CAPTURED(levels_have_names),
		CAPTURED(any_thread_may_log),
		CAPTURED(lines_are_written_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
