// SPDX-License-Identifier: Apache-2.0
// Any bytes as a connection: the same requests must come out however they are cut, and none may be read out of bounds.
#include "http_inside.h"
#include "http_parser.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
	struct arena *a;
	struct buf body, story; // story: complete requests only
	struct http_request request;
};

static struct arena *on_begin(void *arg)
{
	struct reading *r = arg;
	arena_reset(r->a);
	buf_reset(&r->body);
	return r->a;
}

static int on_head(const struct http_head *h, void *arg)
{
	struct reading *r = arg;
	r->request = (struct http_request){.method = h->method, .headers = h->headers, .n_headers = h->n_headers};
	return http_target_read(r->a, h->target, &r->request);
}

static int on_body(struct str piece, void *arg)
{
	struct reading *r = arg;
	buf_add(&r->body, piece);
	return 0;
}

static void on_complete(void *arg)
{
	struct reading *r = arg;
	buf_add(&r->story, r->request.method);
	buf_add(&r->story, r->request.path);
	for (size_t i = 0; i < r->request.n_headers; i++) {
		buf_add(&r->story, r->request.headers[i].name);
		buf_add(&r->story, r->request.headers[i].value);
	}
	buf_add(&r->story, buf_str(&r->body));
	http_cookie(&r->request, "session");
}

static const struct http_parser_events events = {on_begin, on_head, on_body, on_complete};

static bool is_refused(struct reading *r, const char *p, size_t n, size_t step)
{
	struct http_limits limits = {.head_bytes = 1 << 20, .headers = 1 << 20};
	struct http_parser parser;
	int result = 0;
	r->a = arena_new(0);
	http_parser_init(&parser, &limits, &events, r);
	for (size_t at = 0; at < n && !result; at += step) {
		size_t take = n - at < step ? n - at : step;
		char *exact = malloc(take);
		memcpy(exact, p + at, take);
		struct str rest = {exact, take};
		while (rest.n && !result)
			result = http_parser_feed(&parser, &rest);
		free(exact);
	}
	http_parser_fini(&parser);
	arena_free(&r->a);
	buf_fini(&r->body);
	return result != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size) return 0;
	struct reading whole = {0}, cut = {0};
	bool one = is_refused(&whole, (const char *)data, size, size);
	bool other = is_refused(&cut, (const char *)data, size, 1 + data[size - 1] % 7);
	if (one != other || !str_eq(buf_str(&whole.story), buf_str(&cut.story))) abort();
	buf_fini(&whole.story);
	buf_fini(&cut.story);
	return 0;
}
