// SPDX-License-Identifier: Apache-2.0
// For tests of the live endpoint: the web chat, a port that replays, and visitors on real sockets.
#pragma once
#include "world_test.h"
#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>

#define WEBCHAT PLUGINS "/webchat.so"
#define INBOX 3

// What is kept of one thread: frame i has the cursor "c<i+1>".
struct world_live {
	struct world *w;
	size_t n;     // frames in the store
	size_t page;  // frames of one answer
	bool is_held; // replays wait in `asked`
	int status;   // of replays
	int n_replays;
	struct asked {
		channel_replay_cb cb;
		void *arg;
		char cursor[64];
	} asked[64];
	size_t n_asked;
	char thread[256]; // of the last replay
	bool may_read;
	int file; // frames have a media part of this file
};
static struct world_live live;

static inline void frame_text(struct buf *b, size_t i)
{
	buf_reset(b);
	buf_printf(b, "{\"type\":\"message\",\"cursor\":\"c%zu\",\"id\":\"%zu\",\"key\":null,\"parts\":[", i + 1,
		   i + 1);
	if (live.file) buf_printf(b, "{\"type\":\"media\",\"file\":\"%d\",\"name\":\"a\"}", live.file);
	buf_add(b, STR("]}"));
}

// Answers one replay with what is in the store now.
static inline void replay_answer(struct asked *q)
{
	size_t from = live.n > 50 ? live.n - 50 : 0;
	if (q->cursor[0] && (q->cursor[0] != 'c' || (from = strtoul(q->cursor + 1, NULL, 10)) > live.n)) {
		q->cb(E_INVALID, NULL, 0, false, STR_NONE, q->arg);
		return;
	}
	if (live.status) {
		q->cb(live.status, NULL, 0, false, STR_NONE, q->arg);
		return;
	}
	struct buf texts[64] = {0};
	struct str frames[64];
	size_t n = 0;
	for (size_t i = from; i < live.n && n < live.page; i++, n++) {
		frame_text(&texts[n], i);
		frames[n] = buf_str(&texts[n]);
	}
	char cursor[32];
	snprintf(cursor, sizeof cursor, "c%zu", from + n);
	q->cb(0, frames, n, from + n < live.n, str_of(cursor), q->arg);
	for (size_t i = 0; i < n; i++)
		buf_fini(&texts[i]);
}

static inline void replay_run(void *arg)
{
	struct asked *q = arg;
	replay_answer(q);
	mem_free(q);
}

static inline void port_replay(void *ctx, uint64_t inbox, struct str thread, struct str cursor, channel_replay_cb cb,
			       void *arg)
{
	struct world *w = ctx;
	(void)inbox;
	live.n_replays++;
	snprintf(live.thread, sizeof live.thread, "%.*s", STR_ARG(thread));
	struct asked q = {.cb = cb, .arg = arg};
	snprintf(q.cursor, sizeof q.cursor, "%.*s", STR_ARG(cursor));
	if (live.is_held) {
		assert_true(live.n_asked < ARRAY_LEN(live.asked));
		live.asked[live.n_asked++] = q;
		return;
	}
	struct asked *later = mem_new(struct asked);
	*later = q;
	loop_defer(w->loop, replay_run, later);
}

// Answers the first held replay; false: there is none.
static inline bool replay_release(void)
{
	if (!live.n_asked) return false;
	struct asked q = live.asked[0];
	memmove(live.asked, live.asked + 1, --live.n_asked * sizeof q);
	replay_answer(&q);
	return true;
}

static inline void port_may_read(void *ctx, uint64_t inbox, struct str thread, uint64_t media,
				 void (*cb)(bool yes, void *arg), void *arg)
{
	(void)ctx, (void)inbox, (void)thread, (void)media;
	cb(live.may_read, arg);
}

static inline void push_frame(struct world *w, const char *thread, size_t i)
{
	struct buf b = {0};
	frame_text(&b, i);
	channels_live_push(w->c, INBOX, str_of(thread), buf_str(&b));
	buf_fini(&b);
}

static inline void live_world_open(struct world *w, const char *config)
{
	*w = (struct world){0};
	live = (struct world_live){.w = w, .page = 20, .may_read = true};
	struct channel_ports ports = world_ports(w);
	ports.replay = port_replay;
	ports.may_read = port_may_read;
	world_open_with(w, &ports);
	world_inbox(w, WEBCHAT, "webchat", INBOX, config);
}

// ---- a visitor on a WebSocket -----------------------------------------------------------------------------------

struct visitor {
	int fd;
	struct buf in, frames; // frames: one text frame a line
	bool is_open, is_ended;
	int close_code;
};

static inline int connect_to(struct world *w)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(w->server))};
	inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static inline void visitor_parse(struct visitor *v)
{
	if (!v->is_open) {
		char *end = v->in.n ? strstr(v->in.p, "\r\n\r\n") : NULL;
		if (!end) return;
		v->is_open = !strncmp(v->in.p, "HTTP/1.1 101", 12);
		buf_shift(&v->in, (size_t)(end + 4 - v->in.p));
	}
	while (v->is_open && v->in.n >= 2) {
		const unsigned char *p = (unsigned char *)v->in.p;
		size_t n = p[1] & 127, head = 2;
		if (n == 126) {
			if (v->in.n < 4) return;
			n = (size_t)p[2] << 8 | p[3];
			head = 4;
		}
		assert_true(n != 127);
		if (v->in.n < head + n) return;
		if ((p[0] & 15) == 1) {
			buf_add(&v->frames, (struct str){v->in.p + head, n});
			buf_add_char(&v->frames, '\n');
		} else if ((p[0] & 15) == 8) {
			v->close_code = n >= 2 ? p[head] << 8 | p[head + 1] : 1005;
		}
		buf_shift(&v->in, head + n);
	}
}

static inline void visitor_read(struct visitor *v)
{
	while (!v->is_ended) {
		ssize_t n = read(v->fd, buf_reserve(&v->in, 65536), 65536);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) break;
		if (n <= 0) {
			v->is_ended = true;
			break;
		}
		v->in.n += (size_t)n;
		v->in.p[v->in.n] = 0;
	}
	visitor_parse(v);
}

struct visitor_wait {
	struct visitor *v;
	const char *text;
	int times;
};

static inline bool visitor_has(struct world *w, void *arg)
{
	(void)w;
	struct visitor_wait *vw = arg;
	visitor_read(vw->v);
	return vw->text ? count_of(&vw->v->frames, vw->text) >= vw->times : vw->v->close_code || vw->v->is_ended;
}

static inline void visitor_expect(struct world *w, struct visitor *v, const char *text, int times)
{
	struct visitor_wait vw = {v, text, times};
	if (!world_wait(w, visitor_has, &vw))
		fail_msg("a visitor waited in vain for %d of %s; got:\n%s", times, text ? text : "the end",
			 v->frames.p ? v->frames.p : "");
}

static inline void visitor_send(struct visitor *v, const char *text)
{
	struct buf b = {0};
	size_t n = strlen(text);
	buf_add_char(&b, (char)0x81);
	buf_add_char(&b, (char)(0x80 | (n < 126 ? n : 126)));
	if (n >= 126) {
		buf_add_char(&b, (char)(n >> 8));
		buf_add_char(&b, (char)n);
	}
	buf_add_bytes(&b, "\0\0\0\0", 4); /* a mask that changes nothing */
	buf_add(&b, str_of(text));
	assert_true(write(v->fd, b.p, b.n) == (ssize_t)b.n);
	buf_fini(&b);
}

static inline void visitor_connect(struct world *w, struct visitor *v, const char *headers)
{
	struct buf b = {0};
	*v = (struct visitor){.fd = connect_to(w)};
	buf_printf(&b,
		   "GET /live/%d/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
		   INBOX, headers);
	assert_true(write(v->fd, b.p, b.n) == (ssize_t)b.n);
	buf_fini(&b);
}

static inline void visitor_close(struct visitor *v)
{
	close(v->fd);
	buf_fini(&v->in);
	buf_fini(&v->frames);
}

// The value of a string member of the first frame that has it.
static inline void member_of(const struct buf *b, const char *name, char *value, size_t size)
{
	char what[64];
	snprintf(what, sizeof what, "\"%s\":\"", name);
	const char *at = b->n ? strstr(b->p, what) : NULL;
	assert_non_null(at);
	at += strlen(what);
	size_t n = strcspn(at, "\"");
	assert_true(n < size);
	memcpy(value, at, n);
	value[n] = 0;
}
