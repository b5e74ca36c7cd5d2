// SPDX-License-Identifier: Apache-2.0
// Origins: which web sites may talk to an inbox from a browser, and the headers that tell the browser so.
#include "live_inside.h"
#include "base/mem.h"

// An entry is an origin ("https://shop.example"), or every host below a name ("https://*.shop.example").
static bool origin_matches(struct str entry, struct str origin)
{
	ptrdiff_t star = str_find(entry, '*');
	if (star < 0) return str_ieq(entry, origin);
	struct str head = {entry.p, (size_t)star}, tail = {entry.p + star + 1, entry.n - (size_t)star - 1};
	if (!head.n || origin.n <= head.n + tail.n || !str_starts(tail, STR("."))) return false;
	struct str middle = {origin.p + head.n, origin.n - head.n - tail.n};
	return str_ieq((struct str){origin.p, head.n}, head) &&
	       str_ieq((struct str){middle.p + middle.n, tail.n}, tail) && str_find(middle, '/') < 0 &&
	       str_find(middle, '@') < 0;
}

bool live_origin_is_allowed(const struct inbox *in, const struct http_request *rq)
{
	const struct json *list = in->live->origins;
	struct str origin = http_request_header(rq, "origin");
	/* what sends no Origin is no browser on somebody's page, and could send any */
	if (!json_count(list) || !origin.p) return true;
	for (size_t i = 0; i < json_count(list); i++)
		if (origin_matches(json_string(json_at(list, i)), origin)) return true;
	return false;
}

void live_cors(struct http_exchange *x, const struct inbox *in)
{
	struct str origin = http_request_header(http_request(x), "origin");
	http_header_add(x, "Vary", STR("Origin"));
	http_header_add(x, "X-Content-Type-Options", STR("nosniff"));
	if (!origin.p || !live_origin_is_allowed(in, http_request(x))) return;
	http_header_add(x, "Access-Control-Allow-Origin", origin);
	http_header_add(x, "Access-Control-Expose-Headers", STR("Retry-After"));
}

void live_options(struct http_exchange *x, const struct inbox *in)
{
	live_cors(x, in);
	if (live_origin_is_allowed(in, http_request(x))) {
		http_header_add(x, "Access-Control-Allow-Methods", STR("GET, POST, OPTIONS"));
		http_header_add(x, "Access-Control-Allow-Headers", STR("Authorization, Content-Type"));
		http_header_add(x, "Access-Control-Max-Age", STR("86400"));
	}
	http_respond(x, 204, NULL, STR_NONE);
}

void live_refuse(struct http_exchange *x, const struct inbox *in, int status, const char *code)
{
	if (in) live_cors(x, in);
	http_header_add(x, "Cache-Control", STR("no-store"));
	if (status == 429 || status == 503) http_header_add(x, "Retry-After", STR("5"));
	struct str body = arena_printf(http_arena(x), "{\"error\":\"%s\"}", code);
	http_respond(x, status, "application/json", body);
}

bool live_bearer(struct http_exchange *x, const struct inbox *in, struct str *address_r)
{
	struct str header = http_request_header(http_request(x), "authorization");
	struct live_token t;
	if (header.n <= 7 || !str_ieq((struct str){header.p, 7}, STR("Bearer "))) return false;
	struct str token = str_trim((struct str){header.p + 7, header.n - 7});
	if (!live_token_check(in, http_arena(x), token, &t)) return false;
	*address_r = t.address;
	return true;
}
