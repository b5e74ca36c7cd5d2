// SPDX-License-Identifier: Apache-2.0
// A bare libpq: one connection, each transaction sent as one pipeline of prepared statements with binary arrays.
#include "limit.h"
#include <endian.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGS (32u << 20)
#define COLS 64
enum { OID_BYTEA = 17, OID_INT8 = 20, OID_INT4 = 23, OID_TEXT = 25 };

struct pg {
	struct limit_db base;
	PGconn *conn;
	char *args; // of the statement that is sent
	size_t n_args;
	const char *at[COLS];
	int lengths[COLS], formats[COLS];
	int n_cols;
};

static void check(struct pg *pg, PGresult *r, const char *what)
{
	ExecStatusType s = PQresultStatus(r);
	if (s != PGRES_COMMAND_OK && s != PGRES_TUPLES_OK && s != PGRES_PIPELINE_SYNC)
		die("%s: %s", what, PQerrorMessage(pg->conn));
}

static void prepare(struct pg *pg, const char *name, const char *sql)
{
	PGresult *r = PQprepare(pg->conn, name, sql, 0, NULL);
	check(pg, r, name);
	PQclear(r);
}

// ---- arrays, as PostgreSQL reads them
// -----------------------------------------------------------------------------------------

static void put32(struct pg *pg, uint32_t v)
{
	v = htobe32(v);
	memcpy(pg->args + pg->n_args, &v, 4);
	pg->n_args += 4;
}

static void put64(struct pg *pg, int64_t i)
{
	uint64_t v = htobe64((uint64_t)i);
	memcpy(pg->args + pg->n_args, &v, 8);
	pg->n_args += 8;
}

static void begin_array(struct pg *pg, uint32_t oid, size_t n)
{
	pg->at[pg->n_cols] = pg->args + pg->n_args;
	put32(pg, 1);
	put32(pg, 1); // may hold NULL
	put32(pg, oid);
	put32(pg, (uint32_t)n);
	put32(pg, 1);
}

static void end_array(struct pg *pg)
{
	pg->lengths[pg->n_cols] = (int)(pg->args + pg->n_args - pg->at[pg->n_cols]);
	pg->formats[pg->n_cols++] = 1;
}

static void put_value(struct pg *pg, const struct db_value *v)
{
	if (pg->n_args + v->s.n + 64 > ARGS) die("the rows of one batch are too long");
	switch (v->type) {
	case 0: put32(pg, UINT32_MAX); break;
	case 'i':
		put32(pg, 8);
		put64(pg, v->i);
		break;
	default:
		put32(pg, (uint32_t)v->s.n);
		memcpy(pg->args + pg->n_args, v->s.p, v->s.n);
		pg->n_args += v->s.n;
	}
}

static void put_ords(struct pg *pg, size_t n)
{
	begin_array(pg, OID_INT4, n);
	for (uint32_t i = 1; i <= n; i++) {
		put32(pg, 4);
		put32(pg, i);
	}
	end_array(pg);
}

static void put_column(struct pg *pg, const struct unit *u, int stmt, size_t col)
{
	char type = STATEMENTS[stmt].params[col];
	size_t n = u->rows[stmt].n, n_cols = u->rows[stmt].n_cols;
	begin_array(pg, type == 'i' ? OID_INT8 : type == 't' ? OID_TEXT : OID_BYTEA, n);
	for (size_t i = 0; i < n; i++)
		put_value(pg, &u->rows[stmt].values[i * n_cols + col]);
	end_array(pg);
}

// ---- one transaction
// ----------------------------------------------------------------------------------------------------------

static void send(struct pg *pg, const char *name)
{
	if (!PQsendQueryPrepared(pg->conn, name, pg->n_cols, pg->at, pg->lengths, pg->formats, 1))
		die("%s: %s", name, PQerrorMessage(pg->conn));
	pg->n_cols = 0;
	pg->n_args = 0;
}

static void send_stmt(struct pg *pg, const struct unit *u, int stmt)
{
	char name[16];
	const struct db_stmt *s = &STATEMENTS[stmt];
	if (s->kind != DB_WRITE) put_ords(pg, u->rows[stmt].n);
	for (size_t col = 0; s->params[col]; col++)
		put_column(pg, u, stmt, col);
	snprintf(name, sizeof name, "s%d", stmt);
	send(pg, name);
}

static void put_number(struct pg *pg, int64_t v)
{
	pg->at[pg->n_cols] = pg->args + pg->n_args;
	put64(pg, v);
	end_array(pg);
}

static void send_node(struct pg *pg)
{
	put_number(pg, pg->base.node.id);
	put_number(pg, pg->base.node.epoch);
	put_number(pg, ++pg->base.node.batch);
	send(pg, "node");
}

static int64_t int_of(const PGresult *r)
{
	uint64_t v;
	if (PQntuples(r) != 1 || PQgetlength(r, 0, 0) != 8) die("the log gave no seq");
	memcpy(&v, PQgetvalue(r, 0, 0), 8);
	return (int64_t)be64toh(v);
}

// The answer to one statement.
static PGresult *take(struct pg *pg, const char *what)
{
	PGresult *r = PQgetResult(pg->conn);
	check(pg, r, what);
	PGresult *end = PQresultStatus(r) == PGRES_PIPELINE_SYNC ? NULL : PQgetResult(pg->conn);
	if (end) die("%s: more than one answer", what);
	return r;
}

static void take_quiet(struct pg *pg, const char *what) { PQclear(take(pg, what)); }

static void take_stmt(struct pg *pg, const struct unit *u, int stmt)
{
	PGresult *r = take(pg, STATEMENTS[stmt].name);
	bool is_guard = STATEMENTS[stmt].kind == DB_GUARD;
	if (is_guard && (size_t)PQntuples(r) != u->rows[stmt].n) die("%s did not apply", STATEMENTS[stmt].name);
	PQclear(r);
}

static int64_t pg_commit(struct limit_db *db, const struct unit *u)
{
	struct pg *pg = (struct pg *)db;
	bool has_log = unit_n_log(u) > 0;
	int64_t last = 0;
	send(pg, "begin");
	for (int i = 0; i < N_STATEMENTS; i++)
		if (u->rows[i].n && STATEMENTS[i].kind != DB_LOG) send_stmt(pg, u, i);
	send_node(pg);
	if (has_log) send_stmt(pg, u, STMT_EVENT_ADD);
	send(pg, "commit");
	if (!PQpipelineSync(pg->conn)) die("sync: %s", PQerrorMessage(pg->conn));
	take_quiet(pg, "begin");
	for (int i = 0; i < N_STATEMENTS; i++)
		if (u->rows[i].n && STATEMENTS[i].kind != DB_LOG) take_stmt(pg, u, i);
	PGresult *node = take(pg, "node");
	if (strcmp(PQcmdTuples(node), "1")) die("the node row is another's");
	PQclear(node);
	if (has_log) {
		PGresult *r = take(pg, "log");
		last = int_of(r);
		PQclear(r);
	}
	take_quiet(pg, "commit");
	take_quiet(pg, "sync");
	return last;
}

// ---- open, query, close
// -------------------------------------------------------------------------------------------------------

static struct db_rows pg_query(struct limit_db *db, const char *sql, const char *result)
{
	struct pg *pg = (struct pg *)db;
	if (!PQexitPipelineMode(pg->conn)) die("%s", PQerrorMessage(pg->conn));
	PGresult *r = PQexec(pg->conn, sql); // never freed: the rows point into it
	check(pg, r, sql);
	size_t n = (size_t)PQntuples(r), n_cols = strlen(result);
	struct db_value *values = calloc(n * n_cols + 1, sizeof *values);
	if (!values) die("no memory");
	for (size_t i = 0; i < n * n_cols; i++) {
		int row = (int)(i / n_cols), col = (int)(i % n_cols);
		const char *text = PQgetvalue(r, row, col);
		if (PQgetisnull(r, row, col))
			values[i] = DB_NULL;
		else
			values[i] = result[col] == 't' ? DB_TEXT(str_of(text)) : DB_INT(strtoll(text, NULL, 10));
	}
	if (!PQenterPipelineMode(pg->conn)) die("%s", PQerrorMessage(pg->conn));
	return (struct db_rows){n, n_cols, values};
}

static void pg_tidy(struct limit_db *db)
{
	pg_query(db, "VACUUM (ANALYZE)", "");
	pg_query(db, "CHECKPOINT", "");
}

static void pg_close(struct limit_db *db)
{
	struct pg *pg = (struct pg *)db;
	PQfinish(pg->conn);
	free(pg->args);
}

// The figures would mean nothing otherwise.
static void check_durable(struct pg *pg)
{
	struct db_rows rows = pg_query(&pg->base,
				       "SELECT 1 WHERE current_setting('fsync') = 'on' AND"
				       " current_setting('synchronous_commit') = 'on'",
				       "i");
	if (!rows.n_rows) die("fsync or synchronous_commit is off");
}

struct limit_db *limit_pg_open(const char *url)
{
	struct pg *pg = calloc(1, sizeof *pg);
	if (!pg || !(pg->args = malloc(ARGS))) die("no memory");
	pg->base = (struct limit_db){.commit = pg_commit, .query = pg_query, .tidy = pg_tidy, .close = pg_close};
	pg->conn = PQconnectdb(url);
	if (PQstatus(pg->conn) != CONNECTION_OK) die("%s", PQerrorMessage(pg->conn));
	PQclear(PQexec(pg->conn, "SET jit = off"));
	for (int i = 0; i < N_STATEMENTS; i++) {
		char name[16];
		snprintf(name, sizeof name, "s%d", i);
		if (STATEMENTS[i].kind != DB_READ) prepare(pg, name, STATEMENTS[i].pgsql);
	}
	prepare(pg, "begin", "BEGIN");
	prepare(pg, "commit", "COMMIT");
	prepare(pg, "node",
		"UPDATE node SET batch = $3::bigint, lease_until = 0, batch_seq = (SELECT seq FROM feed_head FOR "
		"UPDATE)"
		" WHERE id = $1::bigint AND epoch = $2::bigint");
	if (!PQenterPipelineMode(pg->conn)) die("%s", PQerrorMessage(pg->conn));
	check_durable(pg);
	return &pg->base;
}
