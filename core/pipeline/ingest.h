// SPDX-License-Identifier: Apache-2.0
// Inside the room: what plugins' causes become, from the commit to its answer.
#pragma once
#include "inbound.h"
#include "keys.h"
#include "known.h"

#define INGEST_EVENTS 5000  // in one cause: its rows must fit a unit
#define INGEST_JOINED 64    // causes of one sender that are done together
#define INGEST_TOGETHER 500 // their events
#define INGEST_WAITING 2000 // causes under way: more are refused until some have ended

struct change;

// One commit of a plugin's cause.
struct work {
	struct list at; // in its leader's joined or rest
	struct pipeline *p;
	struct channel_commit *commit; // NULL: answered
	uint64_t inbox;
	struct arena *arena;
	struct inbound *in;
	size_t n_in;
	struct keys keys; // senders, receipts, values
	// Of a leader: those who waited for its key are done while it holds it.
	struct list joined; // in the unit that is being made
	struct list rest;   // after it, each alone
	int tries;
};

// A conversation that may be joined: one copy for the whole unit.
struct talk {
	struct conversation c;
	struct str name; // of its contact
	bool is_loaded;
};

// A thread that somebody writes in. Its conversation is decided once for the whole unit.
struct place {
	struct str external, key;
	struct known_place known; // as the store has it
	bool is_asked;
	struct person *first;             // who wrote first in this unit
	struct talk *newest, *of_contact; // candidates
	struct talk *now;                 // where its messages of this unit go
	bool is_of_the_past;              // what was chosen for a message that is only told of
};

struct person {
	struct str kind, scope, address, key;
	struct known_person known;
	bool is_asked, is_renamed;
};

// One event on its way.
struct item {
	struct inbound *in;
	struct place *place; // of a message
	struct person *person;
	struct message target;   // a receipt's, or the one that it answers; id 0: none found
	enum delivery was;       // the target's delivery, as read
	struct talk *about;      // the target's conversation
	bool has_moved;          // the target's delivery is to be written
	struct message *message; // the one made of it
	size_t told;             // index of its event in the change
	int seen_row;            // -1: none
};

// One try at a unit: what it is about and what is known of it, in an arena of its own.
struct round {
	struct work *lead;
	struct pipeline *p;
	uint64_t inbox;
	struct arena *arena;
	struct smap *by_name; // only of a large one
	struct named *named;
	size_t n_named;
	struct item *items;
	struct place *places;
	struct person *persons;
	struct talk **talks;
	size_t n_items, n_places, n_persons, n_talks;
	struct file_row *files; // that the messages name
	size_t n_files;
	struct {
		uint64_t conversation, was;
		size_t told;
	} * planned; // what needs a plan, and the event that says so
	size_t n_planned;
	struct keys held; // conversations
	int64_t *numbers; // for conversations that may begin
	size_t n_numbers, n_used;
	int n_waits;
	struct loop_timer timer;
	size_t n_pending;
	int status;
	void (*done)(struct round *r);
	struct change *change;
};

// ingest_round.c: of the leader, unless it has its answer, and of those that joined it.
struct round *round_new(struct work *lead);
void round_free(struct round **r);
// The talk of that name; a new one is not loaded yet.
struct talk *round_talk(struct round *r, uint64_t conversation);
// The first item about the same message as a receipt: the one whose target moves.
struct item *round_first_about(struct round *r, struct item *it);

// The part of a join's input that is the inbox's.
struct join_input round_rules(const struct inbox_record *in, int64_t now_ms);

// ingest_number.c: then r->done comes, with E_BUSY when there are none.
void round_take_numbers(struct round *r);
int64_t round_number(struct round *r);
void round_keep_numbers(struct round *r, size_t n_used); // those that are not among the first n_used

// ingest_load.c: reads what the decision needs and holds the conversations; then done comes, on the loop, with
// r->status.
void ingest_load(struct round *r, void (*done)(struct round *r));

// ingest_decide.c: fills r->change. 0 (with nothing to commit: r->change is NULL), E_BUSY, E_INVALID … with *e; *bad_r
// is what is to be parked for that error, or NULL.
MUST_USE int ingest_decide(struct round *r, struct inbound **bad_r, struct err *e);

// What a decision works with.
struct scene {
	struct round *r;
	struct pipeline *p;
	struct unit *unit;
	const struct inbox_record *inbox;
	bool is_live; // its customers connect to us
	int64_t now;
	struct item *item;
	struct err *e;
};
// ingest_message.c
MUST_USE int decide_message(struct scene *s);
// ingest_receipt.c
void decide_receipt(struct scene *s);
