// SPDX-License-Identifier: Apache-2.0
// The folder of blobs, and reading from it.
#include "base/clock.h"
#include "base/log.h"
#include "blob_inside.h"
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARKER "beseda-blobs"
#define MARKER_TEXT "beseda blobs 1\n"

struct get {
	struct blobs *blobs;
	char place[BLOB_PLACE_LEN + 1];
	int status, fd;
	uint64_t size;
	blob_get_cb cb;
	void *arg;
};

void blobs_enter(struct blobs *b) { b->n_users++; }

static void blobs_destroy(struct blobs *b)
{
	close(b->tmp);
	close(b->folder);
	pthread_mutex_destroy(&b->places);
	mem_free(b);
}

void blobs_leave(struct blobs *b)
{
	assert(b->n_users);
	if (--b->n_users == 0 && b->is_closed) blobs_destroy(b);
}

int blob_place(struct str name, char place_r[BLOB_PLACE_LEN + 1])
{
	if (name.n != BLOB_NAME_LEN) return E_INVALID;
	for (size_t i = 0; i < name.n; i++)
		if (!memchr("0123456789abcdef", name.p[i], 16)) return E_INVALID;
	memcpy(place_r, name.p, 2);
	place_r[2] = '/';
	memcpy(place_r + 3, name.p + 2, BLOB_NAME_LEN - 2);
	place_r[BLOB_PLACE_LEN] = 0;
	return 0;
}

static int open_folder(int at, const char *path, int *fd_r, struct err *e)
{
	if (mkdirat(at, path, 0700) && errno != EEXIST)
		return err_set(e, E_IO, "cannot make the folder %s: %s", path, strerror(errno));
	*fd_r = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd_r < 0 ? err_set(e, E_IO, "cannot open the folder %s: %s", path, strerror(errno)) : 0;
}

static int write_marker(int folder, struct err *e)
{
	int fd = openat(folder, MARKER, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool is_written =
		fd >= 0 && write(fd, MARKER_TEXT, strlen(MARKER_TEXT)) == (ssize_t)strlen(MARKER_TEXT) && !fsync(fd);
	int why = errno;
	if (fd >= 0) close(fd);
	if (is_written && !fsync(folder)) return 0;
	return err_set(e, E_IO, "cannot write to the folder of blobs: %s", strerror(why));
}

static int check_marker(int folder, struct err *e)
{
	char text[64] = {0};
	int fd = openat(folder, MARKER, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) return write_marker(folder, e);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	int why = errno;
	if (fd >= 0) close(fd);
	if (n < 0) return err_set(e, E_IO, "cannot read %s in the folder of blobs: %s", MARKER, strerror(why));
	if (strcmp(text, MARKER_TEXT))
		return err_set(e, E_UNSUPPORTED, "the folder of blobs is of another program or a newer version (%s)",
			       MARKER);
	return 0;
}

// What a crash left. A file that somebody is writing, maybe on another node, is locked.
static void clean_tmp(int tmp)
{
	int copy = dup(tmp);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	if (!d) {
		if (copy >= 0) close(copy);
		return;
	}
	rewinddir(d);
	for (struct dirent *entry; (entry = readdir(d));) {
		if (entry->d_name[0] == '.') continue;
		int fd = openat(tmp, entry->d_name, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB)) unlinkat(tmp, entry->d_name, 0);
		if (fd >= 0) close(fd);
	}
	closedir(d);
}

int blobs_open(struct blobs **b_r, struct loop *l, const char *folder, struct err *e)
{
	struct blobs *b = mem_new(struct blobs);
	b->loop = l;
	b->folder = b->tmp = -1;
	pthread_mutex_init(&b->places, NULL);
	int status = open_folder(AT_FDCWD, folder, &b->folder, e);
	if (!status) status = check_marker(b->folder, e);
	if (!status) status = open_folder(b->folder, "tmp", &b->tmp, e);
	if (status) {
		blobs_destroy(b);
		*b_r = NULL;
		return status;
	}
	clean_tmp(b->tmp);
	*b_r = b;
	return 0;
}

void blobs_close(struct blobs **bp)
{
	struct blobs *b = *bp;
	if (!b) return;
	*bp = NULL;
	b->is_closed = true;
	if (!b->n_users) blobs_destroy(b);
}

static void do_get(void *arg)
{
	struct get *g = arg;
	struct stat st;
	if (g->status) return;
	g->fd = openat(g->blobs->folder, g->place, O_RDONLY | O_CLOEXEC);
	if (g->fd < 0) {
		g->status = errno == ENOENT ? E_MISSING : E_IO;
	} else if (fstat(g->fd, &st)) {
		close(g->fd);
		g->fd = -1;
		g->status = E_IO;
	} else {
		g->size = (uint64_t)st.st_size;
	}
}

static void get_done(int status, void *arg)
{
	struct get *g = arg;
	struct blobs *b = g->blobs;
	g->cb(status ? status : g->status, g->fd, g->size, g->arg);
	mem_free(g);
	blobs_leave(b);
}

void blob_get(struct blobs *b, struct str name, blob_get_cb cb, void *arg)
{
	struct get *g = mem_new(struct get);
	*g = (struct get){.blobs = b, .fd = -1, .cb = cb, .arg = arg};
	if (blob_place(name, g->place)) g->status = E_MISSING;
	blobs_enter(b);
	loop_work(b->loop, "blob get", do_get, get_done, g);
}
