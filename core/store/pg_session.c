// SPDX-License-Identifier: Apache-2.0
// PostgreSQL, blocking, for start-up: migrations and the node row.
#include "pg.h"
#include <assert.h>
#include <string.h>

struct pg_session {
	struct session base;
	PGconn *db;
};

static PGconn *db_of(struct session *s) { return ((struct pg_session *)s)->db; }

static int check(PGconn *db, PGresult *r, struct err *e)
{
	ExecStatusType status = PQresultStatus(r);
	bool is_fine = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
	return is_fine ? 0 : pg_error(e, "start-up", PQerrorMessage(db));
}

static int ses_exec(struct session *s, const char *sql, struct err *e)
{
	PGresult *r = PQexec(db_of(s), sql);
	int status = check(db_of(s), r, e);
	PQclear(r);
	return status;
}

static PGresult *exec_query(PGconn *db, const struct query *q)
{
	enum { MAX = 16 };
	Oid types[MAX];
	const char *values[MAX];
	size_t at[MAX + 1] = {0};
	int lengths[MAX], formats[MAX];
	assert(q->n_params <= MAX);
	struct buf b = {0};
	buf_reserve(&b, 1);
	for (size_t i = 0; i < q->n_params; i++) {
		types[i] = pg_oid_of(q->params[i].type, false);
		pg_put_value(&b, &q->params[i]);
		at[i + 1] = b.n;
		lengths[i] = (int)(at[i + 1] - at[i]);
		formats[i] = 1;
	}
	for (size_t i = 0; i < q->n_params; i++)
		values[i] = b.p + at[i];
	PGresult *r = PQexecParams(db, q->sql, (int)q->n_params, types, values, lengths, formats, 1);
	buf_fini(&b);
	return r;
}

static int ses_query(struct session *s, struct query *q, struct err *e)
{
	PGresult *r = exec_query(db_of(s), q);
	const char *result = q->result ? q->result : "";
	int status = check(db_of(s), r, e);
	size_t n_rows = status ? 0 : (size_t)PQntuples(r), n_cols = strlen(result);
	struct db_value *values = arena_array(q->arena, struct db_value, n_rows * n_cols + 1);
	for (size_t i = 0; i < n_rows * n_cols; i++) {
		struct db_value v = pg_get(r, (int)(i / n_cols), (int)(i % n_cols), result[i % n_cols]);
		if (v.type == 't' || v.type == 'b') v.s = arena_str(q->arena, v.s);
		values[i] = v;
	}
	q->rows = (struct db_rows){.n_rows = n_rows, .n_cols = n_cols, .values = values};
	PQclear(r);
	return status;
}

static int ses_now(struct session *s, int64_t *ms_r, struct err *e)
{
	struct query q = {
		.sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint",
		.result = "i",
		.arena = arena_new(0),
	};
	int status = ses_query(s, &q, e);
	if (!status) *ms_r = db_int(&q.rows, 0, 0);
	arena_free(&q.arena);
	return status;
}

static void ses_close(struct session *s)
{
	PQfinish(db_of(s));
	mem_free(s);
}

// The number is ours: "beseda", as letters.
#define ALONE "BEGIN; SELECT pg_advisory_xact_lock(108170352387169)"

static const struct session_ops SESSION = {
	.begin_alone = ALONE,
	.exec = ses_exec,
	.query = ses_query,
	.now = ses_now,
	.close = ses_close,
};

static void quiet(void *arg, const char *text) {}

struct session *pg_session(const char *url, struct err *e)
{
	struct pg_address a;
	if (pg_resolve_now(url, &a, e)) return NULL;
	PGconn *db = PQconnectdbParams(a.keys, (const char *const *)a.values, 0);
	pg_address_fini(&a);
	if (PQstatus(db) != CONNECTION_OK) {
		pg_error(e, "start-up", PQerrorMessage(db));
		PQfinish(db);
		return NULL;
	}
	PQsetNoticeProcessor(db, quiet, NULL);
	struct pg_session *s = mem_new(struct pg_session);
	*s = (struct pg_session){.base.ops = &SESSION, .db = db};
	return &s->base;
}
