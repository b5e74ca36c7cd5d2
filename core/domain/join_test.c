// SPDX-License-Identifier: Apache-2.0
// What a message joins: scenes by hand, and the rules over all combinations.
#include "domain/conversation.h"
#include "domain/inbox.h"
#include "base/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NOW 1800000000000LL
#define WINDOW INBOX_REOPEN_WINDOW_MS

enum { BRAND = 1, OTHER_BRAND = 2, RESTRICTED = 40 };

#define OF(state_, ...) (&(struct conversation){.state = CONVERSATION_##state_, .brand = BRAND, ##__VA_ARGS__})
#define RESOLVED_AGO(ms, ...) OF(RESOLVED, .resolved_at = NOW - (ms), ##__VA_ARGS__)

// The usual message of a known person to a messenger inbox that joins by contact.
static struct join_input usual(void)
{
	return (struct join_input){
		.now_ms = NOW,
		.reopen_window_ms = WINDOW,
		.rule = JOIN_CONTACT,
		.proved = true,
		.wakes = true,
		.brand = BRAND,
	};
}

static void expect(const struct join_input *in, enum join_outcome outcome, const struct conversation *c, bool closes)
{
	struct join j = conversation_join(in);
	assert_int_equal(j.outcome, outcome);
	assert_ptr_equal(j.conversation, c);
	assert_int_equal(j.close_previous, closes);
}

static void the_first_message_begins_a_conversation(void **state)
{
	struct join_input in = usual();
	expect(&in, JOIN_NEW, NULL, false);
}

static void what_it_answers_comes_first_then_thread_then_contact(void **state)
{
	struct join_input in = usual();
	in.answered = OF(WAITING);
	in.of_thread = OF(OPEN);
	in.of_contact = OF(OPEN);
	expect(&in, JOIN_THIS, in.answered, false);
	in.answered = NULL;
	expect(&in, JOIN_THIS, in.of_thread, false);
	in.of_thread = NULL;
	expect(&in, JOIN_THIS, in.of_contact, false);
}

static void a_resolved_one_is_reopened_within_its_window(void **state)
{
	struct join_input in = usual();
	in.of_thread = RESOLVED_AGO(0);
	expect(&in, JOIN_REOPEN, in.of_thread, false);
	in.of_thread = RESOLVED_AGO(WINDOW);
	expect(&in, JOIN_REOPEN, in.of_thread, false);
	in.of_thread = RESOLVED_AGO(WINDOW + 1);
	expect(&in, JOIN_NEW, in.of_thread, true);
	in.of_thread = RESOLVED_AGO(-5); // a clock that went back
	expect(&in, JOIN_REOPEN, in.of_thread, false);
}

static void a_window_of_zero_never_reopens(void **state)
{
	struct join_input in = usual();
	in.reopen_window_ms = 0;
	in.of_thread = RESOLVED_AGO(0);
	expect(&in, JOIN_NEW, in.of_thread, true);
	in.of_thread = OF(OPEN);
	expect(&in, JOIN_THIS, in.of_thread, false);
}

static void thanks_do_not_wake_it(void **state)
{
	struct join_input in = usual();
	in.wakes = false;
	in.of_thread = RESOLVED_AGO(10);
	expect(&in, JOIN_THIS, in.of_thread, false);
	in.of_thread = RESOLVED_AGO(WINDOW + 1);
	expect(&in, JOIN_NEW, in.of_thread, true);
}

static void a_closed_one_is_followed_not_joined(void **state)
{
	struct join_input in = usual();
	in.of_thread = OF(CLOSED, .resolved_at = NOW - 1);
	expect(&in, JOIN_NEW, in.of_thread, false);
	in.of_contact = OF(OPEN);
	expect(&in, JOIN_THIS, in.of_contact, false);
}

// An old message is answered while a newer conversation of the thread is open.
static void an_answer_to_what_is_over_joins_what_is_open(void **state)
{
	struct join_input in = usual();
	in.answered = RESOLVED_AGO(WINDOW + 1);
	in.of_thread = OF(OPEN);
	expect(&in, JOIN_THIS, in.of_thread, false);
}

static void a_claim_never_joins_by_contact(void **state)
{
	struct join_input in = usual();
	in.proved = false;
	in.of_contact = OF(OPEN);
	expect(&in, JOIN_NEW, NULL, false);
	in.of_contact = RESOLVED_AGO(WINDOW + 1);
	expect(&in, JOIN_NEW, NULL, false);
}

static void other_brands_and_inboxes_by_thread_do_not_join_by_contact(void **state)
{
	struct join_input in = usual();
	in.of_contact = OF(OPEN);
	in.brand = OTHER_BRAND;
	expect(&in, JOIN_NEW, NULL, false);
	in = usual();
	in.of_contact = OF(OPEN);
	in.rule = JOIN_THREAD;
	expect(&in, JOIN_NEW, NULL, false);
}

static void nothing_crosses_a_restriction(void **state)
{
	struct join_input in = usual();
	in.answered = OF(OPEN, .restricted = RESTRICTED);
	in.of_thread = OF(OPEN, .restricted = RESTRICTED);
	in.of_contact = OF(CLOSED, .restricted = RESTRICTED);
	expect(&in, JOIN_NEW, NULL, false);
	in.restricted = RESTRICTED;
	in.answered = OF(OPEN);
	expect(&in, JOIN_THIS, in.of_thread, false);
	in.restricted = RESTRICTED + 1;
	expect(&in, JOIN_NEW, NULL, false);
}

// ---- all combinations
// -------------------------------------------------------------------------------------------------

// What a candidate can be: missing, or one of five stages, of our access set or another, of our brand or another.
#define STAGES 5
#define KINDS (1 + STAGES * 4)

static const struct conversation *candidate(struct conversation *c, int kind)
{
	if (!kind) return NULL;
	static const enum conversation_state stages[STAGES] = {CONVERSATION_OPEN, CONVERSATION_WAITING,
							       CONVERSATION_RESOLVED, CONVERSATION_RESOLVED,
							       CONVERSATION_CLOSED};
	int stage = (kind - 1) % STAGES, flags = (kind - 1) / STAGES;
	*c = (struct conversation){
		.state = stages[stage],
		.resolved_at = stage < 2    ? 0
			       : stage == 2 ? NOW - 10
					    : NOW - WINDOW - 10,
		.restricted = flags & 1 ? RESTRICTED : 0,
		.brand = flags & 2 ? OTHER_BRAND : BRAND,
	};
	return c;
}

static bool was_resolved_lately(const struct join_input *in, const struct conversation *c)
{
	return in->reopen_window_ms && c->state == CONVERSATION_RESOLVED && NOW - c->resolved_at < WINDOW;
}

static bool is_alive(const struct join_input *in, const struct conversation *c)
{
	return c->state == CONVERSATION_OPEN || c->state == CONVERSATION_WAITING || was_resolved_lately(in, c);
}

// May the candidate of this rank be thought of at all?
static bool is_allowed(const struct join_input *in, const struct conversation *c, int rank)
{
	if (!c || c->restricted != in->restricted) return false;
	return rank < 2 || (in->rule == JOIN_CONTACT && in->proved && c->brand == in->brand);
}

static void check_new(const struct join_input *in, const struct conversation *const *ranked, const struct join *j)
{
	const struct conversation *first = NULL;
	for (int i = 0; i < 3; i++) {
		if (!is_allowed(in, ranked[i], i)) continue;
		assert_false(is_alive(in, ranked[i]));
		if (!first) first = ranked[i];
	}
	assert_ptr_equal(j->conversation, first);
	assert_int_equal(j->close_previous, first && first->state == CONVERSATION_RESOLVED);
}

static void check_joined(const struct join_input *in, const struct conversation *const *ranked, const struct join *j)
{
	int rank = 0;
	while (ranked[rank] != j->conversation)
		rank++;
	assert_true(is_allowed(in, j->conversation, rank));
	assert_true(is_alive(in, j->conversation));
	for (int i = 0; i < rank; i++)
		assert_false(is_allowed(in, ranked[i], i) && is_alive(in, ranked[i]));
	bool is_resolved = j->conversation->state == CONVERSATION_RESOLVED;
	assert_int_equal(j->outcome, is_resolved && in->wakes ? JOIN_REOPEN : JOIN_THIS);
	assert_false(j->close_previous);
}

static void check_all_settings(const struct conversation *const *ranked)
{
	for (int bits = 0; bits < 32; bits++) {
		struct join_input in = usual();
		in.rule = bits & 1 ? JOIN_CONTACT : JOIN_THREAD;
		in.proved = bits & 2;
		in.wakes = bits & 4;
		in.reopen_window_ms = bits & 8 ? WINDOW : 0;
		in.restricted = bits & 16 ? RESTRICTED : 0;
		in.answered = ranked[0];
		in.of_thread = ranked[1];
		in.of_contact = ranked[2];
		struct join j = conversation_join(&in);
		(j.outcome == JOIN_NEW ? check_new : check_joined)(&in, ranked, &j);
	}
}

static void the_rules_hold_over_all_combinations(void **state)
{
	for (int i = 0; i < KINDS * KINDS * KINDS; i++) {
		struct conversation c[3];
		const struct conversation *ranked[3] = {
			candidate(&c[0], i % KINDS),
			candidate(&c[1], i / KINDS % KINDS),
			candidate(&c[2], i / KINDS / KINDS),
		};
		check_all_settings(ranked);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_message_begins_a_conversation),
		cmocka_unit_test(what_it_answers_comes_first_then_thread_then_contact),
		cmocka_unit_test(a_resolved_one_is_reopened_within_its_window),
		cmocka_unit_test(a_window_of_zero_never_reopens),
		cmocka_unit_test(thanks_do_not_wake_it),
		cmocka_unit_test(a_closed_one_is_followed_not_joined),
		cmocka_unit_test(an_answer_to_what_is_over_joins_what_is_open),
		cmocka_unit_test(a_claim_never_joins_by_contact),
		cmocka_unit_test(other_brands_and_inboxes_by_thread_do_not_join_by_contact),
		cmocka_unit_test(nothing_crosses_a_restriction),
		cmocka_unit_test(the_rules_hold_over_all_combinations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
