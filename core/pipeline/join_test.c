// SPDX-License-Identifier: Apache-2.0
// Which conversation a message joins: what it answers, its thread, its contact, or none of them.
#include "world_test.h"

#define HOUR_MS (3600 * 1000LL)

static const struct says HELLO = {.inbox = TELEGRAM};

static void resolve(uint64_t conversation, enum conversation_move m)
{
	struct acted a;
	move_go(&a, &(struct act){.user = DORA, .conversation = conversation}, m);
	settle();
	assert_int_equal(a.status, 0);
}

static void test_reopened_within_the_window(void **state)
{
	stop_the_clock();
	assert_int_equal(say(&HELLO), 0);
	uint64_t id = conversation_of(TELEGRAM, "tel:1");
	resolve(id, MOVE_RESOLVE);
	pass_ms(71 * HOUR_MS);
	int64_t before = head();
	assert_int_equal(say(&HELLO), 0);
	assert_string_equal(events_after(before), "conversation.reopened message.in conversation.needs_plan");
	assert_int_equal(conversation_of(TELEGRAM, "tel:1"), id);
	assert_int_equal(conversation_now(id).state, CONVERSATION_OPEN);
	assert_int_equal(conversation_now(id).resolved_at, 0);
}

static void test_new_after_the_window(void **state)
{
	stop_the_clock();
	assert_int_equal(say(&HELLO), 0);
	uint64_t id = conversation_of(TELEGRAM, "tel:1");
	resolve(id, MOVE_RESOLVE);
	pass_ms(73 * HOUR_MS);
	int64_t before = head();
	assert_int_equal(say(&HELLO), 0);
	assert_string_equal(events_after(before),
			    "conversation.closed conversation.created message.in conversation.needs_plan");
	uint64_t next = conversation_of(TELEGRAM, "tel:1");
	assert_int_not_equal(next, id);
	assert_int_equal(conversation_now(next).previous, id);
	assert_int_equal(conversation_now(id).state, CONVERSATION_CLOSED);
	assert_int_equal(say(&HELLO), 0);
	assert_int_equal(conversation_now(next).n_messages, 2);
}

static void test_new_after_closing(void **state)
{
	assert_int_equal(say(&HELLO), 0);
	uint64_t id = conversation_of(TELEGRAM, "tel:1");
	resolve(id, MOVE_CLOSE);
	int64_t before = head();
	assert_int_equal(say(&HELLO), 0);
	assert_string_equal(events_after(before), "conversation.created message.in conversation.needs_plan");
	assert_int_equal(conversation_now(conversation_of(TELEGRAM, "tel:1")).previous, id);
}

static void test_automatic_does_not_reopen(void **state)
{
	assert_int_equal(say(&HELLO), 0);
	uint64_t id = conversation_of(TELEGRAM, "tel:1");
	resolve(id, MOVE_RESOLVE);
	int64_t before = head();
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .author = "automatic"}), 0);
	assert_string_equal(events_after(before), "message.in");
	assert_int_equal(conversation_now(id).state, CONVERSATION_RESOLVED);
	assert_int_equal(conversation_now(id).n_messages, 2);
}

// By contact: another inbox, the same person.
static void test_join_across_inboxes(void **state)
{
	assert_int_equal(say(&(struct says){.inbox = WHATSAPP}), 0);
	uint64_t id = conversation_of(WHATSAPP, "tel:1");
	int64_t before = head();
	assert_int_equal(say(&(struct says){.inbox = SMS}), 0);
	assert_string_equal(events_after(before), "message.in");
	assert_int_equal(conversation_of(SMS, "tel:1"), id);
	struct conversation c = conversation_now(id);
	assert_int_equal(c.inbox, SMS); // the answer goes where it was said
	assert_int_equal(c.n_messages, 2);
	assert_int_equal(sql_int("SELECT count(*) FROM contact"), 1);
	assert_int_equal(sql_int("SELECT count(*) FROM thread"), 2);
	// An inbox that joins by thread only does not, and another brand's does not.
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM}), 0);
	assert_int_not_equal(conversation_of(TELEGRAM, "tel:1"), id);
	assert_int_equal(say(&(struct says){.inbox = SHOP}), 0);
	assert_int_not_equal(conversation_of(SHOP, "tel:1"), id);
	assert_int_equal(sql_int("SELECT count(*) FROM contact"), 1);
}

static void test_restricted_never_joins(void **state)
{
	assert_int_equal(say(&(struct says){.inbox = WHATSAPP}), 0);
	assert_int_equal(say(&(struct says){.inbox = STAFF}), 0);
	uint64_t id = conversation_of(STAFF, "tel:1");
	assert_int_not_equal(id, conversation_of(WHATSAPP, "tel:1"));
	assert_int_equal(conversation_now(id).restricted, STAFF);
	assert_int_equal(say(&(struct says){.inbox = SMS}), 0); // nor the other way round
	assert_int_equal(conversation_of(SMS, "tel:1"), conversation_of(WHATSAPP, "tel:1"));
}

// What is only claimed leads to nobody.
static void test_claimed_links_nothing(void **state)
{
	assert_int_equal(say(&(struct says){.inbox = WHATSAPP, .name = "Olha"}), 0);
	uint64_t id = conversation_of(WHATSAPP, "tel:1");
	assert_int_equal(say(&(struct says){.inbox = SMS, .proof = "claimed", .thread = "web-7"}), 0);
	assert_int_not_equal(conversation_of(SMS, "web-7"), id);
	assert_int_equal(sql_int("SELECT count(DISTINCT contact) FROM thread"), 2);
	assert_string_equal(sql("SELECT name FROM contact ORDER BY id DESC LIMIT 1"), "");
	assert_int_equal(say(&(struct says){.inbox = SMS, .proof = "claimed", .thread = "web-7"}), 0);
	assert_int_equal(sql_int("SELECT count(*) FROM contact"), 2); // itself it is, in its thread
}

static void test_two_threads_of_one_in_one_cause(void **state)
{
	struct commit *c = commit_new(WHATSAPP);
	commit_message(c, &(struct says){.thread = "a"});
	commit_message(c, &(struct says){.thread = "b"});
	commit_go(c);
	assert_int_equal(commit_end(c), 0);
	settle();
	assert_int_equal(sql_int("SELECT count(*) FROM contact"), 1);
	assert_int_equal(sql_int("SELECT count(*) FROM conversation"), 1);
	assert_int_equal(conversation_of(WHATSAPP, "a"), conversation_of(WHATSAPP, "b"));
	// And again: one row of the conversation, although two threads speak in it.
	c = commit_new(WHATSAPP);
	commit_message(c, &(struct says){.thread = "a"});
	commit_message(c, &(struct says){.thread = "b"});
	commit_go(c);
	assert_int_equal(commit_end(c), 0);
	settle();
	assert_int_equal(sql_int("SELECT n_messages FROM conversation"), 4);
	assert_int_equal(sql_int("SELECT version FROM conversation"), 2);
}

static void test_what_it_answers(void **state)
{
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .external_id = "m1"}), 0);
	uint64_t first = conversation_of(TELEGRAM, "tel:1");
	resolve(first, MOVE_CLOSE);
	assert_int_equal(say(&HELLO), 0);
	uint64_t second = conversation_of(TELEGRAM, "tel:1");
	assert_int_not_equal(first, second);
	resolve(first, MOVE_OPEN);
	int64_t before = head();
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .reply_to = "m1"}), 0);
	assert_string_equal(events_after(before), "message.in");
	assert_int_equal(conversation_of(TELEGRAM, "tel:1"), first);
	assert_int_equal(sql_int("SELECT count(*) FROM message WHERE reply_to IS NOT NULL"), 1);
	// The same id in somebody else's thread means another message: it opens nobody's conversation.
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .address = "tel:2", .reply_to = "m1"}), 0);
	assert_int_not_equal(conversation_of(TELEGRAM, "tel:2"), first);
	assert_int_equal(sql_int("SELECT count(*) FROM message WHERE reply_to IS NOT NULL"), 1);
}

// A second person in a thread, and the first one again: the thread stays where it is.
// Ids that are a provider's own in each thread: what is answered is this thread's.
static void test_what_it_answers_among_threads(void **state)
{
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .key = "a", .external_id = "7"}), 0);
	uint64_t id = conversation_of(TELEGRAM, "tel:1");
	resolve(id, MOVE_RESOLVE);
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .address = "tel:2", .key = "b", .external_id = "7"}), 0);
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .key = "c", .reply_to = "7"}), 0);
	assert_int_equal(sql_int("SELECT reply_to FROM message WHERE key = 'c'"),
			 sql_int("SELECT id FROM message WHERE key = 'a'"));
}

// What is told of the past may join what is over; a living message behind it in the unit must not.
static void test_the_past_and_the_present_in_one_cause(void **state)
{
	assert_int_equal(say(&HELLO), 0);
	uint64_t id = conversation_of(TELEGRAM, "tel:1");
	resolve(id, MOVE_CLOSE);
	struct commit *c = commit_new(TELEGRAM);
	commit_message(c, &(struct says){.key = "old", .origin = "backfill", .text = "long ago"});
	commit_message(c, &(struct says){.key = "new", .text = "today"});
	commit_go(c);
	assert_int_equal(commit_end(c), 0);
	settle();
	assert_int_equal(sql_int("SELECT conversation FROM message WHERE key = 'old'"), (int64_t)id);
	uint64_t now = conversation_of(TELEGRAM, "tel:1");
	assert_int_not_equal(now, id);
	assert_int_equal(sql_int("SELECT conversation FROM message WHERE key = 'new'"), (int64_t)now);
	assert_int_equal(conversation_now(id).state, CONVERSATION_CLOSED);
	assert_int_equal(conversation_now(now).previous, id);
}

// In a thread that is new, too: the past begins one that is over at once, the present another.
static void test_a_new_thread_with_a_past(void **state)
{
	struct commit *c = commit_new(TELEGRAM);
	commit_message(c, &(struct says){.key = "old", .origin = "backfill", .text = "long ago", .sent_at = 1});
	commit_message(c, &(struct says){.key = "new", .text = "today"});
	commit_go(c);
	assert_int_equal(commit_end(c), 0);
	settle();
	assert_int_equal(sql_int("SELECT count(*) FROM conversation"), 2);
	assert_int_equal(sql_int("SELECT count(DISTINCT number) FROM conversation"), 2);
	assert_int_equal(conversation_now(conversation_of(TELEGRAM, "tel:1")).state, CONVERSATION_OPEN);
}

// One that is over for good hides none that is open, whichever was answered last.
static void test_join_by_contact_finds_the_open_one(void **state)
{
	stop_the_clock();
	assert_int_equal(say(&(struct says){.inbox = WHATSAPP, .thread = "a"}), 0);
	uint64_t over = conversation_of(WHATSAPP, "a");
	reply(ANNA, over, "answered");
	settle();
	resolve(over, MOVE_RESOLVE);
	pass_ms(73 * HOUR_MS);
	assert_int_equal(say(&(struct says){.inbox = WHATSAPP, .thread = "b"}), 0);
	uint64_t open = conversation_of(WHATSAPP, "b");
	assert_int_not_equal(open, over);
	assert_int_equal(say(&(struct says){.inbox = WHATSAPP, .thread = "c"}), 0);
	assert_int_equal(conversation_of(WHATSAPP, "c"), open);
	assert_int_equal(say(&(struct says){.inbox = WHATSAPP, .thread = "a"}), 0); // its own is over, too
	assert_int_equal(conversation_of(WHATSAPP, "a"), open);
}

// The same person in two new threads at once is one matter.
static void test_two_threads_of_one_at_once(void **state)
{
	assert_int_equal(say(&(struct says){.inbox = WHATSAPP, .thread = "known"}), 0);
	resolve(conversation_of(WHATSAPP, "known"), MOVE_CLOSE);
	struct commit *c = commit_new(WHATSAPP), *d = commit_new(SMS);
	commit_message(c, &(struct says){.thread = "x"});
	commit_message(d, &(struct says){.thread = "y"});
	commit_go(c);
	commit_go(d);
	assert_int_equal(commit_end(c), 0);
	assert_int_equal(commit_end(d), 0);
	settle();
	assert_int_equal(conversation_of(WHATSAPP, "x"), conversation_of(SMS, "y"));
}

static void test_two_persons_in_a_thread(void **state)
{
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .thread = "g"}), 0);
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .thread = "g", .address = "tel:2"}), 0);
	uint64_t id = conversation_of(TELEGRAM, "g");
	assert_int_equal(conversation_now(id).n_messages, 2);
	resolve(id, MOVE_CLOSE);
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .thread = "g", .address = "tel:2"}), 0);
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .thread = "g"}), 0);
	assert_int_equal(sql_int("SELECT count(*) FROM conversation"), 2);
	assert_int_equal(conversation_now(conversation_of(TELEGRAM, "g")).n_messages, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_reopened_within_the_window),
		WORLD_TEST(test_new_after_the_window),
		WORLD_TEST(test_new_after_closing),
		WORLD_TEST(test_automatic_does_not_reopen),
		WORLD_TEST(test_join_across_inboxes),
		WORLD_TEST(test_restricted_never_joins),
		WORLD_TEST(test_claimed_links_nothing),
		WORLD_TEST(test_two_threads_of_one_in_one_cause),
		WORLD_TEST(test_what_it_answers),
		WORLD_TEST(test_what_it_answers_among_threads),
		WORLD_TEST(test_the_past_and_the_present_in_one_cause),
		WORLD_TEST(test_a_new_thread_with_a_past),
		WORLD_TEST(test_join_by_contact_finds_the_open_one),
		WORLD_TEST(test_two_threads_of_one_at_once),
		WORLD_TEST(test_two_persons_in_a_thread),
	};
	return world_main(tests, ARRAY_LEN(tests), NULL, 0);
}
