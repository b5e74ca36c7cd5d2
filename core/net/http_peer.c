// SPDX-License-Identifier: Apache-2.0
// Who is at the other end: the socket's address, the address a trusted proxy names, the user of a unix socket.
#include "http_inside.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

void http_peer_text(struct conn *c, bool is_unix, char text_r[64])
{
	struct sockaddr_storage address = {0};
	int n = sizeof address;
	snprintf(text_r, 64, "%s", is_unix ? "unix" : "unknown");
	if (is_unix || uv_tcp_getpeername(&c->uv.tcp, (struct sockaddr *)&address, &n)) return;
	if (address.ss_family == AF_INET) {
		uv_ip4_name((struct sockaddr_in *)&address, text_r, 64);
		return;
	}
	const struct in6_addr *v6 = &((struct sockaddr_in6 *)&address)->sin6_addr;
	if (IN6_IS_ADDR_V4MAPPED(v6))
		inet_ntop(AF_INET, v6->s6_addr + 12, text_r, 64);
	else
		inet_ntop(AF_INET6, v6, text_r, 64);
}

struct str http_peer_network(const char *peer, char text_r[HTTP_NETWORK_MAX])
{
	struct in6_addr six;
	bool is_six = inet_pton(AF_INET6, peer, &six) == 1 && !IN6_IS_ADDR_V4MAPPED(&six);
	if (!is_six) return (struct str){text_r, (size_t)snprintf(text_r, HTTP_NETWORK_MAX, "%.60s", peer)};
	const uint8_t *b = six.s6_addr;
	int n = snprintf(text_r, HTTP_NETWORK_MAX, "%02x%02x:%02x%02x:%02x%02x:%02x%02x::/64", b[0], b[1], b[2], b[3],
			 b[4], b[5], b[6], b[7]);
	return (struct str){text_r, (size_t)n};
}

// "10.0.0." and "10.0.0" name a net, "10.0.0.1" one address.
static bool is_within(struct str address, struct str net)
{
	if (!net.n || !str_starts(address, net)) return false;
	if (address.n == net.n || net.p[net.n - 1] == '.' || net.p[net.n - 1] == ':') return true;
	return address.p[net.n] == '.' || address.p[net.n] == ':';
}

static bool is_trusted(const struct http_server *s, struct str address)
{
	for (const char *const *net = s->proxies; net && *net; net++)
		if (is_within(address, str_of(*net))) return true;
	return false;
}

// Cuts the last entry off a list with commas.
static bool cut_last(struct str *list, struct str *last_r)
{
	if (!list->n) return false;
	size_t from = list->n;
	while (from && list->p[from - 1] != ',')
		from--;
	*last_r = str_trim((struct str){list->p + from, list->n - from});
	list->n = from ? from - 1 : 0;
	return true;
}

static bool is_address(struct str s)
{
	char text[64];
	struct in6_addr unused;
	if (!s.n || s.n >= sizeof text) return false;
	memcpy(text, s.p, s.n);
	text[s.n] = 0;
	return inet_pton(AF_INET, text, &unused) == 1 || inet_pton(AF_INET6, text, &unused) == 1;
}

void http_peer_read(const struct http_conn *h, struct http_request *r)
{
	memcpy(r->peer, h->peer, sizeof r->peer);
	if (!h->server->proxies || !is_trusted(h->server, str_of(r->peer))) return;
	struct str proto = http_request_header(r, "x-forwarded-proto");
	r->is_https = str_ieq(str_trim(proto), STR("https"));
	// Every proxy appends whom it saw: from the right, the first that we do not trust is the client.
	for (size_t i = r->n_headers; i-- > 0;) {
		if (!str_ieq(r->headers[i].name, STR("x-forwarded-for"))) continue;
		struct str list = r->headers[i].value, one;
		while (cut_last(&list, &one)) {
			if (!is_address(one)) return;
			snprintf(r->peer, sizeof r->peer, "%.*s", STR_ARG(one));
			if (!is_trusted(h->server, one)) return;
		}
	}
}

int64_t http_peer_uid(struct http_exchange *x)
{
	struct ucred who;
	socklen_t n = sizeof who;
	int fd;
	if (!x->conn || !x->server->is_unix) return -1;
	if (uv_fileno(&x->conn->conn->uv.handle, &fd)) return -1;
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) ? -1 : (int64_t)who.uid;
}
