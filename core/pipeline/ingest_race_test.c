// SPDX-License-Identifier: Apache-2.0
// Ingest when several come at once: duplicates, bursts, poison, and others who were faster.
#include "ingest.h"
#include "world_test.h"
#include <stdlib.h>
#include <string.h>

static void go(struct commit **c_r, const struct says *s)
{
	*c_r = commit_new(s->inbox);
	commit_message(*c_r, s);
	commit_go(*c_r);
}

// ---- duplicates -----------------------------------------------------------------------------------------------------

static void test_same_key_in_one_cause(void **state)
{
	struct commit *c = commit_new(TELEGRAM);
	commit_message(c, &(struct says){.key = "k1", .text = "one"});
	commit_message(c, &(struct says){.key = "k1", .text = "again"});
	commit_message(c, &(struct says){.key = "k2", .text = "two"});
	commit_go(c);
	assert_int_equal(commit_end(c), 0);
	settle();
	assert_int_equal(sql_int("SELECT count(*) FROM message"), 2);
	assert_int_equal(sql_int("SELECT count(*) FROM message WHERE parts LIKE '%%again%%'"), 0);
	assert_int_equal(sql_int("SELECT n_messages FROM conversation"), 2);
}

static void test_same_key_in_two_causes(void **state)
{
	struct commit *c, *d, *other;
	go(&c, &(struct says){.inbox = TELEGRAM, .key = "k1"});
	go(&d, &(struct says){.inbox = TELEGRAM, .key = "k1"});
	go(&other, &(struct says){.inbox = TELEGRAM, .key = "k1", .address = "tel:2"}); // the key is the inbox's
	assert_int_equal(commit_end(c), 0);
	assert_int_equal(commit_end(d), 0);
	assert_int_equal(commit_end(other), 0);
	settle();
	assert_int_equal(sql_int("SELECT count(*) FROM message"), 1);
	assert_int_equal(sql_int("SELECT count(*) FROM contact"), 1); // nothing else of a duplicate stands
	// Another inbox may use the same key.
	assert_int_equal(say(&(struct says){.inbox = WHATSAPP, .key = "k1"}), 0);
	assert_int_equal(sql_int("SELECT count(*) FROM message"), 2);
}

static void test_same_key_after_restart(void **state)
{
	struct says s = {.inbox = TELEGRAM, .key = "k1"};
	assert_int_equal(say(&s), 0);
	world_stop();
	world_start();
	int64_t before = head();
	assert_int_equal(say(&s), 0);
	assert_int_equal(head(), before);
	assert_int_equal(sql_int("SELECT count(*) FROM message"), 1);
}

// ---- bursts ---------------------------------------------------------------------------------------------------------

#define BURST 200

// The texts in the order of the log.
static const char *texts_in_order(void)
{
	static char all[8000];
	all[0] = 0;
	int64_t last = head();
	for (int64_t seq = 1; seq <= last; seq++) {
		const char *parts =
			sql("SELECT m.parts FROM event e JOIN message m ON m.id = e.message WHERE e.seq = %lld"
			    " AND e.kind IN (1, 2)",
			    (long long)seq);
		const char *at = strstr(parts, "\"text\":\"");
		if (!at) continue;
		at += strlen("\"text\":\"");
		strncat(all, at, strcspn(at, "\""));
		strcat(all, " ");
	}
	return all;
}

static void test_burst_of_one_sender(void **state)
{
	struct commit *c[BURST];
	struct buf expected = {0};
	struct store_stats stats;
	for (int i = 0; i < BURST; i++) {
		char text[20];
		snprintf(text, sizeof text, "n%d", i);
		buf_printf(&expected, "n%d ", i);
		char key[20];
		snprintf(key, sizeof key, "key-%d", i);
		go(&c[i], &(struct says){.inbox = TELEGRAM, .text = text, .key = key});
	}
	for (int i = 0; i < BURST; i++)
		assert_int_equal(commit_end(c[i]), 0);
	settle();
	assert_string_equal(texts_in_order(), expected.p);
	assert_int_equal(sql_int("SELECT n_messages FROM conversation"), BURST);
	store_stats(world.store, &stats);
	assert_true(stats.batches < BURST); // they were joined
	buf_fini(&expected);
}

// Duplicates among them are found out by a conflict; nobody overtakes those that are decided anew.
static void test_burst_with_duplicates(void **state)
{
	struct commit *c[BURST];
	struct buf expected = {0};
	for (int i = 0; i < BURST; i++) {
		char text[20], key[20];
		snprintf(text, sizeof text, "n%d", i);
		snprintf(key, sizeof key, "key-%d", i % 50 ? i : 0); // four are the same
		if (i % 50 || !i) buf_printf(&expected, "n%d ", i);
		go(&c[i], &(struct says){.inbox = TELEGRAM, .text = text, .key = key});
	}
	for (int i = 0; i < BURST; i++)
		assert_int_equal(commit_end(c[i]), 0);
	settle();
	assert_string_equal(texts_in_order(), expected.p);
	buf_fini(&expected);
}

static void test_answers_come_in_order(void **state)
{
	struct commit *c[20];
	for (int i = 0; i < 20; i++)
		go(&c[i], &(struct says){.inbox = TELEGRAM});
	settle();
	for (int i = 1; i < 20; i++)
		assert_true(c[i]->place > c[i - 1]->place);
	for (int i = 0; i < 20; i++)
		assert_int_equal(commit_end(c[i]), 0);
}

// ---- poison ---------------------------------------------------------------------------------------------------------

static void refuse_poison(void)
{
	if (world_db == WORLD_PGSQL)
		sql("ALTER TABLE message ADD CONSTRAINT no_poison CHECK (parts NOT LIKE '%%poison%%')");
	else
		sql("CREATE TRIGGER no_poison BEFORE INSERT ON message WHEN NEW.parts LIKE '%%poison%%'"
		    " BEGIN SELECT RAISE(ABORT, 'poison'); END");
}

static void test_poison_among_joined(void **state)
{
	struct commit *c[30];
	struct buf expected = {0};
	refuse_poison();
	expect_log("parks unit");
	for (int i = 0; i < 30; i++) {
		char text[20];
		bool is_bad = i == 7 || i == 20;
		snprintf(text, sizeof text, is_bad ? "poison" : "n%d", i);
		if (!is_bad) buf_printf(&expected, "n%d ", i);
		go(&c[i], &(struct says){.inbox = TELEGRAM, .text = text});
	}
	settle();
	for (int i = 0; i < 30; i++)
		assert_int_equal(commit_end(c[i]), i == 7 || i == 20 ? E_POISON : 0);
	assert_string_equal(texts_in_order(), expected.p);
	assert_int_equal(sql_int("SELECT n_messages FROM conversation"), 28);
	struct pipeline_stats stats;
	pipeline_stats(world.pipeline, &stats);
	assert_int_equal(stats.parked, 2);
	buf_fini(&expected);
}

static void test_poison_among_others(void **state)
{
	struct commit *c[20];
	refuse_poison();
	expect_log("parks unit");
	for (int i = 0; i < 20; i++) {
		char address[20];
		snprintf(address, sizeof address, "tel:%d", i);
		go(&c[i], &(struct says){.inbox = TELEGRAM, .address = address, .text = i == 7 ? "poison" : "fine"});
	}
	settle();
	for (int i = 0; i < 20; i++)
		assert_int_equal(commit_end(c[i]), i == 7 ? E_POISON : 0);
	assert_int_equal(sql_int("SELECT count(*) FROM conversation"), 19);
}

// What the pipeline itself refuses stops nobody else of the burst either.
static void test_invalid_among_joined(void **state)
{
	struct commit *c[10];
	char *large = malloc(70000);
	memset(large, 'x', 69999);
	large[69999] = 0;
	for (int i = 0; i < 10; i++)
		go(&c[i], &(struct says){.inbox = TELEGRAM, .text = i == 5 ? large : i == 6 ? "" : "fine"});
	settle();
	for (int i = 0; i < 10; i++)
		assert_int_equal(commit_end(c[i]), i == 5 ? E_TOO_LARGE : i == 6 ? E_INVALID : 0);
	assert_int_equal(sql_int("SELECT n_messages FROM conversation"), 8);
	free(large);
}

// ---- others were faster ---------------------------------------------------------------------------------------------

static void test_version_changed_behind_the_cache(void **state)
{
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM}), 0);
	uint64_t id = conversation_of(TELEGRAM, "tel:1");
	sql("UPDATE conversation SET version = 17, n_messages = 40, assignee = %d, handler = 3 WHERE id = %llu", ANNA,
	    (unsigned long long)id);
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM}), 0);
	struct conversation c = conversation_now(id);
	assert_int_equal(c.version, 18);
	assert_int_equal(c.n_messages, 41);
	assert_int_equal(c.assignee, ANNA);
}

// Another writer began a new conversation in this thread.
static void test_thread_moved_behind_the_cache(void **state)
{
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM}), 0);
	uint64_t id = conversation_of(TELEGRAM, "tel:1");
	struct acted a;
	move_go(&a, &(struct act){.user = DORA, .conversation = id}, MOVE_CLOSE);
	settle();
	assert_int_equal(say(&(struct says){.inbox = WHATSAPP, .address = "tel:2"}), 0);
	uint64_t other = conversation_of(WHATSAPP, "tel:2");
	sql("UPDATE thread SET conversation = %llu WHERE inbox = %d", (unsigned long long)other, TELEGRAM);
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM}), 0);
	assert_int_equal(conversation_of(TELEGRAM, "tel:1"), other);
	assert_int_equal(sql_int("SELECT count(*) FROM conversation"), 2);
}

// The same new person in several threads at once: each unit makes the contact, one of them does.
static void test_one_person_in_many_threads(void **state)
{
	struct commit *c[10];
	for (int i = 0; i < 10; i++) {
		char thread[20];
		snprintf(thread, sizeof thread, "t%d", i);
		go(&c[i], &(struct says){.inbox = WHATSAPP, .thread = thread, .name = "Olha"});
	}
	for (int i = 0; i < 10; i++)
		assert_int_equal(commit_end(c[i]), 0);
	settle();
	assert_int_equal(sql_int("SELECT count(*) FROM contact"), 1);
	assert_int_equal(sql_int("SELECT count(*) FROM identity"), 1);
	assert_int_equal(sql_int("SELECT count(*) FROM thread"), 10);
	assert_int_equal(sql_int("SELECT sum(n_messages) FROM conversation"), 10);
}

// Somebody else makes the identity between our reading and our commit.
static void test_identity_made_by_another(void **state)
{
	struct commit *c;
	store_fake(world.store, FAKE_SLOW);
	go(&c, &(struct says){.inbox = TELEGRAM, .name = "Ours"});
	run_until(is_unit_waiting, NULL);
	sql("INSERT INTO contact (id, name, created_at, version) VALUES (7, 'Theirs', 1, 1)");
	sql("INSERT INTO identity (id, kind, scope, address, contact, proof, is_shared, created_at)"
	    " VALUES (8, 'test', '', 'tel:1', 7, 1, 0, 1)");
	assert_int_equal(commit_end(c), 0);
	store_fake(world.store, FAKE_NONE);
	settle();
	assert_int_equal(sql_int("SELECT count(*) FROM contact"), 1);
	assert_int_equal(sql_int("SELECT contact FROM message"), 7);
	assert_int_equal(sql_int("SELECT count(*) FROM parked"), 0);
}

// ---- the store ------------------------------------------------------------------------------------------------------

static void test_lost_commit(void **state)
{
	struct commit *c;
	expect_log("connection lost");
	store_fake(world.store, FAKE_LOST_AFTER);
	go(&c, &(struct says){.inbox = TELEGRAM, .key = "k1"});
	assert_int_equal(commit_end(c), 0);
	store_fake(world.store, FAKE_LOST_BEFORE);
	go(&c, &(struct says){.inbox = TELEGRAM, .key = "k2"});
	assert_int_equal(commit_end(c), 0);
	settle();
	assert_int_equal(sql_int("SELECT count(*) FROM message"), 2);
}

static void test_store_away_while_reading(void **state)
{
	struct commit *c;
	expect_log("server is away");
	store_fake(world.store, FAKE_AWAY);
	go(&c, &(struct says){.inbox = TELEGRAM});
	assert_int_equal(commit_end(c), E_STORE);
	store_fake(world.store, FAKE_NONE);
	settle();
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM}), 0);
}

// Known senders wait for the store; beyond a bound they are refused at once, and nothing that was taken is lost.
static void test_too_many_wait(void **state)
{
	enum { N = INGEST_WAITING + 300 };
	struct commit **c = calloc(N, sizeof *c);
	int n_taken = 0, n_busy = 0;
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM}), 0);
	expect_log("server is away");
	store_fake(world.store, FAKE_AWAY);
	for (int i = 0; i < N; i++)
		go(&c[i], &(struct says){.inbox = TELEGRAM});
	store_fake(world.store, FAKE_NONE);
	settle();
	for (int i = 0; i < N; i++) {
		int status = commit_end(c[i]);
		n_taken += !status;
		n_busy += status == E_BUSY;
	}
	assert_int_equal(n_taken + n_busy, N);
	assert_true(n_busy > 0 && n_taken > 0);
	assert_int_equal(sql_int("SELECT n_messages FROM conversation"), n_taken + 1);
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_same_key_in_one_cause),         WORLD_TEST(test_same_key_in_two_causes),
		WORLD_TEST(test_same_key_after_restart),        WORLD_TEST(test_burst_of_one_sender),
		WORLD_TEST(test_burst_with_duplicates),         WORLD_TEST(test_answers_come_in_order),
		WORLD_TEST(test_poison_among_joined),           WORLD_TEST(test_poison_among_others),
		WORLD_TEST(test_invalid_among_joined),          WORLD_TEST(test_version_changed_behind_the_cache),
		WORLD_TEST(test_thread_moved_behind_the_cache), WORLD_TEST(test_one_person_in_many_threads),
	};
	const struct CMUnitTest faults[] = {
		WORLD_TEST(test_identity_made_by_another),
		WORLD_TEST(test_lost_commit),
		WORLD_TEST(test_store_away_while_reading),
		WORLD_TEST(test_too_many_wait),
	};
	return world_main(tests, ARRAY_LEN(tests), faults, ARRAY_LEN(faults));
}
