// SPDX-License-Identifier: Apache-2.0
// The loader: a plugin file is copied under the hash of its content, scanned in a child, opened from the copy, and
// stays mapped for the life of the process: code of a plugin may still run when nobody expects it.
#include "base/log.h"
#include "base/mem.h"
#include "digest.h"
#include "host.h"
#include "scan.h"
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX ((off_t)64 << 20)
#define MAPPINGS_MAX 256

// Every library this process ever mapped; dlopen gives an open path back instead of mapping it anew.
static int n_mappings;

static int folder_make(struct channels *c, struct err *e)
{
	if (c->folder) return 0;
	const char *tmp = getenv("TMPDIR");
	struct buf path = {0};
	buf_printf(&path, "%s/beseda-plugins-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	c->folder = buf_take(&path);
	if (mkdtemp(c->folder)) return 0;
	int r = err_set(e, E_IO, "no folder for the copy (%s: %s); set TMPDIR to one that can be written", c->folder,
			strerror(errno));
	mem_free(c->folder);
	c->folder = NULL;
	return r;
}

void loader_folder_remove(struct channels *c)
{
	DIR *d = c->folder ? opendir(c->folder) : NULL;
	for (struct dirent *f; d && (f = readdir(d));)
		if (f->d_name[0] != '.') unlinkat(dirfd(d), f->d_name, 0);
	if (d) closedir(d);
	if (c->folder) rmdir(c->folder);
	mem_free(c->folder);
	c->folder = NULL;
}

static int check_stat(const struct stat *st, struct err *e)
{
	if (!S_ISREG(st->st_mode)) return err_set(e, E_INVALID, "it is no file");
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return err_set(e, E_DENIED, "others than its owner may write it; chmod go-w");
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return err_set(e, E_DENIED, "it belongs to another user; chown it to root or to the server's user");
	if (st->st_size > FILE_MAX) return err_set(e, E_TOO_LARGE, "it is larger than 64 MiB; strip it");
	return 0;
}

// The whole file, read once: what was checked is what is copied.
static int file_read(const char *path, struct buf *b, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) return err_set(e, errno == ENOENT ? E_MISSING : E_IO, "it cannot be opened: %s", strerror(errno));
	int r = fstat(fd, &st) ? err_set(e, E_IO, "%s", strerror(errno)) : check_stat(&st, e);
	while (!r) {
		ssize_t n = read(fd, buf_reserve(b, 1 << 16), 1 << 16);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) r = err_set(e, E_IO, "it cannot be read: %s", strerror(errno));
		if (n <= 0) break;
		b->n += (size_t)n;
		if (b->n > (size_t)FILE_MAX) r = err_set(e, E_TOO_LARGE, "it is larger than 64 MiB; strip it");
	}
	close(fd);
	return r;
}

static int copy_write(const char *path, struct str bytes, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0500);
	if (fd < 0) return err_set(e, E_IO, "its copy %s cannot be made: %s", path, strerror(errno));
	int r = 0;
	while (bytes.n && !r) {
		ssize_t n = write(fd, bytes.p, bytes.n);
		if (n < 0 && errno != EINTR)
			r = err_set(e, E_IO, "its copy %s cannot be written: %s", path, strerror(errno));
		if (n > 0) bytes = (struct str){bytes.p + n, bytes.n - (size_t)n};
	}
	close(fd);
	return r;
}

// A copy whose name says what is in it: <sha256>.<generation>.so.
static int copy_make(struct channels *c, const char *path, struct arena *a, const char **copy_r, struct err *e)
{
	struct buf file = {0}, name = {0};
	unsigned char sha[DIGEST_MAX];
	int r = file_read(path, &file, e);
	if (!r) r = folder_make(c, e);
	if (!r) {
		size_t n = digest_hash(STR("sha256"), buf_str(&file), sha);
		hex_encode(&name, (struct str){(char *)sha, n});
		*copy_r = arena_printf(a, "%s/%s.%d.so", c->folder, name.p, ++c->n_copies).p;
		r = copy_write(*copy_r, buf_str(&file), e);
	}
	buf_fini(&file);
	buf_fini(&name);
	return r;
}

static int library_open(const char *copy, const struct scan_report *report, const struct beseda_plugin **table_r,
			struct err *e)
{
	if (n_mappings >= MAPPINGS_MAX)
		return err_set(e, E_BUSY, "%d plugin libraries were loaded since the start; restart the server",
			       MAPPINGS_MAX);
	void *so = dlopen(copy, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!so)
		return err_set(e, E_INVALID, "%s; if the folder of the copy forbids programs, set TMPDIR to another",
			       dlerror());
	n_mappings++;
	const struct beseda_plugin *(*entry)(void);
	*(void **)&entry = dlsym(so, "beseda_plugin_v1");
	const struct beseda_plugin *t = entry ? entry() : NULL;
	bool is_same = t && str_is(report->id, t->id) && str_is(report->version, t->version) &&
		       str_is(report->manifest, t->manifest);
	if (!is_same)
		return err_set(e, E_INVALID,
			       "its entry function says different things at different times; return constants");
	*table_r = t;
	return 0;
}

// "<folder>/echo.so" → "<folder>/echo.assets", when there is such a folder.
static struct str assets_beside(struct arena *a, const char *path)
{
	struct str s = str_of(path);
	struct stat st;
	if (!str_ends(s, STR(".so"))) return STR_NONE;
	struct str assets = arena_printf(a, "%.*s.assets", (int)s.n - 3, s.p);
	return stat(assets.p, &st) == 0 && S_ISDIR(st.st_mode) ? assets : STR_NONE;
}

int loader_open(struct channels *c, const char *path, struct plugin *p, struct err *e)
{
	struct scan_report report;
	struct err why = {0};
	const char *copy = NULL;
	int r = copy_make(c, path, p->arena, &copy, e);
	if (!r) r = scan_plugin(p->arena, copy, c->scan_ms, &report, e);
	if (!r) r = manifest_channel(report.id, &p->channel, e);
	if (!r && (!report.version.n || report.version.n > 40 || !utf8_valid_text(report.version)))
		r = err_set(e, E_INVALID, "version: should have 1 to 40 bytes, like 1.4.0");
	if (!r && manifest_parse(p->arena, report.manifest, &p->manifest, &why))
		r = err_set(e, E_INVALID, "its manifest is wrong: %s", why.text);
	if (!r) r = library_open(copy, &report, &p->table, e);
	if (r) return r;
	p->id = report.id;
	p->version = report.version;
	p->assets = assets_beside(p->arena, path);
	snprintf(p->who, sizeof p->who, "plugin %.*s", STR_ARG(p->channel));
	return 0;
}
