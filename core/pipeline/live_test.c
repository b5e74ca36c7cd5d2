// SPDX-License-Identifier: Apache-2.0
// What visitors see: frames at commit, the same frames again from the log, only of their own thread; and who types.
#include "world_test.h"
#include <string.h>

struct replayed {
	bool is_done, more;
	int status;
	size_t n;
	char first[1000], last[1000], cursor[40];
};

static void on_replay(int status, const struct str *frames, size_t n, bool more, struct str cursor, void *arg)
{
	struct replayed *r = arg;
	*r = (struct replayed){.is_done = true, .more = more, .status = status, .n = n};
	if (n) snprintf(r->first, sizeof r->first, "%.*s", STR_ARG(frames[0]));
	if (n) snprintf(r->last, sizeof r->last, "%.*s", STR_ARG(frames[n - 1]));
	snprintf(r->cursor, sizeof r->cursor, "%.*s", STR_ARG(cursor));
}

static struct replayed *replay(uint64_t inbox, const char *thread, const char *cursor)
{
	static struct replayed r;
	r = (struct replayed){0};
	world.ports.replay(world.ports.ctx, inbox, str_of(thread), str_of(cursor), on_replay, &r);
	assert_false(r.is_done);
	settle();
	assert_true(r.is_done);
	return &r;
}

static void hear(const char *thread, const char *text)
{
	assert_int_equal(
		say(&(struct says){.inbox = CHAT, .address = thread, .scope = "inbox", .text = text, .key = text}), 0);
}

static void test_pushed_and_replayed(void **state)
{
	test_channels_watch(world.channels, "v1");
	hear("v1", "question");
	hear("v2", "elsewhere");
	assert_int_equal(test_frames(world.channels), 1);
	const char *frame = test_frame(world.channels, 0);
	assert_non_null(strstr(frame, "\"type\":\"message\",\"cursor\":\"c"));
	assert_non_null(strstr(frame, "\"key\":\"question\",\"author\":{\"kind\":\"contact\",\"name\":null}"));
	uint64_t id = conversation_of(CHAT, "v1");
	uint64_t m = reply(ANNA, id, "answer");
	settle();
	assert_int_equal(sql_int("SELECT delivery FROM message WHERE id = %llu", (unsigned long long)m),
			 DELIVERY_ACCEPTED);
	assert_int_equal(sql_int("SELECT count(*) FROM outbox"), 0);
	assert_int_equal(test_sends(world.channels), 0); // committed is arrived
	assert_int_equal(test_frames(world.channels), 2);
	assert_non_null(strstr(test_frame(world.channels, 1),
			       "\"key\":null,\"author\":{\"kind\":\"agent\",\"name\":\"Anna\"}"));
	struct acted a;
	note_go(&a, ANNA, id, "key-00000001", "[{\"type\":\"text\",\"text\":\"secret\"}]");
	settle();
	assert_int_equal(test_frames(world.channels), 2);
	struct replayed *r = replay(CHAT, "v1", NULL);
	assert_int_equal(r->n, 2);
	assert_string_equal(r->first, test_frame(world.channels, 0));
	assert_string_equal(r->last, test_frame(world.channels, 1));
	assert_false(r->more);
	char cursor[40];
	snprintf(cursor, sizeof cursor, "%s", r->cursor);
	assert_int_equal(replay(CHAT, "v1", cursor)->n, 0);
	hear("v1", "thanks");
	r = replay(CHAT, "v1", cursor);
	assert_int_equal(r->n, 1);
	assert_string_equal(r->first, test_frame(world.channels, 2));
}

static void test_replay_of_many(void **state)
{
	struct commit *c = commit_new(CHAT);
	for (int i = 0; i < 230; i++) {
		char text[20];
		snprintf(text, sizeof text, "n%d", i);
		commit_message(c, &(struct says){.address = "v1", .text = text});
	}
	commit_go(c);
	assert_int_equal(commit_end(c), 0);
	struct replayed *r = replay(CHAT, "v1", NULL);
	assert_int_equal(r->n, 50); // the last ones, oldest first
	assert_non_null(strstr(r->first, "\"n180\""));
	assert_non_null(strstr(r->last, "\"n229\""));
	char cursor[40] = "c0";
	size_t n = 0;
	do {
		r = replay(CHAT, "v1", cursor);
		n += r->n;
		snprintf(cursor, sizeof cursor, "%s", r->cursor);
	} while (r->more);
	assert_int_equal(n, 230);
	assert_non_null(strstr(r->last, "\"n229\""));
}

static void test_no_such_place(void **state)
{
	struct replayed *r = replay(CHAT, "nobody", NULL);
	assert_int_equal(r->status, 0);
	assert_int_equal(r->n, 0);
	assert_string_equal(r->cursor, "c0");
	hear("v1", "question");
	assert_int_equal(replay(CHAT, "v1", "nonsense!")->n, 1); // as without one
	assert_int_equal(replay(CHAT, "v1", "czzzzzzzzzzzz")->n, 1);
	assert_int_equal(replay(TELEGRAM, "v1", NULL)->n, 0);
}

static void on_may(bool yes, void *arg) { *(int *)arg = yes; }

static int may(const char *thread, uint64_t file)
{
	int yes = -1;
	world.ports.may_read(world.ports.ctx, CHAT, str_of(thread), file, on_may, &yes);
	settle();
	return yes;
}

static void test_files(void **state)
{
	add_file(900, CHAT, "v1");
	add_file(901, 0, "user:31");
	add_file(902, CHAT, "v1");
	assert_int_equal(say(&(struct says){
				 .inbox = CHAT, .address = "v1", .parts = "[{\"type\":\"media\",\"media\":\"900\"}]"}),
			 0);
	hear("v2", "other");
	struct acted a;
	note_go(&a, ANNA, conversation_of(CHAT, "v1"), "key-00000001", "[{\"type\":\"media\",\"file\":\"901\"}]");
	settle();
	assert_int_equal(a.status, 0);
	assert_int_equal(may("v1", 900), 1);
	assert_int_equal(may("v2", 900), 0);
	assert_int_equal(may("v1", 901), 0); // in a note
	assert_int_equal(may("v1", 902), 0); // in no message
	assert_int_equal(may("v1", 903), 0);
	assert_int_equal(may("nobody", 900), 0);
}

// ---- typing ---------------------------------------------------------------------------------------------------------

static struct feed_signal heard;
static int n_heard;

static void on_signal(const struct feed_signal *s, void *arg)
{
	heard = *s;
	n_heard++;
}

static void test_typing(void **state)
{
	hear("v1", "question");
	uint64_t id = conversation_of(CHAT, "v1");
	struct arena *a = arena_new(0);
	struct channel_event ev = {.type = STR("typing")};
	assert_int_equal(json_parse(a, STR("{\"thread\":{\"external\":\"v1\"}}"), &JSON_OURS, &ev.doc, NULL), 0);
	n_heard = 0;
	feed_on_signal(world.pipeline, on_signal, NULL);
	world.ports.signal(world.ports.ctx, CHAT, &ev);
	settle();
	assert_int_equal(n_heard, 1);
	assert_int_equal(heard.conversation, id);
	assert_int_equal(heard.by.kind, ACTOR_CONTACT);
	assert_int_equal(heard.access.queue, SALES);
	test_channels_watch(world.channels, "v1");
	act_typing(world.pipeline, ANNA, id);
	settle();
	assert_int_equal(n_heard, 2);
	assert_int_equal(heard.by.id, ANNA);
	assert_string_equal(test_frame(world.channels, 0), "{\"type\":\"typing\",\"author\":{\"kind\":\"agent\"}}");
	act_typing(world.pipeline, CLARA, id); // she does not see it
	act_typing(world.pipeline, ANNA, 4711);
	ev.type = STR("presence");
	world.ports.signal(world.ports.ctx, CHAT, &ev);
	settle();
	assert_int_equal(n_heard, 2);
	feed_on_signal(world.pipeline, NULL, NULL);
	arena_free(&a);
}

// ---- a plugin's values ----------------------------------------------------------------------------------------------

static void on_value(int status, const struct json *value, void *arg)
{
	struct buf *b = arg;
	assert_int_equal(status, 0);
	buf_reset(b);
	if (value)
		json_write(b, value);
	else
		buf_add(b, STR("nothing"));
}

static void test_values(void **state)
{
	struct buf b = {0};
	struct commit *c = commit_new(CHAT);
	commit_put(c, "state", "{\"a\":[1]}");
	commit_go(c);
	assert_int_equal(commit_end(c), 0);
	world.ports.kv_get(world.ports.ctx, CHAT, STR("state"), on_value, &b);
	settle();
	assert_string_equal(b.p, "{\"a\":[1]}");
	world.ports.kv_get(world.ports.ctx, TELEGRAM, STR("state"), on_value, &b);
	settle();
	assert_string_equal(b.p, "nothing");
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_pushed_and_replayed),
		WORLD_TEST(test_replay_of_many),
		WORLD_TEST(test_no_such_place),
		WORLD_TEST(test_files),
		WORLD_TEST(test_typing),
		WORLD_TEST(test_values),
	};
	return world_main(tests, ARRAY_LEN(tests), NULL, 0);
}
