// SPDX-License-Identifier: Apache-2.0
// A WebSocket on a connection that was HTTP: frames in both directions, pings, and the end.
#include "net/ws.h"
#include "ws_inside.h"
#include <assert.h>
#include <string.h>

// How long the other side may take to answer our close, and to end the connection when both have said it.
#define CLOSE_MS 5000
#define LINGER_MS 1000

const struct ws_limits WS_LIMITS = {.message_bytes = 64 << 10, .queued_bytes = 1 << 20, .ping_ms = 30000};

// A frame with its head, as it goes over the wire. Servers do not mask, so that it is the same for everybody.
struct ws_frame {
	size_t n;
	char bytes[];
};

struct ws {
	struct conn *conn;
	struct http_server *server; // mem_ref
	const struct ws_handler *handler;
	void *arg;
	size_t queued_max;
	int64_t ping_ms;
	struct buf early; // came with the upgrade request
	struct ws_parser parser;
	uint16_t code; // why it ended; 0: it has not
	bool was_pinged, has_sent_close, is_lingering;
};

static struct ws_frame *frame_new(enum ws_opcode opcode, struct str payload)
{
	size_t extra = payload.n < 126 ? 0 : payload.n <= 0xffff ? 2 : 8;
	struct ws_frame *f = mem_ref_new(sizeof *f + 2 + extra + payload.n, NULL);
	f->bytes[0] = (char)(0x80 | opcode);
	f->bytes[1] = (char)(extra == 0 ? payload.n : extra == 2 ? 126 : 127);
	for (size_t i = 0; i < extra; i++)
		f->bytes[2 + i] = (char)(payload.n >> 8 * (extra - 1 - i));
	if (payload.n) memcpy(f->bytes + 2 + extra, payload.p, payload.n);
	f->n = 2 + extra + payload.n;
	return f;
}

struct ws_frame *ws_frame_text(struct str text)
{
	assert(utf8_valid(text));
	return frame_new(WS_TEXT, text);
}

static void queue_frame(struct ws *w, struct ws_frame *f) { conn_queue(w->conn, conn_piece_shared(f->bytes, f->n, f)); }

static void send_control(struct ws *w, enum ws_opcode opcode, struct str payload)
{
	struct ws_frame *f = frame_new(opcode, payload);
	queue_frame(w, f);
	mem_unref(f);
}

// The first reason counts.
static void note_code(struct ws *w, int code)
{
	if (!w->code) w->code = (uint16_t)code;
}

// Sends our close, once; after it nothing else is sent.
static void send_close(struct ws *w, int code, struct str reason)
{
	if (w->has_sent_close) return;
	char payload[125] = {(char)(code >> 8), (char)code};
	size_t n = reason.n < 123 ? reason.n : utf8_cut(reason, 123).n;
	if (n) memcpy(payload + 2, reason.p, n);
	send_control(w, WS_CLOSE, (struct str){payload, code == 1005 ? 0 : n + 2});
	w->has_sent_close = true;
	conn_set_timer(w->conn, CLOSE_MS);
}

void ws_close(struct ws *w, int code, const char *reason)
{
	note_code(w, code);
	send_close(w, code, str_of(reason));
}

// Nothing more is wanted from them. When our close is out already, only the turn's end sees that both are done.
static void stop_reading(struct ws *w)
{
	ws_parser_stop(&w->parser);
	conn_touch(w->conn);
}

// They broke the rules: our close, and the connection ends without waiting for theirs.
static void end_with(struct ws *w, int code)
{
	note_code(w, code);
	stop_reading(w);
	send_close(w, code, STR_NONE);
}

static void drop_slow(struct ws *w)
{
	w->conn->group->dropped_slow++;
	conn_unqueue(w->conn);
	end_with(w, 1013);
}

void ws_send(struct ws *w, struct ws_frame *f)
{
	if (w->has_sent_close || w->code) return;
	// what waits only because the turn is not over is no sign of a slow reader
	if (w->conn->queued + f->n > w->queued_max) conn_write_on(w->conn);
	if (w->conn->queued + f->n > w->queued_max)
		drop_slow(w);
	else
		queue_frame(w, f);
}

void ws_send_text(struct ws *w, struct str text)
{
	struct ws_frame *f = ws_frame_text(text);
	ws_send(w, f);
	mem_unref(f);
}

size_t ws_queued(const struct ws *w) { return w->conn->queued; }

void *ws_arg(struct ws *w) { return w->arg; }

static void on_message(struct str text, void *arg)
{
	struct ws *w = arg;
	if (!w->code) w->handler->message(w, text, w->arg);
}

static bool is_close_code(int code)
{
	if (code >= 3000) return code <= 4999;
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

static void on_close_frame(struct ws *w, struct str payload)
{
	stop_reading(w);
	int code = payload.n >= 2 ? (uint8_t)payload.p[0] << 8 | (uint8_t)payload.p[1] : 1005;
	struct str reason = payload.n > 2 ? (struct str){payload.p + 2, payload.n - 2} : STR("");
	bool is_broken = payload.n == 1 || (payload.n >= 2 && !is_close_code(code));
	if (is_broken)
		code = 1002;
	else if (!utf8_valid(reason))
		code = 1007;
	note_code(w, code);
	send_close(w, code, STR_NONE);
}

static void on_control(enum ws_opcode opcode, struct str payload, void *arg)
{
	struct ws *w = arg;
	if (opcode == WS_CLOSE)
		on_close_frame(w, payload);
	else if (opcode == WS_PING && !w->has_sent_close)
		send_control(w, WS_PONG, payload);
}

static const struct ws_parser_events parser_events = {.message = on_message, .control = on_control};

static void feed(struct ws *w, char *p, size_t n)
{
	if (w->parser.is_stopped) return;
	w->was_pinged = false;
	if (!w->has_sent_close) conn_set_timer(w->conn, w->ping_ms);
	int code = ws_parser_feed(&w->parser, p, n, &parser_events, w);
	if (code) end_with(w, code);
}

static void on_timer(void *arg)
{
	struct ws *w = arg;
	if (w->was_pinged || w->has_sent_close) {
		note_code(w, 1006);
		conn_close(w->conn);
		return;
	}
	w->was_pinged = true;
	send_control(w, WS_PING, STR(""));
	conn_set_timer(w->conn, w->ping_ms);
}

static void on_read(struct conn *c, char *p, size_t n) { feed(c->owner, p, n); }

static void on_ended(struct conn *c) { note_code(c->owner, 1006); }

static void on_tick(struct conn *c)
{
	struct ws *w = c->owner;
	struct buf early = w->early;
	w->early = (struct buf){0};
	if (early.n) feed(w, early.p, early.n);
	buf_fini(&early);
	if (!c->is_closing) conn_read_start(c);
}

// Both sides have said close: the server ends the TCP connection (RFC 6455, 7.1.1), but in a way that lets our close
// arrive even if they are still sending.
static void on_drained(struct conn *c)
{
	struct ws *w = c->owner;
	if (!w->has_sent_close || !w->parser.is_stopped || w->is_lingering) return;
	w->is_lingering = true;
	conn_shut_down(c);
	conn_set_timer(c, LINGER_MS);
}

static void on_leave(struct conn *c) { ws_close(c->owner, 1001, "the server is stopping"); }

static void on_closed(struct conn *c)
{
	struct ws *w = c->owner;
	note_code(w, 1006);
	w->server->ws_open--;
	w->handler->closed(w, w->code, w->arg);
	ws_parser_fini(&w->parser);
	buf_fini(&w->early);
	mem_unref(w->server);
	mem_free(w);
}

static const struct conn_ops ws_ops = {
	.name = "ws read",
	.read = on_read,
	.ended = on_ended,
	.tick = on_tick,
	.drained = on_drained,
	.leave = on_leave,
	.closed = on_closed,
};

struct ws *ws_new(struct http_exchange *x, const struct ws_limits *limits, const struct ws_handler *h, void *arg)
{
	struct ws *w = mem_new(struct ws);
	w->server = mem_ref(x->server);
	w->handler = h;
	w->arg = arg;
	w->queued_max = limits->queued_bytes ? limits->queued_bytes : WS_LIMITS.queued_bytes;
	w->ping_ms = limits->ping_ms ? limits->ping_ms : WS_LIMITS.ping_ms;
	ws_parser_init(&w->parser, limits->message_bytes ? limits->message_bytes : WS_LIMITS.message_bytes);
	w->conn = http_conn_take(x, &w->early);
	w->server->ws_open++;
	conn_set_owner(w->conn, &ws_ops, w);
	loop_timer_clear(&w->conn->timer);
	loop_timer_init(&w->conn->timer, w->server->group.loop, "ws timeout", on_timer, w);
	conn_set_timer(w->conn, w->ping_ms);
	conn_touch(w->conn);
	return w;
}
