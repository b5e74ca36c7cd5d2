// SPDX-License-Identifier: Apache-2.0
// PostgreSQL: one batch as one transaction in one burst, or in two when it has guards; and what became of a lost one.
#include "base/log.h"
#include "pg.h"
#include <assert.h>
#include <string.h>

#define STUCK_MS 30000
#define NOW_MS "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
// An UPDATE that finds no row must stop the transaction, COMMIT included, without another round trip: 1 / 0 does.
#define NODE(head)                                                                                                     \
	"WITH u AS (UPDATE node SET batch = $3::bigint, id_mark = $4::bigint, lease_until = CASE "                     \
	"WHEN $5::bigint = 0 THEN 0 ELSE " NOW_MS " + $5::bigint END" head                                             \
	" WHERE id = $1::bigint AND epoch = $2::bigint RETURNING 1) SELECT 1 / count(*) FROM u"

static const char *const SETTINGS[] = {
	"SET lock_timeout = '1s'",
	"SET idle_in_transaction_session_timeout = '10s'",
	"SET default_transaction_isolation = 'read committed'",
	"SET jit = off",
	"SET tcp_keepalives_idle = 2",
	"SET tcp_keepalives_interval = 1",
	"SET tcp_keepalives_count = 3",
	"SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
	NULL,
};

static const struct pg_statement OWN[] = {
	{"begin", "BEGIN"},
	{"commit", "COMMIT"},
	{"rollback", "ROLLBACK"},
	{"wary", "SET LOCAL lock_timeout = '50ms'"},
	{"patient", "SET LOCAL lock_timeout = '1s'"},
	{"node", NODE("")},
	// The head is locked here already, so that its number before the batch stands beside the batch's.
	{"node_log", NODE(", batch_seq = (SELECT seq FROM feed_head FOR UPDATE)")},
	// A new epoch: whatever the lost connection left behind finds no row any more. It waits while that one is
	// committing.
	{"take", "UPDATE node SET epoch = epoch + 1 WHERE id = $1::bigint AND holder = $2::bigint RETURNING epoch, "
		 "batch, batch_seq"},
	{"find", "SELECT epoch, batch, batch_seq FROM node WHERE id = $1::bigint"},
	{0},
};

static struct pg *pg_of(struct pg_conn *c) { return container_of(c, struct pg, writer); }

// Sending.

static void send_span(struct pg *pg, size_t at, enum pg_kind kind)
{
	struct pg_conn *c = &pg->writer;
	const struct run_span *sp = &pg->run->spans[at];
	const struct db_stmt *s = &pg->c.stmts[sp->stmt];
	pg_args_begin(c);
	if (kind != PG_WRITE) {
		pg_arg_begin(c);
		pg_put_ords(&c->args, sp->n);
	}
	for (size_t col = 0; s->params[col]; col++) {
		pg_arg_begin(c);
		pg_put_column(&c->args, s->params[col], pg->run->rows + sp->first, sp->n, col);
	}
	pg_send_stmt(c, kind, (uint32_t)at, sp->stmt);
}

static void send_node(struct pg *pg)
{
	const struct run *r = pg->run;
	const struct db_value args[] = {
		DB_INT(r->node), DB_INT(r->epoch), DB_INT(r->batch), DB_INT(r->id_mark), DB_INT(r->lease_ms),
	};
	pg_send_own(&pg->writer, PG_NODE, r->n_log ? "node_log" : "node", args, ARRAY_LEN(args));
}

// Everything after the guards. An error anywhere makes the server skip the rest, COMMIT included.
static void send_rest(struct pg *pg)
{
	struct pg_conn *c = &pg->writer;
	const struct run *r = pg->run;
	size_t n_writes = r->n_spans - (r->n_log > 0);
	for (size_t i = r->n_guards; i < n_writes; i++)
		send_span(pg, i, PG_WRITE);
	// Everybody needs these two rows: here a short patience would give up too early.
	if (r->is_wary) pg_send_own(c, PG_QUIET, "patient", NULL, 0);
	send_node(pg);
	if (r->n_log) send_span(pg, n_writes, PG_LOG);
	pg_send_own(c, PG_COMMIT, "commit", NULL, 0);
	pg->is_commit_sent = true;
	pg_send_sync(c, PG_RUN_SYNC);
}

static void send_guards(struct pg *pg)
{
	const struct run *r = pg->run;
	if (r->n_rows > pg->cap_applied) {
		pg->cap_applied = r->n_rows * 2;
		pg->applied = mem_realloc(pg->applied, pg->cap_applied);
	}
	memset(pg->applied, 0, r->n_rows);
	for (size_t i = 0; i < r->n_guards; i++)
		send_span(pg, i, PG_GUARD);
	pg_send_sync(&pg->writer, PG_RUN_SYNC);
}

static void end_run(void *arg)
{
	struct pg *pg = arg;
	struct run *r = pg->run;
	pg->run = NULL;
	pg_conn_limit(&pg->writer, 0);
	r->done(r->arg);
}

void pg_run(struct driver *d, struct run *r)
{
	struct pg *pg = container_of(d, struct pg, base);
	struct pg_conn *c = &pg->writer;
	assert(!pg->run && !pg->recovery);
	pg->run = r;
	pg->is_commit_sent = false;
	pg->error.state[0] = 0;
	r->status = RUN_LOST; // until COMMIT is answered
	if (c->state != PG_UP || c->is_failing) {
		r->status = RUN_AWAY;
		r->why = c->why;
		loop_defer(pg->c.loop, end_run, pg);
		return;
	}
	pg_conn_limit(c, STUCK_MS);
	pg_send_own(c, PG_BEGIN, "begin", NULL, 0);
	if (r->is_wary) pg_send_own(c, PG_QUIET, "wary", NULL, 0);
	if (r->n_guards)
		send_guards(pg);
	else
		send_rest(pg);
}

// Answers.

static void keep_error(struct pg *pg, const struct pg_expect *x, const PGresult *r)
{
	if (pg->error.state[0]) return;
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	pg->error.kind = x->kind;
	pg->error.at = x->at;
	snprintf(pg->error.state, sizeof pg->error.state, "%s", state ? state : "08000");
	pg_text_of(r, pg->error.text, sizeof pg->error.text);
}

static void mark_applied(struct pg *pg, const struct run_span *sp, const PGresult *r)
{
	for (int i = 0; i < PQntuples(r); i++) {
		int64_t ord = pg_get_int(r, i, 0);
		if (ord >= 1 && ord <= sp->n) pg->applied[sp->first + ord - 1] = true;
	}
}

static void run_result(struct pg *pg, const struct pg_expect *x, const PGresult *r)
{
	struct run *run = pg->run;
	if (pg_is_error(r)) keep_error(pg, x, r);
	if (PQresultStatus(r) == PGRES_TUPLES_OK && x->kind == PG_GUARD) mark_applied(pg, &run->spans[x->at], r);
	if (PQresultStatus(r) == PGRES_TUPLES_OK && x->kind == PG_LOG && PQntuples(r) == 1)
		run->last_seq = pg_get_int(r, 0, 0);
	if (PQresultStatus(r) == PGRES_COMMAND_OK && x->kind == PG_COMMIT) run->status = RUN_COMMITTED;
}

static bool is_class(const char *state, const char *class) { return !strncmp(state, class, strlen(class)); }

static enum run_status status_of(const struct pg *pg)
{
	const char *s = pg->error.state;
	bool is_ours = pg->error.kind == PG_NODE || pg->error.kind == PG_BEGIN;
	bool is_everybodys = pg->error.kind == PG_NODE || pg->error.kind == PG_LOG;
	if (pg->error.kind == PG_NODE && is_class(s, "22012")) return RUN_FENCED;
	// Also when the session is not what it should be, or of a standby, or has lost its statements: a new one helps.
	if (is_class(s, "08") || is_class(s, "57P") || is_class(s, "25") || is_class(s, "26")) return RUN_LOST;
	if (is_class(s, "55P03") || is_class(s, "57014")) return is_everybodys ? RUN_HELD : RUN_LOCKED;
	if (is_class(s, "40")) return RUN_HELD; // a deadlock, a clash: the same again
	// 42: a table is gone or forbidden, which is no fault of any row.
	if (is_class(s, "53") || is_class(s, "58") || is_class(s, "42") || is_ours) return RUN_FULL;
	return RUN_REFUSED;
}

static const char *culprit_name(const struct pg *pg)
{
	switch (pg->error.kind) {
	case PG_GUARD:
	case PG_WRITE:
	case PG_LOG: return pg->c.stmts[pg->run->spans[pg->error.at].stmt].name;
	case PG_NODE: return "node";
	default: return "COMMIT";
	}
}

static void end_with_error(struct pg *pg)
{
	struct run *r = pg->run;
	r->status = status_of(pg);
	err_set(&r->why, E_STORE, "%s: %s", culprit_name(pg), pg->error.text);
	if (r->status == RUN_LOST) { // comes back through `down`
		pg_conn_fail(&pg->writer, r->why.text);
		return;
	}
	if (pg->error.kind == PG_GUARD || pg->error.kind == PG_WRITE) {
		r->bad_first = r->spans[pg->error.at].first;
		r->n_bad = r->spans[pg->error.at].n;
	}
	end_run(pg);
}

static bool find_failed(struct pg *pg)
{
	struct run *r = pg->run;
	size_t n = r->n_guards ? r->spans[r->n_guards - 1].first + r->spans[r->n_guards - 1].n : 0;
	for (size_t i = 0; i < n; i++)
		if (!pg->applied[i]) r->failed[r->n_failed++] = (uint32_t)i;
	return r->n_failed > 0;
}

static void roll_back(struct pg *pg)
{
	pg_send_own(&pg->writer, PG_QUIET, "rollback", NULL, 0);
	pg_send_sync(&pg->writer, PG_QUIET);
}

// A burst is answered.
static void run_sync(struct pg *pg)
{
	struct run *r = pg->run;
	if (pg->error.state[0]) {
		roll_back(pg);
		end_with_error(pg);
		return;
	}
	if (pg->is_commit_sent) {
		if (r->status == RUN_COMMITTED)
			end_run(pg);
		else
			pg_conn_fail(&pg->writer, "COMMIT was not answered");
		return;
	}
	if (find_failed(pg)) {
		roll_back(pg);
		r->status = RUN_CONFLICT;
		end_run(pg);
		return;
	}
	send_rest(pg);
}

// What became of a lost transaction.

static void end_recovery(struct pg *pg, int status, const char *why)
{
	struct recovery *rec = pg->recovery;
	pg->recovery = NULL;
	rec->status = status ? err_set(&rec->why, status, "%s", why) : 0;
	pg_conn_limit(&pg->writer, 0);
	rec->done(rec->arg);
}

static void send_take(struct pg *pg)
{
	const struct db_value args[] = {DB_INT(pg->recovery->node), DB_INT(pg->recovery->holder)};
	pg->is_taken = false;
	pg->error.state[0] = 0;
	pg_conn_limit(&pg->writer, STUCK_MS);
	pg_send_own(&pg->writer, PG_TAKE, "take", args, 2);
	pg_send_own(&pg->writer, PG_FIND, "find", args, 1);
	pg_send_sync(&pg->writer, PG_TAKE_SYNC);
}

static void take_result(struct pg *pg, const struct pg_expect *x, const PGresult *r)
{
	struct recovery *rec = pg->recovery;
	if (pg_is_error(r)) keep_error(pg, x, r);
	if (PQresultStatus(r) != PGRES_TUPLES_OK || PQntuples(r) != 1) return;
	rec->epoch = pg_get_int(r, 0, 0);
	rec->batch = pg_get_int(r, 0, 1);
	rec->batch_seq = pg_get_int(r, 0, 2);
	if (x->kind == PG_TAKE) pg->is_taken = true;
}

static void take_sync(struct pg *pg)
{
	if (pg->error.state[0])
		end_recovery(pg, E_STORE, pg->error.text);
	else
		end_recovery(pg, pg->is_taken ? 0 : E_FENCED, err_text(E_FENCED));
}

void pg_recover(struct driver *d, struct recovery *rec)
{
	struct pg *pg = container_of(d, struct pg, base);
	assert(!pg->run && !pg->recovery);
	pg->recovery = rec;
	if (pg->writer.state == PG_DOWN)
		pg_conn_open(&pg->writer);
	else if (pg->writer.state == PG_UP && !pg->writer.is_failing)
		send_take(pg);
}

void pg_give_up(struct driver *d)
{
	struct pg *pg = container_of(d, struct pg, base);
	if ((pg->run || pg->recovery) && pg->writer.state != PG_DOWN) pg_conn_fail(&pg->writer, "gave up waiting");
}

// The connection's calls.

static void on_up(struct pg_conn *c)
{
	if (pg_of(c)->recovery) send_take(pg_of(c));
}

static void on_result(struct pg_conn *c, const struct pg_expect *x, const PGresult *r)
{
	struct pg *pg = pg_of(c);
	bool is_sync = PQresultStatus(r) == PGRES_PIPELINE_SYNC;
	if (x->kind == PG_TAKE_SYNC)
		take_sync(pg);
	else if (x->kind == PG_TAKE || x->kind == PG_FIND)
		take_result(pg, x, r);
	else if (is_sync)
		run_sync(pg);
	else
		run_result(pg, x, r);
}

static void on_down(struct pg_conn *c, enum pg_state was)
{
	struct pg *pg = pg_of(c);
	if (pg->recovery) {
		end_recovery(pg, E_STORE, c->why.text);
		return;
	}
	if (pg->run) {
		pg->run->status = pg->is_commit_sent ? RUN_LOST : RUN_AWAY;
		pg->run->why = c->why;
		end_run(pg);
		return;
	}
	pg->c.on_down(pg->c.arg);
}

static const struct pg_conn_ops OPS = {.up = on_up, .result = on_result, .down = on_down};

const struct pg_conn_kind PG_WRITER = {
	.name = "writer",
	.ops = &OPS,
	.settings = SETTINGS,
	.own = OWN,
};
