// SPDX-License-Identifier: Apache-2.0
// The live endpoint: routes, the threads of visitors who are here, their limits, and pushes to who watches.
#include "live_inside.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "config.h"
#include <assert.h>
#include <string.h>

// ---- threads ----------------------------------------------------------------------------------------------------

static struct str thread_key(struct buf *b, uint64_t inbox, struct str address)
{
	buf_add_u64(b, inbox);
	buf_add_char(b, '/');
	buf_add(b, address);
	return buf_str(b);
}

static struct live_thread *thread_find(const struct live *l, uint64_t inbox, struct str address)
{
	struct buf b = {0};
	struct live_thread *t = smap_get(l->threads, thread_key(&b, inbox, address));
	buf_fini(&b);
	return t;
}

static void set_string(struct str *to, struct str s)
{
	if (!s.p || str_eq(*to, s)) return;
	mem_free((void *)to->p);
	*to = (struct str){mem_strndup(s.p, s.n), s.n};
}

static void thread_free(struct live_thread *t)
{
	struct live *l = t->in->plugin->channels->live;
	struct buf b = {0};
	assert(list_is_empty(&t->watchers));
	smap_remove(l->threads, thread_key(&b, t->in->id, t->address));
	buf_fini(&b);
	loop_timer_clear(&t->linger);
	list_remove(&t->at);
	mem_free((void *)t->address.p);
	mem_free((void *)t->name.p);
	mem_free((void *)t->proof.p);
	mem_free(t);
}

// Nobody came back: the plugin is told, if it wants to be.
static void thread_lapsed(void *arg)
{
	struct live_thread *t = arg;
	struct inbox *in = t->in;
	if (manifest_has_verb(&in->plugin->manifest, "live.gone")) {
		struct doc_home *home = doc_home_new(&in->plugin->channels->pool);
		struct json_builder *b = json_build_map(home->arena);
		json_put(b, STR("thread"), json_make_string(home->arena, t->address));
		json_put(b, STR("address"), json_make_string(home->arena, t->address));
		const struct op_ask ask = {
			.verb = "live.gone", .doc = json_build(b), .home = home, .deadline_ms = 10000};
		op_start(in, &ask, NULL, NULL);
	}
	thread_free(t);
}

struct live_thread *live_thread_of(struct inbox *in, struct str address, struct str name, struct str proof)
{
	struct live *l = in->plugin->channels->live;
	struct live_thread *t = thread_find(l, in->id, address);
	if (!t) {
		struct buf b = {0};
		t = mem_new(struct live_thread);
		t->in = in;
		set_string(&t->address, address);
		list_init(&t->watchers);
		int64_t now = loop_now_ms(l->channels->loop);
		t->frames = (struct live_bucket){(int64_t)in->plugin->manifest.live.burst * 1000, now};
		t->uploads = (struct live_bucket){LIVE_UPLOAD_BUDGET, now};
		loop_timer_init(&t->linger, l->channels->loop, "live thread", thread_lapsed, t);
		loop_timer_set(&t->linger, LIVE_LINGER_MS);
		list_append(&in->live->threads, &t->at);
		smap_put(l->threads, thread_key(&b, in->id, address), t);
		buf_fini(&b);
	}
	set_string(&t->name, name);
	set_string(&t->proof, proof);
	return t;
}

bool live_watch(struct live_watcher *w, struct live_thread *t)
{
	if (t->n_watchers >= LIVE_WATCHERS_MAX) return false;
	w->thread = t;
	list_append(&t->watchers, &w->at);
	t->n_watchers++;
	loop_timer_clear(&t->linger);
	return true;
}

void live_unwatch(struct live_watcher *w)
{
	struct live_thread *t = w->thread;
	if (!t) return;
	list_remove(&w->at);
	w->thread = NULL;
	if (!--t->n_watchers) loop_timer_set(&t->linger, LIVE_LINGER_MS);
}

int64_t live_take_frame(struct live_thread *t)
{
	const struct live_plan *plan = &t->in->plugin->manifest.live;
	/* thousandths of a frame: so many a second are so many in a millisecond */
	return live_bucket_take(&t->frames, loop_now_ms(t->in->plugin->channels->loop), (int64_t)plan->burst * 1000,
				(int64_t)plan->per_second * 1000, 1000);
}

int64_t live_take_upload(struct live_thread *t, int64_t bytes)
{
	return live_bucket_take(&t->uploads, loop_now_ms(t->in->plugin->channels->loop), LIVE_UPLOAD_BUDGET,
				LIVE_UPLOAD_BUDGET * 1000 / LIVE_UPLOAD_REFILL_MS, bytes);
}

// ---- pushes -----------------------------------------------------------------------------------------------------

bool channels_live_is_watched(struct channels *c, uint64_t inbox, struct str thread)
{
	const struct live_thread *t = thread_find(c->live, inbox, thread);
	return t && t->n_watchers;
}

void channels_live_push(struct channels *c, uint64_t inbox, struct str thread, struct str frame)
{
	struct live_thread *t = thread_find(c->live, inbox, thread);
	const struct json *doc = NULL;
	if (!t || !t->n_watchers) return;
	struct arena *a = arena_new(0);
	struct err e;
	if (json_parse(a, frame, &JSON_OURS, &doc, &e))
		log_error(t->in->who, "a live frame that is no JSON: %s", e.text);
	if (doc) {
		struct str text = live_dress(t->in, a, t->address, doc, frame);
		struct live_push p = {text, json_string_of(doc, "cursor"), ws_frame_text(text)};
		list_each (at, &t->watchers) {
			struct live_watcher *w = list_entry(at, struct live_watcher, at);
			w->push(w, &p);
		}
		mem_unref(p.frame);
	}
	arena_free(&a);
}

// ---- routes -----------------------------------------------------------------------------------------------------

// "/live/42/file/7" → inbox 42, "file", "7".
static struct inbox *route(struct channels *c, struct str path, struct str *what_r, struct str *rest_r)
{
	struct str word;
	uint64_t id;
	if (!str_starts(path, STR("/live/"))) return NULL;
	path = (struct str){path.p + 6, path.n - 6};
	if (!str_cut(&path, '/', &word) || str_to_u64(word, &id) || !str_cut(&path, '/', what_r)) return NULL;
	*rest_r = path;
	struct inbox *in = channels_inbox(c, id);
	return in && in->live && inbox_takes_work(in) ? in : NULL;
}

static void live_head(struct http_exchange *x, struct http_body_plan *plan, void *arg)
{
	struct channels *c = arg;
	struct str what, rest;
	const struct http_request *rq = http_request(x);
	struct inbox *in = route(c, rq->path, &what, &rest);
	plan->max_bytes = 1024; /* GET and the like: nothing to say */
	if (!in)
		live_refuse(x, NULL, 404, "missing");
	else if (!live_origin_is_allowed(in, rq) && !str_is(what, "asset") && !str_is(what, "ws") &&
		 !str_is(rq->method, "OPTIONS"))
		live_refuse(x, in, 403, "origin");
	else if (str_is(what, "upload") && str_is(rq->method, "POST"))
		live_upload_head(x, in, plan);
	else if (str_is(what, "poll"))
		plan->max_bytes = 16 * in->plugin->manifest.live.frame_bytes;
}

static void live_request(struct http_exchange *x, void *arg)
{
	struct channels *c = arg;
	struct str what, rest;
	const struct http_request *rq = http_request(x);
	struct inbox *in = route(c, rq->path, &what, &rest);
	bool is_get = str_is(rq->method, "GET") || str_is(rq->method, "HEAD"), is_post = str_is(rq->method, "POST");
	if (!in)
		live_refuse(x, NULL, 404, "missing");
	else if (str_is(rq->method, "OPTIONS"))
		live_options(x, in);
	else if (str_is(what, "ws") && is_get)
		live_ws_request(x, in);
	else if (str_is(what, "poll") && is_post)
		live_poll_request(x, in);
	else if (str_is(what, "upload") && is_post)
		live_upload_request(x);
	else if (str_is(what, "file") && is_get)
		live_file_request(x, in, rest);
	else if (str_is(what, "asset") && is_get)
		live_asset_request(x, in, rest);
	else
		live_refuse(x, in, 404, "missing");
}

const struct http_handler *live_handler(struct channels *c) { return &c->live->handler; }

// ---- life -------------------------------------------------------------------------------------------------------

struct live *live_new(struct channels *c)
{
	struct live *l = mem_new(struct live);
	l->channels = c;
	l->threads = smap_new();
	l->peers = smap_new();
	list_init(&l->peers_used);
	l->handler = (struct http_handler){.head = live_head, .request = live_request, .arg = c};
	return l;
}

void live_free(struct channels *c)
{
	smap_free(&c->live->threads);
	live_peers_free(c->live);
	mem_free(c->live);
	c->live = NULL;
}

bool live_is_idle(const struct channels *c) { return !c->live->n_sockets && !c->live->n_polls && !c->live->n_busy; }

void live_busy(struct live *l, int change)
{
	l->n_busy += (size_t)change;
	if (change < 0) channels_one_gone(l->channels);
}

void live_stats(const struct channels *c, struct channel_stats *r)
{
	r->live_sockets = c->live->n_sockets;
	r->live_polls = c->live->n_polls;
}

void live_inbox_new(struct inbox *in)
{
	in->live = mem_new(struct live_inbox);
	list_init(&in->live->threads);
	list_init(&in->live->sockets);
	list_init(&in->live->polls);
	in->live->origins = config_at(in->plain, STR("origins"));
}

void live_inbox_close(struct inbox *in)
{
	live_ws_close_all(in);
	live_poll_close_all(in);
	list_each (at, &in->live->threads) {
		struct live_thread *t = list_entry(at, struct live_thread, at);
		while (!list_is_empty(&t->watchers))
			live_unwatch(list_entry(list_first(&t->watchers), struct live_watcher, at));
		thread_free(t);
	}
}

void live_inbox_free(struct inbox *in)
{
	if (!in->live) return;
	assert(list_is_empty(&in->live->threads));
	mem_free(in->live);
	in->live = NULL;
}
