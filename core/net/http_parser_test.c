// SPDX-License-Identifier: Apache-2.0
// The parser over whole requests: what it hands on, where it stops, what it refuses, in one piece and byte by byte.
#include "http_parser.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct {
	struct arena *a;
	struct buf story;
	int n_complete;
} seen;

static struct arena *on_begin(void *arg) { return seen.a; }

static int on_head(const struct http_head *h, void *arg)
{
	buf_printf(&seen.story, "%.*s %.*s%s%s", STR_ARG(h->method), STR_ARG(h->target), h->is_old ? " old" : "",
		   h->keeps_alive ? " keep" : "");
	for (size_t i = 0; i < h->n_headers; i++)
		buf_printf(&seen.story, "|%.*s=%.*s", STR_ARG(h->headers[i].name), STR_ARG(h->headers[i].value));
	buf_add(&seen.story, STR(" <"));
	return str_is(h->method, "DELETE") ? 418 : str_is(h->method, "PUT") ? HTTP_PARSER_STOP : 0;
}

static int on_body(struct str piece, void *arg)
{
	buf_add(&seen.story, piece);
	return str_find(piece, '!') >= 0 ? 413 : 0;
}

static void on_complete(void *arg)
{
	buf_add(&seen.story, STR(">"));
	seen.n_complete++;
}

static const struct http_parser_events events = {on_begin, on_head, on_body, on_complete};

static int parse(const char *text, size_t n, size_t step)
{
	struct http_parser p;
	int result = 0;
	buf_reset(&seen.story);
	arena_reset(seen.a);
	seen.n_complete = 0;
	struct http_limits limits = {.head_bytes = 400, .headers = 10};
	http_parser_init(&p, &limits, &events, NULL);
	for (size_t at = 0; at < n && !result; at += step) {
		struct str rest = {text + at, n - at < step ? n - at : step};
		while (rest.n && !result)
			result = http_parser_feed(&p, &rest);
	}
	if (!result && http_parser_is_inside(&p)) result = 1;
	http_parser_fini(&p);
	return result;
}

static void gives(const char *text, size_t n, int result, const char *story)
{
	for (size_t step = 1; step <= n; step += n - 1) {
		assert_int_equal(parse(text, n, step), result);
		if (story) assert_string_equal(seen.story.p, story);
	}
}
#define GIVES(text, result, story) gives(text, sizeof text - 1, result, story)
#define REFUSES(text) gives(text, sizeof text - 1, 400, NULL)

static int set_up(void **state)
{
	seen.a = arena_new(0);
	return 0;
}

static int tear_down(void **state)
{
	arena_free(&seen.a);
	buf_fini(&seen.story);
	return 0;
}

static void requests_are_handed_on(void **state)
{
	GIVES("GET /a?b HTTP/1.1\r\nHost: x\r\nEmpty:\r\nWide: \t a b \r\n\r\n", 0,
	      "GET /a?b keep|Host=x|Empty=|Wide=a b <>");
	GIVES("GET / HTTP/1.0\r\n\r\n", 0, "GET / old <>");
	GIVES("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 0, "GET / old keep|Connection=keep-alive <>");
	GIVES("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 0, "GET /|Host=x|Connection=close <>");
	GIVES("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 0,
	      "POST / keep|Host=x|Content-Length=5 <hello>");
	GIVES("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;e=1\r\nllo\r\n0\r\nT: "
	      "v\r\n\r\n",
	      0, "POST / keep|Host=x|Transfer-Encoding=chunked <hello>");
	GIVES("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 0, "POST / keep|Host=x|Content-Length=0 <>");
	GIVES("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 0,
	      "GET / keep|Host=x|Connection=Upgrade|Upgrade=h2c <>");
}

static void requests_follow_each_other(void **state)
{
	GIVES("POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n", 0,
	      "POST /1 keep|Host=x|Content-Length=2 <ab>GET /2 keep|Host=x <>");
	GIVES("POST /1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /2 HTTP/1.1\r\nHost: "
	      "x\r\n\r\n",
	      0, "POST /1 keep|Host=x|Transfer-Encoding=chunked <>GET /2 keep|Host=x <>");
	assert_int_equal(seen.n_complete, 2);
}

static void a_request_may_be_unfinished(void **state)
{
	GIVES("GET / HTT", 1, "");
	GIVES("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhell", 1,
	      "POST / keep|Host=x|Content-Length=5 <hell");
}

static void contradicting_lengths_are_refused(void **state)
{
	REFUSES("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
	REFUSES("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n");
	REFUSES("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello");
	REFUSES("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello");
	REFUSES("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\nhello");
	REFUSES("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello");
	REFUSES("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\nhello");
	REFUSES("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\nhello");
	REFUSES("POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n");
	REFUSES("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n");
}

static void other_codings_are_refused(void **state)
{
	REFUSES("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n");
	REFUSES("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n");
	REFUSES("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n");
	REFUSES("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
		"chunked\r\n\r\n0\r\n\r\n");
	REFUSES("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n");
	REFUSES("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
	REFUSES("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n\r\n");
}

static void a_host_is_demanded_once(void **state)
{
	REFUSES("GET / HTTP/1.1\r\n\r\n");
	REFUSES("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n");
	REFUSES("GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
	REFUSES("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n");
	REFUSES("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n");
	REFUSES("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n");
}

static void methods_that_no_server_of_ours_has_are_refused(void **state)
{
	REFUSES("BREW / HTTP/1.1\r\nHost: a\r\n\r\n");
	REFUSES("get / HTTP/1.1\r\nHost: a\r\n\r\n");
	REFUSES("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n");
}

static void sizes_are_bounded(void **state)
{
	char text[1000];
	int n = snprintf(text, sizeof text, "GET /%0*d HTTP/1.1\r\nHost: x\r\n\r\n", 500, 0);
	gives(text, (size_t)n, 414, NULL);
	n = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: x\r\nLong: %0*d\r\n\r\n", 500, 0);
	gives(text, (size_t)n, 431, NULL);
	GIVES("GET / HTTP/1.1\r\nHost: x\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\n\r\n", 431,
	      NULL);
}

static void events_may_refuse_or_stop(void **state)
{
	GIVES("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", 418, "DELETE / keep|Host=x <");
	GIVES("PUT / HTTP/1.1\r\nHost: x\r\n\r\n", HTTP_PARSER_STOP, "PUT / keep|Host=x <");
	GIVES("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n!", 413, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_handed_on),
		cmocka_unit_test(requests_follow_each_other),
		cmocka_unit_test(a_request_may_be_unfinished),
		cmocka_unit_test(contradicting_lengths_are_refused),
		cmocka_unit_test(other_codings_are_refused),
		cmocka_unit_test(a_host_is_demanded_once),
		cmocka_unit_test(methods_that_no_server_of_ours_has_are_refused),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(events_may_refuse_or_stop),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
