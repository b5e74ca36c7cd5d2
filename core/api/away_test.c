// SPDX-License-Identifier: Apache-2.0
// While the database is away: plain answers, a banner on the desk, and everything as before when it is back.
#include "world_test.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/fake.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct person ann;

static int set_up(void **state)
{
	world_open(state);
	log_set_level(LOG_ERROR); // it warns, rightly
	ann = person("ann", "agent", NULL);
	return 0;
}

static int tear_down(void **state)
{
	int failed = world_close(state);
	log_set_level(LOG_WARN);
	return failed;
}

static bool is_up(void *arg) { return store_is_up(w.f.store); }

static void come_back(void)
{
	store_fake(w.f.store, FAKE_NONE);
	world_wait_until(is_up, NULL);
}

static void test_requests(void **state)
{
	struct person nobody = {0};
	store_fake(w.f.store, FAKE_AWAY);
	struct reply r = get(&ann, "/conversations");
	expect_error(r, 503, "unavailable"); // and not 401: nobody is signed out by this
	assert_true(str_is(reply_header(&r, "retry-after"), "2"));
	expect_error(post(&ann, "/teams", "{\"name\":\"x\"}"), 503, "unavailable");
	expect_error(post(&nobody, "/login", "{\"email\":\"%s\",\"password\":\"x\"}", w.email), 503, "unavailable");
	come_back();
	assert_int_equal(get(&ann, "/conversations").status, 200);
}

static void test_banner(void **state)
{
	struct listener l, late;
	assert_int_equal(listen_live(&l, &ann, NULL, NULL), 101);
	next_of_type(&l, "hello");
	store_fake(w.f.store, FAKE_AWAY);
	expect_error(get(&ann, "/me"), 503, "unavailable");
	assert_string_not_equal(text_at(next_of_type(&l, "state"), "/trouble"), "");
	assert_int_equal(listen_live(&late, &ann, NULL, NULL), 503);
	hang_up(&late);
	come_back();
	assert_string_equal(text_at(next_of_type(&l, "state"), "/trouble"), "");
	assert_string_equal(text_at(get(&ann, "/me").json, "/trouble"), "");
	hang_up(&l);
}

static bool is_waiting(void *arg)
{
	struct store_stats stats;
	store_stats(w.f.store, &stats);
	return w.api->n_calls == 1 && stats.waiting + stats.retries > 0;
}

// A stop does not wait for ever: world_close follows.
static void test_close(void **state)
{
	struct listener l;
	w.expected = "the disk is full";
	store_fake(w.f.store, FAKE_FULL); // reads go on
	l = begin_request(&ann, "POST", "/logout");
	world_wait_until(is_waiting, NULL);
	close(l.fd);
	w.after_api = come_back;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_requests), TEST(test_banner), TEST(test_close)};
	fixture_begin(FIXTURE_FAKE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
