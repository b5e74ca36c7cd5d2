// SPDX-License-Identifier: Apache-2.0
// The table of what is served, and who is let in.
#include "inside.h"
#include "base/id.h"
#include "base/mem.h"
#include <string.h>

#define SMALL (16u << 10)
#define LARGE (64u << 10)
#define HUGE_BODY (512u << 10) // a message: 64 KiB of text, each byte maybe written as \u00XX

static const struct route routes[] = {
	{"POST", "/login", DOOR_OPEN, BODY_JSON, SMALL, handle_login},
	{"POST", "/logout", DOOR_USER, BODY_NONE, SMALL, handle_logout},
	{"GET", "/me", DOOR_USER, BODY_NONE, SMALL, handle_me},
	{"POST", "/me/password", DOOR_USER, BODY_JSON, SMALL, handle_password},
	{"GET", "/conversations", DOOR_USER, BODY_NONE, SMALL, handle_conversations},
	{"GET", "/conversations/{id}", DOOR_USER, BODY_NONE, SMALL, handle_conversation},
	{"GET", "/conversations/{id}/timeline", DOOR_USER, BODY_NONE, SMALL, handle_timeline},
	{"POST", "/conversations/{id}/messages", DOOR_USER, BODY_JSON, HUGE_BODY, handle_send},
	{"POST", "/conversations/{id}/assign", DOOR_USER, BODY_JSON, SMALL, handle_assign},
	{"POST", "/conversations/{id}/state", DOOR_USER, BODY_JSON, SMALL, handle_state},
	{"POST", "/messages/{id}/resend", DOOR_USER, BODY_NONE, SMALL, handle_resend},
	{"GET", "/contacts/{id}", DOOR_USER, BODY_NONE, SMALL, handle_contact},
	{"PATCH", "/contacts/{id}", DOOR_USER, BODY_JSON, SMALL, handle_contact_patch},
	{"POST", "/files", DOOR_USER, BODY_STREAM, 0, handle_upload, handle_upload_head, handle_upload_complete},
	{"GET", "/files/{id}", DOOR_USER, BODY_NONE, SMALL, handle_file},
	{"GET", "/users", DOOR_USER, BODY_NONE, SMALL, handle_users},
	{"POST", "/users", DOOR_ADMIN, BODY_JSON, SMALL, handle_user_add},
	{"PATCH", "/users/{id}", DOOR_ADMIN, BODY_JSON, SMALL, handle_user_patch},
	{"GET", "/teams", DOOR_USER, BODY_NONE, SMALL, handle_teams},
	{"POST", "/teams", DOOR_ADMIN, BODY_JSON, SMALL, handle_team_add},
	{"GET", "/queues", DOOR_USER, BODY_NONE, SMALL, handle_queues},
	{"POST", "/queues", DOOR_ADMIN, BODY_JSON, SMALL, handle_queue_add},
	{"GET", "/channels", DOOR_ADMIN, BODY_NONE, SMALL, handle_channels},
	{"GET", "/inboxes", DOOR_USER, BODY_NONE, SMALL, handle_inboxes},
	{"POST", "/inboxes", DOOR_ADMIN, BODY_JSON, LARGE, handle_inbox_add},
	{"PATCH", "/inboxes/{id}", DOOR_ADMIN, BODY_JSON, LARGE, handle_inbox_patch},
	{"GET", "/events", DOOR_USER, BODY_NONE, SMALL, handle_events},
	{"GET", "/live", DOOR_USER, BODY_NONE, SMALL, handle_live},
};

// For calls that reach no route.
static const struct route nowhere = {"?", "?", DOOR_OPEN, BODY_NONE, SMALL, call_missing};

// Does the path have the pattern's form? "{id}" takes one segment that is an id.
static bool fits(struct str path, struct str pattern, uint64_t *id_r)
{
	struct str a, b;
	while (str_cut(&pattern, '/', &b)) {
		if (!str_cut(&path, '/', &a)) return false;
		if (str_is(b, "{id}") ? id_parse(a, id_r) != 0 || a.p[0] == '0' : !str_eq(a, b)) return false;
	}
	return path.n == 0;
}

struct found {
	const struct route *route; // NULL: none
	uint64_t id;
	struct str allow; // the methods that the path knows; empty: no such path
};

static struct found find(struct http_exchange *x)
{
	const struct http_request *r = http_request(x);
	struct found f = {.allow = STR("")};
	if (!str_starts(r->path, STR(PREFIX "/"))) return f;
	struct str path = {r->path.p + sizeof PREFIX, r->path.n - sizeof PREFIX};
	if (!path.n || path.p[path.n - 1] == '/') return f;
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		uint64_t id = 0;
		if (!fits(path, str_of(routes[i].path + 1), &id)) continue;
		f.allow = arena_printf(http_arena(x), "%.*s%s%s", STR_ARG(f.allow), f.allow.n ? ", " : "",
				       routes[i].method);
		if (!str_is(r->method, routes[i].method)) continue;
		f.route = &routes[i];
		f.id = id;
	}
	return f;
}

// ---- admission ------------------------------------------------------------------------------------------------------

static bool is_write(const struct call *c) { return strcmp(c->route->method, "GET") != 0; }

// A page of somebody else's shows itself by its Origin; a request without one does not come from a page.
static bool origin_is_ours(const struct call *c)
{
	const struct http_request *r = http_request(c->x);
	struct str origin = http_request_header(r, "origin");
	struct str site = http_request_header(r, "sec-fetch-site");
	if (str_is(site, "cross-site")) return false;
	if (!origin.p || str_is(origin, c->api->origin)) return true;
	ptrdiff_t at = str_find_str(origin, STR("://"));
	if (at < 0) return false;
	struct str host = {origin.p + at + 3, origin.n - (size_t)at - 3};
	return host.n && str_ieq(host, http_request_header(r, "host"));
}

static void on_session(int status, struct call *c)
{
	struct directory *d = c->api->o.directory;
	struct str csrf = http_request_header(http_request(c->x), "x-csrf");
	if (status && status != E_DENIED)
		call_fail_status(c, status, NULL);
	else if (status || !directory_access(d, c->session.user, &c->access))
		call_refuse(c, 401, "signed_out", "sign in first");
	else if (is_write(c) && !str_eq_secret(csrf, c->session.csrf))
		call_refuse(c, 403, "csrf", "the header X-CSRF is missing or is not the one of this session");
	else if (c->route->door == DOOR_ADMIN && !call_is_admin(c))
		call_refuse(c, 403, "denied", "only an administrator may do this");
	else {
		session_touch(c);
		c->next(c);
	}
}

static void admit(struct call *c, void (*next)(struct call *c))
{
	c->next = next;
	bool is_live = c->route->handle == handle_live;
	if ((is_write(c) || is_live) && !origin_is_ours(c))
		call_refuse(c, 403, "origin", "this request comes from another site's page");
	else if (c->route->door == DOOR_OPEN)
		next(c);
	else if (session_of_cookie(c))
		call_refuse(c, 401, "signed_out", "sign in first");
	else
		session_read(c, on_session);
}

// ---- bodies ---------------------------------------------------------------------------------------------------------

static bool is_json_type(struct str type)
{
	ptrdiff_t end = str_find(type, ';');
	return str_ieq(str_trim(end < 0 ? type : (struct str){type.p, (size_t)end}), STR("application/json"));
}

static void read_body(struct call *c)
{
	const struct http_request *r = http_request(c->x);
	struct err e = {0};
	if (c->route->body != BODY_JSON)
		c->route->handle(c);
	else if (!is_json_type(http_request_header(r, "content-type")))
		call_refuse(c, 415, "type", "the body must be application/json");
	else if (json_parse(c->arena, r->body, &JSON_OURS, &c->body, &e))
		call_refuse(c, 400, "invalid", "the body is no JSON: %s", e.text);
	else if (!json_is(c->body, JSON_MAP))
		call_refuse(c, 400, "invalid", "the body must be a JSON object");
	else
		c->route->handle(c);
}

// ---- the two doors of http_handler ----------------------------------------------------------------------------------

// The server would refuse it as well, but not in our words.
static bool is_too_large(struct http_exchange *x, size_t max)
{
	uint64_t n;
	return !str_to_u64(http_request_header(http_request(x), "content-length"), &n) && n > max;
}

void router_head(struct http_exchange *x, struct http_body_plan *plan, void *arg)
{
	struct api *a = arg;
	struct found f = find(x);
	const struct route *route = f.route ? f.route : &nowhere;
	bool is_stream = route->body == BODY_STREAM;
	plan->max_bytes = is_stream ? a->o.upload_bytes : route->body_bytes;
	http_set_data(x, NULL);
	bool is_large = is_too_large(x, plan->max_bytes);
	if (a->is_closing || (!is_stream && !is_large)) return;
	struct call *c = call_new(a, x, route, f.id);
	a->stats.requests++;
	http_set_data(x, c);
	if (is_large) {
		call_refuse(c, 413, "too_large", "at most %zu bytes", plan->max_bytes);
		return;
	}
	route->head(c, plan);
	admit(c, route->handle);
}

static void refuse(struct call *c, const struct found *f)
{
	if (c->api->is_closing) {
		call_refuse(c, 503, "closing", "the server is closing");
	} else if (!f->allow.n) {
		call_missing(c);
	} else {
		http_header_add(c->x, "Allow", f->allow);
		call_refuse(c, 405, "method", "only %.*s", STR_ARG(f->allow));
	}
}

void router_request(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct call *c = http_data(x);
	if (c) {
		c->route->complete(c);
		return;
	}
	struct found f = find(x);
	a->stats.requests++;
	c = call_new(a, x, f.route ? f.route : &nowhere, f.id);
	if (!f.route || a->is_closing)
		refuse(c, &f);
	else
		admit(c, read_body);
}
