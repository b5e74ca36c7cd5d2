// SPDX-License-Identifier: Apache-2.0
// The sweep: finds old blobs beside the loop, asks on the loop which of them are used, removes the others beside it.
#include "base/clock.h"
#include "base/log.h"
#include "blob_inside.h"
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PORTION 500
#define FOLDERS 256

struct blob_sweep {
	struct blobs *blobs;
	int64_t older_than; // ms of the wall clock
	blob_ask_cb ask;
	void *arg;
	loop_cb done;

	unsigned next;                    // of the folders
	char (*names)[BLOB_NAME_LEN + 1]; // of whole folders: not every file system lets one remove while one reads
	size_t n, cap;
	size_t at, n_asked; // the portion that is being asked for
	bool is_used[PORTION];
	size_t n_removed;
};

static void go_on(struct blob_sweep *sw);

// Beside the loop.

static bool is_old(struct blob_sweep *sw, const char *place)
{
	struct stat st;
	if (fstatat(sw->blobs->folder, place, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode)) return false;
	return (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000 < sw->older_than;
}

static void add_name(struct blob_sweep *sw, const char *name)
{
	if (sw->n == sw->cap) {
		sw->cap = sw->cap ? sw->cap * 2 : 2 * PORTION;
		sw->names = mem_realloc(sw->names, sw->cap * sizeof *sw->names);
	}
	memcpy(sw->names[sw->n++], name, sizeof *sw->names);
}

static void read_folder(struct blob_sweep *sw, unsigned number)
{
	char path[3], name[BLOB_NAME_LEN + 1], place[BLOB_PLACE_LEN + 1];
	snprintf(path, sizeof path, "%02x", number);
	int fd = openat(sw->blobs->folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (fd >= 0 && !d) close(fd);
	if (!d) return;
	for (struct dirent *entry; (entry = readdir(d));) {
		if (strlen(entry->d_name) != BLOB_NAME_LEN - 2) continue;
		snprintf(name, sizeof name, "%s%.*s", path, BLOB_NAME_LEN - 2, entry->d_name);
		if (!blob_place((struct str){name, BLOB_NAME_LEN}, place) && is_old(sw, place)) add_name(sw, name);
	}
	closedir(d);
}

static void do_look(void *arg)
{
	struct blob_sweep *sw = arg;
	while (sw->n < PORTION && sw->next < FOLDERS)
		read_folder(sw, sw->next++);
}

static void do_remove(void *arg)
{
	struct blob_sweep *sw = arg;
	struct blobs *b = sw->blobs;
	for (size_t i = 0; i < sw->n_asked; i++) {
		char place[BLOB_PLACE_LEN + 1];
		struct str name = {sw->names[sw->at + i], BLOB_NAME_LEN};
		if (sw->is_used[i] || blob_place(name, place)) continue;
		pthread_mutex_lock(&b->places);
		// It may have been put again since.
		if (is_old(sw, place) && !unlinkat(b->folder, place, 0)) sw->n_removed++;
		pthread_mutex_unlock(&b->places);
	}
}

// On the loop.

static void sweep_end(struct blob_sweep *sw)
{
	struct blobs *b = sw->blobs;
	if (sw->n_removed) log_info("blobs", "removed %zu that nothing refers to", sw->n_removed);
	loop_cb done = sw->done;
	void *arg = sw->arg;
	mem_free(sw->names);
	mem_free(sw);
	done(arg);
	blobs_leave(b);
}

static void looked(int status, void *arg)
{
	struct blob_sweep *sw = arg;
	if (status || !sw->n)
		sweep_end(sw);
	else
		go_on(sw);
}

static void removed(int status, void *arg)
{
	struct blob_sweep *sw = arg;
	sw->at += sw->n_asked;
	if (status)
		sweep_end(sw);
	else
		go_on(sw);
}

// Asks for the next portion, or looks for more.
static void go_on(struct blob_sweep *sw)
{
	if (sw->at == sw->n) {
		sw->at = sw->n = 0;
		loop_work(sw->blobs->loop, "blob sweep", do_look, looked, sw);
		return;
	}
	struct str names[PORTION];
	sw->n_asked = sw->n - sw->at < PORTION ? sw->n - sw->at : PORTION;
	for (size_t i = 0; i < sw->n_asked; i++)
		names[i] = (struct str){sw->names[sw->at + i], BLOB_NAME_LEN};
	memset(sw->is_used, 0, sizeof sw->is_used);
	sw->ask(sw, names, sw->n_asked, sw->arg);
}

void blob_sweep(struct blobs *b, int64_t age_ms, blob_ask_cb ask, void *arg, loop_cb done)
{
	struct blob_sweep *sw = mem_new(struct blob_sweep);
	*sw = (struct blob_sweep){
		.blobs = b,
		.older_than = clock_now_ms() - age_ms,
		.ask = ask,
		.arg = arg,
		.done = done,
	};
	blobs_enter(b);
	go_on(sw);
}

static int by_name(const void *a, const void *b) { return str_cmp(*(const struct str *)a, *(const struct str *)b); }

void blob_sweep_go(struct blob_sweep *sw, const struct str *used, size_t n)
{
	struct str *sorted = mem_calloc(n + 1, sizeof *sorted);
	if (n) memcpy(sorted, used, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, by_name);
	for (size_t i = 0; i < sw->n_asked; i++) {
		struct str name = {sw->names[sw->at + i], BLOB_NAME_LEN};
		sw->is_used[i] = bsearch(&name, sorted, n, sizeof name, by_name) != NULL;
	}
	mem_free(sorted);
	loop_work(sw->blobs->loop, "blob sweep", do_remove, removed, sw);
}
