// SPDX-License-Identifier: Apache-2.0
// An HTTP connection: requests in, responses out in the same order, and what happens when time or patience runs out.
#include "http_inside.h"
#include "base/log.h"
#include <assert.h>
#include <string.h>

// After a refusal we still take what the client is sending, so that its kernel does not throw our answer away.
#define LINGER_MS 1000

static void on_timer(void *arg);

void http_conn_new(struct http_server *s, struct conn *c)
{
	struct http_conn *h = mem_new(struct http_conn);
	h->conn = c;
	h->server = s;
	list_init(&h->exchanges);
	http_parser_init(&h->parser, &s->limits, &http_receive_events, h);
	http_peer_text(c, s->is_unix, h->peer);
	conn_set_owner(c, &http_conn_ops, h);
	loop_timer_init(&c->timer, s->group.loop, "http timeout", on_timer, h);
	conn_set_timer(c, s->limits.idle_ms);
	conn_read_start(c);
}

static void drop_exchanges(struct http_conn *h)
{
	h->is_deaf = h->is_last = true;
	for (struct list *at; (at = list_first(&h->exchanges));)
		http_exchange_drop(list_entry(at, struct http_exchange, at), true);
}

static void http_conn_free(struct http_conn *h)
{
	drop_exchanges(h);
	http_parser_fini(&h->parser);
	buf_fini(&h->rest);
	mem_free(h);
}

static bool wants_bytes(const struct http_conn *h) { return !h->is_deaf && (h->receiving || !h->is_last); }

static bool may_parse(const struct http_conn *h)
{
	if (!wants_bytes(h) || h->is_paused || h->upgrading) return false;
	return h->receiving || h->n_exchanges < h->server->limits.pipelined;
}

// A reader that has left too much unread is not worth another response.
static bool is_too_slow(struct http_conn *h)
{
	struct conn *c = h->conn;
	if (c->queued <= h->server->limits.queued_bytes) return false;
	conn_write_on(c);
	return c->queued > h->server->limits.queued_bytes;
}

static void send_answers(struct http_conn *h)
{
	for (struct list *at; (at = list_first(&h->exchanges));) {
		struct http_exchange *x = list_entry(at, struct http_exchange, at);
		if (!x->is_answered) return;
		if (is_too_slow(h)) {
			h->conn->group->dropped_slow++;
			conn_fail(h->conn);
		}
		if (h->conn->is_closing) return;
		if (x->out) conn_queue(h->conn, x->out);
		if (x->out_file) conn_queue(h->conn, x->out_file);
		x->out = x->out_file = NULL;
		http_exchange_drop(x, false);
	}
}

void http_conn_refuse(struct http_conn *h, int status)
{
	h->is_deaf = h->is_last = true;
	h->server->refused_total++;
	log_debug(h->peer, "refused with %d %s", status, http_reason(status));
	struct http_exchange *x = h->receiving;
	if (x && x->is_answered) return;
	if (x) http_exchange_drop(x, true);
	http_respond_status(http_exchange_new(h), status);
}

static void free_taken(void *arg) { http_conn_free(arg); }

struct conn *http_conn_take(struct http_exchange *x, struct buf *early)
{
	struct http_conn *h = x->conn;
	assert(h->upgrading == x);
	x->is_answered = h->is_taken = true;
	*early = h->rest;
	h->rest = (struct buf){0};
	if (!h->is_parsing)
		loop_defer(h->server->group.loop, free_taken, h); // the handler may still look at its request
	return h->conn;
}

// False when h is gone: somebody else has the connection now.
static bool parse(struct http_conn *h, struct str bytes)
{
	int result = 0;
	h->is_parsing = true;
	while (bytes.n && !result && may_parse(h)) {
		result = http_parser_feed(&h->parser, &bytes);
		if (!h->is_taken) send_answers(h);
	}
	h->is_parsing = false;
	if (h->is_taken) {
		struct conn *c = h->conn;
		http_conn_free(h);
		if (bytes.n && !c->is_closing) c->ops->read(c, (char *)bytes.p, bytes.n);
		return false;
	}
	if (result >= 400)
		http_conn_refuse(h, result);
	else if (result)
		h->is_deaf = h->is_last = true;
	if (wants_bytes(h))
		buf_add(&h->rest, bytes);
	else
		h->has_surplus |= bytes.n > 0;
	return true;
}

static bool parse_rest(struct http_conn *h)
{
	struct buf rest = h->rest;
	h->rest = (struct buf){0};
	bool is_ours = parse(h, buf_str(&rest));
	buf_fini(&rest);
	return is_ours;
}

static void send_continue(struct http_conn *h)
{
	struct http_exchange *x = h->receiving;
	if (!x || !x->wants_continue || h->is_deaf || list_first(&h->exchanges) != &x->at) return;
	static const struct str text = {"HTTP/1.1 100 Continue\r\n\r\n", 25};
	struct conn_piece *p = conn_piece_new(text.n);
	memcpy(p->p, text.p, text.n);
	p->n = text.n;
	x->wants_continue = false;
	conn_queue(h->conn, p);
}

static bool body_is_awaited(const struct http_conn *h) { return h->receiving && !h->is_deaf && !h->is_paused; }

// One timer for all phases; while only the handler is awaited its firing means nothing.
static void set_timer(struct http_conn *h)
{
	const struct http_limits *limits = &h->server->limits;
	bool is_in_head = !h->receiving && !h->is_last && http_parser_is_inside(&h->parser);
	bool was_timed = h->head_is_timed;
	h->head_is_timed = is_in_head;
	if (is_in_head && was_timed) return; // the first byte counts, not the last
	if (is_in_head)
		conn_set_timer(h->conn, limits->head_ms);
	else if (body_is_awaited(h))
		conn_set_timer(h->conn, limits->body_ms);
	else if (!h->n_exchanges)
		conn_set_timer(h->conn, limits->idle_ms);
}

static void on_timer(void *arg)
{
	struct http_conn *h = arg;
	bool is_late = body_is_awaited(h) || (h->head_is_timed && !h->is_last);
	if (h->is_lingering) {
		conn_close(h->conn);
	} else if (is_late) {
		http_conn_refuse(h, 408);
		conn_touch(h->conn);
	} else if (!h->n_exchanges) {
		if (h->conn->queued || h->conn->first)
			conn_set_timer(h->conn, h->server->limits.idle_ms);
		else
			conn_close(h->conn);
	}
}

static void on_read(struct conn *c, char *p, size_t n)
{
	struct http_conn *h = c->owner;
	if (!wants_bytes(h)) {
		h->has_surplus = true;
		return;
	}
	if (h->rest.n || !may_parse(h)) {
		buf_add(&h->rest, (struct str){p, n});
		conn_read_stop(c);
		return;
	}
	if (parse(h, (struct str){p, n})) conn_flush(c);
}

static void on_ended(struct conn *c) { drop_exchanges(c->owner); }

static void on_tick(struct conn *c)
{
	struct http_conn *h = c->owner;
	send_answers(h);
	while (h->rest.n && may_parse(h)) {
		if (!parse_rest(h)) return;
		send_answers(h);
	}
	if (c->is_closing) return;
	send_continue(h);
	if (!h->rest.n && !h->is_paused) conn_read_start(c);
	if (!h->is_lingering) set_timer(h);
}

static void on_drained(struct conn *c)
{
	struct http_conn *h = c->owner;
	if (!h->is_last || h->n_exchanges || h->is_lingering) return;
	if (!h->is_deaf && !h->has_surplus) {
		conn_close(c);
		return;
	}
	h->is_lingering = true;
	conn_shut_down(c);
	conn_set_timer(c, LINGER_MS);
	conn_read_start(c);
}

static void on_leave(struct conn *c)
{
	struct http_conn *h = c->owner;
	h->is_last = true;
	if (!h->n_exchanges && !c->queued && !c->first) conn_close(c);
}

static void on_closed(struct conn *c) { http_conn_free(c->owner); }

const struct conn_ops http_conn_ops = {
	.name = "http read",
	.read = on_read,
	.ended = on_ended,
	.tick = on_tick,
	.drained = on_drained,
	.leave = on_leave,
	.closed = on_closed,
};
