// SPDX-License-Identifier: Apache-2.0
// Messages and events come back from their rows as they went in; what a visitor gets. On both databases.
#include "fixture_test.h"
#include "base/mem.h"
#include <string.h>

#define ROW(...) ((struct db_value[]){__VA_ARGS__})

static struct fixture f;

static int set_up(void **state)
{
	fixture_open(&f);
	return 0;
}

static int tear_down(void **state)
{
	fixture_close(&f);
	return 0;
}

static void assert_text(struct str s, const char *text)
{
	if (!str_is(s, text)) fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(s), text);
}

#define SAME(field) assert_int_equal(a->field, b->field)
#define SAME_TEXT(field) assert_true(str_eq(a->field, b->field))

static void add_conversation(void)
{
	struct unit *u = unit_new(f.store);
	struct contact contact = {.id = 1, .name = STR("Оля"), .created_at = 1000};
	struct conversation c = {.id = 20, .number = 1042, .contact = 1, .inbox = 12, .thread = 13, .version = 1};
	unit_add_contact(u, &contact);
	unit_add_conversation(u, &c);
	assert_int_equal(fixture_commit(&f, u), 0);
}

static struct message a_message(uint64_t id)
{
	return (struct message){.id = id,
				.conversation = 20,
				.contact = 1,
				.thread = 13,
				.inbox = 12,
				.author = AUTHOR_AGENT,
				.author_id = 15,
				.is_out = true,
				.origin = ORIGIN_BACKFILL,
				.audience = AUDIENCE_INTERNAL,
				.provider_id = STR("wamid.1"),
				.key = STR("k-1"),
				.reply_to = 29,
				.sent_at = 7,
				.received_at = 8,
				.parts = STR("[{\"type\":\"text\",\"text\":\"її\"}]"),
				.delivery = DELIVERY_QUEUED,
				.error = STR("busy")};
}

static void assert_same_message(const struct message *a, const struct message *b)
{
	SAME(id);
	SAME(conversation);
	SAME(contact);
	SAME(thread);
	SAME(inbox);
	SAME(author);
	SAME(author_id);
	SAME(is_out);
	SAME(origin);
	SAME(audience);
	SAME(reply_to);
	SAME(sent_at);
	SAME(received_at);
	SAME(delivery);
	SAME_TEXT(provider_id);
	SAME_TEXT(key);
	SAME_TEXT(parts);
	SAME_TEXT(error);
}

static void assert_same_event(const struct event *a, const struct event *b)
{
	SAME(seq);
	SAME(at_ms);
	SAME(kind);
	SAME(actor.kind);
	SAME(actor.id);
	SAME(conversation);
	SAME(contact);
	SAME(message);
	SAME(from);
	SAME(to);
	SAME(inbox);
	SAME(thread);
}

static struct event an_event(enum event_kind kind, uint64_t message)
{
	return (struct event){.at_ms = 9,
			      .kind = kind,
			      .actor = {ACTOR_USER, 15},
			      .conversation = 20,
			      .contact = 1,
			      .message = message,
			      .from = 3,
			      .to = 4,
			      .inbox = 12,
			      .thread = 13};
}

static int64_t add_message(const struct message *m)
{
	struct event e = an_event(m->is_out ? EVENT_MESSAGE_OUT : EVENT_MESSAGE_IN, m->id);
	struct unit *u = unit_new(f.store);
	unit_add_message(u, m);
	unit_add_event(u, &e);
	assert_int_equal(fixture_commit(&f, u), 0);
	return f.first_seq;
}

static void test_message(void **state)
{
	struct message m = a_message(30), back;
	struct event e;
	add_conversation();
	int64_t seq = add_message(&m);
	const struct db_rows *r = fixture_read(&f, STMT_MESSAGE, ROW(DB_INT(30)));
	message_of_row(r, 0, 0, &back);
	assert_same_message(&m, &back);
	assert_int_equal(db_int(r, 0, MESSAGE_COLS), seq);
	r = fixture_read(&f, STMT_MESSAGE_OF_PROVIDER, ROW(DB_INT(12), DB_TEXT(STR("wamid.1"))));
	assert_int_equal(db_int(r, 0, 0), 30);
	r = fixture_read(&f, STMT_EVENTS_AFTER, ROW(DB_INT(seq - 1), DB_INT(10)));
	assert_int_equal(r->n_rows, 1);
	event_of_row(r, 0, 0, &e);
	struct event expected = an_event(EVENT_MESSAGE_OUT, 30);
	expected.seq = seq;
	assert_same_event(&e, &expected);
	message_of_row(r, 0, EVENT_COLS, &back);
	assert_same_message(&m, &back);
	struct conversation c_back;
	conversation_of_row(r, 0, EVENT_COLS + MESSAGE_COLS, &c_back);
	assert_int_equal(c_back.id, 20);
	assert_text(db_str(r, 0, EVENT_COLS + MESSAGE_COLS + CONVERSATION_COLS), "Оля");
	r = fixture_read(&f, STMT_TIMELINE, ROW(DB_INT(20), DB_INT(INT64_MAX), DB_INT(10)));
	assert_int_equal(r->n_rows, 1);
	assert_int_equal(db_int(fixture_read(&f, STMT_SEQ_HEAD, NULL), 0, 0), seq);
}

static void test_delivery(void **state)
{
	struct message m = a_message(30), back;
	add_message(&m);
	struct unit *u = unit_new(f.store);
	m.delivery = DELIVERY_READ;
	m.error = STR_NONE;
	unit_save_delivery(u, &m, DELIVERY_QUEUED, STR("wamid.2"));
	assert_int_equal(fixture_commit(&f, u), 0);
	message_of_row(fixture_read(&f, STMT_MESSAGE, ROW(DB_INT(30))), 0, 0, &back);
	assert_int_equal(back.delivery, DELIVERY_READ);
	assert_null(back.error.p);
	assert_text(back.provider_id, "wamid.2");
	u = unit_new(f.store);
	m.delivery = DELIVERY_FAILED;
	m.error = STR("gone");
	unit_save_delivery(u, &m, DELIVERY_QUEUED, STR_NONE); // it has moved on
	assert_int_equal(fixture_commit(&f, u), E_CONFLICT);
	u = unit_new(f.store);
	unit_save_delivery(u, &m, DELIVERY_READ, STR_NONE);
	assert_int_equal(fixture_commit(&f, u), 0);
	message_of_row(fixture_read(&f, STMT_MESSAGE, ROW(DB_INT(30))), 0, 0, &back);
	assert_text(back.provider_id, "wamid.2"); // stays
	assert_text(back.error, "gone");
}

// What a visitor gets: messages of the thread, notes left out.
static void test_replay(void **state)
{
	struct thread t = {.id = 13, .inbox = 12, .contact = 1, .identity = 2, .external = STR("x"), .created_at = 1};
	struct message m = a_message(30);
	add_conversation();
	struct unit *u = unit_new(f.store);
	unit_add_thread(u, &t);
	assert_int_equal(fixture_commit(&f, u), 0);
	add_message(&m); // internal
	m = a_message(31);
	m.audience = AUDIENCE_CUSTOMER;
	int64_t first = add_message(&m);
	m.id = 32;
	add_message(&m);
	m.id = 33;
	m.thread = 99; // another thread of the same conversation
	add_message(&m);
	const struct db_rows *r = fixture_read(&f, STMT_REPLAY, ROW(DB_INT(13), DB_INT(0), DB_INT(10)));
	assert_int_equal(r->n_rows, 2);
	assert_int_equal(db_int(r, 0, 0), first);
	assert_int_equal(db_int(r, 1, 1), 32);
	assert_int_equal(fixture_read(&f, STMT_REPLAY, ROW(DB_INT(13), DB_INT(first), DB_INT(10)))->n_rows, 1);
	r = fixture_read(&f, STMT_REPLAY_LAST, ROW(DB_INT(13), DB_INT(1)));
	assert_int_equal(r->n_rows, 1);
	assert_int_equal(db_int(r, 0, 1), 32);
}

// seq is dense and in the order of the rows.
static void test_log(void **state)
{
	struct unit *u = unit_new(f.store);
	for (int i = 0; i < 5; i++) {
		struct event e = {.at_ms = i, .kind = EVENT_USER_CHANGED, .to = i};
		unit_add_event(u, &e);
	}
	assert_int_equal(fixture_commit(&f, u), 0);
	const struct db_rows *r = fixture_read(&f, STMT_EVENTS_AFTER, ROW(DB_INT(0), DB_INT(10)));
	assert_int_equal(r->n_rows, 5);
	for (size_t i = 0; i < 5; i++) {
		struct event e;
		event_of_row(r, i, 0, &e);
		assert_int_equal(e.seq, f.first_seq + (int64_t)i);
		assert_int_equal(e.to, i);
		assert_int_equal(e.conversation, 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_message), TEST(test_delivery), TEST(test_replay), TEST(test_log)};
	return fixture_run("log", tests, ARRAY_LEN(tests));
}
