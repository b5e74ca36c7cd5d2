// SPDX-License-Identifier: Apache-2.0
// Inside the room: what a plugin's event says, read once from its document.
#pragma once
#include "domain/contact.h"
#include "domain/message.h"
#include "inside.h"

enum inbound_type { INBOUND_MESSAGE, INBOUND_RECEIPT, INBOUND_PARKED };

struct inbound {
	enum inbound_type type;
	const struct channel_event *event;
	bool may_park;          // when it cannot be kept as what it is, it is parked and the others go on
	struct str why;         // parked: what is wrong with it
	struct str key;         // the provider's key against duplicates; STR_NONE: none
	struct str external_id; // the provider's id of the message, or of the one that the receipt is about
	// a message
	struct str thread;                               // external
	struct str kind, scope, address, name, language; // of its sender
	enum proof proof;
	enum author_kind author;
	enum origin origin;
	const struct json *parts;
	struct str reply_to; // the provider's id of what it answers
	int64_t sent_at;
	// a receipt
	uint64_t message; // ours, when the plugin knows it
	enum delivery delivery;
	struct str error;
	bool is_seen; // found out later: the store has it already
};

#define INBOUND_ADDRESS 512
#define INBOUND_KEY 512
#define INBOUND_ERROR 2000

// Everything lives in the arena or in the document. *e names the member that is wrong.
MUST_USE int inbound_read(struct arena *a, uint64_t inbox, const struct channel_event *ev, struct inbound *in_r,
			  struct err *e);
// It is to be parked: kept as it came, with the reason, for a person to look at.
void inbound_park(struct inbound *in, struct arena *a, struct str why);
