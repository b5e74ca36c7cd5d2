// SPDX-License-Identifier: Apache-2.0
// For the tests of this room: a raw client that shares the thread with the loop it talks to, and waits for facts.
// Whoever includes it includes <cmocka.h> after it.
#pragma once
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "loop/uv.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// A step that can only fail when the machine does.
static inline void must(bool is_done, const char *step)
{
	if (is_done) return;
	perror(step);
	abort();
}

struct client {
	int fd;
	struct buf got;
	bool has_ended;
};

static char logged[8192]; // warnings and errors

static inline void take_log(enum log_level level, const char *line, void *arg)
{
	if (level <= LOG_WARN && strlen(logged) + strlen(line) + 2 < sizeof logged) strcat(strcat(logged, line), "\n");
}

// Turns the loop once; waits at most 5 ms for something to happen.
static inline void turn(struct loop *l)
{
	uv_run(loop_uv(l), UV_RUN_NOWAIT);
	struct pollfd p = {.fd = uv_backend_fd(loop_uv(l)), .events = POLLIN};
	poll(&p, 1, 5);
	uv_run(loop_uv(l), UV_RUN_NOWAIT);
}

static inline int64_t real_seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

#define WAIT_FOR(l, fact)                                                                                              \
	do {                                                                                                           \
		int64_t until = real_seconds() + 20;                                                                   \
		while (!(fact)) {                                                                                      \
			turn(l);                                                                                       \
			if (real_seconds() > until) fail_msg("waited in vain for " #fact);                             \
		}                                                                                                      \
	} while (0)

// Everything that has become due by then runs.
static inline void advance(struct loop *l, int64_t ms)
{
	clock_advance(ms);
	loop_clock_moved(l);
	turn(l);
}

static inline struct client client_open(int port)
{
	struct client c = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(!connect(c.fd, (struct sockaddr *)&to, sizeof to), "connect");
	return c;
}

static inline struct client client_open_unix(const char *path)
{
	struct client c = {.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	strncpy(to.sun_path, path, sizeof to.sun_path - 1);
	must(!connect(c.fd, (struct sockaddr *)&to, sizeof to), "connect");
	return c;
}

static inline void client_close(struct client *c)
{
	if (c->fd >= 0) close(c->fd);
	buf_fini(&c->got);
	*c = (struct client){.fd = -1};
}

static inline void client_send_bytes(struct client *c, const void *p, size_t n)
{
	must(send(c->fd, p, n, MSG_NOSIGNAL) == (ssize_t)n, "send");
}

static inline void client_send(struct client *c, const char *text) { client_send_bytes(c, text, strlen(text)); }

// Reads what has come.
static inline void client_read(struct client *c)
{
	while (!c->has_ended) {
		ssize_t n = recv(c->fd, buf_reserve(&c->got, 65536), 65536, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
		if (n <= 0)
			c->has_ended = true;
		else
			c->got.n += (size_t)n;
		if (c->got.p) c->got.p[c->got.n] = 0;
	}
}

static inline bool client_has(struct client *c, const char *text)
{
	client_read(c);
	return str_find_str(buf_str(&c->got), str_of(text)) >= 0;
}

static inline bool client_has_bytes(struct client *c, size_t n)
{
	client_read(c);
	return c->got.n >= n;
}

static inline bool client_is_ended(struct client *c)
{
	client_read(c);
	return c->has_ended;
}

static inline int client_count(struct client *c, const char *text)
{
	int n = 0;
	client_read(c);
	struct str rest = buf_str(&c->got), what = str_of(text);
	for (ptrdiff_t at; (at = str_find_str(rest, what)) >= 0; n++)
		rest = (struct str){rest.p + at + what.n, rest.n - (size_t)at - what.n};
	return n;
}
