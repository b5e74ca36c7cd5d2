// SPDX-License-Identifier: Apache-2.0
// One live socket: it says hello, catches up, and then gets what everybody gets.
#include "live.h"
#include "base/clock.h"
#include "base/mem.h"
#include <string.h>

#define CHECK_MS (60 * 1000LL)
#define TYPING_MS 500
#define CODE_SIGNED_OUT 4401

static const struct json_limits typed = {.depth = 4, .bytes = 4096};

static struct live *live_of(const struct socket *s) { return s->viewer->live; }

bool socket_is_over(const struct socket *s) { return !s->ws && !s->own && !s->n_reads; }

// ---- saying ---------------------------------------------------------------------------------------------------------

static void say(struct socket *s, const char *type, const char *key, struct str value)
{
	struct buf b = {0};
	struct json_out o = json_out_init(&b);
	json_out_map(&o);
	json_out_key_string(&o, "type", str_of(type));
	if (key) json_out_key_string(&o, key, value);
	json_out_map_end(&o);
	if (s->ws) ws_send_text(s->ws, buf_str(&b));
	buf_fini(&b);
}

void socket_tell_trouble(struct socket *s) { say(s, "state", "trouble", str_of(live_of(s)->trouble)); }

// It hears nothing any more after this.
static void end(struct socket *s, const char *type, int code)
{
	if (!s->ws || s->is_ending) return;
	s->is_ending = true;
	say(s, type, NULL, STR_NONE);
	if (s->ws) ws_close(s->ws, code, type);
	live_settle_later(live_of(s));
}

void socket_reset(struct socket *s) { end(s, "reset", 1000); }

void socket_sign_out(struct socket *s) { end(s, "signed_out", CODE_SIGNED_OUT); }

// Somebody gave this user's conversation to somebody else, and it is out of sight now: the event that says so is, too.
static bool is_loss(const struct socket *s, const struct feed_event *e)
{
	return e->event.kind == EVENT_CONVERSATION_ASSIGNED && (uint64_t)e->event.from == s->viewer->user;
}

void socket_event(struct socket *s, struct feed_event *e)
{
	if (e->event.seq <= s->seq) return; // caught up with that on its own
	s->seq = e->event.seq;
	if (live_may_see(s->viewer, e))
		ws_send(s->ws, event_frame(live_of(s), e));
	else if (is_loss(s, e))
		socket_reset(s);
}

// ---- catching up ----------------------------------------------------------------------------------------------------

// From `head` on the common follower gives everything, so that there is neither a gap nor a repeat.
static void look_whether_caught_up(struct socket *s)
{
	if (s->seq < live_of(s)->head) return;
	s->has_caught_up = true;
	live_settle_later(live_of(s));
}

static void on_own(struct feed_event *e, void *arg)
{
	struct socket *s = arg;
	if (!e) s->own = NULL; // it is off already
	if (!s->ws || s->is_ending || s->has_caught_up) {
		if (!e) live_settle_later(live_of(s));
		return;
	}
	if (!e) {
		socket_reset(s);
		return;
	}
	live_refresh(live_of(s));
	if (s->is_ending) return;
	socket_event(s, e);
	if (!s->is_ending) look_whether_caught_up(s);
}

static void catch_up(struct socket *s, int64_t after)
{
	struct pipeline *p = live_of(s)->api->o.pipeline;
	s->seq = after;
	s->has_caught_up = after >= live_of(s)->head && after <= feed_head(p);
	if (!s->has_caught_up) s->own = feed_follow(p, after, on_own, s);
}

// ---- hearing --------------------------------------------------------------------------------------------------------

struct typing {
	struct socket *socket;
	uint64_t conversation;
};

static void on_typed_in(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct typing *t = arg;
	struct socket *s = t->socket;
	struct conversation c;
	s->n_reads--;
	if (!status && rows->n_rows && s->ws) {
		conversation_of_row(rows, 0, 0, &c);
		struct access_set set = access_set_of(&c);
		if (access_may_see(&s->viewer->access, &set))
			act_typing(live_of(s)->api->o.pipeline, s->viewer->user, t->conversation);
	}
	live_settle_later(live_of(s));
	mem_free(t);
}

static void on_typing(struct socket *s, uint64_t conversation)
{
	int64_t now = clock_mono_ms();
	if (!conversation || now < s->typing_at_ms) return;
	s->typing_at_ms = now + TYPING_MS;
	struct typing *t = mem_new(struct typing);
	*t = (struct typing){s, conversation};
	s->n_reads++;
	store_read(live_of(s)->api->o.store, STMT_CONVERSATION, (struct db_value[]){DB_INT(conversation)}, on_typed_in,
		   t);
}

// What is not understood is passed over: it may come from a newer page.
static void on_message(struct ws *w, struct str text, void *arg)
{
	struct socket *s = arg;
	struct arena *a = arena_new(0);
	const struct json *frame;
	struct err e;
	if (!s->is_ending && !json_parse(a, text, &typed, &frame, &e) &&
	    str_is(json_string_of(frame, "type"), "typing"))
		on_typing(s, json_id_of(frame, "conversation"));
	arena_free(&a);
}

static void on_closed(struct ws *w, int code, void *arg)
{
	struct socket *s = arg;
	s->ws = NULL;
	live_settle_later(live_of(s));
}

static void on_session(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct socket *s = arg;
	s->n_reads--;
	bool is_over = !status && (!rows->n_rows || db_int(rows, 0, 3) <= clock_now_ms());
	if (is_over) socket_sign_out(s);
	live_settle_later(live_of(s));
}

void socket_check(struct socket *s)
{
	struct str hash = {(const char *)s->hash, TOKEN_HASH};
	s->n_reads++;
	store_read(live_of(s)->api->o.store, STMT_SESSION, (struct db_value[]){DB_BYTES(hash)}, on_session, s);
}

// ---- the door -------------------------------------------------------------------------------------------------------

static struct viewer *viewer_of(struct live *l, struct call *c)
{
	struct viewer *v = map_get(l->viewers, c->session.user);
	if (v) return v;
	v = mem_new(struct viewer);
	*v = (struct viewer){.live = l, .user = c->session.user};
	directory_access(c->api->o.directory, v->user, &v->access); // the directory may have moved since admission
	list_init(&v->sockets);
	map_put(l->viewers, v->user, v);
	act_presence(l->api->o.pipeline, v->user, true);
	return v;
}

static void welcome(struct call *c, struct socket *s, int64_t after)
{
	struct live *l = c->api->live;
	struct str head = arena_printf(c->arena, "%lld", (long long)feed_head(c->api->o.pipeline));
	live_begin(l);
	live_refresh(l);
	s->viewer = viewer_of(l, c);
	list_append(&s->viewer->sockets, &s->at);
	s->viewer->n_sockets++;
	l->n_sockets++;
	s->check_at_ms = clock_mono_ms() + CHECK_MS;
	say(s, "hello", "seq", head);
	if (*l->trouble) socket_tell_trouble(s);
	catch_up(s, after);
}

void handle_live(struct call *c)
{
	static const struct ws_handler handler = {.message = on_message, .closed = on_closed};
	struct live *l = c->api->live;
	const struct viewer *v = map_get(l->viewers, c->session.user);
	int64_t after = feed_head(c->api->o.pipeline);
	if (!call_query_int(c, "after", (int64_t[]){0, INT64_MAX}, &after)) return;
	if (!ws_is_upgrade(http_request(c->x))) {
		http_header_add(c->x, "Upgrade", STR("websocket"));
		call_refuse(c, 426, "upgrade", "this is a WebSocket");
		return;
	}
	if (v && v->n_sockets >= SOCKETS_OF_USER) {
		call_refuse(c, 429, "throttled", "too many open pages");
		return;
	}
	struct socket *s = mem_new(struct socket);
	memcpy(s->hash, c->session.hash, TOKEN_HASH);
	s->ws = ws_accept(c->x, NULL, &handler, s, NULL);
	if (s->ws)
		welcome(c, s, after);
	else
		mem_free(s);
	call_forget(c);
}
