// SPDX-License-Identifier: Apache-2.0
// Answers for the page's files: which file, whole or not modified, packed or plain, and the headers that keep it safe.
#include "assets.h"
#include "base/mem.h"
#include "folder.h"
#include <assert.h>
#include <string.h>

#define PAGE STR("/index.html")
#define DEMO STR("/demo/index.html")
#define DEMO_INBOX STR("__INBOX__")

struct web {
	struct folder folder;
	struct http_handler handler;
	struct asset *page;
	struct asset *demo_form; // with DEMO_INBOX where the inbox belongs; NULL: no demo was built
	struct asset demo;       // filled in; no body: no inbox
};

// No script, style or picture from elsewhere and none inline: what a customer writes can do nothing.
static const struct {
	const char *name;
	struct str value;
} safety[] = {
	{"Content-Security-Policy",
	 STR("default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
	     "frame-ancestors 'none'")},
	{"X-Content-Type-Options", STR("nosniff")},
	{"X-Frame-Options", STR("DENY")},
	{"Referrer-Policy", STR("same-origin")},
	{"Cross-Origin-Opener-Policy", STR("same-origin")},
	{"Cross-Origin-Resource-Policy", STR("same-origin")},
};

static void add_safety(struct http_exchange *x)
{
	for (size_t i = 0; i < ARRAY_LEN(safety); i++)
		http_header_add(x, safety[i].name, safety[i].value);
}

// "gzip;q=0" and "*;q=0" say no.
static bool is_refused(struct str params)
{
	struct str one;
	while (str_cut(&params, ';', &one)) {
		one = str_trim(one);
		if (!str_starts(one, STR("q=0"))) continue;
		for (size_t i = 3; i < one.n; i++)
			if (one.p[i] != '.' && one.p[i] != '0') return false;
		return true;
	}
	return false;
}

static bool takes_gzip(const struct http_request *r)
{
	struct str rest = http_request_header(r, "accept-encoding"), one, name;
	while (str_cut(&rest, ',', &one))
		if (str_cut(&one, ';', &name) && str_ieq(str_trim(name), STR("gzip"))) return !is_refused(one);
	return false;
}

static bool has_tag(const struct http_request *r, const char *etag)
{
	struct str rest = http_request_header(r, "if-none-match"), one;
	while (str_cut(&rest, ',', &one)) {
		one = str_trim(one);
		if (str_starts(one, STR("W/"))) one = (struct str){one.p + 2, one.n - 2};
		if (str_is(one, etag) || str_is(one, "*")) return true;
	}
	return false;
}

static void answer_asset(struct http_exchange *x, const struct asset *a)
{
	const struct http_request *r = http_request(x);
	bool is_packed = a->packed.p && takes_gzip(r);
	const char *etag = is_packed ? a->packed_etag : a->etag;
	add_safety(x);
	http_header_add(x, "ETag", str_of(etag));
	http_header_add(x, "Cache-Control",
			a->is_hashed ? STR("public, max-age=31536000, immutable") : STR("no-cache"));
	if (a->packed.p) http_header_add(x, "Vary", STR("Accept-Encoding"));
	if (has_tag(r, etag)) {
		http_respond(x, 304, NULL, STR_NONE);
		return;
	}
	if (is_packed) http_header_add(x, "Content-Encoding", STR("gzip"));
	http_respond(x, 200, a->type, is_packed ? a->packed : a->body);
}

static void answer_text(struct http_exchange *x, int status, struct str text)
{
	add_safety(x);
	http_respond(x, status, "text/plain; charset=utf-8", text);
}

// The addresses that the page's own router knows (ui/src/lib/router.ts).
static bool is_page(struct str path) { return str_is(path, "/") || str_starts(path, STR("/c/")); }

static bool is_demo(struct str path) { return str_is(path, "/demo/") || str_eq(path, DEMO); }

static void answer_demo(struct http_exchange *x, const struct web *w)
{
	if (w->demo.body.p)
		answer_asset(x, &w->demo);
	else
		answer_text(x, 404, STR("The demo shop has no webchat inbox to talk to.\n"));
}

static void on_request(struct http_exchange *x, void *arg)
{
	const struct web *w = arg;
	const struct http_request *r = http_request(x);
	const struct asset *a = is_page(r->path) ? w->page : folder_find(&w->folder, r->path);
	if (!str_is(r->method, "GET") && !str_is(r->method, "HEAD")) {
		http_header_add(x, "Allow", STR("GET, HEAD"));
		answer_text(x, 405, STR("Only GET and HEAD.\n"));
	} else if (str_is(r->path, "/demo")) {
		http_header_add(x, "Location", STR("/demo/"));
		answer_text(x, 308, STR("/demo/\n"));
	} else if (is_demo(r->path)) {
		answer_demo(x, w);
	} else if (a) {
		answer_asset(x, a);
	} else {
		answer_text(x, 404, STR("There is nothing here.\n"));
	}
}

int web_open(struct web **w_r, const char *folder, struct err *e)
{
	assert(w_r && folder);
	struct web *w = mem_new(struct web);
	int r = folder_read(&w->folder, folder, e);
	if (!r) w->page = folder_find(&w->folder, PAGE);
	if (!r && !w->page)
		r = err_set(e, E_MISSING,
			    "%s has no index.html; build the web page: npm ci && npm run build in core/web/ui", folder);
	if (r) {
		web_close(&w);
		return r;
	}
	w->demo_form = folder_find(&w->folder, DEMO);
	w->handler = (struct http_handler){.request = on_request, .arg = w};
	*w_r = w;
	return 0;
}

void web_close(struct web **w_r)
{
	struct web *w = *w_r;
	if (!w) return;
	*w_r = NULL;
	folder_fini(&w->folder);
	mem_free((void *)w->demo.body.p);
	mem_free(w);
}

const struct http_handler *web_handler(struct web *w) { return &w->handler; }

static struct str fill_in(struct str form, uint64_t inbox)
{
	struct buf b = {0};
	for (ptrdiff_t at; (at = str_find_str(form, DEMO_INBOX)) >= 0;) {
		size_t skipped = (size_t)at + DEMO_INBOX.n;
		buf_add_bytes(&b, form.p, (size_t)at);
		buf_add_u64(&b, inbox);
		form = (struct str){form.p + skipped, form.n - skipped};
	}
	buf_add(&b, form);
	struct str body = buf_str(&b);
	body.p = buf_take(&b);
	return body;
}

void web_set_demo_inbox(struct web *w, uint64_t inbox)
{
	mem_free((void *)w->demo.body.p);
	w->demo = (struct asset){0};
	if (!inbox || !w->demo_form) return;
	w->demo = (struct asset){.path = DEMO, .type = w->demo_form->type, .body = fill_in(w->demo_form->body, inbox)};
	asset_tag(w->demo.body, "", w->demo.etag);
}
