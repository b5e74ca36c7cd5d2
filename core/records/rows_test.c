// SPDX-License-Identifier: Apache-2.0
// Contacts, identities, threads and conversations come back from their rows as they went in; guards and updates do what
// sql_write.h says. On both databases.
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

// ---- contacts, identities, threads ----------------------------------------------------------------------------------

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

// ---- guards ---------------------------------------------------------------------------------------------------------

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
	unit_thread_speaks(u, 4, 41, t.conversation);
	assert_int_equal(fixture_commit(&f, u), 0);
	u = unit_new(f.store);
	unit_thread_speaks(u, 4, 42, t.conversation); // it has moved on
	assert_int_equal(fixture_commit(&f, u), E_CONFLICT);
	const struct db_rows *r = fixture_read(&f, STMT_THREAD_OF_EXTERNAL, ROW(DB_INT(1), DB_TEXT(STR("x"))));
	assert_int_equal(db_int(r, 0, 3), 41);
}

// ---- conversations --------------------------------------------------------------------------------------------------

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

#define SAME(field) assert_int_equal(a->field, b->field)

static void assert_same_conversation(const struct conversation *a, const struct conversation *b)
{
	SAME(id);
	SAME(number);
	SAME(contact);
	SAME(brand);
	SAME(inbox);
	SAME(thread);
	SAME(state);
	SAME(handler);
	SAME(queue);
	SAME(assignee);
	SAME(restricted);
	SAME(version);
	SAME(n_messages);
	SAME(created_at);
	SAME(last_at);
	SAME(last_in_at);
	SAME(last_out_at);
	SAME(resolved_at);
	SAME(previous);
	SAME(rules_seq);
	SAME(preview_by);
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
	c.assignee = c.queue = 0;
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

// Only what grows is written, under the same guard.
static void test_conversation_grows(void **state)
{
	struct conversation c = a_conversation(20), was = c, back;
	add_conversation(&c);
	c.thread = 41;
	c.inbox = 13;
	c.n_messages = 8;
	c.last_at = 400;
	c.last_in_at = 399;
	c.last_out_at = 398;
	strcpy(c.preview, "and one more thing");
	c.preview_by = AUTHOR_DEVICE;
	struct conversation row = c;
	row.state = CONVERSATION_CLOSED; // none of these is looked at
	row.assignee = row.queue = row.restricted = row.rules_seq = row.resolved_at = 77;
	struct unit *u = unit_new(f.store);
	unit_grow_conversation(u, &row);
	assert_int_equal(fixture_commit(&f, u), 0);
	c.version = was.version + 1;
	back = read_conversation(20);
	assert_same_conversation(&back, &c);

	u = unit_new(f.store);
	unit_grow_conversation(u, &row); // somebody else was faster
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_contact),
					   TEST(test_sender),
					   TEST(test_rename),
					   TEST(test_seen),
					   TEST(test_identity_and_thread_are_unique),
					   TEST(test_conversation),
					   TEST(test_conversation_grows),
					   TEST(test_conversation_race),
					   TEST(test_lists),
					   TEST(test_pages)};
	return fixture_run("rows", tests, ARRAY_LEN(tests));
}
