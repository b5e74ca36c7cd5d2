// SPDX-License-Identifier: Apache-2.0
// The web room over a real server: files, tags, packing, routes, the demo, safety.
#include "assets.h"
#include "base/log.h"
#include "base/mem.h"
#include "loop/loop.h"
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char dir[] = "/tmp/web-test-XXXXXX";
static struct loop *l;
static struct http_server *s;
static struct web *w;

// ---- a client on a thread of its own: one request, the answer whole
// ----------------------------------------------------

struct asking {
	const char *line, *headers;
	struct buf answer;
};

static void stop(void *arg) { loop_stop(l); }

static void *ask_thread(void *arg)
{
	struct asking *a = arg;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(s))};
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct buf b = {0};
	buf_printf(&b, "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", a->line, a->headers);
	ssize_t n = connect(fd, (struct sockaddr *)&to, sizeof to) ? -1 : send(fd, b.p, b.n, MSG_NOSIGNAL);
	while (n > 0) {
		n = recv(fd, buf_reserve(&a->answer, 65536), 65536, 0);
		if (n > 0) a->answer.n += (size_t)n;
	}
	buf_add(&a->answer, STR("")); // a NUL behind it
	close(fd);
	buf_fini(&b);
	loop_post(l, stop, NULL);
	return NULL;
}

static struct buf answer;

static const char *ask(const char *line, const char *headers)
{
	struct asking a = {line, headers, {0}};
	pthread_t t;
	assert_int_equal(pthread_create(&t, NULL, ask_thread, &a), 0);
	loop_run(l);
	pthread_join(t, NULL);
	buf_fini(&answer);
	answer = a.answer;
	answer.p[answer.n] = 0;
	return answer.p;
}

static void has(const char *text)
{
	if (!strstr(answer.p, text)) fail_msg("\"%s\" is not in: %s", text, answer.p);
}

static void lacks(const char *text)
{
	if (strstr(answer.p, text)) fail_msg("\"%s\" is in: %s", text, answer.p);
}

// The value of a header, in a buffer that the next call overwrites.
static const char *header(const char *name)
{
	static char value[200];
	char wanted[64];
	snprintf(wanted, sizeof wanted, "\r\n%s: ", name);
	const char *at = strstr(answer.p, wanted);
	if (!at) fail_msg("no header %s in: %s", name, answer.p);
	at += strlen(wanted);
	snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\r"), at);
	return value;
}

// ---- the folder
// -----------------------------------------------------------------------------------------------------------

static void put(const char *name, const char *text)
{
	char path[200];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void make_folder(const char *name)
{
	char path[200];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static int make_files(void **state)
{
	if (!mkdtemp(dir)) return -1;
	make_folder("assets");
	make_folder("demo");
	put("index.html", "<p>the page");
	put("index.html.gz", "PACKED PAGE");
	put("favicon.svg", "<svg/>");
	put("assets/index-1a2b.js", "script");
	put("assets/lonely.js.gz", "PACKED");
	put("demo/index.html", "<script src=\"/live/__INBOX__/asset/widget.js\" data-inbox=\"__INBOX__\">");
	put("demo/demo.css", "css");
	put(".secret", "hidden");
	return 0;
}

static int remove_files(void **state)
{
	char command[64];
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return system(command);
}

// ---- life
// -----------------------------------------------------------------------------------------------------------------

static int set_up(void **state)
{
	struct err e = {0};
	l = loop_new();
	loop_warn_above_ms(l, 0);
	if (web_open(&w, dir, &e) || http_server_open(&s, l, "127.0.0.1:0", &HTTP_LIMITS, web_handler(w), &e)) {
		print_error("%s\n", e.text);
		return -1;
	}
	return 0;
}

static int tear_down(void **state)
{
	http_server_close(s, 0, stop, NULL);
	loop_run(l);
	web_close(&w);
	loop_free(&l);
	buf_fini(&answer);
	return 0;
}

// ---- tests
// ------------------------------------------------------------------------------------------------------------------

static void serves_the_page_at_its_routes(void **state)
{
	const char *const routes[] = {"GET /", "GET /c/123?view=mine", "GET /c/123/contact", "GET /index.html"};
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		ask(routes[i], "");
		has("HTTP/1.1 200 OK\r\n");
		has("Content-Type: text/html; charset=utf-8\r\n");
		has("Cache-Control: no-cache\r\n");
		has("\r\n\r\n<p>the page");
	}
}

static void serves_nothing_else(void **state)
{
	const char *const others[] = {"GET /.secret",
				      "GET /assets/lonely.js",
				      "GET /index.html.gz",
				      "GET /api/v1/me",
				      "GET /assets/",
				      "GET /assets",
				      "GET /c",
				      "GET /x",
				      "GET /demo/%2e%2e/.secret"};
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		ask(others[i], "");
		assert_true(strstr(answer.p, "HTTP/1.1 404") || strstr(answer.p, "HTTP/1.1 400"));
		lacks("hidden");
	}
}

static void says_what_a_browser_must_not_do(void **state)
{
	const char *const lines[] = {"GET /", "GET /assets/index-1a2b.js", "GET /nothing", "POST /", "GET /demo"};
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		ask(lines[i], "");
		has("Content-Security-Policy: default-src 'self';");
		has("frame-ancestors 'none'");
		has("X-Content-Type-Options: nosniff\r\n");
		has("Referrer-Policy: same-origin\r\n");
		lacks("unsafe-inline");
	}
}

static void hashed_names_are_kept_for_ever(void **state)
{
	ask("GET /assets/index-1a2b.js", "");
	has("Content-Type: text/javascript; charset=utf-8\r\n");
	has("Cache-Control: public, max-age=31536000, immutable\r\n");
	has("\r\n\r\nscript");
	ask("GET /favicon.svg", "");
	has("Content-Type: image/svg+xml\r\n");
	has("Cache-Control: no-cache\r\n");
}

static void packs_for_who_accepts_it(void **state)
{
	ask("GET /", "Accept-Encoding: br, GZIP;q=0.5\r\n");
	has("Content-Encoding: gzip\r\n");
	has("Vary: Accept-Encoding\r\n");
	has("\r\n\r\nPACKED PAGE");
	const char *const refusals[] = {"Accept-Encoding: gzip;q=0\r\n", "Accept-Encoding: br;q=1, gzip; q=0.00\r\n",
					"Accept-Encoding: xgzip\r\n", ""};
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		ask("GET /", refusals[i]);
		has("Vary: Accept-Encoding\r\n");
		has("\r\n\r\n<p>the page");
		lacks("Content-Encoding");
	}
	ask("GET /favicon.svg", "Accept-Encoding: gzip\r\n");
	lacks("Vary");
	has("\r\n\r\n<svg/>");
}

static void an_unchanged_file_is_not_sent_again(void **state)
{
	char plain[64], asked[200];
	ask("GET /", "");
	snprintf(plain, sizeof plain, "%s", header("ETag"));
	snprintf(asked, sizeof asked, "If-None-Match: \"other\", W/%s\r\n", plain);
	ask("GET /", asked);
	has("HTTP/1.1 304 Not Modified\r\n");
	has(plain);
	lacks("the page");
	ask("GET /", "Accept-Encoding: gzip\r\n");
	assert_string_not_equal(header("ETag"), plain);
	snprintf(asked, sizeof asked, "Accept-Encoding: gzip\r\nIf-None-Match: %s\r\n", plain);
	ask("GET /", asked);
	has("HTTP/1.1 200 OK\r\n");
}

static void only_get_and_head(void **state)
{
	ask("HEAD /", "");
	has("HTTP/1.1 200 OK\r\n");
	has("Content-Length: 11\r\n");
	lacks("the page");
	ask("POST /", "Content-Length: 0\r\n");
	has("HTTP/1.1 405 ");
	has("Allow: GET, HEAD\r\n");
}

static void the_demo_talks_to_its_inbox(void **state)
{
	ask("GET /demo/", "");
	has("HTTP/1.1 404 ");
	ask("GET /demo", "");
	has("HTTP/1.1 308 ");
	has("Location: /demo/\r\n");
	ask("GET /demo/demo.css", "");
	has("\r\n\r\ncss");

	char tag[64];
	web_set_demo_inbox(w, 42);
	ask("GET /demo/", "");
	has("\r\n\r\n<script src=\"/live/42/asset/widget.js\" data-inbox=\"42\">");
	snprintf(tag, sizeof tag, "%s", header("ETag"));
	web_set_demo_inbox(w, 18446744073709551615u);
	ask("GET /demo/index.html", "");
	has("/live/18446744073709551615/asset/widget.js");
	assert_string_not_equal(header("ETag"), tag);
	web_set_demo_inbox(w, 0);
	ask("GET /demo/", "");
	has("HTTP/1.1 404 ");
}

static void says_what_to_do_without_a_page(void **state)
{
	struct web *none = NULL;
	struct err e = {0};
	char path[64];
	assert_int_equal(web_open(&none, "/nowhere/at/all", &e), E_IO);
	assert_non_null(strstr(e.text, "/nowhere/at/all"));
	snprintf(path, sizeof path, "%s/assets", dir);
	assert_int_equal(web_open(&none, path, &e), E_MISSING);
	assert_non_null(strstr(e.text, "npm run build"));
	assert_null(none);
	web_close(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(serves_the_page_at_its_routes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(serves_nothing_else, set_up, tear_down),
		cmocka_unit_test_setup_teardown(says_what_a_browser_must_not_do, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hashed_names_are_kept_for_ever, set_up, tear_down),
		cmocka_unit_test_setup_teardown(packs_for_who_accepts_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_unchanged_file_is_not_sent_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_get_and_head, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_demo_talks_to_its_inbox, set_up, tear_down),
		cmocka_unit_test(says_what_to_do_without_a_page),
	};
	return cmocka_run_group_tests(tests, make_files, remove_files);
}
