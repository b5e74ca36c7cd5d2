// SPDX-License-Identifier: Apache-2.0
// SQLite: one batch as one transaction, on the writer's thread.
#include "base/clock.h"
#include "sqlite.h"
#include <string.h>

static bool is_out_of_order(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_NOMEM:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_PROTOCOL: return true;
	}
	return false;
}

static bool is_locked(int rc) { return (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED; }

// Runs a statement without rows.
static int step_once(sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);
	while (rc == SQLITE_ROW)
		rc = sqlite3_step(st);
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? 0 : rc;
}

static void roll_back(struct sq *q)
{
	if (!sqlite3_get_autocommit(q->writer.db)) step_once(q->writer.own[SQ_ROLLBACK]);
}

// An error of one row, or of one of our own statements when there is none (row SIZE_MAX).
static void fail(struct sq *q, struct run *r, int rc, const char *what, size_t row)
{
	sq_error(&r->why, E_STORE, q->writer.db, what);
	if (is_out_of_order(rc))
		r->status = RUN_FULL;
	else if (is_locked(rc))
		r->status = RUN_HELD;
	else if (row == SIZE_MAX)
		r->status = RUN_FULL;
	else {
		r->status = RUN_REFUSED;
		r->bad_first = (uint32_t)row;
		r->n_bad = 1;
	}
	roll_back(q);
}

// Returns false when the run is over. seq: of the first row of the log.
static bool run_span(struct sq *q, struct run *r, const struct run_span *sp, int64_t seq)
{
	const struct db_stmt *s = &q->c.stmts[sp->stmt];
	sqlite3_stmt *st = q->writer.stmts[sp->stmt];
	int first = s->kind == DB_LOG ? 2 : 1;
	for (uint32_t i = sp->first; i < sp->first + sp->n; i++) {
		if (s->kind == DB_LOG) sqlite3_bind_int64(st, 1, seq++);
		for (int k = 0; s->params[k]; k++)
			sq_bind(st, first + k, &r->rows[i].values[k]);
		int rc = step_once(st);
		if (rc) {
			fail(q, r, rc, s->name, i);
			return false;
		}
		if (s->kind == DB_GUARD && sqlite3_changes(q->writer.db) != 1) r->failed[r->n_failed++] = i;
	}
	return true;
}

static bool run_guards(struct sq *q, struct run *r)
{
	for (size_t i = 0; i < r->n_guards; i++)
		if (!run_span(q, r, &r->spans[i], 0)) return false;
	if (!r->n_failed) return true;
	r->status = RUN_CONFLICT;
	roll_back(q);
	return false;
}

static int take_head(struct sq *q, struct run *r)
{
	if (!r->n_log) return 0;
	sqlite3_stmt *st = q->writer.own[SQ_HEAD];
	sqlite3_bind_int64(st, 1, r->n_log);
	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		r->last_seq = sqlite3_column_int64(st, 0);
	else
		rc = rc == SQLITE_DONE ? SQLITE_CORRUPT : rc; // the row is gone
	if (rc == SQLITE_ROW) return step_once(st);
	sqlite3_reset(st);
	return rc;
}

static int write_node(struct sq *q, const struct run *r)
{
	sqlite3_stmt *st = q->writer.own[SQ_NODE];
	sqlite3_bind_int64(st, 1, r->node);
	sqlite3_bind_int64(st, 2, r->epoch);
	sqlite3_bind_int64(st, 3, r->batch);
	sqlite3_bind_int64(st, 4, r->id_mark);
	sqlite3_bind_int64(st, 5, r->lease_ms ? clock_now_ms() + r->lease_ms : 0);
	if (r->n_log)
		sqlite3_bind_int64(st, 6, r->last_seq - r->n_log);
	else
		sqlite3_bind_null(st, 6);
	return step_once(st);
}

// The node row and the head of the log.
static bool run_own(struct sq *q, struct run *r)
{
	int rc = take_head(q, r);
	if (!rc) rc = write_node(q, r);
	if (rc) {
		fail(q, r, rc, "node", SIZE_MAX);
		return false;
	}
	if (sqlite3_changes(q->writer.db) == 1) return true;
	r->status = RUN_FENCED;
	roll_back(q);
	return false;
}

static void commit(struct sq *q, struct run *r)
{
	int rc = step_once(q->writer.own[SQ_COMMIT]);
	if (!rc) {
		r->status = RUN_COMMITTED;
		sq_wal_after_commit(q, r->n_units);
		return;
	}
	fail(q, r, rc, "COMMIT", SIZE_MAX);
	// Whether its last page reached the disk is not known.
	if ((rc & 0xff) == SQLITE_IOERR) r->status = RUN_LOST;
}

void sq_run(struct sq *q, struct run *r)
{
	int rc = step_once(q->writer.own[SQ_BEGIN]);
	if (rc) {
		fail(q, r, rc, "BEGIN", SIZE_MAX);
		return;
	}
	if (!run_guards(q, r)) return;
	for (size_t i = r->n_guards; i < r->n_spans; i++) {
		bool is_log = q->c.stmts[r->spans[i].stmt].kind == DB_LOG;
		if (is_log) break;
		if (!run_span(q, r, &r->spans[i], 0)) return;
	}
	if (!run_own(q, r)) return;
	if (r->n_log && !run_span(q, r, &r->spans[r->n_spans - 1], r->last_seq - r->n_log + 1)) return;
	commit(q, r);
}

void sq_recover(struct sq *q, struct recovery *rec)
{
	roll_back(q);
	sqlite3_stmt *st = q->writer.own[SQ_FIND_NODE];
	sqlite3_bind_int64(st, 1, rec->node);
	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		rec->epoch = sqlite3_column_int64(st, 0);
		rec->batch = sqlite3_column_int64(st, 1);
		rec->batch_seq = sqlite3_column_int64(st, 2);
		rec->status = sqlite3_column_int64(st, 3) == rec->holder ? 0 : E_FENCED;
	} else if (rc == SQLITE_DONE)
		rec->status = E_FENCED;
	else
		rec->status = sq_error(&rec->why, E_STORE, q->writer.db, "node");
	sqlite3_reset(st);
}
