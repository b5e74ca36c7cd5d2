// SPDX-License-Identifier: Apache-2.0
// The plugin's own files (the widget): from the folder <name>.assets beside its .so, with ETags and gzip twins.
#include "live_inside.h"
#include "base/mem.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct asset {
	struct http_exchange *x; // held
	struct inbox *in;        // a reference
	struct str path, zipped; // in the exchange's arena
	bool takes_gzip, is_zipped;
	int fd; // or -1
	uint64_t size;
	char etag[48];
};

static const char *type_of(struct str path)
{
	static const struct {
		const char *end, *type;
	} TYPES[] = {
		{".js", "text/javascript; charset=utf-8"},
		{".mjs", "text/javascript; charset=utf-8"},
		{".css", "text/css; charset=utf-8"},
		{".html", "text/html; charset=utf-8"},
		{".json", "application/json"},
		{".svg", "image/svg+xml"},
		{".png", "image/png"},
		{".webp", "image/webp"},
		{".ico", "image/x-icon"},
		{".woff2", "font/woff2"},
		{".mp3", "audio/mpeg"},
		{".txt", "text/plain; charset=utf-8"},
		{".map", "application/json"},
	};
	for (size_t i = 0; i < ARRAY_LEN(TYPES); i++)
		if (str_ends(path, str_of(TYPES[i].end))) return TYPES[i].type;
	return "application/octet-stream";
}

// Words of letters, digits, - _ and dots, none of which begins with a dot.
static bool path_is_safe(struct str path)
{
	struct str word;
	if (!path.n || path.n > 200 || str_ends(path, STR("/"))) return false;
	while (str_cut(&path, '/', &word)) {
		if (!word.n || word.p[0] == '.') return false;
		for (size_t i = 0; i < word.n; i++) {
			char c = word.p[i];
			bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
			if (!is_word && !strchr("-_.", c)) return false;
		}
	}
	return true;
}

// On a thread of the pool.
static void asset_open(void *arg)
{
	struct asset *f = arg;
	struct stat st;
	f->fd = f->takes_gzip ? open(f->zipped.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	f->is_zipped = f->fd >= 0;
	if (f->fd < 0) f->fd = open(f->path.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (f->fd < 0) return;
	if (fstat(f->fd, &st) || !S_ISREG(st.st_mode)) {
		close(f->fd);
		f->fd = -1;
		return;
	}
	f->size = (uint64_t)st.st_size;
	snprintf(f->etag, sizeof f->etag, "\"%llx-%llx%s\"",
		 (unsigned long long)st.st_mtim.tv_sec * 1000 + (unsigned long long)st.st_mtim.tv_nsec / 1000000,
		 (unsigned long long)st.st_size, f->is_zipped ? "-gz" : "");
}

static bool etag_matches(struct http_exchange *x, const char *etag)
{
	struct str given = http_request_header(http_request(x), "if-none-match");
	for (struct str one; str_cut(&given, ',', &one);) {
		one = str_trim(one);
		if (str_starts(one, STR("W/"))) one = (struct str){one.p + 2, one.n - 2};
		if (str_is(one, etag)) return true;
	}
	return false;
}

static void asset_headers(struct http_exchange *x, const struct asset *f)
{
	http_header_add(x, "ETag", str_of(f->etag));
	http_header_add(x, "Vary", STR("Accept-Encoding"));
	http_header_add(x, "Cache-Control", STR("public, max-age=300"));
	http_header_add(x, "X-Content-Type-Options", STR("nosniff"));
	http_header_add(x, "Access-Control-Allow-Origin", STR("*"));
	http_header_add(x, "Cross-Origin-Resource-Policy", STR("cross-origin"));
	if (f->is_zipped) http_header_add(x, "Content-Encoding", STR("gzip"));
}

static void asset_opened(int status, void *arg)
{
	struct asset *f = arg;
	struct http_exchange *x = f->x;
	if (status || f->fd < 0) {
		live_refuse(x, f->in, 404, "missing");
		if (f->fd >= 0) close(f->fd);
	} else if (etag_matches(x, f->etag)) {
		close(f->fd);
		asset_headers(x, f);
		http_respond(x, 304, NULL, STR_NONE);
	} else {
		asset_headers(x, f);
		http_respond_file(x, 200, type_of(f->path), f->fd, 0, f->size);
	}
	struct inbox *in = f->in;
	struct live *l = in->plugin->channels->live;
	mem_free(f);
	http_release(x);
	inbox_release(in);
	live_busy(l, -1);
}

static bool takes_gzip(struct http_exchange *x)
{
	struct str accepted = http_request_header(http_request(x), "accept-encoding");
	for (struct str one; str_cut(&accepted, ',', &one);) {
		struct str name;
		if (str_cut(&one, ';', &name) && str_ieq(str_trim(name), STR("gzip")))
			return str_find_str(one, STR("q=0")) < 0 || str_find_str(one, STR("q=0.")) >= 0;
	}
	return false;
}

void live_asset_request(struct http_exchange *x, struct inbox *in, struct str rest)
{
	struct str folder = in->plugin->assets;
	if (!folder.n || !path_is_safe(rest)) {
		live_refuse(x, in, 404, "missing");
		return;
	}
	struct asset *f = mem_new(struct asset);
	f->x = x;
	f->in = mem_ref(in);
	f->fd = -1;
	f->path = arena_printf(http_arena(x), "%.*s/%.*s", STR_ARG(folder), STR_ARG(rest));
	f->zipped = arena_printf(http_arena(x), "%.*s.gz", STR_ARG(f->path));
	f->takes_gzip = takes_gzip(x);
	http_hold(x);
	live_busy(in->plugin->channels->live, 1);
	loop_work(in->plugin->channels->loop, "live asset", asset_open, asset_opened, f);
}
