// SPDX-License-Identifier: Apache-2.0
// An exchange's life: made with its request, held by handlers, used again by the next request.
#include "http_inside.h"
#include <assert.h>

#define SPARE_MAX 512
#define KEPT_BUFFER 16384

static void reset_buffer(struct buf *b)
{
	if (b->cap > KEPT_BUFFER)
		buf_fini(b);
	else
		buf_reset(b);
}

static void exchange_free(struct http_exchange *x)
{
	arena_free(&x->arena);
	buf_fini(&x->body);
	buf_fini(&x->headers);
	mem_free(x);
}

static void recycle(struct http_exchange *x)
{
	struct http_server *s = x->server;
	if (x->out) conn_piece_free(x->out);
	if (x->out_file) conn_piece_free(x->out_file);
	x->server = NULL;
	if (s->n_spare == SPARE_MAX) {
		exchange_free(x);
	} else {
		arena_reset(x->arena);
		reset_buffer(&x->body);
		reset_buffer(&x->headers);
		list_append(&s->spare, &x->at);
		s->n_spare++;
	}
	mem_unref(s);
}

void http_server_free_spare(struct http_server *s)
{
	for (struct list *at; (at = list_pop(&s->spare));)
		exchange_free(list_entry(at, struct http_exchange, at));
}

struct http_exchange *http_exchange_new(struct http_conn *h)
{
	struct http_server *s = h->server;
	struct list *spare = list_pop(&s->spare);
	struct http_exchange *x = spare ? list_entry(spare, struct http_exchange, at) : mem_new(struct http_exchange);
	if (spare)
		s->n_spare--;
	else
		x->arena = arena_new(0);
	*x = (struct http_exchange){
		.arena = x->arena, .body = x->body, .headers = x->headers, .server = mem_ref(s), .conn = h};
	list_append(&h->exchanges, &x->at);
	h->n_exchanges++;
	return x;
}

void http_exchange_drop(struct http_exchange *x, bool is_gone)
{
	struct http_conn *h = x->conn;
	list_remove(&x->at);
	h->n_exchanges--;
	if (h->receiving == x) h->receiving = NULL;
	if (h->upgrading == x) h->upgrading = NULL;
	x->conn = NULL;
	x->holds++;
	if (is_gone && !x->is_answered) {
		x->is_gone = true;
		if (x->gone_cb) x->gone_cb(x, x->gone_arg);
	}
	http_release(x);
}

void http_hold(struct http_exchange *x) { x->holds++; }

void http_release(struct http_exchange *x)
{
	assert(x->holds > 0);
	if (--x->holds == 0 && !x->conn) recycle(x);
}

const struct http_request *http_request(struct http_exchange *x) { return &x->request; }

struct arena *http_arena(struct http_exchange *x) { return x->arena; }

struct loop *http_loop(struct http_exchange *x) { return x->server->group.loop; }

void http_set_data(struct http_exchange *x, void *data) { x->data = data; }

void *http_data(struct http_exchange *x) { return x->data; }

void http_on_gone(struct http_exchange *x, void (*cb)(struct http_exchange *x, void *arg), void *arg)
{
	x->gone_cb = cb;
	x->gone_arg = arg;
}

bool http_is_gone(const struct http_exchange *x) { return x->is_gone; }

void http_body_pause(struct http_exchange *x)
{
	if (!x->conn || x->conn->receiving != x) return;
	x->conn->is_paused = true;
	conn_read_stop(x->conn->conn);
}

void http_body_resume(struct http_exchange *x)
{
	if (!x->conn || x->conn->receiving != x) return;
	x->conn->is_paused = false;
	conn_touch(x->conn->conn);
}
