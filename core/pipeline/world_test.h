// SPDX-License-Identifier: Apache-2.0
// Tests: a small world around the pipeline: a real store with people and inboxes in it, and a channel host that is
// none.
#pragma once
#include "base/clock.h"
#include "known.h"
#include "store/fake.h"
#include "channels_test.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

// What stands in the store from the first. Anna and Boris serve sales, Clara serves people; Dora sees all and takes no
// work, Egor was let go.
enum {
	BRAND = 1,
	OTHER_BRAND,
	TEAM_SALES = 11,
	TEAM_PEOPLE,
	SALES = 21, // queues
	PEOPLE,
	ANNA = 31,
	BORIS,
	CLARA,
	DORA,
	EGOR,
	TELEGRAM = 41, // echo, sales, joins by thread
	WHATSAPP,      // echo, sales, joins by contact
	SMS,           // idem, sales, joins by contact
	STAFF,         // echo, people, joins by contact, restricted
	CHAT,          // chat, sales, joins by thread
	SHOP,          // echo, sales, joins by contact, the other brand
	N_SEEDS
};

enum world_db { WORLD_SQLITE, WORLD_PGSQL, WORLD_FAKE };

struct world {
	struct loop *loop;
	struct store *store;
	struct directory *directory;
	struct media *media;
	struct channels *channels;
	struct pipeline *pipeline;
	struct channel_ports ports;
	struct feed_follower *follower; // of everything, in order
	int64_t seen;
	int n_pending;              // commits and acts that were not answered
	void (*before_start)(void); // of every pipeline that world_start makes
};
extern struct world world;
extern enum world_db world_db;

// ---- life -----------------------------------------------------------------------------------------------------------

int world_set_up(void **state);
int world_tear_down(void **state);
#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
// Runs the tests on SQLite and on PostgreSQL where there is one; `faults` on the store that fails on demand.
int world_main(const struct CMUnitTest *tests, size_t n, const struct CMUnitTest *faults, size_t n_faults);
void world_stop(void);     // all is closed in its order
void world_start(void);    // and open again on the same database
void load_directory(void); // after people or inboxes were changed
// The pipeline alone: made, and started.
void world_pipeline_new(void);
void world_pipeline_start(void);
void world_pipeline_stop(void);
// A warning or an error that has this text is expected; any other fails the test.
void expect_log(const char *text);

// Runs the loop until it is so; nothing is waited for by time.
void run_until(bool (*is_so)(void *), void *arg);
// Until everything is answered, and the pipeline has nothing under way.
void settle(void);
// Moves the faked clock and lets happen what is due.
void pass_ms(int64_t ms);

// ---- the store, seen from outside -----------------------------------------------------------------------------------

// The first column of the first row, as text; "" for NULL and for none. Good until the next call.
const char *sql(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int64_t sql_int(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
// The kinds of the events after seq, in their order, one blank between.
const char *events_after(int64_t seq);
int64_t head(void);
struct conversation conversation_now(uint64_t id);
void add_file(uint64_t id, uint64_t inbox, const char *owner);

// ---- what comes in --------------------------------------------------------------------------------------------------

// A message of a plugin; what is NULL is left out, or is "hello", from "tel:1", kind "test".
struct says {
	uint64_t inbox;
	const char *address, *thread, *kind, *scope, *name, *proof;
	const char *key, *external_id, *reply_to, *author, *origin, *text, *parts;
	int64_t sent_at;
};
// One cause.
struct commit {
	struct channel_commit c;
	struct arena *arena;
	struct channel_event events[600];
	struct channel_put puts[8];
	bool is_done;
	int status, place; // among all that were answered
	char why[400];
};
struct commit *commit_new(uint64_t inbox);
void commit_message(struct commit *c, const struct says *s);
void commit_receipt(struct commit *c, const char *type, const char *external_id, const char *key);
void commit_event(struct commit *c, const char *type, const char *json);
void commit_put(struct commit *c, const char *key, const char *json); // NULL: delete
void commit_go(struct commit *c);
int commit_end(struct commit *c); // the status, when it is done; frees it
int say(const struct says *s);    // one message, settled
int receipt(uint64_t inbox, const char *type, const char *external_id);
// The newest conversation of a thread; 0.
uint64_t conversation_of(uint64_t inbox, const char *thread);

// ---- what people do -------------------------------------------------------------------------------------------------

struct acted {
	bool is_done, has_message;
	int status;
	struct conversation c;
	struct message m; // without its strings
	char key[80];
	int64_t seq;
	char why[400];
};
void reply_go(struct acted *a, uint64_t user, uint64_t conversation, const char *key, const char *parts);
void reply_go_to(struct acted *a, uint64_t user, uint64_t conversation, uint64_t message);
void note_go(struct acted *a, uint64_t user, uint64_t conversation, const char *key, const char *parts);
void assign_go(struct acted *a, const struct act *act, uint64_t to);
void move_go(struct acted *a, const struct act *act, enum conversation_move m);
void resend_go(struct acted *a, uint64_t user, uint64_t message);
// A reply with a key of its own that must succeed; its id.
uint64_t reply(uint64_t user, uint64_t conversation, const char *text);

// ---- often wanted --------------------------------------------------------------------------------------------------

// The conversation of somebody's first message.
uint64_t begin(uint64_t inbox, const char *address);
enum delivery delivery_of(uint64_t message);
void wait_for_sends(size_t n);
void turn_a_little(void); // whatever can happen without waiting happens
void stop_the_clock(void);
// For run_until.
bool is_up(void *arg); // the store
bool is_down(void *arg);
bool is_unit_waiting(void *arg);
