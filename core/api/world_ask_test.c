// SPDX-License-Identifier: Apache-2.0
// The people of the API's tests: plain sockets that speak HTTP and WebSocket, read while the loop runs.
#include "world_test.h"
#include "base/mem.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int dial(void)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)w.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

struct reading {
	int fd;
	struct buf *b;
	bool is_over;
};

static bool read_some(struct reading *r)
{
	ssize_t n = recv(r->fd, buf_reserve(r->b, 65536), 65536, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno == ECONNRESET)) r->is_over = true;
	if (n <= 0) return false;
	r->b->n += (size_t)n;
	r->b->p[r->b->n] = '\0';
	return true;
}

static bool has_all(void *arg)
{
	struct reading *r = arg;
	while (read_some(r)) {}
	return r->is_over;
}

struct sending {
	int fd;
	struct str rest;
};

static bool has_sent(void *arg)
{
	struct sending *s = arg;
	while (s->rest.n) {
		ssize_t n = send(s->fd, s->rest.p, s->rest.n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0) return errno != EAGAIN; // it was refused before it was whole
		s->rest.p += n;
		s->rest.n -= (size_t)n;
	}
	return true;
}

struct str reply_header(const struct reply *r, const char *name)
{
	struct str rest = r->head, line, key;
	while (str_cut(&rest, '\n', &line))
		if (str_cut(&line, ':', &key) && str_ieq(key, str_of(name))) {
			struct str value = str_trim(line);
			if (value.n && value.p[value.n - 1] == '\r') value.n--;
			return value;
		}
	return STR_NONE;
}

static void keep_cookie(struct person *p, const struct reply *r)
{
	struct str value = reply_header(r, "set-cookie"), pair;
	if (value.p && str_cut(&value, ';', &pair)) snprintf(p->cookie, sizeof p->cookie, "%.*s", STR_ARG(pair));
}

static void write_request(struct buf *b, const struct person *p, const char *method, const char *path)
{
	buf_printf(b, "%s /api/v1%s HTTP/1.1\r\nHost: desk.test\r\n", method, path);
	if (p->cookie[0]) buf_printf(b, "Cookie: %s\r\n", p->cookie);
	if (p->csrf[0] && strcmp(method, "GET") != 0) buf_printf(b, "X-CSRF: %s\r\n", p->csrf);
}

static struct reply parse(struct str text)
{
	struct err e;
	ptrdiff_t end = str_find_str(text, STR("\r\n\r\n"));
	assert_true(end > 0);
	struct reply r = {.head = {text.p, (size_t)end + 2}, .body = {text.p + end + 4, text.n - (size_t)end - 4}};
	r.status = atoi(text.p + strlen("HTTP/1.1 "));
	if (r.body.n && str_is(reply_header(&r, "content-type"), "application/json"))
		assert_int_equal(json_parse(w.f.arena, r.body, &JSON_PROVIDER, &r.json, &e), 0);
	return r;
}

struct reply ask(struct person *p, const char *method, const char *path, const char *body, const char *headers)
{
	struct buf out = {0}, in = {0};
	write_request(&out, p, method, path);
	buf_printf(&out, "Connection: close\r\n%s",
		   headers ? headers
		   : body  ? "Content-Type: application/json\r\n"
			   : "");
	if (body) buf_printf(&out, "Content-Length: %zu\r\n", strlen(body));
	buf_printf(&out, "\r\n%s", body ? body : "");
	struct reading r = {.fd = dial(), .b = &in};
	struct sending s = {r.fd, buf_str(&out)};
	world_wait_until(has_sent, &s);
	world_wait_until(has_all, &r);
	close(r.fd);
	struct reply reply = parse(arena_str(w.f.arena, buf_str(&in)));
	keep_cookie(p, &reply);
	buf_fini(&out);
	buf_fini(&in);
	return reply;
}

struct reply get(struct person *p, const char *path) { return ask(p, "GET", path, NULL, NULL); }

static struct reply ask_printf(struct person *p, const char *method, const char *path, const char *fmt, va_list ap)
{
	struct buf b = {0};
	buf_vprintf(&b, fmt, ap);
	struct reply r = ask(p, method, path, b.p, NULL);
	buf_fini(&b);
	return r;
}

struct reply post(struct person *p, const char *path, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct reply r = ask_printf(p, "POST", path, fmt, ap);
	va_end(ap);
	return r;
}

struct reply patch(struct person *p, const char *path, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct reply r = ask_printf(p, "PATCH", path, fmt, ap);
	va_end(ap);
	return r;
}

const char *text_at(const struct json *v, const char *pointer)
{
	struct str s = json_string(json_pointer(v, str_of(pointer)));
	return s.p ? s.p : "";
}

void expect_error(struct reply r, int status, const char *code)
{
	if (r.status != status || strcmp(text_at(r.json, "/error/code"), code) != 0)
		fail_msg("expected %d %s, got %d %.*s", status, code, r.status, STR_ARG(r.body));
	assert_true(text_at(r.json, "/error/text")[0]);
}

// ---- live sockets ---------------------------------------------------------------------------------------------------

static bool has_head(void *arg)
{
	struct reading *r = arg;
	while (read_some(r)) {}
	return r->is_over || str_find_str(buf_str(r->b), STR("\r\n\r\n")) >= 0;
}

int listen_live(struct listener *l, struct person *p, const char *after, const char *headers)
{
	struct buf out = {0};
	char path[64];
	*l = (struct listener){.fd = dial()};
	snprintf(path, sizeof path, "/live%s%s", after ? "?after=" : "", after ? after : "");
	write_request(&out, p, "GET", path);
	buf_printf(&out,
		   "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
		   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
		   headers ? headers : "");
	struct sending s = {l->fd, buf_str(&out)};
	world_wait_until(has_sent, &s);
	struct reading r = {.fd = l->fd, .b = &l->in};
	world_wait_until(has_head, &r);
	buf_fini(&out);
	ptrdiff_t end = str_find_str(buf_str(&l->in), STR("\r\n\r\n"));
	assert_true(end > 0);
	int status = atoi(l->in.p + strlen("HTTP/1.1 "));
	buf_shift(&l->in, (size_t)end + 4);
	return status;
}

// The length of the frame that the buffer begins with, its head included; 0: it is not whole.
static size_t frame_size(const struct buf *b, size_t *head_r)
{
	const uint8_t *p = (const uint8_t *)b->p;
	if (b->n < 2) return 0;
	uint64_t n = p[1] & 127;
	*head_r = n < 126 ? 2 : n == 126 ? 4 : 10;
	if (b->n < *head_r) return 0;
	if (n >= 126) {
		size_t bytes = n == 126 ? 2 : 8;
		n = 0;
		for (size_t i = 0; i < bytes; i++)
			n = n << 8 | p[2 + i];
	}
	return b->n < *head_r + n ? 0 : *head_r + n;
}

static bool has_frame(void *arg)
{
	struct reading *r = arg;
	size_t head;
	while (read_some(r)) {}
	return r->is_over || frame_size(r->b, &head);
}

static const struct json *take_frame(struct listener *l)
{
	size_t head, n = frame_size(&l->in, &head);
	const struct json *v = NULL;
	struct err e;
	int opcode = l->in.p[0] & 15;
	struct str text = arena_str(w.f.arena, (struct str){l->in.p + head, n - head});
	if (opcode == 8) l->close_code = text.n >= 2 ? (uint8_t)text.p[0] << 8 | (uint8_t)text.p[1] : 1005;
	if (opcode == 1 && json_parse(w.f.arena, text, &JSON_PROVIDER, &v, &e))
		fail_msg("%s: %.*s", e.text, STR_ARG(text));
	buf_shift(&l->in, n);
	return v;
}

const struct json *next_frame(struct listener *l)
{
	struct reading r = {.fd = l->fd, .b = &l->in};
	size_t head;
	while (!l->close_code) {
		world_wait_until(has_frame, &r);
		if (!frame_size(&l->in, &head)) return NULL;
		const struct json *v = take_frame(l);
		if (v) return v;
	}
	return NULL;
}

const struct json *next_of_type(struct listener *l, const char *type)
{
	const struct json *v;
	while ((v = next_frame(l)))
		if (str_is(json_string_of(v, "type"), type)) return v;
	fail_msg("the socket was closed (%d) before a frame %s", l->close_code, type);
	return NULL;
}

const struct json *next_event(struct listener *l, const char *kind)
{
	const struct json *v;
	do
		v = next_of_type(l, "event");
	while (!str_is(json_string_of(v, "kind"), kind));
	return v;
}

bool is_silent(struct listener *l)
{
	struct reading r = {.fd = l->fd, .b = &l->in};
	size_t head;
	world_run();
	has_frame(&r);
	return !frame_size(&l->in, &head) && !r.is_over;
}

void say(struct listener *l, const char *text)
{
	struct buf b = {0};
	size_t n = strlen(text);
	assert_true(n < 126);
	buf_add_char(&b, (char)0x81);
	buf_add_char(&b, (char)(0x80 | n));
	buf_add_bytes(&b, "\0\0\0\0", 4); // a mask that changes nothing
	buf_add(&b, str_of(text));
	struct sending s = {l->fd, buf_str(&b)};
	world_wait_until(has_sent, &s);
	buf_fini(&b);
}

struct listener begin_request(struct person *p, const char *method, const char *path)
{
	struct listener l = {.fd = dial()};
	struct buf out = {0};
	write_request(&out, p, method, path);
	buf_add(&out, STR("\r\n"));
	struct sending s = {l.fd, buf_str(&out)};
	world_wait_until(has_sent, &s);
	buf_fini(&out);
	return l;
}

struct listener begin_upload(struct person *p, const char *path, size_t n)
{
	struct listener l = {.fd = dial()};
	struct buf out = {0};
	write_request(&out, p, "POST", path);
	buf_printf(&out, "Content-Type: text/plain\r\nContent-Length: %zu\r\n\r\nonly the beginning", n);
	struct sending s = {l.fd, buf_str(&out)};
	world_wait_until(has_sent, &s);
	buf_fini(&out);
	return l;
}

void hang_up(struct listener *l)
{
	close(l->fd);
	buf_fini(&l->in);
	world_run();
}
