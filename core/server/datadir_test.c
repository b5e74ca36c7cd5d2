// SPDX-License-Identifier: Apache-2.0
// The data folder: made once, kept, locked, and closed to others.
#include "server/datadir.h"
#include "base/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
// needs the four above
#include <cmocka.h>

static char parent[64], folder[80];

static int set_up(void **state)
{
	strcpy(parent, "/tmp/beseda-datadir-XXXXXX");
	assert_non_null(mkdtemp(parent));
	snprintf(folder, sizeof folder, "%s/data", parent);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];
	snprintf(command, sizeof command, "rm -rf %s", parent);
	return system(command);
}

static void key_and_name_are_made_once(void **state)
{
	struct datadir a, b;
	struct err e = {0};
	assert_int_equal(datadir_open(&a, folder, &e), 0);
	datadir_close(&a);
	assert_int_equal(datadir_open(&a, folder, &e), 0);
	struct datadir kept = a;
	datadir_close(&a);
	assert_int_equal(datadir_open(&b, folder, &e), 0);
	assert_memory_equal(b.key, kept.key, sizeof b.key);
	assert_string_equal(b.instance, kept.instance);
	assert_int_equal(strlen(b.instance), 32);
	struct stat st;
	char *path = datadir_path(&b, "key");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	mem_free(path);
	datadir_close(&b);
}

static void a_second_server_is_told_whose_folder_it_is(void **state)
{
	struct datadir a, b;
	struct err e = {0};
	char pid[32];
	assert_int_equal(datadir_open(&a, folder, &e), 0);
	assert_int_equal(datadir_open(&b, folder, &e), E_BUSY);
	snprintf(pid, sizeof pid, "(pid %d)", (int)getpid());
	assert_non_null(strstr(e.text, pid));
	datadir_close(&a);
	assert_int_equal(datadir_open(&b, folder, &e), 0);
	datadir_close(&b);
}

static void a_key_that_others_may_read_is_refused(void **state)
{
	struct datadir a;
	struct err e = {0};
	assert_int_equal(datadir_open(&a, folder, &e), 0);
	char *path = datadir_path(&a, "key");
	datadir_close(&a);
	chmod(path, 0644);
	assert_int_equal(datadir_open(&a, folder, &e), E_DENIED);
	assert_non_null(strstr(e.text, "chmod 600"));
	assert_int_equal(truncate(path, 5), 0);
	chmod(path, 0600);
	assert_int_equal(datadir_open(&a, folder, &e), E_INVALID);
	mem_free(path);
}

static void a_folder_that_cannot_be_is_refused(void **state)
{
	struct datadir a;
	struct err e = {0};
	assert_int_equal(datadir_open(&a, "/proc/nothing/here", &e), E_IO);
	assert_non_null(strstr(e.text, "/proc/nothing/here"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(key_and_name_are_made_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_second_server_is_told_whose_folder_it_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_key_that_others_may_read_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_is_refused, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
