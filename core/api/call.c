// SPDX-License-Identifier: Apache-2.0
// A call from its request to its one answer; errors in one shape.
#include "inside.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/clock.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct call *call_new(struct api *a, struct http_exchange *x, const struct route *route, uint64_t id)
{
	struct call *c = arena_new_of(http_arena(x), struct call);
	*c = (struct call){.api = a, .x = x, .arena = http_arena(x), .route = route, .id = id};
	list_init(&c->at);
	http_hold(x);
	api_enter(a);
	return c;
}

const struct user *call_user(const struct call *c)
{
	const struct user *u = directory_user(c->api->o.directory, c->session.user);
	assert(u);
	return u;
}

bool call_is_admin(const struct call *c) { return access_is_admin(call_user(c)); }

static void gate_leave(struct call *c)
{
	struct api *a = c->api;
	c->holds_gate = false;
	struct list *next = list_pop(&a->gate);
	a->gate_is_taken = next != NULL;
	if (!next) return;
	struct call *n = list_entry(next, struct call, at);
	n->holds_gate = true;
	loop_defer(a->o.loop, n->through_gate, n);
}

// The exchange may be gone with its release, and the call with it.
static void done(struct call *c)
{
	struct api *a = c->api;
	struct http_exchange *x = c->x;
	if (c->holds_gate) gate_leave(c);
	buf_fini(&c->out);
	http_release(x);
	api_leave(a);
}

struct json_out *call_open(struct call *c)
{
	buf_reset(&c->out);
	c->json = json_out_init(&c->out);
	return &c->json;
}

static void add_headers(struct call *c)
{
	http_header_add(c->x, "Cache-Control", STR("no-store"));
	http_header_add(c->x, "X-Content-Type-Options", STR("nosniff"));
}

void call_end(struct call *c, int status)
{
	add_headers(c);
	http_respond(c->x, status, "application/json", buf_str(&c->out));
	done(c);
}

void call_end_empty(struct call *c)
{
	add_headers(c);
	http_respond(c->x, 204, NULL, STR(""));
	done(c);
}

void call_end_file(struct call *c, const char *type, int fd, uint64_t n)
{
	http_respond_file(c->x, 200, type, fd, 0, n);
	done(c);
}

void call_end_unchanged(struct call *c, int fd)
{
	close(fd);
	http_respond(c->x, 304, NULL, STR(""));
	done(c);
}

void call_forget(struct call *c) { done(c); }

static void fail(struct call *c, int status, const char *code, const char *field, const char *text)
{
	struct json_out *o = call_open(c);
	json_out_map(o);
	json_out_key(o, "error");
	json_out_map(o);
	json_out_key_string(o, "code", str_of(code));
	json_out_key_string(o, "text", str_of(text));
	if (field) json_out_key_string(o, "field", str_of(field));
	json_out_map_end(o);
	json_out_map_end(o);
	c->api->stats.refused++;
	if (status == 503) http_header_add(c->x, "Retry-After", STR("2"));
	call_end(c, status);
}

void call_refuse(struct call *c, int status, const char *code, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	fail(c, status, code, NULL, text);
}

void call_fail_field(struct call *c, const char *field, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	fail(c, 400, "invalid", field, text);
}

void call_missing(struct call *c)
{
	fail(c, 404, "missing", NULL, "there is no such thing, or it is not yours to see");
}

void call_throttled(struct call *c, int64_t wait_ms)
{
	long long seconds = (wait_ms + 999) / 1000;
	http_header_add(c->x, "Retry-After", arena_printf(c->arena, "%lld", seconds));
	call_refuse(c, 429, "throttled", "too many failed tries; wait %lld s", seconds);
}

// What each code of the house is for somebody who asks over HTTP.
static const struct {
	int code, status;
	const char *word;
} statuses[] = {
	{E_INVALID, 400, "invalid"},         {E_TOO_LARGE, 413, "too_large"}, {E_CONFLICT, 409, "conflict"},
	{E_DENIED, 403, "denied"},           {E_BUSY, 503, "busy"},           {E_IO, 503, "unavailable"},
	{E_STORE, 503, "unavailable"},       {E_FENCED, 503, "unavailable"},  {E_CANCELLED, 503, "unavailable"},
	{E_UNSUPPORTED, 400, "unsupported"},
};

void call_fail_status(struct call *c, int status, const struct err *why)
{
	const char *text = why && why->text[0] ? why->text : err_text(status);
	if (status == E_MISSING) {
		call_missing(c); // in one wording: nobody learns which of many things is not there, or not theirs
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		if (statuses[i].code != status) continue;
		// What the database or the disk says is for the log.
		bool is_ours = statuses[i].status == 503;
		fail(c, statuses[i].status, statuses[i].word, NULL, is_ours ? err_text(status) : text);
		return;
	}
	log_error("api", "%s %s: %s: %s", c->route->method, c->route->path, err_name(status), text);
	fail(c, 500, "internal", NULL, "a mistake of ours; the log says more");
}

// ---- changes --------------------------------------------------------------------------------------------------------

void call_gate(struct call *c, loop_cb through)
{
	struct api *a = c->api;
	c->through_gate = through;
	if (a->gate_is_taken) {
		list_append(&a->gate, &c->at);
		return;
	}
	a->gate_is_taken = c->holds_gate = true;
	loop_defer(a->o.loop, through, c);
}

struct event call_event(const struct call *c, enum event_kind kind)
{
	return (struct event){.kind = kind, .at_ms = clock_now_ms(), .actor = {ACTOR_USER, c->session.user}};
}

uint64_t call_new_id(struct call *c)
{
	uint64_t id = store_id(c->api->o.store);
	if (!id) call_fail_status(c, E_STORE, NULL);
	return id;
}

static void on_loaded(int status, void *arg)
{
	struct call *c = arg;
	// The change stands; a directory that could not be read now is read with the next change.
	c->next(c);
}

void call_reload(struct call *c, void (*next)(struct call *c))
{
	c->next = next;
	directory_load(c->api->o.directory, on_loaded, c);
}

static void on_committed(int status, const struct unit_result *r, void *arg)
{
	struct call *c = arg;
	if (status)
		call_fail_status(c, status, r->why);
	else
		call_reload(c, c->next);
}

void call_commit(struct call *c, struct unit *u, const struct event *e, void (*next)(struct call *c))
{
	c->next = next;
	act_commit(c->api->o.pipeline, u, e, on_committed, c);
}
