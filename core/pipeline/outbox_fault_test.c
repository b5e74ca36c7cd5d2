// SPDX-License-Identifier: Apache-2.0
// The outbox when the store is away: nothing is said twice, nothing is said without a lease, and every end is kept.
#include "world_test.h"

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
	const struct CMUnitTest faults[] = {
		WORLD_TEST(test_never_twice),
		WORLD_TEST(test_no_lease_no_sending),
		WORLD_TEST(test_end_when_the_store_is_full),
	};
	return world_main(NULL, 0, faults, ARRAY_LEN(faults));
}
