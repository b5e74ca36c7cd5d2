// SPDX-License-Identifier: Apache-2.0
// The store: reads, and units committed in batches. One writer, one batch in flight, no linger timer.
#pragma once
#include "loop/loop.h"
#include "store/db.h"

struct store;

// One forward-only migration; the two texts do the same. Several statements, separated by ";" at the end of a line.
struct store_migration {
	int version;
	const char *name;
	const char *sqlite;
	const char *pgsql;
};

struct store_options {
	struct loop *loop;
	// "sqlite:/path/beseda.db", "postgres:///db?host=/run/dir" (a libpq URI or conninfo), "fake:/path"
	// (store/fake.h)
	const char *url;
	const char *instance; // who we are, kept across restarts (a random name in the data folder)
	const struct db_stmt *stmts;
	size_t n_stmts;
	const struct store_migration *migrations; // ascending
	size_t n_migrations;
	size_t max_waiting; // units waiting for a batch; more: E_BUSY (0: 2,000)
	size_t batch_units; // in one batch (0: 200)
	size_t max_nodes;   // instances that may share a PostgreSQL (0: 1); SQLite has one
};

// Opens, migrates, takes the node row (blocking: start-up only). A lease of another instance that is alive refuses with
// E_FENCED and says who; a lease of this instance is taken over at once: whoever held it is fenced at its next batch.
// Migration order: a store that is newer than this program refuses to open.
MUST_USE int store_open(struct store **s_r, const struct store_options *o, struct err *e);
// What waits is committed when the database answers within ms, else given back with E_CANCELLED.
void store_close(struct store *s, int64_t ms, loop_cb done, void *arg);

// A unit: rows that commit together or not at all. Rows are copied. Unused units are freed with unit_free.
struct unit;
struct unit *unit_new(struct store *s);
void unit_free(struct unit **u);
// stmt: its index in the table; row: as many values as it has params. Returns the row's index in the unit.
uint16_t unit_add(struct unit *u, int stmt, const struct db_value *row);
size_t unit_rows(const struct unit *u);
// A name for logs and for the parked row ("ingest inbox 12").
void unit_name(struct unit *u, const char *name);

struct unit_result {
	// 0 committed · E_CONFLICT · E_POISON (parked) · E_BUSY (not taken) · E_FENCED · E_CANCELLED · E_UNKNOWN (only
	// when the store was closed, or taken over, before it could find out)
	int status;
	int64_t first_seq;      // of its rows of the log; they are dense, in the order they were added
	const uint16_t *failed; // E_CONFLICT: the guard rows that did not apply
	size_t n_failed;
	const struct err *why;
};
typedef void (*unit_cb)(const struct unit_result *r, void *arg);

// The unit is the store's from here. cb comes on the loop, exactly once, never before this returns; callbacks of
// committed units come in the order of their seq. When the database is away the unit waits; its outcome is never
// guessed: cb comes when the truth is known.
void store_submit(struct store *s, struct unit *u, unit_cb cb, void *arg);

// Rows; at most 100,000 of them and 64 MiB, else E_TOO_LARGE. E_STORE when the database is away or refuses, E_CANCELLED
// when the store closes first. It sees everything whose unit_cb has come.
typedef void (*db_read_cb)(int status, const struct db_rows *rows, const struct err *why, void *arg);
void store_read(struct store *s, int stmt, const struct db_value *params, db_read_cb cb, void *arg);

// A new id; 0 when the database has been away for so long that none are reserved. When the clock jumps beyond what is
// reserved, ids lag behind it until the next batch.
uint64_t store_id(struct store *s);
// The next short number of a counter (1, 2 …; #1042): unique, mostly dense; a restart leaves a gap of at most a block
// (50, more under load). Blocks are reserved ahead; 0 when none is yet (try again soon). Counters whose row exists when
// the store opens have one from the first moment; others come into being when they are first asked for.
int64_t store_number(struct store *s, const char *counter);
bool store_is_full(const struct store *s); // max_waiting reached: answer 503
bool store_is_up(const struct store *s);
// "" or what is wrong, for /healthz and the desk's banner.
const char *store_trouble(const struct store *s);
// Called once, when another server took the store over: stop everything.
void store_on_fenced(struct store *s, loop_cb cb, void *arg);

struct store_stats {
	uint64_t batches, units, rows, conflicts, poisoned, retries, reads;
	uint64_t waiting, batch_ns_total, batch_units_max;
	const char *driver;
};
void store_stats(const struct store *s, struct store_stats *r);

// Units that the database refuses are parked: kept as a row with their reason and rows as JSON, for a person to look
// at. A unit may also park something itself: what could not become rows of a table, with the reason. json: what it was;
// of a long one the beginning is kept, as a JSON string. 0 or E_BUSY (no id is reserved).
MUST_USE int unit_park(struct unit *u, const char *name, struct str reason, struct str json);
