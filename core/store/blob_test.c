// SPDX-License-Identifier: Apache-2.0
// Blobs: written, found, too large, given up, left behind by a crash, swept.
#include "base/clock.h"
#include "base/log.h"
#include "store/blob.h"
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" // "hello"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DAY_MS 86400000

static struct loop *loop;
static struct blobs *blobs;
static char folder[64];

static int set_up(void **state)
{
	struct err e;
	strcpy(folder, "/tmp/beseda-blobs-XXXXXX");
	if (!mkdtemp(folder)) return -1;
	loop = loop_new();
	return blobs_open(&blobs, loop, folder, &e);
}

static int tear_down(void **state)
{
	char command[80];
	blobs_close(&blobs);
	loop_free(&loop);
	clock_real();
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command);
}

static struct {
	int status;
	char name[BLOB_NAME_LEN + 1];
	uint64_t size;
	int n;
} put;

static void on_put(int status, const char *name, uint64_t size, const struct err *why, void *arg)
{
	put.status = status;
	put.size = size;
	put.n++;
	snprintf(put.name, sizeof put.name, "%s", name);
	assert_true(!status == !why);
}

static void put_text(struct str s)
{
	bool is_full;
	struct blob_put *p = blob_put_open(blobs, 1 << 20);
	if (s.n) assert_int_equal(blob_put_piece(p, s, &is_full), 0);
	put.n = 0;
	blob_put_commit(p, on_put, NULL);
	assert_int_equal(put.n, 0);
	loop_run(loop);
	assert_int_equal(put.n, 1);
	assert_int_equal(put.status, 0);
}

static int count_tmp(void)
{
	char path[80];
	int n = -2;
	snprintf(path, sizeof path, "%s/tmp", folder);
	DIR *d = opendir(path);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static int got_status;
static char got_text[64];

static void on_get(int status, int fd, uint64_t size, void *arg)
{
	got_status = status;
	assert_true((fd >= 0) == (status == 0));
	if (fd < 0) return;
	ssize_t n = read(fd, got_text, sizeof got_text - 1);
	assert_int_equal(n, size);
	got_text[n] = 0;
	close(fd);
}

static int get(const char *name)
{
	got_status = 1;
	blob_get(blobs, str_of(name), on_get, NULL);
	loop_run(loop);
	return got_status;
}

static void bytes_are_kept_by_their_sum(void **state)
{
	put_text(STR("hello"));
	assert_string_equal(put.name, HELLO);
	assert_int_equal(put.size, 5);
	assert_int_equal(get(HELLO), 0);
	assert_string_equal(got_text, "hello");
	char path[200];
	struct stat st;
	snprintf(path, sizeof path, "%s/2c/%s", folder, HELLO + 2);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	put_text(STR("hello")); // the same again is fine
	put_text(STR(""));
	assert_string_equal(put.name, EMPTY);
	assert_int_equal(count_tmp(), 0);
}

static void what_is_not_there_is_missing(void **state)
{
	assert_int_equal(get(HELLO), E_MISSING);
	assert_int_equal(get("../../etc/passwd"), E_MISSING);
	assert_int_equal(get(""), E_MISSING);
}

static int n_drained;

static void on_drained(void *arg) { n_drained++; }

static void a_large_one_tells_when_to_wait(void **state)
{
	static char piece[1 << 16];
	bool is_full = false, was_full = false;
	struct blob_put *p = blob_put_open(blobs, 64 << 20);
	blob_put_on_drained(p, on_drained, NULL);
	for (int i = 0; i < 512; i++) { // 32 MiB
		memset(piece, i, sizeof piece);
		assert_int_equal(blob_put_piece(p, (struct str){piece, sizeof piece}, &is_full), 0);
		was_full |= is_full;
		int before = n_drained;
		if (is_full) loop_run(loop);
		if (is_full) assert_int_equal(n_drained, before + 1);
	}
	assert_true(was_full);
	put.n = 0;
	blob_put_commit(p, on_put, NULL);
	loop_run(loop);
	assert_int_equal(put.n, 1);
	assert_int_equal(put.size, 32 << 20);
}

static void too_large_is_refused(void **state)
{
	bool is_full;
	struct blob_put *p = blob_put_open(blobs, 7);
	assert_int_equal(blob_put_piece(p, STR("hello"), &is_full), 0);
	assert_int_equal(blob_put_piece(p, STR("you"), &is_full), E_TOO_LARGE);
	blob_put_abort(p);
	loop_run(loop);
	assert_int_equal(count_tmp(), 0);
	assert_int_equal(get(HELLO), E_MISSING);
}

static void one_that_is_given_up_leaves_nothing(void **state)
{
	bool is_full;
	struct blob_put *p = blob_put_open(blobs, 100);
	blob_put_abort(p); // before its first byte
	p = blob_put_open(blobs, 100);
	assert_int_equal(blob_put_piece(p, STR("hello"), &is_full), 0);
	loop_run(loop);
	assert_int_equal(count_tmp(), 1);
	blob_put_abort(p); // while nothing is being written
	loop_run(loop);
	assert_int_equal(count_tmp(), 0);
}

static void a_folder_that_cannot_be_written_fails(void **state)
{
	char path[100];
	snprintf(path, sizeof path, "%s/tmp", folder);
	rmdir(path);
	struct blob_put *p = blob_put_open(blobs, 100);
	bool is_full;
	assert_int_equal(blob_put_piece(p, STR("hello"), &is_full), 0);
	put.n = 0;
	blob_put_commit(p, on_put, NULL);
	loop_run(loop);
	assert_int_equal(put.n, 1);
	assert_int_equal(put.status, E_IO);
}

static void touch(const char *name, int *fd_r)
{
	char path[120];
	snprintf(path, sizeof path, "%s/tmp/%s", folder, name);
	*fd_r = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(*fd_r >= 0);
}

static void what_a_crash_left_is_cleaned(void **state)
{
	int dead, alive;
	struct err e;
	touch("dead", &dead);
	close(dead);
	touch("alive", &alive);
	flock(alive, LOCK_EX); // another server writes it
	blobs_close(&blobs);
	assert_int_equal(blobs_open(&blobs, loop, folder, &e), 0);
	assert_int_equal(count_tmp(), 1);
	close(alive);
}

static void another_programs_folder_is_refused(void **state)
{
	char path[120];
	struct blobs *none;
	struct err e;
	snprintf(path, sizeof path, "%s/beseda-blobs", folder);
	FILE *f = fopen(path, "w");
	fputs("beseda blobs 2\n", f);
	fclose(f);
	assert_int_equal(blobs_open(&none, loop, folder, &e), E_UNSUPPORTED);
	assert_null(none);
	assert_int_equal(blobs_open(&none, loop, "/proc/none", &e), E_IO);
}

static int n_asked, n_swept;

static void use_even(void *arg);
static struct blob_sweep *sweeping;
static struct str used[600];
static char used_names[600][BLOB_NAME_LEN];
static size_t n_used;

// Those whose last digit is even are used.
static void ask(struct blob_sweep *sw, const struct str *names, size_t n, void *arg)
{
	assert_in_range(n, 1, 500);
	n_asked += (int)n;
	n_used = 0;
	for (size_t i = 0; i < n; i++) {
		char last = names[i].p[BLOB_NAME_LEN - 1];
		if ((last <= '9' ? last - '0' : last - 'a' + 10) % 2) continue;
		memcpy(used_names[n_used], names[i].p, BLOB_NAME_LEN);
		used[n_used] = (struct str){used_names[n_used], BLOB_NAME_LEN};
		n_used++;
	}
	sweeping = sw;
	loop_defer(loop, use_even, NULL);
}

static void use_even(void *arg) { blob_sweep_go(sweeping, used, n_used); }

static void on_swept(void *arg) { n_swept++; }

static int sweep(void)
{
	n_asked = n_swept = 0;
	blob_sweep(blobs, DAY_MS, ask, NULL, on_swept);
	loop_run(loop);
	assert_int_equal(n_swept, 1);
	return n_asked;
}

static void the_sweep_takes_what_is_old_and_unused(void **state)
{
	int64_t now = clock_now_ms();
	char text[32], names[700][BLOB_NAME_LEN + 1];
	clock_fake(now, 1000);
	for (int i = 0; i < 700; i++) {
		snprintf(text, sizeof text, "blob %d", i);
		put_text(str_of(text));
		strcpy(names[i], put.name);
	}
	assert_int_equal(sweep(), 0); // all are young
	clock_advance(DAY_MS + 60000);
	put_text(STR("blob 7")); // put again: young again
	put_text(STR("young"));
	assert_int_equal(sweep(), 699);
	for (int i = 0; i < 700; i++) {
		char last = names[i][BLOB_NAME_LEN - 1];
		bool is_even = (last <= '9' ? last - '0' : last - 'a' + 10) % 2 == 0;
		assert_int_equal(get(names[i]), is_even || i == 7 ? 0 : E_MISSING);
	}
	put_text(STR("young"));
	assert_int_equal(get(put.name), 0);
}

static void closing_waits_for_what_runs(void **state)
{
	bool is_full;
	struct blob_put *p = blob_put_open(blobs, 100);
	assert_int_equal(blob_put_piece(p, STR("hello"), &is_full), 0);
	put.n = 0;
	blob_put_commit(p, on_put, NULL);
	blobs_close(&blobs);
	loop_run(loop);
	assert_int_equal(put.n, 1);
	assert_int_equal(put.status, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(bytes_are_kept_by_their_sum),
		TEST(what_is_not_there_is_missing),
		TEST(a_large_one_tells_when_to_wait),
		TEST(too_large_is_refused),
		TEST(one_that_is_given_up_leaves_nothing),
		TEST(a_folder_that_cannot_be_written_fails),
		TEST(what_a_crash_left_is_cleaned),
		TEST(another_programs_folder_is_refused),
		TEST(the_sweep_takes_what_is_old_and_unused),
		TEST(closing_waits_for_what_runs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
