// SPDX-License-Identifier: Apache-2.0
// Turns: order, several keys, joining, cancelling, and no deadlock whatever comes.
#include "store/turn.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct loop *loop;
static struct turns *turns;
static char story[256];

static void tell(void *letter) { strcat(story, letter); }

static int set_up(void **state)
{
	loop = loop_new();
	turns = turns_new(loop);
	story[0] = 0;
	return 0;
}

static int tear_down(void **state)
{
	turns_free(&turns);
	loop_free(&loop);
	return 0;
}

static void take(struct turn *t, const char *letter, size_t n, const uint64_t *keys)
{
	turn_take(turns, t, keys, n, tell, (void *)letter);
}

#define KEYS(...)                                                                                                      \
	sizeof((uint64_t[]){__VA_ARGS__}) / 8, (uint64_t[]) { __VA_ARGS__ }

static void a_free_key_is_had_later_in_the_turn(void **state)
{
	struct turn a = {0};
	take(&a, "a", KEYS(7));
	assert_string_equal(story, "");
	assert_true(a.is_waiting);
	loop_run(loop);
	assert_string_equal(story, "a");
	assert_false(a.is_waiting);
	turn_end(&a);
	assert_int_equal(turns_waiting(turns), 0);
}

static void a_key_goes_round_in_order(void **state)
{
	struct turn t[3] = {0};
	take(&t[0], "a", KEYS(7));
	take(&t[1], "b", KEYS(7));
	take(&t[2], "c", KEYS(7));
	assert_int_equal(turns_waiting(turns), 3);
	for (int i = 0; i < 3; i++) {
		loop_run(loop);
		assert_int_equal(strlen(story), i + 1);
		turn_end(&t[i]);
	}
	assert_string_equal(story, "abc");
}

static void keys_are_taken_lower_first_and_once(void **state)
{
	struct turn a = {0}, b = {0}, c = {0};
	take(&a, "a", KEYS(2));
	take(&b, "b", KEYS(3, 2, 3, 1, 2)); // holds 1, waits for 2
	take(&c, "c", KEYS(3));             // 3 is still free
	loop_run(loop);
	assert_string_equal(story, "ac");
	assert_int_equal(b.n_keys, 3);
	assert_int_equal(b.n_held, 1);
	turn_end(&a);
	loop_run(loop);
	assert_string_equal(story, "ac");
	turn_end(&c);
	loop_run(loop);
	assert_string_equal(story, "acb");
	turn_end(&b);
}

static void no_key_is_a_turn_too(void **state)
{
	struct turn a = {0};
	turn_take(turns, &a, NULL, 0, tell, "a");
	loop_run(loop);
	assert_string_equal(story, "a");
	turn_end(&a);
}

static void one_more_key_is_waited_for(void **state)
{
	struct turn a = {0}, b = {0};
	take(&a, "a", KEYS(turn_key('s', 1)));
	take(&b, "b", KEYS(turn_key('c', 5)));
	loop_run(loop);
	turn_take_more(&a, turn_key('c', 5), tell, "A");
	loop_run(loop);
	assert_string_equal(story, "ab");
	turn_end(&b);
	loop_run(loop);
	assert_string_equal(story, "abA");
	turn_take_more(&a, turn_key('s', 1), tell, "!"); // held already
	loop_run(loop);
	assert_string_equal(story, "abA!");
	turn_end(&a);
}

static void senders_come_before_conversations(void **state)
{
	for (uint64_t i = 0; i < 1000; i++) {
		assert_true(turn_key('s', i) < turn_key('c', 1000 - i));
		assert_true(turn_key('s', i) < turn_key('u', i));
		assert_true(turn_key('u', i) < turn_key('c', i));
	}
	assert_true(turn_key('c', 1) != turn_key('c', 2));
	assert_true(turn_key_str('s', 1, STR("x")) == turn_key_str('s', 1, STR("x")));
	assert_true(turn_key_str('s', 1, STR("x")) != turn_key_str('s', 2, STR("x")));
	assert_true(turn_key_str('s', 1, STR("x")) != turn_key_str('s', 1, STR("y")));
}

static void the_next_may_join(void **state)
{
	struct turn t[5] = {0};
	take(&t[0], "a", KEYS(7));
	take(&t[1], "b", KEYS(7));
	take(&t[2], "c", KEYS(7));
	take(&t[3], "d", KEYS(7, 8));
	take(&t[4], "e", KEYS(7));
	loop_run(loop);
	assert_ptr_equal(turn_join_next(&t[0]), &t[1]);
	assert_ptr_equal(turn_join_next(&t[0]), &t[2]);
	assert_null(turn_join_next(&t[0])); // d wants more
	assert_int_equal(turns_waiting(turns), 2);
	turn_end(&t[0]);
	loop_run(loop);
	assert_string_equal(story, "ad");
	assert_null(turn_join_next(&t[3])); // d holds two keys
	turn_end(&t[3]);
	loop_run(loop);
	turn_end(&t[4]);
	assert_string_equal(story, "ade");
}

static void a_waiter_may_leave(void **state)
{
	struct turn t[4] = {0};
	take(&t[0], "a", KEYS(1));
	turn_cancel(&t[0]); // it had it already, but was not told
	take(&t[1], "b", KEYS(2));
	take(&t[2], "c", KEYS(1, 2));
	take(&t[3], "d", KEYS(1));
	loop_run(loop);
	assert_string_equal(story, "b");
	turn_cancel(&t[2]); // gives 1 back
	loop_run(loop);
	assert_string_equal(story, "bd");
	turn_cancel(&t[3]); // not waiting: nothing
	turn_end(&t[3]);
	turn_end(&t[1]);
}

static struct turn again;
static int n_rounds;

static void take_again(void *arg)
{
	turn_end(&again);
	if (++n_rounds < 100) turn_take(turns, &again, (uint64_t[]){1}, 1, take_again, NULL);
}

static void a_callback_may_end_and_take(void **state)
{
	turn_take(turns, &again, (uint64_t[]){1}, 1, take_again, NULL);
	loop_run(loop);
	assert_int_equal(n_rounds, 100);
}

// Many claimants at random: senders first, then conversations, ends and cancels. Everybody gets his turn, and no key
// has two holders.

#define CLAIMS 64
#define TURNS 20000
#define KINDS 6

static struct claim {
	struct turn turn;
	struct loop_timer timer;
} claims[CLAIMS];
static int holders[2][KINDS], n_turns;
static uint32_t seed = 42;

static uint32_t dice(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void count_holders(const struct claim *c, int by)
{
	for (uint16_t i = 0; i < c->turn.n_keys; i++)
		for (int kind = 0; kind < 2; kind++)
			for (uint64_t k = 0; k < KINDS; k++)
				if (c->turn.keys[i] == turn_key(kind ? 'c' : 's', k)) {
					holders[kind][k] += by;
					assert_in_range(holders[kind][k], 0, 1);
				}
}

static void claim_begin(void *arg);

static void claim_end(void *arg)
{
	struct claim *c = arg;
	count_holders(c, -1);
	turn_end(&c->turn);
	if (++n_turns >= TURNS) return;
	c->timer.cb = claim_begin;
	loop_timer_set(&c->timer, dice(2));
}

static void claim_work(void *arg)
{
	struct claim *c = arg;
	count_holders(c, 1);
	c->timer.cb = claim_end;
	loop_timer_set(&c->timer, dice(3) / 2);
}

static void claim_more(void *arg)
{
	struct claim *c = arg;
	turn_take_more(&c->turn, turn_key('c', dice(KINDS)), claim_work, c);
	if (dice(20)) return;
	turn_cancel(&c->turn);
	c->timer.cb = claim_begin;
	loop_timer_set(&c->timer, 0);
}

static void claim_begin(void *arg)
{
	struct claim *c = arg;
	uint64_t keys[4];
	size_t n = 1 + dice(4);
	char kind = dice(3) ? 's' : 'c';
	for (size_t i = 0; i < n; i++)
		keys[i] = turn_key(kind, dice(KINDS));
	turn_take(turns, &c->turn, keys, n, kind == 's' && dice(2) ? claim_more : claim_work, c);
}

static void nobody_waits_for_ever(void **state)
{
	for (int i = 0; i < CLAIMS; i++) {
		loop_timer_init(&claims[i].timer, loop, "claim", claim_begin, &claims[i]);
		claim_begin(&claims[i]);
	}
	loop_run(loop); // until nothing is left to do
	assert_true(n_turns >= TURNS);
	assert_int_equal(turns_waiting(turns), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_free_key_is_had_later_in_the_turn),
		TEST(a_key_goes_round_in_order),
		TEST(keys_are_taken_lower_first_and_once),
		TEST(no_key_is_a_turn_too),
		TEST(one_more_key_is_waited_for),
		TEST(senders_come_before_conversations),
		TEST(the_next_may_join),
		TEST(a_waiter_may_leave),
		TEST(a_callback_may_end_and_take),
		TEST(nobody_waits_for_ever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
