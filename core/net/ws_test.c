// SPDX-License-Identifier: Apache-2.0
// WebSockets over real sockets: handshake, messages, shared frames, closing from either side, silence and slowness.
#include "net/ws.h"
#include "base/mem.h"
#include "test_client.h"
#include <cmocka.h>

#define UPGRADE                                                                                                        \
	"GET /live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"                   \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
#define ACCEPTED "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

static struct loop *l;
static struct http_server *s;
static struct client c;
static struct ws *sockets[8];
static struct http_exchange *waiting;
static size_t n_sockets;
static int n_closed, last_code;
static struct buf messages;
static bool does_echo, does_wait;

static void on_message(struct ws *w, struct str text, void *arg)
{
	buf_printf(&messages, "(%.*s)", STR_ARG(text));
	if (does_echo) ws_send_text(w, text);
	if (str_is(text, "bye")) ws_close(w, 4000, "as you wish");
}

static void on_closed(struct ws *w, int code, void *arg)
{
	assert_ptr_equal(ws_arg(w), &n_sockets);
	n_closed++;
	last_code = code;
}

static const struct ws_handler ws_handler = {.message = on_message, .closed = on_closed};
static const struct ws_limits ws_limits = {.message_bytes = 1000, .queued_bytes = 300000, .ping_ms = 1000};

static void on_request(struct http_exchange *x, void *arg)
{
	if (!str_is(http_request(x)->path, "/live")) {
		http_respond(x, 200, NULL, STR("plain"));
		return;
	}
	if (does_wait) {
		waiting = x;
		return;
	}
	http_header_add(x, "Set-Cookie", STR("a=b"));
	struct ws *w = ws_accept(x, &ws_limits, &ws_handler, &n_sockets, "v1");
	if (w) sockets[n_sockets++] = w;
}

static const struct http_handler handler = {.request = on_request};

static int set_up(void **state)
{
	struct err e;
	logged[0] = 0;
	n_sockets = 0;
	waiting = NULL;
	n_closed = last_code = 0;
	does_echo = does_wait = false;
	log_capture(take_log, NULL);
	clock_fake(1700000000000, 1000);
	l = loop_new();
	if (http_server_open(&s, l, "127.0.0.1:0", NULL, &handler, &e)) return -1;
	c = client_open(http_server_port(s));
	return 0;
}

static void set_true(void *arg) { *(bool *)arg = true; }

static int tear_down(void **state)
{
	bool is_done = false;
	client_close(&c);
	if (s) {
		http_server_close(s, 0, set_true, &is_done);
		WAIT_FOR(l, is_done);
	}
	assert_int_equal(n_closed, n_sockets);
	loop_free(&l);
	clock_real();
	log_capture(NULL, NULL);
	buf_fini(&messages);
	if (logged[0]) fail_msg("unexpected in the log: %s", logged);
	return 0;
}

static void upgrade(struct client *one)
{
	client_send(one, UPGRADE);
	WAIT_FOR(l, client_has(one, "\r\n\r\n"));
	assert_true(client_has(one, "HTTP/1.1 101 Switching Protocols\r\n"));
	buf_reset(&one->got);
}

static void send_frame(struct client *one, int first, const char *payload)
{
	static const uint8_t mask[4] = {7, 9, 200, 1};
	size_t n = strlen(payload);
	char bytes[1200] = {(char)first, (char)(0x80 | n)};
	memcpy(bytes + 2, mask, 4);
	for (size_t i = 0; i < n; i++)
		bytes[6 + i] = (char)(payload[i] ^ mask[i & 3]);
	client_send_bytes(one, bytes, 6 + n);
}

static bool has_message(const char *text) { return str_find_str(buf_str(&messages), str_of(text)) >= 0; }

static void upgrades_and_talks(void **state)
{
	does_echo = true;
	client_send(&c, UPGRADE);
	WAIT_FOR(l, client_has(&c, "\r\n\r\n"));
	assert_true(client_has(&c, ACCEPTED));
	assert_true(client_has(&c, "Sec-WebSocket-Protocol: v1\r\n"));
	assert_true(client_has(&c, "Set-Cookie: a=b\r\n"));
	send_frame(&c, 0x81, "hello");
	WAIT_FOR(l, client_has(&c, "\x81\x05hello"));
	send_frame(&c, 0x89, "abc");
	WAIT_FOR(l, client_has(&c, "\x8a\x03"
				   "abc"));
}

static void frames_may_follow_the_request_at_once(void **state)
{
	client_send(&c, UPGRADE "\x81\x82\1\1\1\1ih");
	WAIT_FOR(l, has_message("(hi)"));
}

static void the_upgrade_may_be_answered_later(void **state)
{
	does_wait = true;
	client_send(&c, UPGRADE "\x81\x82\1\1\1\1ih");
	WAIT_FOR(l, waiting);
	for (int i = 0; i < 3; i++)
		turn(l);
	sockets[n_sockets++] = ws_accept(waiting, &ws_limits, &ws_handler, &n_sockets, NULL);
	assert_true(str_is(http_request(waiting)->path, "/live")); // good until we return to the loop
	assert_false(has_message("hi"));
	WAIT_FOR(l, has_message("(hi)"));
	assert_true(client_has(&c, "HTTP/1.1 101"));
}

static void an_upgrade_may_be_denied_and_the_connection_goes_on(void **state)
{
	does_wait = true;
	client_send(&c, UPGRADE "GET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, waiting);
	http_respond(waiting, 401, NULL, STR("who?"));
	WAIT_FOR(l, client_has(&c, "plain"));
	assert_true(client_has(&c, "HTTP/1.1 401"));
}

static void refuses_bad_handshakes(void **state)
{
	static const struct {
		const char *request, *answer;
	} bad[] = {
		{"GET /live HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400"},
		{"GET /live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
		 "13\r\n\r\n",
		 "HTTP/1.1 400"},
		{"GET /live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
		 "short\r\n"
		 "Sec-WebSocket-Version: 13\r\n\r\n",
		 "HTTP/1.1 400"},
		{"GET /live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n",
		 "HTTP/1.1 426"},
		{"POST /live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n"
		 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
		 "HTTP/1.1 400"},
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct client one = client_open(http_server_port(s));
		client_send(&one, bad[i].request);
		WAIT_FOR(l, client_has(&one, "\r\n\r\n"));
		if (!client_has(&one, bad[i].answer)) fail_msg("%zu: %s", i, one.got.p);
		client_close(&one);
	}
}

static void one_frame_goes_to_many(void **state)
{
	struct client many[4];
	for (int i = 0; i < 4; i++) {
		many[i] = client_open(http_server_port(s));
		upgrade(&many[i]);
	}
	struct ws_frame *f = ws_frame_text(STR("news"));
	for (size_t i = 0; i < n_sockets; i++)
		ws_send(sockets[i], f);
	assert_int_equal(mem_refs(f), 5);
	assert_int_equal(ws_queued(sockets[0]), 6);
	mem_unref(f);
	for (int i = 0; i < 4; i++) {
		WAIT_FOR(l, client_has(&many[i], "\x81\x04news"));
		client_close(&many[i]);
	}
	WAIT_FOR(l, n_closed == 4);
	assert_int_equal(last_code, 1006);
}

static void they_close(void **state)
{
	upgrade(&c);
	send_frame(&c, 0x88,
		   "\x0f\xa1"
		   "tired");
	WAIT_FOR(l, client_has(&c, "\x88\x02\x0f\xa1"));
	WAIT_FOR(l, client_is_ended(&c));
	client_close(&c);
	WAIT_FOR(l, n_closed == 1);
	assert_int_equal(last_code, 4001);
}

static void we_close(void **state)
{
	upgrade(&c);
	send_frame(&c, 0x81, "bye");
	WAIT_FOR(l, client_has(&c, "\x88\x0d\x0f\xa0"
				   "as you wish"));
	send_frame(&c, 0x81, "too late");
	ws_send_text(sockets[0], STR("too late as well"));
	send_frame(&c, 0x88, "\x0f\xa0");
	WAIT_FOR(l, client_is_ended(&c));
	client_close(&c);
	WAIT_FOR(l, n_closed == 1);
	assert_int_equal(last_code, 4000);
	assert_false(has_message("late"));
	assert_false(client_has(&c, "late"));
}

static void an_unanswered_close_ends_anyway(void **state)
{
	upgrade(&c);
	ws_close(sockets[0], 1000, NULL);
	WAIT_FOR(l, client_has(&c, "\x88\x02\x03\xe8"));
	advance(l, 5000);
	WAIT_FOR(l, n_closed == 1);
	assert_int_equal(last_code, 1000);
}

static void broken_frames_are_told_why(void **state)
{
	static const struct {
		const char *frame;
		size_t n;
		const char *close;
		int code;
	} bad[] = {
		{"\x81\x02hi", 4, "\x88\x02\x03\xea", 1002},
		{"\x82\x81\0\0\0\0b", 7, "\x88\x02\x03\xeb", 1003},
		{"\x81\x81\0\0\0\0\xff", 7, "\x88\x02\x03\xef", 1007},
		{"\x81\xfe\x03\xe9\0\0\0\0", 8, "\x88\x02\x03\xf1", 1009},
		{"\x88\x81\0\0\0\0x", 7, "\x88\x02\x03\xea", 1002},
		{"\x88\x82\0\0\0\0\x03\xed", 8, "\x88\x02\x03\xea", 1002},
		{"\x88\x83\0\0\0\0\x03\xe8\xff", 9, "\x88\x02\x03\xef", 1007},
		{"\x88\x80\0\0\0\0", 6, "\x88", 1005},
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct client one = client_open(http_server_port(s));
		n_closed = 0;
		n_sockets = 0;
		upgrade(&one);
		client_send_bytes(&one, bad[i].frame, bad[i].n);
		WAIT_FOR(l, client_has(&one, bad[i].close) && client_is_ended(&one));
		client_close(&one);
		WAIT_FOR(l, n_closed == 1);
		assert_int_equal(last_code, bad[i].code);
	}
}

static void silence_is_pinged_and_then_closed(void **state)
{
	upgrade(&c);
	advance(l, 1000);
	WAIT_FOR(l, client_count(&c, "\x89") == 1);
	advance(l, 500);
	struct http_stats before, now;
	http_server_stats(s, &before);
	send_frame(&c, 0x8a, "");
	do {
		turn(l);
		http_server_stats(s, &now);
	} while (now.bytes_in == before.bytes_in);
	advance(l, 999);
	assert_int_equal(client_count(&c, "\x89"), 1);
	advance(l, 1);
	WAIT_FOR(l, client_count(&c, "\x89") == 2);
	advance(l, 1000);
	WAIT_FOR(l, n_closed == 1);
	assert_int_equal(last_code, 1006);
}

static void close_first(void *arg) { ws_close(sockets[0], 4000, "too late"); }

static void a_close_that_comes_too_late_leaves_no_timer(void **state)
{
	struct loop_timer late;
	upgrade(&c);
	loop_timer_init(&late, l, "late", close_first, NULL);
	advance(l, 1000);
	loop_timer_set(&late, 1000); // fires after the socket's own, which ends it
	advance(l, 1000);
	WAIT_FOR(l, n_closed == 1);
	assert_int_equal(last_code, 1006);
	advance(l, 10000); // a timer left behind would be in freed memory
}

static void a_slow_reader_is_dropped(void **state)
{
	static char big[100000];
	memset(big, 'x', sizeof big);
	upgrade(&c);
	for (int i = 0; i < 1000 && !n_closed; i++) {
		ws_send_text(sockets[0], (struct str){big, sizeof big});
		assert_true(ws_queued(sockets[0]) <= 300010);
		struct http_stats stats;
		http_server_stats(s, &stats);
		if (stats.dropped_slow_total) break;
		turn(l);
	}
	advance(l, 5000);
	WAIT_FOR(l, n_closed == 1);
	assert_int_equal(last_code, 1013);
}

static void much_in_one_turn_is_no_slowness(void **state)
{
	static char big[50000];
	memset(big, 'x', sizeof big);
	upgrade(&c);
	for (int i = 0; i < 12; i++)
		ws_send_text(sockets[0], (struct str){big, sizeof big});
	WAIT_FOR(l, client_has_bytes(&c, 600000));
	assert_int_equal(n_closed, 0);
}

static void a_closing_server_says_1001(void **state)
{
	bool is_done = false;
	upgrade(&c);
	http_server_close(s, 3000, set_true, &is_done);
	WAIT_FOR(l, client_has(&c, "\x03\xe9the server is stopping"));
	assert_int_equal(n_closed, 0);
	send_frame(&c, 0x88, "\x03\xe9");
	WAIT_FOR(l, client_is_ended(&c));
	client_close(&c);
	WAIT_FOR(l, is_done);
	s = NULL;
	assert_int_equal(n_closed, 1);
	assert_int_equal(last_code, 1001);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(upgrades_and_talks),
		TEST(frames_may_follow_the_request_at_once),
		TEST(the_upgrade_may_be_answered_later),
		TEST(an_upgrade_may_be_denied_and_the_connection_goes_on),
		TEST(refuses_bad_handshakes),
		TEST(one_frame_goes_to_many),
		TEST(they_close),
		TEST(we_close),
		TEST(an_unanswered_close_ends_anyway),
		TEST(broken_frames_are_told_why),
		TEST(silence_is_pinged_and_then_closed),
		TEST(a_close_that_comes_too_late_leaves_no_timer),
		TEST(a_slow_reader_is_dropped),
		TEST(much_in_one_turn_is_no_slowness),
		TEST(a_closing_server_says_1001),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
