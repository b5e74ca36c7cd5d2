// SPDX-License-Identifier: Apache-2.0
// What a message becomes: contact, identity, thread, conversation; and what it may bring along.
#include "world_test.h"

static const struct says HELLO = {.inbox = TELEGRAM};

// ---- the first and the second ---------------------------------------------------------------------------------------

static void test_first_message(void **state)
{
	struct says s = {.inbox = TELEGRAM, .name = "  Оля\n", .key = "k1", .external_id = "m1", .text = "Добрий день"};
	int64_t before = head();
	assert_int_equal(say(&s), 0);
	assert_string_equal(events_after(before),
			    "contact.created conversation.created message.in conversation.needs_plan");
	assert_string_equal(sql("SELECT name FROM contact"), "Оля");
	assert_string_equal(sql("SELECT kind || scope || address || proof FROM identity"), "testtel:11");
	assert_string_equal(sql("SELECT external FROM thread"), "tel:1");
	assert_string_equal(sql("SELECT provider_id || ' ' || key FROM message"), "m1 k1");
	assert_string_equal(sql("SELECT parts FROM message"), "[{\"type\":\"text\",\"text\":\"Добрий день\"}]");
	assert_int_equal(sql_int("SELECT count(*) FROM participant"), 1);
	assert_int_equal(sql_int("SELECT count(*) FROM seen WHERE inbox = %d AND key = 'k1'", TELEGRAM), 1);
	struct conversation c = conversation_now(conversation_of(TELEGRAM, "tel:1"));
	assert_int_equal(c.number, 1);
	assert_int_equal(c.n_messages, 1);
	assert_int_equal(c.queue, SALES);
	assert_int_equal(c.brand, BRAND);
	assert_int_equal(c.version, 1);
	assert_int_equal(c.state, CONVERSATION_OPEN);
	assert_string_equal(c.preview, "Добрий день");
	assert_true(c.last_in_at && c.last_at && !c.last_out_at && !c.restricted && !c.previous);
	assert_int_equal(c.thread, sql_int("SELECT id FROM thread"));
	// All events of the unit say where it happened.
	assert_int_equal(sql_int("SELECT count(*) FROM event WHERE seq > %lld AND (contact IS NULL OR inbox <> %d)",
				 (long long)before, TELEGRAM),
			 0);
}

static void test_second_joins(void **state)
{
	struct says s = HELLO;
	assert_int_equal(say(&s), 0);
	int64_t before = head();
	s.text = "and more";
	s.name = "Late Name";
	assert_int_equal(say(&s), 0);
	assert_string_equal(events_after(before), "contact.updated message.in");
	struct conversation c = conversation_now(conversation_of(TELEGRAM, "tel:1"));
	assert_int_equal(c.n_messages, 2);
	assert_int_equal(c.version, 2);
	assert_string_equal(c.preview, "and more");
	assert_int_equal(sql_int("SELECT count(*) FROM contact"), 1);
	assert_string_equal(sql("SELECT name FROM contact"), "Late Name");
	s.name = "Another"; // the first one stays
	assert_int_equal(say(&s), 0);
	assert_string_equal(sql("SELECT name FROM contact"), "Late Name");
}

// Nothing is in memory: all comes from the store.
static void test_second_after_restart(void **state)
{
	assert_int_equal(say(&HELLO), 0);
	world_stop();
	world_start();
	int64_t before = head();
	assert_int_equal(say(&HELLO), 0);
	assert_string_equal(events_after(before), "message.in");
	assert_int_equal(sql_int("SELECT n_messages FROM conversation"), 2);
}

static void test_several_senders_at_once(void **state)
{
	struct commit *c = commit_new(TELEGRAM);
	for (int i = 0; i < 300; i++) {
		char address[20];
		snprintf(address, sizeof address, "tel:%d", i % 100);
		struct says s = {.address = address};
		commit_message(c, &s);
	}
	commit_go(c);
	assert_int_equal(commit_end(c), 0);
	settle();
	assert_int_equal(sql_int("SELECT count(*) FROM contact"), 100);
	assert_int_equal(sql_int("SELECT count(*) FROM conversation WHERE n_messages = 3"), 100);
	assert_int_equal(sql_int("SELECT count(*) FROM message"), 300);
	// The same again, now that all are known; and in many commits at once.
	struct commit *many[100];
	for (int i = 0; i < 100; i++) {
		char address[20];
		snprintf(address, sizeof address, "tel:%d", i);
		struct says s = {.address = address};
		many[i] = commit_new(TELEGRAM);
		commit_message(many[i], &s);
		commit_go(many[i]);
	}
	for (int i = 0; i < 100; i++)
		assert_int_equal(commit_end(many[i]), 0);
	settle();
	assert_int_equal(sql_int("SELECT count(*) FROM conversation WHERE n_messages = 4"), 100);
}

// More keys than one turn holds.
static void test_very_many_senders(void **state)
{
	struct commit *c = commit_new(TELEGRAM);
	for (int i = 0; i < 600; i++) {
		char address[20];
		snprintf(address, sizeof address, "tel:%d", i);
		struct says s = {.address = address};
		commit_message(c, &s);
	}
	commit_go(c);
	assert_int_equal(commit_end(c), 0);
	settle();
	assert_int_equal(sql_int("SELECT count(*) FROM conversation"), 600);
}

static void test_what_is_not_understood(void **state)
{
	struct says s = {.inbox = TELEGRAM, .author = "agent"};
	int64_t before = head();
	assert_int_equal(say(&s), E_INVALID);
	s = (struct says){.inbox = TELEGRAM, .parts = "[]"};
	assert_int_equal(say(&s), E_INVALID);
	s = (struct says){.inbox = TELEGRAM, .proof = "agent"};
	assert_int_equal(say(&s), E_INVALID);
	s = (struct says){.inbox = 999};
	assert_int_equal(say(&s), E_MISSING);
	struct commit *c = commit_new(TELEGRAM);
	commit_event(c, "nonsense", "{}");
	commit_go(c);
	assert_int_equal(commit_end(c), E_UNSUPPORTED);
	// One that is wrong takes the whole cause with it.
	c = commit_new(TELEGRAM);
	commit_message(c, &HELLO);
	commit_message(c, &(struct says){.parts = "[{\"type\":\"text\"}]"});
	commit_go(c);
	assert_int_equal(commit_end(c), E_INVALID);
	settle();
	assert_int_equal(head(), before);
	assert_int_equal(sql_int("SELECT count(*) FROM contact"), 0);
}

// A provider would send the same again: what is wrong is kept for people, with the reason, and the rest goes on.
static void test_what_is_wrong_is_parked(void **state)
{
	add_file(901, TELEGRAM, "tel:2");
	expect_log("parked ");
	struct commit *c = commit_new(TELEGRAM);
	c->c.parks = true;
	commit_message(c, &(struct says){.key = "1", .text = "before"});
	commit_event(c, "message.in", "{\"key\":\"\"}");
	c->events[c->c.n_events - 1].why = STR("message.in: thread: is missing");
	commit_event(c, "nonsense", "{\"some\":\"thing\"}");
	commit_message(c, &(struct says){.key = "2", .parts = "[{\"type\":\"text\"}]"});
	commit_message(c, &(struct says){.key = "3", .parts = "[{\"type\":\"media\",\"media\":\"901\"}]"}); // another's
	commit_message(c, &(struct says){.key = "4", .text = "after"});
	commit_go(c);
	assert_int_equal(commit_end(c), 0);
	settle();
	assert_int_equal(sql_int("SELECT count(*) FROM message"), 2);
	assert_int_equal(sql_int("SELECT count(*) FROM seen WHERE kind = %d", SEEN_MESSAGE), 2);
	assert_int_equal(sql_int("SELECT count(*) FROM seen WHERE kind = %d", SEEN_PARKED),
			 2); // of four: two have no key
	assert_int_equal(sql_int("SELECT count(*) FROM parked"), 4);
	assert_int_equal(sql_int("SELECT count(*) FROM parked WHERE reason = 'message.in: thread: is missing'"), 1);
	assert_string_equal(sql("SELECT rows FROM parked WHERE name LIKE 'nonsense of inbox %%'"),
			    "{\"some\":\"thing\"}");
	assert_int_equal(sql_int("SELECT count(*) FROM parked WHERE reason LIKE 'parts: a media part names a file%%'"),
			 1);
	struct pipeline_stats stats;
	pipeline_stats(world.pipeline, &stats);
	assert_int_equal(stats.parked, 4);
}

static void test_values(void **state)
{
	struct commit *c = commit_new(TELEGRAM), *d = commit_new(TELEGRAM);
	commit_put(c, "cursor", "1");
	commit_put(c, "cursor", "2");
	commit_put(c, "other", "{\"a\":true}");
	commit_go(c);
	commit_put(d, "other", NULL);
	commit_put(d, "third", "3");
	commit_go(d);
	assert_int_equal(commit_end(c), 0);
	assert_int_equal(commit_end(d), 0);
	assert_string_equal(sql("SELECT value FROM inbox_kv WHERE key = 'cursor'"), "2");
	assert_int_equal(sql_int("SELECT count(*) FROM inbox_kv WHERE key = 'other'"), 0);
	// Deleted and put again by two causes at once: the later one counts.
	c = commit_new(TELEGRAM);
	d = commit_new(TELEGRAM);
	commit_put(c, "cursor", NULL);
	commit_go(c);
	commit_put(d, "cursor", "4");
	commit_go(d);
	assert_int_equal(commit_end(c), 0);
	assert_int_equal(commit_end(d), 0);
	assert_string_equal(sql("SELECT value FROM inbox_kv WHERE key = 'cursor'"), "4");
	settle();
}

// ---- the past, and our own side -------------------------------------------------------------------------------------

static void test_backfill_starts_nothing(void **state)
{
	struct says past = {.inbox = TELEGRAM, .origin = "backfill", .text = "long ago", .sent_at = 1000};
	act_presence(world.pipeline, ANNA, true);
	int64_t before = head();
	assert_int_equal(say(&past), 0);
	assert_int_equal(say(&past), 0);
	assert_string_equal(events_after(before), "contact.created conversation.created message.in message.in");
	uint64_t id = conversation_of(TELEGRAM, "tel:1");
	struct conversation c = conversation_now(id);
	assert_int_equal(c.state, CONVERSATION_RESOLVED); // nobody has to deal with it
	assert_int_equal(c.assignee, 0);
	assert_int_equal(c.n_messages, 2);
	// What comes now is new.
	assert_int_equal(say(&HELLO), 0);
	uint64_t now = conversation_of(TELEGRAM, "tel:1");
	assert_int_equal(conversation_now(now).previous, id);
	assert_int_equal(conversation_now(now).assignee, ANNA);
	// More of the past changes neither what the list shows nor its place there.
	c = conversation_now(now);
	assert_int_equal(say(&past), 0);
	assert_string_equal(conversation_now(now).preview, "hello");
	assert_int_equal(conversation_now(now).last_at, c.last_at);
	assert_int_equal(conversation_now(now).n_messages, 2);
}

static void test_device_is_a_reply(void **state)
{
	act_presence(world.pipeline, ANNA, true);
	assert_int_equal(say(&HELLO), 0);
	uint64_t id = conversation_of(TELEGRAM, "tel:1");
	int64_t before = head();
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .author = "device", .external_id = "d1"}), 0);
	assert_string_equal(events_after(before), "conversation.waiting message.out");
	struct conversation c = conversation_now(id);
	assert_int_equal(c.state, CONVERSATION_WAITING);
	assert_true(c.last_out_at);
	assert_int_equal(sql_int("SELECT count(*) FROM outbox"), 0); // it was said already
	assert_int_equal(sql_int("SELECT delivery FROM message WHERE is_out = 1"), DELIVERY_ACCEPTED);
	assert_int_equal(receipt(TELEGRAM, "receipt.read", "d1"), 0);
	assert_int_equal(sql_int("SELECT delivery FROM message WHERE is_out = 1"), DELIVERY_READ);
	assert_int_equal(test_sends(world.channels), 0);
}

// ---- files ----------------------------------------------------------------------------------------------------------

#define MEDIA(id) "[{\"type\":\"media\",\"media\":\"" #id "\"}]"

static void test_files(void **state)
{
	add_file(900, TELEGRAM, "tel:1");
	add_file(901, TELEGRAM, "tel:2");
	add_file(902, TELEGRAM, ""); // the plugin's own
	add_file(903, WHATSAPP, "");
	add_file(904, 0, "user:31");
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .parts = MEDIA(900)}), 0);
	assert_int_equal(sql_int("SELECT message FROM file WHERE id = 900"), sql_int("SELECT id FROM message"));
	assert_string_equal(sql("SELECT parts FROM message"),
			    "[{\"type\":\"media\",\"file\":\"900\",\"name\":\"a.jpg\","
			    "\"mime\":\"image/jpeg\",\"bytes\":7}]");
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .parts = MEDIA(900)}), E_INVALID); // once only
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .parts = MEDIA(901)}), E_INVALID); // another sender's
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .parts = MEDIA(903)}), E_INVALID); // another inbox's
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .parts = MEDIA(904)}), E_INVALID); // an agent's
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .parts = MEDIA(905)}), E_INVALID); // nobody's
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .parts = MEDIA(902)}), 0);
	assert_int_equal(sql_int("SELECT count(*) FROM message"), 2);
}

// Twice in one message, and in two messages of one unit.
static void test_file_twice(void **state)
{
	add_file(900, TELEGRAM, "tel:1");
	add_file(901, TELEGRAM, "tel:1");
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM,
					    .parts = "[{\"type\":\"media\",\"media\":\"900\"},"
						     "{\"type\":\"media\",\"media\":\"900\"}]"}),
			 0);
	struct commit *c = commit_new(TELEGRAM), *d = commit_new(TELEGRAM);
	commit_message(c, &(struct says){.parts = MEDIA(901)});
	commit_message(d, &(struct says){.parts = MEDIA(901)});
	commit_go(c);
	commit_go(d);
	assert_int_equal(commit_end(c), 0);
	assert_int_equal(commit_end(d), E_INVALID);
	settle();
	assert_int_equal(sql_int("SELECT count(*) FROM message"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_first_message),
		WORLD_TEST(test_second_joins),
		WORLD_TEST(test_second_after_restart),
		WORLD_TEST(test_several_senders_at_once),
		WORLD_TEST(test_very_many_senders),
		WORLD_TEST(test_what_is_not_understood),
		WORLD_TEST(test_what_is_wrong_is_parked),
		WORLD_TEST(test_values),
		WORLD_TEST(test_backfill_starts_nothing),
		WORLD_TEST(test_device_is_a_reply),
		WORLD_TEST(test_files),
		WORLD_TEST(test_file_twice),
	};
	return world_main(tests, ARRAY_LEN(tests), NULL, 0);
}
