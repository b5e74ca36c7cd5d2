// SPDX-License-Identifier: Apache-2.0
// URLs, escapes, parameters and cookies.
#include "net/url.h"
#include "net/http_server.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct arena *a;

static int set_up(void **state)
{
	a = arena_new(0);
	return 0;
}

static int tear_down(void **state)
{
	arena_free(&a);
	return 0;
}

static void is_same(struct str s, const char *text) { assert_string_equal(arena_cstr(a, s), text); }

static struct url parsed(const char *text)
{
	struct url u;
	struct err e;
	if (url_parse(a, str_of(text), &u, &e)) fail_msg("%s: %s", text, e.text);
	return u;
}

static void good_urls_are_taken_apart(void **state)
{
	struct url u = parsed("HTTPS://Graph.Example.COM/v1/me?fields=a&x");
	is_same(u.scheme, "https");
	is_same(u.host, "graph.example.com");
	is_same(u.path, "/v1/me");
	is_same(u.query, "fields=a&x");
	assert_int_equal(u.port, 443);
	u = parsed("http://[::1]:8080");
	is_same(u.host, "::1");
	is_same(u.path, "/");
	assert_null(u.query.p);
	assert_int_equal(u.port, 8080);
	u = parsed("ws://10.0.0.1?q");
	is_same(u.path, "/");
	is_same(u.query, "q");
	assert_int_equal(u.port, 80);
}

static void bad_urls_say_why(void **state)
{
	static const char *const bad[] = {
		"",
		"example.com",
		"ftp://a/",
		"http:///x",
		"http://",
		"http://a:0/",
		"http://a:99999/",
		"http://a:/",
		"http://a:8x/",
		"http://u@a/",
		"http://u:p@a/",
		"http://a/#f",
		"http://a b/",
		"http://a\\b/",
		"http://\xc3\xa9/",
		"http://[::1/",
		"http://[zz]/",
		"http://[::1]x/",
		"http://a%2fb/",
		"//a/b",
		"http://a/\x01",
		"file:///etc/passwd",
		"http://a,b/",
	};
	struct url u;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err e = {0};
		assert_int_equal(url_parse(a, str_of(bad[i]), &u, &e), E_INVALID);
		assert_true(strlen(e.text) > 10);
	}
}

static void escapes_are_decoded_and_made(void **state)
{
	is_same(url_decode(a, STR("a%20b+%c3%A9"), false), "a b+\xc3\xa9");
	is_same(url_decode(a, STR("a+b"), true), "a b");
	assert_null(url_decode(a, STR("%"), false).p);
	assert_null(url_decode(a, STR("%2"), false).p);
	assert_null(url_decode(a, STR("%zz"), false).p);
	assert_int_equal(url_decode(a, STR("%00"), false).n, 1);
	struct buf b = {0};
	url_encode(&b, STR("a b/\xc3\xa9~-_."));
	assert_string_equal(b.p, "a%20b%2F%C3%A9~-_.");
	buf_fini(&b);
}

static void origins_are_as_browsers_send_them(void **state)
{
	struct url u = parsed("https://A.example:443/x");
	is_same(url_origin(a, &u), "https://a.example");
	u = parsed("http://a.example:443/x");
	is_same(url_origin(a, &u), "http://a.example:443");
	u = parsed("http://[::1]:80");
	is_same(url_origin(a, &u), "http://[::1]");
}

static void parameters_are_found(void **state)
{
	struct str q = STR("a=1&b=x+y&c&d=&e=%zz&a=2&n%61me=v&==");
	is_same(http_param(a, q, "a"), "1");
	is_same(http_param(a, q, "b"), "x y");
	is_same(http_param(a, q, "c"), "");
	is_same(http_param(a, q, "d"), "");
	is_same(http_param(a, q, "name"), "v");
	assert_non_null(http_param(a, q, "d").p);
	assert_null(http_param(a, q, "e").p);
	assert_null(http_param(a, q, "f").p);
	assert_null(http_param(a, STR_NONE, "f").p);
}

static void cookies_and_headers_are_found(void **state)
{
	const struct http_header headers[] = {{STR("X-One"), STR("1")},
					      {STR("Cookie"), STR("a=1; session=\"abc\" ;b=x=y; c")}};
	struct http_request r = {.headers = headers, .n_headers = 2};
	is_same(http_cookie(&r, "a"), "1");
	is_same(http_cookie(&r, "session"), "abc");
	is_same(http_cookie(&r, "b"), "x=y");
	is_same(http_cookie(&r, "c"), "");
	assert_null(http_cookie(&r, "A").p);
	is_same(http_request_header(&r, "x-one"), "1");
	assert_null(http_request_header(&r, "x-two").p);
	r.n_headers = 1;
	assert_null(http_cookie(&r, "a").p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_urls_are_taken_apart),    cmocka_unit_test(bad_urls_say_why),
		cmocka_unit_test(escapes_are_decoded_and_made), cmocka_unit_test(origins_are_as_browsers_send_them),
		cmocka_unit_test(parameters_are_found),         cmocka_unit_test(cookies_and_headers_are_found),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
