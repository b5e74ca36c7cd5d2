// SPDX-License-Identifier: Apache-2.0
// The client against peers that break off, repeat, or never come to an end: what was sent, and how often.
#include "net/http_client.h"
#include "test_client.h"
#include <fcntl.h>
#include <stdio.h>
#include <cmocka.h>

static struct loop *l;
static struct http_client *client;
static int listener, port;
static struct client peer; // the connection that the peer has accepted last
static int n_accepted;
static int n, status, http_status;
static bool was_sent;
static const char *const local[] = {"127.0.0.1", NULL};

static int set_up(void **state)
{
	struct err e;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof at;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(listener, 10), 0);
	getsockname(listener, (struct sockaddr *)&at, &size);
	port = ntohs(at.sin_port);
	peer = (struct client){.fd = -1};
	n = n_accepted = 0;
	l = loop_new();
	loop_warn_above_ms(l, 0);
	return http_client_new(&client, l, 8, &e);
}

static int tear_down(void **state)
{
	http_client_free(&client);
	loop_free(&l);
	client_close(&peer);
	close(listener);
	return 0;
}

static void on_answer(int result, const struct http_answer *answer, const struct err *why, void *arg)
{
	n++;
	status = result;
	http_status = answer->status;
	was_sent = answer->was_sent;
}

static void fetch(const char *method, const char *body)
{
	char url[64];
	snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
	struct http_fetch f = {
		.url = str_of(url), .method = str_of(method), .body = str_of(body), .allow_hosts = local};
	f.max_bytes = 1000;
	http_client_fetch(client, &f, on_answer, NULL);
}

static bool peer_accepts(void)
{
	int fd = accept(listener, NULL, NULL);
	if (fd < 0) return false;
	client_close(&peer);
	peer.fd = fd;
	n_accepted++;
	return true;
}

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// A connection that the client will use again.
static void keep_a_connection(void)
{
	fetch("GET", NULL);
	WAIT_FOR(l, peer_accepts());
	WAIT_FOR(l, client_has(&peer, "\r\n\r\n"));
	client_send(&peer, OK_ANSWER);
	WAIT_FOR(l, n == 1);
	assert_int_equal(http_status, 200);
	buf_reset(&peer.got);
}

static void a_post_is_never_sent_twice(void **state)
{
	keep_a_connection();
	fetch("POST", "hello");
	WAIT_FOR(l, client_has(&peer, "hello"));
	client_close(&peer);
	WAIT_FOR(l, n == 2);
	assert_int_equal(status, E_CLOSED);
	assert_true(was_sent);
	if (peer_accepts()) WAIT_FOR(l, client_is_ended(&peer)); // it may connect, but sends nothing
	assert_int_equal(peer.got.n, 0);
}

static void a_post_without_a_body_is_never_sent_twice(void **state)
{
	keep_a_connection();
	fetch("POST", NULL);
	WAIT_FOR(l, client_has(&peer, "\r\n\r\n"));
	client_close(&peer);
	WAIT_FOR(l, n == 2);
	assert_int_equal(status, E_CLOSED);
	assert_true(was_sent);
	if (peer_accepts()) WAIT_FOR(l, client_is_ended(&peer));
	assert_int_equal(peer.got.n, 0);
}

static void a_get_may_be_repeated_on_a_new_connection(void **state)
{
	keep_a_connection();
	fetch("GET", NULL);
	WAIT_FOR(l, client_has(&peer, "\r\n\r\n"));
	client_close(&peer);
	WAIT_FOR(l, peer_accepts());
	WAIT_FOR(l, client_has(&peer, "\r\n\r\n"));
	client_send(&peer, OK_ANSWER);
	WAIT_FOR(l, n == 2);
	assert_int_equal(http_status, 200);
}

static void gives(const char *answer, int wanted)
{
	int before = n;
	fetch("POST", "hello");
	WAIT_FOR(l, peer_accepts());
	WAIT_FOR(l, client_has(&peer, "hello"));
	client_send(&peer, answer);
	shutdown(peer.fd, SHUT_WR);
	WAIT_FOR(l, n > before);
	if (status != wanted) fail_msg("%s: %s", answer, err_name(status));
	assert_true(was_sent);
}

static void broken_answers_are_errors(void **state)
{
	gives("", E_CLOSED);
	gives("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", E_CLOSED);
	gives("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", E_CLOSED);
	gives("nonsense\r\n\r\n", E_IO);
	gives("HTTP/1.1 200 OK\r\n\r\nuntil the end", 0);
}

static void endless_answers_are_cut(void **state)
{
	char line[1100];
	fetch("GET", NULL);
	WAIT_FOR(l, peer_accepts());
	client_send(&peer, "HTTP/1.1 200 OK\r\n");
	memset(line, 'a', sizeof line);
	memcpy(line, "A: ", 3);
	memcpy(line + sizeof line - 3, "\r\n", 3);
	for (int i = 0; i < 80 && !n; i++) {
		send(peer.fd, line, sizeof line - 1, MSG_NOSIGNAL);
		turn(l);
	}
	assert_int_equal(n, 1);
	assert_int_equal(status, E_TOO_LARGE);
	fetch("GET", NULL);
	WAIT_FOR(l, peer_accepts());
	client_send(&peer, "HTTP/1.1 200 OK\r\n\r\n");
	for (int i = 0; i < 10 && n < 2; i++) {
		send(peer.fd, line, sizeof line - 1, MSG_NOSIGNAL);
		turn(l);
	}
	assert_int_equal(n, 2);
	assert_int_equal(status, E_TOO_LARGE);
}

static void a_peer_without_tls_is_an_error(void **state)
{
	char url[64];
	snprintf(url, sizeof url, "https://127.0.0.1:%d/", port);
	struct http_fetch f = {.url = str_of(url), .allow_hosts = local};
	http_client_fetch(client, &f, on_answer, NULL);
	WAIT_FOR(l, peer_accepts());
	client_send(&peer, "HTTP/1.1 400 Bad Request\r\n\r\n");
	WAIT_FOR(l, n == 1);
	assert_int_equal(status, E_IO);
	assert_false(was_sent);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_post_is_never_sent_twice),
		TEST(a_post_without_a_body_is_never_sent_twice),
		TEST(a_get_may_be_repeated_on_a_new_connection),
		TEST(broken_answers_are_errors),
		TEST(endless_answers_are_cut),
		TEST(a_peer_without_tls_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
