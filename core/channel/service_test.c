// SPDX-License-Identifier: Apache-2.0
// Services against a small provider: HTTP with secrets, timers, storage, files, digests.
#include "world_test.h"

static struct world w;
static struct ended d;

static int setup(void **state)
{
	world_open(&w);
	world_inbox(&w, PROBE, "probe", 1, "{\"token\":\"tok \\\"12345\"}");
	return 0;
}

static int teardown(void **state)
{
	world_close(&w);
	buf_fini(&d.text);
	d = (struct ended){0};
	return 0;
}

// Calls a service and completes with its answer, or with its error.
static void call(const char *service, const char *doc)
{
	struct buf steps = {0};
	buf_printf(&steps,
		   "[{\"do\":\"call\",\"service\":\"%s\",\"doc\":%s,\"then\":[{\"do\":\"complete with answer\"}]}]",
		   service, doc);
	steps_run(&w, steps.p, &d);
	buf_fini(&steps);
}

static void fetch(const char *doc)
{
	struct buf with_port = {0};
	for (const char *p = doc; *p; p++)
		if (*p == '@')
			buf_printf(&with_port, "http://127.0.0.1:%d", http_server_port(w.provider));
		else
			buf_add_char(&with_port, *p);
	call("http.fetch", with_port.p);
	buf_fini(&with_port);
}

#define ANSWERED(class_, text) assert_true(has(&w.log, "answer " #class_ " " text))

static void fetches(void **state)
{
	w.provider_header = "7";
	fetch("{\"url\":\"@/a\",\"query\":{\"q\":\"x y&z\",\"n\":5},\"headers\":{\"X-A\":\"b\"}}");
	assert_true(has(&d.text, "{\"status\":200,\"headers\":{"));
	assert_true(has(&d.text, "\"retry-after\":\"7\""));
	assert_true(has(&d.text, "\"json\":{\"id\":\"p-1\"}"));
	assert_true(has(&w.requests, "GET /a?q=x%20y%26z&n=5"));
	assert_true(has(&w.requests, "[X-A: b]"));
	w.provider_body = "no json";
	fetch("{\"url\":\"@/a\"}");
	assert_true(has(&d.text, "\"text\":\"no json\""));
	fetch("{\"url\":\"@/a\",\"answer\":\"bytes\"}");
	assert_true(has(&d.text, "\"bytes\":{\"$b64\":\"bm8ganNvbg==\"}"));
	w.provider_status = 500;
	fetch("{\"url\":\"@/a\"}");
	assert_true(has(&d.text, "{\"status\":500"));
}

static void bodies(void **state)
{
	fetch("{\"method\":\"POST\",\"url\":\"@/j\",\"json\":{\"a\":[1,null,\"x\"]}}");
	assert_true(has(&w.requests, "[Content-Type: application/json]"));
	assert_true(has(&w.requests, " {\"a\":[1,null,\"x\"]}\n"));
	fetch("{\"method\":\"PUT\",\"url\":\"@/f\",\"form\":{\"a b\":\"c&d\",\"e\":\"\"}}");
	assert_true(has(&w.requests, " a%20b=c%26d&e=\n"));
	fetch("{\"method\":\"POST\",\"url\":\"@/t\",\"text\":\"plain\",\"headers\":{\"content-type\":\"text/x\"}}");
	assert_true(has(&w.requests, "[content-type: text/x]"));
	assert_true(has(&w.requests, " plain\n"));
	fetch("{\"method\":\"POST\",\"url\":\"@/"
	      "b\",\"bytes\":{\"$b64\":\"AAEC\"},\"basic\":{\"user\":\"u\",\"password\":\"p\"}}");
	assert_true(has(&w.requests, "[Authorization: Basic dTpw]"));
}

static void wrong_requests(void **state)
{
	static const char *const WRONG[] = {
		"{}",
		"{\"url\":\"ftp://x/\"}",
		"{\"url\":\"@/\",\"method\":\"GE T\"}",
		"{\"url\":\"@/\",\"headers\":{\"X A\":\"b\"}}",
		"{\"url\":\"@/\",\"headers\":{\"X-A\":\"b\\nc\"}}",
		"{\"url\":\"@/\",\"timeout_ms\":1}",
		"{\"url\":\"@/\",\"json\":{\"a\":{\"$secret\":\"token\"}}}",
		"{\"url\":\"@/\",\"json\":{\"a\":{\"$secret\":\"token@0123456789abcdef\"}}}",
		"{\"url\":{\"$join\":[\"@/\",{\"x\":1}]}}",
	};
	for (size_t i = 0; i < ARRAY_LEN(WRONG); i++) {
		buf_reset(&w.log);
		fetch(WRONG[i]);
		ANSWERED(7, "{\"text\":\"");
	}
	assert_int_equal(w.n_requests, 0);
}

static void private_addresses_are_guarded(void **state)
{
	call("http.fetch", "{\"url\":\"http://127.0.0.2:1/\"}");
	ANSWERED(12, "{\"text\":");
	buf_reset(&w.log);
	world_inbox(&w, PROBE, "probe", 2, "{\"net\":{\"allow_hosts\":[\"127.0.0.2\"]}}");
	struct ended mine = {0};
	steps_start(&w, 2,
		    "[{\"do\":\"call\",\"service\":\"http.fetch\",\"doc\":{\"url\":\"http://127.0.0.2:1/"
		    "\"},\"then\":[{\"do\":\"complete\"}]}]",
		    5000, &mine);
	assert_true(world_wait(&w, has_ended, &mine));
	ANSWERED(1, "{\"text\":"); /* allowed now, and certainly not sent */
	buf_fini(&mine.text);
}

static void silence_is_uncertain(void **state)
{
	w.provider_delay_ms = 400;
	fetch("{\"url\":\"@/slow\",\"method\":\"POST\",\"timeout_ms\":100}");
	ANSWERED(15, "{\"text\":");
}

static void cancelled_fetch(void **state)
{
	struct buf steps = {0};
	w.provider_delay_ms = 300;
	buf_printf(&steps,
		   "[{\"do\":\"call\",\"service\":\"http.fetch\",\"doc\":{\"url\":\"http://127.0.0.1:%d/"
		   "\"},\"then\":[{\"do\":\"complete\"}]},"
		   "{\"do\":\"cancel\"}]",
		   http_server_port(w.provider));
	steps_run(&w, steps.p, &d);
	assert_true(has(&w.log, "cancelled 0"));
	assert_true(has(&w.log, "answer 1 ") || has(&w.log, "answer 15 "));
	buf_fini(&steps);
}

static void secrets_reach_the_provider_only(void **state)
{
	char steps[300];
	snprintf(steps, sizeof steps, "[{\"do\":\"secret\",\"url\":\"http://127.0.0.1:%d/s\"},{\"do\":\"complete\"}]",
		 http_server_port(w.provider));
	steps_run(&w, steps, &d);
	wait_log(&w, "answer 0 {\"status\":200");
	assert_true(has(&w.requests, "[X-Join: Bearer tok \"12345]"));
	assert_true(has(&w.requests, " {\"inner\":\"tok \\\"12345\",\"plain\":\"x\"}\n"));
	assert_false(has(&w.log, "12345"));
	assert_true(has(&w.log, "\"token\":{\"$secret\":\"token@"));
}

static void answers_go_to_files(void **state)
{
	w.provider_body = "a picture";
	fetch("{\"url\":\"@/p\",\"answer\":\"media\",\"mime\":\"image/png\",\"name\":\"p.png\",\"owner\":\"t\"}");
	assert_true(has(&d.text, "\"media\":\"1\",\"size\":9"));
	assert_string_equal(fake_files[0].type, "image/png");
	assert_string_equal(fake_files[0].owner, "t");
	w.provider_status = 404;
	fetch("{\"url\":\"@/p\",\"answer\":\"media\"}");
	assert_true(has(&d.text, "\"status\":404"));
	assert_false(has(&d.text, "media"));
	assert_int_equal(n_fake_aborted, 1);
	w.provider_status = 200;
	fetch("{\"url\":\"@/p\",\"answer\":\"media\",\"max_bytes\":4}");
	ANSWERED(9, "{\"text\":");
	fake_media_fails = true;
	fetch("{\"url\":\"@/p\",\"answer\":\"media\"}");
	ANSWERED(1, "{\"text\":\"the answer could not be stored");
}

static void timers(void **state)
{
	call("timer.set", "{\"after_ms\":3}");
	ANSWERED(0, "-");
	call("timer.set", "{\"after_ms\":-1}");
	ANSWERED(7, "{\"text\":\"after_ms");
	steps_run(&w,
		  "[{\"do\":\"call\",\"service\":\"timer.set\",\"doc\":{\"after_ms\":100000},\"then\":[{\"do\":"
		  "\"complete\"}]},{\"do\":\"cancel\"}]",
		  &d);
	ANSWERED(1, "{\"text\":\"cancelled\"}");
}

static void storage(void **state)
{
	call("kv.get", "{\"key\":\"none\"}");
	assert_string_equal(d.text.p, " {}");
	steps_run(&w,
		  "[{\"do\":\"call\",\"service\":\"kv.put\",\"doc\":{\"key\":\"k\",\"value\":{\"a\":[1]}}},{\"do\":"
		  "\"complete\"}]",
		  &d);
	wait_log(&w, "answer 0 -"); /* put: answered when it is durable */
	call("kv.get", "{\"key\":\"k\"}");
	assert_string_equal(d.text.p, " {\"value\":{\"a\":[1]}}");
	steps_run(&w,
		  "[{\"do\":\"call\",\"service\":\"kv.put\",\"no_answer\":true,\"doc\":{\"key\":\"k\"}},{\"do\":"
		  "\"complete\"}]",
		  &d);
	call("kv.get", "{\"key\":\"k\"}");
	assert_string_equal(d.text.p, " {}");
	call("kv.get", "{}");
	ANSWERED(7, "{\"text\":\"key");
	/* put, and the cause fails: the answer says so */
	w.way = COMMIT_FAILS;
	w.commit_status = E_STORE;
	steps_run(
		&w,
		"[{\"do\":\"call\",\"service\":\"kv.put\",\"doc\":{\"key\":\"k\",\"value\":1}},{\"do\":\"complete\"}]",
		&d);
	assert_int_equal(d.status, E_STORE);
	wait_log(&w, "answer 1 {\"text\":\"its cause was not committed\"}");
}

static void files(void **state)
{
	call("media.put", "{\"bytes\":{\"$b64\":\"aGVsbG8=\"},\"name\":\"h.txt\",\"mime\":\"text/plain\"}");
	assert_string_equal(d.text.p, " {\"media\":\"1\",\"bytes\":5}");
	call("media.read", "{\"media\":\"1\",\"offset\":1,\"length\":3}");
	assert_string_equal(
		d.text.p,
		" {\"bytes\":{\"$b64\":\"ZWxs\"},\"offset\":1,\"size\":5,\"mime\":\"text/plain\",\"name\":\"h.txt\"}");
	call("media.read", "{\"media\":\"1\",\"offset\":9}");
	assert_true(has(&d.text, "\"$b64\":\"\""));
	call("media.read", "{\"media\":\"9\"}");
	ANSWERED(10, "{\"text\":");
	call("media.read", "{\"media\":\"1\",\"length\":1000000}");
	ANSWERED(7, "{\"text\":");
	call("media.put", "{}");
	ANSWERED(7, "{\"text\":\"bytes");
}

static void digests(void **state)
{
	/* RFC 4231, test case 2; RFC 2202 */
	call("crypto.hmac", "{\"key\":\"Jefe\",\"data\":\"what do ya want for nothing?\"}");
	assert_true(has(&d.text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
	call("crypto.hmac", "{\"algo\":\"sha1\",\"key\":{\"$b64\":\"SmVmZQ==\"},\"data\":\"what do ya want for "
			    "nothing?\",\"encoding\":\"base64\"}");
	assert_true(has(&d.text, "7/zfauXrL6LSdBbV8YTfnCWafHk="));
	call("crypto.hash", "{\"algo\":\"sha1\",\"data\":{\"$b64\":\"YWJj\"}}");
	assert_true(has(&d.text, "a9993e364706816aba3e25717850c26c9cd0d89d"));
	call("crypto.hash", "{\"algo\":\"md5\",\"data\":\"x\"}");
	ANSWERED(7, "{\"text\":\"algo");
	call("crypto.random", "{\"bytes\":3,\"encoding\":\"hex\"}");
	assert_int_equal(strlen(d.text.p), strlen(" {\"value\":\"aabbcc\"}"));
	call("crypto.random", "{\"bytes\":1000}");
	ANSWERED(7, "{\"text\":\"bytes");
}

static void calls_are_bounded(void **state)
{
	struct buf steps = {0};
	buf_add_char(&steps, '[');
	for (int i = 0; i < 2000; i++)
		buf_printf(&steps, "%s{\"do\":\"call\",\"service\":\"timer.set\",\"doc\":{\"after_ms\":9999999}}",
			   i ? "," : "");
	buf_add(&steps, STR(",{\"do\":\"complete\"}]"));
	for (int i = 0; i < 6; i++)
		steps_run(&w, steps.p, &d);
	assert_true(has(&w.log, "has 10000 calls open; timer.set is refused"));
	buf_fini(&steps);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(fetches),
		T(bodies),
		T(wrong_requests),
		T(private_addresses_are_guarded),
		T(silence_is_uncertain),
		T(cancelled_fetch),
		T(secrets_reach_the_provider_only),
		T(answers_go_to_files),
		T(timers),
		T(storage),
		T(files),
		T(digests),
		T(calls_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
