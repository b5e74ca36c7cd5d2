// SPDX-License-Identifier: Apache-2.0
// The feed: everything once and in order, from now on or from where somebody was, also what other writers committed.
#include "world_test.h"
#include <string.h>

struct tail {
	struct feed_follower *f;
	int64_t first, last;
	size_t n, n_messages, n_resets;
	struct tail *other; // to be unfollowed by the next event
	struct feed_event *kept;
};

static void on_event(struct feed_event *e, void *arg)
{
	struct tail *t = arg;
	if (!e) {
		t->n_resets++;
		t->f = NULL;
		return;
	}
	if (t->n) assert_int_equal(e->event.seq, t->last + 1);
	if (!t->n) t->first = e->event.seq;
	t->last = e->event.seq;
	t->n++;
	t->n_messages += e->has_message;
	if (e->event.conversation) assert_true(e->has_conversation && e->conversation.id == e->event.conversation);
	if (e->event.message)
		assert_true(e->has_message && e->message.id == e->event.message && e->message.parts.n > 2);
	if (t->other) feed_unfollow(&t->other->f);
	if (t->other == t) t->n_resets = 100;
	t->other = NULL;
	if (!t->kept) t->kept = mem_ref(e);
}

static void follow(struct tail *t, int64_t after)
{
	*t = (struct tail){0};
	t->f = feed_follow(world.pipeline, after, on_event, t);
	assert_int_equal(t->n, 0); // never before it returns
}

static void unfollow(struct tail *t)
{
	feed_unfollow(&t->f);
	t->kept = mem_unref(t->kept);
}

static void say_some(int n)
{
	struct commit *c = commit_new(TELEGRAM);
	for (int i = 0; i < n; i++)
		commit_message(c, &(struct says){.name = "Olha"});
	commit_go(c);
	assert_int_equal(commit_end(c), 0);
	settle();
}

static void test_live_and_ring(void **state)
{
	struct tail a, b, c;
	int64_t start = head();
	follow(&a, start);
	say_some(10); // contact, conversation, ten messages, a plan
	assert_int_equal(a.n, 13);
	assert_int_equal(a.first, start + 1);
	assert_int_equal(a.n_messages, 10);
	follow(&b, start);
	follow(&c, start + 5);
	settle();
	assert_int_equal(b.n, 13);
	assert_int_equal(c.n, 8);
	say_some(1);
	assert_int_equal(a.last, head());
	assert_int_equal(b.last, head());
	assert_int_equal(c.last, head());
	// What is kept stays as it was.
	assert_int_equal(a.kept->event.seq, start + 1);
	assert_string_equal(b.kept->has_conversation ? "" : "no conversation", "no conversation"); // contact.created
	unfollow(&a);
	unfollow(&b);
	unfollow(&c);
}

static void test_table(void **state)
{
	struct tail a, b;
	int64_t start = head();
	say_some(300);
	say_some(300);
	say_some(300);
	world_stop();
	world_start(); // the ring is empty
	follow(&a, start);
	follow(&b, start + 500);
	say_some(10); // while they catch up
	settle();
	assert_int_equal(a.n, 913);
	assert_int_equal(a.first, start + 1);
	assert_int_equal(a.last, head());
	assert_int_equal(b.n, 413);
	unfollow(&a);
	unfollow(&b);
}

static void test_reset(void **state)
{
	struct tail a, b, c, d;
	say_some(3);
	follow(&a, head() + 1); // a seq that is not ours
	follow(&b, -1);
	settle();
	assert_int_equal(a.n_resets + b.n_resets, 2);
	assert_int_equal(a.n + b.n, 0);
	say_some(1); // they are off
	assert_int_equal(a.n + b.n, 0);
	unfollow(&a);
	world_stop();
	sql("UPDATE feed_head SET seq = 300000");
	world_start();
	follow(&c, 10);     // too far behind
	follow(&d, 299000); // a hole
	settle();
	assert_int_equal(c.n_resets, 1);
	assert_int_equal(d.n_resets, 1);
}

// Another writer's events stand between ours.
static void test_gap(void **state)
{
	struct tail a;
	follow(&a, head());
	say_some(1);
	int64_t seq = head();
	sql("UPDATE feed_head SET seq = seq + 3");
	for (int i = 1; i <= 3; i++)
		sql("INSERT INTO event (seq, at, kind, actor_kind) VALUES (%lld, 1, %d, 0)", (long long)seq + i,
		    EVENT_USER_CHANGED);
	settle();
	assert_int_equal(a.last, seq); // nobody told us
	struct commit *c[20];
	for (int i = 0; i < 20; i++) {
		char address[20];
		snprintf(address, sizeof address, "tel:%d", i);
		c[i] = commit_new(TELEGRAM);
		commit_message(c[i], &(struct says){.address = address});
		commit_go(c[i]);
	}
	for (int i = 0; i < 20; i++)
		assert_int_equal(commit_end(c[i]), 0);
	settle();
	assert_int_equal(a.last, head());
	assert_int_equal(a.n, head() - a.first + 1);
	unfollow(&a);
}

// What stands in the gap cannot be read at once: nobody gets what is behind it before.
static void test_gap_while_the_store_is_away(void **state)
{
	struct tail a, late;
	say_some(1);
	int64_t seq = head();
	follow(&a, seq);
	expect_log("server is away");
	stop_the_clock();
	sql("UPDATE feed_head SET seq = seq + 1");
	sql("INSERT INTO event (seq, at, kind, actor_kind) VALUES (%lld, 1, %d, 0)", (long long)seq + 1,
	    EVENT_USER_CHANGED);
	struct commit *c = commit_new(TELEGRAM);
	commit_message(c, &(struct says){0});
	store_fake(world.store, FAKE_SLOW);
	commit_go(c);
	run_until(is_unit_waiting, NULL);
	store_fake(world.store, FAKE_AWAY);
	assert_int_equal(commit_end(c), 0);
	pass_ms(100);
	assert_int_equal(a.n, 0);
	assert_int_equal(feed_head(world.pipeline), seq);
	follow(&late, seq + 2); // it was told of its own act, which is not published yet
	pass_ms(100);
	assert_int_equal(late.n_resets, 0);
	store_fake(world.store, FAKE_NONE);
	while (a.n < 2)
		pass_ms(500);
	settle();
	assert_int_equal(a.last, seq + 2);
	assert_int_equal(late.n, 0);
	say_some(1);
	assert_int_equal(late.first, seq + 3);
	unfollow(&a);
	unfollow(&late);
}

static void test_unfollow_inside(void **state)
{
	struct tail a, b, c;
	int64_t start = head();
	follow(&a, start);
	follow(&b, start);
	follow(&c, start);
	settle();
	a.other = &b; // the next in the list
	c.other = &c; // itself
	say_some(2);
	assert_int_equal(a.n, 5);
	assert_int_equal(b.n, 0);
	assert_int_equal(c.n, 1);
	unfollow(&a);
	unfollow(&c);
	// While it is behind: in the ring, and in the table.
	follow(&a, start);
	a.other = &a;
	follow(&b, start);
	unfollow(&b); // at once
	settle();
	assert_int_equal(a.n, 1);
	assert_int_equal(b.n, 0);
	unfollow(&a);
	world_stop();
	world_start();
	follow(&a, start);
	a.other = &a;
	settle();
	assert_int_equal(a.n, 1);
	unfollow(&a);
}

// The pipeline is closed and freed while they are behind.
static void test_closed_while_following(void **state)
{
	struct tail a, b;
	int64_t start = head();
	say_some(300);
	world_stop();
	world_start();
	follow(&a, start);
	follow(&b, start + 100);
	world_stop();
	a.kept = mem_unref(a.kept);
	b.kept = mem_unref(b.kept);
	world_start();
}

static void test_ring_is_bounded(void **state)
{
	struct tail a, b;
	enum { N = 60000 };
	feed_unfollow(&world.follower);
	int64_t start = head();
	for (int i = 1; i <= N; i++) {
		struct event e = {.seq = start + i, .kind = EVENT_USER_CHANGED};
		struct feed_event *f = feed_event_new(&e, NULL, STR_NONE, NULL);
		feed_publish(world.pipeline, &f, 1);
	}
	follow(&a, start + 1000); // it left the ring, and no table has it
	follow(&b, start + 20000);
	settle();
	assert_int_equal(a.n_resets, 1);
	assert_int_equal(b.n, N - 20000);
	unfollow(&b);
	struct pipeline_stats stats;
	pipeline_stats(world.pipeline, &stats);
	assert_int_equal(stats.events, N);
	settle();
	world.seen = head();
}

// A receipt's event shows the conversation as it is when it is told.
static void test_events_are_whole_after_restart(void **state)
{
	struct tail a;
	say_some(1);
	uint64_t m = reply(ANNA, conversation_of(TELEGRAM, "tel:1"), "hello");
	settle();
	world_stop();
	world_start(); // nothing is known
	char ext[40];
	snprintf(ext, sizeof ext, "out-%llu", (unsigned long long)m);
	follow(&a, head());
	assert_int_equal(receipt(TELEGRAM, "receipt.delivered", ext), 0);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.kept->conversation.assignee, ANNA);
	assert_true(str_is(a.kept->contact_name, "Olha"));
	assert_int_equal(a.kept->message.delivery, DELIVERY_DELIVERED);
	unfollow(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_live_and_ring),   WORLD_TEST(test_table),
		WORLD_TEST(test_reset),           WORLD_TEST(test_gap),
		WORLD_TEST(test_unfollow_inside), WORLD_TEST(test_closed_while_following),
		WORLD_TEST(test_ring_is_bounded), WORLD_TEST(test_events_are_whole_after_restart),
	};
	const struct CMUnitTest faults[] = {
		WORLD_TEST(test_gap_while_the_store_is_away),
	};
	return world_main(tests, ARRAY_LEN(tests), faults, ARRAY_LEN(faults));
}
