// SPDX-License-Identifier: Apache-2.0
// Inside the room: holding one conversation while a person's act on it is decided.
#pragma once
#include "known.h"

struct hold {
	struct pipeline *p;
	struct act act;
	act_cb cb;
	void *arg;
	struct arena *arena;
	struct turn turn;
	bool is_taken;
	int tries;
	bool takes_work; // the user
	struct conversation c;
	struct str name;
	struct access access;
	// The act's own: called with the conversation held and visible to the user. Builds and commits a change, or
	// ends the hold.
	void (*decide)(struct hold *h);
	void *own;               // in the arena
	struct message *message; // what the answer shows
};

struct hold *hold_new(struct pipeline *p, const struct act *a, act_cb cb, void *arg);
void hold_take(struct hold *h, void (*decide)(struct hold *h));
// Answers and frees. seq 0: the head of the feed.
void hold_end(struct hold *h, int status, int64_t seq, const struct err *why);
void hold_fail(struct hold *h, int status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
// Lets go and decides anew: after a lost race, or when what was changed of the conversation must be forgotten.
void hold_again(struct hold *h);
struct event hold_event(const struct hold *h, enum event_kind kind, int64_t now);
