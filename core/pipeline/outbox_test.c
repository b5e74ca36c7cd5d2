// SPDX-License-Identifier: Apache-2.0
// What leaves: in order for each recipient, never twice, with three ends; and the receipts that come for it.
#include "outbox_send.h"
#include "world_test.h"
#include <string.h>

#define HOUR_MS (3600 * 1000LL)
#define UNKNOWN_DELIVERY                                                                                               \
	(struct channel_sent) { .outcome = CHANNEL_UNKNOWN, .class_ = CHANNEL_UNCERTAIN }
#define FAILS(class)                                                                                                   \
	((struct channel_sent){.outcome = CHANNEL_FAILED, .class_ = class, .text = STR("the provider said no")})

static uint64_t begin(uint64_t inbox, const char *address)
{
	assert_int_equal(say(&(struct says){.inbox = inbox, .address = address}), 0);
	return conversation_of(inbox, address);
}

static void stop_the_clock(void) { clock_fake(clock_now_ms(), clock_mono_ms()); }

static enum delivery delivery_of(uint64_t message)
{
	return (enum delivery)sql_int("SELECT delivery FROM message WHERE id = %llu", (unsigned long long)message);
}

static bool has_sent(void *n) { return test_sends(world.channels) >= *(size_t *)n; }

static void wait_for_sends(size_t n) { run_until(has_sent, &n); }

// Whatever could happen now has happened.
static bool is_quiet(void *n) { return !--*(int *)n; }

static void turn_a_little(void) { run_until(is_quiet, &(int){100}); }

// ---- the plain way -------------------------------------------------------------------------------------------------

static void test_accepted(void **state)
{
	uint64_t id = begin(TELEGRAM, "tel:1");
	int64_t before = head();
	uint64_t m = reply(ANNA, id, "hello");
	settle();
	assert_string_equal(events_after(before),
			    "message.out conversation.assigned conversation.waiting receipt.sent");
	assert_int_equal(delivery_of(m), DELIVERY_ACCEPTED);
	assert_int_equal(sql_int("SELECT count(*) FROM outbox"), 0);
	char id_text[40];
	snprintf(id_text, sizeof id_text, "out-%llu", (unsigned long long)m);
	assert_string_equal(sql("SELECT provider_id FROM message WHERE id = %llu", (unsigned long long)m), id_text);
	struct test_send *s = test_send(world.channels, 0);
	assert_int_equal(s->attempt, 1);
	assert_non_null(strstr(s->doc, "\"thread\":{\"external\":\"tel:1\"}"));
	assert_non_null(strstr(s->doc, "\"kind\":\"test\",\"scope\":\"global\",\"address\":\"tel:1\""));
	assert_non_null(strstr(s->doc, "\"author\":{\"kind\":\"agent\",\"name\":\"Anna\"}"));
	assert_non_null(strstr(s->doc, "\"parts\":[{\"type\":\"text\",\"text\":\"hello\"}]"));
}

static void test_order_of_one_recipient(void **state)
{
	uint64_t one = begin(TELEGRAM, "tel:1"), two = begin(TELEGRAM, "tel:2"), m[4];
	test_channels_auto(world.channels, false);
	for (int i = 0; i < 3; i++)
		m[i] = reply(ANNA, one, "first");
	m[3] = reply(ANNA, two, "second");
	wait_for_sends(2);
	turn_a_little();
	assert_int_equal(test_sends(world.channels), 2); // one for each
	assert_int_equal(test_send(world.channels, 0)->message, m[0]);
	assert_int_equal(test_send(world.channels, 1)->message, m[3]);
	test_send_accept(world.channels, 0, "a");
	wait_for_sends(3);
	assert_int_equal(test_send(world.channels, 2)->message, m[1]);
	test_send_accept(world.channels, 2, "b");
	wait_for_sends(4);
	test_send_accept(world.channels, 3, NULL);
	test_send_accept(world.channels, 1, "c");
	settle();
	assert_int_equal(sql_int("SELECT count(*) FROM message WHERE delivery = %d", DELIVERY_ACCEPTED), 4);
}

static void test_back_off_holds_followers(void **state)
{
	uint64_t one = begin(TELEGRAM, "tel:1"), two = begin(TELEGRAM, "tel:2");
	stop_the_clock();
	test_channels_next(world.channels, &FAILS(CHANNEL_TRANSIENT));
	uint64_t first = reply(ANNA, one, "first"), second = reply(ANNA, one, "second");
	settle();
	assert_int_equal(test_sends(world.channels), 1);
	reply(ANNA, two, "other");
	settle();
	assert_int_equal(test_sends(world.channels), 2);
	pass_ms(999);
	settle();
	assert_int_equal(test_sends(world.channels), 2);
	pass_ms(1);
	settle();
	assert_int_equal(test_sends(world.channels), 4);
	assert_int_equal(test_send(world.channels, 2)->message, first);
	assert_int_equal(test_send(world.channels, 2)->attempt, 2);
	assert_int_equal(test_send(world.channels, 3)->message, second);
	assert_int_equal(delivery_of(second), DELIVERY_ACCEPTED);
}

static void test_last_attempt_fails(void **state)
{
	uint64_t id = begin(TELEGRAM, "tel:1");
	stop_the_clock();
	for (int i = 0; i < 8; i++)
		test_channels_next(world.channels, &FAILS(CHANNEL_TRANSIENT));
	uint64_t m = reply(ANNA, id, "first");
	settle();
	for (int attempt = 1; attempt < 8; attempt++) {
		assert_int_equal(test_sends(world.channels), attempt);
		pass_ms(outbox_back_off(attempt));
		settle();
	}
	assert_int_equal(test_sends(world.channels), 8);
	assert_int_equal(delivery_of(m), DELIVERY_FAILED);
	assert_string_equal(sql("SELECT error FROM message WHERE id = %llu", (unsigned long long)m),
			    "the provider said no");
}

static void test_refused(void **state)
{
	uint64_t id = begin(TELEGRAM, "tel:1");
	test_channels_next(world.channels, &FAILS(CHANNEL_RECIPIENT_UNKNOWN));
	int64_t before = head();
	uint64_t m = reply(ANNA, id, "first");
	settle();
	assert_string_equal(events_after(before),
			    "message.out conversation.assigned conversation.waiting receipt.failed");
	assert_int_equal(delivery_of(m), DELIVERY_FAILED);
	assert_int_equal(sql_int("SELECT count(*) FROM outbox"), 0);
}

// ---- the account ---------------------------------------------------------------------------------------------------

static void test_throttled(void **state)
{
	uint64_t one = begin(TELEGRAM, "tel:1"), two = begin(TELEGRAM, "tel:2"), other = begin(WHATSAPP, "tel:3");
	stop_the_clock();
	struct channel_sent slow = FAILS(CHANNEL_THROTTLED);
	slow.scope = CHANNEL_SCOPE_INBOX;
	slow.retry_after_ms = 7000;
	test_channels_next(world.channels, &slow);
	reply(ANNA, one, "first");
	settle();
	reply(ANNA, two, "second"); // another recipient of the same account waits, too
	reply(ANNA, other, "third");
	settle();
	assert_int_equal(test_sends(world.channels), 2);
	assert_int_equal(test_send(world.channels, 1)->inbox, WHATSAPP);
	pass_ms(6999);
	settle();
	assert_int_equal(test_sends(world.channels), 2);
	pass_ms(1);
	settle();
	assert_int_equal(test_sends(world.channels), 4);
	for (size_t i = 2; i < 4; i++)
		assert_int_equal(test_send(world.channels, i)->attempt, 1); // a throttle burns none
}

static void test_provider_down(void **state)
{
	uint64_t id = begin(TELEGRAM, "tel:1");
	stop_the_clock();
	for (int i = 0; i < 6; i++)
		test_channels_next(world.channels, &FAILS(CHANNEL_PROVIDER_DOWN));
	uint64_t m = reply(ANNA, id, "first");
	settle();
	const int64_t waits[] = {1000, 5000, 15000, 60000, 60000, 60000};
	for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
		pass_ms(waits[i] - 1);
		settle();
		assert_int_equal(test_sends(world.channels), i + 1);
		pass_ms(1);
		settle();
		assert_int_equal(test_sends(world.channels), i + 2);
		assert_int_equal(test_send(world.channels, i + 1)->attempt, 1);
	}
	assert_int_equal(delivery_of(m), DELIVERY_ACCEPTED);
}

static void test_expiry(void **state)
{
	uint64_t id = begin(TELEGRAM, "tel:1");
	stop_the_clock();
	expect_log("refuses to send");
	for (int i = 0; i < 61; i++)
		test_channels_next(world.channels, &FAILS(CHANNEL_AUTH));
	uint64_t first = reply(ANNA, id, "first"), second = reply(ANNA, id, "second");
	settle();
	for (int i = 0; i < 59; i++) {
		pass_ms(60000);
		settle();
	}
	assert_int_equal(delivery_of(first), DELIVERY_QUEUED);
	pass_ms(60000);
	settle();
	assert_int_equal(delivery_of(first), DELIVERY_FAILED);
	assert_int_equal(delivery_of(second), DELIVERY_FAILED);
	assert_string_equal(sql("SELECT error FROM message WHERE id = %llu", (unsigned long long)second),
			    "it could not be delivered in time");
	assert_int_equal(sql_int("SELECT count(*) FROM outbox"), 0);
}

// ---- unknown -------------------------------------------------------------------------------------------------------

static void test_unknown(void **state)
{
	uint64_t id = begin(TELEGRAM, "tel:1");
	test_channels_next(world.channels, &UNKNOWN_DELIVERY);
	int64_t before = head();
	uint64_t m = reply(ANNA, id, "first");
	settle();
	assert_string_equal(events_after(before),
			    "message.out conversation.assigned conversation.waiting receipt.unknown");
	assert_int_equal(delivery_of(m), DELIVERY_UNKNOWN);
	assert_int_equal(test_sends(world.channels), 1);
	// A person may send it again.
	struct acted a;
	before = head();
	resend_go(&a, BORIS, m);
	settle();
	assert_int_equal(a.status, 0);
	assert_int_equal(a.m.delivery, DELIVERY_QUEUED);
	assert_string_equal(events_after(before), "receipt.queued receipt.sent");
	assert_int_equal(test_sends(world.channels), 2);
	assert_int_equal(delivery_of(m), DELIVERY_ACCEPTED);
	resend_go(&a, BORIS, m); // it stands as it should
	settle();
	assert_int_equal(a.status, E_CONFLICT);
	resend_go(&a, CLARA, m); // not hers to see
	settle();
	assert_int_equal(a.status, E_MISSING);
	resend_go(&a, BORIS, 4711);
	settle();
	assert_int_equal(a.status, E_MISSING);
}

static void test_unknown_of_an_idempotent_channel(void **state)
{
	uint64_t id = begin(SMS, "tel:1");
	stop_the_clock();
	struct channel_sent unknown = UNKNOWN_DELIVERY;
	struct arena *a = arena_new(0);
	struct json_builder *resume = json_build_map(a);
	json_put(resume, STR("part"), json_make_int(a, 2));
	unknown.resume = json_build(resume);
	test_channels_next(world.channels, &unknown);
	uint64_t m = reply(ANNA, id, "first");
	settle();
	assert_string_equal(sql("SELECT resume FROM outbox"), "{\"part\":2}");
	arena_free(&a);
	pass_ms(1000);
	settle();
	assert_int_equal(test_sends(world.channels), 2);
	assert_string_equal(test_send(world.channels, 1)->resume, "{\"part\":2}");
	assert_int_equal(delivery_of(m), DELIVERY_ACCEPTED);
}

// The server was gone while it was being sent.
static void test_restart_with_taken_rows(void **state)
{
	uint64_t plain = begin(TELEGRAM, "tel:1"), idem = begin(SMS, "tel:2");
	stop_the_clock();
	test_channels_next(world.channels, &FAILS(CHANNEL_TRANSIENT));
	test_channels_next(world.channels, &FAILS(CHANNEL_TRANSIENT));
	uint64_t m[3] = {reply(ANNA, plain, "first")};
	settle();
	m[1] = reply(ANNA, idem, "second");
	settle();
	m[2] = reply(ANNA, plain, "behind it");
	settle();
	world_stop();
	sql("UPDATE outbox SET state = 1, attempt = attempt + 1, next_at = 0");
	sql("UPDATE outbox SET state = 0, attempt = 0 WHERE message = %llu", (unsigned long long)m[2]);
	int64_t before = head();
	world_start();
	settle();
	assert_int_equal(delivery_of(m[0]), DELIVERY_UNKNOWN);
	assert_int_equal(delivery_of(m[1]), DELIVERY_ACCEPTED);
	assert_int_equal(delivery_of(m[2]), DELIVERY_ACCEPTED);
	assert_int_equal(test_sends(world.channels), 4); // the first was not sent again
	assert_int_equal(head(), before + 3);
	assert_int_equal(sql_int("SELECT count(*) FROM outbox"), 0);
}

static void test_restart_with_many_waiting(void **state)
{
	uint64_t id = begin(TELEGRAM, "tel:1"), m[40];
	stop_the_clock();
	expect_log("refuses to send");
	test_channels_next(world.channels, &FAILS(CHANNEL_AUTH));
	for (int i = 0; i < 40; i++)
		m[i] = reply(ANNA, id, "text");
	settle();
	world_stop();
	world_start();
	settle();
	assert_int_equal(test_sends(world.channels), 1);
	pass_ms(60000);
	settle();
	assert_int_equal(test_sends(world.channels), 41);
	for (size_t i = 0; i < 40; i++)
		assert_int_equal(test_send(world.channels, i + 1)->message, m[i]);
}

// ---- receipts ------------------------------------------------------------------------------------------------------

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

// ---- the store is away ---------------------------------------------------------------------------------------------

static bool is_up(void *arg) { return store_is_up(world.store); }

static bool is_down(void *arg) { return !store_is_up(world.store); }

static void test_never_twice(void **state)
{
	uint64_t id = begin(TELEGRAM, "tel:1");
	expect_log("server is away");
	expect_log("connection lost");
	test_channels_auto(world.channels, false);
	uint64_t m = reply(ANNA, id, "first");
	wait_for_sends(1);
	store_fake(world.store, FAKE_LOST_AFTER); // the end is committed, although nobody says so
	test_send_accept(world.channels, 0, "a");
	settle();
	assert_int_equal(delivery_of(m), DELIVERY_ACCEPTED);
	reply(ANNA, id, "second");
	wait_for_sends(2);
	store_fake(world.store, FAKE_LOST_BEFORE);
	test_send_accept(world.channels, 1, "b");
	settle();
	uint64_t third = reply(ANNA, id, "third");
	wait_for_sends(3);
	store_fake(world.store, FAKE_AWAY);
	test_send_accept(world.channels, 2, "c");
	run_until(is_down, NULL);
	assert_int_equal(world.pipeline->n_running > 0, true); // the end waits
	store_fake(world.store, FAKE_NONE);
	run_until(is_up, NULL);
	settle();
	assert_int_equal(delivery_of(third), DELIVERY_ACCEPTED);
	assert_int_equal(test_sends(world.channels), 3);
	assert_int_equal(sql_int("SELECT count(*) FROM outbox"), 0);
}

// The lease is committed before anything is said outside.
static void test_no_lease_no_sending(void **state)
{
	uint64_t id = begin(TELEGRAM, "tel:1");
	expect_log("server is away");
	stop_the_clock();
	uint64_t m = reply(ANNA, id, "first");
	store_fake(world.store, FAKE_AWAY);
	for (int i = 0; i < 5; i++)
		pass_ms(1000);
	assert_int_equal(test_sends(world.channels), 0);
	store_fake(world.store, FAKE_NONE);
	while (delivery_of(m) != DELIVERY_ACCEPTED)
		pass_ms(1000);
	settle();
	assert_int_equal(test_sends(world.channels), 1);
}

// The store has no room for the end: it is kept until there is some.
static void test_end_when_the_store_is_full(void **state)
{
	enum { N = 2100 };
	static struct commit *c[N];
	uint64_t id = begin(TELEGRAM, "tel:1");
	expect_log("server is away");
	test_channels_auto(world.channels, false);
	uint64_t m = reply(ANNA, id, "first");
	wait_for_sends(1);
	stop_the_clock();
	store_fake(world.store, FAKE_AWAY);
	// Units that need no reading: values put under keys of their own.
	for (int i = 0; i < N; i++) {
		char key[20];
		snprintf(key, sizeof key, "key-%d", i);
		c[i] = commit_new(TELEGRAM);
		commit_put(c[i], key, "1");
		commit_go(c[i]);
	}
	pass_ms(1);
	assert_true(store_is_full(world.store));
	test_send_accept(world.channels, 0, NULL);
	for (int i = 0; i < 3; i++)
		pass_ms(1000);
	assert_int_equal(delivery_of(m), DELIVERY_QUEUED);
	store_fake(world.store, FAKE_NONE);
	while (delivery_of(m) != DELIVERY_ACCEPTED)
		pass_ms(1000);
	settle();
	int n_done = 0;
	for (int i = 0; i < N; i++)
		n_done += !commit_end(c[i]);
	assert_true(n_done >= 2000 && n_done < N);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_accepted),
		WORLD_TEST(test_order_of_one_recipient),
		WORLD_TEST(test_back_off_holds_followers),
		WORLD_TEST(test_last_attempt_fails),
		WORLD_TEST(test_refused),
		WORLD_TEST(test_throttled),
		WORLD_TEST(test_provider_down),
		WORLD_TEST(test_expiry),
		WORLD_TEST(test_unknown),
		WORLD_TEST(test_unknown_of_an_idempotent_channel),
		WORLD_TEST(test_restart_with_taken_rows),
		WORLD_TEST(test_restart_with_many_waiting),
		WORLD_TEST(test_receipts_move_forward),
		WORLD_TEST(test_receipts_of_one_cause),
		WORLD_TEST(test_receipts_at_once),
		WORLD_TEST(test_receipt_before_the_answer),
		WORLD_TEST(test_receipt_while_sending),
		WORLD_TEST(test_receipt_while_waiting),
		WORLD_TEST(test_failed_receipt),
	};
	const struct CMUnitTest faults[] = {
		WORLD_TEST(test_never_twice),
		WORLD_TEST(test_no_lease_no_sending),
		WORLD_TEST(test_end_when_the_store_is_full),
	};
	return world_main(tests, ARRAY_LEN(tests), faults, ARRAY_LEN(faults));
}
