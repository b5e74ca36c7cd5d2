// SPDX-License-Identifier: Apache-2.0
// A small world for tests: a loop, a host with fake ports, a server in front of it, and a provider behind it.
#pragma once
#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "channel/channel.h"
#include "host.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef TEST_PLUGINS
#define TEST_PLUGINS "tests/plugins"
#endif

// How the fake port treats commits.
enum commit_way { COMMIT_SOON, COMMIT_HELD, COMMIT_FAILS };

struct world {
	struct loop *loop;
	struct http_client *client;
	struct http_server *server;   // ours: hooks and live
	struct http_server *provider; // theirs
	struct channels *c;
	struct buf log;     // every line logged
	struct buf commits; // one line a commit: the events and puts as JSON
	struct buf signals; // one line each
	struct buf requests; // what the provider was asked, one line each
	int n_commits, n_requests;
	enum commit_way way;
	int commit_status;
	struct channel_commit *held[16];
	size_t n_held;
	struct smap *kv;
	int provider_status;
	const char *provider_body;
	int64_t provider_delay_ms;
	const char *provider_header;
	struct world_live *live; // live_test.c
	bool is_closed;
};

// Threads of plugins log, too.
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

static inline void world_log(enum log_level level, const char *line, void *arg)
{
	struct world *w = arg;
	pthread_mutex_lock(&log_lock);
	buf_printf(&w->log, "%d %s\n", level, line);
	pthread_mutex_unlock(&log_lock);
	if (getenv("VERBOSE"))
		fprintf(stderr, "    %s\n", line);
}

static inline bool has(const struct buf *b, const char *text)
{
	pthread_mutex_lock(&log_lock);
	bool is_there = b->n && strstr(b->p, text);
	pthread_mutex_unlock(&log_lock);
	return is_there;
}

static inline int count_of(const struct buf *b, const char *text)
{
	int n = 0;
	pthread_mutex_lock(&log_lock);
	for (const char *at = b->n ? b->p : NULL; at && (at = strstr(at, text)); at += strlen(text))
		n++;
	pthread_mutex_unlock(&log_lock);
	return n;
}

// ---- waiting for facts -----------------------------------------------------------------------------------------------------

struct wait {
	struct world *w;
	bool (*is_true)(struct world *w, void *arg);
	void *arg;
	struct loop_timer timer;
	int64_t until;
	bool is_over;
};

static inline void wait_look(void *arg)
{
	struct wait *wt = arg;
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	wt->is_over = wt->is_true(wt->w, wt->arg);
	if (wt->is_over || t.tv_sec > wt->until)
		loop_stop(wt->w->loop);
	else
		loop_timer_set(&wt->timer, 1);
}

static inline bool world_wait(struct world *w, bool (*is_true)(struct world *w, void *arg), void *arg)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	struct wait wt = {.w = w, .is_true = is_true, .arg = arg, .until = t.tv_sec + 20};
	loop_timer_init(&wt.timer, w->loop, "wait", wait_look, &wt);
	loop_timer_set(&wt.timer, 0);
	loop_run(w->loop);
	loop_timer_clear(&wt.timer);
	return wt.is_over;
}

struct wait_text {
	const struct buf *b;
	const char *text;
	int times;
};

static inline bool text_is_there(struct world *w, void *arg)
{
	(void)w;
	struct wait_text *t = arg;
	return count_of(t->b, t->text) >= t->times;
}

static inline void wait_text(struct world *w, const struct buf *b, const char *text, int times)
{
	struct wait_text t = {b, text, times};
	if (!world_wait(w, text_is_there, &t)) {
		fprintf(stderr, "waited in vain for %d of: %s\nlog:\n%s\ncommits:\n%s\n", times, text, w->log.p ? w->log.p : "",
			w->commits.p ? w->commits.p : "");
		fail();
	}
}

static inline void wait_log(struct world *w, const char *text)
{
	wait_text(w, &w->log, text, 1);
}

static inline bool turns_are_over(struct world *w, void *arg)
{
	(void)w;
	return --*(int *)arg < 0;
}

// Lets what is on its way arrive: some turns of the loop.
static inline void world_turns(struct world *w, int n)
{
	assert_true(world_wait(w, turns_are_over, &n));
}

// ---- fake ports ------------------------------------------------------------------------------------------------------------

static inline void commit_note(struct world *w, const struct channel_commit *c)
{
	buf_printf(&w->commits, "inbox=%llu", (unsigned long long)c->inbox);
	for (size_t i = 0; i < c->n_events; i++) {
		buf_printf(&w->commits, " %.*s=", STR_ARG(c->events[i].type));
		json_write(&w->commits, c->events[i].doc);
	}
	for (size_t i = 0; i < c->n_puts; i++) {
		buf_printf(&w->commits, " put %.*s=", STR_ARG(c->puts[i].key));
		struct buf text = {0};
		if (c->puts[i].value)
			json_write(&text, c->puts[i].value);
		buf_add(&w->commits, buf_str(&text));
		mem_free(smap_remove(w->kv, c->puts[i].key));
		if (c->puts[i].value)
			smap_put(w->kv, c->puts[i].key, mem_strndup(text.p, text.n));
		buf_fini(&text);
	}
	buf_add_char(&w->commits, '\n');
	w->n_commits++;
}

struct commit_later {
	struct world *w;
	struct channel_commit *c;
};

static inline void commit_do(struct world *w, struct channel_commit *c)
{
	if (w->way == COMMIT_FAILS) {
		struct err e = {w->commit_status, "the fake store refuses"};
		c->done(c, w->commit_status, &e);
		return;
	}
	commit_note(w, c);
	c->done(c, 0, NULL);
}

static inline void commit_run(void *arg)
{
	struct commit_later *l = arg;
	commit_do(l->w, l->c);
	mem_free(l);
}

static inline void port_commit(void *ctx, struct channel_commit *c)
{
	struct world *w = ctx;
	if (w->way == COMMIT_HELD) {
		assert_true(w->n_held < ARRAY_LEN(w->held));
		w->held[w->n_held++] = c;
		return;
	}
	struct commit_later *l = mem_new(struct commit_later);
	*l = (struct commit_later){w, c};
	loop_defer(w->loop, commit_run, l);
}

static inline void release_commits(struct world *w, int status)
{
	w->way = status ? COMMIT_FAILS : COMMIT_SOON;
	w->commit_status = status;
	for (size_t i = 0; i < w->n_held; i++)
		commit_do(w, w->held[i]);
	w->n_held = 0;
}

struct kv_later {
	struct world *w;
	char *key;
	channel_kv_cb cb;
	void *arg;
};

static inline void kv_run(void *arg)
{
	struct kv_later *l = arg;
	const char *text = smap_get(l->w->kv, str_of(l->key));
	struct arena *a = arena_new(0);
	const struct json *v = NULL;
	assert_true(!text || !json_parse(a, str_of(text), &JSON_OURS, &v, NULL));
	l->cb(0, v, l->arg);
	arena_free(&a);
	mem_free(l->key);
	mem_free(l);
}

static inline void port_kv_get(void *ctx, uint64_t inbox, struct str key, channel_kv_cb cb, void *arg)
{
	(void)inbox;
	struct kv_later *l = mem_new(struct kv_later);
	*l = (struct kv_later){ctx, mem_strndup(key.p, key.n), cb, arg};
	loop_defer(l->w->loop, kv_run, l);
}

static inline void port_signal(void *ctx, uint64_t inbox, const struct channel_event *event)
{
	struct world *w = ctx;
	buf_printf(&w->signals, "%llu %.*s ", (unsigned long long)inbox, STR_ARG(event->type));
	json_write(&w->signals, event->doc);
	buf_add_char(&w->signals, '\n');
}

static inline void port_inbox_state(void *ctx, uint64_t inbox, struct str state, struct str why)
{
	struct world *w = ctx;
	buf_printf(&w->signals, "%llu state=%.*s %.*s\n", (unsigned long long)inbox, STR_ARG(state), STR_ARG(why));
}

// A file of the media port: bytes in memory, whose id is its place.
#define FILES_MAX 32
struct fake_file {
	struct world *w;
	struct buf bytes;
	char type[64], name[64], owner[128];
	bool is_stored;
	channel_media_cb cb;
	void *arg;
};
static struct fake_file fake_files[FILES_MAX];
static size_t n_fake_files, n_fake_aborted;
static bool fake_media_fails;

static inline void *port_media_put(void *ctx, uint64_t inbox, struct str owner, struct str type, struct str name, size_t max)
{
	(void)inbox, (void)max;
	if (n_fake_files == FILES_MAX)
		return NULL;
	struct fake_file *f = &fake_files[n_fake_files++];
	f->w = ctx;
	snprintf(f->type, sizeof f->type, "%.*s", STR_ARG(type));
	snprintf(f->name, sizeof f->name, "%.*s", STR_ARG(name));
	snprintf(f->owner, sizeof f->owner, "%.*s", STR_ARG(owner));
	return f;
}

static inline int port_media_piece(void *ctx, void *put, struct str piece, bool *full_r)
{
	(void)ctx;
	struct fake_file *f = put;
	buf_add(&f->bytes, piece);
	*full_r = f->bytes.n > 100000;
	return fake_media_fails ? E_IO : 0;
}

static inline void port_media_drained(void *ctx, void *put, loop_cb cb, void *arg)
{
	(void)put;
	loop_defer(((struct world *)ctx)->loop, cb, arg);
}

static inline void media_stored_run(void *arg)
{
	struct fake_file *f = arg;
	f->is_stored = true;
	f->cb(0, (uint64_t)(f - fake_files) + 1, f->bytes.n, NULL, f->arg);
}

static inline void port_media_commit(void *ctx, void *put, channel_media_cb cb, void *arg)
{
	struct fake_file *f = put;
	f->cb = cb;
	f->arg = arg;
	loop_defer(((struct world *)ctx)->loop, media_stored_run, f);
}

static inline void port_media_abort(void *ctx, void *put)
{
	(void)ctx, (void)put;
	n_fake_aborted++;
}

struct media_later {
	uint64_t media;
	channel_media_get_cb cb;
	void *arg;
};

static inline void media_get_run(void *arg)
{
	struct media_later *l = arg;
	struct fake_file *f = l->media <= n_fake_files && l->media ? &fake_files[l->media - 1] : NULL;
	if (!f || !f->is_stored) {
		l->cb(E_MISSING, -1, 0, STR_NONE, STR_NONE, l->arg);
	} else {
		char path[] = "/tmp/beseda-test-XXXXXX";
		int fd = mkstemp(path);
		unlink(path);
		assert_true(write(fd, f->bytes.p, f->bytes.n) == (ssize_t)f->bytes.n);
		l->cb(0, fd, f->bytes.n, str_of(f->type), str_of(f->name), l->arg);
	}
	mem_free(l);
}

static inline void port_media_get(void *ctx, uint64_t inbox, uint64_t media, channel_media_get_cb cb, void *arg)
{
	(void)inbox;
	struct media_later *l = mem_new(struct media_later);
	*l = (struct media_later){media, cb, arg};
	loop_defer(((struct world *)ctx)->loop, media_get_run, l);
}

static inline void media_forget(void)
{
	for (size_t i = 0; i < n_fake_files; i++)
		buf_fini(&fake_files[i].bytes);
	memset(fake_files, 0, sizeof fake_files);
	n_fake_files = n_fake_aborted = 0;
	fake_media_fails = false;
}

// ---- the provider ------------------------------------------------------------------------------------------------------------

struct provider_later {
	struct world *w;
	struct http_exchange *x;
	struct loop_timer timer;
};

static inline void provider_answer(void *arg)
{
	struct provider_later *l = arg;
	if (l->w->provider_header)
		http_header_add(l->x, "Retry-After", str_of(l->w->provider_header));
	http_respond(l->x, l->w->provider_status, "application/json", str_of(l->w->provider_body));
	http_release(l->x);
	mem_free(l);
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
	struct provider_later *l = mem_new(struct provider_later);
	l->w = w;
	l->x = x;
	http_hold(x);
	loop_timer_init(&l->timer, w->loop, "provider", provider_answer, l);
	loop_timer_set(&l->timer, w->provider_delay_ms);
}

// ---- life --------------------------------------------------------------------------------------------------------------------

static inline void front_head(struct http_exchange *x, struct http_body_plan *plan, void *arg)
{
	struct world *w = arg;
	const struct http_handler *h = str_starts(http_request(x)->path, STR("/live/")) ? channels_live(w->c) : channels_hooks(w->c);
	h->head(x, plan, h->arg);
}

static inline void front_request(struct http_exchange *x, void *arg)
{
	struct world *w = arg;
	const struct http_handler *h = str_starts(http_request(x)->path, STR("/live/")) ? channels_live(w->c) : channels_hooks(w->c);
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
		.key = STR("0123456789abcdef0123456789abcdef"),
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

static inline void note_closed(void *arg)
{
	*(bool *)arg = true;
}

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
	if (!channels_manifest(w->c, str_of(channel)) && channels_load(w->c, so, &e))
		fail_msg("%s", e.text);
	if (json_parse(a, str_of(config), &JSON_OURS, &v, &e) || channels_open_inbox(w->c, id, str_of(channel), v, &e))
		fail_msg("%s", e.text);
	arena_free(&a);
}

#define PROBE TEST_PLUGINS "/probe.so"

// ---- ops ---------------------------------------------------------------------------------------------------------------------

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
	if (end->doc)
		json_write(&d->text, end->doc);
}

static inline bool has_ended(struct world *w, void *arg)
{
	(void)w;
	return ((struct ended *)arg)->n > 0;
}

static inline struct op *steps_start(struct world *w, uint64_t inbox, const char *steps, int64_t deadline_ms, struct ended *d)
{
	struct arena *a = arena_new(0);
	struct buf text = {0};
	struct err e;
	const struct json *doc;
	buf_printf(&text, "{\"steps\":%s}", steps);
	if (json_parse(a, buf_str(&text), &JSON_OURS, &doc, &e))
		fail_msg("%s in %s", e.text, text.p);
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

// ---- requests to our server ----------------------------------------------------------------------------------------------------

struct reply {
	int n, code, status;
	struct buf body, headers;
};

static inline void reply_noted(int status, const struct http_answer *answer, const struct err *why, void *arg)
{
	struct reply *r = arg;
	r->n++;
	r->code = status;
	buf_reset(&r->body);
	buf_reset(&r->headers);
	buf_add_char(&r->body, ' ');
	if (status || !answer)
		return;
	r->status = answer->status;
	r->body.n = 0;
	buf_add(&r->body, answer->body.p ? answer->body : STR(""));
	for (size_t i = 0; i < answer->n_headers; i++)
		buf_printf(&r->headers, "%.*s: %.*s\n", STR_ARG(answer->headers[i].name), STR_ARG(answer->headers[i].value));
}

// "Name: value\nName: value"
static inline void request_start(struct world *w, const char *method, const char *path, const char *headers, struct str body,
				 struct reply *r)
{
	static const char *const ALLOW[] = {"127.0.0.1", NULL};
	struct http_header list[16];
	size_t n = 0;
	struct str rest = str_of(headers), line, name;
	while (rest.p && str_cut(&rest, '\n', &line) && str_cut(&line, ':', &name))
		list[n++] = (struct http_header){name, str_trim(line)};
	struct buf url = {0};
	buf_printf(&url, "http://127.0.0.1:%d%s", http_server_port(w->server), path);
	const struct http_fetch f = {
		.method = str_of(method),
		.url = buf_str(&url),
		.headers = list,
		.n_headers = n,
		.body = body,
		.timeout_ms = 30000,
		.allow_hosts = ALLOW,
	};
	http_client_fetch(w->client, &f, reply_noted, r);
	buf_fini(&url);
}

static inline bool has_reply(struct world *w, void *arg)
{
	(void)w;
	return ((struct reply *)arg)->n > 0;
}

static inline int request(struct world *w, const char *method, const char *path, const char *headers, const char *body,
			  struct reply *r)
{
	r->n = r->status = 0;
	request_start(w, method, path, headers, str_of(body), r);
	assert_true(world_wait(w, has_reply, r));
	return r->status;
}

static inline void reply_fini(struct reply *r)
{
	buf_fini(&r->body);
	buf_fini(&r->headers);
	*r = (struct reply){0};
}
