// SPDX-License-Identifier: Apache-2.0
// Events: what the log says happened. One vocabulary for the log, the live socket, plugins, rules and webhooks.
#pragma once
#include "base/err.h"
#include "base/str.h"
#include <stdint.h>

// One row a kind: enum, number in the log (never changed, never used again), name.
#define EVENT_KINDS(X)                                                                                                 \
	X(MESSAGE_IN, 1, "message.in")                                                                                 \
	X(MESSAGE_OUT, 2, "message.out")                                                                               \
	X(MESSAGE_EDITED, 3, "message.edited")                                                                         \
	X(MESSAGE_DELETED, 4, "message.deleted")                                                                       \
	X(RECEIPT_SENT, 10, "receipt.sent")                                                                            \
	X(RECEIPT_DELIVERED, 11, "receipt.delivered")                                                                  \
	X(RECEIPT_READ, 12, "receipt.read")                                                                            \
	X(RECEIPT_FAILED, 13, "receipt.failed")                                                                        \
	X(RECEIPT_UNKNOWN, 14, "receipt.unknown")                                                                      \
	X(RECEIPT_QUEUED, 15, "receipt.queued")                                                                        \
	X(CONVERSATION_CREATED, 20, "conversation.created")                                                            \
	X(CONVERSATION_NEEDS_PLAN, 21, "conversation.needs_plan")                                                      \
	X(CONVERSATION_ASSIGNED, 22, "conversation.assigned")                                                          \
	X(CONVERSATION_WAITING, 23, "conversation.waiting")                                                            \
	X(CONVERSATION_RESOLVED, 24, "conversation.resolved")                                                          \
	X(CONVERSATION_REOPENED, 25, "conversation.reopened")                                                          \
	X(CONVERSATION_CLOSED, 26, "conversation.closed")                                                              \
	X(CONTACT_CREATED, 30, "contact.created")                                                                      \
	X(CONTACT_UPDATED, 31, "contact.updated")                                                                      \
	X(IDENTITY_NEW, 32, "identity.new")                                                                            \
	X(INBOX_CREATED, 40, "inbox.created")                                                                          \
	X(INBOX_CHANGED, 41, "inbox.changed")                                                                          \
	X(INBOX_STATE, 42, "inbox.state")                                                                              \
	X(USER_CHANGED, 50, "user.changed")                                                                            \
	X(TEAM_CHANGED, 51, "team.changed")                                                                            \
	X(QUEUE_CHANGED, 52, "queue.changed")

enum event_kind {
#define X(name, number, text) EVENT_##name = number,
	EVENT_KINDS(X)
#undef X
};

#define ACTOR_KINDS(X)                                                                                                 \
	X(SYSTEM, 0, "system")                                                                                         \
	X(CONTACT, 1, "contact")                                                                                       \
	X(USER, 2, "user")                                                                                             \
	X(BOT, 3, "bot")                                                                                               \
	X(FLOW, 4, "flow")                                                                                             \
	X(RULE, 5, "rule")                                                                                             \
	X(DEVICE, 6, "device")                                                                                         \
	X(PLUGIN, 7, "plugin")                                                                                         \
	X(IMPORT, 8, "import")

enum actor_kind {
#define X(name, number, text) ACTOR_##name = number,
	ACTOR_KINDS(X)
#undef X
};

struct actor {
	enum actor_kind kind;
	uint64_t id; // of the contact, user …; 0: none
};

// What goes into the log. Ids, enums and numbers only: never text, a name or an address.
struct event {
	int64_t seq; // given by the store at commit
	int64_t at_ms;
	enum event_kind kind;
	struct actor actor;
	uint64_t conversation, contact, message; // 0: none
	// What the kind says beside that: from and to are users for assigned, states for state changes; to is the error
	// class for a failed receipt; inbox and thread say where it happened.
	int64_t from, to;
	uint64_t inbox, thread;
};

const char *event_kind_name(enum event_kind k); // NULL for a number that is no kind
MUST_USE int event_kind_parse(struct str s, enum event_kind *k_r);
const char *actor_kind_name(enum actor_kind k);
