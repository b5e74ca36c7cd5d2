// SPDX-License-Identifier: Apache-2.0
// Receipts: they move forward only, may come before the provider's answer, and end what nobody knew.
#include "world_test.h"

#define UNKNOWN_DELIVERY                                                                                               \
	(struct channel_sent) { .outcome = CHANNEL_UNKNOWN, .class_ = CHANNEL_UNCERTAIN }
static void test_receipts_move_forward(void **state)
{
	uint64_t id = begin(TELEGRAM, "tel:1"), m = reply(ANNA, id, "first");
	settle();
	char ext[40];
	snprintf(ext, sizeof ext, "out-%llu", (unsigned long long)m);
	int64_t before = head();
	assert_int_equal(receipt(TELEGRAM, "receipt.read", ext), 0);
	assert_int_equal(receipt(TELEGRAM, "receipt.delivered", ext), 0); // late
	assert_int_equal(receipt(TELEGRAM, "receipt.sent", ext), 0);
	assert_string_equal(events_after(before), "receipt.read");
	assert_int_equal(delivery_of(m), DELIVERY_READ);
	assert_int_equal(receipt(WHATSAPP, "receipt.read", ext), 0); // another inbox's id
	assert_string_equal(events_after(before), "receipt.read");
	assert_int_equal(sql_int("SELECT count(*) FROM receipt_held WHERE inbox = %d", WHATSAPP), 1);
}

static void test_receipts_of_one_cause(void **state)
{
	uint64_t id = begin(TELEGRAM, "tel:1"), m = reply(ANNA, id, "first");
	settle();
	char ext[40], by_id[60];
	snprintf(ext, sizeof ext, "out-%llu", (unsigned long long)m);
	snprintf(by_id, sizeof by_id, "{\"message\":\"%llu\",\"key\":\"r3\"}", (unsigned long long)m);
	int64_t before = head();
	struct commit *c = commit_new(TELEGRAM);
	commit_receipt(c, "receipt.delivered", ext, "r1");
	commit_receipt(c, "receipt.delivered", ext, "r1");
	commit_event(c, "receipt.read", by_id);
	commit_message(c, &(struct says){.text = "thanks"});
	commit_go(c);
	assert_int_equal(commit_end(c), 0);
	settle();
	assert_string_equal(events_after(before), "receipt.delivered receipt.read message.in");
	assert_int_equal(delivery_of(m), DELIVERY_READ);
}

// By our id and by the provider's, each in a cause of its own: neither undoes the other.
static void test_receipts_at_once(void **state)
{
	uint64_t id = begin(TELEGRAM, "tel:1"), m = reply(ANNA, id, "first");
	settle();
	char ext[40], by_id[60];
	snprintf(ext, sizeof ext, "out-%llu", (unsigned long long)m);
	snprintf(by_id, sizeof by_id, "{\"message\":\"%llu\"}", (unsigned long long)m);
	struct commit *c = commit_new(TELEGRAM), *d = commit_new(TELEGRAM);
	commit_event(c, "receipt.read", by_id);
	commit_receipt(d, "receipt.delivered", ext, NULL);
	commit_go(c);
	commit_go(d);
	assert_int_equal(commit_end(c), 0);
	assert_int_equal(commit_end(d), 0);
	settle();
	assert_int_equal(delivery_of(m), DELIVERY_READ);
}

// Two causes and the outbox wait for the same id: each gets its own turn.
static void test_receipts_and_the_answer_at_once(void **state)
{
	uint64_t id = begin(TELEGRAM, "tel:1");
	test_channels_auto(world.channels, false);
	uint64_t m = reply(ANNA, id, "first");
	wait_for_sends(1);
	struct commit *c = commit_new(TELEGRAM), *d = commit_new(TELEGRAM);
	commit_receipt(c, "receipt.delivered", "early", NULL);
	commit_receipt(d, "receipt.read", "early", NULL);
	commit_go(c);
	commit_go(d);
	test_send_accept(world.channels, 0, "early");
	assert_int_equal(commit_end(c), 0);
	assert_int_equal(commit_end(d), 0);
	settle();
	assert_int_equal(delivery_of(m), DELIVERY_READ);
	assert_int_equal(sql_int("SELECT count(*) FROM receipt_held"), 0);
}

// A provider may count what customers write and what we send alike.
static void test_receipt_and_a_message_of_the_same_id(void **state)
{
	uint64_t id = begin(TELEGRAM, "tel:1"), m = reply(ANNA, id, "first");
	settle();
	char ext[40];
	snprintf(ext, sizeof ext, "out-%llu", (unsigned long long)m);
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .external_id = ext}), 0);
	assert_int_equal(receipt(TELEGRAM, "receipt.read", ext), 0);
	assert_int_equal(delivery_of(m), DELIVERY_READ);
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .key = "17", .external_id = "17"}), 0);
	assert_int_equal(receipt(TELEGRAM, "receipt.read", "17"), 0); // of something that we shall send
	assert_int_equal(sql_int("SELECT count(*) FROM receipt_held WHERE provider_id = '17'"), 1);
}

static void test_receipt_before_the_answer(void **state)
{
	uint64_t id = begin(TELEGRAM, "tel:1");
	test_channels_auto(world.channels, false);
	int64_t before = head();
	uint64_t m = reply(ANNA, id, "first");
	wait_for_sends(1);
	struct commit *c = commit_new(TELEGRAM);
	commit_receipt(c, "receipt.delivered", "early", NULL);
	commit_receipt(c, "receipt.read", "early", NULL);
	commit_go(c);
	assert_int_equal(commit_end(c), 0);
	assert_int_equal(sql_int("SELECT count(*) FROM receipt_held"), 2);
	test_send_accept(world.channels, 0, "early");
	settle();
	assert_int_equal(delivery_of(m), DELIVERY_READ);
	assert_int_equal(sql_int("SELECT count(*) FROM receipt_held"), 0);
	assert_string_equal(events_after(before),
			    "message.out conversation.assigned conversation.waiting receipt.read");
}

// The plugin knows our id, and its receipt is faster than its answer.
static void test_receipt_while_sending(void **state)
{
	uint64_t id = begin(TELEGRAM, "tel:1");
	char by_id[60];
	test_channels_auto(world.channels, false);
	int64_t before = head();
	uint64_t m = reply(ANNA, id, "first");
	wait_for_sends(1);
	snprintf(by_id, sizeof by_id, "{\"message\":\"%llu\"}", (unsigned long long)m);
	struct commit *c = commit_new(TELEGRAM);
	commit_event(c, "receipt.delivered", by_id);
	commit_go(c);
	assert_int_equal(commit_end(c), 0);
	test_send_accept(world.channels, 0, "x1");
	settle();
	assert_int_equal(delivery_of(m), DELIVERY_DELIVERED);
	assert_string_equal(sql("SELECT provider_id FROM message WHERE id = %llu", (unsigned long long)m), "x1");
	assert_string_equal(events_after(before),
			    "message.out conversation.assigned conversation.waiting receipt.delivered");
	assert_int_equal(sql_int("SELECT count(*) FROM outbox"), 0);
}

// It waits for its second attempt when a receipt says that the first one arrived.
static void test_receipt_while_waiting(void **state)
{
	uint64_t id = begin(SMS, "tel:1");
	stop_the_clock();
	test_channels_next(world.channels, &UNKNOWN_DELIVERY);
	uint64_t m = reply(ANNA, id, "first");
	settle();
	char by_id[60];
	snprintf(by_id, sizeof by_id, "{\"message\":\"%llu\"}", (unsigned long long)m);
	struct commit *c = commit_new(SMS);
	commit_event(c, "receipt.delivered", by_id);
	commit_go(c);
	assert_int_equal(commit_end(c), 0);
	pass_ms(1000);
	settle();
	assert_int_equal(test_sends(world.channels), 1);
	assert_int_equal(delivery_of(m), DELIVERY_DELIVERED);
	assert_int_equal(sql_int("SELECT count(*) FROM outbox"), 0);
}

static void test_failed_receipt(void **state)
{
	uint64_t id = begin(TELEGRAM, "tel:1"), m = reply(ANNA, id, "first");
	settle();
	char json[120];
	snprintf(json, sizeof json,
		 "{\"external_id\":\"out-%llu\",\"error\":{\"class\":\"policy\",\"text\":\"blocked\"}}",
		 (unsigned long long)m);
	struct commit *c = commit_new(TELEGRAM);
	commit_event(c, "receipt.failed", json);
	commit_go(c);
	assert_int_equal(commit_end(c), 0);
	settle();
	assert_int_equal(delivery_of(m), DELIVERY_FAILED);
	assert_string_equal(sql("SELECT error FROM message WHERE id = %llu", (unsigned long long)m), "blocked");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_receipts_move_forward),
		WORLD_TEST(test_receipts_of_one_cause),
		WORLD_TEST(test_receipts_at_once),
		WORLD_TEST(test_receipts_and_the_answer_at_once),
		WORLD_TEST(test_receipt_and_a_message_of_the_same_id),
		WORLD_TEST(test_receipt_before_the_answer),
		WORLD_TEST(test_receipt_while_sending),
		WORLD_TEST(test_receipt_while_waiting),
		WORLD_TEST(test_failed_receipt),
	};
	return world_main(tests, ARRAY_LEN(tests), NULL, 0);
}
