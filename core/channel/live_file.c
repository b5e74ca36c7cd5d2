// SPDX-License-Identifier: Apache-2.0
// Files for visitors: the port says whether this visitor may read it; a browser is told to trust nothing in it.
#include "live_inside.h"
#include "base/id.h"
#include "base/mem.h"
#include "net/url.h"
#include <unistd.h>

struct reading {
	struct http_exchange *x; // held
	struct inbox *in;        // a reference
	uint64_t media;
};

static void reading_end(struct reading *r)
{
	struct inbox *in = r->in;
	struct live *l = in->plugin->channels->live;
	http_release(r->x);
	mem_free(r);
	inbox_release(in);
	live_busy(l, -1);
}

// Shown in the page; everything else is a download.
static bool is_safe_image(struct str type)
{
	static const char *const SAFE[] = {"image/png", "image/jpeg", "image/gif", "image/webp"};
	for (size_t i = 0; i < ARRAY_LEN(SAFE); i++)
		if (str_is(type, SAFE[i])) return true;
	return false;
}

static bool type_is_clean(struct str type)
{
	bool has_slash = false;
	for (size_t i = 0; i < type.n; i++) {
		if (type.p[i] <= ' ' || type.p[i] > '~' || type.p[i] == ';' || type.p[i] == ',') return false;
		has_slash |= type.p[i] == '/';
	}
	return has_slash && type.n < 128;
}

static void file_headers(struct http_exchange *x, const struct inbox *in, struct str type, struct str name)
{
	struct buf b = {0};
	buf_add(&b, is_safe_image(type) ? STR("inline; filename*=UTF-8''") : STR("attachment; filename*=UTF-8''"));
	url_encode(&b, name.n ? name : STR("file"));
	live_cors(x, in);
	http_header_add(x, "Content-Disposition", buf_str(&b));
	http_header_add(x, "Content-Security-Policy", STR("default-src 'none'; sandbox"));
	http_header_add(x, "Cross-Origin-Resource-Policy", STR("cross-origin"));
	http_header_add(x, "Cache-Control", STR("private, max-age=3600"));
	buf_fini(&b);
}

static void file_found(int status, int fd, uint64_t size, struct str type, struct str name, void *arg)
{
	struct reading *r = arg;
	if (status) {
		live_refuse(r->x, r->in, status == E_MISSING ? 404 : 503,
			    status == E_MISSING ? "missing" : "unavailable");
	} else {
		bool is_clean = type_is_clean(type);
		file_headers(r->x, r->in, type, name);
		const char *mime = is_clean ? arena_cstr(http_arena(r->x), type) : "application/octet-stream";
		http_respond_file(r->x, 200, mime, fd, 0, size);
	}
	reading_end(r);
}

static void file_judged(bool yes, void *arg)
{
	struct reading *r = arg;
	const struct channel_ports *ports = &r->in->plugin->channels->ports;
	if (yes) {
		ports->media_get(ports->ctx, r->in->id, r->media, file_found, r);
		return;
	}
	live_refuse(r->x, r->in, 404, "missing");
	reading_end(r);
}

void live_file_request(struct http_exchange *x, struct inbox *in, struct str rest)
{
	const struct channel_ports *ports = &in->plugin->channels->ports;
	struct arena *a = http_arena(x);
	struct str address, t = http_param(a, http_request(x)->query, "t");
	uint64_t media;
	if (id_parse(rest, &media)) {
		live_refuse(x, in, 404, "missing");
		return;
	}
	if (!(t.p && live_file_check(in, a, t, media, &address)) && !live_bearer(x, in, &address)) {
		live_refuse(x, in, 401, "token");
		return;
	}
	struct reading *r = mem_new(struct reading);
	*r = (struct reading){.x = x, .in = mem_ref(in), .media = media};
	live_busy(in->plugin->channels->live, 1);
	http_hold(x);
	ports->may_read(ports->ctx, in->id, address, media, file_judged, r);
}
