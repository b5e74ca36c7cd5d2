// SPDX-License-Identifier: Apache-2.0
// The WebSocket handshake (RFC 6455, 4.2).
#include "ws_inside.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static bool has_token(const struct http_request *r, const char *name, struct str token)
{
	struct str one;
	for (size_t i = 0; i < r->n_headers; i++) {
		if (!str_ieq(r->headers[i].name, str_of(name))) continue;
		struct str rest = r->headers[i].value;
		while (str_cut(&rest, ',', &one))
			if (str_ieq(str_trim(one), token)) return true;
	}
	return false;
}

bool ws_is_upgrade(const struct http_request *r)
{
	return has_token(r, "upgrade", STR("websocket")) && has_token(r, "connection", STR("upgrade"));
}

static bool is_key(struct str key)
{
	struct buf b = {0};
	bool is_good = key.n == 24 && !base64_decode(&b, key) && b.n == 16;
	buf_fini(&b);
	return is_good;
}

static void sign_key(struct str key, struct buf *b)
{
	char text[24 + 36 + 1];
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	snprintf(text, sizeof text, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", STR_ARG(key));
	EVP_Digest(text, strlen(text), hash, &n, EVP_sha1(), NULL);
	base64_encode(b, (struct str){(char *)hash, n});
}

static void queue_switch(struct ws *w, struct conn *c, struct str key, const char *protocol, struct str headers)
{
	struct buf b = {0};
	buf_add(&b, STR("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
			"Sec-WebSocket-Accept: "));
	sign_key(key, &b);
	buf_add(&b, STR("\r\n"));
	if (protocol) buf_printf(&b, "Sec-WebSocket-Protocol: %s\r\n", protocol);
	buf_add(&b, headers);
	buf_add(&b, STR("\r\n"));
	struct conn_piece *p = conn_piece_new(b.n);
	memcpy(p->p, b.p, b.n);
	p->n = b.n;
	buf_fini(&b);
	conn_queue(c, p);
}

// 0, or the status to answer.
static int check_upgrade(const struct http_exchange *x)
{
	const struct http_request *r = &x->request;
	if (x->server->is_closing) return 503;
	bool is_upgrade = x->conn->upgrading == x && !x->is_old && str_is(r->method, "GET") && !r->body.n;
	if (!is_upgrade || !is_key(http_request_header(r, "sec-websocket-key"))) return 400;
	return str_is(http_request_header(r, "sec-websocket-version"), "13") ? 0 : 426;
}

struct ws *ws_accept(struct http_exchange *x, const struct ws_limits *limits, const struct ws_handler *h, void *arg,
		     const char *protocol)
{
	if (!x->conn || x->is_answered) return NULL;
	int status = check_upgrade(x);
	if (status == 426) http_header_add(x, "Sec-WebSocket-Version", STR("13"));
	if (status) {
		http_respond_status(x, status);
		return NULL;
	}
	struct conn *c = x->conn->conn;
	struct ws *w = ws_new(x, limits ? limits : &WS_LIMITS, h, arg);
	queue_switch(w, c, http_request_header(&x->request, "sec-websocket-key"), protocol, buf_str(&x->headers));
	return w;
}
