// SPDX-License-Identifier: Apache-2.0
// The document of http.fetch: {"method","url","query","headers","json"|"form"|"text"|"bytes","basic","timeout_ms",
// "max_bytes","redirects","answer"}; strings may hold secrets (secret.h).
#include "http_job.h"
#include "base/mem.h"
#include "net/url.h"
#include "secret.h"
#include <stdio.h>
#include <string.h>

#define HEADERS_MAX 100
#define BYTES_MOST ((int64_t)64 << 20)

static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!is_word && !strchr("!#$%&'*+-.^_`|~", c)) return false;
	}
	return s.n > 0;
}

// "a=1&b=2" of a map whose values may hold secrets.
static int write_pairs(struct http_job *j, const struct json *map, struct buf *b, struct err *e)
{
	for (uint32_t i = 0; i < json_count(map); i++) {
		struct buf value = {0};
		int r = secret_text(j->call->in, map->members[i].value, &value, e);
		if (!r) {
			if (i) buf_add_char(b, '&');
			url_encode(b, map->members[i].key);
			buf_add_char(b, '=');
			url_encode(b, buf_str(&value));
		}
		secret_wipe(&value);
		if (r) return r;
	}
	return 0;
}

static int write_url(struct http_job *j, struct err *e)
{
	const struct json *doc = j->call->doc, *query = json_get(doc, "query");
	if (secret_text(j->call->in, json_get(doc, "url"), &j->url, e)) return E_INVALID;
	if (json_is(query, JSON_MAP) && query->n) {
		buf_add_char(&j->url, str_find(buf_str(&j->url), '?') >= 0 ? '&' : '?');
		if (write_pairs(j, query, &j->url, e)) return E_INVALID;
	}
	struct url url;
	struct err why;
	if (url_parse(j->arena, buf_str(&j->url), &url, &why))
		return err_set(e, E_INVALID, "url: %s", "it is no address of http or https");
	snprintf(j->host, sizeof j->host, "%.*s", STR_ARG(url.host));
	j->fetch.url = buf_str(&j->url);
	return 0;
}

static void add_header(struct http_job *j, struct str name, size_t from)
{
	/* values stands still only when all are written: keep offsets until then */
	j->headers[j->n_headers++] = (struct http_header){name, {(const char *)from, j->values.n - from}};
}

static int write_headers(struct http_job *j, struct err *e)
{
	const struct json *map = json_get(j->call->doc, "headers");
	if (json_count(map) > HEADERS_MAX) return err_set(e, E_INVALID, "headers: more than %d", HEADERS_MAX);
	j->headers = arena_array(j->arena, struct http_header, json_count(map) + 2);
	for (uint32_t i = 0; json_is(map, JSON_MAP) && i < map->n; i++) {
		struct str name = map->members[i].key;
		size_t from = j->values.n;
		if (!is_token(name))
			return err_set(e, E_INVALID, "headers: \"%.*s\" is no name of a header", STR_ARG(name));
		if (secret_text(j->call->in, map->members[i].value, &j->values, e)) return E_INVALID;
		for (size_t k = from; k < j->values.n; k++)
			if ((unsigned char)j->values.p[k] < 0x20 && j->values.p[k] != '\t')
				return err_set(e, E_INVALID, "headers: %.*s holds a control character", STR_ARG(name));
		add_header(j, name, from);
	}
	return 0;
}

static int write_basic(struct http_job *j, struct err *e)
{
	const struct json *basic = json_get(j->call->doc, "basic");
	if (!basic) return 0;
	struct buf pair = {0};
	size_t from = j->values.n;
	int r = secret_text(j->call->in, json_get(basic, "user"), &pair, e);
	buf_add_char(&pair, ':');
	if (!r) r = secret_text(j->call->in, json_get(basic, "password"), &pair, e);
	if (!r) {
		buf_add(&j->values, STR("Basic "));
		base64_encode(&j->values, buf_str(&pair));
		add_header(j, STR("Authorization"), from);
	}
	secret_wipe(&pair);
	return r;
}

static bool has_header(const struct http_job *j, struct str name)
{
	for (size_t i = 0; i < j->n_headers; i++)
		if (str_ieq(j->headers[i].name, name)) return true;
	return false;
}

static int write_body(struct http_job *j, struct err *e)
{
	const struct json *doc = j->call->doc, *v;
	struct str type = STR_NONE;
	int r = 0;
	if ((v = json_get(doc, "json"))) {
		type = STR("application/json");
		r = secret_json(j->call->in, v, &j->body, e);
	} else if ((v = json_get(doc, "form"))) {
		type = STR("application/x-www-form-urlencoded");
		r = write_pairs(j, v, &j->body, e);
	} else if ((v = json_get(doc, "text"))) {
		type = STR("text/plain; charset=utf-8");
		r = secret_text(j->call->in, v, &j->body, e);
	} else if ((v = json_get(doc, "bytes"))) {
		type = STR("application/octet-stream");
		r = secret_bytes(j->call->in, v, &j->body, e);
	}
	size_t from = j->values.n;
	if (type.p && !has_header(j, STR("Content-Type"))) {
		buf_add(&j->values, type);
		add_header(j, STR("Content-Type"), from);
	}
	j->fetch.body = buf_str(&j->body);
	return r;
}

static int write_limits(struct http_job *j, struct err *e)
{
	static const struct {
		const char *name;
		int64_t least, most, standard;
	} BOUNDS[] = {
		{"timeout_ms", 100, 600000, 30000}, {"max_bytes", 0, BYTES_MOST, 4 << 20}, {"redirects", 0, 10, 0}};
	int64_t v[ARRAY_LEN(BOUNDS)];
	for (size_t i = 0; i < ARRAY_LEN(BOUNDS); i++) {
		v[i] = json_int_of(j->call->doc, BOUNDS[i].name, BOUNDS[i].standard);
		if (v[i] < BOUNDS[i].least || v[i] > BOUNDS[i].most)
			return err_set(e, E_INVALID, "%s: out of bounds", BOUNDS[i].name);
	}
	j->fetch.timeout_ms = v[0];
	j->fetch.max_bytes = (size_t)v[1];
	j->fetch.max_redirects = (int)v[2];
	static const char *const WANTS[] = {"json", "text", "bytes", "media"};
	struct str want = json_string_of(j->call->doc, "answer");
	for (size_t i = 0; i < ARRAY_LEN(WANTS); i++)
		if (str_is(want, WANTS[i])) j->want = (enum http_want)i;
	/* a document holds no more than this; larger ones go to a file */
	if (j->want != HTTP_WANT_MEDIA && j->fetch.max_bytes > JSON_PROVIDER.bytes)
		j->fetch.max_bytes = JSON_PROVIDER.bytes;
	return 0;
}

int http_job_write(struct http_job *j, struct err *e)
{
	struct str method = json_string_of(j->call->doc, "method");
	j->fetch.method = method.n ? method : STR("GET");
	if (!is_token(j->fetch.method) || j->fetch.method.n > 20) return err_set(e, E_INVALID, "method: is no method");
	if (write_url(j, e) || write_headers(j, e) || write_basic(j, e) || write_body(j, e) || write_limits(j, e))
		return E_INVALID;
	for (size_t i = 0; i < j->n_headers; i++)
		j->headers[i].value.p = j->values.p + (size_t)j->headers[i].value.p;
	j->fetch.headers = j->headers;
	j->fetch.n_headers = j->n_headers;
	j->fetch.allow_hosts = j->call->in->allow_hosts;
	return 0;
}

void http_job_wipe(struct http_job *j)
{
	secret_wipe(&j->url);
	secret_wipe(&j->body);
	secret_wipe(&j->values);
}

// ---- the answer -------------------------------------------------------------------------------------------------

static struct str lower(struct arena *a, struct str s)
{
	char *p = arena_cstr(a, s);
	for (size_t i = 0; i < s.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z') p[i] += 'a' - 'A';
	return (struct str){p, s.n};
}

struct json_builder *http_job_answer(struct arena *a, const struct http_answer *answer)
{
	struct json_builder *b = json_build_map(a), *headers = json_build_map(a);
	json_put(b, STR("status"), json_make_int(a, answer->status));
	for (size_t i = 0; i < answer->n_headers && i < HEADERS_MAX; i++) {
		const struct json *value = json_make_string(a, answer->headers[i].value);
		if (value) json_put(headers, lower(a, answer->headers[i].name), value);
	}
	json_put(b, STR("headers"), json_build(headers));
	return b;
}

void http_job_add_body(struct arena *a, struct json_builder *b, enum http_want want, struct str body)
{
	const struct json *v = NULL;
	if (want == HTTP_WANT_JSON && body.n && !json_parse(a, body, &JSON_PROVIDER, &v, NULL)) {
		json_put(b, STR("json"), v);
		return;
	}
	v = want == HTTP_WANT_BYTES ? NULL : json_make_string(a, body);
	if (v)
		json_put(b, STR("text"), v);
	else
		json_put(b, STR("bytes"), json_make_bytes(a, body));
}
