// SPDX-License-Identifier: Apache-2.0
// Webhooks: verified on the raw bytes, handed to the plugin as webhook.request, answered when what it emitted is
// durable.
#include "webhook.h"
#include "config.h"
#include "net/url.h"
#include "base/log.h"
#include "base/mem.h"
#include <string.h>

#define RETRY_AFTER_S 5

static struct str method_of(struct http_exchange *x) { return http_request(x)->method; }

// "/hooks/42/rest" → inbox 42 and "/rest".
static struct inbox *inbox_of(struct channels *c, struct str path, struct str *rest_r)
{
	struct str rest = path, word;
	uint64_t id;
	if (!str_starts(rest, STR("/hooks/"))) return NULL;
	rest = (struct str){rest.p + 7, rest.n - 7};
	word = rest;
	ptrdiff_t end = str_find(rest, '/');
	if (end >= 0) word.n = (size_t)end;
	*rest_r = (struct str){rest.p + word.n, rest.n - word.n};
	return str_to_u64(word, &id) ? NULL : channels_inbox(c, id);
}

static bool takes_method(const struct webhook_plan *w, struct str method)
{
	if (!w->methods) return str_is(method, "POST");
	for (size_t i = 0; i < json_count(w->methods); i++)
		if (str_eq(json_string(json_at(w->methods, i)), method)) return true;
	return false;
}

// Fixed answers, which hold nothing that was computed from the request.
static void refuse(struct http_exchange *x, int status)
{
	static const struct {
		int status;
		const char *text;
	} TEXTS[] = {
		{400, "bad request\n"},    {401, "not verified\n"},       {403, "forbidden\n"},
		{404, "no such hook\n"},   {405, "method not allowed\n"}, {413, "too large\n"},
		{500, "internal error\n"}, {503, "try again later\n"},    {504, "took too long\n"},
	};
	const char *text = "error\n";
	for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++)
		if (TEXTS[i].status == status) text = TEXTS[i].text;
	http_respond(x, status, "text/plain", str_of(text));
}

static void refuse_for_now(struct http_exchange *x, int64_t retry_after_ms)
{
	int64_t s = retry_after_ms > 0 ? (retry_after_ms + 999) / 1000 : RETRY_AFTER_S;
	http_header_add(x, "Retry-After", arena_printf(http_arena(x), "%lld", (long long)s));
	refuse(x, 503);
}

static void hook_head(struct http_exchange *x, struct http_body_plan *plan, void *arg)
{
	struct channels *c = arg;
	struct str rest;
	struct inbox *in = inbox_of(c, http_request(x)->path, &rest);
	if (!in || !in->plugin->manifest.has_webhook) {
		refuse(x, 404);
		return;
	}
	const struct webhook_plan *w = &in->plugin->manifest.webhook;
	if (!takes_method(w, method_of(x))) {
		refuse(x, 405);
		return;
	}
	plan->max_bytes = w->max_bytes;
}

// ---- verification -----------------------------------------------------------------------------------------------

struct verifying {
	struct http_exchange *x;
	struct inbox *in;
};

static struct str verify_header(void *arg, const char *name)
{
	const struct verifying *v = arg;
	return http_request_header(http_request(v->x), name);
}

static struct str verify_secret(void *arg, struct str name)
{
	const struct verifying *v = arg;
	return json_string(config_at(v->in->plain, name));
}

static bool is_genuine(struct http_exchange *x, struct inbox *in)
{
	const struct http_request *rq = http_request(x);
	const struct webhook_plan *w = &in->plugin->manifest.webhook;
	struct verifying v = {x, in};
	struct arena *a = http_arena(x);
	const char *mark = rq->query.n ? "?" : "";
	const struct verify_request request = {
		.arena = a,
		.method = rq->method,
		.url = arena_printf(a, "%s%.*s%s%.*s", in->plugin->channels->public_url, STR_ARG(rq->raw_path), mark,
				    STR_ARG(rq->query)),
		.query = rq->query,
		.body = rq->body,
		.header = verify_header,
		.secret = verify_secret,
		.arg = &v,
	};
	return verify_request(w->recipes, w->n_recipes, &request);
}

// ---- the document of the request --------------------------------------------------------------------------------

// The header or parameter that carried a token is not shown to anybody.
static bool is_hidden(const struct webhook_plan *w, struct str name, bool is_header)
{
	if (is_header && str_ieq(name, STR("authorization"))) return true;
	for (size_t i = 0; i < w->n_recipes; i++) {
		const struct recipe *r = &w->recipes[i];
		if (r->kind == RECIPE_TOKEN && str_ieq(is_header ? r->header : r->query, name)) return true;
	}
	return false;
}

static const struct json *query_doc(struct arena *a, const struct webhook_plan *w, struct str query)
{
	struct json_builder *b = json_build_map(a);
	for (struct str pair; str_cut(&query, '&', &pair);) {
		struct str name = pair;
		ptrdiff_t eq = str_find(pair, '=');
		if (eq >= 0) name.n = (size_t)eq;
		name = url_decode(a, name, true);
		const char *key = arena_cstr(a, name);
		const struct json *value = name.n ? json_make_string(a, http_param(a, pair, key)) : NULL;
		if (value && !is_hidden(w, name, false)) json_put(b, name, value);
	}
	return json_build(b);
}

static const struct json *headers_doc(struct arena *a, const struct webhook_plan *w, const struct http_request *rq)
{
	struct json_builder *b = json_build_map(a);
	const struct json *type = json_make_string(a, http_request_header(rq, "content-type"));
	if (type && json_string(type).n) json_put(b, STR("content-type"), type);
	for (size_t i = 0; i < json_count(w->headers); i++) {
		struct str name = json_string(json_at(w->headers, i));
		struct str value = http_request_header(rq, name.p);
		const struct json *v = value.p && !is_hidden(w, name, true) ? json_make_string(a, value) : NULL;
		if (v) json_put(b, name, v);
	}
	return json_build(b);
}

// NULL: the body is not of the form that the manifest promises.
static const struct json *request_doc(struct arena *a, struct http_exchange *x, struct inbox *in, struct str rest)
{
	const struct http_request *rq = http_request(x);
	const struct webhook_plan *w = &in->plugin->manifest.webhook;
	struct json_builder *b = json_build_map(a);
	const struct json *body = NULL;
	if (w->body == WEBHOOK_JSON && rq->body.n && json_parse(a, rq->body, &JSON_PROVIDER, &body, NULL)) return NULL;
	if (w->body == WEBHOOK_BYTES) body = json_make_bytes(a, rq->body);
	json_put(b, STR("method"), json_make_string(a, rq->method));
	json_put(b, STR("path"), json_make_string(a, rest));
	if (rq->query.n) json_put(b, STR("query"), query_doc(a, w, rq->query));
	json_put(b, STR("headers"), headers_doc(a, w, rq));
	if (body) json_put(b, STR("body"), body);
	return json_build(b);
}

// ---- the answer -------------------------------------------------------------------------------------------------

static bool header_is_fine(struct str name)
{
	static const char *const OURS[] = {"content-length", "transfer-encoding", "connection", "date",
					   "upgrade",        "content-type",      "set-cookie"};
	for (size_t i = 0; i < ARRAY_LEN(OURS); i++)
		if (str_ieq(name, str_of(OURS[i]))) return false;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] == ':' || name.p[i] == 0x7f) return false;
	return name.n > 0;
}

static void answer_headers(struct http_exchange *x, const struct json *headers)
{
	for (size_t i = 0; json_is(headers, JSON_MAP) && i < headers->n; i++) {
		struct str name = headers->members[i].key, value = json_string(headers->members[i].value);
		bool is_clean = value.p && header_is_fine(name);
		for (size_t k = 0; is_clean && k < value.n; k++)
			is_clean = (unsigned char)value.p[k] >= ' ' && value.p[k] != 0x7f;
		if (is_clean) http_header_add(x, arena_cstr(http_arena(x), name), value);
	}
}

static void answer_done(struct http_exchange *x, const struct json *doc)
{
	int64_t status = json_int_of(doc, "status", 200);
	const struct json *headers = json_get(doc, "headers"), *body = json_get(doc, "body");
	struct str type = json_string_of(doc, "type");
	if (status < 200 || status > 599) status = 500;
	answer_headers(x, headers);
	struct arena *a = http_arena(x);
	const char *mime = type.n && utf8_valid_text(type) ? arena_cstr(a, type) : NULL;
	for (const char *p = mime; p && *p; p++)
		if ((unsigned char)*p < ' ') mime = NULL;
	if (json_is(body, JSON_STRING) || json_is(body, JSON_BYTES)) {
		http_respond(x, (int)status, mime ? mime : "text/plain; charset=utf-8", (struct str){body->s, body->n});
		return;
	}
	struct buf text = {0};
	if (body) json_write(&text, body);
	http_respond(x, (int)status, mime ? mime : body ? "application/json" : NULL, buf_str(&text));
	buf_fini(&text);
}

// Who sent it is known by now: the plugin's words may help him.
static void refuse_with(struct http_exchange *x, struct str text)
{
	if (!text.n)
		refuse(x, 400);
	else
		http_respond(x, 400, "text/plain; charset=utf-8", arena_printf(http_arena(x), "%.*s\n", STR_ARG(text)));
}

static void answer_error(struct http_exchange *x, const struct op_end *end)
{
	switch (end->class_) {
	case CHANNEL_TRANSIENT:
	case CHANNEL_THROTTLED:
	case CHANNEL_QUOTA:
	case CHANNEL_PROVIDER_DOWN: refuse_for_now(x, end->retry_after_ms); return;
	case CHANNEL_AUTH: refuse(x, 401); return;
	case CHANNEL_POLICY: refuse(x, 403); return;
	case CHANNEL_TOO_LARGE: refuse(x, 413); return;
	case CHANNEL_INVALID:
	case CHANNEL_UNSUPPORTED:
	case CHANNEL_RECIPIENT_UNKNOWN: refuse_with(x, end->text); return;
	default: refuse(x, 500); return;
	}
}

static void hook_ended(const struct op_end *end, void *arg)
{
	struct http_exchange *x = arg;
	struct channels *c = http_data(x);
	if (end->status) c->stats.hooks_refused++;
	switch (end->status) {
	case 0: answer_done(x, end->doc); break;
	case E_REMOTE: answer_error(x, end); break;
	case E_TIMEOUT: refuse(x, 504); break;
	case E_INVALID:
	case E_TOO_LARGE:
		/* More events than a cause may carry: nothing of it was taken, and whoever sent it must hear so. */
		log_warn("hooks", "%.*s: refused whole: %.*s", STR_ARG(http_request(x)->path), STR_ARG(end->text));
		refuse_with(x, end->text);
		break;
	case E_POISON:
		/* The store keeps it parked; repeating it would not help. */
		log_error("hooks", "%.*s: parked: %.*s", STR_ARG(http_request(x)->path), STR_ARG(end->text));
		http_respond(x, 200, NULL, STR_NONE);
		break;
	case E_UNSUPPORTED: refuse(x, 404); break;
	default: refuse_for_now(x, 0); break;
	}
	http_release(x);
}

static void hook_request(struct http_exchange *x, void *arg)
{
	struct channels *c = arg;
	struct str rest;
	struct inbox *in = inbox_of(c, http_request(x)->path, &rest);
	c->stats.hooks++;
	if (!in || !in->plugin->manifest.has_webhook) { /* closed since the head came */
		refuse(x, 404);
		return;
	}
	if (!is_genuine(x, in)) {
		c->stats.hooks_refused++;
		log_info(in->who, "a webhook from %s is not genuine", http_request(x)->peer);
		refuse(x, 401);
		return;
	}
	struct doc_home *home = doc_home_new(&c->pool);
	const struct json *doc = request_doc(home->arena, x, in, rest);
	if (!doc) {
		c->stats.hooks_refused++;
		doc_home_unref(home);
		refuse(x, 400);
		return;
	}
	http_set_data(x, c);
	http_hold(x);
	const struct op_ask ask = {
		.verb = "webhook.request",
		.doc = doc,
		.home = home,
		.deadline_ms = in->plugin->manifest.webhook.deadline_ms,
	};
	if (op_start(in, &ask, hook_ended, x)) return;
	c->stats.hooks_refused++;
	refuse_for_now(x, 0);
	http_release(x);
}

struct http_handler webhook_handler(struct channels *c)
{
	return (struct http_handler){.head = hook_head, .request = hook_request, .arg = c};
}
