// SPDX-License-Identifier: Apache-2.0
// Tests of allocations and shared objects.
#include "base/mem.h"
#include "testing.h"
#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int n_destroyed;

static void count_destroy(void *obj) { n_destroyed++; }

// Its destructor hands the object out once more, as one does that logs or calls a callback.
static void touch_itself(void *obj)
{
	n_destroyed++;
	mem_unref(mem_ref(obj));
}

static void the_last_unref_destroys(void **state)
{
	n_destroyed = 0;
	int *obj = mem_ref_new(sizeof *obj, count_destroy);
	assert_int_equal(*obj, 0);
	assert_int_equal((uintptr_t)obj % 16, 0);
	assert_ptr_equal(mem_ref(obj), obj);
	assert_int_equal(mem_refs(obj), 2);
	assert_null(mem_unref(obj));
	assert_int_equal(n_destroyed, 0);
	obj = mem_unref(obj);
	assert_int_equal(n_destroyed, 1);
	assert_null(mem_unref(obj));
}

static void a_destructor_may_ref_its_object(void **state)
{
	n_destroyed = 0;
	mem_unref(mem_ref_new(8, touch_itself));
	assert_int_equal(n_destroyed, 1);
	mem_unref(mem_ref_new(8, NULL));
}

static void nothing_is_something(void **state)
{
	void *p = mem_alloc(0);
	p = mem_realloc(p, 0);
	assert_non_null(p);
	mem_free(p);
	p = mem_calloc(0, 8);
	assert_non_null(p);
	mem_free(p);
	mem_free(NULL);
	mem_wipe(NULL, 0);
}

static void copies_strings(void **state)
{
	char *s = mem_strdup("abc");
	assert_string_equal(s, "abc");
	mem_free(s);
	s = mem_strndup("abc", 2);
	assert_string_equal(s, "ab");
	mem_free(s);
	s = mem_strndup("ab", 100);
	assert_string_equal(s, "ab");
	mem_wipe(s, 2);
	assert_memory_equal(s, "\0\0", 3);
	mem_free(s);
}

static void overflow_aborts(void **state)
{
	pid_t child = fork();
	if (!child) {
		struct rlimit none = {0};
		setrlimit(RLIMIT_CORE, &none);
		close(STDERR_FILENO);
		volatile size_t half = SIZE_MAX / 2;
		mem_free(mem_ref_new(half * 2 + 1, NULL));
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_unref_destroys), cmocka_unit_test(a_destructor_may_ref_its_object),
		cmocka_unit_test(nothing_is_something),    cmocka_unit_test(copies_strings),
		cmocka_unit_test(overflow_aborts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
