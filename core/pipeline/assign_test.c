// SPDX-License-Identifier: Apache-2.0
// Who gets a conversation that needs a plan; once, also after a crash.
#include "world_test.h"

static uint64_t assignee_of(uint64_t conversation) { return conversation_now(conversation).assignee; }

static void give(uint64_t conversation, uint64_t to)
{
	struct acted a;
	assign_go(&a, &(struct act){.user = DORA, .conversation = conversation}, to);
	settle();
	assert_int_equal(a.status, 0);
}

static void set_state(uint64_t conversation, enum conversation_move m)
{
	struct acted a;
	move_go(&a, &(struct act){.user = DORA, .conversation = conversation}, m);
	settle();
	assert_int_equal(a.status, 0);
}

static void test_to_the_one_who_is_there(void **state)
{
	act_presence(world.pipeline, BORIS, true);
	act_presence(world.pipeline, CLARA, true); // serves another queue
	act_presence(world.pipeline, EGOR, true);  // was let go
	int64_t before = head();
	uint64_t id = begin(TELEGRAM, "tel:1");
	assert_string_equal(events_after(before),
			    "contact.created conversation.created message.in conversation.needs_plan"
			    " conversation.assigned");
	struct conversation c = conversation_now(id);
	assert_int_equal(c.assignee, BORIS);
	assert_int_equal(c.handler, HANDLER_AGENT);
	assert_int_equal(c.rules_seq, before + 4);
	assert_int_equal(sql_int("SELECT becomes FROM event WHERE seq = %lld", (long long)before + 5), BORIS);
	assert_int_equal(sql_int("SELECT count(*) FROM participant WHERE who = %d", BORIS), 1);
	// More of the same needs no plan.
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM}), 0);
	assert_int_equal(head(), before + 6);
	assert_int_equal(assignee_of(begin(STAFF, "tel:1")), CLARA);
}

static void test_nobody_is_there(void **state)
{
	act_presence(world.pipeline, ANNA, true);
	act_presence(world.pipeline, ANNA, true); // two sockets
	act_presence(world.pipeline, ANNA, false);
	assert_int_equal(assignee_of(begin(TELEGRAM, "tel:1")), ANNA);
	act_presence(world.pipeline, ANNA, false);
	int64_t before = head();
	uint64_t id = begin(TELEGRAM, "tel:2");
	assert_string_equal(events_after(before),
			    "contact.created conversation.created message.in conversation.needs_plan");
	assert_int_equal(assignee_of(id), 0);
	assert_int_equal(conversation_now(id).handler, HANDLER_NONE);
}

static void test_to_the_least_busy(void **state)
{
	uint64_t c[6];
	act_presence(world.pipeline, ANNA, true);
	c[0] = begin(TELEGRAM, "tel:0");
	c[1] = begin(TELEGRAM, "tel:1"); // Anna has two
	act_presence(world.pipeline, BORIS, true);
	c[2] = begin(TELEGRAM, "tel:2");
	assert_int_equal(assignee_of(c[2]), BORIS);
	set_state(c[0], MOVE_RESOLVE); // Anna has one, Boris has one and got it later
	c[3] = begin(TELEGRAM, "tel:3");
	assert_int_equal(assignee_of(c[3]), ANNA);
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM, .address = "tel:0"}), 0); // comes back to her: three
	c[4] = begin(TELEGRAM, "tel:4");
	assert_int_equal(assignee_of(c[4]), BORIS); // two
	give(c[4], ANNA);
	give(c[2], ANNA); // Anna has five
	set_state(c[0], MOVE_CLOSE);
	give(c[0], BORIS); // what is over counts for nobody
	for (int i = 5; i < 9; i++) {
		char address[20];
		snprintf(address, sizeof address, "tel:%d", i);
		assert_int_equal(assignee_of(begin(TELEGRAM, address)), BORIS);
	}
	// The counts come from the store again after a restart.
	world_stop();
	world_start();
	act_presence(world.pipeline, ANNA, true);
	act_presence(world.pipeline, BORIS, true);
	uint64_t first = assignee_of(begin(TELEGRAM, "tel:9")), second = assignee_of(begin(TELEGRAM, "tel:10"));
	assert_int_equal(first + second, ANNA + BORIS);
	assert_int_equal(sql_int("SELECT count(*) FROM conversation WHERE state <= 1 AND assignee = %d", ANNA), 5);
	assert_int_equal(sql_int("SELECT count(*) FROM conversation WHERE state <= 1 AND assignee = %d", BORIS), 5);
}

static void test_many_at_once(void **state)
{
	struct commit *c[40];
	act_presence(world.pipeline, ANNA, true);
	act_presence(world.pipeline, BORIS, true);
	for (int i = 0; i < 40; i++) {
		char address[20];
		snprintf(address, sizeof address, "tel:%d", i);
		c[i] = commit_new(TELEGRAM);
		commit_message(c[i], &(struct says){.address = address});
		commit_go(c[i]);
	}
	for (int i = 0; i < 40; i++)
		assert_int_equal(commit_end(c[i]), 0);
	settle();
	assert_int_equal(sql_int("SELECT count(*) FROM event WHERE kind = %d", EVENT_CONVERSATION_ASSIGNED), 40);
	assert_int_equal(sql_int("SELECT count(*) FROM conversation WHERE assignee = %d", ANNA), 20);
}

static void test_assignee_is_gone(void **state)
{
	act_presence(world.pipeline, ANNA, true);
	uint64_t id = begin(TELEGRAM, "tel:1");
	set_state(id, MOVE_RESOLVE);
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM}), 0);
	assert_int_equal(assignee_of(id), ANNA); // she is there: hers it stays
	set_state(id, MOVE_RESOLVE);
	sql("UPDATE users SET is_disabled = 1 WHERE id = %d", ANNA);
	load_directory();
	act_presence(world.pipeline, BORIS, true);
	int64_t before = head();
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM}), 0);
	assert_string_equal(events_after(before),
			    "conversation.reopened message.in conversation.needs_plan conversation.assigned");
	assert_int_equal(assignee_of(id), BORIS);
	assert_int_equal(sql_int("SELECT was FROM event WHERE seq = %lld", (long long)head()), ANNA);
}

// Reopened while its agent is away: another one gets it; when nobody is there, it waits where all look.
static void test_assignee_is_away(void **state)
{
	act_presence(world.pipeline, ANNA, true);
	uint64_t id = begin(TELEGRAM, "tel:1");
	assert_int_equal(assignee_of(id), ANNA);
	set_state(id, MOVE_RESOLVE);
	act_presence(world.pipeline, ANNA, false);
	act_presence(world.pipeline, BORIS, true);
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM}), 0);
	assert_int_equal(assignee_of(id), BORIS);
	set_state(id, MOVE_RESOLVE);
	act_presence(world.pipeline, BORIS, false);
	int64_t before = head();
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM}), 0);
	assert_string_equal(events_after(before),
			    "conversation.reopened message.in conversation.needs_plan conversation.assigned");
	assert_int_equal(assignee_of(id), 0);
	// One that was never resolved stays with who has it.
	give(id, ANNA);
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM}), 0);
	assert_int_equal(assignee_of(id), ANNA);
}

// A queue that nobody serves, and nobody at all: a restricted conversation is opened to nobody by being given to him.
static void test_restricted_without_a_queue(void **state)
{
	sql("UPDATE inbox SET queue = NULL");
	load_directory();
	act_presence(world.pipeline, ANNA, true);
	assert_int_equal(assignee_of(begin(STAFF, "tel:1")), 0);
	assert_int_equal(assignee_of(begin(TELEGRAM, "tel:1")), ANNA);
}

// ---- after a crash --------------------------------------------------------------------------------------------------

static void anna_is_there(void) { act_presence(world.pipeline, ANNA, true); }

static void test_replayed_once(void **state)
{
	uint64_t id = begin(TELEGRAM, "tel:1"), other = begin(TELEGRAM, "tel:2");
	give(other, BORIS);
	int64_t before = head();
	world_stop();
	world.before_start = anna_is_there;
	world_start();
	settle();
	assert_string_equal(events_after(before), "conversation.assigned");
	assert_int_equal(assignee_of(id), ANNA);
	assert_int_equal(assignee_of(other), BORIS);
	give(id, 0); // she does not want it
	sql("DELETE FROM cursor");
	before = head();
	world_stop();
	world_start();
	settle();
	assert_int_equal(head(), before);
	assert_int_equal(assignee_of(id), 0);
}

static void test_cursor(void **state)
{
	stop_the_clock();
	uint64_t id = begin(TELEGRAM, "tel:1");
	assert_int_equal(sql_int("SELECT count(*) FROM cursor"), 0);
	pass_ms(2000);
	settle();
	assert_int_equal(sql_int("SELECT seq FROM cursor WHERE consumer = 'plan'"), head());
	world_stop();
	world.before_start = anna_is_there;
	world_start();
	settle();
	assert_int_equal(assignee_of(id), 0); // it was looked at, and nobody was there
	world.before_start = NULL;
}

// More than a page of events.
static void test_replay_of_many(void **state)
{
	struct commit *c = commit_new(TELEGRAM);
	for (int i = 0; i < 300; i++) {
		char address[20];
		snprintf(address, sizeof address, "tel:%d", i);
		commit_message(c, &(struct says){.address = address});
	}
	commit_go(c);
	assert_int_equal(commit_end(c), 0);
	settle();
	world_stop();
	world.before_start = anna_is_there;
	world_start();
	settle();
	assert_int_equal(sql_int("SELECT count(*) FROM conversation WHERE assignee = %d", ANNA), 300);
	assert_int_equal(sql_int("SELECT count(*) FROM event WHERE kind = %d", EVENT_CONVERSATION_ASSIGNED), 300);
}

// ---- the store ------------------------------------------------------------------------------------------------------

// The plan waits for the store; until then the cursor does not pass it.
static void test_store_away(void **state)
{
	expect_log("server is away");
	anna_is_there();
	stop_the_clock();
	uint64_t id = begin(TELEGRAM, "tel:1");
	give(id, 0);
	sql("UPDATE conversation SET rules_seq = 0");
	known_drop_conversation(world.pipeline->known, id);
	store_fake(world.store, FAKE_AWAY);
	assign_consider(world.pipeline, id, 0, head());
	pass_ms(1000);
	pass_ms(1000);
	store_fake(world.store, FAKE_NONE);
	while (world.pipeline->n_running)
		pass_ms(500);
	assert_int_equal(assignee_of(id), ANNA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_to_the_one_who_is_there),
		WORLD_TEST(test_nobody_is_there),
		WORLD_TEST(test_to_the_least_busy),
		WORLD_TEST(test_many_at_once),
		WORLD_TEST(test_assignee_is_gone),
		WORLD_TEST(test_assignee_is_away),
		WORLD_TEST(test_restricted_without_a_queue),
		WORLD_TEST(test_replayed_once),
		WORLD_TEST(test_cursor),
		WORLD_TEST(test_replay_of_many),
	};
	const struct CMUnitTest faults[] = {
		WORLD_TEST(test_store_away),
	};
	return world_main(tests, ARRAY_LEN(tests), faults, ARRAY_LEN(faults));
}
