// SPDX-License-Identifier: Apache-2.0
// Requests to the world's server, answered as text. Included by world_test.h.
#pragma once
#include "world_base_test.h"

struct reply {
	int n, code, status;
	struct buf body, headers;
};

static inline void reply_noted(int status, const struct http_answer *answer, const struct err *why, void *arg)
{
	struct reply *r = arg;
	r->n++;
	r->code = status;
	buf_reset(&r->body);
	buf_reset(&r->headers);
	buf_add_char(&r->body, ' ');
	if (status || !answer) return;
	r->status = answer->status;
	r->body.n = 0;
	buf_add(&r->body, answer->body.p ? answer->body : STR(""));
	for (size_t i = 0; i < answer->n_headers; i++)
		buf_printf(&r->headers, "%.*s: %.*s\n", STR_ARG(answer->headers[i].name),
			   STR_ARG(answer->headers[i].value));
}

// "Name: value\nName: value"
static inline void request_start(struct world *w, const char *method, const char *path, const char *headers,
				 struct str body, struct reply *r)
{
	static const char *const ALLOW[] = {"127.0.0.1", NULL};
	struct http_header list[16];
	size_t n = 0;
	struct str rest = str_of(headers), line, name;
	while (rest.p && str_cut(&rest, '\n', &line) && str_cut(&line, ':', &name))
		list[n++] = (struct http_header){name, str_trim(line)};
	struct buf url = {0};
	buf_printf(&url, "http://127.0.0.1:%d%s", http_server_port(w->server), path);
	const struct http_fetch f = {
		.method = str_of(method),
		.url = buf_str(&url),
		.headers = list,
		.n_headers = n,
		.body = body,
		.timeout_ms = 30000,
		.allow_hosts = ALLOW,
	};
	http_client_fetch(w->client, &f, reply_noted, r);
	buf_fini(&url);
}

static inline bool has_reply(struct world *w, void *arg)
{
	(void)w;
	return ((struct reply *)arg)->n > 0;
}

static inline int request(struct world *w, const char *method, const char *path, const char *headers, const char *body,
			  struct reply *r)
{
	r->n = r->status = 0;
	request_start(w, method, path, headers, str_of(body), r);
	assert_true(world_wait(w, has_reply, r));
	return r->status;
}

static inline void reply_fini(struct reply *r)
{
	buf_fini(&r->body);
	buf_fini(&r->headers);
	*r = (struct reply){0};
}
