// SPDX-License-Identifier: Apache-2.0
// Listening: addresses read, sockets bound, and a reason in words when that fails.
#include "http_inside.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4096 // the kernel cuts it to net.core.somaxconn

static int why_not(int failed, const char *address, int port, struct err *e)
{
	switch (failed) {
	case UV_EADDRINUSE:
		if (port)
			return err_set(e, E_IO, "port %d is taken by another program; stop it or choose another port",
				       port);
		return err_set(e, E_IO, "another server listens on %s already", address);
	case UV_EACCES:
		return err_set(e, E_IO, "no right to listen on %s; ports below 1024 need CAP_NET_BIND_SERVICE",
			       address);
	case UV_EADDRNOTAVAIL: return err_set(e, E_IO, "this machine has no address as in %s", address);
	default: return err_set(e, E_IO, "cannot listen on %s: %s", address, uv_strerror(failed));
	}
}

// "" is every address, of both families where the machine has IPv6.
static int read_host(const char *host, int port, struct sockaddr_storage *r)
{
	if (!strcmp(host, "localhost")) host = "127.0.0.1";
	if (host[0] == '[') {
		char v6[64];
		size_t n = strlen(host);
		if (n > sizeof v6 || host[n - 1] != ']') return E_INVALID;
		snprintf(v6, sizeof v6, "%.*s", (int)n - 2, host + 1);
		return uv_ip6_addr(v6, port, (struct sockaddr_in6 *)r) ? E_INVALID : 0;
	}
	return uv_ip4_addr(host, port, (struct sockaddr_in *)r) ? E_INVALID : 0;
}

static int note_port(struct http_server *s)
{
	struct sockaddr_storage at = {0};
	int n = sizeof at;
	int failed = uv_tcp_getsockname(&s->listener.tcp, (struct sockaddr *)&at, &n);
	bool is_v4 = at.ss_family == AF_INET;
	s->port = ntohs(is_v4 ? ((struct sockaddr_in *)&at)->sin_port : ((struct sockaddr_in6 *)&at)->sin6_port);
	return failed;
}

// Tries what stands there before it takes the place of a socket that a dead server left.
static bool is_stale(const struct sockaddr_un *address)
{
	struct stat st;
	if (lstat(address->sun_path, &st) || !S_ISSOCK(st.st_mode)) return false;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) return false;
	bool is_dead = connect(fd, (const struct sockaddr *)address, sizeof *address) && errno == ECONNREFUSED;
	close(fd);
	return is_dead;
}

static int listen_unix(struct http_server *s, const char *path, uv_connection_cb cb, struct err *e)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t n = strlen(path);
	if (!n || n >= sizeof address.sun_path)
		return err_set(e, E_INVALID, "the socket's path must have 1 to %zu bytes: %s",
			       sizeof address.sun_path - 1, path);
	memcpy(address.sun_path, path, n);
	if (is_stale(&address)) unlink(path);
	int failed = uv_pipe_bind(&s->listener.pipe, path);
	// nobody can connect before listen: the mode is never too wide
	if (!failed && chmod(path, 0600)) failed = -errno;
	if (!failed) failed = uv_listen(&s->listener.stream, BACKLOG, cb);
	return failed ? why_not(failed, path, 0, e) : 0;
}

static int listen_tcp(struct http_server *s, const char *address, uv_connection_cb cb, struct err *e)
{
	struct sockaddr_storage to = {0};
	char host[80];
	uint64_t port;
	const char *colon = strrchr(address, ':');
	bool is_broken = !colon || (size_t)(colon - address) >= sizeof host || str_to_u64(str_of(colon + 1), &port) ||
			 port > 65535;
	if (is_broken) return err_set(e, E_INVALID, "\"%s\" is not of the form address:port or unix:/path", address);
	snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
	bool is_any = !host[0];
	if (read_host(is_any ? "[::]" : host, (int)port, &to))
		return err_set(e, E_INVALID,
			       "\"%s\" is no numeric address; write 127.0.0.1, [::1] or nothing before the port", host);
	int failed = uv_tcp_bind(&s->listener.tcp, (struct sockaddr *)&to, 0);
	if (failed && is_any && !read_host("0.0.0.0", (int)port, &to))
		failed = uv_tcp_bind(&s->listener.tcp, (struct sockaddr *)&to, 0);
	if (!failed) failed = uv_listen(&s->listener.stream, BACKLOG, cb);
	if (!failed) failed = note_port(s);
	return failed ? why_not(failed, address, (int)port, e) : 0;
}

int http_listen(struct http_server *s, const char *address, uv_connection_cb cb, struct err *e)
{
	uv_loop_t *uv = loop_uv(s->group.loop);
	s->is_unix = !strncmp(address, "unix:", 5);
	if (s->is_unix)
		uv_pipe_init(uv, &s->listener.pipe, 0);
	else
		uv_tcp_init(uv, &s->listener.tcp);
	s->listener.handle.data = s;
	return s->is_unix ? listen_unix(s, address + 5, cb, e) : listen_tcp(s, address, cb, e);
}
