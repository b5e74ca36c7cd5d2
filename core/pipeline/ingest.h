// SPDX-License-Identifier: Apache-2.0
// Inside the room: one piece of ingest work, from the plugin's commit to the acknowledgement.
#pragma once
#include "inbound.h"

#define INGEST_SENDERS 60  // distinct threads and receipts in one cause, so that its keys fit a turn
#define INGEST_JOINED 64   // commits of one sender that are done together

// A thread that somebody writes in. Its conversation is decided once for the whole unit.
struct place {
	struct str external;
	uint64_t thread, contact; // 0: not in the store
	uint64_t conversation;    // the newest of the thread
	struct conversation *newest, *of_contact; // candidates, as read
	struct str newest_name, of_contact_name;
	struct party *first; // who wrote first in this unit
	struct conversation *now; // where its messages of this unit go
	struct str now_name;
};

struct party {
	struct place *place;
	struct str kind, scope, address, key; // key: of known.c
	struct known_sender known;
};

// One event on its way.
struct item {
	struct inbound *in;
	struct work *owner;
	struct party *party;
	struct message target; // a receipt's, or the one that it answers; id 0: none found
	struct conversation *answered; // the one of the target
	struct str answered_name;
	bool is_duplicate, has_moved; // has_moved: the target's delivery is to be written
	struct message *message; // the one made of it
	size_t told;             // index of its event in the change
	int seen_row;            // -1: none
};

struct work {
	struct list at; // in the leader's joined
	struct pipeline *p;
	struct channel_commit *commit;
	struct arena *arena;
	struct inbound *in;
	size_t n_in;
	struct turn turn;
	uint64_t keys[INGEST_SENDERS];
	size_t n_keys;
	bool is_alone; // never joined: its unit was refused once
	// only of the leader:
	struct list joined;
	struct item *items;
	size_t n_items;
	struct place *places;
	struct party *parties;
	size_t n_places, n_parties;
	struct file_row *files; // that the messages name
	size_t n_files;
	struct {
		uint64_t conversation;
		size_t told;
	} *planned; // what needs a plan, and the event that says so
	size_t n_planned;
	uint64_t turns[4 * INGEST_SENDERS]; // conversations to hold
	size_t n_turns, next_turn;
	size_t n_pending;
	void (*on_loaded)(struct work *w);
	int status, tries;
	struct change *change;
};

// ingest_load.c: reads what the decision needs; done comes on the loop when everything is there (w->status says how it went).
void ingest_load(struct work *w, void (*done)(struct work *w));
// After the conversations are held: their newest state.
void ingest_refresh(struct work *w);

// ingest_decide.c: fills w->change. 0 (with nothing to commit: w->change is NULL), E_BUSY, E_INVALID with *e.
MUST_USE int ingest_decide(struct work *w, struct err *e);
