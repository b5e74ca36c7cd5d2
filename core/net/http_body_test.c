// SPDX-License-Identifier: Apache-2.0
// Bodies in pieces: the sink, its pauses, its refusals, and a client that goes in the middle.
#include "net/http_server.h"
#include "test_client.h"
#include <cmocka.h>

static struct loop *l;
static struct http_server *s;
static struct client c;
static struct http_exchange *exchange;
static struct buf taken;
static int n_pieces, n_gone;
static enum { TAKE, PAUSE, FAIL_NOW, FAIL_LATER } what_to_do;

static int on_piece(struct http_exchange *x, struct str piece, void *arg)
{
	assert_string_equal(arg, "arg");
	buf_add(&taken, piece);
	n_pieces++;
	exchange = x;
	if (what_to_do == PAUSE) http_body_pause(x);
	if (what_to_do == FAIL_NOW) http_respond(x, 507, NULL, STR("full"));
	return what_to_do >= FAIL_NOW ? E_IO : 0;
}

static void count_gone(struct http_exchange *x, void *arg) { n_gone++; }

static void on_head(struct http_exchange *x, struct http_body_plan *plan, void *arg)
{
	plan->piece = on_piece;
	plan->arg = "arg";
	plan->max_bytes = 300000;
	http_set_data(x, &taken);
	http_on_gone(x, count_gone, NULL);
}

static void on_request(struct http_exchange *x, void *arg)
{
	assert_ptr_equal(http_data(x), &taken);
	assert_int_equal(http_request(x)->body.n, 0);
	http_respond(x, 201, NULL, STR_NONE);
}

static const struct http_handler handler = {.head = on_head, .request = on_request};

static int set_up(void **state)
{
	struct err e;
	what_to_do = TAKE;
	n_pieces = n_gone = 0;
	exchange = NULL;
	l = loop_new();
	loop_warn_above_ms(l, 0);
	if (http_server_open(&s, l, "127.0.0.1:0", NULL, &handler, &e)) return -1;
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
	buf_fini(&taken);
	return 0;
}

static void send_head(const char *length)
{
	client_send(&c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ");
	client_send(&c, length);
	client_send(&c, "\r\n\r\n");
}

static void pieces_come_as_they_arrive(void **state)
{
	send_head("6");
	client_send(&c, "abc");
	WAIT_FOR(l, n_pieces == 1);
	client_send(&c, "def");
	WAIT_FOR(l, client_has(&c, "201 Created"));
	assert_true(str_is(buf_str(&taken), "abcdef"));
	assert_int_equal(n_gone, 0);
}

static void a_paused_body_is_not_read(void **state)
{
	static char bytes[300000];
	memset(bytes, 'x', sizeof bytes);
	what_to_do = PAUSE;
	send_head("300000");
	client_send(&c, "x");
	WAIT_FOR(l, n_pieces == 1);
	client_send_bytes(&c, bytes, 200000);
	for (int i = 0; i < 10; i++)
		turn(l);
	struct http_stats stats;
	http_server_stats(s, &stats);
	assert_true(stats.bytes_in < 70000);
	int before = n_pieces;
	http_body_resume(exchange);
	WAIT_FOR(l, n_pieces > before);
	what_to_do = TAKE;
	http_body_resume(exchange);
	client_send_bytes(&c, bytes, 99999);
	WAIT_FOR(l, client_has(&c, "201 Created"));
	assert_int_equal(taken.n, 300000);
}

static void a_sink_may_answer_at_once(void **state)
{
	what_to_do = FAIL_NOW;
	send_head("6");
	client_send(&c, "abc");
	WAIT_FOR(l, client_is_ended(&c));
	assert_true(client_has(&c, "HTTP/1.1 507") && client_has(&c, "Connection: close"));
	assert_int_equal(n_gone, 0);
}

static void a_sink_may_answer_later(void **state)
{
	what_to_do = FAIL_LATER;
	send_head("6");
	client_send(&c, "abc");
	WAIT_FOR(l, n_pieces == 1);
	client_send(&c, "de");
	turn(l);
	assert_int_equal(n_pieces, 1);
	http_respond(exchange, 507, NULL, STR("full"));
	WAIT_FOR(l, client_is_ended(&c));
	assert_true(client_has(&c, "HTTP/1.1 507"));
}

static void a_body_that_breaks_off_is_reported(void **state)
{
	send_head("6");
	client_send(&c, "abc");
	WAIT_FOR(l, n_pieces == 1);
	client_close(&c);
	WAIT_FOR(l, n_gone == 1);
}

static void a_body_that_grows_too_large_is_reported(void **state)
{
	static char bytes[300001];
	client_send(&c, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n493e1\r\n");
	memset(bytes, 'x', sizeof bytes);
	for (size_t at = 0; at < sizeof bytes && !n_gone; at += 50000) {
		client_send_bytes(&c, bytes + at, at + 50000 > sizeof bytes ? sizeof bytes - at : 50000);
		turn(l);
	}
	WAIT_FOR(l, client_is_ended(&c));
	assert_true(client_has(&c, "HTTP/1.1 413"));
	assert_int_equal(n_gone, 1);
	assert_true(taken.n <= 300000);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(pieces_come_as_they_arrive),         TEST(a_paused_body_is_not_read),
		TEST(a_sink_may_answer_at_once),          TEST(a_sink_may_answer_later),
		TEST(a_body_that_breaks_off_is_reported), TEST(a_body_that_grows_too_large_is_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
