// SPDX-License-Identifier: Apache-2.0
// What leaves: in order for each recipient, never twice, with three ends.
#include "outbox_send.h"
#include "world_test.h"
#include <string.h>

#define UNKNOWN_DELIVERY                                                                                               \
	(struct channel_sent) { .outcome = CHANNEL_UNKNOWN, .class_ = CHANNEL_UNCERTAIN }
#define FAILS(class)                                                                                                   \
	((struct channel_sent){.outcome = CHANNEL_FAILED, .class_ = class, .text = STR("the provider said no")})

// ---- the plain way --------------------------------------------------------------------------------------------------

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

// What the plugin never saw is no attempt of the provider's.
static void test_never_begun_burns_nothing(void **state)
{
	uint64_t id = begin(TELEGRAM, "tel:1");
	stop_the_clock();
	struct channel_sent full = FAILS(CHANNEL_TRANSIENT);
	full.never_begun = true;
	for (int i = 0; i < 20; i++)
		test_channels_next(world.channels, &full);
	uint64_t m = reply(ANNA, id, "first");
	settle();
	for (int i = 0; i < 20; i++) {
		pass_ms(outbox_back_off(1));
		settle();
	}
	assert_int_equal(test_sends(world.channels), 21);
	assert_int_equal(test_send(world.channels, 20)->attempt, 1);
	assert_int_equal(delivery_of(m), DELIVERY_ACCEPTED);
}

// One attempt had no answer, the others failed: nobody can say that it did not arrive. The row remembers.
static void test_doubt_stays(void **state)
{
	uint64_t id = begin(SMS, "tel:1");
	stop_the_clock();
	test_channels_next(world.channels, &UNKNOWN_DELIVERY);
	for (int i = 0; i < 7; i++)
		test_channels_next(world.channels, &FAILS(CHANNEL_TRANSIENT));
	uint64_t m = reply(ANNA, id, "first");
	settle();
	assert_int_equal(sql_int("SELECT in_doubt FROM outbox"), 1);
	for (int attempt = 1; attempt < 8; attempt++) {
		pass_ms(outbox_back_off(attempt));
		settle();
	}
	assert_int_equal(test_sends(world.channels), 8);
	assert_int_equal(delivery_of(m), DELIVERY_UNKNOWN);
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

// ---- the account ----------------------------------------------------------------------------------------------------

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

// ---- unknown --------------------------------------------------------------------------------------------------------

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_accepted),
		WORLD_TEST(test_order_of_one_recipient),
		WORLD_TEST(test_back_off_holds_followers),
		WORLD_TEST(test_last_attempt_fails),
		WORLD_TEST(test_never_begun_burns_nothing),
		WORLD_TEST(test_doubt_stays),
		WORLD_TEST(test_refused),
		WORLD_TEST(test_throttled),
		WORLD_TEST(test_provider_down),
		WORLD_TEST(test_expiry),
		WORLD_TEST(test_unknown),
		WORLD_TEST(test_unknown_of_an_idempotent_channel),
		WORLD_TEST(test_restart_with_taken_rows),
		WORLD_TEST(test_restart_with_many_waiting),
	};
	return world_main(tests, ARRAY_LEN(tests), NULL, 0);
}
