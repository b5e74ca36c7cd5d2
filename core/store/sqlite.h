// SPDX-License-Identifier: Apache-2.0
// The parts of the SQLite driver: one writer thread, two readers, one that checkpoints; each with a connection of its
// own.
#pragma once
#include "driver.h"
#include "lane.h"
#include <sqlite3.h>
#include <stdatomic.h>

#define SQ_READERS 2

enum sq_own { SQ_BEGIN, SQ_COMMIT, SQ_ROLLBACK, SQ_NODE, SQ_HEAD, SQ_FIND_NODE, N_SQ_OWN };

struct sq_conn {
	sqlite3 *db;
	sqlite3_stmt **stmts;        // of the driver's table; NULL where this connection does not use it
	sqlite3_stmt *own[N_SQ_OWN]; // the writer's
	size_t n_stmts;
	const struct db_stmt *table;
};

struct sq {
	struct driver base;
	struct driver_config c;
	struct sq_conn writer, readers[SQ_READERS], keeper;
	struct lane *writer_lane, *reader_lane, *keeper_lane;
	size_t n_reads;
	bool is_closing;

	struct lane_job run_job, recovery_job, close_job, keep_job;
	struct run *run;
	struct recovery *recovery;
	loop_cb closed;
	void *closed_arg;

	// The write-ahead log, in pages: the writer's thread only.
	int wal_pages, wal_kept; // of the log: now; when it was last emptied, 0: it began anew since
	atomic_bool is_keeping;  // a checkpoint runs beside the writer
	atomic_bool has_kept;    // it is over; the writer may do the little rest
};

// db_sqlite.c
int sq_error(struct err *e, int code, sqlite3 *db, const char *what);

// sqlite_run.c: on the writer's thread
void sq_run(struct sq *q, struct run *r);
void sq_recover(struct sq *q, struct recovery *rec);

// sqlite_read.c
void sq_bind(sqlite3_stmt *st, int at, const struct db_value *v);
int sq_rows(sqlite3_stmt *st, const char *types, struct arena *a, struct db_rows *rows_r);
void sq_read(struct driver *d, struct read *r);

// sqlite_wal.c
void sq_wal_open(struct sq *q);
void sq_wal_after_commit(struct sq *q, uint32_t n_units); // on the writer's thread
