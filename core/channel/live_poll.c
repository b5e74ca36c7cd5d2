// SPDX-License-Identifier: Apache-2.0
// Visitors who poll: hello, their frames, what is new since their cursor; held when there is nothing. A push is only a
// hint to look again: the store and the cursor decide, so that nothing is lost between two polls and nothing comes
// twice.
#include "live_inside.h"
#include "base/log.h"
#include "base/mem.h"

#define HELD_MS 25000
#define FRAMES_MAX 16
#define POLLS_MAX 20000

struct live_poll {
	struct live_watcher watcher;
	struct list at;        // in its inbox
	struct inbox *in;      // a reference
	struct doc_home *home; // a reference; the request and this stand in it
	struct http_exchange *x;
	const struct json *frames;
	size_t next; // frame
	struct str token, language, cursor;
	struct buf out; // frames for the client
	struct loop_timer timer;
	bool is_asked;   // an op of it runs
	bool is_looking; // the port is asked
	bool is_stale;   // something came while it was
	bool is_held, is_done;
	bool sent_frames;
};

static void poll_look(struct live_poll *p);
static void poll_frames(struct live_poll *p);

static void add_frame(struct live_poll *p, struct str frame)
{
	if (!frame.n) return;
	if (p->out.n) buf_add_char(&p->out, ',');
	buf_add(&p->out, frame);
}

static void poll_free(struct live_poll *p)
{
	struct inbox *in = p->in;
	struct channels *c = in->plugin->channels;
	live_unwatch(&p->watcher);
	loop_timer_clear(&p->timer);
	list_remove(&p->at);
	buf_fini(&p->out);
	c->live->n_polls--;
	http_release(p->x);
	doc_home_unref(p->home); /* it is gone with it */
	inbox_release(in);
	channels_one_gone(c);
}

// The answer is given; what an op or the port still owes comes later.
static void poll_answer(struct live_poll *p)
{
	if (p->is_done) return;
	struct buf b = {0}, frames = {0};
	struct json_out o = json_out_init(&b);
	buf_printf(&frames, "[%s]", p->out.n ? p->out.p : "");
	json_out_map(&o);
	json_out_key(&o, "frames");
	json_out_raw(&o, buf_str(&frames));
	json_out_key_string(&o, "cursor", p->cursor.n ? p->cursor : STR_NONE);
	json_out_key_string(&o, "token", p->token.n ? p->token : STR_NONE);
	json_out_map_end(&o);
	live_cors(p->x, p->in);
	http_header_add(p->x, "Cache-Control", STR("no-store"));
	http_respond(p->x, 200, "application/json", buf_str(&b));
	buf_fini(&b);
	buf_fini(&frames);
	p->is_done = true;
}

static void poll_finish(struct live_poll *p)
{
	poll_answer(p);
	live_unwatch(&p->watcher);
	if (!p->is_asked && !p->is_looking) poll_free(p);
}

// ---- what is new ------------------------------------------------------------------------------------------------

static void add_replayed(struct live_poll *p, struct str frame)
{
	struct arena *a = arena_new(0);
	const struct json *doc = NULL;
	if (!json_parse(a, frame, &JSON_OURS, &doc, NULL))
		add_frame(p, live_dress(p->in, a, p->watcher.thread->address, doc, frame));
	arena_free(&a);
}

static void poll_held_long(void *arg) { poll_finish(arg); }

static void poll_looked(int status, const struct str *frames, size_t n, bool more, struct str cursor, void *arg)
{
	struct live_poll *p = arg;
	p->is_looking = false;
	(void)more; /* the client asks again at once */
	if (p->is_done) {
		poll_free(p);
		return;
	}
	if (status) {
		struct buf b = {0};
		if (status == E_INVALID || status == E_MISSING)
			buf_add(&b, STR("{\"type\":\"reset\"}"));
		else
			live_error_write(&b, STR_NONE, "unavailable", "not available at the moment", 2000);
		add_frame(p, buf_str(&b));
		buf_fini(&b);
	}
	for (size_t i = 0; !status && i < n; i++)
		add_replayed(p, frames[i]);
	if (n && cursor.n && !status) p->cursor = arena_str(p->home->arena, cursor);
	if (p->out.n || p->sent_frames) {
		poll_finish(p);
	} else if (p->is_stale) {
		poll_look(p);
	} else if (!p->is_held) {
		p->is_held = true;
		loop_timer_set(&p->timer, HELD_MS);
	}
}

static void poll_look(struct live_poll *p)
{
	const struct channel_ports *ports = &p->in->plugin->channels->ports;
	p->is_looking = true;
	p->is_stale = false;
	ports->replay(ports->ctx, p->in->id, p->watcher.thread->address, p->cursor, poll_looked, p);
}

static void poll_push(struct live_watcher *w, const struct live_push *push)
{
	struct live_poll *p = container_of(w, struct live_poll, watcher);
	if (!push->cursor.n) {
		/* a signal stands in no store */
		add_frame(p, push->text);
		if (p->is_held && !p->is_looking) {
			loop_timer_set(&p->timer, 0);
		}
		return;
	}
	if (p->is_looking)
		p->is_stale = true;
	else if (p->is_held)
		poll_look(p);
}

// ---- the client's frames ----------------------------------------------------------------------------------------

static void poll_answered(struct str frame, void *arg)
{
	struct live_poll *p = arg;
	p->is_asked = false;
	add_frame(p, frame);
	if (p->is_done)
		poll_free(p);
	else
		poll_frames(p);
}

static void poll_welcomed(const struct live_welcome *w, void *arg)
{
	struct live_poll *p = arg;
	struct buf b = {0};
	struct live_welcome full = {.reason = "full", .text = STR("too many windows are open")};
	p->is_asked = false;
	if (p->is_done) {
		poll_free(p);
		return;
	}
	if (w->thread && !live_watch(&p->watcher, w->thread)) w = &full;
	live_welcome_write(&b, p->in, w, p->cursor.n ? p->cursor : STR_NONE);
	add_frame(p, buf_str(&b));
	buf_fini(&b);
	p->token = w->thread ? arena_str(p->home->arena, w->token) : STR_NONE;
	p->language = arena_str(p->home->arena, w->language);
	if (w->thread)
		poll_frames(p);
	else
		poll_finish(p);
}

static bool poll_hello(struct live_poll *p, const struct json *frame)
{
	struct str origin = http_request_header(http_request(p->x), "origin"), token = json_string_of(frame, "token");
	struct str cursor = json_string_of(frame, "cursor");
	if (!p->cursor.n && cursor.n <= 200) p->cursor = cursor;
	const struct live_hello h = {frame, token.n ? token : p->token, origin, str_of(http_request(p->x)->peer)};
	p->is_asked = live_hello(p->in, &h, poll_welcomed, p);
	return p->is_asked;
}

static void add_error(struct live_poll *p, const char *code, const char *text)
{
	struct buf b = {0};
	live_error_write(&b, STR_NONE, code, text, 0);
	add_frame(p, buf_str(&b));
	buf_fini(&b);
}

// Frame by frame, each after the one before it was answered; then what is new.
static void poll_frames(struct live_poll *p)
{
	const struct live_from from = {p->language, p->home, poll_answered, p};
	while (p->next < json_count(p->frames)) {
		const struct json *frame = json_at(p->frames, p->next++);
		struct buf now = {0};
		if (str_is(json_string_of(frame, "type"), "hello"))
			live_error_write(&now, STR_NONE, "invalid", "a hello comes first, and once", 0);
		else
			p->is_asked = live_frame(p->watcher.thread, frame, &from, &now);
		add_frame(p, buf_str(&now));
		buf_fini(&now);
		if (p->is_asked) return;
	}
	poll_look(p);
}

// ---- the request ------------------------------------------------------------------------------------------------

static void poll_gone(struct http_exchange *x, void *arg)
{
	struct live_poll *p = arg;
	if (!p->is_done) poll_finish(p);
}

static struct live_poll *poll_new(struct http_exchange *x, struct inbox *in, struct doc_home *home)
{
	struct channels *c = in->plugin->channels;
	struct live_poll *p = arena_new_of(home->arena, struct live_poll);
	p->in = mem_ref(in);
	p->home = home;
	p->x = x;
	p->watcher.push = poll_push;
	loop_timer_init(&p->timer, c->loop, "live poll", poll_held_long, p);
	list_append(&in->live->polls, &p->at);
	c->live->n_polls++;
	http_hold(x);
	http_on_gone(x, poll_gone, p);
	return p;
}

static void poll_begin(struct live_poll *p, const struct json *body)
{
	struct live_token known;
	const struct json *first = json_at(p->frames, 0);
	p->token = json_string_of(body, "token");
	p->cursor = json_string_of(body, "cursor");
	if (p->cursor.n > 200) p->cursor = STR_NONE;
	p->sent_frames = json_count(p->frames) > 0;
	if (str_is(json_string_of(first, "type"), "hello")) {
		p->next = 1;
		if (poll_hello(p, first)) return;
		add_error(p, "busy", "too much is waiting; try again");
		poll_finish(p);
		return;
	}
	bool is_known = p->token.n && live_token_check(p->in, p->home->arena, p->token, &known);
	if (is_known && live_watch(&p->watcher, live_thread_of(p->in, known.address, STR_NONE, STR_NONE))) {
		poll_frames(p);
		return;
	}
	const struct live_welcome no = {.reason = is_known ? "full" : "token", .text = STR("say hello again")};
	struct buf b = {0};
	live_welcome_write(&b, p->in, &no, STR_NONE);
	add_frame(p, buf_str(&b));
	buf_fini(&b);
	p->token = STR_NONE;
	poll_finish(p);
}

void live_poll_request(struct http_exchange *x, struct inbox *in)
{
	struct channels *c = in->plugin->channels;
	const struct json *body = NULL, *frames;
	if (c->live->n_polls >= POLLS_MAX) {
		live_refuse(x, in, 503, "busy");
		return;
	}
	struct doc_home *home = doc_home_new(&c->pool);
	int r = json_parse(home->arena, http_request(x)->body, &JSON_OURS, &body, NULL);
	frames = json_get(body, "frames");
	if (r || !json_is(body, JSON_MAP) || (frames && !json_is(frames, JSON_LIST)) ||
	    json_count(frames) > FRAMES_MAX) {
		doc_home_unref(home);
		live_refuse(x, in, 400, "invalid");
		return;
	}
	struct live_poll *p = poll_new(x, in, home);
	p->frames = frames;
	poll_begin(p, body);
}

void live_poll_close_all(struct inbox *in)
{
	list_each (at, &in->live->polls)
		poll_finish(list_entry(at, struct live_poll, at));
}
