// SPDX-License-Identifier: Apache-2.0
// The suite on SQLite, and what only SQLite can do wrong.
#include "suite_sqlite.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define N 100

static const char *fresh(void) { return suite_sqlite_fresh("sqlite:"); }

static const struct suite_driver SQLITE = {
	.name = "store on SQLite",
	.fresh = fresh,
	.raw_open = suite_sqlite_open,
	.raw_close = suite_sqlite_close,
	.raw_exec = suite_sqlite_exec,
};

static void only_we_may_read_the_file(void **state)
{
	struct stat st;
	assert_int_equal(stat(suite_sqlite_path(), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static bool is_in_trouble(void *arg) { return store_trouble(store)[0]; }

// A limit on the size of files stands for a disk that fails.
static void units_wait_while_the_disk_fails(void **state)
{
	expect_log("waits: ");
	struct rlimit before, small = {.rlim_cur = 300 << 10};
	static struct outcome o[N];
	static char large[100000];
	memset(large, 'x', sizeof large - 1);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	for (int i = 0; i < N; i++) {
		struct unit *u = unit_of(store);
		add_item(u, i, large);
		add_log(u, "large", i);
		submit(store, u, &o[i]);
	}
	run_until(is_in_trouble, NULL);
	assert_false(store_is_up(store));
	assert_int_equal(n_ended, 0);
	assert_int_equal(count_of("item"), 0); // reading goes on
	setrlimit(RLIMIT_FSIZE, &before);
	settle();
	for (int i = 0; i < N; i++) {
		assert_int_equal(o[i].status, 0);
		assert_int_equal(o[i].first_seq, i + 1);
	}
	assert_true(store_is_up(store));
	assert_int_equal(count_of("item"), N);
}

static void units_wait_while_the_disk_is_full(void **state)
{
	char folder[] = "/tmp/beseda-full-XXXXXX", url[64], ballast[64];
	close_store();
	if (!mkdtemp(folder)) fail_msg("mkdtemp");
	if (mount("tmpfs", folder, "tmpfs", 0, "size=3m")) { // needs root
		rmdir(folder);
		open_store();
		skip();
	}
	expect_log("is full");
	snprintf(url, sizeof url, "sqlite:%s/a.db", folder);
	snprintf(ballast, sizeof ballast, "%s/ballast", folder);
	options.url = url;
	open_store();
	FILE *f = fopen(ballast, "w");
	static char mega[1 << 20];
	for (int i = 0; i < 3; i++)
		fwrite(mega, 1, sizeof mega, f);
	fclose(f);
	static struct outcome o[N];
	for (int i = 0; i < N; i++)
		submit_item(store, i, &o[i]);
	run_until(is_in_trouble, NULL);
	assert_int_equal(n_ended, 0);
	unlink(ballast);
	settle();
	for (int i = 0; i < N; i++)
		assert_int_equal(o[i].status, 0);
	assert_true(store_is_up(store));
	close_store();
	umount2(folder, MNT_DETACH);
	rmdir(folder);
}

static void the_write_ahead_log_is_emptied_beside_the_writer(void **state)
{
	static struct outcome o[N];
	static char large[20000];
	char wal[80];
	struct stat st;
	memset(large, 'x', sizeof large - 1);
	for (int round = 0; round < 200; round++) { // 400 MB in all
		for (int i = 0; i < N; i++) {
			struct unit *u = unit_of(store);
			add_item(u, round * N + i, large);
			submit(store, u, &o[i]);
		}
		settle();
	}
	snprintf(wal, sizeof wal, "%s-wal", suite_sqlite_path());
	assert_int_equal(stat(wal, &st), 0);
	assert_true(st.st_size < 150 << 20);
	close_store();
	assert_int_not_equal(stat(wal, &st), 0);
	open_store();
	assert_int_equal(count_of("item"), 200 * N);
}

static void another_process_that_writes_is_waited_for(void **state)
{
	expect_log("waits: ");
	struct outcome o;
	raw_run("BEGIN IMMEDIATE");
	submit_item(store, 1, &o);
	run_for_ms(1500);
	assert_false(o.is_done);
	raw_run("COMMIT");
	settle();
	assert_int_equal(o.status, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest more[] = {
		SUITE_TEST(only_we_may_read_the_file),
		SUITE_TEST(units_wait_while_the_disk_fails),
		SUITE_TEST(units_wait_while_the_disk_is_full),
		SUITE_TEST(the_write_ahead_log_is_emptied_beside_the_writer),
		SUITE_TEST(another_process_that_writes_is_waited_for),
	};
	return suite_run_all(&SQLITE, argv[1]) + suite_run(&SQLITE, more, ARRAY_LEN(more), argv[1]);
}
