// SPDX-License-Identifier: Apache-2.0
// Inside the room: what its stages share.
#pragma once
#include "base/map.h"
#include "domain/route.h"
#include "pipeline/act.h"
#include "pipeline/feed.h"
#include "pipeline/pipeline.h"
#include "store/turn.h"

#define PIPELINE_RETRIES 8 // a unit that lost a race is decided anew so often, then E_BUSY

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
	struct feed *feed;
	struct assign *assign;
	struct outbox *outbox;
	struct sweep *sweep;
	int64_t outbox_life_ms;
	bool is_closing;
	size_t n_running; // pieces of work that have not ended
	size_t n_ingest;  // of them, causes of plugins on their way to the store
	loop_cb on_closed;
	void *closed_arg;
	struct pipeline_stats stats;
};

// Every piece of asynchronous work stands between these two, so that pipeline_close can wait for it.
void pipeline_enter(struct pipeline *p);
void pipeline_leave(struct pipeline *p);

// ---- known.c: what is in memory because it was just used; the store is the truth -----------------------------------------

// Who writes where: a thread of an inbox and the identity that speaks in it. 0: the store has none yet.
struct known_sender {
	uint64_t thread, thread_contact, identity, contact;
	enum proof proof;
	struct str contact_name;
	uint64_t conversation; // the newest of the thread
};
struct known_thread {
	uint64_t id, inbox;
	struct str external, kind, scope, address, name;
};

struct known *known_new(void);
void known_free(struct known **k);
// Found values are copied out; strings into the arena.
bool known_get_sender(struct known *k, struct str key, struct arena *a, struct known_sender *s_r);
void known_put_sender(struct known *k, struct str key, const struct known_sender *s);
void known_drop_sender(struct known *k, struct str key);
bool known_get_conversation(struct known *k, uint64_t id, struct arena *a, struct conversation *c_r, struct str *name_r);
void known_put_conversation(struct known *k, const struct conversation *c, struct str contact_name);
void known_drop_conversation(struct known *k, uint64_t id);
const struct known_thread *known_get_thread(struct known *k, uint64_t id);
void known_put_thread(struct known *k, const struct known_thread *t);
// Drops every sender and conversation of a contact whose name or place changed.
void known_drop_all(struct known *k);

// Reads through the cache; name and c live in the caller's arena. status 0, E_MISSING, E_STORE.
typedef void (*known_conversation_cb)(int status, const struct conversation *c, struct str contact_name, void *arg);
void known_conversation(struct pipeline *p, uint64_t id, known_conversation_cb cb, void *arg);
typedef void (*known_thread_cb)(int status, const struct known_thread *t, void *arg);
void known_thread(struct pipeline *p, uint64_t id, known_thread_cb cb, void *arg);

// ---- change.c: a unit under construction, and what the feed tells when it is committed -----------------------------------

struct change;
// The arena must outlive the change; so must everything handed to it.
struct change *change_new(struct pipeline *p, struct arena *a, const char *name);
struct unit *change_unit(struct change *ch);
// This conversation was made or changed: written once at the commit, as it stands then.
void change_conversation(struct change *ch, struct conversation *c, struct str contact_name, bool is_new);
// Appends to the log; conversation and message may be NULL. Kept by value except the pointers. Returns its place in the change.
size_t change_event(struct change *ch, const struct event *e, const struct conversation *c, const struct message *m);
// Unused: change_free. status as unit_result; *seq_r of its first event. On success caches and feed are up to date.
struct change_result {
	int status;
	int64_t first_seq;
	const uint16_t *failed; // rows of the unit
	size_t n_failed;
	const struct err *why;
};
typedef void (*change_cb)(const struct change_result *r, void *arg);
void change_commit(struct change *ch, change_cb cb, void *arg);
void change_free(struct change **ch);

// ---- the stages -----------------------------------------------------------------------------------------------------------

void ingest_commit(struct pipeline *p, struct channel_commit *c);

struct feed *feed_new(struct pipeline *p);
void feed_free(struct feed **f);
void feed_start(struct pipeline *p, loop_done_cb done, void *arg); // reads the head
void feed_publish(struct pipeline *p, struct feed_event **events, size_t n); // takes the references
struct feed_event *feed_event_new(const struct event *e, const struct conversation *c, struct str contact_name, const struct message *m);

struct assign *assign_new(struct pipeline *p);
void assign_free(struct assign **a);
void assign_start(struct pipeline *p, loop_done_cb done, void *arg);
void assign_consider(struct pipeline *p, uint64_t conversation, int64_t seq);
void assign_changed(struct pipeline *p, uint64_t from_user, uint64_t to_user); // counts of open conversations
// Everything up to the head of the feed had its effects, as far as nothing is still running.
void assign_saw(struct pipeline *p, int64_t seq);

struct outbox *outbox_new(struct pipeline *p);
void outbox_free(struct outbox **o);
void outbox_start(struct pipeline *p, loop_done_cb done, void *arg);
void outbox_add(struct pipeline *p, const struct outbox_row *row);

// live.c: what visitors see.
bool live_is_live(struct pipeline *p, uint64_t inbox);
void live_tell(struct pipeline *p, struct str thread_external, const struct message *m, int64_t seq);
void live_replay(void *ctx, uint64_t inbox, struct str thread, struct str cursor, channel_replay_cb cb, void *arg);
void live_may_read(void *ctx, uint64_t inbox, struct str thread, uint64_t media, void (*cb)(bool yes, void *arg), void *arg);
void live_signal(void *ctx, uint64_t inbox, const struct channel_event *event);

struct sweep *sweep_new(struct pipeline *p);
void sweep_free(struct sweep **s);
