// SPDX-License-Identifier: Apache-2.0
// Inside the room: one message on its way out, and one attempt to send it.
#pragma once
#include "known.h"

struct recipient;
struct attempt;

enum send_end {
	SEND_OVER,  // accepted, failed or unknown: committed, and gone from the outbox
	SEND_LATER, // row.next_at says when; also when nothing could be committed
};

// Small: very many may wait.
struct send {
	struct list at; // in its recipient's, oldest first
	struct pipeline *p;
	struct recipient *recipient;
	struct outbox_row row; // resume is owned
	char *resume;
	struct attempt *now; // NULL: it waits
};

struct send *send_new(struct pipeline *p, const struct outbox_row *row, struct recipient *r);
void send_free(struct send *s); // not while it is being sent
// done is called once, never before it returns; `end` says what follows.
void send_start(struct send *s, void (*done)(struct send *s, enum send_end end));

// ---- outbox_end.c: how an attempt ends ------------------------------------------------------------------------------

struct attempt {
	struct arena *arena;
	struct arena *unit; // of the unit that ends it; anew each time that it is made
	struct message m;
	struct conversation c; // id 0: not known
	enum delivery to;
	struct str error, provider_id;
	enum delivery early[8]; // receipts that came before the provider's answer
	size_t n_early;
	struct str early_error;
	struct turn turn; // of the provider's id
	bool is_holding;
	void (*again)(struct send *s); // what is tried again when the store was full
	struct loop_timer timer;
	void (*done)(struct send *s, enum send_end end);
};
void send_finish(struct send *s, enum send_end end);
// Nothing was said to the outside: from the beginning, after a while.
void send_later(struct send *s, int64_t wait_ms);
// Over, one way or the other; receipts that came early count. error: for a person.
void send_end_as(struct send *s, enum delivery to, struct str error);
// It has ended already: only its place in the outbox is given up.
void send_drop(struct send *s);
// To be tried again; `burns` counts the attempt.
void send_back(struct send *s, int64_t wait_ms, bool burns);

// ---- outbox.c -------------------------------------------------------------------------------------------------------

int64_t outbox_back_off(int attempt);
bool outbox_is_last(int attempt);
// The account takes nothing: all of its messages wait.
void outbox_hold_inbox(struct pipeline *p, uint64_t inbox, int64_t ms);
// As that, longer every time until something goes through. Returns how long.
int64_t outbox_inbox_down(struct pipeline *p, uint64_t inbox);
void outbox_inbox_works(struct pipeline *p, uint64_t inbox);

// The document of message.send (schemas/plugin/message.json).
const struct json *send_document(struct pipeline *p, struct arena *a, const struct message *m,
				 const struct known_thread *t, const struct json *parts);
