// SPDX-License-Identifier: Apache-2.0
// The HTTP server: accepts, counts, and ends in order.
#include "net/http_server.h"
#include "base/log.h"
#include "http_inside.h"

const struct http_limits HTTP_LIMITS = {
	.head_bytes = 16 << 10,
	.headers = 100,
	.body_bytes = 1 << 20,
	.head_ms = 10000,
	.body_ms = 20000,
	.idle_ms = 75000,
	.write_ms = 20000,
	.connections = 20000,
	.pipelined = 16,
	.queued_bytes = 4 << 20,
};

static struct http_limits limits_of(const struct http_limits *given)
{
	struct http_limits l = given ? *given : HTTP_LIMITS;
#define DEFAULT(field)                                                                                                 \
	if (!l.field) l.field = HTTP_LIMITS.field
	DEFAULT(head_bytes);
	DEFAULT(headers);
	DEFAULT(body_bytes);
	DEFAULT(head_ms);
	DEFAULT(body_ms);
	DEFAULT(idle_ms);
	DEFAULT(write_ms);
	DEFAULT(connections);
	DEFAULT(pipelined);
	DEFAULT(queued_bytes);
#undef DEFAULT
	return l;
}

// Too many open files: libuv gives up a descriptor that it keeps for this, takes the waiting connections and closes
// them.
static void log_failed_accept(struct http_server *s, const char *why)
{
	int64_t now = loop_now_ms(s->group.loop);
	if (s->accept_logged_ms && now - s->accept_logged_ms < 10000) return;
	s->accept_logged_ms = now;
	log_warn("http", "a connection was turned away: %s", why);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct http_server *s = listener->data;
	int64_t entered = loop_enter(s->group.loop);
	struct conn *c = status ? NULL : conn_accept(&s->group, listener);
	if (status) {
		log_failed_accept(s, uv_strerror(status));
	} else if (c && s->group.n > s->limits.connections) {
		log_failed_accept(s, "there are as many as allowed");
		conn_close(c);
	} else if (c) {
		s->connections_total++;
		http_conn_new(s, c);
	}
	loop_leave(s->group.loop, "http accept", entered);
}

static void server_destroy(void *server) { http_server_free_spare(server); }

static void on_failed_closed(uv_handle_t *h) { mem_unref(h->data); }

int http_server_open(struct http_server **s_r, struct loop *l, const char *address, const struct http_limits *limits,
		     const struct http_handler *handler, struct err *e)
{
	struct http_server *s = mem_ref_new(sizeof *s, server_destroy);
	s->limits = limits_of(limits);
	s->handler = *handler;
	list_init(&s->spare);
	conn_group_init(&s->group, l, s->limits.write_ms);
	int failed = http_listen(s, address, on_connection, e);
	if (failed) {
		uv_close(&s->listener.handle, on_failed_closed);
		return failed;
	}
	s->is_listening = true;
	*s_r = s;
	return 0;
}

int http_server_port(const struct http_server *s) { return s->port; }

void http_server_trust(struct http_server *s, const char *const *proxies) { s->proxies = proxies; }

static void finish(void *arg)
{
	struct http_server *s = arg;
	loop_cb done = s->done;
	void *done_arg = s->done_arg;
	mem_unref(s);
	if (done) done(done_arg);
}

// What is still deferred for this server runs before `finish`.
static void end_if_empty(struct http_server *s)
{
	if (s->is_listening || s->group.n) return;
	loop_timer_clear(&s->close_timer);
	loop_defer(s->group.loop, finish, s);
}

static void on_listener_closed(uv_handle_t *h)
{
	struct http_server *s = h->data;
	s->is_listening = false;
	end_if_empty(s);
}

static void on_emptied(struct conn_group *g) { end_if_empty(container_of(g, struct http_server, group)); }

static void close_all(void *arg)
{
	struct http_server *s = arg;
	list_each (at, &s->group.conns)
		conn_close(list_entry(at, struct conn, at));
}

void http_server_close(struct http_server *s, int64_t ms, loop_cb done, void *arg)
{
	if (s->is_closing) return;
	s->is_closing = true;
	s->done = done;
	s->done_arg = arg;
	s->group.emptied = on_emptied;
	uv_close(&s->listener.handle, on_listener_closed);
	list_each (at, &s->group.conns) {
		struct conn *c = list_entry(at, struct conn, at);
		if (!c->is_closing) c->ops->leave(c);
	}
	loop_timer_init(&s->close_timer, s->group.loop, "http close", close_all, s);
	loop_timer_set(&s->close_timer, ms);
}

void http_server_stats(const struct http_server *s, struct http_stats *r)
{
	*r = (struct http_stats){
		.connections_open = s->group.n,
		.connections_total = s->connections_total,
		.requests_total = s->requests_total,
		.refused_total = s->refused_total,
		.dropped_slow_total = s->group.dropped_slow,
		.ws_open = s->ws_open,
		.bytes_in = s->group.bytes_in,
		.bytes_out = s->group.bytes_out,
	};
}
