// SPDX-License-Identifier: Apache-2.0
// What the parser finds becomes an exchange: head, body, complete request.
#include "http_inside.h"
#include "net/ws.h"

static struct arena *on_begin(void *arg)
{
	struct http_conn *h = arg;
	h->receiving = http_exchange_new(h);
	return h->receiving->arena;
}

static void fill_request(struct http_exchange *x, const struct http_head *head)
{
	x->request =
		(struct http_request){.method = head->method, .headers = head->headers, .n_headers = head->n_headers};
	x->is_old = head->is_old;
	x->awaits_body = head->is_chunked || head->content_length > 0;
	x->is_head_method = str_is(head->method, "HEAD");
	http_peer_read(x->conn, &x->request);
}

// Expect (RFC 9110, 10.1.1) has one value only.
static int read_expectation(struct http_exchange *x, const struct http_head *head)
{
	struct str expect = http_request_header(&x->request, "expect");
	if (!expect.p || head->is_old) return 0;
	if (!str_ieq(expect, STR("100-continue"))) return 417;
	x->wants_continue = x->awaits_body;
	return 0;
}

static int check_request(struct http_exchange *x, const struct http_head *head)
{
	int status = http_target_read(x->arena, head->target, &x->request);
	if (!status) status = read_expectation(x, head);
	// what follows a WebSocket's request is no HTTP: nothing may be unanswered before it
	if (!status && ws_is_upgrade(&x->request) && x->conn->n_exchanges > 1) status = 400;
	return status;
}

static int on_head(const struct http_head *head, void *arg)
{
	struct http_conn *h = arg;
	struct http_exchange *x = h->receiving;
	const struct http_handler *handler = &h->server->handler;
	fill_request(x, head);
	int status = check_request(x, head);
	if (status) return status;
	if (!head->keeps_alive) h->is_last = true;
	http_hold(x);
	if (handler->head) handler->head(x, &x->plan, handler->arg);
	x->body_max = x->plan.max_bytes ? x->plan.max_bytes : h->server->limits.body_bytes;
	http_release(x);
	if (h->is_deaf) return HTTP_PARSER_STOP;
	return head->content_length > 0 && (uint64_t)head->content_length > x->body_max ? 413 : 0;
}

static int on_body(struct str piece, void *arg)
{
	struct http_conn *h = arg;
	struct http_exchange *x = h->receiving;
	if (h->is_deaf) return HTTP_PARSER_STOP;
	x->wants_continue = false;
	if (piece.n > x->body_max - x->body_n) return 413;
	x->body_n += piece.n;
	if (!x->plan.piece) {
		buf_add(&x->body, piece);
		return 0;
	}
	http_hold(x);
	int failed = x->plan.piece(x, piece, x->plan.arg);
	http_release(x);
	return failed || h->is_deaf ? HTTP_PARSER_STOP : 0;
}

static void on_complete(void *arg)
{
	struct http_conn *h = arg;
	struct http_exchange *x = h->receiving;
	if (h->is_deaf) return;
	h->receiving = NULL;
	h->is_paused = x->awaits_body = false;
	h->server->requests_total++;
	if (x->is_answered) return;
	x->request.body = x->body.n ? buf_str(&x->body) : STR("");
	if (ws_is_upgrade(&x->request)) h->upgrading = x;
	http_hold(x);
	h->server->handler.request(x, h->server->handler.arg);
	http_release(x);
}

const struct http_parser_events http_receive_events = {
	.begin = on_begin,
	.head = on_head,
	.body = on_body,
	.complete = on_complete,
};
