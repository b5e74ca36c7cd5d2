// SPDX-License-Identifier: Apache-2.0
// Which conversation an inbound message joins: the first that fits, or a new one.
#include "domain/conversation.h"
#include "base/mem.h"

static bool is_in_window(const struct join_input *in, const struct conversation *c)
{
	return in->reopen_window_ms > 0 && in->now_ms - c->resolved_at <= in->reopen_window_ms;
}

// May messages of this inbox stand in c at all? A restricted inbox keeps to itself, in both directions.
static bool is_reachable(const struct join_input *in, const struct conversation *c)
{
	return c && c->restricted == in->restricted;
}

static bool is_past(const struct join_input *in, const struct conversation *c)
{
	return c->state == CONVERSATION_CLOSED || (c->state == CONVERSATION_RESOLVED && !is_in_window(in, c));
}

bool conversation_may_be_joined(const struct join_input *in, const struct conversation *c)
{
	return is_reachable(in, c) && !is_past(in, c);
}

static bool joins_by_contact(const struct join_input *in)
{
	return in->rule == JOIN_CONTACT && in->proved && in->of_contact && in->of_contact->brand == in->brand;
}

struct join conversation_join(const struct join_input *in)
{
	const struct conversation *candidates[] = {
		in->answered,
		in->of_thread,
		joins_by_contact(in) ? in->of_contact : NULL,
	};
	const struct conversation *previous = NULL;
	for (size_t i = 0; i < ARRAY_LEN(candidates); i++) {
		const struct conversation *c = candidates[i];
		if (!is_reachable(in, c)) continue;
		if (is_past(in, c)) {
			if (!previous) previous = c;
			continue;
		}
		bool reopens = c->state == CONVERSATION_RESOLVED && in->wakes;
		return (struct join){.outcome = reopens ? JOIN_REOPEN : JOIN_THIS, .conversation = c};
	}
	return (struct join){
		.outcome = JOIN_NEW,
		.conversation = previous,
		.close_previous = previous && previous->state == CONVERSATION_RESOLVED,
	};
}
