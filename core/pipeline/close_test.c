// SPDX-License-Identifier: Apache-2.0
// Closing while things are under way: everybody is answered, nothing leaks, and the next run finds what is left.
#include "world_test.h"
#include <string.h>

static bool is_closed;

static void on_closed(void *arg) { *(bool *)arg = true; }

static bool is_true(void *arg) { return *(bool *)arg; }

static void close_pipeline(void)
{
	is_closed = false;
	feed_unfollow(&world.follower);
	pipeline_close(world.pipeline, on_closed, &is_closed);
	assert_false(is_closed);
}

// The world goes on from here.
static void open_again(void)
{
	run_until(is_true, &is_closed);
	pipeline_free(&world.pipeline);
	world_stop();
	world_start();
}

static void test_idle(void **state)
{
	close_pipeline();
	open_again();
}

static void test_under_way(void **state)
{
	struct commit *c[60], *late;
	struct acted r[10];
	act_presence(world.pipeline, ANNA, true);
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM}), 0);
	uint64_t id = conversation_of(TELEGRAM, "tel:1");
	for (int i = 0; i < 60; i++) {
		char address[20];
		snprintf(address, sizeof address, "tel:%d", i % 20);
		c[i] = commit_new(i % 2 ? TELEGRAM : SMS);
		commit_message(c[i], &(struct says){.address = address});
		commit_go(c[i]);
	}
	for (int i = 0; i < 10; i++) {
		char key[20];
		snprintf(key, sizeof key, "key-0000000%d", i);
		reply_go(&r[i], BORIS, id, key, "[{\"type\":\"text\",\"text\":\"hi\"}]");
	}
	act_typing(world.pipeline, ANNA, id);
	close_pipeline();
	late = commit_new(TELEGRAM);
	commit_message(late, &(struct says){0});
	commit_go(late);
	assert_int_equal(commit_end(late), E_BUSY);
	for (int i = 0; i < 60; i++)
		assert_int_equal(commit_end(c[i]), 0);
	open_again();
	for (int i = 0; i < 10; i++)
		assert_int_equal(r[i].status, 0);
	settle();
	assert_int_equal(sql_int("SELECT count(*) FROM outbox"), 0);
	assert_int_equal(test_sends(world.channels), 10);
}

// A message is outside: closing waits for its answer, and keeps it.
static void test_while_sending(void **state)
{
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM}), 0);
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .address = "tel:2"}), 0);
	test_channels_auto(world.channels, false);
	reply(ANNA, conversation_of(TELEGRAM, "tel:1"), "one");
	reply(ANNA, conversation_of(TELEGRAM, "tel:1"), "behind it");
	reply(ANNA, conversation_of(TELEGRAM, "tel:2"), "two");
	wait_for_sends(2);
	close_pipeline();
	test_send_accept(world.channels, 0, "x1");
	struct channel_sent throttled = {.outcome = CHANNEL_FAILED, .class_ = CHANNEL_THROTTLED, .retry_after_ms = 1};
	assert_false(is_closed);
	test_send_answer(world.channels, 1, &throttled);
	test_channels_auto(world.channels, true);
	open_again();
	settle();
	while (sql_int("SELECT count(*) FROM outbox"))
		settle();
	assert_int_equal(test_sends(world.channels), 4);
	assert_int_equal(sql_int("SELECT count(*) FROM message WHERE delivery = %d", DELIVERY_ACCEPTED), 3);
}

static void test_plan_waits_for_the_store(void **state)
{
	expect_log("server is away");
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM}), 0);
	stop_the_clock();
	act_presence(world.pipeline, ANNA, true);
	uint64_t id = conversation_of(TELEGRAM, "tel:1");
	known_drop_conversation(world.pipeline->known, id);
	store_fake(world.store, FAKE_AWAY);
	assign_consider(world.pipeline, id, 0, head());
	pass_ms(0);
	assert_int_equal(world.pipeline->n_running, 1);
	close_pipeline();
	run_until(is_true, &is_closed);
	store_fake(world.store, FAKE_NONE);
	open_again();
}

// What was decided is committed or given back before the pipeline is closed: it waits for the store.
static void test_store_away(void **state)
{
	struct commit *c[20];
	expect_log("server is away");
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM}), 0);
	test_channels_auto(world.channels, false);
	reply(ANNA, conversation_of(TELEGRAM, "tel:1"), "one");
	wait_for_sends(1);
	store_fake(world.store, FAKE_AWAY);
	for (int i = 0; i < 20; i++) {
		c[i] = commit_new(TELEGRAM);
		if (i % 2)
			commit_message(c[i], &(struct says){0}); // known: its unit waits, and the others behind it
		else
			commit_put(c[i], i % 4 ? "a" : "b", "1");
		commit_go(c[i]);
	}
	test_send_accept(world.channels, 0, "x1");
	run_until(is_down, NULL);
	close_pipeline();
	for (int i = 0; i < 20; i++)
		assert_false(c[i]->is_done);
	assert_false(is_closed);
	store_fake(world.store, FAKE_NONE);
	for (int i = 0; i < 20; i++)
		assert_int_equal(commit_end(c[i]), 0);
	open_again();
	assert_int_equal(sql_int("SELECT count(*) FROM message WHERE delivery = %d", DELIVERY_ACCEPTED), 1);
	assert_int_equal(sql_int("SELECT n_messages FROM conversation"), 12);
}

// The database does not come back: whoever closes gives up waiting, and closes the store beside the pipeline.
static void test_store_stays_away(void **state)
{
	struct commit *c[60];
	bool is_store_closed = false;
	expect_log("server is away");
	expect_log("could not be kept");
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM}), 0);
	test_channels_auto(world.channels, false);
	reply(ANNA, conversation_of(TELEGRAM, "tel:1"), "one");
	reply(ANNA, conversation_of(TELEGRAM, "tel:1"), "behind it");
	wait_for_sends(1);
	store_fake(world.store, FAKE_AWAY);
	for (int i = 0; i < 60; i++) {
		char address[20];
		snprintf(address, sizeof address, "new:%d", i);
		c[i] = commit_new(TELEGRAM);
		if (i % 3 == 0)
			commit_put(c[i], i % 2 ? "a" : "b", "1");
		else
			commit_message(c[i], &(struct says){.address = i % 3 == 1 ? "tel:1" : address});
		commit_go(c[i]);
	}
	test_send_accept(world.channels, 0, "x1");
	run_until(is_down, NULL);
	close_pipeline();
	turn_a_little();
	assert_false(is_closed);
	pipeline_give_up(world.pipeline);
	store_close(world.store, 0, on_closed, &is_store_closed);
	world.store = NULL;
	run_until(is_true, &is_closed);
	for (int i = 0; i < 60; i++)
		assert_int_not_equal(commit_end(c[i]), 0);
	run_until(is_true, &is_store_closed);
	pipeline_free(&world.pipeline);
	directory_free(&world.directory);
	media_close(&world.media);
	test_channels_auto(world.channels, true);
	world_start();
	settle();
	// What was outside is unknown now; what was behind it is sent.
	assert_int_equal(sql_int("SELECT count(*) FROM message WHERE delivery = %d", DELIVERY_UNKNOWN), 1);
	assert_int_equal(test_sends(world.channels), 2);
}

static void on_started(int status, void *arg) { *(int *)arg = status; }

// Told to stop while it starts.
static void test_while_starting(void **state)
{
	int status = 1;
	for (int i = 0; i < 30; i++) {
		char address[20];
		snprintf(address, sizeof address, "tel:%d", i);
		assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .address = address}), 0);
	}
	world_pipeline_stop();
	world_pipeline_new();
	act_presence(world.pipeline, ANNA, true);
	pipeline_start(world.pipeline, on_started, &status);
	close_pipeline();
	run_until(is_true, &is_closed);
	assert_int_equal(status, E_CANCELLED);
	open_again();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_idle),
		WORLD_TEST(test_under_way),
		WORLD_TEST(test_while_sending),
		WORLD_TEST(test_while_starting),
	};
	const struct CMUnitTest faults[] = {
		WORLD_TEST(test_plan_waits_for_the_store),
		WORLD_TEST(test_store_away),
		WORLD_TEST(test_store_stays_away),
	};
	return world_main(tests, ARRAY_LEN(tests), faults, ARRAY_LEN(faults));
}
