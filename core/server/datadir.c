// SPDX-License-Identifier: Apache-2.0
// The data folder: lock, instance, key.
#include "server/datadir.h"
#include "base/mem.h"
#include "base/str.h"
#include "records/secret.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

char *datadir_path(const struct datadir *d, const char *name)
{
	struct buf b = {0};
	buf_printf(&b, "%s/%s", d->path, name);
	return buf_take(&b);
}

static int sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) return -1;
	int r = fsync(fd);
	close(fd);
	return r;
}

int datadir_write(const struct datadir *d, const char *name, const void *bytes, size_t n, struct err *e)
{
	char *path = datadir_path(d, name);
	struct buf tmp = {0};
	buf_printf(&tmp, "%s.new", path);
	int fd = open(tmp.p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool is_written = fd >= 0 && write(fd, bytes, n) == (ssize_t)n && !fsync(fd);
	if (fd >= 0) close(fd);
	int r = 0;
	if (!is_written || rename(tmp.p, path) || sync_folder(d->path))
		r = err_set(e, E_IO, "%s: %s", path, strerror(errno));
	buf_fini(&tmp);
	mem_free(path);
	return r;
}

// 1: there is none.
static int read_private(const struct datadir *d, const char *name, void *bytes, size_t n, struct err *e)
{
	char *path = datadir_path(d, name);
	struct stat st;
	int r = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		r = errno == ENOENT ? 1 : err_set(e, E_IO, "%s: %s", path, strerror(errno));
	else if (fstat(fd, &st) || st.st_mode & 077)
		r = err_set(e, E_DENIED, "%s: others may read it; run chmod 600 %s", path, path);
	else if (read(fd, bytes, n) != (ssize_t)n)
		r = err_set(e, E_INVALID, "%s: is not %zu bytes long; restore it from a backup", path, n);
	if (fd >= 0) close(fd);
	mem_free(path);
	return r;
}

static int lock(struct datadir *d, struct err *e)
{
	char *path = datadir_path(d, "lock");
	d->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int r = 0;
	if (d->lock_fd < 0) {
		r = err_set(e, E_IO, "%s: %s", path, strerror(errno));
	} else if (flock(d->lock_fd, LOCK_EX | LOCK_NB)) {
		char pid[32] = "";
		ssize_t n = pread(d->lock_fd, pid, sizeof pid - 1, 0);
		if (n < 0) n = 0;
		pid[n] = 0;
		r = err_set(e, E_BUSY,
			    "another besedad (pid %s) runs on %s; stop it, or give this one a --data of its own", pid,
			    d->path);
	} else {
		int n = ftruncate(d->lock_fd, 0) ? -1 : dprintf(d->lock_fd, "%d", (int)getpid());
		if (n < 0) r = err_set(e, E_IO, "%s: %s", path, strerror(errno));
	}
	mem_free(path);
	return r;
}

static int read_instance(struct datadir *d, struct err *e)
{
	int r = read_private(d, "instance", d->instance, 32, e);
	if (r != 1) return r;
	uint8_t random[16];
	secret_random(random, sizeof random);
	for (size_t i = 0; i < sizeof random; i++)
		snprintf(d->instance + 2 * i, 3, "%02x", random[i]);
	return datadir_write(d, "instance", d->instance, 32, e);
}

static int read_key(struct datadir *d, struct err *e)
{
	int r = read_private(d, "key", d->key, sizeof d->key, e);
	if (r != 1) return r;
	secret_random(d->key, sizeof d->key);
	return datadir_write(d, "key", d->key, sizeof d->key, e);
}

int datadir_open(struct datadir *d, const char *path, struct err *e)
{
	*d = (struct datadir){.lock_fd = -1};
	if (mkdir(path, 0700) && errno != EEXIST) return err_set(e, E_IO, "%s: %s", path, strerror(errno));
	char *full = realpath(path, NULL);
	if (!full) return err_set(e, E_IO, "%s: %s", path, strerror(errno));
	d->path = mem_strdup(full);
	free(full);
	int r = lock(d, e);
	if (!r) r = read_instance(d, e);
	if (!r) r = read_key(d, e);
	if (r) datadir_close(d);
	return r;
}

void datadir_close(struct datadir *d)
{
	if (d->lock_fd >= 0) close(d->lock_fd);
	mem_free(d->path);
	mem_wipe(d->key, sizeof d->key);
	*d = (struct datadir){.lock_fd = -1};
}
