// SPDX-License-Identifier: Apache-2.0
// The life of a conversation: the const table of its legal moves, and who handles it.
#include "domain/conversation.h"
#include "names.h"
#include "text.h"
#include "base/mem.h"
#include <assert.h>

#define X(name, number, text) [number] = text,
static const char *const states[] = {CONVERSATION_STATES(X)};
static const char *const handlers[] = {HANDLERS(X)};
#undef X

const char *conversation_state_name(enum conversation_state s) { return names_get(states, ARRAY_LEN(states), s); }
const char *handler_name(enum handler h) { return names_get(handlers, ARRAY_LEN(handlers), h); }

int conversation_state_parse(struct str s, enum conversation_state *s_r)
{
	size_t number;
	int rc = names_find(states, ARRAY_LEN(states), s, &number);
	if (!rc) *s_r = (enum conversation_state)number;
	return rc;
}

// Where a move leads, and the event that says so. A move that is not in the table is not legal.
struct step {
	bool is_legal;
	enum conversation_state to;
	uint8_t event; // enum event_kind, or 0
};

// clang-format off
#define QUIET(name) {true, CONVERSATION_##name, 0}
#define TELL(name, kind) {true, CONVERSATION_##name, EVENT_CONVERSATION_##kind}
static const struct step steps[][MOVE_CLOSE + 1] = {
	[CONVERSATION_OPEN] = {
		[MOVE_MESSAGE_IN] = QUIET(OPEN),
		[MOVE_REPLY]      = TELL(WAITING, WAITING),
		[MOVE_OPEN]       = QUIET(OPEN),
		[MOVE_WAIT]       = TELL(WAITING, WAITING),
		[MOVE_RESOLVE]    = TELL(RESOLVED, RESOLVED),
		[MOVE_CLOSE]      = TELL(CLOSED, CLOSED),
	},
	[CONVERSATION_WAITING] = {
		[MOVE_MESSAGE_IN] = QUIET(OPEN), // the message's own event says it
		[MOVE_REPLY]      = QUIET(WAITING),
		[MOVE_OPEN]       = TELL(OPEN, REOPENED),
		[MOVE_WAIT]       = QUIET(WAITING),
		[MOVE_RESOLVE]    = TELL(RESOLVED, RESOLVED),
		[MOVE_CLOSE]      = TELL(CLOSED, CLOSED),
	},
	[CONVERSATION_RESOLVED] = {
		[MOVE_MESSAGE_IN] = TELL(OPEN, REOPENED),
		[MOVE_REPLY]      = QUIET(RESOLVED), // a last word does not open it again
		[MOVE_OPEN]       = TELL(OPEN, REOPENED),
		[MOVE_WAIT]       = TELL(WAITING, WAITING),
		[MOVE_CLOSE]      = TELL(CLOSED, CLOSED),
	},
	[CONVERSATION_CLOSED] = {
		[MOVE_OPEN]       = TELL(OPEN, REOPENED),
	},
};
// clang-format on

static bool is_over(enum conversation_state s) { return s == CONVERSATION_RESOLVED || s == CONVERSATION_CLOSED; }

static enum handler handler_of_assignee(const struct conversation *c)
{
	return c->assignee ? HANDLER_AGENT : HANDLER_NONE;
}

int conversation_set_state(struct conversation *c, enum conversation_move m, int64_t now_ms, enum event_kind *kind_r)
{
	assert((size_t)c->state < ARRAY_LEN(steps) && (size_t)m < ARRAY_LEN(steps[0]));
	const struct step *step = &steps[c->state][m];
	*kind_r = (enum event_kind)step->event;
	if (!step->is_legal) return E_CONFLICT;

	bool was_over = is_over(c->state);
	c->state = step->to;
	if (!is_over(c->state))
		c->resolved_at = 0;
	else if (!was_over)
		c->resolved_at = now_ms;
	bool comes_back = was_over && !is_over(c->state);
	bool is_stopped = m == MOVE_REPLY && (c->handler == HANDLER_FLOW || c->handler == HANDLER_BOT);
	if (comes_back || is_stopped) c->handler = handler_of_assignee(c);
	return 0;
}

void conversation_assign(struct conversation *c, uint64_t user)
{
	c->assignee = user;
	c->handler = handler_of_assignee(c);
}

void conversation_set_preview(struct conversation *c, struct str text, uint8_t by)
{
	size_t n = text_line(c->preview, CONVERSATION_PREVIEW, text);
	c->preview[n] = 0;
	c->preview_by = by;
}
