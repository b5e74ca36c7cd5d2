// SPDX-License-Identifier: Apache-2.0
// Every object comes back from its rows as it went in; guards and updates do what sql_write.h says. On both databases.
#include "fixture.h"
#include "base/log.h"
#include "base/mem.h"
#include "domain/user.h"
#include <stdio.h>
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

// ---- contacts, identities, threads
// ---------------------------------------------------------------------------------------------

static struct contact a_contact(uint64_t id)
{
	return (struct contact){.id = id, .name = STR("Оля"), .created_at = 1000};
}

static struct identity an_identity(uint64_t id, uint64_t contact, const char *address)
{
	return (struct identity){.id = id,
				 .contact = contact,
				 .kind = STR("phone"),
				 .scope = STR(""),
				 .address = str_of(address),
				 .name = STR("Olya"),
				 .proof = PROOF_CHANNEL,
				 .is_shared = true,
				 .created_at = 1001};
}

static void test_contact(void **state)
{
	struct contact c = a_contact(1), back;
	struct identity i = an_identity(2, 1, "+380501112233"), i_back;
	struct thread t = {.id = 3,
			   .inbox = 4,
			   .contact = 1,
			   .identity = 2,
			   .conversation = 7,
			   .external = STR("chat-1"),
			   .created_at = 1002};
	struct unit *u = unit_new(f.store);
	unit_add_contact(u, &c);
	unit_add_identity(u, &i);
	unit_add_thread(u, &t);
	assert_int_equal(fixture_commit(&f, u), 0);

	contact_of_row(fixture_read(&f, STMT_CONTACT, ROW(DB_INT(1))), 0, &back);
	assert_text(back.name, "Оля");
	assert_null(back.language.p);
	assert_int_equal(back.created_at, 1000);
	assert_int_equal(back.version, 1);
	const struct db_rows *r = fixture_read(&f, STMT_IDENTITIES, ROW(DB_INT(1)));
	assert_int_equal(r->n_rows, 1);
	identity_of_row(r, 0, &i_back);
	assert_text(i_back.address, "+380501112233");
	assert_text(i_back.kind, "phone");
	assert_text(i_back.scope, "");
	assert_text(i_back.name, "Olya");
	assert_true(i_back.is_shared);
	assert_int_equal(i_back.proof, PROOF_CHANNEL);
	r = fixture_read(&f, STMT_THREAD, ROW(DB_INT(3)));
	assert_int_equal(r->n_rows, 1);
	assert_text(db_str(r, 0, 2), "chat-1");
	assert_text(db_str(r, 0, 5), "+380501112233");
	r = fixture_read(&f, STMT_THREAD_OF_EXTERNAL, ROW(DB_INT(4), DB_TEXT(STR("chat-1"))));
	assert_int_equal(db_int(r, 0, 0), 3);
}

static void test_sender(void **state)
{
	struct contact c = a_contact(1);
	struct identity i = an_identity(2, 1, "a");
	struct db_value ask[] = {DB_INT(4), DB_TEXT(STR("chat")), DB_TEXT(STR("phone")), DB_TEXT(STR("")),
				 DB_TEXT(STR("a"))};
	const struct db_rows *r = fixture_read(&f, STMT_SENDER, ask);
	assert_int_equal(r->n_rows, 1); // also when nothing is known
	assert_true(db_is_null(r, 0, 0) && db_is_null(r, 0, 3));
	struct unit *u = unit_new(f.store);
	unit_add_contact(u, &c);
	unit_add_identity(u, &i);
	assert_int_equal(fixture_commit(&f, u), 0);
	r = fixture_read(&f, STMT_SENDER, ask);
	assert_true(db_is_null(r, 0, 0));
	assert_int_equal(db_int(r, 0, 3), 2);
	assert_int_equal(db_int(r, 0, 4), 1);
	assert_text(db_str(r, 0, 6), "Оля");
}

static void test_rename(void **state)
{
	struct contact c = a_contact(1), back;
	struct unit *u = unit_new(f.store);
	unit_add_contact(u, &c);
	assert_int_equal(fixture_commit(&f, u), 0);
	u = unit_new(f.store);
	unit_rename_contact(u, 1, STR("first"));
	unit_rename_contact(u, 1, STR("last"));
	assert_int_equal(fixture_commit(&f, u), 0);
	contact_of_row(fixture_read(&f, STMT_CONTACT, ROW(DB_INT(1))), 0, &back);
	assert_text(back.name, "last");
	assert_true(back.version > 1);
}

// ---- guards
// --------------------------------------------------------------------------------------------------------------------

static void test_seen(void **state)
{
	struct unit *u = unit_new(f.store);
	unit_add_seen(u, 1, SEEN_MESSAGE, STR("k"), 10, 77);
	assert_int_equal(fixture_commit(&f, u), 0);
	u = unit_new(f.store);
	struct contact c = a_contact(5);
	unit_add_contact(u, &c);
	uint16_t row = unit_add_seen(u, 1, SEEN_MESSAGE, STR("k"), 11, 78);
	assert_int_equal(fixture_commit(&f, u), E_CONFLICT);
	assert_int_equal(f.n_failed, 1);
	assert_int_equal(f.failed[0], row);
	assert_int_equal(fixture_read(&f, STMT_CONTACT, ROW(DB_INT(5)))->n_rows, 0);
	struct db_value key[] = {DB_INT(1), DB_INT(SEEN_MESSAGE), DB_TEXT(STR("k"))};
	assert_int_equal(db_int(fixture_read(&f, STMT_SEEN, key), 0, 0), 77);
	// Another kind, inbox or key is another thing.
	u = unit_new(f.store);
	unit_add_seen(u, 1, SEEN_RECEIPT, STR("k"), 12, 0);
	unit_add_seen(u, 2, SEEN_MESSAGE, STR("k"), 12, 0);
	assert_int_equal(fixture_commit(&f, u), 0);
	const struct db_rows *r = fixture_read(&f, STMT_SEEN_OLD, ROW(DB_INT(11), DB_INT(10)));
	assert_int_equal(r->n_rows, 1);
	assert_int_equal(fixture_write(&f, STMT_SEEN_DROP, key), 0);
	assert_int_equal(fixture_read(&f, STMT_SEEN, key)->n_rows, 0);
}

static void test_identity_and_thread_are_unique(void **state)
{
	struct identity i = an_identity(2, 1, "a"), again = an_identity(3, 9, "a");
	struct thread t = {.id = 4, .inbox = 1, .contact = 1, .identity = 2, .external = STR("x"), .created_at = 1};
	struct unit *u = unit_new(f.store);
	unit_add_identity(u, &i);
	unit_add_thread(u, &t);
	assert_int_equal(fixture_commit(&f, u), 0);
	u = unit_new(f.store);
	unit_add_identity(u, &again);
	assert_int_equal(fixture_commit(&f, u), E_CONFLICT);
	t.id = 5;
	u = unit_new(f.store);
	unit_add_thread(u, &t);
	assert_int_equal(fixture_commit(&f, u), E_CONFLICT);
	u = unit_new(f.store);
	unit_thread_speaks(u, 4, 40);
	unit_thread_speaks(u, 4, 41);
	assert_int_equal(fixture_commit(&f, u), 0);
	const struct db_rows *r = fixture_read(&f, STMT_THREAD_OF_EXTERNAL, ROW(DB_INT(1), DB_TEXT(STR("x"))));
	assert_int_equal(db_int(r, 0, 3), 41);
}

// ---- conversations
// ---------------------------------------------------------------------------------------------------------------

static struct conversation a_conversation(uint64_t id)
{
	struct conversation c = {.id = id,
				 .number = 1042,
				 .contact = 1,
				 .brand = 11,
				 .inbox = 12,
				 .thread = 13,
				 .state = CONVERSATION_OPEN,
				 .handler = HANDLER_AGENT,
				 .queue = 14,
				 .assignee = 15,
				 .version = 1,
				 .n_messages = 2,
				 .created_at = 100,
				 .last_at = 200 + (int64_t)id,
				 .last_in_at = 190,
				 .previous = 16,
				 .preview_by = AUTHOR_CONTACT};
	strcpy(c.preview, "Добрий день");
	return c;
}

static void add_conversation(const struct conversation *c)
{
	struct unit *u = unit_new(f.store);
	struct contact contact = a_contact(c->contact);
	if (!fixture_read(&f, STMT_CONTACT, ROW(DB_INT(c->contact)))->n_rows) unit_add_contact(u, &contact);
	unit_add_conversation(u, c);
	assert_int_equal(fixture_commit(&f, u), 0);
}

static struct conversation read_conversation(uint64_t id)
{
	struct conversation c;
	const struct db_rows *r = fixture_read(&f, STMT_CONVERSATION, ROW(DB_INT(id)));
	assert_int_equal(r->n_rows, 1);
	conversation_of_row(r, 0, 0, &c);
	assert_text(db_str(r, 0, CONVERSATION_COLS), "Оля");
	return c;
}

static void assert_same_conversation(const struct conversation *a, const struct conversation *b)
{
#define X(field) assert_int_equal(a->field, b->field);
	X(id)
	X(number) X(contact) X(brand) X(inbox) X(thread) X(state) X(handler) X(queue) X(assignee) X(restricted)
		X(version) X(n_messages) X(created_at) X(last_at) X(last_in_at) X(last_out_at) X(resolved_at)
			X(previous) X(rules_seq) X(preview_by)
#undef X
				assert_string_equal(a->preview, b->preview);
}

static void test_conversation(void **state)
{
	struct conversation c = a_conversation(20), back;
	add_conversation(&c);
	back = read_conversation(20);
	assert_same_conversation(&back, &c);

	c.state = CONVERSATION_RESOLVED;
	c.handler = HANDLER_NONE;
	c.assignee = c.queue = c.previous = 0;
	c.restricted = 12;
	c.last_out_at = 300;
	c.resolved_at = 301;
	c.rules_seq = 99;
	c.n_messages = 3;
	strcpy(c.preview, "thanks");
	c.preview_by = AUTHOR_AGENT;
	struct unit *u = unit_new(f.store);
	unit_save_conversation(u, &c);
	assert_int_equal(fixture_commit(&f, u), 0);
	c.version = 2;
	back = read_conversation(20);
	assert_same_conversation(&back, &c);

	c.version = 1; // somebody else was faster
	u = unit_new(f.store);
	unit_save_conversation(u, &c);
	assert_int_equal(fixture_commit(&f, u), E_CONFLICT);
}

static void on_race(const struct unit_result *r, void *arg)
{
	int *ends = arg;
	ends[r->status ? 1 : 0]++;
	if (ends[0] + ends[1] == 2) fixture_done(&f);
}

// Two units of one batch that save the same version: the first wins.
static void test_conversation_race(void **state)
{
	struct conversation c = a_conversation(20);
	int ends[2] = {0};
	add_conversation(&c);
	for (int i = 0; i < 2; i++) {
		c.n_messages = 50 + i;
		struct unit *u = unit_new(f.store);
		unit_name(u, "race");
		unit_save_conversation(u, &c);
		store_submit(f.store, u, on_race, ends);
	}
	fixture_wait(&f);
	assert_int_equal(ends[0], 1);
	assert_int_equal(ends[1], 1);
	assert_int_equal(read_conversation(20).n_messages, 50);
}

static size_t list(int stmt, const struct db_value *more, size_t n_more, uint64_t *ids_r)
{
	struct db_value params[10] = {DB_INT(15),        DB_INT(0),         DB_INTS(((int64_t[]){14}), 1),
				      DB_INT(INT64_MAX), DB_INT(INT64_MAX), DB_INT(10)};
	for (size_t i = 0; i < n_more; i++)
		params[6 + i] = more[i];
	const struct db_rows *r = fixture_read(&f, stmt, params);
	for (size_t i = 0; i < r->n_rows; i++)
		ids_r[i] = (uint64_t)db_int(r, i, 0);
	return r->n_rows;
}

static void test_lists(void **state)
{
	uint64_t ids[10];
	struct conversation c = a_conversation(20); // mine, open
	add_conversation(&c);
	c = a_conversation(21); // nobody's, waiting
	c.state = CONVERSATION_WAITING;
	c.assignee = 0;
	c.handler = HANDLER_NONE;
	add_conversation(&c);
	c = a_conversation(22); // a bot's
	c.assignee = 0;
	c.handler = HANDLER_BOT;
	add_conversation(&c);
	c = a_conversation(23); // done
	c.state = CONVERSATION_CLOSED;
	add_conversation(&c);
	c = a_conversation(24); // out of sight
	c.queue = 99;
	c.assignee = 98;
	add_conversation(&c);

	assert_int_equal(list(STMT_CONVERSATIONS_ACTIVE, NULL, 0, ids), 3);
	assert_true(ids[0] == 22 && ids[1] == 21 && ids[2] == 20);
	assert_int_equal(list(STMT_CONVERSATIONS_MINE, NULL, 0, ids), 1);
	assert_int_equal(ids[0], 20);
	assert_int_equal(list(STMT_CONVERSATIONS_UNASSIGNED, NULL, 0, ids), 1);
	assert_int_equal(ids[0], 21);
	assert_int_equal(list(STMT_CONVERSATIONS_ACTIVE_BY, ROW(DB_INT(1), DB_INT(1), DB_INT(0)), 3, ids), 1);
	assert_int_equal(ids[0], 21);
	assert_int_equal(list(STMT_CONVERSATIONS_ACTIVE_BY, ROW(DB_INT(0), DB_INT(0), DB_INT(1)), 3, ids), 1);
	assert_int_equal(ids[0], 20);
	assert_int_equal(list(STMT_CONVERSATIONS_DONE, ROW(DB_INT(2), DB_INT(3), DB_INT(0)), 3, ids), 1);
	assert_int_equal(ids[0], 23);
	assert_int_equal(list(STMT_CONVERSATIONS_DONE, ROW(DB_INT(2), DB_INT(2), DB_INT(0)), 3, ids), 0);
	assert_int_equal(list(STMT_CONVERSATIONS_OF, ROW(DB_INT(1)), 1, ids), 4);
	const struct db_rows *r = fixture_read(&f, STMT_OPEN_COUNTS, NULL);
	assert_int_equal(r->n_rows, 2);
	r = fixture_read(&f, STMT_CONVERSATION_OF_CONTACT, ROW(DB_INT(1)));
	assert_int_equal(r->n_rows, 4);
}

static void test_pages(void **state)
{
	for (uint64_t id = 20; id < 25; id++) {
		struct conversation c = a_conversation(id);
		c.last_at = 500; // the id decides
		add_conversation(&c);
	}
	int64_t last_at = INT64_MAX, last = INT64_MAX;
	for (int64_t expected = 24; expected >= 20; expected--) {
		struct db_value page[] = {DB_INT(15),      DB_INT(1),    DB_INTS((int64_t *)NULL, 0),
					  DB_INT(last_at), DB_INT(last), DB_INT(1)};
		const struct db_rows *r = fixture_read(&f, STMT_CONVERSATIONS_ACTIVE, page);
		assert_int_equal(r->n_rows, 1);
		last = db_int(r, 0, 0);
		last_at = db_int(r, 0, 14);
		assert_int_equal(last, expected);
	}
}

// ---- messages and the log
// ------------------------------------------------------------------------------------------------------

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
#define X(field) assert_int_equal(a->field, b->field);
	X(id)
	X(conversation) X(contact) X(thread) X(inbox) X(author) X(author_id) X(is_out) X(origin) X(audience) X(reply_to)
		X(sent_at) X(received_at) X(delivery)
#undef X
#define X(field) assert_true(str_eq(a->field, b->field));
			X(provider_id) X(key) X(parts) X(error)
#undef X
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
	struct conversation c = a_conversation(20);
	struct message m = a_message(30), back;
	struct event e;
	add_conversation(&c);
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
#define X(field) assert_int_equal(e.field, expected.field);
	X(seq)
	X(at_ms) X(kind) X(actor.kind) X(actor.id) X(conversation) X(contact) X(message) X(from) X(to) X(inbox)
		X(thread)
#undef X
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
	unit_save_delivery(u, 30, DELIVERY_ACCEPTED, STR_NONE, STR_NONE);
	unit_save_delivery(u, 30, DELIVERY_READ, STR_NONE, STR("wamid.2"));
	assert_int_equal(fixture_commit(&f, u), 0);
	message_of_row(fixture_read(&f, STMT_MESSAGE, ROW(DB_INT(30))), 0, 0, &back);
	assert_int_equal(back.delivery, DELIVERY_READ);
	assert_null(back.error.p);
	assert_text(back.provider_id, "wamid.2");
	u = unit_new(f.store);
	unit_save_delivery(u, 30, DELIVERY_FAILED, STR("gone"), STR_NONE);
	assert_int_equal(fixture_commit(&f, u), 0);
	message_of_row(fixture_read(&f, STMT_MESSAGE, ROW(DB_INT(30))), 0, 0, &back);
	assert_text(back.provider_id, "wamid.2"); // stays
	assert_text(back.error, "gone");
}

// What a visitor gets: messages of the thread, notes left out.
static void test_replay(void **state)
{
	struct conversation c = a_conversation(20);
	struct thread t = {.id = 13, .inbox = 12, .contact = 1, .identity = 2, .external = STR("x"), .created_at = 1};
	struct message m = a_message(30);
	add_conversation(&c);
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

// ---- files, outbox, receipts, kv
// -------------------------------------------------------------------------------------------------

static void test_file(void **state)
{
	struct file_row file = {.id = 40,
				.blob = STR("ab12"),
				.name = STR("фото.jpg"),
				.mime = STR("image/jpeg"),
				.bytes = 77,
				.inbox = 12,
				.owner = STR("user:15"),
				.created_at = 5,
				.expires_at = 100},
			back;
	struct message m = a_message(30);
	struct unit *u = unit_new(f.store);
	unit_add_file(u, &file);
	file.id = 41;
	unit_add_file(u, &file);
	assert_int_equal(fixture_commit(&f, u), 0);
	file_of_row(fixture_read(&f, STMT_FILE, ROW(DB_INT(40))), 0, &back);
	assert_text(back.blob, "ab12");
	assert_text(back.name, "фото.jpg");
	assert_text(back.mime, "image/jpeg");
	assert_text(back.owner, "user:15");
	assert_int_equal(back.bytes, 77);
	assert_int_equal(back.inbox, 12);
	assert_int_equal(back.message, 0);
	u = unit_new(f.store);
	unit_use_file(u, 40, &m);
	assert_int_equal(fixture_commit(&f, u), 0);
	assert_int_equal(fixture_write(&f, STMT_FILE_PRUNE, ROW(DB_INT(200))), 0); // the one that nobody used
	const struct db_rows *r = fixture_read(&f, STMT_FILES, ROW(DB_INTS(((int64_t[]){40, 41}), 2)));
	assert_int_equal(r->n_rows, 1);
	file_of_row(r, 0, &back);
	assert_int_equal(back.message, 30);
	assert_int_equal(back.conversation, 20);
	assert_int_equal(back.thread, 13);
	assert_int_equal(back.audience, AUDIENCE_INTERNAL);
	struct str names[] = {STR("ab12"), STR("cd34")};
	r = fixture_read(&f, STMT_BLOBS_USED, ROW(DB_TEXTS(names, 2)));
	assert_int_equal(r->n_rows, 1);
	assert_text(db_str(r, 0, 0), "ab12");
}

static void test_outbox(void **state)
{
	struct outbox_row o = {.message = 30,
			       .inbox = 12,
			       .thread = 13,
			       .conversation = 20,
			       .next_at = 5,
			       .expires_at = 500},
			  back;
	struct unit *u = unit_new(f.store);
	unit_add_outbox(u, &o);
	assert_int_equal(fixture_commit(&f, u), 0);
	u = unit_new(f.store);
	unit_take_outbox(u, 30, 0, 7);
	assert_int_equal(fixture_commit(&f, u), 0);
	outbox_of_row(fixture_read(&f, STMT_OUTBOX_ALL, ROW(DB_INT(0), DB_INT(10))), 0, &back);
	assert_true(back.is_taken);
	assert_int_equal(back.attempt, 1);
	assert_int_equal(back.epoch, 7);
	assert_int_equal(back.expires_at, 500);
	u = unit_new(f.store); // it is taken
	unit_take_outbox(u, 30, 1, 8);
	assert_int_equal(fixture_commit(&f, u), E_CONFLICT);
	back.next_at = 60;
	back.resume = STR("{\"part\":1}");
	u = unit_new(f.store);
	unit_back_outbox(u, &back);
	assert_int_equal(fixture_commit(&f, u), 0);
	outbox_of_row(fixture_read(&f, STMT_OUTBOX_ALL, ROW(DB_INT(0), DB_INT(10))), 0, &back);
	assert_false(back.is_taken);
	assert_int_equal(back.next_at, 60);
	assert_text(back.resume, "{\"part\":1}");
	u = unit_new(f.store);
	unit_end_outbox(u, 30);
	assert_int_equal(fixture_commit(&f, u), 0);
	assert_int_equal(fixture_read(&f, STMT_OUTBOX_ALL, ROW(DB_INT(0), DB_INT(10)))->n_rows, 0);
}

static void test_held_receipts(void **state)
{
	struct db_value row[] = {DB_INT(12), DB_TEXT(STR("wamid.1")), DB_INT(DELIVERY_READ), DB_INT(50), DB_NULL};
	struct db_value key[] = {DB_INT(12), DB_TEXT(STR("wamid.1"))};
	assert_int_equal(fixture_write(&f, STMT_RECEIPT_HOLD, row), 0);
	assert_int_equal(fixture_write(&f, STMT_RECEIPT_HOLD, row), 0);
	const struct db_rows *r = fixture_read(&f, STMT_RECEIPTS_HELD, key);
	assert_int_equal(r->n_rows, 1);
	assert_int_equal(db_int(r, 0, 0), DELIVERY_READ);
	assert_int_equal(fixture_write(&f, STMT_RECEIPT_PRUNE, ROW(DB_INT(50))), 0);
	assert_int_equal(fixture_read(&f, STMT_RECEIPTS_HELD, key)->n_rows, 1);
	assert_int_equal(fixture_write(&f, STMT_RECEIPT_DROP, key), 0);
	assert_int_equal(fixture_read(&f, STMT_RECEIPTS_HELD, key)->n_rows, 0);
}

static void test_kv_and_cursor(void **state)
{
	struct db_value key[] = {DB_INT(12), DB_TEXT(STR("cursor"))};
	struct unit *u = unit_new(f.store);
	unit_add(u, STMT_KV_PUT, ROW(DB_INT(12), DB_TEXT(STR("cursor")), DB_TEXT(STR("1"))));
	unit_add(u, STMT_KV_PUT, ROW(DB_INT(12), DB_TEXT(STR("cursor")), DB_TEXT(STR("2"))));
	unit_add(u, STMT_CURSOR_SAVE, ROW(DB_TEXT(STR("rules")), DB_INT(5)));
	unit_add(u, STMT_CURSOR_SAVE, ROW(DB_TEXT(STR("rules")), DB_INT(6)));
	assert_int_equal(fixture_commit(&f, u), 0);
	assert_text(db_str(fixture_read(&f, STMT_KV, key), 0, 0), "2");
	assert_int_equal(db_int(fixture_read(&f, STMT_CURSOR, ROW(DB_TEXT(STR("rules")))), 0, 0), 6);
	assert_int_equal(fixture_write(&f, STMT_KV_PUT, ROW(DB_INT(12), DB_TEXT(STR("cursor")), DB_TEXT(STR("3")))), 0);
	assert_text(db_str(fixture_read(&f, STMT_KV, key), 0, 0), "3");
	assert_int_equal(fixture_write(&f, STMT_KV_DELETE, key), 0);
	assert_int_equal(fixture_read(&f, STMT_KV, key)->n_rows, 0);
}

// ---- people
// ----------------------------------------------------------------------------------------------------------------------

static void test_sessions(void **state)
{
	char token[2][32] = {{1, 0, 2}, {3, 0, (char)255}};
	struct str a = {token[0], 32}, b = {token[1], 32};
	for (int i = 0; i < 2; i++)
		assert_int_equal(fixture_write(&f, STMT_SESSION_ADD,
					       ROW(DB_BYTES(i ? b : a), DB_INT(15), DB_TEXT(STR("csrf")), DB_INT(1),
						   DB_INT(1), DB_INT(100))),
				 0);
	const struct db_rows *r = fixture_read(&f, STMT_SESSION, ROW(DB_BYTES(a)));
	assert_int_equal(db_int(r, 0, 0), 15);
	assert_text(db_str(r, 0, 1), "csrf");
	assert_int_equal(fixture_write(&f, STMT_SESSION_TOUCH, ROW(DB_BYTES(a), DB_INT(50), DB_INT(200))), 0);
	r = fixture_read(&f, STMT_SESSION, ROW(DB_BYTES(a)));
	assert_int_equal(db_int(r, 0, 2), 50);
	assert_int_equal(db_int(r, 0, 3), 200);
	assert_int_equal(fixture_write(&f, STMT_SESSION_PRUNE, ROW(DB_INT(150))), 0);
	assert_int_equal(fixture_read(&f, STMT_SESSION, ROW(DB_BYTES(b)))->n_rows, 0);
	assert_int_equal(fixture_write(&f, STMT_SESSION_END_ALL, ROW(DB_INT(15), DB_BYTES(a))), 0);
	assert_int_equal(fixture_read(&f, STMT_SESSION, ROW(DB_BYTES(a)))->n_rows, 1);
	assert_int_equal(fixture_write(&f, STMT_SESSION_END_ALL, ROW(DB_INT(15), DB_BYTES(STR("")))), 0);
	assert_int_equal(fixture_read(&f, STMT_SESSION, ROW(DB_BYTES(a)))->n_rows, 0);
	assert_int_equal(fixture_write(&f, STMT_SESSION_END, ROW(DB_BYTES(a))), 0);
}

static void test_users(void **state)
{
	struct db_value user[] = {DB_INT(15),
				  DB_TEXT(STR("Ann")),
				  DB_TEXT(STR("ann@example.org")),
				  DB_TEXT(STR("hash")),
				  DB_INT(ROLE_AGENT),
				  DB_INT(1),
				  DB_INT(0),
				  DB_INT(1)};
	assert_int_equal(fixture_write(&f, STMT_USER_ADD, user), 0);
	user[0] = DB_INT(16); // the address is taken
	assert_int_equal(fixture_write(&f, STMT_USER_ADD, user), E_CONFLICT);
	const struct db_rows *r = fixture_read(&f, STMT_USER_LOGIN, ROW(DB_TEXT(STR("ann@example.org"))));
	assert_int_equal(db_int(r, 0, 0), 15);
	assert_text(db_str(r, 0, 1), "hash");
	assert_int_equal(fixture_write(&f, STMT_USER_PASSWORD, ROW(DB_INT(15), DB_TEXT(STR("new")))), 0);
	assert_text(db_str(fixture_read(&f, STMT_USER_PASSWORD_OF, ROW(DB_INT(15))), 0, 0), "new");
	assert_int_equal(fixture_write(&f, STMT_USER_SAVE,
				       ROW(DB_INT(15), DB_TEXT(STR("Anna")), DB_INT(ROLE_ADMIN), DB_INT(0), DB_INT(1))),
			 0);
	r = fixture_read(&f, STMT_USERS, NULL);
	assert_int_equal(r->n_rows, 1);
	assert_text(db_str(r, 0, 1), "Anna");
	assert_int_equal(db_int(r, 0, 6), 1);
	struct unit *u = unit_new(f.store);
	unit_add_participant(u, 20, PARTICIPANT_USER, 15, PARTICIPANT_AGENT, 1);
	unit_add_participant(u, 20, PARTICIPANT_USER, 15, PARTICIPANT_AGENT, 2);
	assert_int_equal(fixture_commit(&f, u), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest rows[] = {
		TEST(test_contact),
		TEST(test_sender),
		TEST(test_rename),
		TEST(test_seen),
		TEST(test_lists),
		TEST(test_message),
		TEST(test_conversation),
		TEST(test_conversation_race),
		TEST(test_pages),
		TEST(test_replay),
		TEST(test_delivery),
		TEST(test_log),
		TEST(test_file),
		TEST(test_outbox),
		TEST(test_held_receipts),
		TEST(test_kv_and_cursor),
		TEST(test_sessions),
		TEST(test_users),
		TEST(test_identity_and_thread_are_unique),
	};
	log_set_level(LOG_WARN);
	fixture_begin(FIXTURE_SQLITE);
	int failed = cmocka_run_group_tests_name("rows sqlite", rows, NULL, NULL);
	if (!fixture_begin(FIXTURE_PGSQL)) {
		fputs("skipped: there is no PostgreSQL here\n", stderr);
		return failed;
	}
	failed += cmocka_run_group_tests_name("rows pgsql", rows, NULL, NULL);
	fixture_end();
	return failed;
}
