// SPDX-License-Identifier: Apache-2.0
// Messages, their parts and the way of a delivery.
#pragma once
#include "base/json.h"
#include <stdbool.h>
#include <stdint.h>

#define AUTHOR_KINDS(X)                                                                                                \
	X(CONTACT, 0, "contact")                                                                                       \
	X(AGENT, 1, "agent")                                                                                           \
	X(BOT, 2, "bot")                                                                                               \
	X(DEVICE, 3, "device")                                                                                         \
	X(AUTOMATIC, 4, "automatic")
enum author_kind {
#define X(name, number, text) AUTHOR_##name = number,
	AUTHOR_KINDS(X)
#undef X
};
const char *author_kind_name(enum author_kind k);
MUST_USE int author_kind_parse(struct str s, enum author_kind *k_r);

#define ORIGINS(X) X(LIVE, 0, "live") X(BACKFILL, 1, "backfill") X(IMPORT, 2, "import")
enum origin {
#define X(name, number, text) ORIGIN_##name = number,
	ORIGINS(X)
#undef X
};
MUST_USE int origin_parse(struct str s, enum origin *o_r);

#define AUDIENCES(X) X(CUSTOMER, 0, "customer") X(INTERNAL, 1, "internal") X(PUBLIC, 2, "public")
enum audience {
#define X(name, number, text) AUDIENCE_##name = number,
	AUDIENCES(X)
#undef X
};
const char *audience_name(enum audience a);
MUST_USE int audience_parse(struct str s, enum audience *a_r);
bool audience_is_for_customer(enum audience a);

// Where an outgoing message stands. Receipts only move forward and may skip steps; failed and unknown may be queued
// again by a person, and a later receipt ends unknown. none is a message that is not delivered by us: only queueing it
// begins its way.
#define DELIVERIES(X)                                                                                                  \
	X(NONE, 0, "")                                                                                                 \
	X(QUEUED, 1, "queued")                                                                                         \
	X(SENDING, 2, "sending")                                                                                       \
	X(ACCEPTED, 3, "accepted")                                                                                     \
	X(DELIVERED, 4, "delivered")                                                                                   \
	X(READ, 5, "read")                                                                                             \
	X(FAILED, 6, "failed")                                                                                         \
	X(UNKNOWN, 7, "unknown")
enum delivery {
#define X(name, number, text) DELIVERY_##name = number,
	DELIVERIES(X)
#undef X
};
const char *delivery_name(enum delivery d);
// The only function that moves a delivery; by a const table. False when `to` is no step forward from *d (nothing
// changed).
bool delivery_move(enum delivery *d, enum delivery to);

#define MESSAGE_PARTS 64
#define MESSAGE_TEXT (64 * 1024)
#define MESSAGE_KEY 64

struct message {
	uint64_t id;
	uint64_t conversation, contact, thread, inbox; // thread and inbox 0: a note
	enum author_kind author;
	uint64_t author_id; // contact or user
	bool is_out;
	enum origin origin;
	enum audience audience;
	struct str provider_id; // the provider's id of it; STR_NONE
	struct str key;         // the sender's own key; STR_NONE
	uint64_t reply_to;
	int64_t sent_at, received_at;
	struct str parts; // JSON list, as the API gives it
	enum delivery delivery;
	struct str error; // for a person
};

// Checks parts from outside (a client or a plugin's document) and writes them as the JSON list that is kept, which is
// what the API gives:
//   {"type":"text","text"}  {"type":"media","file":"<id>","name","mime","bytes","caption"?}
//   {"type":"unknown","fallback"}
// A part of any other type becomes unknown with its fallback. Texts, captions and fallbacks: valid UTF-8 without NUL,
// at most MESSAGE_TEXT bytes in all; a text or fallback is not empty. Media parts name a file by "file" (a plugin:
// "media"): each id found is given to `file`, which fills name, mime and bytes (good until its next call), or refuses
// with a code. 0, E_INVALID, E_TOO_LARGE, or the code of `file`; *e names the part, the first is part 1. Giving back
// what was written gives the same again.
struct part_file {
	uint64_t id;
	struct str name, mime;
	int64_t bytes;
};
// Texts only, and nothing in them that anybody could see.
bool message_is_blank(const struct json *parts);
typedef int (*part_file_fn)(void *arg, uint64_t id, struct part_file *f_r);
MUST_USE int message_parts(struct arena *a, const struct json *parts, part_file_fn file, void *arg, struct str *json_r,
			   struct err *e);
// The ids that the media parts name, in their order, at most `max`; returns how many there are (more than max: some
// were left out). Reads parts from outside that nobody has checked yet.
size_t message_part_files(const struct json *parts, uint64_t *ids_r, size_t max);
// The head of the first text or caption, one line of at most CONVERSATION_PREVIEW bytes, for lists; or else a word for
// what it is ("[photo.jpg]", "[file]", a fallback); "" when there is nothing to see. Reads any JSON.
struct str message_preview(struct arena *a, const struct json *parts);
// "8 to 64 of [A-Za-z0-9_-]".
bool message_key_is_valid(struct str key);
