// SPDX-License-Identifier: Apache-2.0
// A call's memory: what the caller gave is copied, what comes back is collected.
#include "base/mem.h"
#include "http_client_inside.h"
#include "http_scan.h"
#include <stdio.h>

#define TIMEOUT_MS 30000
#define CONNECT_MS 5000
#define ANSWER_MAX ((size_t)4 << 20)

static const char *const *copy_hosts(struct arena *a, const char *const *hosts)
{
	size_t n = 0;
	while (hosts && hosts[n])
		n++;
	const char **copy = arena_array(a, const char *, n + 1);
	for (size_t i = 0; i < n; i++)
		copy[i] = arena_cstr(a, str_of(hosts[i]));
	return copy;
}

static const struct http_header *copy_headers(struct arena *a, const struct http_fetch *f)
{
	struct http_header *copy = arena_array(a, struct http_header, f->n_headers + 1);
	for (size_t i = 0; i < f->n_headers; i++) {
		copy[i].name = arena_str(a, f->headers[i].name);
		copy[i].value = arena_str(a, f->headers[i].value);
	}
	return copy;
}

struct http_call *http_call_new(struct http_client *c, const struct http_fetch *f, http_fetch_cb cb, void *arg)
{
	struct http_call *call = mem_new(struct http_call);
	struct arena *a = arena_new(0);
	call->client = c;
	call->arena = a;
	call->cb = cb;
	call->arg = arg;
	call->fetch = *f;
	call->fetch.method = f->method.n ? arena_str(a, f->method) : STR("GET");
	call->fetch.url = arena_str(a, f->url);
	call->fetch.headers = copy_headers(a, f);
	call->fetch.body = f->body.n ? arena_str(a, f->body) : STR("");
	call->fetch.allow_hosts = copy_hosts(a, f->allow_hosts);
	if (!f->timeout_ms) call->fetch.timeout_ms = TIMEOUT_MS;
	if (!f->connect_ms) call->fetch.connect_ms = CONNECT_MS;
	if (!f->max_bytes) call->fetch.max_bytes = ANSWER_MAX;
	call->redirects_left = f->max_redirects;
	return call;
}

void http_call_free(struct http_call *call)
{
	if (call->easy) curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->headers);
	buf_fini(&call->header_list);
	buf_fini(&call->body);
	arena_free(&call->arena);
	mem_free(call);
}

int http_call_fail(struct http_call *call, int status, const char *fmt, ...)
{
	char text[sizeof call->why.text];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	// The path is left out: some providers want their token in it.
	if (!call->url.host.n) return err_set(&call->why, status, "%s", text);
	return err_set(&call->why, status, "%.*s: %s", STR_ARG(call->url.host), text);
}
