// SPDX-License-Identifier: Apache-2.0
// What a person does: reply, note, assign, set a state, name a contact. Each is one unit, decided while holding the
// conversation.
#pragma once
#include "pipeline/pipeline.h"

struct act {
	uint64_t user; // who
	uint64_t conversation;
	int64_t version; // 0: whatever it is; else E_CONFLICT when it moved on
};
// status: 0 · E_MISSING (none, or not to be seen by this user) · E_CONFLICT · E_INVALID · E_BUSY · E_STORE · E_DENIED.
// c and m as they stand now (m only where there is one); valid in the callback.
typedef void (*act_cb)(int status, const struct conversation *c, const struct message *m, int64_t seq,
		       const struct err *why, void *arg);

struct act_reply {
	struct act act;           // its version is not looked at: what is said stays right
	struct str key;           // message_key_is_valid; the same key of the same user gives the message that stands
	enum audience audience;   // CUSTOMER, or INTERNAL for a note
	const struct json *parts; // checked inside; files must be the user's own uploads
	uint64_t reply_to;        // of the same conversation, or 0
};
void act_reply(struct pipeline *p, const struct act_reply *r, act_cb cb, void *arg);
// to 0: nobody.
void act_assign(struct pipeline *p, const struct act *a, uint64_t to, act_cb cb, void *arg);
void act_move(struct pipeline *p, const struct act *a, enum conversation_move move, act_cb cb, void *arg);
// A message that is failed or unknown goes out again. a->conversation may be 0: the message's own.
void act_resend(struct pipeline *p, const struct act *a, uint64_t message, act_cb cb, void *arg);

typedef void (*act_contact_cb)(int status, const struct contact *c, const struct err *why, void *arg);
void act_rename(struct pipeline *p, uint64_t user, uint64_t contact, struct str name, act_contact_cb cb, void *arg);

// An event without a conversation (inbox.created, user.changed …), with the rows that made it true.
typedef void (*act_done_cb)(int status, const struct unit_result *r, void *arg);
void act_commit(struct pipeline *p, struct unit *u, const struct event *e, act_done_cb cb, void *arg);

// Presence: an agent's socket opened or the last one closed. The built-in plan gives to those who are there.
void act_presence(struct pipeline *p, uint64_t user, bool is_online);
// An agent types; the customer's live sockets are told.
void act_typing(struct pipeline *p, uint64_t user, uint64_t conversation);
