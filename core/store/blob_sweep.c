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

	int next; // of the folders
	int folder;
	DIR *dir; // being read
	char names[PORTION][BLOB_NAME_LEN + 1];
	bool is_used[PORTION];
	size_t n;
	size_t n_removed;
};

static void look(struct blob_sweep *sw);

// Beside the loop.

static bool is_old(struct blob_sweep *sw, const char *place)
{
	struct stat st;
	if (fstatat(sw->blobs->folder, place, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode)) return false;
	return (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000 < sw->older_than;
}

static bool open_next(struct blob_sweep *sw)
{
	while (!sw->dir && sw->next < FOLDERS) {
		char path[3];
		snprintf(path, sizeof path, "%02x", (unsigned)(sw->folder = sw->next++));
		int fd = openat(sw->blobs->folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		sw->dir = fd < 0 ? NULL : fdopendir(fd);
		if (fd >= 0 && !sw->dir) close(fd);
	}
	return sw->dir != NULL;
}

static void do_look(void *arg)
{
	struct blob_sweep *sw = arg;
	while (sw->n < PORTION && open_next(sw)) {
		struct dirent *entry = readdir(sw->dir);
		if (!entry) {
			closedir(sw->dir);
			sw->dir = NULL;
			continue;
		}
		char name[BLOB_NAME_LEN + 1], place[BLOB_PLACE_LEN + 1];
		if (strlen(entry->d_name) != BLOB_NAME_LEN - 2) continue;
		snprintf(name, sizeof name, "%02x%.*s", (unsigned)sw->folder, BLOB_NAME_LEN - 2, entry->d_name);
		if (blob_place((struct str){name, BLOB_NAME_LEN}, place) || !is_old(sw, place)) continue;
		memcpy(sw->names[sw->n++], name, sizeof name);
	}
}

static void do_remove(void *arg)
{
	struct blob_sweep *sw = arg;
	struct blobs *b = sw->blobs;
	for (size_t i = 0; i < sw->n; i++) {
		char place[BLOB_PLACE_LEN + 1];
		if (sw->is_used[i] || blob_place((struct str){sw->names[i], BLOB_NAME_LEN}, place)) continue;
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
	if (sw->dir) closedir(sw->dir);
	loop_cb done = sw->done;
	void *arg = sw->arg;
	mem_free(sw);
	done(arg);
	blobs_leave(b);
}

static void looked(int status, void *arg)
{
	struct blob_sweep *sw = arg;
	if (status || !sw->n) {
		sweep_end(sw);
		return;
	}
	struct str names[PORTION];
	for (size_t i = 0; i < sw->n; i++) names[i] = (struct str){sw->names[i], BLOB_NAME_LEN};
	memset(sw->is_used, 0, sizeof sw->is_used);
	sw->ask(sw, names, sw->n, sw->arg);
}

static void removed(int status, void *arg)
{
	if (status) sweep_end(arg);
	else look(arg);
}

static void look(struct blob_sweep *sw)
{
	sw->n = 0;
	loop_work(sw->blobs->loop, "blob sweep", do_look, looked, sw);
}

void blob_sweep(struct blobs *b, int64_t age_ms, blob_ask_cb ask, void *arg, loop_cb done)
{
	struct blob_sweep *sw = mem_new(struct blob_sweep);
	*sw = (struct blob_sweep){
		.blobs = b, .older_than = clock_now_ms() - age_ms, .ask = ask, .arg = arg, .done = done,
	};
	blobs_enter(b);
	look(sw);
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

void blob_sweep_go(struct blob_sweep *sw, const struct str *used, size_t n)
{
	struct str *sorted = mem_calloc(n + 1, sizeof *sorted);
	if (n) memcpy(sorted, used, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, by_name);
	for (size_t i = 0; i < sw->n; i++) {
		struct str name = {sw->names[i], BLOB_NAME_LEN};
		sw->is_used[i] = bsearch(&name, sorted, n, sizeof name, by_name) != NULL;
	}
	mem_free(sorted);
	loop_work(sw->blobs->loop, "blob sweep", do_remove, removed, sw);
}
