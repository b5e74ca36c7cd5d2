// SPDX-License-Identifier: Apache-2.0
// Signing in and out, sessions, CSRF, other sites' pages, guessing.
#include "world_test.h"
#include "base/clock.h"
#include "base/mem.h"
#include <stdio.h>
#include <string.h>

#define DAY_MS (24 * 3600 * 1000LL)

static struct reply login(struct person *p, const char *email, const char *password)
{
	return post(p, "/login", "{\"email\":\"%s\",\"password\":\"%s\"}", email, password);
}

static void pass_time(int64_t ms)
{
	clock_fake(clock_now_ms() + ms, clock_mono_ms() + ms);
	loop_clock_moved(w.f.loop);
}

static void test_login(void **state)
{
	struct person p = {0};
	struct reply r = login(&p, "ADMIN@localhost", w.password);
	assert_int_equal(r.status, 200);
	assert_string_equal(text_at(r.json, "/user/role"), "admin");
	assert_string_equal(text_at(r.json, "/user/email"), "admin@localhost");
	assert_string_equal(text_at(r.json, "/trouble"), "");
	assert_true(strlen(text_at(r.json, "/csrf")) >= 32);
	struct str cookie = reply_header(&r, "set-cookie");
	assert_true(str_starts(cookie, STR("beseda_session=")));
	assert_true(str_find_str(cookie, STR("; Path=/; HttpOnly; SameSite=Strict; Max-Age=1209600; Secure")) > 40);
	assert_true(str_is(reply_header(&r, "cache-control"), "no-store"));
	r = get(&p, "/me");
	assert_int_equal(r.status, 200);
	assert_string_equal(text_at(r.json, "/user/name"), "Admin");
}

// Whoever asks learns nothing of which accounts there are.
static void test_refusals_are_alike(void **state)
{
	struct person p = {0};
	struct reply known = login(&p, w.email, "wrong password"),
		     unknown = login(&p, "nobody@example.org", "wrong password");
	struct reply no_address = login(&p, "no address", "x");
	expect_error(known, 401, "credentials");
	assert_true(str_eq(known.body, unknown.body) && str_eq(known.body, no_address.body));
	assert_int_equal(unknown.status, 401);
	assert_int_equal(no_address.status, 401);
	assert_null(reply_header(&known, "set-cookie").p);
}

static void test_bad_bodies(void **state)
{
	struct person p = {0};
	expect_error(post(&p, "/login", "{\"email\":7,\"password\":\"x\"}"), 400, "invalid");
	expect_error(post(&p, "/login", "{\"email\":\"a@b.c\"}"), 400, "invalid");
	expect_error(post(&p, "/login", "[]"), 400, "invalid");
	expect_error(post(&p, "/login", "{\"email\":"), 400, "invalid");
	expect_error(post(&p, "/login", "{\"a\":1,\"a\":2}"), 400, "invalid");
	expect_error(ask(&p, "POST", "/login", "email=x", "Content-Type: application/x-www-form-urlencoded\r\n"), 415,
		     "type");
	expect_error(ask(&p, "POST", "/login", "{}", ""), 415, "type");
	char *huge = mem_alloc(20000);
	memset(huge, ' ', 19999);
	expect_error(ask(&p, "POST", "/login", huge, NULL), 413, "too_large");
	mem_free(huge);
	struct reply r = post(&p, "/login", "{\"email\":\"a@b.c\",\"password\":true}");
	assert_string_equal(text_at(r.json, "/error/field"), "password");
}

static void test_paths_and_methods(void **state)
{
	struct person p = admin();
	expect_error(get(&p, "/nothing"), 404, "missing");
	expect_error(get(&p, "/conversations/0"), 404, "missing");
	expect_error(get(&p, "/conversations/01"), 404, "missing");
	expect_error(get(&p, "/conversations/x"), 404, "missing");
	expect_error(get(&p, "/conversations/99999999999999999999999"), 404, "missing");
	expect_error(get(&p, "/me/"), 404, "missing");
	expect_error(get(&p, ""), 404, "missing");
	struct reply r = get(&p, "/login");
	expect_error(r, 405, "method");
	assert_true(str_is(reply_header(&r, "allow"), "POST"));
	r = ask(&p, "DELETE", "/users", NULL, NULL);
	assert_true(str_is(reply_header(&r, "allow"), "GET, POST"));
	assert_int_equal(ask(&p, "HEAD", "/me", NULL, NULL).status, 405);
	expect_error(ask(&p, "OPTIONS", "/me", NULL, NULL), 405, "method");
}

static void test_signed_out(void **state)
{
	struct person p = admin(), nobody = {0}, forged = p;
	expect_error(get(&nobody, "/me"), 401, "signed_out");
	expect_error(get(&nobody, "/conversations"), 401, "signed_out");
	forged.cookie[20] ^= 1;
	expect_error(get(&forged, "/me"), 401, "signed_out");
	snprintf(forged.cookie, sizeof forged.cookie, "beseda_session=short");
	expect_error(get(&forged, "/me"), 401, "signed_out");
	struct person copy = p;
	assert_int_equal(post(&p, "/logout", "%s", "").status, 204);
	assert_string_equal(p.cookie, "beseda_session="); // taken away
	expect_error(get(&copy, "/me"), 401, "signed_out");
}

static void test_csrf(void **state)
{
	struct person p = admin(), other = admin();
	struct person without = p, with_other = p;
	without.csrf[0] = '\0';
	memcpy(with_other.csrf, other.csrf, sizeof other.csrf);
	expect_error(post(&without, "/teams", "{\"name\":\"x\"}"), 403, "csrf");
	expect_error(post(&with_other, "/teams", "{\"name\":\"x\"}"), 403, "csrf");
	expect_error(post(&without, "/logout", "%s", ""), 403, "csrf");
	assert_int_equal(get(&without, "/me").status, 200); // reading needs none
	assert_int_equal(post(&p, "/teams", "{\"name\":\"x\"}").status, 201);
}

static void test_other_sites(void **state)
{
	struct person p = admin();
	const char *login_body = "{\"email\":\"a@b.c\",\"password\":\"x\"}";
	const char *json = "Content-Type: application/json\r\n";
	static const struct {
		const char *headers;
		bool is_ours;
	} origins[] = {{"Origin: https://desk.test\r\n", true},
		       {"Origin: http://desk.test\r\n", true}, // as the Host says
		       {"Origin: https://evil.test\r\n", false},
		       {"Origin: null\r\n", false},
		       {"Origin: https://desk.test.evil.test\r\n", false},
		       {"Origin: https://desk.test:8443\r\n", false},
		       {"Sec-Fetch-Site: cross-site\r\n", false},
		       {"Sec-Fetch-Site: same-origin\r\n", true}};
	for (size_t i = 0; i < ARRAY_LEN(origins); i++) {
		char headers[200];
		snprintf(headers, sizeof headers, "%s%s", json, origins[i].headers);
		struct reply made = ask(&p, "POST", "/teams", "{\"name\":\"x\"}", headers);
		assert_int_equal(made.status, origins[i].is_ours ? 201 : 403);
		if (!origins[i].is_ours) expect_error(ask(&p, "POST", "/login", login_body, headers), 403, "origin");
	}
}

static void test_guessing(void **state)
{
	struct person p = {0};
	clock_fake(clock_now_ms(), clock_mono_ms());
	for (int i = 0; i < 5; i++)
		expect_error(login(&p, w.email, "wrong password"), 401, "credentials");
	struct reply r = login(&p, w.email, w.password); // also the right one waits
	expect_error(r, 429, "throttled");
	assert_true(str_is(reply_header(&r, "retry-after"), "1"));
	expect_error(login(&p, "ADMIN@LOCALHOST", "x"), 429, "throttled"); // it is the same account
	for (int i = 0; i < 5; i++)
		login(&p, "nobody@example.org", "x");
	expect_error(login(&p, "nobody@example.org", "x"), 429, "throttled"); // alike, though it is not there
	pass_time(1100);
	assert_int_equal(login(&p, w.email, w.password).status, 200);
	assert_int_equal(login(&p, w.email, w.password).status, 200);
}

static void test_expiry(void **state)
{
	clock_fake(clock_now_ms(), clock_mono_ms());
	struct person p = admin(), idle = admin();
	for (int day = 0; day < 20; day++) {
		pass_time(DAY_MS);
		struct reply r = get(&p, "/me");
		assert_int_equal(r.status, 200);
		assert_non_null(reply_header(&r, "set-cookie").p); // the browser's cookie slides as well
		world_settle();                                    // it is written by and by
		r = get(&p, "/me");
		assert_null(reply_header(&r, "set-cookie").p); // but not at every request
	}
	expect_error(get(&idle, "/me"), 401, "signed_out");
}

static void test_password(void **state)
{
	struct person p = admin(), elsewhere = admin();
	expect_error(post(&p, "/me/password", "{\"old\":\"wrong\",\"new\":\"a new password\"}"), 400, "invalid");
	expect_error(post(&p, "/me/password", "{\"old\":\"%s\",\"new\":\"tooshort9\"}", w.password), 400, "invalid");
	expect_error(post(&p, "/me/password", "{\"old\":\"%s\"}", w.password), 400, "invalid");
	assert_int_equal(post(&p, "/me/password", "{\"old\":\"%s\",\"new\":\"новий пароль\"}", w.password).status, 204);
	assert_int_equal(get(&p, "/me").status, 200);
	expect_error(get(&elsewhere, "/me"), 401, "signed_out");
	struct person again = {0};
	expect_error(login(&again, w.email, w.password), 401, "credentials");
	assert_int_equal(login(&again, w.email, "новий пароль").status, 200);
}

static void test_disabled(void **state)
{
	struct person boss = admin(), ann = person("ann", "agent", NULL);
	char path[64];
	snprintf(path, sizeof path, "/users/%llu", (unsigned long long)ann.id);
	assert_int_equal(get(&ann, "/me").status, 200);
	assert_int_equal(patch(&boss, path, "{\"disabled\":true}").status, 200);
	expect_error(get(&ann, "/me"), 401, "signed_out");
	assert_int_equal(patch(&boss, path, "{\"disabled\":false}").status, 200);
	expect_error(get(&ann, "/me"), 401, "signed_out"); // that session is over for good
}

// A new sign-in leaves nothing behind in the same browser.
static void test_login_again(void **state)
{
	struct person p = admin(), old = p;
	assert_int_equal(login(&p, w.email, w.password).status, 200);
	expect_error(get(&old, "/me"), 401, "signed_out");
	assert_int_equal(get(&p, "/me").status, 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_login),       TEST(test_refusals_are_alike),
		TEST(test_bad_bodies),  TEST(test_paths_and_methods),
		TEST(test_signed_out),  TEST(test_csrf),
		TEST(test_other_sites), TEST(test_guessing),
		TEST(test_expiry),      TEST(test_password),
		TEST(test_disabled),    TEST(test_login_again),
	};
	fixture_begin(FIXTURE_SQLITE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
