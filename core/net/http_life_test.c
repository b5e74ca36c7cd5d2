// SPDX-License-Identifier: Apache-2.0
// What happens to connections over time: silence, slow readers, clients that go, servers that close.
#include "net/http_server.h"
#include "test_client.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <cmocka.h>

static struct loop *l;
static struct http_server *s;
static struct client c;
static struct http_exchange *waiting;
static int n_gone, n_requests;
static int64_t uid;
static bool does_hold;

static void count_gone(struct http_exchange *x, void *arg) { n_gone++; }

static void on_request(struct http_exchange *x, void *arg)
{
	n_requests++;
	uid = http_peer_uid(x);
	if (str_is(http_request(x)->path, "/wait")) {
		waiting = x;
		if (does_hold)
			http_hold(x);
		else
			http_on_gone(x, count_gone, NULL);
		return;
	}
	static char big[1 << 20];
	memset(big, 'b', sizeof big);
	size_t n = str_is(http_request(x)->path, "/big") ? sizeof big : 2;
	http_respond(x, 200, NULL, (struct str){big, n});
}

static const struct http_handler handler = {.request = on_request};
static const struct http_limits limits = {.head_ms = 1000,
					  .body_ms = 2000,
					  .idle_ms = 7000,
					  .write_ms = 3000,
					  .queued_bytes = 2 << 20,
					  .connections = 20};

static int set_up(void **state)
{
	logged[0] = 0;
	n_gone = n_requests = 0;
	waiting = NULL;
	does_hold = false;
	log_capture(take_log, NULL);
	clock_fake(1700000000000, 1000);
	l = loop_new();
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
	if (s) {
		http_server_close(s, 0, set_true, &is_done);
		WAIT_FOR(l, is_done);
	}
	loop_free(&l);
	clock_real();
	log_capture(NULL, NULL);
	if (logged[0]) fail_msg("unexpected in the log: %s", logged);
	return 0;
}

static struct http_stats stats(void)
{
	struct http_stats now;
	http_server_stats(s, &now);
	return now;
}

static void a_slow_head_is_given_up(void **state)
{
	client_send(&c, "GET / HT");
	WAIT_FOR(l, stats().bytes_in == 8);
	advance(l, 900);
	client_send(&c, "TP/1.1\r\n"); // more bytes do not win time
	WAIT_FOR(l, stats().bytes_in == 16);
	advance(l, 99);
	assert_false(client_has(&c, "HTTP"));
	advance(l, 1);
	WAIT_FOR(l, client_is_ended(&c));
	assert_true(client_has(&c, "HTTP/1.1 408 Request Timeout\r\n"));
}

static void a_silent_body_is_given_up(void **state)
{
	client_send(&c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc");
	WAIT_FOR(l, stats().bytes_in > 40);
	advance(l, 1900);
	client_send(&c, "d"); // a body that goes on may take its time
	uint64_t before = stats().bytes_in;
	WAIT_FOR(l, stats().bytes_in > before);
	advance(l, 1900);
	assert_false(client_has(&c, "HTTP"));
	advance(l, 100);
	WAIT_FOR(l, client_is_ended(&c));
	assert_true(client_has(&c, "HTTP/1.1 408"));
}

static void an_idle_connection_is_closed(void **state)
{
	client_send(&c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, client_has(&c, "\r\n\r\nbb"));
	advance(l, 6999);
	assert_false(client_is_ended(&c));
	advance(l, 1);
	WAIT_FOR(l, client_is_ended(&c));
	assert_int_equal(client_count(&c, "HTTP"), 1);
}

static void a_handler_may_take_its_time(void **state)
{
	client_send(&c, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, waiting);
	advance(l, 100000);
	assert_false(client_is_ended(&c));
	http_respond(waiting, 200, NULL, STR("at last"));
	WAIT_FOR(l, client_has(&c, "at last"));
	advance(l, 6999);
	assert_false(client_is_ended(&c));
	advance(l, 1);
	WAIT_FOR(l, client_is_ended(&c));
}

static void a_client_that_goes_is_reported_once(void **state)
{
	client_send(&c, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, waiting);
	client_close(&c);
	WAIT_FOR(l, n_gone == 1);
	WAIT_FOR(l, stats().connections_open == 0);
	assert_int_equal(n_gone, 1);
}

static void a_held_exchange_outlives_its_client(void **state)
{
	does_hold = true;
	client_send(&c, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, waiting);
	assert_false(http_is_gone(waiting));
	client_close(&c);
	WAIT_FOR(l, stats().connections_open == 0);
	assert_true(http_is_gone(waiting));
	assert_true(str_is(http_request(waiting)->path, "/wait"));
	http_respond(waiting, 200, NULL, STR("nobody hears"));
	http_release(waiting);
}

static void a_held_exchange_outlives_its_server(void **state)
{
	bool is_done = false;
	does_hold = true;
	client_send(&c, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, waiting);
	http_server_close(s, 0, set_true, &is_done);
	WAIT_FOR(l, is_done);
	s = NULL;
	assert_true(http_is_gone(waiting));
	http_release(waiting);
}

static void a_reader_that_takes_nothing_is_dropped(void **state)
{
	for (int i = 0; i < 9; i++)
		client_send(&c, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, stats().requests_total >= 3);
	for (int i = 0; i < 5 && !stats().dropped_slow_total; i++)
		advance(l, 3000);
	WAIT_FOR(l, stats().connections_open == 0);
	assert_int_equal(stats().dropped_slow_total, 1);
}

static void a_reader_that_takes_little_is_kept(void **state)
{
	char some[4096];
	client_send(&c, "GET /big HTTP/1.1\r\nHost: x\r\n\r\nGET /big HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, stats().requests_total == 2);
	size_t total = 0;
	while (total < (2 << 20)) {
		ssize_t n = recv(c.fd, some, sizeof some, MSG_DONTWAIT);
		if (n > 0)
			total += (size_t)n;
		else
			turn(l);
		if (total % (512 << 10) < sizeof some) advance(l, 2000);
	}
	assert_int_equal(stats().dropped_slow_total, 0);
}

static int open_file(size_t n, char *content)
{
	char path[] = "/tmp/beseda-http-test-XXXXXX";
	int fd = mkstemp(path);
	unlink(path);
	for (size_t i = 0; i < n; i++)
		content[i] = (char)('a' + i % 23);
	assert_int_equal(pwrite(fd, content, n, 0), n);
	return fd;
}

static void a_file_is_sent_in_part_and_in_order(void **state)
{
	static char content[900000];
	client_send(&c, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, waiting);
	http_respond_file(waiting, 206, "image/png", open_file(sizeof content, content), 1000, 800000);
	WAIT_FOR(l, client_has(&c, "Content-Length: 2\r\n\r\nbb"));
	const char *body = strstr(c.got.p, "\r\n\r\n") + 4;
	assert_true(client_has(&c, "Content-Length: 800000\r\n"));
	assert_memory_equal(body, content + 1000, 800000);
	assert_memory_equal(body + 800000, "HTTP/1.1 200", 12);
}

static void a_file_that_is_too_short_ends_the_connection(void **state)
{
	static char content[10];
	client_send(&c, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, waiting);
	http_respond_file(waiting, 200, NULL, open_file(sizeof content, content), 0, 20);
	WAIT_FOR(l, client_is_ended(&c));
	assert_non_null(strstr(logged, "shorter than it was"));
	logged[0] = 0;
}

static void a_client_may_go_while_its_file_is_read(void **state)
{
	static char content[900000];
	client_send(&c, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, waiting);
	http_respond_file(waiting, 200, NULL, open_file(sizeof content, content), 0, sizeof content);
	client_close(&c);
	WAIT_FOR(l, stats().connections_open == 0);
}

static void a_closing_server_lets_requests_finish(void **state)
{
	struct client idle = client_open(http_server_port(s)), late;
	int port = http_server_port(s);
	bool is_done = false;
	client_send(&c, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, waiting && stats().connections_open == 2);
	http_server_close(s, 5000, set_true, &is_done);
	WAIT_FOR(l, client_is_ended(&idle));
	assert_false(is_done);
	late = (struct client){.fd = socket(AF_INET, SOCK_STREAM, 0)};
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(connect(late.fd, (struct sockaddr *)&to, sizeof to), -1);
	http_respond(waiting, 200, NULL, STR("done"));
	WAIT_FOR(l, is_done);
	s = NULL;
	WAIT_FOR(l, client_is_ended(&c));
	assert_true(client_has(&c, "Connection: close\r\n") && client_has(&c, "done"));
	client_close(&idle);
	client_close(&late);
}

static void a_closing_server_does_not_wait_for_ever(void **state)
{
	bool is_done = false;
	client_send(&c, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, waiting);
	http_server_close(s, 5000, set_true, &is_done);
	advance(l, 4999);
	assert_int_equal(n_gone, 0);
	advance(l, 1);
	WAIT_FOR(l, is_done);
	s = NULL;
	assert_int_equal(n_gone, 1);
}

static void more_connections_than_allowed_are_closed(void **state)
{
	struct client many[20];
	for (int i = 0; i < 20; i++)
		many[i] = client_open(http_server_port(s));
	WAIT_FOR(l, client_is_ended(&many[19]));
	assert_non_null(strstr(logged, "as many as allowed"));
	logged[0] = 0;
	client_send(&many[18], "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, client_has(&many[18], "200 OK"));
	for (int i = 0; i < 20; i++)
		client_close(&many[i]);
}

static void running_out_of_descriptors_is_survived(void **state)
{
	struct client one = client_open(http_server_port(s)), two = {.fd = socket(AF_INET, SOCK_STREAM, 0)};
	struct rlimit before, tight;
	WAIT_FOR(l, stats().connections_open == 2);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(s))};
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(two.fd, (struct sockaddr *)&to, sizeof to), 0);
	getrlimit(RLIMIT_NOFILE, &before);
	tight = before;
	int next = dup(0);
	close(next);
	tight.rlim_cur = (rlim_t)next;
	setrlimit(RLIMIT_NOFILE, &tight);
	WAIT_FOR(l, client_is_ended(&two));
	setrlimit(RLIMIT_NOFILE, &before);
	client_close(&two);
	two = client_open(http_server_port(s));
	client_send(&two, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, client_has(&two, "200 OK"));
	client_close(&two);
	client_close(&one);
	logged[0] = 0;
}

static void a_unix_socket_is_for_its_owner_and_tells_who_asks(void **state)
{
	struct http_server *u, *other;
	struct err e;
	struct stat st;
	bool is_done = false;
	char address[64];
	snprintf(address, sizeof address, "unix:/tmp/beseda-test-%d.sock", (int)getpid());
	assert_int_equal(http_server_open(&u, l, address, NULL, &handler, &e), 0);
	assert_int_equal(stat(address + 5, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(http_server_open(&other, l, address, NULL, &handler, &e), E_IO);
	assert_non_null(strstr(e.text, "another server listens"));
	struct client one = client_open_unix(address + 5);
	client_send(&one, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, client_has(&one, "200 OK"));
	assert_int_equal(uid, getuid());
	client_send(&c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	WAIT_FOR(l, client_has(&c, "200 OK"));
	assert_int_equal(uid, -1);
	client_close(&one);
	http_server_close(u, 0, set_true, &is_done);
	WAIT_FOR(l, is_done);
	assert_int_equal(stat(address + 5, &st), -1);
}

static void a_dead_servers_socket_is_replaced(void **state)
{
	struct http_server *u;
	struct err e;
	bool is_done = false;
	char address[64];
	snprintf(address, sizeof address, "unix:/tmp/beseda-test-%d.sock", (int)getpid());
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	strcpy(at.sun_path, address + 5);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	close(fd);
	assert_int_equal(http_server_open(&u, l, address, NULL, &handler, &e), 0);
	http_server_close(u, 0, set_true, &is_done);
	WAIT_FOR(l, is_done);
}

static void says_why_it_cannot_listen(void **state)
{
	struct http_server *other;
	struct err e;
	char taken[32];
	snprintf(taken, sizeof taken, "127.0.0.1:%d", http_server_port(s));
	assert_int_equal(http_server_open(&other, l, taken, NULL, &handler, &e), E_IO);
	assert_non_null(strstr(e.text, "is taken by another program"));
	assert_int_equal(http_server_open(&other, l, "example.com:80", NULL, &handler, &e), E_INVALID);
	assert_int_equal(http_server_open(&other, l, "127.0.0.1", NULL, &handler, &e), E_INVALID);
	assert_int_equal(http_server_open(&other, l, "127.0.0.1:99999", NULL, &handler, &e), E_INVALID);
	assert_int_equal(http_server_open(&other, l, "unix:", NULL, &handler, &e), E_INVALID);
	assert_int_equal(http_server_open(&other, l, "192.0.2.1:0", NULL, &handler, &e), E_IO);
	assert_non_null(strstr(e.text, "no address"));
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_slow_head_is_given_up),
		TEST(a_silent_body_is_given_up),
		TEST(an_idle_connection_is_closed),
		TEST(a_handler_may_take_its_time),
		TEST(a_client_that_goes_is_reported_once),
		TEST(a_held_exchange_outlives_its_client),
		TEST(a_held_exchange_outlives_its_server),
		TEST(a_reader_that_takes_nothing_is_dropped),
		TEST(a_reader_that_takes_little_is_kept),
		TEST(a_file_is_sent_in_part_and_in_order),
		TEST(a_file_that_is_too_short_ends_the_connection),
		TEST(a_client_may_go_while_its_file_is_read),
		TEST(a_closing_server_lets_requests_finish),
		TEST(a_closing_server_does_not_wait_for_ever),
		TEST(more_connections_than_allowed_are_closed),
		TEST(running_out_of_descriptors_is_survived),
		TEST(a_unix_socket_is_for_its_owner_and_tells_who_asks),
		TEST(a_dead_servers_socket_is_replaced),
		TEST(says_why_it_cannot_listen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
