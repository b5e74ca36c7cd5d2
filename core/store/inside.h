// SPDX-License-Identifier: Apache-2.0
// The store's own parts, shared by the files of this room.
#pragma once
#include "base/id.h"
#include "base/log.h"
#include "base/map.h"
#include "driver.h"
#include "store/fake.h"

#define LEASE_MS 15000
#define BEAT_MS 5000 // so often at least the node row is written
#define ID_AHEAD_MS 10000
#define BATCH_BYTES ((size_t)8 << 20)
#define WAIT_MIN_MS 100 // back-off
#define WAIT_MAX_MS 2000

// The store's own statements, behind the caller's.
enum own_stmt { OWN_COUNTER_NEW, OWN_COUNTER, OWN_PARK, OWN_COUNTER_READ, N_OWN };

struct unit_row {
	const struct db_value *values;
	uint16_t stmt;
	bool is_refused; // a guard that did not apply
};

enum unit_state { UNIT_WAITING, UNIT_CONFLICT, UNIT_POISON, UNIT_LOCKED };

struct unit {
	struct list at;
	struct store *store;
	struct arena *arena;
	struct unit_row *rows;
	uint32_t n_rows, cap;
	size_t bytes;
	char name[64];
	unit_cb cb;
	void *arg;
	enum unit_state state;
	uint32_t round;   // the run of its batch after which it was out
	uint32_t place;   // where it stood then
	bool is_park;     // carries a poisoned unit's remains
	bool is_parked;   // its remains are committed
	bool is_alone;    // somebody held its rows: it runs in a batch of its own
	bool is_in_doubt; // its guards may have failed because of a unit that was not committed either
	int64_t due_ms;   // when a locked unit is tried again
	int64_t delay_ms;
	int status;      // what it is given back with
	struct err *why; // in the arena, or NULL
};

// A slice of a batch's units that runs as one transaction.
struct segment {
	uint32_t first, n;
};

struct batch {
	struct unit **units; // NULL: committed and gone
	uint32_t n, cap;
	struct segment *segments; // the next one stands last
	size_t n_segments, cap_segments;
	struct segment now;
	struct run run;
	size_t cap_rows, cap_spans;
	uint32_t *counts; // rows of each statement
	struct recovery recovery;
	uint32_t round;
	uint32_t n_held; // runs in a row that met a lock everybody needs
	bool is_active, is_wary, is_beat, is_lost, is_last;
	int64_t began_ns;
};

// Batches are numbered so that no number of one epoch is one of another.
static inline int64_t first_batch(int64_t epoch) { return epoch << 40; }

// What the node row gave us.
struct node {
	uint16_t id;
	int64_t epoch;
	int64_t holder;  // a random number of this process: tells our own row from that of the same instance started
			 // again
	int64_t from_ms; // where ids begin
	int64_t mark_ms; // how far they are reserved
};

struct store {
	struct loop *loop;
	struct driver *driver;
	struct db_stmt *stmts;
	size_t n_stmts;
	int own;        // index of the first of own_stmt
	uint16_t *rank; // of each statement: its place in a batch
	uint16_t *by_rank;
	struct node node;
	struct id_maker ids;
	int64_t next_batch;
	struct list queue, locked, given_back, committed, spare;
	size_t n_spare;
	struct arena_pool arenas; // of reads
	size_t n_waiting, max_waiting, batch_units;
	struct batch batch;
	struct loop_timer beat, retry, lock, deadline;
	int64_t retry_ms;
	bool is_scheduled, is_beat_due, is_fenced, is_closing, is_giving_up, is_finished, is_down;
	char trouble[512];
	struct smap *counters;
	loop_cb on_fenced, on_closed;
	void *fenced_arg, *closed_arg;
	struct store_stats stats;
};

// unit.c
// Back to the pool.
void unit_put_back(struct unit *u);
// What of a refused unit is kept.
void unit_describe(const struct unit *u, struct buf *json);
void unit_add_parked(struct unit *u, uint64_t id, const char *name, struct str reason, struct str json);
bool unit_may_rob(const struct unit *thief, const struct unit *u);

// run.c: the units of b->now as one transaction.
void run_fill(struct store *s);

// batch.c
void batch_begin(struct store *s);
void batch_resume(struct store *s);
void batch_fini(struct batch *b);

// store.c
void store_timers_init(struct store *s);
// Starts what there is to do, at the end of this turn.
void store_wake(struct store *s);
// Whatever there is to do now: the next batch, the last one, or the end.
void store_take_up(struct store *s);
// Ends a unit: tells its owner and forgets it.
void unit_end(struct unit *u, const struct unit_result *r);
// Ends it at the end of this turn.
void unit_give_back(struct unit *u, int status);
// What people see; "" when all is well again.
void store_set_trouble(struct store *s, enum log_level level, const char *why);
// E_FENCED or E_CANCELLED: what a unit gets that will not run any more.
int store_stopped(const struct store *s);
void store_set_fenced(struct store *s);
// The batch is over.
void store_batch_ended(struct store *s);

// open.c
void store_destroy(struct store *s);

// migrate.c
int migrate(struct session *ses, bool is_pgsql, const struct store_migration *m, size_t n, struct err *e);

// node.c
int node_take(struct session *ses, const char *instance, size_t max_nodes, struct node *n_r, struct err *e);

// counter.c
extern const struct db_stmt OWN_STMTS[N_OWN];
int counters_open(struct store *s, struct session *ses, struct err *e);
void counters_free(struct store *s);
