// SPDX-License-Identifier: Apache-2.0
// Webhooks on real sockets: verification, batches, limits, and answers that wait for the commit. And the echo channel.
#include "digest.h"
#include "world_test.h"
#include <arpa/inet.h>
#include <sys/socket.h>

#define ECHO PLUGINS "/echo.so"

static struct world w;
static struct reply r;

static int setup(void **state)
{
	world_open(&w);
	struct buf config = {0};
	buf_printf(&config,
		   "{\"verify\":{\"token\":\"tok-12345\"},\"send_url\":\"http://127.0.0.1:%d/send\",\"timeout\":2,"
		   "\"net\":{\"allow_hosts\":[\"127.0.0.1\"]}}",
		   http_server_port(w.provider));
	world_inbox(&w, ECHO, "echo", 7, config.p);
	buf_fini(&config);
	return 0;
}

static int teardown(void **state)
{
	world_close(&w);
	reply_fini(&r);
	return 0;
}

#define TOKEN "X-Echo-Token: tok-12345"
#define ONE "{\"id\":\"1\",\"from\":\"ann\",\"name\":\"Ann\",\"text\":\"h\\u00e9llo\"}"

static void takes_a_message(void **state)
{
	assert_int_equal(request(&w, "POST", "/hooks/7", TOKEN, ONE, &r), 200);
	assert_string_equal(
		w.commits.p,
		"inbox=7 "
		"message.in={\"key\":\"1\",\"external_id\":\"1\",\"thread\":{\"external\":\"ann\",\"kind\":\"direct\"},"
		"\"sender\":{\"kind\":\"echo\",\"scope\":\"inbox\",\"address\":\"ann\",\"name\":\"Ann\",\"proof\":"
		"\"channel\"},"
		"\"parts\":[{\"type\":\"text\",\"text\":\"h\u00e9llo\"}]}\n");
}

static void takes_a_batch_as_one_commit(void **state)
{
	const char *body = "{\"messages\":[{\"id\":\"1\",\"from\":\"a\",\"text\":\"x\"},{\"id\":\"2\",\"from\":\"b\","
			   "\"text\":\"y\","
			   "\"thread\":\"t9\",\"at\":1700000000000}],\"receipts\":[{\"id\":\"p-1\",\"state\":\"read\"},"
			   "{\"key\":\"beseda-42\",\"state\":\"delivered\"},{\"id\":\"p\",\"state\":\"tomorrow\"}]}";
	assert_int_equal(request(&w, "POST", "/hooks/7", TOKEN, body, &r), 200);
	assert_int_equal(w.n_commits, 1);
	assert_int_equal(count_of(&w.commits, "message.in="), 2);
	assert_true(has(&w.commits, "receipt.read={\"external_id\":\"p-1\"}"));
	assert_true(has(&w.commits, "receipt.delivered={\"message\":\"42\"}"));
	assert_true(has(&w.commits, "\"sent_at\":1700000000000"));
}

static void wrong_proofs_get_one_answer(void **state)
{
	static const char *const HEADERS[] = {NULL, "X-Echo-Token: tok-12346", "X-Echo-Token: tok-1234",
					      "X-Echo-Token: ", "X-Echo-Signature: sha256=00"};
	for (size_t i = 0; i < ARRAY_LEN(HEADERS); i++) {
		assert_int_equal(request(&w, "POST", "/hooks/7", HEADERS[i], ONE, &r), 401);
		assert_string_equal(r.body.p, "not verified\n");
	}
	assert_int_equal(w.n_commits, 0);
	/* not even parsed */
	assert_int_equal(request(&w, "POST", "/hooks/7", NULL, "{", &r), 401);
}

static void routes_are_strict(void **state)
{
	assert_int_equal(request(&w, "POST", "/hooks/8", TOKEN, ONE, &r), 404);
	assert_int_equal(request(&w, "POST", "/hooks/x", TOKEN, ONE, &r), 404);
	assert_int_equal(request(&w, "POST", "/hooks/", TOKEN, ONE, &r), 404);
	assert_int_equal(request(&w, "GET", "/hooks/7", TOKEN, NULL, &r), 405);
	assert_int_equal(request(&w, "POST", "/hooks/7/more", TOKEN, ONE, &r), 200);
}

static void bad_json_is_refused(void **state)
{
	assert_int_equal(request(&w, "POST", "/hooks/7", TOKEN, "{\"id\":", &r), 400);
	assert_int_equal(request(&w, "POST", "/hooks/7", TOKEN, "{\"id\":\"\xff\"}", &r), 400);
	assert_int_equal(w.n_commits, 0);
}

static void the_plugin_says_what_is_wrong(void **state)
{
	assert_int_equal(request(&w, "POST", "/hooks/7", TOKEN, "{\"text\":\"x\"}", &r), 400);
	assert_true(has(&r.body, "expected a message with \"from\""));
	assert_int_equal(w.n_commits, 0);
}

static void empty_batch_is_fine(void **state)
{
	assert_int_equal(request(&w, "POST", "/hooks/7", TOKEN, "{\"messages\":[]}", &r), 200);
	assert_int_equal(w.n_commits, 0);
}

static void oversized_is_refused(void **state)
{
	struct buf body = {0};
	memset(buf_reserve(&body, (1 << 20) + 1), ' ', (1 << 20) + 1);
	body.n = (1 << 20) + 1;
	r.n = 0;
	request_start(&w, "POST", "/hooks/7", TOKEN, buf_str(&body), &r);
	assert_true(world_wait(&w, has_reply, &r));
	assert_true(r.status == 413 || r.code); /* the answer may overtake the body */
	assert_int_equal(w.n_commits, 0);
	buf_fini(&body);
}

static void refused_commit_is_503(void **state)
{
	static const int STATUSES[] = {E_BUSY, E_STORE};
	for (size_t i = 0; i < ARRAY_LEN(STATUSES); i++) {
		w.way = COMMIT_FAILS;
		w.commit_status = STATUSES[i];
		assert_int_equal(request(&w, "POST", "/hooks/7", TOKEN, ONE, &r), 503);
		assert_true(has(&r.headers, "etry-") && has(&r.headers, "fter: 5"));
	}
}

/* An error would make the provider send it again for days, and the good ones with it. */
static void what_does_not_fit_is_parked_and_answered(void **state)
{
	struct buf body = {0};
	buf_printf(&body, "{\"id\":\"1\",\"from\":\"%0600d\",\"text\":\"x\"}", 7);
	assert_int_equal(request(&w, "POST", "/hooks/7", TOKEN, body.p, &r), 200);
	assert_int_equal(w.n_commits, 1);
	assert_true(has(&w.commits, " wrong: message.in: thread.external: has 600 bytes"));
	buf_fini(&body);
}

static void answers_only_when_durable(void **state)
{
	w.way = COMMIT_HELD;
	r.n = 0;
	request_start(&w, "POST", "/hooks/7", TOKEN, STR(ONE), &r);
	world_turns(&w, 60);
	assert_int_equal(w.n_held, 1);
	assert_int_equal(r.n, 0);
	release_commits(&w, 0);
	assert_true(world_wait(&w, has_reply, &r));
	assert_int_equal(r.status, 200);
}

static void client_may_leave_before_the_answer(void **state)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(w.server))};
	inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
	w.way = COMMIT_HELD;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	struct buf text = {0};
	buf_printf(&text, "POST /hooks/7 HTTP/1.1\r\nHost: x\r\n%s\r\nContent-Length: %zu\r\n\r\n%s", TOKEN,
		   strlen(ONE), ONE);
	assert_true(write(fd, text.p, text.n) == (ssize_t)text.n);
	buf_fini(&text);
	while (!w.n_held)
		world_turns(&w, 2);
	close(fd);
	world_turns(&w, 20);
	release_commits(&w, 0);
	world_turns(&w, 20);
	assert_int_equal(w.n_commits, 1);
}

// ---- the probe's recipes and answers ----------------------------------------------------------------------------

static void probe_open(const char *config) { world_inbox(&w, PROBE, "probe", 9, config); }

static void plugin_gives_the_answer(void **state)
{
	probe_open("{}");
	const char *body = "{\"steps\":[{\"do\":\"complete\",\"doc\":{\"status\":202,\"headers\":{\"X-A\":\"b\","
			   "\"Content-Length\":\"9\","
			   "\"X-Bad\":\"a\\nb\"},\"type\":\"text/x-y\",\"body\":\"done\"}}]}";
	assert_int_equal(request(&w, "PUT", "/hooks/9/a/b?x=1&y=%41", "X-Kind: k\nX-Other: o", body, &r), 202);
	assert_string_equal(r.body.p, "done");
	assert_true(has(&r.headers, "X-A: b") || has(&r.headers, "x-a: b"));
	assert_false(has(&r.headers, "X-Bad"));
	assert_true(has(&w.log, "\"method\":\"PUT\",\"path\":\"/a/"
				"b\",\"query\":{\"x\":\"1\",\"y\":\"A\"},\"headers\":{\"x-kind\":\"k\"}"));
	body = "{\"steps\":[{\"do\":\"complete\",\"doc\":{\"body\":{\"ok\":true}}}]}";
	assert_int_equal(request(&w, "POST", "/hooks/9", NULL, body, &r), 200);
	assert_string_equal(r.body.p, "{\"ok\":true}");
	assert_true(has(&r.headers, "application/json"));
}

static void classes_become_statuses(void **state)
{
	static const struct {
		int class_, status;
	} ROWS[] = {{1, 503}, {2, 503}, {3, 401}, {7, 400}, {9, 413}, {12, 403}, {16, 500}, {99, 500}};
	probe_open("{}");
	for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
		char body[128];
		snprintf(body, sizeof body,
			 "{\"steps\":[{\"do\":\"complete\",\"class\":%d,\"doc\":{\"retry_after_ms\":1500}}]}",
			 ROWS[i].class_);
		assert_int_equal(request(&w, "POST", "/hooks/9", NULL, body, &r), ROWS[i].status);
		if (ROWS[i].status == 503) assert_true(has(&r.headers, "fter: 2"));
	}
}

static void slow_plugin_is_504(void **state)
{
	probe_open("{}");
	assert_int_equal(request(&w, "POST", "/hooks/9", NULL, "{\"steps\":[{\"do\":\"hold\"}]}", &r), 504);
	wait_log(&w, "op cancelled 1");
}

static void first_recipe_with_a_secret_decides(void **state)
{
	probe_open("{\"password\":\"pass-word\"}");
	assert_int_equal(request(&w, "POST", "/hooks/9", NULL, "{}", &r), 401);
	assert_int_equal(request(&w, "POST", "/hooks/9", "Authorization: Basic aG9vazpwYXNzLXdvcmQ=", "{}", &r), 200);
	assert_false(has(&w.log, "aG9vazpwYXNz"));
	assert_int_equal(request(&w, "POST", "/hooks/9", "Authorization: Basic aG9vazpwYXNzLXdvcmU=", "{}", &r), 401);
	assert_int_equal(request(&w, "POST", "/hooks/9", "Authorization: Basic ***", "{}", &r), 401);
}

static void token_in_the_query_is_hidden(void **state)
{
	probe_open("{\"token\":\"tok-secret\"}");
	assert_int_equal(request(&w, "POST", "/hooks/9?key=tok-secret&a=b", NULL, "{}", &r), 200);
	assert_int_equal(request(&w, "POST", "/hooks/9?key=tok-secre", NULL, "{}", &r), 401);
	assert_true(has(&w.log, "\"query\":{\"a\":\"b\"}"));
	assert_false(has(&w.log, "tok-secret"));
}

static int signed_request(const char *time, const char *body, const char *spoil)
{
	struct buf text = {0}, headers = {0}, sig = {0};
	unsigned char mac[DIGEST_MAX];
	buf_printf(&text, "v0:%s:%s", time, body);
	size_t n = digest_hmac(STR("sha1"), STR("hmac-key-1"), buf_str(&text), mac);
	base64_encode(&sig, (struct str){(char *)mac, n});
	buf_printf(&headers, "X-Time: %s\nX-Sig: %s%s", time, sig.p, spoil);
	int status = request(&w, "POST", "/hooks/9", headers.p, body, &r);
	buf_fini(&text);
	buf_fini(&headers);
	buf_fini(&sig);
	return status;
}

static void signature_over_time_and_body(void **state)
{
	char now[32], old[32];
	probe_open("{\"hmac\":\"hmac-key-1\",\"password\":\"unused-x\"}");
	snprintf(now, sizeof now, "%lld", (long long)(clock_now_ms() / 1000));
	snprintf(old, sizeof old, "%lld", (long long)(clock_now_ms() / 1000 - 61));
	assert_int_equal(signed_request(now, "{\"a\":1}", ""), 200);
	assert_int_equal(signed_request(now, "{\"a\":1}", "AAAA"), 401);
	assert_int_equal(signed_request(old, "{\"a\":1}", ""), 401);
	assert_int_equal(signed_request("12x", "{\"a\":1}", ""), 401);
}

// ---- sending through echo ---------------------------------------------------------------------------------------

struct sent {
	int n;
	enum channel_outcome outcome;
	enum channel_class class_;
	int64_t retry_after_ms;
	struct buf text;
};

static void sent_noted(const struct channel_sent *s, void *arg)
{
	struct sent *t = arg;
	t->n++;
	t->outcome = s->outcome;
	t->class_ = s->class_;
	t->retry_after_ms = s->retry_after_ms;
	buf_reset(&t->text);
	buf_printf(&t->text, "%.*s ", STR_ARG(s->text));
	if (s->external_ids) json_write(&t->text, s->external_ids);
}

static bool has_sent(struct world *wd, void *arg) { return ((struct sent *)arg)->n > 0; }

static void send_message(uint64_t inbox, int64_t deadline_ms, struct sent *s)
{
	struct arena *a = arena_new(0);
	const struct json *doc;
	const char *text = "{\"message\":\"42\",\"thread\":{\"external\":\"t1\"},\"recipient\":{\"address\":\"ann\"},"
			   "\"parts\":[{\"type\":\"text\",\"text\":\"one\"},{\"type\":\"x\",\"fallback\":\"two\"}]}";
	assert_int_equal(json_parse(a, str_of(text), &JSON_OURS, &doc, NULL), 0);
	const struct channel_send send = {
		.inbox = inbox, .message = 42, .attempt = 1, .deadline_ms = deadline_ms, .doc = doc};
	s->n = 0;
	channels_send(w.c, &send, sent_noted, s);
	arena_free(&a);
	assert_int_equal(s->n, 0);
	assert_true(world_wait(&w, has_sent, s));
}

static void sends_and_is_accepted(void **state)
{
	struct sent s = {0};
	send_message(7, 5000, &s);
	assert_int_equal(s.outcome, CHANNEL_ACCEPTED);
	assert_string_equal(s.text.p, " [\"p-1\"]");
	assert_true(has(&w.requests, "POST /send?"));
	assert_true(has(&w.requests, "[Idempotency-Key: beseda-42]"));
	assert_true(has(&w.requests, "[X-Echo-Token: tok-12345]"));
	assert_true(
		has(&w.requests, "{\"to\":\"ann\",\"thread\":\"t1\",\"text\":\"one\\ntwo\",\"key\":\"beseda-42\"}"));
	assert_false(has(&w.log, "tok-12345"));
	buf_fini(&s.text);
}

static void refusals_become_classes(void **state)
{
	static const struct {
		int status, class_;
	} ROWS[] = {{401, CHANNEL_AUTH},
		    {404, CHANNEL_RECIPIENT_UNKNOWN},
		    {429, CHANNEL_THROTTLED},
		    {503, CHANNEL_PROVIDER_DOWN},
		    {400, CHANNEL_INVALID}};
	struct sent s = {0};
	w.provider_header = "3";
	for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
		w.provider_status = ROWS[i].status;
		send_message(7, 5000, &s);
		assert_int_equal(s.outcome, CHANNEL_FAILED);
		assert_int_equal(s.class_, ROWS[i].class_);
		assert_int_equal(s.retry_after_ms, 3000);
	}
	buf_fini(&s.text);
}

static void silence_is_unknown(void **state)
{
	struct sent s = {0};
	w.provider_delay_ms = 300;
	send_message(7, 50, &s);
	assert_int_equal(s.outcome, CHANNEL_UNKNOWN);
	assert_int_equal(s.class_, CHANNEL_UNCERTAIN);
	buf_fini(&s.text);
}

static void nobody_listening_is_transient(void **state)
{
	struct sent s = {0};
	world_inbox(&w, ECHO, "echo", 8, "{\"send_url\":\"http://127.0.0.1:1/\",\"timeout\":2}");
	send_message(8, 5000, &s);
	assert_int_equal(s.outcome, CHANNEL_FAILED);
	assert_int_equal(s.class_, CHANNEL_TRANSIENT);
	/* and without an address, or an inbox */
	world_inbox(&w, ECHO, "echo", 10, "{}");
	send_message(10, 5000, &s);
	assert_int_equal(s.class_, CHANNEL_CONFIG);
	send_message(11, 5000, &s);
	assert_int_equal(s.class_, CHANNEL_CONFIG);
	buf_fini(&s.text);
}

static void no_recipe_counts_nothing_gets_in(void **state)
{
	world_inbox(&w, ECHO, "echo", 12, "{}");
	assert_int_equal(request(&w, "POST", "/hooks/12", TOKEN, ONE, &r), 401);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(takes_a_message),
		T(takes_a_batch_as_one_commit),
		T(wrong_proofs_get_one_answer),
		T(routes_are_strict),
		T(bad_json_is_refused),
		T(the_plugin_says_what_is_wrong),
		T(empty_batch_is_fine),
		T(oversized_is_refused),
		T(refused_commit_is_503),
		T(what_does_not_fit_is_parked_and_answered),
		T(answers_only_when_durable),
		T(client_may_leave_before_the_answer),
		T(plugin_gives_the_answer),
		T(classes_become_statuses),
		T(slow_plugin_is_504),
		T(first_recipe_with_a_secret_decides),
		T(token_in_the_query_is_hidden),
		T(signature_over_time_and_body),
		T(sends_and_is_accepted),
		T(refusals_become_classes),
		T(silence_is_unknown),
		T(nobody_listening_is_transient),
		T(no_recipe_counts_nothing_gets_in),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
