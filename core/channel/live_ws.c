// SPDX-License-Identifier: Apache-2.0
// Visitors on WebSockets: hello, replay, then live. An idle socket is this struct and its share of a thread.
#include "live_inside.h"
#include "base/log.h"
#include "base/mem.h"
#include <string.h>

#define HELLO_WITHIN_MS 15000
#define CLOSE_REFUSED 4403
#define OPS_MAX 32 // of one socket at once

// Shared: the connection holds it, and each op that will answer.
struct live_socket {
	struct live_watcher watcher;
	struct list at;   // in its inbox
	struct inbox *in; // a reference
	struct ws *ws;    // NULL: closed
	struct live_replay *replay;
	char *language, *cursor;
	uint8_t n_ops;
	bool said_hello;
	struct loop_timer hello_timer;
	char ip[64], *origin;
};

// What an idle visitor costs us beside the connection: a thousand of them fit into a megabyte.
_Static_assert(sizeof(struct live_socket) + sizeof(struct live_thread) <= 640, "an idle visitor has become expensive");

static void socket_destroy(void *p)
{
	struct live_socket *s = p;
	inbox_release(s->in);
}

static void socket_send(struct live_socket *s, struct str text)
{
	if (s->ws && text.n) ws_send_text(s->ws, text);
}

static void socket_close(struct live_socket *s, int code, const char *reason)
{
	if (s->ws) ws_close(s->ws, code, reason);
}

// ---- replay and pushes ------------------------------------------------------------------------------------------

static void socket_replayed(void *arg, struct str text, struct ws_frame *frame)
{
	struct live_socket *s = arg;
	if (s->ws && frame)
		ws_send(s->ws, frame);
	else
		socket_send(s, text);
}

static void socket_is_live(void *arg, int status)
{
	struct live_socket *s = arg;
	if (!status) return;
	if (status == E_INVALID || status == E_MISSING) {
		/* the cursor means nothing to us: the client begins anew */
		socket_send(s, STR("{\"type\":\"reset\"}"));
		socket_close(s, 4409, "reset");
		return;
	}
	struct buf b = {0};
	live_error_write(&b, STR_NONE, "unavailable", "not available at the moment", 2000);
	socket_send(s, buf_str(&b));
	buf_fini(&b);
	socket_close(s, 1013, "try again");
}

static void socket_push(struct live_watcher *w, const struct live_push *p)
{
	struct live_socket *s = container_of(w, struct live_socket, watcher);
	if (s->replay)
		live_replay_push(&s->replay, p);
	else if (s->ws)
		ws_send(s->ws, p->frame);
}

// ---- frames -----------------------------------------------------------------------------------------------------

static void socket_refuse(struct live_socket *s, const char *reason, const char *text)
{
	const struct live_welcome w = {.reason = reason, .text = str_of(text)};
	struct buf b = {0};
	live_welcome_write(&b, s->in, &w, STR_NONE);
	socket_send(s, buf_str(&b));
	buf_fini(&b);
	socket_close(s, CLOSE_REFUSED, reason);
}

static void socket_welcomed(const struct live_welcome *w, void *arg)
{
	struct live_socket *s = arg;
	struct buf b = {0};
	if (!s->ws) {
		mem_unref(s);
		return;
	}
	struct live_welcome full = {.reason = "full", .text = STR("too many windows are open")};
	if (w->thread && !live_watch(&s->watcher, w->thread)) w = &full;
	live_welcome_write(&b, s->in, w, str_of(s->cursor));
	socket_send(s, buf_str(&b));
	buf_fini(&b);
	if (w->thread) {
		s->language = mem_strndup(w->language.p ? w->language.p : "", w->language.n);
		const struct live_replay_ends ends = {socket_replayed, socket_is_live, s};
		live_replay_start(&s->replay, w->thread, str_of(s->cursor), &ends);
	} else {
		socket_close(s, CLOSE_REFUSED, w->reason);
	}
	mem_free(s->cursor);
	mem_free(s->origin);
	s->cursor = s->origin = NULL;
	mem_unref(s);
}

static void socket_hello(struct live_socket *s, const struct json *frame)
{
	struct str cursor = json_string_of(frame, "cursor");
	if (cursor.n > 200) cursor = STR_NONE;
	s->said_hello = true;
	s->cursor = cursor.n ? mem_strndup(cursor.p, cursor.n) : NULL;
	loop_timer_clear(&s->hello_timer);
	const struct live_hello h = {frame, json_string_of(frame, "token"), str_of(s->origin), str_of(s->ip)};
	mem_ref(s);
	if (live_hello(s->in, &h, socket_welcomed, s)) return;
	mem_unref(s);
	socket_refuse(s, "full", "too much is waiting; try again");
}

static void socket_answered(struct str frame, void *arg)
{
	struct live_socket *s = arg;
	s->n_ops--;
	socket_send(s, frame);
	mem_unref(s);
}

static void socket_frame(struct live_socket *s, const struct json *frame, struct doc_home *home)
{
	struct buf now = {0};
	struct live_thread *t = s->watcher.thread;
	const struct live_from from = {str_of(s->language), home, socket_answered, s};
	if (s->n_ops >= OPS_MAX)
		live_error_write(&now, json_string_of(frame, "key"), "busy", "too much is waiting; try again", 2000);
	else if (live_frame(t, frame, &from, &now)) {
		s->n_ops++;
		mem_ref(s);
	}
	socket_send(s, buf_str(&now));
	buf_fini(&now);
	if (live_is_flooded(t)) socket_close(s, 1008, "too many frames");
}

static void socket_message(struct ws *w, struct str text, void *arg)
{
	struct live_socket *s = arg;
	struct doc_home *home = doc_home_new(&s->in->plugin->channels->pool);
	const struct json *frame = live_frame_parse(home->arena, text);
	bool is_hello = str_is(json_string_of(frame, "type"), "hello");
	struct buf b = {0};
	if (is_hello && !s->said_hello)
		socket_hello(s, frame);
	else if (frame && s->watcher.thread && !is_hello)
		socket_frame(s, frame, home);
	else
		live_error_write(&b, STR_NONE, "invalid", frame ? "say hello first, and once" : "no frame", 0);
	socket_send(s, buf_str(&b));
	/* what sends nonsense before the hello will not do better */
	if (b.n && !s->said_hello) socket_close(s, 1008, "no hello");
	buf_fini(&b);
	doc_home_unref(home);
}

// ---- life -------------------------------------------------------------------------------------------------------

static void socket_closed(struct ws *w, int code, void *arg)
{
	struct live_socket *s = arg;
	struct live *l = s->in->plugin->channels->live;
	s->ws = NULL;
	live_replay_stop(&s->replay);
	live_unwatch(&s->watcher);
	loop_timer_clear(&s->hello_timer);
	list_remove(&s->at);
	mem_free(s->language);
	mem_free(s->cursor);
	mem_free(s->origin);
	s->language = s->cursor = s->origin = NULL;
	l->n_sockets--;
	struct channels *c = l->channels;
	mem_unref(s);
	channels_one_gone(c);
}

static void hello_is_late(void *arg)
{
	struct live_socket *s = arg;
	socket_close(s, 1008, "no hello");
}

void live_ws_request(struct http_exchange *x, struct inbox *in)
{
	static const struct ws_handler HANDLER = {socket_message, socket_closed};
	const struct http_request *rq = http_request(x);
	struct live *l = in->plugin->channels->live;
	const struct ws_limits limits = {
		.message_bytes = in->plugin->manifest.live.frame_bytes,
		.queued_bytes = WS_LIMITS.queued_bytes,
		.ping_ms = WS_LIMITS.ping_ms,
	};
	bool is_welcome = live_origin_is_allowed(in, rq), has_room = l->n_sockets < LIVE_SOCKETS_MAX;
	struct live_socket *s = mem_ref_new(sizeof *s, socket_destroy);
	struct str origin = http_request_header(rq, "origin");
	s->in = mem_ref(in);
	s->watcher.push = socket_push;
	s->origin = origin.p ? mem_strndup(origin.p, origin.n < 300 ? origin.n : 300) : NULL;
	memcpy(s->ip, rq->peer, sizeof s->ip);
	loop_timer_init(&s->hello_timer, l->channels->loop, "live hello", hello_is_late, s);
	s->ws = ws_accept(x, &limits, &HANDLER, s, NULL);
	if (!s->ws) {
		mem_free(s->origin);
		mem_unref(s);
		return;
	}
	l->n_sockets++;
	list_append(&in->live->sockets, &s->at);
	if (!is_welcome)
		socket_refuse(s, "origin", "this site may not use this inbox");
	else if (!has_room)
		socket_refuse(s, "full", "too many are here already");
	else
		loop_timer_set(&s->hello_timer, HELLO_WITHIN_MS);
}

void live_ws_close_all(struct inbox *in)
{
	list_each (at, &in->live->sockets) {
		struct live_socket *s = list_entry(at, struct live_socket, at);
		live_replay_stop(&s->replay);
		socket_close(s, 1012, "restart");
	}
}
