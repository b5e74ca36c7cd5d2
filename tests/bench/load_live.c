// SPDX-License-Identifier: Apache-2.0
// An agent's live socket (RFC 6455, client side): finds our messages in the events and notes when they came.
#include "load.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IN_BYTES (4u << 20)
#define HEAD 160 // type, seq and kind stand before this
#define SHAKE_MS 10000

enum { OP_TEXT = 1, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10 };

static void send_whole(int fd, const void *p, size_t n)
{
	if (send(fd, p, n, MSG_NOSIGNAL) != (ssize_t)n) die("the live socket takes nothing: %m");
}

// Gives how many bytes the answer's head has; what came behind it stays.
static size_t await_head(struct live *v)
{
	for (;;) {
		if (poll(&(struct pollfd){.fd = v->fd, .events = POLLIN}, 1, SHAKE_MS) != 1)
			die("the live socket does not open");
		ssize_t got = recv(v->fd, v->in + v->n_in, v->cap - v->n_in, 0);
		if (got <= 0) die("the live socket closed while it opened");
		v->n_in += (size_t)got;
		const char *end = memmem(v->in, v->n_in, "\r\n\r\n", 4);
		if (end) return (size_t)(end - v->in) + 4;
	}
}

void live_open(struct live *v, const struct load_options *o, size_t agent, struct ledger *l)
{
	char request[2048];
	*v = (struct live){.ledger = l, .is_counted = !agent, .cap = IN_BYTES, .in = malloc(IN_BYTES)};
	if (!v->in) die("no memory for the live socket");
	v->n_mark = (size_t)snprintf(v->mark, sizeof v->mark, "%s#", o->run);
	v->fd = dial(o);
	int n = snprintf(request, sizeof request,
			 "GET /api/v1/live?after=%s HTTP/1.1\r\nHost: %s:%s\r\nOrigin: http://%s:%s\r\nCookie: %s\r\n"
			 "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
			 "Sec-WebSocket-Key: bG9hZC1nZW5lcmF0b3ItMQ==\r\n\r\n",
			 o->after, o->host, o->port, o->host, o->port, o->cookies[agent]);
	send_whole(v->fd, request, (size_t)n);
	size_t head = await_head(v);
	if (v->n_in < 12 || memcmp(v->in, "HTTP/1.1 101", 12))
		die("the live socket was refused: %.*s", (int)v->n_in, v->in);
	v->n_in -= head;
	memmove(v->in, v->in + head, v->n_in);
}

// Our frames are masked, here with zeros.
static void pong(struct live *v, const char *p, size_t n)
{
	char frame[6 + 125] = {(char)(0x80 | OP_PONG), (char)(0x80 | n)};
	if (n > 125) die("a ping of %zu bytes", n);
	memcpy(frame + 6, p, n);
	send_whole(v->fd, frame, 6 + n);
}

static bool holds(const char *p, size_t n, const char *what) { return memmem(p, n, what, strlen(what)) != NULL; }

static void see_message(struct live *v, const char *p, size_t n, int64_t now)
{
	const char *mark = memmem(p, n, v->mark, v->n_mark);
	if (mark) ledger_see(v->ledger, strtoull(mark + v->n_mark, NULL, 10), now);
}

static void see_text(struct live *v, const char *p, size_t n, int64_t now)
{
	size_t head = n < HEAD ? n : HEAD;
	if (!holds(p, head, "\"type\":\"event\"")) {
		if (holds(p, head, "\"reset\"") || holds(p, head, "\"signed_out\""))
			die("the live socket says %.*s", (int)head, p);
		return;
	}
	if (!v->is_counted) return;
	if (holds(p, head, "\"kind\":\"message.in\""))
		see_message(v, p, n, now);
	else if (holds(p, head, "\"kind\":\"conversation.assigned\""))
		v->ledger->n_assigned++;
}

static uint64_t number_at(const unsigned char *p, int n)
{
	uint64_t v = 0;
	for (int i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

// Takes the frame that stands first in p; 0 when it is not whole yet, else its bytes.
static size_t take_frame(struct live *v, const char *p, size_t n, int64_t now)
{
	const unsigned char *u = (const unsigned char *)p;
	if (n < 2) return 0;
	size_t head = u[1] == 126 ? 4 : u[1] == 127 ? 10 : 2;
	if (n < head) return 0;
	uint64_t length = head == 2 ? u[1] : number_at(u + 2, (int)head - 2);
	if (length > v->cap - head) die("a frame of %llu bytes", (unsigned long long)length);
	if (n < head + length) return 0;
	switch (u[0] & 15) {
	case OP_TEXT: see_text(v, p + head, length, now); break;
	case OP_PING: pong(v, p + head, length); break;
	case OP_CLOSE: die("the server closed the live socket: %.*s", (int)length, p + head);
	}
	return head + length;
}

void live_read(struct live *v)
{
	ssize_t got = recv(v->fd, v->in + v->n_in, v->cap - v->n_in, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
	if (got <= 0) die("the live socket broke");
	v->n_in += (size_t)got;
	int64_t now = now_ns();
	size_t at = 0;
	for (size_t n; (n = take_frame(v, v->in + at, v->n_in - at, now)); at += n)
		;
	v->n_in -= at;
	memmove(v->in, v->in + at, v->n_in);
}
