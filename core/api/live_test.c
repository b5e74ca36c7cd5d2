// SPDX-License-Identifier: Apache-2.0
// The live socket: everything once and in order, from wherever it starts; and what ends it.
#include "world_test.h"
#include "base/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long long number;

static struct person ann;
static uint64_t conversation;
static int n_notes;

static int set_up(void **state)
{
	world_open(state);
	ann = person("ann", "agent", NULL);
	conversation = a_conversation(&(struct place){0}, "hello");
	n_notes = 0;
	return 0;
}

static int64_t note(struct person *p)
{
	char path[64];
	snprintf(path, sizeof path, "/conversations/%llu/messages", (number)conversation);
	struct reply r = post(
		p, path,
		"{\"key\":\"note-%06d\",\"audience\":\"internal\",\"parts\":[{\"type\":\"text\",\"text\":\"%d\"}]}",
		n_notes, n_notes);
	n_notes++;
	assert_int_equal(r.status, 201);
	return atoll(text_at(r.json, "/seq"));
}

static const char *head(struct person *p) { return text_at(get(p, "/me").json, "/seq"); }

static int64_t seq_of(const struct json *event) { return atoll(text_at(event, "/seq")); }

static void test_hello(void **state)
{
	struct listener l;
	int64_t last = note(&ann);
	assert_int_equal(listen_live(&l, &ann, head(&ann), NULL), 101);
	const struct json *hello = next_frame(&l);
	assert_string_equal(text_at(hello, "/type"), "hello");
	assert_int_equal(seq_of(hello), last);
	assert_true(is_silent(&l));
	int64_t seq = note(&ann);
	const struct json *e = next_frame(&l);
	assert_string_equal(text_at(e, "/type"), "event");
	assert_string_equal(text_at(e, "/kind"), "message.out");
	assert_int_equal(seq_of(e), seq);
	assert_string_equal(text_at(e, "/actor/name"), "ann");
	assert_string_equal(text_at(e, "/message/parts/0/text"), "1");
	assert_string_equal(text_at(e, "/message/audience"), "internal");
	assert_int_equal(json_id_of(json_get(e, "card"), "id"), conversation);
	assert_string_equal(text_at(e, "/card/contact/name"), "Оля");
	assert_true(is_silent(&l));
	hang_up(&l);
}

static void test_door(void **state)
{
	struct listener l;
	struct person nobody = {0};
	assert_int_equal(listen_live(&l, &nobody, "0", NULL), 401);
	hang_up(&l);
	assert_int_equal(listen_live(&l, &ann, "0", "Origin: https://evil.test\r\n"), 403);
	hang_up(&l);
	assert_int_equal(listen_live(&l, &ann, "x", NULL), 400);
	hang_up(&l);
	assert_int_equal(listen_live(&l, &ann, "-1", NULL), 400);
	hang_up(&l);
	assert_int_equal(listen_live(&l, &ann, NULL, "Origin: https://desk.test\r\n"), 101);
	hang_up(&l);
	expect_error(get(&ann, "/live?after=0"), 426, "upgrade");
	assert_int_equal(live_sockets(w.api->live), 0);
}

// Sockets that start anywhere, while events go on: each hears every seq behind its start once, in order.
static void test_catch_up(void **state)
{
	struct listener l[6];
	char after[6][24];
	int64_t last = 0;
	for (int i = 0; i < 30; i++)
		last = note(&ann);
	int64_t first = last - 29;
	for (int i = 0; i < 6; i++) {
		snprintf(after[i], sizeof after[i], "%lld", (long long)(i == 5 ? 0 : first + 6 * i));
		assert_int_equal(listen_live(&l[i], &ann, after[i], NULL), 101);
		last = note(&ann);
	}
	for (int i = 0; i < 10; i++)
		last = note(&ann);
	for (int i = 0; i < 6; i++) {
		int64_t seq = atoll(after[i]);
		while (seq < last) {
			const struct json *e = next_of_type(&l[i], "event");
			assert_int_equal(seq_of(e), seq + 1);
			seq = seq_of(e);
		}
		assert_true(is_silent(&l[i]));
	}
	assert_int_equal(live_sockets(w.api->live), 6);
	for (int i = 0; i < 6; i++)
		hang_up(&l[i]);
	assert_int_equal(live_sockets(w.api->live), 0);
}

static void test_reset_when_unknown(void **state)
{
	struct listener l;
	assert_int_equal(listen_live(&l, &ann, "999999999", NULL), 101); // from another life
	next_of_type(&l, "reset");
	assert_null(next_frame(&l));
	assert_int_equal(l.close_code, 1000);
	hang_up(&l);
}

static const char *user_path(struct person *p)
{
	return arena_cstr(w.f.arena, arena_printf(w.f.arena, "/users/%llu", (number)p->id));
}

static void test_reset_when_access_changes(void **state)
{
	struct person boss = admin();
	struct listener l, other;
	uint64_t team = a_team("HR");
	a_queue("HR", team);
	assert_int_equal(listen_live(&l, &ann, head(&ann), NULL), 101);
	assert_int_equal(listen_live(&other, &boss, head(&boss), NULL), 101);
	assert_int_equal(patch(&boss, user_path(&ann), "{\"name\":\"Anna\"}").status, 200);
	const struct json *e = next_event(&l, "user.changed"); // sees the same: nothing is reset
	assert_int_equal(json_id_of(json_get(e, "data"), "user"), ann.id);
	assert_int_equal(patch(&boss, user_path(&ann), "{\"teams\":[\"%llu\"]}", (number)team).status, 200);
	next_of_type(&l, "reset");
	assert_null(next_frame(&l));
	next_event(&other, "user.changed");
	assert_true(!other.close_code);
	hang_up(&l);
	hang_up(&other);
}

static void test_reset_when_given_away(void **state)
{
	struct person boss = admin();
	uint64_t team = a_team("HR"), hidden = a_queue("HR", team);
	struct listener l;
	char path[64];
	conversation = a_conversation(&(struct place){.queue = hidden, .assignee = ann.id}, "mine");
	note(&ann);
	assert_int_equal(listen_live(&l, &ann, head(&ann), NULL), 101);
	snprintf(path, sizeof path, "/conversations/%llu/assign", (number)conversation);
	assert_int_equal(post(&boss, path, "{\"user\":null}").status, 200);
	next_of_type(&l, "reset");
	hang_up(&l);
}

static void test_signed_out(void **state)
{
	struct person boss = admin(), second = {0};
	struct listener mine, other, third;
	struct reply r = post(&second, "/login", "{\"email\":\"%s\",\"password\":\"%s\"}", w.email, w.password);
	assert_int_equal(r.status, 200);
	assert_int_equal(listen_live(&mine, &boss, NULL, NULL), 101);
	assert_int_equal(listen_live(&other, &second, NULL, NULL), 101);
	assert_int_equal(listen_live(&third, &ann, NULL, NULL), 101);
	assert_int_equal(patch(&boss, user_path(&ann), "{\"disabled\":true}").status, 200);
	next_of_type(&third, "signed_out");
	assert_null(next_frame(&third));
	assert_int_equal(third.close_code, 4401);
	assert_int_equal(post(&boss, "/logout", "%s", "").status, 204);
	next_of_type(&mine, "signed_out");
	assert_false(other.close_code);
	while (!is_silent(&other))
		assert_string_not_equal(text_at(next_frame(&other), "/type"), "signed_out");
	hang_up(&mine);
	hang_up(&other);
	hang_up(&third);
}

static void test_typing(void **state)
{
	struct person boss = admin(), outsider = person("olaf", "agent", NULL);
	uint64_t team = a_team("HR"), hidden = a_queue("HR", team);
	conversation = a_conversation(&(struct place){.queue = hidden, .assignee = ann.id}, "mine");
	struct listener l, b, o;
	char frame[100];
	assert_int_equal(listen_live(&l, &ann, head(&ann), NULL), 101);
	assert_int_equal(listen_live(&b, &boss, head(&boss), NULL), 101);
	assert_int_equal(listen_live(&o, &outsider, head(&outsider), NULL), 101);
	snprintf(frame, sizeof frame, "{\"type\":\"typing\",\"conversation\":\"%llu\"}", (number)conversation);
	say(&o, frame); // not allowed to see it: nobody hears
	say(&l, "no json");
	say(&l, "{\"type\":\"newer\"}");
	say(&l, frame);
	const struct json *s = next_of_type(&b, "signal");
	assert_string_equal(text_at(s, "/kind"), "typing");
	assert_int_equal(json_id_of(json_get(s, "by"), "id"), ann.id);
	assert_int_equal(json_id_of(s, "conversation"), conversation);
	next_of_type(&o, "hello");
	assert_true(is_silent(&o));
	next_of_type(&l, "hello");
	assert_true(is_silent(&l)); // not to oneself
	hang_up(&l);
	hang_up(&b);
	hang_up(&o);
}

static void test_closing(void **state)
{
	struct listener l;
	assert_int_equal(listen_live(&l, &ann, NULL, NULL), 101);
	note(&ann);
	hang_up(&l); // the last frames are on their way
	assert_int_equal(listen_live(&l, &ann, "0", NULL), 101);
	// world_close ends it while it catches up
	close(l.fd);
	buf_fini(&l.in);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hello),
		TEST(test_door),
		TEST(test_catch_up),
		TEST(test_reset_when_unknown),
		TEST(test_reset_when_access_changes),
		TEST(test_reset_when_given_away),
		TEST(test_signed_out),
		TEST(test_typing),
		TEST(test_closing),
	};
	fixture_begin(FIXTURE_SQLITE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
