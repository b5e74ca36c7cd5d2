// SPDX-License-Identifier: Apache-2.0
// The life of a conversation: every move from every state, and random lives.
#include "domain/conversation.h"
#include "base/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define STATES 4
#define MOVES 6
#define ILLEGAL (-1)

#define OPEN CONVERSATION_OPEN
#define WAITING CONVERSATION_WAITING
#define RESOLVED CONVERSATION_RESOLVED
#define CLOSED CONVERSATION_CLOSED

// Written out by hand once more: state, move, where to, event.
static const struct {
	int from, move, to, event;
} moves[] = {
	{OPEN, MOVE_MESSAGE_IN, OPEN, 0},
	{OPEN, MOVE_REPLY, WAITING, EVENT_CONVERSATION_WAITING},
	{OPEN, MOVE_OPEN, OPEN, 0},
	{OPEN, MOVE_WAIT, WAITING, EVENT_CONVERSATION_WAITING},
	{OPEN, MOVE_RESOLVE, RESOLVED, EVENT_CONVERSATION_RESOLVED},
	{OPEN, MOVE_CLOSE, CLOSED, EVENT_CONVERSATION_CLOSED},
	{WAITING, MOVE_MESSAGE_IN, OPEN, 0},
	{WAITING, MOVE_REPLY, WAITING, 0},
	{WAITING, MOVE_OPEN, OPEN, EVENT_CONVERSATION_REOPENED},
	{WAITING, MOVE_WAIT, WAITING, 0},
	{WAITING, MOVE_RESOLVE, RESOLVED, EVENT_CONVERSATION_RESOLVED},
	{WAITING, MOVE_CLOSE, CLOSED, EVENT_CONVERSATION_CLOSED},
	{RESOLVED, MOVE_MESSAGE_IN, OPEN, EVENT_CONVERSATION_REOPENED},
	{RESOLVED, MOVE_REPLY, RESOLVED, 0},
	{RESOLVED, MOVE_OPEN, OPEN, EVENT_CONVERSATION_REOPENED},
	{RESOLVED, MOVE_WAIT, WAITING, EVENT_CONVERSATION_WAITING},
	{RESOLVED, MOVE_RESOLVE, ILLEGAL, 0},
	{RESOLVED, MOVE_CLOSE, CLOSED, EVENT_CONVERSATION_CLOSED},
	{CLOSED, MOVE_MESSAGE_IN, ILLEGAL, 0},
	{CLOSED, MOVE_REPLY, ILLEGAL, 0},
	{CLOSED, MOVE_OPEN, OPEN, EVENT_CONVERSATION_REOPENED},
	{CLOSED, MOVE_WAIT, ILLEGAL, 0},
	{CLOSED, MOVE_RESOLVE, ILLEGAL, 0},
	{CLOSED, MOVE_CLOSE, ILLEGAL, 0},
};

static void every_move_from_every_state(void **state)
{
	assert_int_equal(ARRAY_LEN(moves), STATES * MOVES);
	for (size_t i = 0; i < ARRAY_LEN(moves); i++) {
		struct conversation c = {
			.state = (enum conversation_state)moves[i].from, .version = 5, .resolved_at = 3};
		struct conversation before = c;
		enum event_kind kind = EVENT_MESSAGE_IN;
		int rc = conversation_set_state(&c, (enum conversation_move)moves[i].move, 1000, &kind);
		assert_int_equal(rc, moves[i].to == ILLEGAL ? E_CONFLICT : 0);
		assert_int_equal(kind, moves[i].event);
		assert_int_equal(c.version, 5);
		if (rc)
			assert_memory_equal(&c, &before, sizeof c);
		else
			assert_int_equal(c.state, moves[i].to);
	}
}

static void move(struct conversation *c, enum conversation_move m, int64_t now_ms)
{
	enum event_kind kind;
	assert_int_equal(conversation_set_state(c, m, now_ms, &kind), 0);
}

static void the_time_of_resolving_is_kept(void **state)
{
	struct conversation c = {.state = OPEN};
	move(&c, MOVE_RESOLVE, 100);
	assert_int_equal(c.resolved_at, 100);
	move(&c, MOVE_REPLY, 150);
	assert_int_equal(c.resolved_at, 100);
	move(&c, MOVE_CLOSE, 200);
	assert_int_equal(c.resolved_at, 100);
	move(&c, MOVE_OPEN, 300);
	assert_int_equal(c.resolved_at, 0);
	move(&c, MOVE_CLOSE, 400); // closed without being resolved before
	assert_int_equal(c.resolved_at, 400);
}

static void who_comes_back_is_with_the_assignee_or_nobody(void **state)
{
	struct conversation c = {.state = RESOLVED, .handler = HANDLER_FLOW, .assignee = 7};
	move(&c, MOVE_MESSAGE_IN, 1);
	assert_int_equal(c.handler, HANDLER_AGENT);
	assert_int_equal(c.assignee, 7);

	c = (struct conversation){.state = CLOSED, .handler = HANDLER_BOT};
	move(&c, MOVE_OPEN, 1);
	assert_int_equal(c.handler, HANDLER_NONE);
}

static void a_reply_of_a_person_stops_the_flow(void **state)
{
	struct conversation c = {.state = OPEN, .handler = HANDLER_FLOW};
	move(&c, MOVE_MESSAGE_IN, 1);
	assert_int_equal(c.handler, HANDLER_FLOW);
	move(&c, MOVE_REPLY, 1);
	assert_int_equal(c.handler, HANDLER_NONE);
	c.handler = HANDLER_BOT;
	c.assignee = 7;
	move(&c, MOVE_REPLY, 1);
	assert_int_equal(c.handler, HANDLER_AGENT);
}

static void the_handler_follows_the_assignee(void **state)
{
	struct conversation c = {.handler = HANDLER_FLOW};
	conversation_assign(&c, 7);
	assert_int_equal(c.assignee, 7);
	assert_int_equal(c.handler, HANDLER_AGENT);
	conversation_assign(&c, 0);
	assert_int_equal(c.assignee, 0);
	assert_int_equal(c.handler, HANDLER_NONE);
}

static uint64_t seed = 88172645463325252ULL;
static uint64_t random_below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

static void check_step(const struct conversation *before, const struct conversation *after, int rc,
		       enum event_kind kind)
{
	bool is_over = after->state == RESOLVED || after->state == CLOSED;
	bool was_over = before->state == RESOLVED || before->state == CLOSED;
	assert_int_equal(after->resolved_at > 0, is_over);
	assert_int_equal(after->assignee, before->assignee);
	if (rc) assert_memory_equal(before, after, sizeof *after);
	if (kind) assert_int_not_equal(before->state, after->state);
	if (before->state != after->state && !kind) assert_int_equal(before->state, WAITING);
	if (was_over && !is_over) assert_int_equal(after->handler, after->assignee ? HANDLER_AGENT : HANDLER_NONE);
}

static void what_holds_in_any_life(void **state)
{
	struct conversation c = {.state = OPEN};
	for (int64_t now = 1; now < 100000; now++) {
		if (!random_below(5)) conversation_assign(&c, random_below(2));
		if (!random_below(5)) c.handler = (enum handler)random_below(4);
		struct conversation before = c;
		enum event_kind kind;
		int rc = conversation_set_state(&c, (enum conversation_move)random_below(MOVES), now, &kind);
		check_step(&before, &c, rc, kind);
	}
}

static void states_and_handlers_have_names(void **state)
{
	for (int i = 0; i < STATES; i++) {
		enum conversation_state s = OPEN;
		assert_int_equal(
			conversation_state_parse(str_of(conversation_state_name((enum conversation_state)i)), &s), 0);
		assert_int_equal(s, i);
	}
	enum conversation_state s;
	assert_int_equal(conversation_state_parse(STR("snoozed"), &s), E_INVALID);
	assert_string_equal(handler_name(HANDLER_NONE), "none");
	assert_string_equal(handler_name(HANDLER_AGENT), "agent");
	assert_null(handler_name((enum handler)4));
}

static void the_preview_is_one_safe_line(void **state)
{
	struct conversation c = {0};
	conversation_set_preview(&c, STR("  Hello\n\n \u202E there\x07 "), 3);
	assert_string_equal(c.preview, "Hello there");
	assert_int_equal(c.preview_by, 3);
	conversation_set_preview(&c, STR_NONE, 1);
	assert_string_equal(c.preview, "");

	char text[401] = "";
	for (int i = 0; i < 100; i++)
		strcat(text, "😀");
	conversation_set_preview(&c, str_of(text), 0);
	assert_int_equal(strlen(c.preview), CONVERSATION_PREVIEW);
	memmove(text + 1, text, 399);
	text[0] = '!';
	conversation_set_preview(&c, (struct str){text, 397}, 0);
	assert_int_equal(strlen(c.preview), CONVERSATION_PREVIEW - 3);
	assert_true(utf8_valid(str_of(c.preview)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_move_from_every_state),
		cmocka_unit_test(the_time_of_resolving_is_kept),
		cmocka_unit_test(who_comes_back_is_with_the_assignee_or_nobody),
		cmocka_unit_test(a_reply_of_a_person_stops_the_flow),
		cmocka_unit_test(the_handler_follows_the_assignee),
		cmocka_unit_test(what_holds_in_any_life),
		cmocka_unit_test(states_and_handlers_have_names),
		cmocka_unit_test(the_preview_is_one_safe_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
