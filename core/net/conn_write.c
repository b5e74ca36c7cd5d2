// SPDX-License-Identifier: Apache-2.0
// A connection's writing: at once as far as the socket takes it, the rest through one libuv request at a time.
#include "conn.h"

#define PIECES_PER_WRITE 64

// What the socket did not take at once. The timer sees whether it takes anything later.
struct conn_write {
	uv_write_t req;
	struct conn *conn;
	struct conn_piece *pieces;
	size_t n, left; // left: at the timer's last look
	struct loop_timer timer;
};

struct conn_piece *conn_piece_new(size_t room)
{
	struct conn_piece *p = mem_realloc(NULL, sizeof *p + room);
	*p = (struct conn_piece){.p = (char *)(p + 1)};
	return p;
}

struct conn_piece *conn_piece_shared(const char *bytes, size_t n, void *object)
{
	struct conn_piece *p = conn_piece_new(0);
	p->p = (char *)bytes; // never written to
	p->n = n;
	p->shared = mem_ref(object);
	return p;
}

void conn_piece_free(struct conn_piece *p)
{
	mem_unref(p->shared);
	if (p->file) conn_file_free(&p->file);
	mem_free(p);
}

static void pieces_free(struct conn_piece *p)
{
	while (p) {
		struct conn_piece *next = p->next;
		conn_piece_free(p);
		p = next;
	}
}

void conn_queue(struct conn *c, struct conn_piece *p)
{
	if (c->is_closing || c->has_ended) {
		conn_piece_free(p);
		return;
	}
	p->next = NULL;
	if (c->last)
		c->last->next = p;
	else
		c->first = p;
	c->last = p;
	c->queued += p->n;
	conn_touch(c);
}

void conn_unqueue(struct conn *c)
{
	for (struct conn_piece *p = c->first; p; p = p->next)
		c->queued -= p->n;
	pieces_free(c->first);
	c->first = c->last = NULL;
}

// The first n pieces leave the queue.
static struct conn_piece *unlink_pieces(struct conn *c, size_t n)
{
	struct conn_piece *head = c->first, *p = head;
	for (size_t i = 1; i < n; i++)
		p = p->next;
	c->first = p->next;
	if (!c->first) c->last = NULL;
	p->next = NULL;
	return head;
}

// The socket took n bytes off the front. Returns how many whole pieces these were; the next one is cut.
static size_t take_written(struct conn *c, size_t n)
{
	size_t whole = 0;
	c->queued -= n;
	c->group->bytes_out += n;
	struct conn_piece *p = c->first;
	for (; p && !p->file && n >= p->n; p = p->next, whole++)
		n -= p->n;
	if (n) {
		p->p += n;
		p->n -= n;
	}
	return whole;
}

static void on_write_timer(void *arg)
{
	struct conn_write *w = arg;
	size_t left = uv_stream_get_write_queue_size(&w->conn->uv.stream);
	if (left < w->left) {
		w->left = left;
		loop_timer_set(&w->timer, w->conn->group->write_ms);
		return;
	}
	if (!w->conn->is_closing) w->conn->group->dropped_slow++;
	conn_fail(w->conn);
}

static void on_written(uv_write_t *req, int status)
{
	struct conn_write *w = container_of(req, struct conn_write, req);
	struct conn *c = w->conn;
	int64_t entered = loop_enter(c->group->loop);
	loop_timer_clear(&w->timer);
	c->writing = NULL;
	c->queued -= w->n;
	if (!status) c->group->bytes_out += w->n;
	pieces_free(w->pieces);
	mem_free(w);
	if (status)
		conn_fail(c);
	else
		conn_write_on(c);
	loop_leave(c->group->loop, "connection written", entered);
}

// Hands n pieces to libuv, which waits for the socket.
static void write_later(struct conn *c, size_t n)
{
	struct conn_write *w = mem_new(struct conn_write);
	uv_buf_t bufs[PIECES_PER_WRITE];
	size_t n_bufs = 0;
	*w = (struct conn_write){.conn = c, .pieces = unlink_pieces(c, n)};
	for (struct conn_piece *p = w->pieces; p; p = p->next) {
		bufs[n_bufs++] = uv_buf_init(p->p, (unsigned)p->n);
		w->n += p->n;
	}
	w->left = w->n;
	loop_timer_init(&w->timer, c->group->loop, "slow reader", on_write_timer, w);
	c->writing = w;
	if (uv_write(&w->req, &c->uv.stream, bufs, (unsigned)n_bufs, on_written)) {
		c->writing = NULL;
		c->queued -= w->n;
		pieces_free(w->pieces);
		mem_free(w);
		conn_fail(c);
		return;
	}
	loop_timer_set(&w->timer, c->group->write_ms);
}

// Tries all pieces up to a file at once. True: go on with what is left in the queue.
static bool write_now(struct conn *c)
{
	uv_buf_t bufs[PIECES_PER_WRITE];
	size_t n = 0, total = 0;
	for (struct conn_piece *p = c->first; p && !p->file && n < PIECES_PER_WRITE; p = p->next) {
		bufs[n++] = uv_buf_init(p->p, (unsigned)p->n);
		total += p->n;
	}
	int took = uv_try_write(&c->uv.stream, bufs, (unsigned)n);
	if (took == UV_EAGAIN) took = 0;
	if (took < 0) {
		conn_fail(c);
		return false;
	}
	size_t whole = take_written(c, (size_t)took);
	if (whole) pieces_free(unlink_pieces(c, whole));
	if ((size_t)took == total) return true;
	write_later(c, n - whole);
	return false;
}

static bool send_file(struct conn *c)
{
	switch (conn_file_step(c, c->first)) {
	case CONN_FILE_DONE: conn_piece_free(unlink_pieces(c, 1)); return true;
	case CONN_FILE_FAILED: // the length was promised: only closing tells that it will not come
		conn_fail(c);
		return false;
	default: return false;
	}
}

void conn_write_on(struct conn *c)
{
	if (c->is_closing || c->writing) return;
	while (c->first)
		if (!(c->first->file ? send_file(c) : write_now(c))) return;
	c->ops->drained(c);
}
