// SPDX-License-Identifier: Apache-2.0
// The SQLite driver: connections, statements, threads, and the session for start-up.
#include "base/clock.h"
#include "inside.h"
#include "sqlite.h"
#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define BUSY_MS 1000

static const char *const OWN_SQL[N_SQ_OWN] = {
	[SQ_BEGIN] = "BEGIN IMMEDIATE",
	[SQ_COMMIT] = "COMMIT",
	[SQ_ROLLBACK] = "ROLLBACK",
	[SQ_NODE] = "UPDATE node SET batch = ?3, id_mark = ?4, lease_until = ?5, "
		    "batch_seq = coalesce(?6, batch_seq) WHERE id = ?1 AND epoch = ?2",
	[SQ_HEAD] = "UPDATE feed_head SET seq = seq + ?1 RETURNING seq",
	[SQ_FIND_NODE] = "SELECT epoch, batch, batch_seq, holder FROM node WHERE id = ?1",
};

int sq_error(struct err *e, int code, sqlite3 *db, const char *what)
{
	return err_set(e, code, "%s: %s (SQLite %d)", what, sqlite3_errmsg(db), sqlite3_extended_errcode(db));
}

static int open_db(sqlite3 **db_r, const char *path, const char *pragmas, struct err *e)
{
	// SQLite would make it readable for everybody. Only when it is new: closing a file that SQLite has open loses
	// its locks.
	int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0) close(fd);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	int rc = sqlite3_open_v2(path, db_r, flags, NULL);
	if (!rc) rc = sqlite3_busy_timeout(*db_r, BUSY_MS);
	if (!rc) rc = sqlite3_exec(*db_r, pragmas, NULL, NULL, NULL);
	if (!rc) return 0;
	sq_error(e, E_STORE, *db_r, path);
	sqlite3_close(*db_r);
	*db_r = NULL;
	return E_STORE;
}

// Statements.

static bool is_blank(const char *tail) { return !tail[strspn(tail, " \t\n;")]; }

static int prepare(sqlite3 *db, const char *name, const char *sql, sqlite3_stmt **st_r, struct err *e)
{
	const char *tail;
	if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, st_r, &tail))
		return sq_error(e, E_STORE, db, name);
	return is_blank(tail) ? 0 : err_set(e, E_INTERNAL, "%s: more than one statement", name);
}

static int check_shape(const struct db_stmt *s, sqlite3_stmt *st, struct err *e)
{
	int n_params = (int)strlen(s->params) + (s->kind == DB_LOG);
	if (sqlite3_bind_parameter_count(st) > n_params)
		return err_set(e, E_INTERNAL, "%s: its SQLite text has more parameters than params says", s->name);
	if (s->kind == DB_READ && sqlite3_column_count(st) != (int)strlen(s->result))
		return err_set(e, E_INTERNAL, "%s: result says %zu columns, its SQLite text gives %d", s->name,
			       strlen(s->result), sqlite3_column_count(st));
	return 0;
}

static int prepare_table(struct sq_conn *c, bool are_reads, struct err *e)
{
	c->stmts = mem_calloc(c->n_stmts, sizeof *c->stmts);
	for (size_t i = 0; i < c->n_stmts; i++) {
		const struct db_stmt *s = &c->table[i];
		if ((s->kind == DB_READ) != are_reads) continue;
		int status = prepare(c->db, s->name, s->sqlite, &c->stmts[i], e);
		if (!status) status = check_shape(s, c->stmts[i], e);
		if (status) return status;
	}
	return 0;
}

static void conn_close(struct sq_conn *c)
{
	for (size_t i = 0; c->stmts && i < c->n_stmts; i++)
		sqlite3_finalize(c->stmts[i]);
	for (size_t i = 0; i < N_SQ_OWN; i++)
		sqlite3_finalize(c->own[i]);
	mem_free(c->stmts);
	if (c->db && sqlite3_close(c->db)) log_error("store", "SQLite: %s", sqlite3_errmsg(c->db));
	*c = (struct sq_conn){0};
}

static int conn_open(struct sq *q, struct sq_conn *c, const char *pragmas, struct err *e)
{
	c->table = q->c.stmts;
	c->n_stmts = q->c.n_stmts;
	return open_db(&c->db, driver_path(q->c.url), pragmas, e);
}

static int open_writer(struct sq *q, struct err *e)
{
	int status = conn_open(q, &q->writer,
			       "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -65536; "
			       "PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = OFF",
			       e);
	for (int i = 0; !status && i < N_SQ_OWN; i++)
		status = prepare(q->writer.db, "store", OWN_SQL[i], &q->writer.own[i], e);
	return status ? status : prepare_table(&q->writer, false, e);
}

static int open_conns(struct sq *q, struct err *e)
{
	int status = open_writer(q, e);
	if (!status) status = conn_open(q, &q->keeper, "PRAGMA synchronous = FULL", e);
	for (int i = 0; !status && i < SQ_READERS; i++) {
		status = conn_open(q, &q->readers[i], "PRAGMA query_only = ON; PRAGMA cache_size = -16384", e);
		if (!status) status = prepare_table(&q->readers[i], true, e);
	}
	return status;
}

static void close_conns(struct sq *q)
{
	for (int i = 0; i < SQ_READERS; i++)
		conn_close(&q->readers[i]);
	conn_close(&q->keeper);
	if (q->writer.db) sqlite3_wal_checkpoint_v2(q->writer.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	conn_close(&q->writer);
}

// Jobs of the writer.

static void do_run(struct lane_job *job, void *tool)
{
	struct sq *q = tool;
	sq_run(q, q->run);
}

static void on_run(void *job)
{
	struct sq *q = container_of(job, struct sq, run_job);
	struct run *r = q->run;
	q->run = NULL;
	r->done(r->arg);
}

static void op_run(struct driver *d, struct run *r)
{
	struct sq *q = container_of(d, struct sq, base);
	assert(!q->run);
	q->run = r;
	db_lane_push(q->writer_lane, &q->run_job);
}

static void do_recover(struct lane_job *job, void *tool)
{
	struct sq *q = tool;
	sq_recover(q, q->recovery);
}

static void on_recovered(void *job)
{
	struct sq *q = container_of(job, struct sq, recovery_job);
	struct recovery *rec = q->recovery;
	q->recovery = NULL;
	rec->done(rec->arg);
}

static void op_recover(struct driver *d, struct recovery *rec)
{
	struct sq *q = container_of(d, struct sq, base);
	q->recovery = rec;
	db_lane_push(q->writer_lane, &q->recovery_job);
}

// A file answers or fails by itself.
static void op_give_up(struct driver *d) {}

static void do_close(struct lane_job *job, void *tool)
{
	struct sq *q = tool;
	lane_free(&q->reader_lane);
	lane_free(&q->keeper_lane);
	close_conns(q);
}

static void on_closed(void *job)
{
	struct sq *q = container_of(job, struct sq, close_job);
	loop_cb closed = q->closed;
	void *arg = q->closed_arg;
	lane_free(&q->writer_lane);
	mem_free(q);
	closed(arg);
}

static void op_close(struct driver *d, loop_cb done, void *arg)
{
	struct sq *q = container_of(d, struct sq, base);
	assert(!q->run && !q->recovery);
	q->closed = done;
	q->closed_arg = arg;
	q->is_closing = true;
	if (!q->n_reads) db_lane_push(q->writer_lane, &q->close_job);
}

static struct driver *op_open(const struct driver_config *c, struct err *e)
{
	struct sq *q = mem_new(struct sq);
	q->base.ops = &DB_SQLITE;
	q->c = *c;
	if (open_conns(q, e)) {
		close_conns(q);
		mem_free(q);
		return NULL;
	}
	q->run_job = (struct lane_job){.work = do_run, .done = on_run};
	q->recovery_job = (struct lane_job){.work = do_recover, .done = on_recovered};
	q->close_job = (struct lane_job){.work = do_close, .done = on_closed};
	sq_wal_open(q);
	void *readers[SQ_READERS];
	for (int i = 0; i < SQ_READERS; i++)
		readers[i] = &q->readers[i];
	q->writer_lane = db_lane_new(c->loop, "store writer", (void *[]){q}, 1);
	q->reader_lane = db_lane_new(c->loop, "store reader", readers, SQ_READERS);
	q->keeper_lane = db_lane_new(c->loop, "store keeper", (void *[]){&q->keeper}, 1);
	return &q->base;
}

// The session.

struct sq_session {
	struct session base;
	sqlite3 *db;
};

static int ses_exec(struct session *s, const char *sql, struct err *e)
{
	sqlite3 *db = ((struct sq_session *)s)->db;
	return sqlite3_exec(db, sql, NULL, NULL, NULL) ? sq_error(e, E_STORE, db, "SQLite") : 0;
}

static int ses_query(struct session *s, struct query *q, struct err *e)
{
	sqlite3 *db = ((struct sq_session *)s)->db;
	sqlite3_stmt *st = NULL;
	int status = prepare(db, "store", q->sql, &st, e);
	for (size_t i = 0; !status && i < q->n_params; i++)
		sq_bind(st, (int)i + 1, &q->params[i]);
	if (!status && sq_rows(st, q->result ? q->result : "", q->arena, &q->rows))
		status = sq_error(e, E_STORE, db, "store");
	sqlite3_finalize(st);
	return status;
}

static int ses_now(struct session *s, int64_t *ms_r, struct err *e)
{
	*ms_r = clock_now_ms();
	return 0;
}

static void ses_close(struct session *s)
{
	sqlite3_close(((struct sq_session *)s)->db);
	mem_free(s);
}

static const struct session_ops SESSION = {
	.begin_alone = "BEGIN IMMEDIATE",
	.exec = ses_exec,
	.query = ses_query,
	.now = ses_now,
	.close = ses_close,
};

static struct session *op_session(const char *url, struct err *e)
{
	sqlite3 *db;
	if (open_db(&db, driver_path(url), "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", e)) return NULL;
	struct sq_session *s = mem_new(struct sq_session);
	*s = (struct sq_session){.base.ops = &SESSION, .db = db};
	return &s->base;
}

const struct driver_ops DB_SQLITE = {
	.name = "sqlite",
	.session = op_session,
	.open = op_open,
	.run = op_run,
	.recover = op_recover,
	.read = sq_read,
	.give_up = op_give_up,
	.close = op_close,
};
