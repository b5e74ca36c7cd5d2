// SPDX-License-Identifier: Apache-2.0
// Inside the room: what its stages share.
#pragma once
#include "base/map.h"
#include "domain/route.h"
#include "pipeline/act.h"
#include "pipeline/feed.h"
#include "pipeline/pipeline.h"
#include "store/turn.h"

#define PIPELINE_RETRIES 8          // a unit that lost a race is decided anew so often, then E_BUSY
#define ARENA_BLOCK 8192            // what a message or two need
#define PIPELINE_STORE_AWAY_MS 1000 // the store refused or is away: look again

struct known;
struct feed;
struct assign;
struct outbox;
struct sweep;

struct pipeline {
	struct loop *loop;
	struct store *store;
	struct directory *directory;
	struct media *media;
	struct channels *channels;
	struct turns *turns;
	struct known *known;
	struct arena_pool arenas; // of works, rounds, plans and acts
	struct feed *feed;
	struct assign *assign;
	struct outbox *outbox;
	struct sweep *sweep;
	int64_t outbox_life_ms;
	bool is_stopped;     // nothing goes to the channels any more
	bool is_closing;     // no more work is taken
	bool has_given_up;   // the store may be gone
	bool is_ending;      // `closed` is on its way
	size_t n_running;    // pieces of work that have not ended
	size_t n_ingest;     // of them commits of plugins
	int64_t numbers[64]; // short numbers that were taken and not used
	size_t n_numbers;
	loop_cb on_closed;
	void *closed_arg;
	struct pipeline_stats stats;
};

// Every piece of asynchronous work stands between these two, so that pipeline_close can wait for it.
void pipeline_enter(struct pipeline *p);
void pipeline_leave(struct pipeline *p);

// ---- change.c: a unit under construction, and what the feed tells when it is committed ------------------------------

struct change;
// The arena must outlive the change; so must everything handed to it.
struct change *change_new(struct pipeline *p, struct arena *a, const char *name);
struct unit *change_unit(struct change *ch);
// This conversation is new, or is going to be changed: said before the first change, written once at the commit, as it
// stands then.
void change_conversation(struct change *ch, struct conversation *c, struct str name, bool is_new);
// Appends to the log. The conversation stands for what the feed shows where nothing newer is known; it and the message
// may be NULL, and are kept as pointers. Returns the event's place in the change.
size_t change_event(struct change *ch, const struct event *e, const struct conversation *c, const struct message *m);
struct change_result {
	int status; // as unit_result
	int64_t first_seq;
	const uint16_t *failed; // rows of the unit
	size_t n_failed;
	const struct err *why;
};
typedef void (*change_cb)(const struct change_result *r, void *arg);
// On success what is known, the counts of open conversations and the feed are up to date when cb comes.
void change_commit(struct change *ch, change_cb cb, void *arg);
// One that is not committed.
void change_free(struct change **ch);

// ---- the stages -----------------------------------------------------------------------------------------------------

void ingest_commit(struct pipeline *p, struct channel_commit *c);

struct feed *feed_new(struct pipeline *p);
void feed_free(struct feed **f);
void feed_start(struct pipeline *p, loop_done_cb done, void *arg); // reads the head
void feed_stop(struct pipeline *p);
void feed_publish(struct pipeline *p, struct feed_event **events, size_t n); // takes the references
struct feed_event *feed_event_new(const struct event *e, const struct conversation *c, struct str contact_name,
				  const struct message *m);

struct assign *assign_new(struct pipeline *p);
void assign_free(struct assign **a);
void assign_start(struct pipeline *p, loop_done_cb done, void *arg);
void assign_stop(struct pipeline *p);
// was: whose it was then (0: nobody's); he keeps it if he is there.
void assign_consider(struct pipeline *p, uint64_t conversation, uint64_t was, int64_t seq);
// He is not disabled and his page is open.
bool assign_is_there(struct pipeline *p, uint64_t user);
// An open conversation went from one user to another (0: nobody).
void assign_moved(struct pipeline *p, uint64_t from_user, uint64_t to_user);
// Everything up to seq had its effects, as far as nothing is still running.
void assign_saw(struct pipeline *p, int64_t seq);

struct outbox *outbox_new(struct pipeline *p);
void outbox_free(struct outbox **o);
void outbox_start(struct pipeline *p, loop_done_cb done, void *arg);
void outbox_add(struct pipeline *p, const struct outbox_row *row);

// live.c: what visitors see.
bool live_is_live(struct pipeline *p, uint64_t inbox);
void live_tell(struct pipeline *p, struct str thread_external, const struct message *m, int64_t seq);
void live_replay(void *ctx, uint64_t inbox, struct str thread, struct str cursor, channel_replay_cb cb, void *arg);
void live_may_read(void *ctx, uint64_t inbox, struct str thread, uint64_t media, void (*cb)(bool yes, void *arg),
		   void *arg);
void live_signal(void *ctx, uint64_t inbox, const struct channel_event *event);

struct sweep *sweep_new(struct pipeline *p);
void sweep_free(struct sweep **s);
