// SPDX-License-Identifier: Apache-2.0
// A conversation: one matter of one contact, and the legal moves of its state.
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "domain/event.h"
#include <stdbool.h>
#include <stdint.h>

#define CONVERSATION_STATES(X)                                                                                         \
	X(OPEN, 0, "open") X(WAITING, 1, "waiting") X(RESOLVED, 2, "resolved") X(CLOSED, 3, "closed")
enum conversation_state {
#define X(name, number, text) CONVERSATION_##name = number,
	CONVERSATION_STATES(X)
#undef X
};
const char *conversation_state_name(enum conversation_state s);
MUST_USE int conversation_state_parse(struct str s, enum conversation_state *s_r);

// Who deals with it now. "Unassigned" is handler none.
#define HANDLERS(X) X(NONE, 0, "none") X(FLOW, 1, "flow") X(BOT, 2, "bot") X(AGENT, 3, "agent")
enum handler {
#define X(name, number, text) HANDLER_##name = number,
	HANDLERS(X)
#undef X
};
const char *handler_name(enum handler h);

#define CONVERSATION_PREVIEW 140 // bytes

struct conversation {
	uint64_t id;
	int64_t number; // short, for people: #1042
	uint64_t contact, brand;
	uint64_t inbox, thread; // where it last spoke
	enum conversation_state state;
	enum handler handler;
	uint64_t queue, assignee; // 0: none
	uint64_t restricted;      // the restricted inbox that it belongs to, or 0
	int64_t version;          // grows with every change
	int64_t n_messages;
	int64_t created_at, last_at, last_in_at, last_out_at; // 0: never
	// Since when it is resolved, or closed without that; 0: it is neither.
	int64_t resolved_at;
	uint64_t previous; // the conversation before it, when it was closed for good
	int64_t rules_seq; // events up to here had their effects
	// The head of the last message, NUL-terminated, and the enum author_kind of who wrote it.
	char preview[CONVERSATION_PREVIEW + 4];
	uint8_t preview_by;
};

// What may happen to the state.
enum conversation_move {
	MOVE_MESSAGE_IN, // the contact wrote
	MOVE_REPLY,      // a person of ours answered the customer
	MOVE_OPEN,       // a person set it open again
	MOVE_WAIT,       // a person set it waiting
	MOVE_RESOLVE,
	MOVE_CLOSE, // for good: the reopen window is over, or a person said so
};
// The only function that changes ->state. 0, or E_CONFLICT when the move is not legal (nothing changed). *kind_r is the
// event to log; 0 when the state stayed, or went from waiting to open because of a message (message.in says that). An
// inbound message on a closed conversation is not legal: it belongs to a new one.
// The handler follows: a reply of a person stops a flow or bot, and who comes back from resolved or closed is with its
// assignee, or with nobody.
MUST_USE int conversation_set_state(struct conversation *c, enum conversation_move m, int64_t now_ms,
				    enum event_kind *kind_r);

// Gives it to a user (0: to nobody). The handler follows: agent, or none.
void conversation_assign(struct conversation *c, uint64_t user);
// The head of text as one line without control characters, cut between code points. by: enum author_kind.
void conversation_set_preview(struct conversation *c, struct str text, uint8_t by);

// ---- which conversation does an inbound message join? ---------------------------------------------------------------

enum join_rule { JOIN_THREAD, JOIN_CONTACT }; // inbox setting

struct join_input {
	int64_t now_ms;
	int64_t reopen_window_ms; // of the inbox; 0: never
	enum join_rule rule;
	bool proved;                // the identity's proof
	bool wakes;                 // false: thanks, reactions, auto-replies do not reopen
	uint64_t brand, restricted; // of the inbox; restricted: its id when it is restricted, else 0

	const struct conversation *answered;   // of the message it answers, or NULL
	const struct conversation *of_thread;  // the newest of its thread, or NULL
	const struct conversation *of_contact; // the contact's unclosed one in which we spoke last, or NULL
};
// JOIN_THIS: as it is (a resolved one stays resolved: the message does not wake it); JOIN_REOPEN: and it is reopened.
enum join_outcome { JOIN_THIS, JOIN_REOPEN, JOIN_NEW };
struct join {
	enum join_outcome outcome;
	// JOIN_NEW: the one that the new one follows, its ->previous, or NULL.
	const struct conversation *conversation;
	// JOIN_NEW: it is resolved and its window is over, so it is to be closed now.
	bool close_previous;
};
// The first that fits of answered, of_thread, of_contact (only with proof, JOIN_CONTACT and the same brand). None of
// them fits across a restriction, when it is closed, or when it was resolved longer than the window ago; the first that
// is over in this way is what a new one follows.
struct join conversation_join(const struct join_input *in);
// Of in only the inbox's window and restriction count: c is neither closed, nor resolved for too long, nor across a
// restriction.
bool conversation_may_be_joined(const struct join_input *in, const struct conversation *c);
