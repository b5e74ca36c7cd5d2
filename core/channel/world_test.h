// SPDX-License-Identifier: Apache-2.0
// A small world for tests: a loop, a host with fake ports, a server in front of it, and a provider behind it.
#pragma once
#include "fake_ports_test.h"
#include "requests_test.h"
#include "world_base_test.h"

// ---- the provider -----------------------------------------------------------------------------------------------

struct provider_later {
	struct world *w;
	struct http_exchange *x;
	struct loop_timer timer;
};

static inline void provider_answer(void *arg)
{
	struct provider_later *l = arg;
	if (l->w->provider_header) http_header_add(l->x, "Retry-After", str_of(l->w->provider_header));
	http_respond(l->x, l->w->provider_status, "application/json", str_of(l->w->provider_body));
	http_release(l->x);
	l->w->n_answers_owed--;
	mem_free(l);
}

static inline bool all_answered(struct world *w, void *arg)
{
	(void)arg;
	return !w->n_answers_owed;
}

static inline void provider_request(struct http_exchange *x, void *arg)
{
	struct world *w = arg;
	const struct http_request *rq = http_request(x);
	buf_printf(&w->requests, "%.*s %.*s?%.*s", STR_ARG(rq->method), STR_ARG(rq->path), STR_ARG(rq->query));
	for (size_t i = 0; i < rq->n_headers; i++)
		buf_printf(&w->requests, " [%.*s: %.*s]", STR_ARG(rq->headers[i].name), STR_ARG(rq->headers[i].value));
	buf_printf(&w->requests, " %.*s\n", STR_ARG(rq->body));
	w->n_requests++;
	w->n_answers_owed++;
	struct provider_later *l = mem_new(struct provider_later);
	l->w = w;
	l->x = x;
	http_hold(x);
	loop_timer_init(&l->timer, w->loop, "provider", provider_answer, l);
	loop_timer_set(&l->timer, w->provider_delay_ms);
}

// ---- life -------------------------------------------------------------------------------------------------------

static inline void front_head(struct http_exchange *x, struct http_body_plan *plan, void *arg)
{
	struct world *w = arg;
	const struct http_handler *h =
		str_starts(http_request(x)->path, STR("/live/")) ? channels_live(w->c) : channels_hooks(w->c);
	h->head(x, plan, h->arg);
}

static inline void front_request(struct http_exchange *x, void *arg)
{
	struct world *w = arg;
	const struct http_handler *h =
		str_starts(http_request(x)->path, STR("/live/")) ? channels_live(w->c) : channels_hooks(w->c);
	h->request(x, h->arg);
}

static inline struct channel_ports world_ports(struct world *w)
{
	return (struct channel_ports){
		.ctx = w,
		.commit = port_commit,
		.kv_get = port_kv_get,
		.media_put = port_media_put,
		.media_piece = port_media_piece,
		.media_drained = port_media_drained,
		.media_commit = port_media_commit,
		.media_abort = port_media_abort,
		.media_get = port_media_get,
		.signal = port_signal,
		.inbox_state = port_inbox_state,
	};
}

static inline void world_open_with(struct world *w, const struct channel_ports *ports)
{
	static const char *const ALLOW[] = {"127.0.0.1", NULL};
	struct err e = {0};
	log_set_level(LOG_DEBUG);
	log_capture(world_log, w);
	w->loop = loop_new();
	loop_warn_above_ms(w->loop, 0);
	w->kv = smap_new();
	w->provider_status = 200;
	w->provider_body = "{\"id\":\"p-1\"}";
	assert_int_equal(http_client_new(&w->client, w->loop, 16, &e), 0);
	const struct channel_options o = {
		.loop = w->loop,
		.client = w->client,
		.ports = ports,
		.allow_hosts = ALLOW,
		.public_url = "https://desk.example",
		.key = STR("0123456789abcdef\0"
			   "123456789abcdef"),
	};
	assert_int_equal(channels_new(&w->c, &o, &e), 0);
	const struct http_handler front = {front_head, front_request, w}, behind = {NULL, provider_request, w};
	if (http_server_open(&w->server, w->loop, "127.0.0.1:0", NULL, &front, &e) ||
	    http_server_open(&w->provider, w->loop, "127.0.0.1:0", NULL, &behind, &e))
		fail_msg("%s", e.text);
}

static inline void world_open(struct world *w)
{
	*w = (struct world){0};
	const struct channel_ports ports = world_ports(w);
	world_open_with(w, &ports);
}

static inline void note_closed(void *arg) { *(bool *)arg = true; }

static inline bool is_set(struct world *w, void *arg)
{
	(void)w;
	return *(bool *)arg;
}

static inline void world_close(struct world *w)
{
	bool a = false, b = false;
	assert_false(has(&w->log, "NESTED"));
	assert_false(has(&w->log, "NOT IN THE LANE"));
	assert_false(has(&w->log, "A THREAD GOT THROUGH"));
	if (w->c) {
		channels_close(w->c, 2000, note_closed, &w->is_closed);
		assert_true(world_wait(w, is_set, &w->is_closed));
	}
	assert_true(world_wait(w, all_answered, NULL));
	http_client_free(&w->client);
	http_server_close(w->server, 1000, note_closed, &a);
	assert_true(world_wait(w, is_set, &a));
	http_server_close(w->provider, 1000, note_closed, &b);
	assert_true(world_wait(w, is_set, &b));
	loop_free(&w->loop);
	log_capture(NULL, NULL);
	size_t at = 0;
	struct str key;
	void *value;
	while (smap_next(w->kv, &at, &key, &value))
		mem_free(value);
	smap_free(&w->kv);
	media_forget();
	buf_fini(&w->log);
	buf_fini(&w->commits);
	buf_fini(&w->signals);
	buf_fini(&w->requests);
}

// Loads a plugin and opens inbox `id` of it.
static inline void world_inbox(struct world *w, const char *so, const char *channel, uint64_t id, const char *config)
{
	struct err e = {0};
	struct arena *a = arena_new(0);
	const struct json *v;
	if (!channels_manifest(w->c, str_of(channel)) && channels_load(w->c, so, &e)) fail_msg("%s", e.text);
	if (json_parse(a, str_of(config), &JSON_OURS, &v, &e) || channels_open_inbox(w->c, id, str_of(channel), v, &e))
		fail_msg("%s", e.text);
	arena_free(&a);
}

#define PROBE TEST_PLUGINS "/probe.so"

// ---- ops --------------------------------------------------------------------------------------------------------

// How an op ended, as text: "status=0 class=0 doc=… text=…".
struct ended {
	int n, status, class_;
	struct buf text;
};

static inline void op_noted(const struct op_end *end, void *arg)
{
	struct ended *d = arg;
	d->n++;
	d->status = end->status;
	d->class_ = end->class_;
	buf_reset(&d->text);
	buf_printf(&d->text, "%.*s ", STR_ARG(end->text));
	if (end->doc) json_write(&d->text, end->doc);
}

static inline bool has_ended(struct world *w, void *arg)
{
	(void)w;
	return ((struct ended *)arg)->n > 0;
}

static inline struct op *steps_start(struct world *w, uint64_t inbox, const char *steps, int64_t deadline_ms,
				     struct ended *d)
{
	struct arena *a = arena_new(0);
	struct buf text = {0};
	struct err e;
	const struct json *doc;
	buf_printf(&text, "{\"steps\":%s}", steps);
	if (json_parse(a, buf_str(&text), &JSON_OURS, &doc, &e)) fail_msg("%s in %s", e.text, text.p);
	const struct op_ask ask = {.verb = "message.send", .doc = doc, .deadline_ms = deadline_ms, .key = STR("k-1")};
	struct op *op = op_start(channels_inbox(w->c, inbox), &ask, op_noted, d);
	buf_fini(&text);
	arena_free(&a);
	return op;
}

// Runs steps in the probe of inbox 1 and waits for the end of the op.
static inline void steps_run(struct world *w, const char *steps, struct ended *d)
{
	buf_fini(&d->text);
	*d = (struct ended){0};
	assert_non_null(steps_start(w, 1, steps, 5000, d));
	assert_true(world_wait(w, has_ended, d));
}
