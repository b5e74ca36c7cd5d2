// SPDX-License-Identifier: Apache-2.0
// Who may not see a conversation learns nothing of it, by whatever path.
#include "world_test.h"
#include "base/mem.h"
#include <stdio.h>
#include <string.h>

typedef unsigned long long number;

static struct person insider, outsider;
static uint64_t team, queue, secret; // secret: the conversation

static int set_up(void **state)
{
	world_open(state);
	team = a_team("HR");
	queue = a_queue("HR", team);
	insider = person("ines", "agent", (uint64_t[]){team, 0});
	outsider = person("olaf", "agent", NULL);
	secret = a_conversation(&(struct place){.queue = queue}, "a secret word");
	return 0;
}

static const char *path(const char *fmt, uint64_t id)
{
	struct str s = arena_printf(w.f.arena, "%s", fmt);
	ptrdiff_t at = str_find(s, '#');
	return arena_cstr(w.f.arena, arena_printf(w.f.arena, "%.*s%llu%s", (int)at, fmt, (number)id, fmt + at + 1));
}

static void expect_no_trace(struct reply r)
{
	assert_int_equal(str_find_str(r.body, STR("secret word")), -1);
	assert_int_equal(str_find_str(r.body, arena_printf(w.f.arena, "\"%llu\"", (number)secret)), -1);
}

static uint64_t upload(struct person *p, const char *text)
{
	struct reply r = ask(p, "POST", "/files?name=cv.txt", text, "Content-Type: text/plain\r\n");
	assert_int_equal(r.status, 201);
	return json_id_of(json_get(r.json, "file"), "id");
}

static void test_conversation(void **state)
{
	const char *send = "{\"key\":\"key-12345\",\"parts\":[{\"type\":\"text\",\"text\":\"x\"}]}";
	struct reply absent = get(&outsider, path("/conversations/#", secret + 1));
	struct reply hidden = get(&outsider, path("/conversations/#", secret));
	expect_error(hidden, 404, "missing");
	assert_true(str_eq(absent.body, hidden.body)); // in the same words
	expect_error(get(&outsider, path("/conversations/#/timeline", secret)), 404, "missing");
	expect_error(post(&outsider, path("/conversations/#/messages", secret), "%s", send), 404, "missing");
	expect_error(
		post(&outsider, path("/conversations/#/assign", secret), "{\"user\":\"%llu\"}", (number)outsider.id),
		404, "missing");
	expect_error(post(&outsider, path("/conversations/#/state", secret), "{\"state\":\"resolved\"}"), 404,
		     "missing");
	assert_int_equal(get(&insider, path("/conversations/#", secret)).status, 200);
	assert_int_equal(get(&insider, path("/conversations/#/timeline", secret)).status, 200);
}

static void test_lists(void **state)
{
	static const char *const states[] = {"active", "open", "waiting", "resolved", "closed", "any"};
	static const char *const views[] = {"all", "mine", "unassigned"};
	char where[100];
	for (size_t s = 0; s < ARRAY_LEN(states); s++)
		for (size_t v = 0; v < ARRAY_LEN(views); v++) {
			snprintf(where, sizeof where, "/conversations?state=%s&view=%s", states[s], views[v]);
			struct reply r = get(&outsider, where);
			assert_int_equal(r.status, 200);
			assert_int_equal(json_count(json_get(r.json, "conversations")), 0);
		}
	assert_int_equal(json_count(json_get(get(&insider, "/conversations").json, "conversations")), 1);
}

static void test_contact(void **state)
{
	uint64_t contact = contact_of(secret);
	expect_error(get(&outsider, path("/contacts/#", contact)), 404, "missing");
	expect_error(patch(&outsider, path("/contacts/#", contact), "{\"name\":\"x\"}"), 404, "missing");
	struct reply r = get(&insider, path("/contacts/#", contact));
	assert_int_equal(r.status, 200);
	assert_string_equal(text_at(r.json, "/contact/name"), "Оля");
}

static void test_log(void **state)
{
	expect_no_trace(get(&outsider, "/events?after=0&limit=1000"));
	struct reply r = get(&insider, "/events?after=0&limit=1000");
	assert_true(str_find_str(r.body, STR("secret word")) > 0);
}

static void test_files(void **state)
{
	uint64_t mine = upload(&insider, "a secret word");
	expect_error(get(&outsider, path("/files/#", mine)), 404, "missing"); // nobody has sent it yet
	assert_int_equal(get(&insider, path("/files/#", mine)).status, 200);
	struct person boss = admin();
	expect_error(get(&boss, path("/files/#", mine)), 404, "missing");
	struct reply r = post(
		&insider, path("/conversations/#/messages", secret),
		"{\"key\":\"key-12345\",\"audience\":\"internal\",\"parts\":[{\"type\":\"media\",\"file\":\"%llu\"}]}",
		(number)mine);
	assert_int_equal(r.status, 201);
	expect_error(get(&outsider, path("/files/#", mine)), 404, "missing");
	assert_int_equal(get(&boss, path("/files/#", mine)).status, 200);
	// Somebody else's upload cannot be sent, and so not read either.
	uint64_t other = upload(&insider, "another secret word"), own = a_conversation(&(struct place){0}, "hello");
	r = post(&outsider, path("/conversations/#/messages", own),
		 "{\"key\":\"key-54321\",\"audience\":\"internal\",\"parts\":[{\"type\":\"media\",\"file\":\"%llu\"}]}",
		 (number)other);
	expect_error(r, 400, "invalid");
}

static void test_resend(void **state)
{
	struct reply r = post(
		&insider, path("/conversations/#/messages", secret),
		"{\"key\":\"key-12345\",\"audience\":\"internal\",\"parts\":[{\"type\":\"text\",\"text\":\"x\"}]}");
	assert_int_equal(r.status, 201);
	uint64_t message = json_id_of(json_get(r.json, "message"), "id");
	expect_error(post(&outsider, path("/messages/#/resend", message), "%s", ""), 404, "missing");
	expect_error(post(&insider, path("/messages/#/resend", message), "%s", ""), 409, "conflict");
}

static void test_live(void **state)
{
	struct listener in, out;
	assert_int_equal(listen_live(&in, &insider, "0", NULL), 101);
	assert_int_equal(listen_live(&out, &outsider, "0", NULL), 101);
	struct reply r = post(&insider, path("/conversations/#/messages", secret),
			      "{\"key\":\"key-12345\",\"audience\":\"internal\",\"parts\":[{\"type\":\"text\",\"text\":"
			      "\"a secret word\"}]}");
	assert_int_equal(r.status, 201);
	const struct json *e = next_event(&in, "message.in");
	assert_string_equal(text_at(e, "/message/parts/0/text"), "a secret word");
	next_event(&in, "message.out");
	world_run();
	assert_int_equal(str_find_str(buf_str(&out.in), STR("secret word")), -1);
	while (!is_silent(&out)) {
		const struct json *f = next_frame(&out);
		assert_string_equal(text_at(f, "/conversation"), "");
		assert_null(json_get(f, "card"));
	}
	hang_up(&in);
	hang_up(&out);
}

// No role opens what is restricted.
static void test_restricted(void **state)
{
	struct person boss = admin();
	uint64_t restricted = a_conversation(&(struct place){.queue = queue, .restricted = 2}, "a medical word");
	assert_int_equal(get(&boss, path("/conversations/#", secret)).status, 200);
	// The administrator of this world serves another queue only.
	expect_error(get(&boss, path("/conversations/#", restricted)), 404, "missing");
	expect_error(get(&boss, path("/contacts/#", contact_of(restricted))), 404, "missing");
	assert_int_equal(str_find_str(get(&boss, "/conversations?state=any").body, STR("medical")), -1);
	assert_int_equal(str_find_str(get(&boss, "/events?after=0").body, STR("medical")), -1);
	assert_int_equal(get(&insider, path("/conversations/#", restricted)).status, 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_conversation), TEST(test_lists),     TEST(test_contact),
					   TEST(test_log),          TEST(test_files),     TEST(test_resend),
					   TEST(test_live),         TEST(test_restricted)};
	fixture_begin(FIXTURE_SQLITE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
