// SPDX-License-Identifier: Apache-2.0
// The client against our own server and against peers that behave badly.
#include "net/http_client.h"
#include "test_client.h"
#include <fcntl.h>
#include <stdio.h>
#include <cmocka.h>

static struct loop *l;
static struct http_server *s;
static struct http_client *client;
static struct http_exchange *held;
static int n_requests;

static struct {
	int n, status, http_status;
	bool was_sent;
	struct buf body, headers;
	char why[400];
} got;

static const char *const local[] = {"127.0.0.1", "localhost", NULL};

static void redirect(struct http_exchange *x, int status)
{
	http_header_add(x, "Location", http_param(http_arena(x), http_request(x)->query, "to"));
	http_respond(x, status, NULL, STR("moved"));
}

static void on_request(struct http_exchange *x, void *arg)
{
	const struct http_request *r = http_request(x);
	n_requests++;
	if (str_is(r->path, "/302"))
		redirect(x, 302);
	else if (str_is(r->path, "/307"))
		redirect(x, 307);
	else if (str_is(r->path, "/303"))
		redirect(x, 303);
	else if (str_is(r->path, "/hold")) {
		http_hold(x);
		held = x;
	} else if (str_is(r->path, "/big")) {
		static char big[100000];
		memset(big, 'b', sizeof big);
		http_respond(x, 200, NULL, (struct str){big, sizeof big});
	} else {
		struct buf *b = &(struct buf){0};
		buf_printf(b, "%.*s %.*s", STR_ARG(r->method), STR_ARG(r->path));
		for (size_t i = 0; i < r->n_headers; i++)
			buf_printf(b, "|%.*s=%.*s", STR_ARG(r->headers[i].name), STR_ARG(r->headers[i].value));
		buf_printf(b, "|%.*s", STR_ARG(r->body));
		http_header_add(x, "X-Answer", STR("42"));
		http_respond(x, 200, "text/plain", buf_str(b));
		buf_fini(b);
	}
}

static const struct http_handler handler = {.request = on_request};

static int set_up(void **state)
{
	struct err e;
	logged[0] = 0;
	n_requests = 0;
	held = NULL;
	memset(&got, 0, sizeof got);
	log_capture(take_log, NULL);
	l = loop_new();
	loop_warn_above_ms(l, 0);
	if (http_server_open(&s, l, "127.0.0.1:0", NULL, &handler, &e)) return -1;
	return http_client_new(&client, l, 8, &e);
}

static void set_true(void *arg) { *(bool *)arg = true; }

static int tear_down(void **state)
{
	bool is_done = false;
	http_client_free(&client);
	if (held) http_release(held);
	http_server_close(s, 0, set_true, &is_done);
	WAIT_FOR(l, is_done);
	loop_free(&l);
	clock_real();
	log_capture(NULL, NULL);
	buf_fini(&got.body);
	buf_fini(&got.headers);
	if (logged[0]) fail_msg("unexpected in the log: %s", logged);
	return 0;
}

static void on_answer(int status, const struct http_answer *answer, const struct err *why, void *arg)
{
	got.n++;
	got.status = status;
	got.http_status = answer->status;
	got.was_sent = answer->was_sent;
	snprintf(got.why, sizeof got.why, "%s", status ? why->text : "");
	buf_reset(&got.body);
	buf_reset(&got.headers);
	buf_add(&got.body, answer->body);
	for (size_t i = 0; i < answer->n_headers; i++)
		buf_printf(&got.headers, "|%.*s=%.*s", STR_ARG(answer->headers[i].name),
			   STR_ARG(answer->headers[i].value));
}

// A fetch from our server; %d in the URL is its port.
static struct http_fetch to(const char *url)
{
	static char text[512];
	snprintf(text, sizeof text, url, http_server_port(s), http_server_port(s));
	return (struct http_fetch){.url = str_of(text), .allow_hosts = local};
}

static void fetch(const struct http_fetch *f)
{
	int before = got.n;
	http_client_fetch(client, f, on_answer, NULL);
	assert_int_equal(got.n, before);
	WAIT_FOR(l, got.n > before);
	assert_int_equal(got.n, before + 1);
}

static bool body_has(const char *text) { return str_find_str(buf_str(&got.body), str_of(text)) >= 0; }

static void fetches(void **state)
{
	struct http_fetch f = to("http://127.0.0.1:%d/a/../b?x");
	fetch(&f);
	assert_int_equal(got.status, 0);
	assert_int_equal(got.http_status, 400); // the path goes out as it was given
	f = to("http://127.0.0.1:%d/a");
	fetch(&f);
	assert_int_equal(got.http_status, 200);
	assert_true(got.was_sent);
	assert_true(body_has("GET /a|") && body_has("User-Agent=Beseda"));
	assert_true(str_find_str(buf_str(&got.headers), STR("|X-Answer=42")) >= 0);
}

static void sends_methods_headers_and_bodies(void **state)
{
	const struct http_header headers[] = {{STR("X-One"), STR("1")}, {STR("X-Empty"), STR("")}};
	struct http_fetch f = to("http://127.0.0.1:%d/");
	f.method = STR("POST");
	f.headers = headers;
	f.n_headers = 2;
	f.body = STR("hello");
	fetch(&f);
	assert_true(body_has("POST /|") && body_has("|X-One=1") && body_has("|X-Empty=|") &&
		    body_has("Content-Length=5"));
	assert_true(body_has("|hello") && !body_has("Content-Type") && !body_has("Expect"));
	f.method = STR("PUT");
	fetch(&f);
	assert_true(body_has("PUT /|") && body_has("|hello"));
	f.body = STR_NONE;
	f.method = STR("PATCH");
	fetch(&f);
	assert_true(body_has("PATCH /|") && body_has("Content-Length=0"));
	f.method = STR("DELETE");
	fetch(&f);
	assert_true(body_has("DELETE /|") && !body_has("Content-Length"));
	f.method = STR("HEAD");
	fetch(&f);
	assert_int_equal(got.http_status, 200);
	assert_int_equal(got.body.n, 0);
}

static void refuses_what_is_broken(void **state)
{
	static const char *const urls[] = {"ftp://127.0.0.1/", "file:///etc/passwd", "ws://127.0.0.1/",
					   "nonsense",         "http://a b/",        ""};
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		struct http_fetch f = {.url = str_of(urls[i]), .allow_hosts = local};
		fetch(&f);
		assert_int_equal(got.status, E_INVALID);
		assert_false(got.was_sent);
	}
	static const struct http_header bad[] = {{STR("A\r\nB"), STR("x")},
						 {STR("A"), STR("x\r\nB: y")},
						 {STR(""), STR("x")},
						 {STR("Host"), STR("x")},
						 {STR("A:"), STR("x")}};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct http_fetch f = to("http://127.0.0.1:%d/");
		f.headers = &bad[i];
		f.n_headers = 1;
		fetch(&f);
		assert_int_equal(got.status, E_INVALID);
	}
	struct http_fetch f = to("http://127.0.0.1:%d/");
	f.method = STR("GET / HTTP/1.1\r\n");
	fetch(&f);
	assert_int_equal(got.status, E_INVALID);
	assert_int_equal(n_requests, 0);
}

static void the_guard_denies_private_addresses(void **state)
{
	static const char *const urls[] = {
		"http://127.0.0.1:%d/", "http://localhost:%d/",          "http://0x7f.1:%d/", "http://2130706433:%d/",
		"http://[::1]:%d/",     "http://[::ffff:127.0.0.1]:%d/", "http://0:%d/"};
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		struct http_fetch f = to(urls[i]);
		f.allow_hosts = NULL;
		fetch(&f);
		if (got.status != E_DENIED) fail_msg("%s: %s %s", urls[i], err_name(got.status), got.why);
		assert_false(got.was_sent);
	}
	assert_int_equal(n_requests, 0);
}

static void the_guard_looks_at_kept_connections_too(void **state)
{
	struct http_fetch f = to("http://127.0.0.1:%d/");
	fetch(&f);
	assert_int_equal(got.http_status, 200);
	f.allow_hosts = NULL;
	fetch(&f);
	assert_int_equal(got.status, E_DENIED);
	assert_int_equal(n_requests, 1);
}

static void redirects_are_answers_unless_asked_for(void **state)
{
	struct http_fetch f = to("http://127.0.0.1:%d/302?to=/b");
	fetch(&f);
	assert_int_equal(got.http_status, 302);
	f.max_redirects = 1;
	fetch(&f);
	assert_true(got.http_status == 200 && body_has("GET /b|"));
	f = to("http://127.0.0.1:%d/302?to=/302%%3fto=/b");
	f.max_redirects = 1;
	fetch(&f);
	assert_int_equal(got.http_status, 302);
	f = to("http://127.0.0.1:%d/302?to=ftp://x/");
	f.max_redirects = 1;
	fetch(&f);
	assert_int_equal(got.status, E_DENIED);
	f = to("http://127.0.0.1:%d/302?to=http://127.0.0.2:%d/");
	f.max_redirects = 1;
	fetch(&f);
	assert_int_equal(got.status, E_DENIED);
	assert_true(got.was_sent);
}

static void redirects_keep_or_change_the_method(void **state)
{
	const struct http_header secret = {STR("X-Api-Key"), STR("secret")};
	struct http_fetch f = to("http://127.0.0.1:%d/307?to=/b");
	f.max_redirects = 3;
	f.method = STR("POST");
	f.body = STR("hello");
	f.headers = &secret;
	f.n_headers = 1;
	fetch(&f);
	assert_true(body_has("POST /b|") && body_has("|hello") && body_has("secret"));
	f.url = to("http://127.0.0.1:%d/303?to=/b").url;
	fetch(&f);
	assert_true(body_has("GET /b|") && !body_has("hello"));
	f.url = to("http://127.0.0.1:%d/302?to=http://localhost:%d/b").url;
	fetch(&f);
	assert_true(body_has("GET /b|") && !body_has("hello") && !body_has("secret"));
}

static void answers_are_bounded(void **state)
{
	struct http_fetch f = to("http://127.0.0.1:%d/big");
	f.max_bytes = 99999;
	fetch(&f);
	assert_int_equal(got.status, E_TOO_LARGE);
	assert_true(got.was_sent);
	f.max_bytes = 100000;
	fetch(&f);
	assert_int_equal(got.status, 0);
	assert_int_equal(got.body.n, 100000);
}

static struct http_call *running;
static size_t taken;
static int take_piece(struct str piece, void *arg)
{
	taken += piece.n;
	if (arg == &taken) return E_STORE;
	if (arg == &running) http_call_cancel(running);
	if (arg == &client) http_client_free(&client);
	return 0;
}

static void answers_may_come_in_pieces(void **state)
{
	struct http_fetch f = to("http://127.0.0.1:%d/big");
	f.piece = take_piece;
	taken = 0;
	fetch(&f);
	assert_int_equal(got.status, 0);
	assert_int_equal(taken, 100000);
	assert_int_equal(got.body.n, 0);
	f.piece_arg = &taken;
	fetch(&f);
	assert_int_equal(got.status, E_STORE);
	f.piece_arg = &running;
	running = http_client_fetch(client, &f, on_answer, NULL);
	WAIT_FOR(l, got.n == 3);
	assert_int_equal(got.status, E_CANCELLED);
	f.piece_arg = &client;
	fetch(&f);
	assert_int_equal(got.status, E_CANCELLED);
	assert_null(client);
}

static void time_runs_out(void **state)
{
	clock_fake(1700000000000, 1000);
	struct http_fetch f = to("http://127.0.0.1:%d/hold");
	f.timeout_ms = 3000;
	http_client_fetch(client, &f, on_answer, NULL);
	WAIT_FOR(l, held);
	advance(l, 2999);
	assert_int_equal(got.n, 0);
	advance(l, 1);
	assert_int_equal(got.n, 1);
	assert_int_equal(got.status, E_TIMEOUT);
	assert_true(got.was_sent);
}

static void calls_can_be_cancelled(void **state)
{
	struct http_fetch f = to("http://127.0.0.1:%d/hold");
	struct http_call *call = http_client_fetch(client, &f, on_answer, NULL);
	http_call_cancel(call);
	assert_int_equal(got.n, 0);
	WAIT_FOR(l, got.n == 1);
	assert_int_equal(got.status, E_CANCELLED);
	assert_false(got.was_sent);
	call = http_client_fetch(client, &f, on_answer, NULL);
	WAIT_FOR(l, held);
	http_call_cancel(call);
	http_call_cancel(call);
	assert_int_equal(got.n, 1);
	WAIT_FOR(l, got.n == 2);
	assert_int_equal(got.status, E_CANCELLED);
	assert_true(got.was_sent);
}

static void freeing_cancels_what_runs(void **state)
{
	struct http_fetch f = to("http://127.0.0.1:%d/hold");
	http_client_fetch(client, &f, on_answer, NULL);
	WAIT_FOR(l, held);
	http_client_fetch(client, &f, on_answer, NULL);
	http_client_free(&client);
	assert_int_equal(got.n, 2);
	assert_int_equal(got.status, E_CANCELLED);
}

static void free_client(int status, const struct http_answer *answer, const struct err *why, void *arg)
{
	http_client_free(&client);
}

static void a_callback_may_free_the_client(void **state)
{
	struct http_fetch f = to("http://127.0.0.1:%d/");
	for (int i = 0; i < 5; i++)
		http_client_fetch(client, &f, on_answer, NULL);
	http_client_fetch(client, &f, free_client, NULL);
	WAIT_FOR(l, !client);
	assert_int_equal(got.n, 5);
}

static void many_calls_share_few_connections(void **state)
{
	struct http_fetch f = to("http://127.0.0.1:%d/");
	struct http_stats stats;
	for (int i = 0; i < 200; i++)
		http_client_fetch(client, &f, on_answer, NULL);
	WAIT_FOR(l, got.n == 200);
	http_server_stats(s, &stats);
	assert_int_equal(stats.requests_total, 200);
	assert_true(stats.connections_total <= 8);
}

static void proxies_of_the_environment_are_ignored(void **state)
{
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	struct http_fetch f = to("http://127.0.0.1:%d/");
	fetch(&f);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	assert_int_equal(got.http_status, 200);
}

static void a_refused_connection_was_not_sent(void **state)
{
	struct http_fetch f = {.url = STR("http://127.0.0.1:1/bot-secret-token"), .allow_hosts = local};
	fetch(&f);
	assert_int_equal(got.status, E_CLOSED);
	assert_false(got.was_sent);
	assert_non_null(strstr(got.why, "127.0.0.1"));
	assert_null(strstr(got.why, "secret"));
	f.url = STR("http://no-such-host.invalid/");
	fetch(&f);
	assert_int_equal(got.status, E_IO);
	assert_false(got.was_sent);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(fetches),
		TEST(sends_methods_headers_and_bodies),
		TEST(refuses_what_is_broken),
		TEST(the_guard_denies_private_addresses),
		TEST(the_guard_looks_at_kept_connections_too),
		TEST(redirects_are_answers_unless_asked_for),
		TEST(redirects_keep_or_change_the_method),
		TEST(answers_are_bounded),
		TEST(answers_may_come_in_pieces),
		TEST(time_runs_out),
		TEST(calls_can_be_cancelled),
		TEST(freeing_cancels_what_runs),
		TEST(a_callback_may_free_the_client),
		TEST(many_calls_share_few_connections),
		TEST(proxies_of_the_environment_are_ignored),
		TEST(a_refused_connection_was_not_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
