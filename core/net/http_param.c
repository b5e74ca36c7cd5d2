// SPDX-License-Identifier: Apache-2.0
// What stands in a request: headers by name, parameters of a query or form, cookies.
#include "net/http_server.h"
#include "net/url.h"

struct str http_request_header(const struct http_request *r, const char *name)
{
	struct str wanted = str_of(name);
	for (size_t i = 0; i < r->n_headers; i++)
		if (str_ieq(r->headers[i].name, wanted)) return r->headers[i].value;
	return STR_NONE;
}

// Splits "name=value"; without "=" the value is empty.
static void split(struct str pair, struct str *name_r, struct str *value_r)
{
	ptrdiff_t equals = str_find(pair, '=');
	*name_r = pair;
	*value_r = STR("");
	if (equals < 0) return;
	name_r->n = (size_t)equals;
	*value_r = (struct str){pair.p + equals + 1, pair.n - (size_t)equals - 1};
}

struct str http_param(struct arena *a, struct str query, const char *name)
{
	struct str pair, key, value, wanted = str_of(name);
	while (str_cut(&query, '&', &pair)) {
		split(pair, &key, &value);
		// most names are plain; only an escaped one has to be decoded before it can be compared
		bool is_plain = str_find(key, '%') < 0 && str_find(key, '+') < 0;
		if (!str_eq(is_plain ? key : url_decode(a, key, true), wanted)) continue;
		return url_decode(a, value, true);
	}
	return STR_NONE;
}

struct str http_cookie(const struct http_request *r, const char *name)
{
	struct str rest = http_request_header(r, "cookie"), pair, key, value, wanted = str_of(name);
	while (str_cut(&rest, ';', &pair)) {
		split(str_trim(pair), &key, &value);
		if (!str_eq(key, wanted)) continue;
		bool is_quoted = value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"';
		return is_quoted ? (struct str){value.p + 1, value.n - 2} : value;
	}
	return STR_NONE;
}
