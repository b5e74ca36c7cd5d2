// SPDX-License-Identifier: Apache-2.0
// What a driver does for the store: runs one transaction, finds out what became of a lost one, reads. Private to the
// room.
#pragma once
#include "base/arena.h"
#include "loop/loop.h"
#include "store/store.h"

// How one transaction ended. After everything but RUN_COMMITTED and RUN_LOST it is known to be rolled back.
enum run_status {
	RUN_COMMITTED,
	RUN_CONFLICT, // guard rows did not apply
	RUN_REFUSED,  // the database refuses a row
	RUN_LOCKED,   // somebody else holds a row of a unit
	RUN_HELD,     // somebody else holds what every batch needs (the head of the log, the node row)
	RUN_FULL,     // no room, no memory, a failing disk
	RUN_FENCED,   // the node row is another's
	RUN_AWAY,     // no connection: `recover` before the next run
	RUN_LOST,     // the connection broke before the answer: `recover` says what became of it
};

struct run_row {
	const struct db_value *values;
	uint32_t unit; // which unit of the run
	uint32_t row;  // which row of that unit
};

// The rows of one statement, in the order of the units.
struct run_span {
	uint32_t first, n; // of rows
	uint16_t stmt;
};

// One transaction: guards; when all of them applied the other rows, the node row, the log, COMMIT.
struct run {
	uint32_t n_units;
	struct run_row *rows;
	size_t n_rows;
	struct run_span *spans; // guards first, the log last
	size_t n_spans, n_guards;
	int64_t n_log; // rows of the log
	uint16_t node;
	int64_t epoch;
	int64_t batch; // the number the node row gets
	int64_t id_mark;
	int64_t lease_ms; // 0: the lease is given back
	bool is_wary;     // locks are known to be about: wait for them only shortly

	enum run_status status;
	int64_t last_seq; // of the log, when n_log > 0
	uint32_t *failed; // RUN_CONFLICT: which rows; room for n_rows
	size_t n_failed;
	uint32_t bad_first, n_bad; // RUN_REFUSED, RUN_LOCKED: the culprit is one of these rows; n_bad 0: of all
	struct err why;

	loop_cb done; // on the loop, never inside the call
	void *arg;
};

// What the node row says after a lost connection. From then on a transaction that the lost connection left behind
// cannot commit any more: either `batch` shows it, or it never happened.
struct recovery {
	uint16_t node;
	int64_t holder;
	int status; // 0, E_STORE (still away) or E_FENCED
	int64_t epoch, batch, batch_seq;
	struct err why;
	loop_cb done;
	void *arg;
};

struct read {
	struct list at;
	struct arena_pool *arenas; // where its arena goes back to
	int stmt;
	const struct db_value *params;
	struct arena *arena; // of params and rows
	struct db_rows rows;
	int status, n_tries;
	struct err why;
	void (*done)(struct read *r); // on the loop, never inside the call
	db_read_cb cb;
	void *arg;
};
#define READ_MAX_ROWS 100000
#define READ_MAX_BYTES ((size_t)64 << 20)

struct driver_config {
	struct loop *loop;
	const char *url;
	const struct db_stmt *stmts;
	size_t n_stmts;
	loop_cb on_down; // the writer's connection broke while nothing ran
	void *arg;
};

struct driver {
	const struct driver_ops *ops;
};

// Start-up only and blocking.
struct session {
	const struct session_ops *ops;
};

struct query {
	const char *sql; // parameters are $1, $2 …, in the order in which they appear
	const struct db_value *params;
	size_t n_params;
	const char *result; // types of the columns, or NULL
	struct arena *arena;
	struct db_rows rows; // in the arena
};

struct session_ops {
	const char *begin_alone; // begins a transaction that only one session at a time can be in
	int (*exec)(struct session *s, const char *sql, struct err *e);
	int (*query)(struct session *s, struct query *q, struct err *e);
	int (*now)(struct session *s, int64_t *ms_r, struct err *e); // the clock that leases go by
	void (*close)(struct session *s);
};

struct driver_ops {
	const char *name;
	bool is_pgsql;  // which texts it understands
	bool is_shared; // several nodes may work on one database
	struct session *(*session)(const char *url, struct err *e);
	struct driver *(*open)(const struct driver_config *c, struct err *e);
	void (*run)(struct driver *d, struct run *r);
	void (*recover)(struct driver *d, struct recovery *r);
	void (*read)(struct driver *d, struct read *r);
	// What waits for a server that does not answer ends now: runs as RUN_LOST or RUN_AWAY, recoveries as E_STORE.
	void (*give_up)(struct driver *d);
	// Nothing runs any more; reads that wait end with E_CANCELLED. Frees the driver, then comes `done`.
	void (*close)(struct driver *d, loop_cb done, void *arg);
};

extern const struct driver_ops DB_SQLITE, DB_PGSQL, DB_FAKE;

// "sqlite:/a/b.db" → "/a/b.db"
const char *driver_path(const char *url);
