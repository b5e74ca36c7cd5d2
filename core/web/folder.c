// SPDX-License-Identifier: Apache-2.0
// Reads the folder of built files, and works out types and tags.
#include "folder.h"
#include "base/mem.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_BYTES ((size_t)64 << 20) // more is no web page: a wrong folder was named
#define FOLDER_DEPTH 8
#define PACKED STR(".gz")

static const char *type_of(struct str path)
{
	static const struct {
		const char *end, *type;
	} types[] = {
		{".html", "text/html; charset=utf-8"},
		{".js", "text/javascript; charset=utf-8"},
		{".css", "text/css; charset=utf-8"},
		{".txt", "text/plain; charset=utf-8"},
		{".json", "application/json"},
		{".svg", "image/svg+xml"},
		{".png", "image/png"},
		{".ico", "image/x-icon"},
		{".woff2", "font/woff2"},
	};
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (str_ends(path, str_of(types[i].end))) return types[i].type;
	return "application/octet-stream";
}

// FNV-1a, 64 bits: tells contents apart, protects nothing.
void asset_tag(struct str body, const char *suffix, char tag_r[40])
{
	uint64_t h = 0xcbf29ce484222325u;
	for (size_t i = 0; i < body.n; i++)
		h = (h ^ (unsigned char)body.p[i]) * 0x100000001b3u;
	snprintf(tag_r, 40, "\"%016llx%s\"", (unsigned long long)h, suffix);
}

static int read_all(int fd, struct buf *b)
{
	for (;;) {
		ssize_t n = read(fd, buf_reserve(b, 65536), 65536);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) return E_IO;
		if (!n) return 0;
		b->n += (size_t)n;
		if (b->n > FOLDER_BYTES) return E_TOO_LARGE;
	}
}

static struct asset *asset_of(struct folder *f, struct str path)
{
	struct asset *a = folder_find(f, path);
	if (a) return a;
	a = mem_new(struct asset);
	a->path = (struct str){mem_strndup(path.p, path.n), path.n};
	a->type = type_of(path);
	a->is_hashed = str_starts(path, STR("/assets/"));
	smap_put(f->assets, path, a);
	return a;
}

static int add_file(struct folder *f, int fd, struct str path, struct err *e)
{
	struct buf b = {0};
	int r = read_all(fd, &b);
	f->bytes += b.n;
	if (r || f->bytes > FOLDER_BYTES) {
		buf_fini(&b);
		return err_set(e, r ? r : E_TOO_LARGE, "cannot read %.*s: %s", STR_ARG(path),
			       err_text(r ? r : E_TOO_LARGE));
	}
	bool is_packed = str_ends(path, PACKED);
	if (is_packed) path.n -= PACKED.n;
	struct asset *a = asset_of(f, path);
	struct str body = buf_str(&b);
	body.p = buf_take(&b);
	if (is_packed)
		a->packed = body;
	else
		a->body = body;
	asset_tag(body, is_packed ? "-gz" : "", is_packed ? a->packed_etag : a->etag);
	return 0;
}

static int add_folder(struct folder *f, int dir_fd, struct str path, int depth, struct err *e);

static int add_entry(struct folder *f, int dir_fd, struct str folder, const char *name, int depth, struct err *e)
{
	struct stat st;
	struct buf path = {0};
	buf_printf(&path, "%.*s/%s", STR_ARG(folder), name);
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), r;
	if (fd < 0 || fstat(fd, &st))
		r = err_set(e, E_IO, "cannot open %s: %s", path.p, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		r = add_folder(f, fd, buf_str(&path), depth + 1, e);
	else
		r = S_ISREG(st.st_mode) ? add_file(f, fd, buf_str(&path), e) : 0;
	if (fd >= 0) close(fd);
	buf_fini(&path);
	return r;
}

static int add_folder(struct folder *f, int dir_fd, struct str path, int depth, struct err *e)
{
	if (depth > FOLDER_DEPTH) return err_set(e, E_TOO_LARGE, "%.*s is nested too deep", STR_ARG(path));
	int copy = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0), r = 0;
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	if (!d) {
		if (copy >= 0) close(copy);
		return err_set(e, E_IO, "cannot list %.*s: %s", STR_ARG(path), strerror(errno));
	}
	for (struct dirent *entry; !r && (entry = readdir(d));)
		if (entry->d_name[0] != '.') r = add_entry(f, dir_fd, path, entry->d_name, depth, e);
	closedir(d);
	return r;
}

// A packed file without its twin serves nobody.
static void drop_orphans(struct folder *f)
{
	size_t at = 0;
	struct str path;
	void *value;
	while (smap_next(f->assets, &at, &path, &value)) {
		struct asset *a = value;
		if (a->body.p) continue;
		smap_remove(f->assets, a->path);
		mem_free((void *)a->packed.p);
		mem_free((void *)a->path.p);
		mem_free(a);
	}
}

int folder_read(struct folder *f, const char *path, struct err *e)
{
	*f = (struct folder){.assets = smap_new()};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	if (fd < 0) {
		folder_fini(f);
		return err_set(e, E_IO, "cannot open the folder of the web page, %s: %s", path, strerror(errno));
	}
	int r = add_folder(f, fd, STR(""), 0, e);
	close(fd);
	if (r)
		folder_fini(f);
	else
		drop_orphans(f);
	return r;
}

void folder_fini(struct folder *f)
{
	size_t at = 0;
	struct str path;
	void *value;
	while (f->assets && smap_next(f->assets, &at, &path, &value)) {
		struct asset *a = value;
		mem_free((void *)a->body.p);
		mem_free((void *)a->packed.p);
		mem_free((void *)a->path.p);
		mem_free(a);
	}
	smap_free(&f->assets);
}

struct asset *folder_find(const struct folder *f, struct str path) { return smap_get(f->assets, path); }
