// SPDX-License-Identifier: Apache-2.0
// Each resource: what it does, and what it refuses.
#include "world_test.h"
#include "base/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long number;

static struct person boss;

static int set_up(void **state)
{
	world_open(state);
	boss = admin();
	return 0;
}

static const char *path(const char *fmt, uint64_t id)
{
	ptrdiff_t at = str_find(str_of(fmt), '#');
	struct str s = arena_printf(w.f.arena, "%.*s%llu%s", (int)at, fmt, (number)id, fmt + at + 1);
	return s.p;
}

static size_t count(struct reply r, const char *list)
{
	assert_int_equal(r.status, 200);
	return json_count(json_get(r.json, list));
}

static void expect_field(struct reply r, const char *field)
{
	expect_error(r, 400, "invalid");
	assert_string_equal(text_at(r.json, "/error/field"), field);
}

// ---- conversations --------------------------------------------------------------------------------------------------

static void test_lists(void **state)
{
	uint64_t ids[5];
	for (int i = 0; i < 5; i++)
		ids[i] = a_conversation(&(struct place){.assignee = i == 0 ? boss.id : 0}, "hello");
	assert_int_equal(count(get(&boss, "/conversations"), "conversations"), 5);
	assert_int_equal(count(get(&boss, "/conversations?view=mine"), "conversations"), 1);
	assert_int_equal(count(get(&boss, "/conversations?view=unassigned"), "conversations"), 4);
	assert_int_equal(count(get(&boss, "/conversations?state=open&view=mine"), "conversations"), 1);
	assert_int_equal(count(get(&boss, "/conversations?state=waiting"), "conversations"), 0);
	assert_int_equal(post(&boss, path("/conversations/#/state", ids[4]), "{\"state\":\"resolved\"}").status, 200);
	assert_int_equal(count(get(&boss, "/conversations?state=resolved"), "conversations"), 1);
	assert_int_equal(count(get(&boss, "/conversations"), "conversations"), 4);
	assert_int_equal(count(get(&boss, "/conversations?state=any"), "conversations"), 5);
}

// Pages of every size together are the whole list, in one order.
static void test_pages(void **state)
{
	for (int i = 0; i < 7; i++) {
		uint64_t id = a_conversation(&(struct place){0}, "hello");
		if (i % 3 == 0)
			assert_int_equal(
				post(&boss, path("/conversations/#/state", id), "{\"state\":\"closed\"}").status, 200);
	}
	for (int limit = 1; limit < 9; limit++) {
		char where[200] = "/conversations?state=any";
		uint64_t last = UINT64_MAX;
		size_t n = 0;
		snprintf(where, sizeof where, "/conversations?state=any&limit=%d", limit);
		for (const char *next = "more"; next[0];) {
			struct reply r = get(&boss, where);
			const struct json *list = json_get(r.json, "conversations");
			for (size_t i = 0; i < json_count(list); i++, n++) {
				uint64_t id = json_id_of(json_at(list, i), "id");
				assert_true(id < last); // all have the same time but for ms, and ids follow time
				last = id;
			}
			next = text_at(r.json, "/next");
			snprintf(where, sizeof where, "/conversations?state=any&limit=%d&before=%s", limit, next);
		}
		assert_int_equal(n, 7);
	}
}

static void test_bad_lists(void **state)
{
	expect_field(get(&boss, "/conversations?view=x"), "view");
	expect_field(get(&boss, "/conversations?state=done"), "state");
	expect_field(get(&boss, "/conversations?limit=0"), "limit");
	expect_field(get(&boss, "/conversations?limit=201"), "limit");
	expect_field(get(&boss, "/conversations?limit=1e1"), "limit");
	expect_field(get(&boss, "/conversations?before=7"), "before");
	expect_field(get(&boss, "/conversations?before=7.x"), "before");
	uint64_t id = a_conversation(&(struct place){0}, "hello");
	expect_field(get(&boss, path("/conversations/#/timeline?before=x", id)), "before");
	expect_field(get(&boss, "/events"), "after");
	expect_field(get(&boss, "/events?after=-1"), "after");
}

static void test_conversation(void **state)
{
	uint64_t id = a_conversation(&(struct place){0}, "hello");
	struct reply r = get(&boss, path("/conversations/#", id));
	assert_string_equal(text_at(r.json, "/conversation/state"), "open");
	assert_string_equal(text_at(r.json, "/conversation/preview"), "hello");
	assert_string_equal(text_at(r.json, "/conversation/preview_by"), "contact");
	assert_string_equal(text_at(r.json, "/contact/identities/0/kind"), "phone");
	assert_string_equal(text_at(r.json, "/contact/identities/0/proof"), "channel");
	assert_true(atoll(text_at(r.json, "/seq")) > 0);
	r = get(&boss, path("/conversations/#/timeline", id));
	assert_int_equal(count(r, "events"), 2);
	assert_string_equal(text_at(r.json, "/events/0/kind"), "conversation.created");
	assert_string_equal(text_at(r.json, "/events/1/message/author/name"), "Оля");
	r = get(&boss, path("/conversations/#/timeline?limit=1", id));
	assert_string_equal(text_at(r.json, "/events/0/kind"), "message.in");
	const char *next = text_at(r.json, "/next");
	r = get(&boss, arena_printf(w.f.arena, "%s?limit=1&before=%s", path("/conversations/#/timeline", id), next).p);
	assert_string_equal(text_at(r.json, "/events/0/kind"), "conversation.created");
}

static void test_assign(void **state)
{
	struct person ann = person("ann", "agent", NULL);
	uint64_t id = a_conversation(&(struct place){0}, "hello");
	const char *assign = path("/conversations/#/assign", id);
	struct reply r = post(&boss, assign, "{\"user\":\"%llu\",\"version\":1}", (number)ann.id);
	assert_int_equal(r.status, 200);
	assert_int_equal(json_id_of(json_get(r.json, "conversation"), "assignee"), ann.id);
	assert_string_equal(text_at(r.json, "/conversation/handler"), "agent");
	assert_string_equal(text_at(r.json, "/conversation/contact/name"), "Оля");
	expect_error(post(&boss, assign, "{\"user\":null,\"version\":1}"), 409, "conflict");
	assert_int_equal(post(&boss, assign, "{\"user\":null}").status, 200);
	expect_field(post(&boss, assign, "{}"), "user");
	expect_field(post(&boss, assign, "{\"user\":7.5}"), "user");
	expect_field(post(&boss, assign, "{\"user\":\"seven\"}"), "user");
	expect_field(post(&boss, assign, "{\"user\":null,\"version\":\"1\"}"), "version");
	expect_error(post(&boss, assign, "{\"user\":\"12345\"}"), 400, "invalid");
	expect_error(post(&boss, path("/conversations/#/assign", id + 1), "{\"user\":null}"), 404, "missing");
}

static void test_state(void **state)
{
	uint64_t id = a_conversation(&(struct place){0}, "hello");
	const char *set = path("/conversations/#/state", id);
	static const char *const states[] = {"waiting", "resolved", "open", "closed"};
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		struct reply r = post(&boss, set, "{\"state\":\"%s\"}", states[i]);
		assert_int_equal(r.status, 200);
		assert_string_equal(text_at(r.json, "/conversation/state"), states[i]);
	}
	expect_field(post(&boss, set, "{\"state\":\"done\"}"), "state");
	expect_field(post(&boss, set, "{}"), "state");
	expect_field(post(&boss, set, "{\"state\":1}"), "state");
	expect_error(post(&boss, set, "{\"state\":\"open\",\"version\":1}"), 409, "conflict");
	struct reply r = get(&boss, path("/conversations/#/timeline", id));
	assert_string_equal(text_at(r.json, "/events/2/kind"), "conversation.waiting");
	assert_string_equal(text_at(r.json, "/events/2/data/from"), "open");
	assert_string_equal(text_at(r.json, "/events/2/data/to"), "waiting");
}

// ---- messages -------------------------------------------------------------------------------------------------------

static void test_note(void **state)
{
	uint64_t id = a_conversation(&(struct place){0}, "hello");
	const char *send = path("/conversations/#/messages", id);
	const char *body =
		"{\"key\":\"key-12345\",\"audience\":\"internal\",\"parts\":[{\"type\":\"text\",\"text\":\"щось\"}]}";
	struct reply r = post(&boss, send, "%s", body);
	assert_int_equal(r.status, 201);
	assert_string_equal(text_at(r.json, "/message/parts/0/text"), "щось");
	assert_string_equal(text_at(r.json, "/message/author/name"), "Admin");
	assert_string_equal(text_at(r.json, "/message/key"), "key-12345");
	struct reply again = post(&boss, send, "%s", body);
	assert_int_equal(again.status, 201);
	assert_true(str_eq(r.body, again.body));
	assert_int_equal(count(get(&boss, path("/conversations/#/timeline", id)), "events"), 3);
}

static void test_bad_messages(void **state)
{
	uint64_t id = a_conversation(&(struct place){0}, "hello");
	const char *send = path("/conversations/#/messages", id);
	const char *part = "[{\"type\":\"text\",\"text\":\"x\"}]";
	expect_field(post(&boss, send, "{\"parts\":%s}", part), "key");
	expect_field(post(&boss, send, "{\"key\":\"short\",\"parts\":%s}", part), "key");
	expect_field(post(&boss, send, "{\"key\":\"with blanks in it\",\"parts\":%s}", part), "key");
	expect_field(post(&boss, send, "{\"key\":\"key-12345\"}"), "parts");
	expect_field(post(&boss, send, "{\"key\":\"key-12345\",\"parts\":[]}"), "parts");
	expect_field(post(&boss, send, "{\"key\":\"key-12345\",\"parts\":{}}"), "parts");
	expect_field(post(&boss, send, "{\"key\":\"key-12345\",\"audience\":\"public\",\"parts\":%s}", part),
		     "audience");
	expect_field(post(&boss, send, "{\"key\":\"key-12345\",\"reply_to\":\"x\",\"parts\":%s}", part), "reply_to");
	expect_error(
		post(&boss, send, "{\"key\":\"key-12345\",\"audience\":\"internal\",\"parts\":[{\"type\":\"text\"}]}"),
		400, "invalid");
	expect_error(post(&boss, send,
			  "{\"key\":\"key-12345\",\"audience\":\"internal\",\"parts\":[{\"type\":\"media\",\"file\":"
			  "\"5\"}]}"),
		     400, "invalid");
	struct buf many = {0}, large = {0};
	for (int i = 0; i < 17; i++)
		buf_printf(&many, "%s{\"type\":\"text\",\"text\":\"x\"}", i ? "," : "");
	expect_field(post(&boss, send, "{\"key\":\"key-12345\",\"parts\":[%s]}", many.p), "parts");
	for (int i = 0; i < 70000; i++)
		buf_add_char(&large, 'x');
	expect_error(post(&boss, send,
			  "{\"key\":\"key-12345\",\"audience\":\"internal\",\"parts\":[{\"type\":\"text\",\"text\":\"%"
			  "s\"}]}",
			  large.p),
		     413, "too_large");
	buf_fini(&many);
	buf_fini(&large);
	expect_error(post(&boss, path("/messages/#/resend", 12345), "%s", ""), 404, "missing");
}

// What came in is not ours to send.
static void test_resend_of_theirs(void **state)
{
	uint64_t id = a_conversation(&(struct place){0}, "hello");
	struct reply r = get(&boss, path("/conversations/#/timeline", id));
	uint64_t message = json_id_of(json_get(json_at(json_get(r.json, "events"), 1), "message"), "id");
	expect_error(post(&boss, path("/messages/#/resend", message), "%s", ""), 409, "conflict");
}

// ---- contacts, files ------------------------------------------------------------------------------------------------

static void test_contact(void **state)
{
	uint64_t id = a_conversation(&(struct place){0}, "hello"), contact = contact_of(id);
	struct reply r = get(&boss, path("/contacts/#", contact));
	assert_int_equal(count(r, "conversations"), 1);
	r = patch(&boss, path("/contacts/#", contact), "{\"name\":\"  Нове\\u0000ім'я \"}");
	expect_error(r, 400, "invalid"); // no NUL
	r = patch(&boss, path("/contacts/#", contact), "{\"name\":\"  Нове   ім'я \"}");
	assert_int_equal(r.status, 200);
	assert_string_equal(text_at(r.json, "/contact/name"), "Нове ім'я");
	assert_string_equal(text_at(get(&boss, path("/conversations/#", id)).json, "/conversation/contact/name"),
			    "Нове ім'я");
	expect_field(patch(&boss, path("/contacts/#", contact), "{}"), "name");
	expect_field(patch(&boss, path("/contacts/#", contact), "{\"name\":\" \"}"), "name");
	expect_field(patch(&boss, path("/contacts/#", contact), "{\"name\":null}"), "name");
	expect_error(get(&boss, path("/contacts/#", contact + 99)), 404, "missing");
}

static void test_files(void **state)
{
	const char *png = "Content-Type: image/png\r\n", *html = "Content-Type: text/html\r\n";
	struct reply r = ask(&boss, "POST", "/files?name=..%2F%D1%84%D0%BE%D1%82%D0%BE.png", "picture", png);
	assert_int_equal(r.status, 201);
	assert_string_equal(text_at(r.json, "/file/name"), "фото.png");
	uint64_t id = json_id_of(json_get(r.json, "file"), "id");
	r = get(&boss, path("/files/#", id));
	assert_int_equal(r.status, 200);
	assert_true(str_is(r.body, "picture") && str_is(reply_header(&r, "content-type"), "image/png"));
	assert_true(str_is(reply_header(&r, "content-disposition"),
			   "inline; filename*=UTF-8''%D1%84%D0%BE%D1%82%D0%BE.png"));
	struct str etag = reply_header(&r, "etag");
	r = ask(&boss, "GET", path("/files/#", id), NULL,
		arena_printf(w.f.arena, "If-None-Match: %.*s\r\n", STR_ARG(etag)).p);
	assert_int_equal(r.status, 304);
	r = ask(&boss, "POST", "/files?name=x.html", "<script>alert(1)</script>", html);
	r = get(&boss, path("/files/#", json_id_of(json_get(r.json, "file"), "id")));
	assert_true(str_starts(reply_header(&r, "content-disposition"), STR("attachment;")));
	assert_true(str_is(reply_header(&r, "content-security-policy"), "sandbox; default-src 'none'"));
	assert_true(str_is(reply_header(&r, "x-content-type-options"), "nosniff"));
	expect_error(get(&boss, "/files/12345"), 404, "missing");
}

static void test_bad_uploads(void **state)
{
	const char *type = "Content-Type: text/plain\r\n";
	struct person nobody = {0}, without = boss;
	without.csrf[0] = '\0';
	expect_field(ask(&boss, "POST", "/files", "x", type), "name");
	expect_field(ask(&boss, "POST", "/files?name=", "x", type), "name");
	expect_error(ask(&nobody, "POST", "/files?name=x", "x", type), 401, "signed_out");
	expect_error(ask(&without, "POST", "/files?name=x", "x", type), 403, "csrf");
	char *large = mem_alloc(200001);
	memset(large, 'x', 200000);
	expect_error(ask(&boss, "POST", "/files?name=x", large, type), 413, "too_large");
	mem_free(large);
	struct reply r = ask(&boss, "POST", "/files?name=empty", "", type);
	assert_int_equal(r.status, 201);
	assert_int_equal(json_int_of(json_get(r.json, "file"), "bytes", -1), 0);
	world_settle();
	assert_int_equal(w.api->n_uploads, 0);
}

static bool is_one_uploading(void *arg) { return w.api->n_uploads == 1; }

static bool is_none_uploading(void *arg) { return !w.api->n_uploads && !w.api->n_calls; }

// The client goes in the middle: nothing is left.
static void test_upload_is_left(void **state)
{
	struct listener l = begin_upload(&boss, "/files?name=x", 50000);
	world_wait_until(is_one_uploading, NULL);
	hang_up(&l);
	world_wait_until(is_none_uploading, NULL);
}

// ---- people ---------------------------------------------------------------------------------------------------------

static void test_users(void **state)
{
	struct person ann = person("ann", "agent", NULL);
	uint64_t team = a_team("Sales");
	assert_int_equal(count(get(&ann, "/users"), "users"), 2);
	struct reply r = get(&ann, "/users");
	assert_string_equal(text_at(r.json, "/users/0/email"), ""); // of others an agent sees names only
	assert_string_equal(text_at(r.json, "/users/1/email"), "ann@example.org");
	expect_error(post(&ann, "/users", "{\"name\":\"x\",\"email\":\"x@y.z\",\"role\":\"admin\"}"), 403, "denied");
	expect_error(patch(&ann, path("/users/#", ann.id), "{\"role\":\"admin\"}"), 403, "denied");
	r = patch(&boss, path("/users/#", ann.id),
		  "{\"role\":\"supervisor\",\"takes_work\":false,\"teams\":[\"%llu\",\"%llu\"]}", (number)team,
		  (number)team);
	assert_int_equal(r.status, 200);
	assert_string_equal(text_at(r.json, "/user/role"), "supervisor");
	assert_int_equal(json_count(json_pointer(r.json, STR("/user/teams"))), 1);
	expect_error(post(&boss, "/users", "{\"name\":\"x\",\"email\":\"ANN@Example.org\",\"role\":\"agent\"}"), 409,
		     "conflict");
	expect_field(post(&boss, "/users", "{\"name\":\"x\",\"email\":\"no\",\"role\":\"agent\"}"), "email");
	expect_field(post(&boss, "/users", "{\"name\":\"x\",\"email\":\"a@b.c\",\"role\":\"owner\"}"), "role");
	expect_field(post(&boss, "/users", "{\"name\":\"\",\"email\":\"a@b.c\",\"role\":\"agent\"}"), "name");
	expect_field(post(&boss, "/users", "{\"name\":\"x\",\"email\":\"a@b.c\",\"role\":\"agent\",\"teams\":[\"5\"]}"),
		     "teams");
	expect_field(post(&boss, "/users", "{\"name\":\"x\",\"email\":\"a@b.c\",\"role\":\"agent\",\"teams\":\"5\"}"),
		     "teams");
	expect_field(patch(&boss, path("/users/#", ann.id), "{\"takes_work\":1}"), "takes_work");
	expect_error(patch(&boss, "/users/12345", "{\"name\":\"x\"}"), 404, "missing");
}

static void test_last_admin(void **state)
{
	expect_error(patch(&boss, path("/users/#", boss.id), "{\"role\":\"agent\"}"), 409, "last_admin");
	expect_error(patch(&boss, path("/users/#", boss.id), "{\"disabled\":true}"), 409, "last_admin");
	person("second", "admin", NULL);
	assert_int_equal(patch(&boss, path("/users/#", boss.id), "{\"role\":\"agent\"}").status, 200);
	expect_error(post(&boss, "/teams", "{\"name\":\"x\"}"), 403, "denied");
}

static void test_teams_and_queues(void **state)
{
	assert_int_equal(count(get(&boss, "/teams"), "teams"), 1); // Support, from the first start
	assert_int_equal(count(get(&boss, "/queues"), "queues"), 1);
	uint64_t team = a_team("Sales"), queue = a_queue("VIP", team);
	struct reply r = get(&boss, "/queues");
	assert_int_equal(count(r, "queues"), 2);
	assert_int_equal(json_id_of(json_at(json_get(r.json, "queues"), 1), "id"), queue);
	expect_field(post(&boss, "/queues", "{\"name\":\"x\",\"teams\":[\"1\"]}"), "teams");
	expect_field(post(&boss, "/queues", "{\"name\":\"x\"}"), "teams");
	expect_field(post(&boss, "/teams", "{}"), "name");
	char *name = mem_alloc(300);
	memset(name, 'x', 299);
	expect_field(post(&boss, "/teams", "{\"name\":\"%s\"}", name), "name");
	mem_free(name);
}

static void test_inboxes(void **state)
{
	struct person ann = person("ann", "agent", NULL);
	assert_int_equal(count(get(&boss, "/channels"), "channels"), 0); // this world has no plugins
	expect_error(get(&ann, "/channels"), 403, "denied");
	assert_int_equal(count(get(&ann, "/inboxes"), "inboxes"), 0);
	expect_error(post(&ann, "/inboxes", "{\"name\":\"x\",\"channel\":\"x\",\"config\":{}}"), 403, "denied");
	expect_field(post(&boss, "/inboxes", "{\"name\":\"x\",\"channel\":\"pigeon\",\"config\":{}}"), "channel");
	expect_field(post(&boss, "/inboxes", "{\"name\":\"x\",\"channel\":\"pigeon\"}"), "config");
	expect_field(
		post(&boss, "/inboxes", "{\"name\":\"x\",\"channel\":\"pigeon\",\"config\":{},\"restricted\":true}"),
		"queue");
	expect_field(post(&boss, "/inboxes", "{\"name\":\"x\",\"channel\":\"pigeon\",\"config\":{},\"queue\":\"5\"}"),
		     "queue");
	expect_error(patch(&boss, "/inboxes/12345", "{\"name\":\"x\"}"), 404, "missing");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lists),
		TEST(test_pages),
		TEST(test_bad_lists),
		TEST(test_conversation),
		TEST(test_assign),
		TEST(test_state),
		TEST(test_note),
		TEST(test_bad_messages),
		TEST(test_contact),
		TEST(test_files),
		TEST(test_bad_uploads),
		TEST(test_upload_is_left),
		TEST(test_users),
		TEST(test_last_admin),
		TEST(test_teams_and_queues),
		TEST(test_inboxes),
		TEST(test_resend_of_theirs),
	};
	fixture_begin(FIXTURE_SQLITE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
