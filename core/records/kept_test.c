// SPDX-License-Identifier: Apache-2.0
// Files, the outbox, held receipts, small keys and people come back from their rows as they went in. On both databases.
#include "fixture_test.h"
#include "base/mem.h"
#include "domain/user.h"
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

// ---- files, outbox, receipts, kv ------------------------------------------------------------------------------------

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
	struct message m = {.id = 30, .conversation = 20, .thread = 13, .audience = AUDIENCE_INTERNAL};
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
	u = unit_new(f.store);
	unit_use_file(u, 40, &m); // once only
	assert_int_equal(fixture_commit(&f, u), E_CONFLICT);
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
	unit_add_outbox(u, &o);
	assert_int_equal(fixture_commit(&f, u), E_CONFLICT);
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

// ---- people ---------------------------------------------------------------------------------------------------------

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
	const struct CMUnitTest tests[] = {TEST(test_file),          TEST(test_outbox),   TEST(test_held_receipts),
					   TEST(test_kv_and_cursor), TEST(test_sessions), TEST(test_users)};
	return fixture_run("kept", tests, ARRAY_LEN(tests));
}
