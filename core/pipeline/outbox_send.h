// SPDX-License-Identifier: Apache-2.0
// Inside the room: one attempt to send one message.
#pragma once
#include "inside.h"

struct recipient;

enum send_end {
	SEND_OVER,  // accepted, failed or unknown: committed, and gone from the outbox
	SEND_LATER, // row.next_at says when; also when nothing could be committed
};

struct send {
	struct list at; // in its recipient's, oldest first
	struct pipeline *p;
	struct recipient *recipient;
	struct outbox_row row; // resume is owned
	char *resume;
	struct arena *arena; // of this attempt
	struct message m;
	struct turn turn;
	// what to commit at the end
	enum delivery delivery;
	struct str error, provider_id;
	struct loop_timer again; // the store had no room for the end: it is kept and tried again
	enum send_end end;
	void (*done)(struct send *s);
};

struct send *send_new(struct pipeline *p, const struct outbox_row *row, struct recipient *r);
void send_free(struct send *s);
void send_clean(struct send *s); // forgets the attempt
// done is called once, never before it returns; s->end says what follows.
void send_start(struct send *s, void (*done)(struct send *s));

// The document of message.send (schemas/plugin/message.json).
const struct json *send_document(struct pipeline *p, struct arena *a, const struct message *m, const struct known_thread *t,
				 const struct json *parts);

int64_t outbox_back_off(int attempt);
bool outbox_is_last(int attempt);
