// SPDX-License-Identifier: Apache-2.0
// A connection's life, reading and the turn's end. Writing is in conn_write.c.
#include "conn.h"

// An event for thousands of sockets must not keep the others waiting until the last of them has it.
#define FLUSHES_AT_ONCE 256

void conn_group_init(struct conn_group *g, struct loop *l, int64_t write_ms)
{
	*g = (struct conn_group){.loop = l, .write_ms = write_ms};
	list_init(&g->conns);
	list_init(&g->touched);
}

static void on_closed(uv_handle_t *h)
{
	struct conn *c = h->data;
	struct conn_group *g = c->group;
	int64_t entered = loop_enter(g->loop);
	list_remove(&c->at);
	g->n--;
	if (c->ops) c->ops->closed(c);
	mem_free(c);
	loop_leave(g->loop, "connection closed", entered);
	if (!g->n && g->emptied) g->emptied(g);
}

struct conn *conn_accept(struct conn_group *g, uv_stream_t *listener)
{
	struct conn *c = mem_new(struct conn);
	c->group = g;
	int failed = listener->type == UV_TCP ? uv_tcp_init(loop_uv(g->loop), &c->uv.tcp)
					      : uv_pipe_init(loop_uv(g->loop), &c->uv.pipe, 0);
	if (failed) {
		mem_free(c);
		return NULL;
	}
	c->uv.handle.data = c;
	list_append(&g->conns, &c->at);
	list_init(&c->touched);
	g->n++;
	loop_timer_init(&c->timer, g->loop, "connection", NULL, NULL);
	if (uv_accept(listener, &c->uv.stream)) {
		conn_close(c);
		return NULL;
	}
	if (listener->type == UV_TCP) uv_tcp_nodelay(&c->uv.tcp, 1);
	return c;
}

void conn_set_owner(struct conn *c, const struct conn_ops *ops, void *owner)
{
	c->ops = ops;
	c->owner = owner;
}

void conn_set_timer(struct conn *c, int64_t ms)
{
	if (!c->is_closing) loop_timer_set(&c->timer, ms);
}

static void on_alloc(uv_handle_t *h, size_t wanted, uv_buf_t *b)
{
	struct conn *c = h->data;
	*b = uv_buf_init(loop_scratch(c->group->loop), LOOP_SCRATCH);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct conn *c = s->data;
	if (n == 0) return;
	int64_t entered = loop_enter(c->group->loop);
	if (n < 0) {
		conn_fail(c);
	} else {
		c->group->bytes_in += (uint64_t)n;
		c->ops->read(c, b->base, (size_t)n);
	}
	loop_leave(c->group->loop, c->ops->name, entered);
}

void conn_read_start(struct conn *c)
{
	if (c->is_reading || c->is_closing || c->has_ended) return;
	c->is_reading = true;
	if (uv_read_start(&c->uv.stream, on_alloc, on_read)) conn_close(c);
}

void conn_read_stop(struct conn *c)
{
	if (c->is_reading) uv_read_stop(&c->uv.stream);
	c->is_reading = false;
}

// The owner hears of the end once, whoever sees it first.
void conn_fail(struct conn *c)
{
	if (c->has_ended || c->is_closing) return;
	conn_read_stop(c);
	c->has_ended = true;
	c->ops->ended(c);
	conn_close(c);
}

void conn_close(struct conn *c)
{
	if (c->is_closing) return;
	c->is_closing = true;
	loop_timer_clear(&c->timer);
	list_remove(&c->touched);
	conn_unqueue(c);
	uv_close(&c->uv.handle, on_closed);
}

static void on_shut_down(uv_shutdown_t *req, int status) { mem_free(req); }

void conn_shut_down(struct conn *c)
{
	if (c->is_closing) return;
	uv_shutdown_t *req = mem_new(uv_shutdown_t);
	if (uv_shutdown(req, &c->uv.stream, on_shut_down)) mem_free(req);
}

static void plan_flush(struct conn_group *g);

static void flush_touched(void *arg)
{
	struct conn_group *g = arg;
	g->flush_is_planned = false;
	struct list *at = NULL;
	for (int i = 0; i < FLUSHES_AT_ONCE && (at = list_pop(&g->touched)); i++)
		conn_flush(list_entry(at, struct conn, touched));
	if (!list_is_empty(&g->touched)) plan_flush(g);
}

static void plan_flush(struct conn_group *g)
{
	if (g->flush_is_planned) return;
	g->flush_is_planned = true;
	loop_defer(g->loop, flush_touched, g);
}

void conn_touch(struct conn *c)
{
	if (c->is_closing || list_is_linked(&c->touched)) return;
	struct conn_group *g = c->group;
	list_append(&g->touched, &c->touched);
	plan_flush(g);
}

void conn_flush(struct conn *c)
{
	if (!c->is_closing) c->ops->tick(c);
	list_remove(&c->touched); // what the tick queued goes out now
	conn_write_on(c);
}
