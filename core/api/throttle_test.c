// SPDX-License-Identifier: Apache-2.0
// The throttle: free tries, doubling waits, what is forgiven and what is forgotten.
#include "inside.h"
#include "base/clock.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static struct throttle *t;

static int set_up(void **state)
{
	clock_fake(1800000000000, 1000);
	t = throttle_new();
	return 0;
}

static int tear_down(void **state)
{
	throttle_free(&t);
	clock_real();
	return 0;
}

static void fail_times(int n, const char *peer, const char *account)
{
	for (int i = 0; i < n; i++)
		throttle_begin(t, peer, str_of(account));
}

static void test_account(void **state)
{
	fail_times(4, "192.0.2.1", "ann@example.org");
	assert_int_equal(throttle_wait(t, "192.0.2.9", STR("ann@example.org")), 0);
	fail_times(1, "192.0.2.1", "ann@example.org");
	assert_int_equal(throttle_wait(t, "192.0.2.9", STR("ann@example.org")), 1000);
	assert_int_equal(throttle_wait(t, "192.0.2.9", STR("bob@example.org")), 0);
	clock_advance(1000);
	assert_int_equal(throttle_wait(t, "192.0.2.9", STR("ann@example.org")), 0);
	fail_times(1, "192.0.2.2", "ann@example.org");
	assert_int_equal(throttle_wait(t, "192.0.2.9", STR("ann@example.org")), 2000);
	fail_times(40, "192.0.2.3", "ann@example.org"); // it does not grow for ever
	assert_int_equal(throttle_wait(t, "192.0.2.9", STR("ann@example.org")), 60 * 1000);
	throttle_succeeded(t, "192.0.2.9", STR("ann@example.org"));
	assert_int_equal(throttle_wait(t, "192.0.2.9", STR("ann@example.org")), 0);
}

// What was not checked does not count; what runs at the same time does.
static void test_attempts_under_way(void **state)
{
	for (int i = 0; i < 5; i++) {
		assert_int_equal(throttle_wait(t, "192.0.2.1", STR("ann@example.org")), 0);
		throttle_begin(t, "192.0.2.1", STR("ann@example.org"));
	}
	assert_int_equal(throttle_wait(t, "192.0.2.1", STR("ann@example.org")), 1000);
	throttle_undo(t, "192.0.2.1", STR("ann@example.org"));
	assert_int_equal(throttle_wait(t, "192.0.2.1", STR("ann@example.org")), 0);
}

static void test_address(void **state)
{
	char account[32];
	for (int i = 0; i < 20; i++) {
		snprintf(account, sizeof account, "u%d@example.org", i);
		assert_int_equal(throttle_wait(t, "192.0.2.1", str_of(account)), 0);
		fail_times(1, "192.0.2.1", account);
	}
	assert_int_equal(throttle_wait(t, "192.0.2.1", STR("new@example.org")), 1000);
	assert_int_equal(throttle_wait(t, "192.0.2.2", STR("new@example.org")), 0);
	throttle_begin(t, "192.0.2.1", STR("u1@example.org"));
	throttle_succeeded(t, "192.0.2.1", STR("u1@example.org")); // who has an account may not go on guessing
	assert_int_equal(throttle_wait(t, "192.0.2.1", STR("new@example.org")), 1000);
	fail_times(30, "192.0.2.1", "x@example.org");
	assert_int_equal(throttle_wait(t, "192.0.2.1", STR("new@example.org")), 15 * 60 * 1000);
}

// A provider gives a customer 64 bits.
static void test_address_of_version_6(void **state)
{
	fail_times(20, "2001:db8:1:2::1", "a@example.org");
	assert_true(throttle_wait(t, "2001:db8:1:2:ffff::9", STR("b@example.org")) > 0);
	assert_int_equal(throttle_wait(t, "2001:db8:1:3::1", STR("b@example.org")), 0);
	for (int i = 0; i < 20; i++) { // written short, it is still one network
		char peer[40];
		snprintf(peer, sizeof peer, "2001:db8::%x:1:1:1", i);
		fail_times(1, peer, "c@example.org");
	}
	assert_true(throttle_wait(t, "2001:db8::ffff:1:1:1", STR("d@example.org")) > 0);
}

static void test_forgotten(void **state)
{
	fail_times(30, "192.0.2.1", "ann@example.org");
	clock_advance(3600 * 1000);
	assert_int_equal(throttle_wait(t, "192.0.2.1", STR("ann@example.org")), 0);
	fail_times(1, "192.0.2.1", "ann@example.org");
	assert_int_equal(throttle_wait(t, "192.0.2.1", STR("ann@example.org")), 0);
}

static void test_bounded(void **state)
{
	char peer[32], account[400];
	fail_times(10, "192.0.2.1", "ann@example.org");
	for (int i = 0; i < 25000; i++) {
		snprintf(peer, sizeof peer, "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
		snprintf(account, sizeof account, "%0380d@example.org", i); // longer than any key
		fail_times(1, peer, account);
	}
	assert_int_equal(throttle_wait(t, "192.0.2.1", STR("ann@example.org")), 0); // the oldest went
	assert_int_equal(throttle_wait(t, "192.0.2.1", STR_NONE), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_account),   TEST(test_attempts_under_way),
					   TEST(test_address),   TEST(test_address_of_version_6),
					   TEST(test_forgotten), TEST(test_bounded)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
