// SPDX-License-Identifier: Apache-2.0
// URLs: parsed strictly, so that nobody reads another host out of one than we do.
#include "net/url.h"
#include "base/mem.h"
#include <arpa/inet.h>

#define URL_MAX 8192
#define HOST_MAX 253

static const struct {
	struct str scheme;
	int port;
} schemes[] = {
	{{"http", 4}, 80},
	{{"https", 5}, 443},
	{{"ws", 2}, 80},
	{{"wss", 3}, 443},
};

static int default_port(struct str scheme)
{
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (str_eq(schemes[i].scheme, scheme)) return schemes[i].port;
	return 0;
}

static struct str lower(struct arena *a, struct str s)
{
	struct str copy = arena_str(a, s);
	for (char *p = (char *)copy.p; p < copy.p + copy.n; p++)
		if (*p >= 'A' && *p <= 'Z') *p = (char)(*p + 32);
	return copy;
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

static bool is_host_name(struct str host)
{
	if (!host.n || host.n > HOST_MAX) return false;
	for (size_t i = 0; i < host.n; i++)
		if (!is_name_char(host.p[i])) return false;
	return true;
}

static int parse_port(struct str text, int *port_r)
{
	uint64_t port;
	if (text.n > 5 || str_to_u64(text, &port) || port == 0 || port > 65535) return E_INVALID;
	*port_r = (int)port;
	return 0;
}

// "[::1]:8080": *rest is left at what follows the bracket.
static int parse_bracketed(struct arena *a, struct str *rest, struct url *u)
{
	ptrdiff_t end = str_find(*rest, ']');
	struct in6_addr unused;
	if (end < 0) return E_INVALID;
	u->host = lower(a, (struct str){rest->p + 1, (size_t)end - 1});
	*rest = (struct str){rest->p + end + 1, rest->n - (size_t)end - 1};
	return inet_pton(AF_INET6, u->host.p, &unused) == 1 ? 0 : E_INVALID;
}

static int parse_authority(struct arena *a, struct str text, struct url *u, struct err *e)
{
	struct str rest = text;
	if (str_find(text, '@') >= 0) return err_set(e, E_INVALID, "a URL with user and password is not taken");
	if (text.n && text.p[0] == '[') {
		if (parse_bracketed(a, &rest, u)) return err_set(e, E_INVALID, "the URL's IPv6 address is broken");
	} else {
		ptrdiff_t colon = str_find(text, ':');
		size_t n = colon < 0 ? text.n : (size_t)colon;
		u->host = lower(a, (struct str){text.p, n});
		rest = (struct str){text.p + n, text.n - n};
		if (!is_host_name(u->host)) return err_set(e, E_INVALID, "the URL's host name is missing or broken");
	}
	if (!rest.n) return 0;
	if (rest.p[0] != ':' || parse_port((struct str){rest.p + 1, rest.n - 1}, &u->port))
		return err_set(e, E_INVALID, "the URL's port is broken");
	return 0;
}

static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || s.p[i] == '\\')
			return false; // a char is signed: above 0x7f, too
	return true;
}

static void parse_path(struct arena *a, struct str text, struct url *u)
{
	ptrdiff_t mark = str_find(text, '?');
	struct str path = {text.p, mark < 0 ? text.n : (size_t)mark};
	u->path = path.n ? arena_str(a, path) : STR("/");
	u->query = mark < 0 ? STR_NONE : arena_str(a, (struct str){text.p + mark + 1, text.n - (size_t)mark - 1});
}

int url_parse(struct arena *a, struct str text, struct url *u_r, struct err *e)
{
	struct url u = {0};
	if (text.n > URL_MAX) return err_set(e, E_INVALID, "the URL is longer than %d bytes", URL_MAX);
	if (!is_plain(text)) return err_set(e, E_INVALID, "the URL has a character that must be percent-encoded");
	ptrdiff_t colon = str_find_str(text, STR("://"));
	if (colon < 0) return err_set(e, E_INVALID, "a URL begins with https:// or http://");
	u.scheme = lower(a, (struct str){text.p, (size_t)colon});
	u.port = default_port(u.scheme);
	if (!u.port) return err_set(e, E_INVALID, "the URL's scheme must be http, https, ws or wss");
	if (str_find(text, '#') >= 0) return err_set(e, E_INVALID, "a URL with a fragment (#) is not taken");
	struct str rest = {text.p + colon + 3, text.n - (size_t)colon - 3};
	size_t n = 0;
	while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
		n++;
	int failed = parse_authority(a, (struct str){rest.p, n}, &u, e);
	if (failed) return failed;
	parse_path(a, (struct str){rest.p + n, rest.n - n}, &u);
	*u_r = u;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9') return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct str url_decode(struct arena *a, struct str s, bool plus_is_blank)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '%') {
			int high = s.n - i > 2 ? hex_digit(s.p[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(s.p[i + 2]) : -1;
			if (low < 0) return STR_NONE;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && plus_is_blank) {
			c = ' ';
		}
		out[n++] = c;
	}
	return (struct str){out, n};
}

void url_encode(struct buf *b, struct str s)
{
	static const char hex[] = "0123456789ABCDEF";
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
		if (is_letter || is_name_char((char)c) || c == '~') {
			buf_add_char(b, (char)c);
			continue;
		}
		buf_add_bytes(b, (char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
	}
}

struct str url_origin(struct arena *a, const struct url *u)
{
	bool is_v6 = str_find(u->host, ':') >= 0;
	const char *open = is_v6 ? "[" : "", *close = is_v6 ? "]" : "";
	if (u->port == default_port(u->scheme))
		return arena_printf(a, "%.*s://%s%.*s%s", STR_ARG(u->scheme), open, STR_ARG(u->host), close);
	return arena_printf(a, "%.*s://%s%.*s%s:%d", STR_ARG(u->scheme), open, STR_ARG(u->host), close, u->port);
}
