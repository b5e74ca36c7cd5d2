// SPDX-License-Identifier: Apache-2.0
// The live endpoint on WebSockets: hello, frames, acks after commits, replay against pushes, limits.
#include "live_world_test.h"

static struct world w;
static struct visitor v, v2;

static int setup(void **state)
{
	live_world_open(&w,
			"{\"title\":\"Hi\",\"greeting\":{\"en\":\"Hello\"},\"net\":{\"allow_hosts\":[\"10.0.0.1\"]}}");
	return 0;
}

static int setup_origins(void **state)
{
	live_world_open(&w, "{\"origins\":[\"https://shop.example\",\"https://*.shop.example\"]}");
	return 0;
}

static int teardown(void **state)
{
	world_close(&w);
	return 0;
}

static void hello(struct visitor *who, const char *more)
{
	char text[600];
	snprintf(text, sizeof text, "{\"type\":\"hello\",\"language\":\"uk\"%s}", more);
	visitor_connect(&w, who, "");
	visitor_send(who, text);
	visitor_expect(&w, who, "\"type\":\"welcome\"", 1);
}

#define SAY(key) "{\"type\":\"message\",\"key\":\"" key "\",\"parts\":[{\"type\":\"text\",\"text\":\"hi\"}]}"

static void welcomes_and_knows_again(void **state)
{
	char token[300], thread[300], again[300];
	hello(&v, ",\"page\":{\"url\":\"https://x\"},\"cursor\":null,\"token\":null");
	member_of(&v.frames, "token", token, sizeof token);
	member_of(&v.frames, "thread", thread, sizeof thread);
	assert_true(strlen(thread) >= 20);
	assert_true(has(&v.frames, "\"settings\":{\"title\":\"Hi\",\"greeting\":{\"en\":\"Hello\"},\"color\":\"#"
				   "2563eb\",\"position\":\"right\"}"));
	assert_true(has(&v.frames, "\"language\":\"uk\""));
	char more[400];
	snprintf(more, sizeof more, ",\"token\":\"%s\"", token);
	hello(&v2, more);
	member_of(&v2.frames, "thread", again, sizeof again);
	assert_string_equal(thread, again);
	struct channel_stats stats;
	channels_stats(w.c, &stats);
	assert_int_equal(stats.live_sockets, 2);
	assert_true(channels_live_is_watched(w.c, INBOX, str_of(thread)));
	visitor_close(&v);
	visitor_close(&v2);
}

static void forged_token_is_a_stranger(void **state)
{
	char token[300], thread[300], again[300], more[400];
	hello(&v, "");
	member_of(&v.frames, "token", token, sizeof token);
	member_of(&v.frames, "thread", thread, sizeof thread);
	token[strlen(token) - 2] ^= 1;
	snprintf(more, sizeof more, ",\"token\":\"%s\"", token);
	hello(&v2, more);
	member_of(&v2.frames, "thread", again, sizeof again);
	assert_string_not_equal(thread, again);
	visitor_close(&v);
	visitor_close(&v2);
}

static void foreign_sites_are_refused(void **state)
{
	visitor_connect(&w, &v, "Origin: https://evil.example\r\n");
	visitor_expect(&w, &v, "{\"type\":\"refused\",\"reason\":\"origin\"", 1);
	visitor_expect(&w, &v, NULL, 1);
	assert_int_equal(v.close_code, 4403);
	visitor_close(&v);
	static const char *const FINE[] = {"Origin: https://shop.example\r\n", "Origin: https://a.shop.example\r\n",
					   ""};
	static const char *const BAD[] = {"Origin: https://evilshop.example\r\n", "Origin: https://.shop.example\r\n",
					  "Origin: http://shop.example\r\n", "Origin: null\r\n"};
	for (size_t i = 0; i < ARRAY_LEN(FINE); i++) {
		visitor_connect(&w, &v, FINE[i]);
		visitor_send(&v, "{\"type\":\"hello\"}");
		visitor_expect(&w, &v, "welcome", 1);
		visitor_close(&v);
	}
	for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
		visitor_connect(&w, &v, BAD[i]);
		visitor_expect(&w, &v, "refused", 1);
		visitor_close(&v);
	}
}

static void acks_only_when_durable(void **state)
{
	hello(&v, "");
	w.way = COMMIT_HELD;
	visitor_send(&v, SAY("key-00001"));
	while (!w.n_held)
		world_turns(&w, 2);
	visitor_send(&v, "{\"type\":\"ping\"}");
	visitor_expect(&w, &v, "pong", 1);
	assert_false(has(&v.frames, "ack"));
	release_commits(&w, 0);
	visitor_expect(&w, &v, "{\"type\":\"ack\",\"key\":\"key-00001\"}", 1);
	assert_true(has(&w.commits, "message.in={\"thread\":{\"external\":\""));
	assert_true(has(&w.commits, "\"kind\":\"visitor\",\"scope\":\"inbox\""));
	assert_true(has(&w.commits, "\"proof\":\"channel\",\"language\":\"uk\"},\"key\":\"key-00001\",\"parts\":[{"
				    "\"type\":\"text\",\"text\":\"hi\"}]"));
	/* sent again: acked again; that it counts once is the store's matter */
	visitor_send(&v, SAY("key-00001"));
	visitor_expect(&w, &v, "{\"type\":\"ack\",\"key\":\"key-00001\"}", 2);
	visitor_close(&v);
}

static void refused_commits_are_errors(void **state)
{
	hello(&v, "");
	w.way = COMMIT_FAILS;
	w.commit_status = E_BUSY;
	visitor_send(&v, SAY("key-00001"));
	visitor_expect(&w, &v, "{\"type\":\"error\",\"key\":\"key-00001\",\"code\":\"busy\"", 1);
	assert_true(has(&v.frames, "\"retry_ms\":2000"));
	w.commit_status = E_STORE;
	visitor_send(&v, SAY("key-00002"));
	visitor_expect(&w, &v, "{\"type\":\"error\",\"key\":\"key-00002\",\"code\":\"unavailable\"", 1);
	w.commit_status = E_INVALID;
	visitor_send(&v, SAY("key-00003"));
	visitor_expect(&w, &v, "{\"type\":\"error\",\"key\":\"key-00003\",\"code\":\"invalid\"", 1);
	visitor_close(&v);
}

static void wrong_frames_are_errors(void **state)
{
	static const char *const WRONG[] = {
		"{\"type\":\"message\",\"key\":\"short\",\"parts\":[{\"type\":\"text\",\"text\":\"x\"}]}",
		"{\"type\":\"message\",\"key\":\"key-00001\",\"parts\":[]}",
		"{\"type\":\"message\",\"key\":\"key-00001\",\"parts\":[{\"type\":\"text\",\"text\":\"  \"}]}",
		"{\"type\":\"message\",\"key\":\"key-00001\",\"parts\":[{\"type\":\"media\",\"file\":\"x\"}]}",
		"{\"type\":\"message\",\"key\":\"key-00001\",\"parts\":[{\"type\":\"html\"}]}",
		"{\"type\":\"tomorrow\"}",
		"{\"type\":\"hello\"}",
		"[]",
		"{",
		"7",
		"{\"type\":7}",
	};
	hello(&v, "");
	for (size_t i = 0; i < ARRAY_LEN(WRONG); i++) {
		visitor_send(&v, WRONG[i]);
		visitor_expect(&w, &v, "\"code\":\"invalid\"", (int)i + 1);
	}
	assert_int_equal(w.n_commits, 0);
	visitor_close(&v);
}

static void nothing_before_hello(void **state)
{
	visitor_connect(&w, &v, "");
	visitor_send(&v, SAY("key-00001"));
	visitor_expect(&w, &v, NULL, 1);
	assert_int_equal(v.close_code, 1008);
	visitor_close(&v);
}

static void frames_have_a_rate(void **state)
{
	hello(&v, "");
	for (int i = 0; i < 25; i++)
		visitor_send(&v, "{\"type\":\"ping\"}");
	visitor_expect(&w, &v, "\"code\":\"rate\"", 4);
	assert_in_range(count_of(&v.frames, "pong"), 20, 21);
	for (int i = 0; i < 120; i++)
		visitor_send(&v, "{\"type\":\"ping\"}");
	visitor_expect(&w, &v, NULL, 1);
	assert_int_equal(v.close_code, 1008);
	visitor_close(&v);
}

static void typing_is_a_signal(void **state)
{
	hello(&v, "");
	for (int i = 0; i < 5; i++)
		visitor_send(&v, "{\"type\":\"typing\"}");
	visitor_send(&v, "{\"type\":\"ping\"}");
	visitor_expect(&w, &v, "pong", 1);
	wait_text(&w, &w.signals, "3 typing {\"thread\":", 1);
	world_turns(&w, 5);
	assert_int_equal(count_of(&w.signals, "typing {"), 1);
	assert_int_equal(w.n_commits, 0);
	visitor_close(&v);
}

// ---- replay against pushes --------------------------------------------------------------------------------------

static void expect_in_order(struct visitor *who, size_t n)
{
	const char *at = who->frames.p;
	for (size_t i = 0; i < n; i++) {
		char what[40];
		snprintf(what, sizeof what, "\"cursor\":\"c%zu\",\"id\"", i + 1);
		const char *found = strstr(at, what);
		if (!found) fail_msg("no %s in order in\n%s", what, who->frames.p);
		at = found + 1;
	}
	assert_int_equal(count_of(&who->frames, "\"id\":"), n);
}

static void replays_in_pages(void **state)
{
	live.n = 45;
	hello(&v, "");
	visitor_expect(&w, &v, "\"cursor\":\"c45\",\"id\"", 1);
	expect_in_order(&v, 45);
	assert_int_equal(live.n_replays, 3);
	hello(&v2, ",\"cursor\":\"c44\"");
	visitor_expect(&w, &v2, "\"cursor\":\"c45\",\"id\"", 1);
	assert_int_equal(count_of(&v2.frames, "\"id\":"), 1);
	visitor_close(&v);
	visitor_close(&v2);
}

static void pushes_meanwhile_come_once_and_in_order(void **state)
{
	live.n = 3;
	live.page = 2;
	live.is_held = true;
	hello(&v, "");
	while (!live.n_asked)
		world_turns(&w, 1);
	const char *t = live.thread;
	push_frame(&w, t, 2);          /* in the store, its push is late */
	assert_true(replay_release()); /* c1 c2 */
	live.n = 5;
	push_frame(&w, t, 3);
	push_frame(&w, t, 4);
	live.n = 4;                    /* the second page was read before c5 was there */
	assert_true(replay_release()); /* c3 c4 */
	live.n = 5;
	push_frame(&w, t, 3); /* a push that comes again changes nothing */
	visitor_expect(&w, &v, "\"cursor\":\"c5\",\"id\"", 1);
	live.n = 6;
	push_frame(&w, t, 5);
	visitor_expect(&w, &v, "\"cursor\":\"c6\",\"id\"", 1);
	expect_in_order(&v, 6);
	visitor_close(&v);
}

static void files_come_with_an_address(void **state)
{
	live.file = 7;
	live.n = 1;
	hello(&v, "");
	visitor_expect(&w, &v, "\"file\":\"7\",\"name\":\"a\",\"url\":\"https://desk.example/live/3/file/7?t=", 1);
	push_frame(&w, live.thread, 1);
	visitor_expect(&w, &v, "\"file\":\"7\",\"name\":\"a\",\"url\":\"https://desk.example/live/3/file/7?t=", 2);
	visitor_close(&v);
}

static unsigned seed = 1;
static unsigned dice(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

// Commits, pushes that lag behind them and pages in any order: each frame comes once, in order.
static void any_interleaving_is_seamless(void **state)
{
	for (unsigned round = 0; round < 60; round++) {
		seed = round + 1;
		live.page = 1 + dice(4);
		live.n = dice(10);
		live.is_held = true;
		size_t pushed = live.n > 3 ? live.n - dice(3) : live.n;
		hello(&v, "");
		while (!live.n_asked)
			world_turns(&w, 1);
		char thread[256];
		memcpy(thread, live.thread, sizeof thread);
		for (int step = 0; step < 40; step++) {
			unsigned what = dice(4);
			if (what == 0 && live.n < 30)
				live.n++;
			else if (what == 1 && pushed < live.n)
				push_frame(&w, thread, pushed++);
			else if (what == 2)
				replay_release();
			else
				world_turns(&w, 1);
		}
		while (replay_release())
			;
		while (pushed < live.n)
			push_frame(&w, thread, pushed++);
		char last[40];
		snprintf(last, sizeof last, "\"cursor\":\"c%zu\",\"id\"", live.n);
		if (live.n) visitor_expect(&w, &v, last, 1);
		world_turns(&w, 3);
		visitor_read(&v);
		expect_in_order(&v, live.n);
		visitor_close(&v);
		live.is_held = false;
		world_turns(&w, 3);
	}
}

static void useless_cursor_is_reset(void **state)
{
	visitor_connect(&w, &v, "");
	visitor_send(&v, "{\"type\":\"hello\",\"cursor\":\"nonsense\"}");
	visitor_expect(&w, &v, "{\"type\":\"reset\"}", 1);
	visitor_expect(&w, &v, NULL, 1);
	visitor_close(&v);
	live.status = E_STORE;
	visitor_connect(&w, &v, "");
	visitor_send(&v, "{\"type\":\"hello\"}");
	visitor_expect(&w, &v, "\"code\":\"unavailable\"", 1);
	visitor_expect(&w, &v, NULL, 1);
	visitor_close(&v);
}

static void leaving_in_the_middle_is_harmless(void **state)
{
	live.n = 3;
	live.is_held = true;
	hello(&v, "");
	while (!live.n_asked)
		world_turns(&w, 1);
	visitor_close(&v);
	world_turns(&w, 5);
	push_frame(&w, live.thread, 2);
	assert_true(replay_release());
	live.is_held = false;
	/* and in the middle of a commit */
	hello(&v, "");
	w.way = COMMIT_HELD;
	visitor_send(&v, SAY("key-00001"));
	while (!w.n_held)
		world_turns(&w, 1);
	visitor_close(&v);
	world_turns(&w, 5);
	release_commits(&w, 0);
	world_turns(&w, 5);
	struct channel_stats stats;
	channels_stats(w.c, &stats);
	assert_int_equal(stats.live_sockets, 0);
}

static void probe_visitor(struct visitor *who, const char *me)
{
	char text[300], path[] = "/live/4/ws";
	struct buf b = {0};
	*who = (struct visitor){.fd = connect_to(&w)};
	buf_printf(&b,
		   "GET %s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
		   path);
	assert_true(write(who->fd, b.p, b.n) == (ssize_t)b.n);
	buf_fini(&b);
	snprintf(text, sizeof text, "{\"type\":\"hello\",\"me\":%s}", me);
	visitor_send(who, text);
}

// The clock stands still and is moved by hand.
static void gone_visitors_are_told(void **state)
{
	world_inbox(&w, TEST_PLUGINS "/probe_inbox.so", "probe_inbox", 4, "{}");
	clock_fake(1800000000000, clock_mono_ms());
	probe_visitor(&v, "{\"address\":\"ann\",\"name\":\"Ann\"}");
	visitor_expect(&w, &v, "\"thread\":\"ann\"", 1);
	visitor_close(&v);
	while (channels_live_is_watched(w.c, 4, STR("ann")))
		world_turns(&w, 1);
	clock_advance(29000);
	loop_clock_moved(w.loop);
	world_turns(&w, 5);
	assert_false(has(&w.log, "live.gone"));
	/* back in time: nothing has happened */
	probe_visitor(&v, "{\"address\":\"ann\"}");
	visitor_expect(&w, &v, "\"thread\":\"ann\"", 1);
	clock_advance(60000);
	loop_clock_moved(w.loop);
	world_turns(&w, 5);
	assert_false(has(&w.log, "live.gone"));
	visitor_close(&v);
	while (channels_live_is_watched(w.c, 4, STR("ann")))
		world_turns(&w, 1);
	clock_advance(30000);
	loop_clock_moved(w.loop);
	wait_log(&w, "live.gone 1 {\"thread\":\"ann\",\"address\":\"ann\"}");
	clock_real();
}

static void plugins_may_refuse(void **state)
{
	world_inbox(&w, TEST_PLUGINS "/probe_inbox.so", "probe_inbox", 4, "{}");
	probe_visitor(&v, "{\"refuse\":\"not today\"}");
	visitor_expect(&w, &v, "{\"type\":\"refused\",\"reason\":\"closed\",\"text\":\"not today\"}", 1);
	visitor_expect(&w, &v, NULL, 1);
	visitor_close(&v);
	probe_visitor(&v, "{\"address\":\"\"}");
	visitor_expect(&w, &v, "\"reason\":\"closed\"", 1);
	wait_log(&w, "without an address of 1 to 200 bytes");
	visitor_close(&v);
}

static void closing_tells_visitors(void **state)
{
	live.is_held = true;
	live.n = 1;
	hello(&v, "");
	while (!live.n_asked)
		world_turns(&w, 1);
	channels_close_inbox(w.c, INBOX);
	visitor_expect(&w, &v, NULL, 1);
	assert_int_equal(v.close_code, 1012);
	visitor_close(&v);
	assert_true(replay_release());
}

static void sends_are_accepted_at_once(void **state);
struct sent {
	int n;
	enum channel_outcome outcome;
};
static void sent_noted(const struct channel_sent *s, void *arg)
{
	struct sent *t = arg;
	t->n++;
	t->outcome = s->outcome;
}
static bool has_sent(struct world *wd, void *arg) { return ((struct sent *)arg)->n > 0; }
static void sends_are_accepted_at_once(void **state)
{
	struct sent s = {0};
	const struct channel_send send = {.inbox = INBOX, .message = 1, .attempt = 1, .deadline_ms = 1000};
	channels_send(w.c, &send, sent_noted, &s);
	assert_int_equal(s.n, 0);
	assert_true(world_wait(&w, has_sent, &s));
	assert_int_equal(s.outcome, CHANNEL_ACCEPTED);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(welcomes_and_knows_again),
		T(forged_token_is_a_stranger),
		cmocka_unit_test_setup_teardown(foreign_sites_are_refused, setup_origins, teardown),
		T(acks_only_when_durable),
		T(refused_commits_are_errors),
		T(wrong_frames_are_errors),
		T(nothing_before_hello),
		T(frames_have_a_rate),
		T(typing_is_a_signal),
		T(replays_in_pages),
		T(pushes_meanwhile_come_once_and_in_order),
		T(files_come_with_an_address),
		T(any_interleaving_is_seamless),
		T(useless_cursor_is_reset),
		T(leaving_in_the_middle_is_harmless),
		T(gone_visitors_are_told),
		T(plugins_may_refuse),
		T(closing_tells_visitors),
		T(sends_are_accepted_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
