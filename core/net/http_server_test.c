// SPDX-License-Identifier: Apache-2.0
// The server over real sockets: requests, bodies, order, refusals.
#include "net/http_server.h"
#include "test_client.h"
#include <fcntl.h>
#include <stdio.h>
#include <cmocka.h>

static struct loop *l;
static struct http_server *s;
static struct client c;
static struct http_exchange *waiting[32]; // requests for /wait, to be answered by the test
static size_t n_waiting;
static int n_gone;
static int n_pieces;

static void count_gone(struct http_exchange *x, void *arg) { n_gone++; }

static void answer_echo(struct http_exchange *x)
{
	const struct http_request *r = http_request(x);
	struct str text = arena_printf(http_arena(x), "[%.*s %.*s?%.*s %s %.*s]", STR_ARG(r->method), STR_ARG(r->path),
				       STR_ARG(r->query), r->peer, STR_ARG(r->body));
	http_respond(x, 200, "text/plain", text);
}

static void on_head(struct http_exchange *x, struct http_body_plan *plan, void *arg)
{
	const struct http_request *r = http_request(x);
	if (str_is(r->path, "/small")) plan->max_bytes = 10;
	if (str_is(r->path, "/denied")) http_respond(x, 403, NULL, STR("no"));
}

static void on_request(struct http_exchange *x, void *arg)
{
	const struct http_request *r = http_request(x);
	if (str_is(r->path, "/wait")) {
		http_on_gone(x, count_gone, NULL);
		waiting[n_waiting++] = x;
	} else if (str_is(r->path, "/headers")) {
		http_header_add(x, "X-Good", STR("yes"));
		http_header_add(x, "X-Bad", STR("a\r\nSet-Cookie: b"));
		http_header_add(x, "Content-Length", STR("1"));
		http_respond(x, 204, NULL, STR_NONE);
	} else {
		answer_echo(x);
	}
}

static const struct http_handler handler = {.head = on_head, .request = on_request};

static int set_up(void **state)
{
	struct http_limits limits = {.pipelined = 4, .body_bytes = 100000, .connections = 50};
	logged[0] = 0;
	n_waiting = n_gone = n_pieces = 0;
	log_capture(take_log, NULL);
	l = loop_new();
	loop_warn_above_ms(l, 0);
	struct err e = {0};
	if (http_server_open(&s, l, "127.0.0.1:0", &limits, &handler, &e)) return -1;
	c = client_open(http_server_port(s));
	return 0;
}

static void set_true(void *arg) { *(bool *)arg = true; }

static int tear_down(void **state)
{
	bool is_done = false;
	client_close(&c);
	http_server_close(s, 0, set_true, &is_done);
	WAIT_FOR(l, is_done);
	loop_free(&l);
	log_capture(NULL, NULL);
	if (logged[0]) fail_msg("unexpected in the log: %s", logged);
	return 0;
}

static void answers_a_request(void **state)
{
	client_send(&c, "GET /a%20b?x=1 HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, client_has(&c, "[GET /a b?x=1 127.0.0.1 ]"));
	assert_true(client_has(&c, "HTTP/1.1 200 OK\r\nDate: "));
	assert_true(client_has(&c, " GMT\r\nContent-Type: text/plain\r\nContent-Length: 25\r\n\r\n["));
	client_send(&c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
	WAIT_FOR(l, client_has(&c, "[POST /? 127.0.0.1 hello]"));
	struct http_stats stats;
	http_server_stats(s, &stats);
	assert_int_equal(stats.requests_total, 2);
	assert_int_equal(stats.connections_open, 1);
	assert_int_equal(stats.bytes_out, c.got.n);
}

static void takes_a_request_byte_by_byte(void **state)
{
	const char *text = "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
	for (const char *p = text; *p; p++) {
		client_send_bytes(&c, p, 1);
		turn(l);
	}
	WAIT_FOR(l, client_has(&c, "[POST /x? 127.0.0.1 hello]"));
}

static void answers_head_without_a_body(void **state)
{
	client_send(&c, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, client_has(&c, "[GET /2? 127.0.0.1 ]"));
	assert_false(client_has(&c, "[HEAD"));
	assert_true(client_has(&c, "Content-Length: 20\r\n\r\nHTTP/1.1 200"));
}

static void old_clients_are_told_when_the_connection_stays(void **state)
{
	client_send(&c, "GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	WAIT_FOR(l, client_has(&c, "[GET /1"));
	assert_true(client_has(&c, "Connection: keep-alive\r\n"));
	client_send(&c, "GET /2 HTTP/1.0\r\n\r\n");
	WAIT_FOR(l, client_is_ended(&c));
	assert_true(client_has(&c, "Connection: close\r\n"));
	assert_true(client_has(&c, "[GET /2"));
}

static void closes_when_asked_to(void **state)
{
	client_send(&c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /never HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, client_is_ended(&c));
	assert_true(client_has(&c, "Connection: close\r\n"));
	assert_false(client_has(&c, "/never"));
}

static void answers_in_the_order_of_the_requests(void **state)
{
	client_send(&c, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /wait "
			"HTTP/1.1\r\nHost: x\r\n\r\n"
			"GET /4 HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, n_waiting == 2);
	http_respond(waiting[1], 200, NULL, STR("third"));
	turn(l);
	assert_false(client_has(&c, "HTTP"));
	http_respond(waiting[0], 200, NULL, STR("first"));
	WAIT_FOR(l, client_has(&c, "[GET /4"));
	const char *first = strstr(c.got.p, "first"), *second = strstr(c.got.p, "/2"),
		   *third = strstr(c.got.p, "third");
	assert_true(first && second > first && third > second);
}

static void stops_reading_when_too_much_is_pipelined(void **state)
{
	for (int i = 0; i < 20; i++)
		client_send(&c, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, n_waiting == 4);
	turn(l);
	assert_int_equal(n_waiting, 4);
	for (size_t i = 0; i < 20; i++) {
		WAIT_FOR(l, n_waiting > i);
		assert_true(n_waiting <= i + 4);
		http_respond(waiting[i], 200, NULL, STR("ok"));
	}
	WAIT_FOR(l, client_count(&c, "HTTP/1.1 200") == 20);
}

static void says_continue_when_asked(void **state)
{
	client_send(&c, "POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
	WAIT_FOR(l, client_has(&c, "HTTP/1.1 100 Continue\r\n\r\n"));
	client_send(&c, "hello");
	WAIT_FOR(l, client_has(&c, "hello]"));
	client_send(&c, "POST /denied HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
	WAIT_FOR(l, client_has(&c, "HTTP/1.1 403 Forbidden"));
	WAIT_FOR(l, client_is_ended(&c));
	assert_int_equal(client_count(&c, "100 Continue"), 1);
}

static void does_not_say_continue_when_the_body_is_here(void **state)
{
	client_send(&c, "POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
	WAIT_FOR(l, client_has(&c, "hello]"));
	assert_false(client_has(&c, "100 Continue"));
}

static void refuses_and_closes(const char *request, const char *status)
{
	struct client one = client_open(http_server_port(s));
	client_send(&one, request);
	WAIT_FOR(l, client_is_ended(&one));
	if (!client_has(&one, status)) fail_msg("%s: got %s", request, one.got.p ? one.got.p : "nothing");
	assert_true(client_has(&one, "Connection: close\r\n"));
	client_close(&one);
}

static void refuses_what_is_broken(void **state)
{
	static const char *const broken[] = {
		"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\nHost: x\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\rX: y\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
		"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
		"GET /a%2fb HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /%0a HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /a/../b HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /%2e%2E/b HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET //b HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
		"CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n",
	};
	for (size_t i = 0; i < ARRAY_LEN(broken); i++)
		refuses_and_closes(broken[i], "HTTP/1.1 400 Bad Request\r\n");
	struct http_stats stats;
	http_server_stats(s, &stats);
	assert_int_equal(stats.refused_total, ARRAY_LEN(broken));
}

static void refuses_what_is_too_large(void **state)
{
	char text[40000];
	snprintf(text, sizeof text, "GET /%0*d HTTP/1.1\r\nHost: x\r\n\r\n", 20000, 0);
	refuses_and_closes(text, "HTTP/1.1 414 ");
	snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: x\r\nA: %0*d\r\n\r\n", 20000, 0);
	refuses_and_closes(text, "HTTP/1.1 431 ");
	refuses_and_closes("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n", "HTTP/1.1 413 ");
	refuses_and_closes("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello world", "HTTP/1.1 413 ");
	refuses_and_closes("POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello "
			   "\r\n5\r\nworld\r\n0\r\n\r\n",
			   "HTTP/1.1 413 ");
	refuses_and_closes("GET / HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\n\r\n", "HTTP/1.1 417 ");
	char *at = text + sprintf(text, "GET / HTTP/1.1\r\nHost: x\r\n");
	for (int i = 0; i < 100; i++)
		at += sprintf(at, "a: b\r\n");
	strcpy(at, "\r\n");
	refuses_and_closes(text, "HTTP/1.1 431 ");
}

static void a_refusal_comes_after_earlier_answers(void **state)
{
	client_send(&c, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/9.9\r\n\r\n");
	WAIT_FOR(l, n_waiting == 1);
	turn(l);
	assert_int_equal(n_gone, 0);
	http_respond(waiting[0], 200, NULL, STR("ok"));
	WAIT_FOR(l, client_is_ended(&c));
	assert_true(strstr(c.got.p, "HTTP/1.1 400") > strstr(c.got.p, "HTTP/1.1 200"));
	assert_int_equal(client_count(&c, "Connection: close"), 1);
}

static void an_answer_to_the_head_ends_the_connection_only_when_a_body_follows(void **state)
{
	client_send(&c, "GET /denied HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, client_has(&c, "[GET /2"));
	assert_int_equal(client_count(&c, "HTTP/1.1 403"), 1);
	refuses_and_closes("POST /denied HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 403");
}

static void bad_response_headers_are_left_out(void **state)
{
	client_send(&c, "GET /headers HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, client_has(&c, "\r\n\r\n"));
	assert_true(client_has(&c, "HTTP/1.1 204 No Content\r\n"));
	assert_true(client_has(&c, "X-Good: yes\r\n"));
	assert_false(client_has(&c, "Set-Cookie"));
	assert_false(client_has(&c, "Content-Length"));
	assert_non_null(strstr(logged, "X-Bad is not allowed"));
	assert_non_null(strstr(logged, "Content-Length is not allowed"));
	logged[0] = 0;
}

static void absolute_targets_are_taken(void **state)
{
	client_send(&c, "GET http://x.example/p?q HTTP/1.1\r\nHost: x\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, client_has(&c, "[GET /p?q ") && client_has(&c, "[OPTIONS *?"));
}

static void believes_trusted_proxies_only(void **state)
{
	static const char *const proxies[] = {"127.0.0.1", "10.1", NULL};
	client_send(&c, "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n");
	WAIT_FOR(l, client_has(&c, "? 127.0.0.1 ]"));
	http_server_trust(s, proxies);
	client_send(&c, "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.1.9.9\r\n\r\n");
	WAIT_FOR(l, client_has(&c, "? 1.2.3.4 ]"));
	client_send(&c, "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 10.10.0.1\r\n\r\n");
	WAIT_FOR(l, client_has(&c, "? 10.10.0.1 ]"));
	client_send(&c, "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 6.6.6.6, nonsense\r\n\r\n");
	WAIT_FOR(l, client_count(&c, "? 127.0.0.1 ]") == 2);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(answers_a_request),
		TEST(takes_a_request_byte_by_byte),
		TEST(answers_head_without_a_body),
		TEST(old_clients_are_told_when_the_connection_stays),
		TEST(closes_when_asked_to),
		TEST(answers_in_the_order_of_the_requests),
		TEST(stops_reading_when_too_much_is_pipelined),
		TEST(says_continue_when_asked),
		TEST(does_not_say_continue_when_the_body_is_here),
		TEST(refuses_what_is_broken),
		TEST(refuses_what_is_too_large),
		TEST(a_refusal_comes_after_earlier_answers),
		TEST(an_answer_to_the_head_ends_the_connection_only_when_a_body_follows),
		TEST(bad_response_headers_are_left_out),
		TEST(absolute_targets_are_taken),
		TEST(believes_trusted_proxies_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
