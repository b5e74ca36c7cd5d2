// SPDX-License-Identifier: Apache-2.0
// Any bytes as a URL, a query and a cookie header. What is taken must be taken again in the same sense.
#include "net/url.h"
#include "net/http_server.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_url(struct arena *a, struct str text)
{
	struct url u, again;
	struct err e;
	if (url_parse(a, text, &u, &e)) return;
	struct str origin = url_origin(a, &u);
	if (url_parse(a, origin, &again, &e)) abort();
	if (!str_eq(u.host, again.host) || u.port != again.port || !str_eq(u.scheme, again.scheme)) abort();
	if (!u.path.n || u.path.p[0] != '/') abort();
}

static void check_escapes(struct arena *a, struct str text)
{
	struct buf b = {0};
	url_encode(&b, text);
	if (!str_eq(url_decode(a, buf_str(&b), true), text)) abort();
	buf_fini(&b);
	if (url_decode(a, text, false).n > text.n) abort();
}

static void check_request(struct arena *a, struct str text)
{
	http_param(a, text, "a");
	http_param(a, text, "");
	const struct http_header cookie = {STR("Cookie"), text};
	struct http_request r = {.headers = &cookie, .n_headers = 1};
	struct str value = http_cookie(&r, "a");
	if (value.n > text.n) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(0);
	struct str text = {(const char *)data, size};
	check_url(a, text);
	check_escapes(a, text);
	check_request(a, text);
	arena_free(&a);
	return 0;
}
