// SPDX-License-Identifier: Apache-2.0
// Units a second through the store, beside a bare loop that runs the same statements in batches that are always full.
//   store_bench [sqlite|pgsql] [seconds] [units under way]
#include "base/clock.h"
#include "base/log.h"
#include "pg.h"
#include "test_pg.h"
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define BATCH 200
#define CONVERSATIONS 20000

enum { SEEN, TOUCH, EVENT, N_STMTS };

// One inbound message in little: a guard against doubles, an update of its conversation, an event.
static const struct db_stmt STMTS[] = {
	[SEEN] = {"seen", DB_GUARD, "iti", NULL,
		  "INSERT INTO seen (inbox, key, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
		  "WITH u AS (SELECT DISTINCT ON (inbox, key) * FROM unnest($1::int[], $2::bigint[], $3::text[], "
		  "$4::bigint[]) "
		  "AS u(ord, inbox, key, at) ORDER BY inbox, key, ord), i AS (INSERT INTO seen (inbox, key, at) SELECT "
		  "inbox, key, "
		  "at FROM u ON CONFLICT DO NOTHING RETURNING inbox, key) SELECT u.ord FROM u JOIN i USING (inbox, "
		  "key)"},
	[TOUCH] = {"touch", DB_WRITE, "iit", NULL, "UPDATE conversation SET last_at = ?2, preview = ?3 WHERE id = ?1",
		   "UPDATE conversation c SET last_at = u.at, preview = u.preview FROM unnest($1::bigint[], "
		   "$2::bigint[], "
		   "$3::text[]) AS u(id, at, preview) WHERE c.id = u.id"},
	[EVENT] = {"event", DB_LOG, "iiit", NULL,
		   "INSERT INTO event (seq, at, conversation, contact, kind) VALUES (?1, ?2, ?3, ?4, ?5)",
		   "WITH h AS (UPDATE feed_head SET seq = seq + cardinality($1) RETURNING seq), i AS (INSERT INTO "
		   "event (seq, at, "
		   "conversation, contact, kind) SELECT h.seq - cardinality($1) + u.ord, u.at, u.conversation, "
		   "u.contact, u.kind "
		   "FROM h, unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[]) AS u(ord, at, "
		   "conversation, "
		   "contact, kind)) SELECT seq FROM h"},
};

#define TABLES(fill, rows)                                                                                             \
	"CREATE TABLE seen (inbox bigint, key text, at bigint NOT NULL, PRIMARY KEY (inbox, key));\n"                  \
	"CREATE TABLE conversation (id bigint PRIMARY KEY, last_at bigint, preview text)" fill ";\n"                   \
	"CREATE TABLE event (seq bigint PRIMARY KEY, at bigint, conversation bigint, contact bigint, kind text);\n"    \
	"INSERT INTO conversation (id) " rows ";\n"

extern const struct store_migration STORE_MIGRATIONS[];
static struct store_migration migrations[] = {
	{0},
	{2, "bench",
	 TABLES("", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n"),
	 TABLES(" WITH (fillfactor = 80)", "SELECT i FROM generate_series(1, 20000) AS g(i)")},
};

static struct loop *loop;
static struct store *store;
static int64_t n_made, n_done, ends_at;
static int n_under_way;

static int64_t cpu_us(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return u.ru_utime.tv_sec * 1000000LL + u.ru_utime.tv_usec + u.ru_stime.tv_sec * 1000000LL + u.ru_stime.tv_usec;
}

// The rows of the nth message.
static void make_rows(int64_t n, char key[32], struct db_value seen[3], struct db_value touch[3],
		      struct db_value event[4])
{
	int64_t id = n * 7919 % CONVERSATIONS + 1;
	struct str text = {key, (size_t)snprintf(key, 32, "provider-key-%lld", (long long)n)};
	memcpy(seen, (struct db_value[]){DB_INT(1), DB_TEXT(text), DB_INT(n)}, 3 * sizeof *seen);
	memcpy(touch, (struct db_value[]){DB_INT(id), DB_INT(n), DB_TEXT(STR("Hello, where is my order?"))},
	       3 * sizeof *touch);
	memcpy(event, (struct db_value[]){DB_INT(n), DB_INT(id), DB_INT(id + 1), DB_TEXT(STR("message.in"))},
	       4 * sizeof *event);
}

// Through the store.

static void submit_one(void);

static void on_unit(const struct unit_result *r, void *arg)
{
	if (r->status) {
		fprintf(stderr, "unit: %s\n", err_name(r->status));
		exit(1);
	}
	n_done++;
	n_under_way--;
	if (clock_mono_ms() < ends_at)
		submit_one();
	else if (!n_under_way)
		loop_stop(loop);
}

static void submit_one(void)
{
	char key[32];
	struct db_value seen[3], touch[3], event[4];
	make_rows(n_made++, key, seen, touch, event);
	struct unit *u = unit_new(store);
	unit_add(u, SEEN, seen);
	unit_add(u, TOUCH, touch);
	unit_add(u, EVENT, event);
	n_under_way++;
	store_submit(store, u, on_unit, NULL);
}

static void on_closed(void *arg) { loop_stop(loop); }

static double run_store(const char *url, int seconds, int width)
{
	struct err e;
	loop = loop_new();
	loop_warn_above_ms(loop, 0);
	struct store_options o = {.loop = loop,
				  .url = url,
				  .instance = "bench",
				  .stmts = STMTS,
				  .n_stmts = N_STMTS,
				  .migrations = migrations,
				  .n_migrations = 2,
				  .max_waiting = 1000000};
	if (store_open(&store, &o, &e)) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
	int64_t began = clock_mono_ns(), cpu = cpu_us();
	ends_at = clock_mono_ms() + seconds * 1000;
	n_done = 0;
	for (int i = 0; i < width; i++)
		submit_one();
	loop_run(loop);
	double took = (double)(clock_mono_ns() - began) / 1e9;
	struct store_stats st;
	store_stats(store, &st);
	printf("  store, %4d under way: %8.0f units/s, %5.1f units a batch, %6.2f ms a batch, %5.1f us CPU of ours a "
	       "unit\n",
	       width, (double)n_done / took, (double)st.units / (double)st.batches,
	       (double)st.batch_ns_total / 1e6 / (double)st.batches, (double)(cpu_us() - cpu) / (double)n_done);
	store_close(store, 5000, on_closed, NULL);
	loop_run(loop);
	loop_free(&loop);
	return (double)n_done / took;
}

// The bare loops.

struct rows {
	char keys[BATCH][32];
	struct db_value seen[BATCH][3], touch[BATCH][3], event[BATCH][4];
	struct run_row row[N_STMTS][BATCH];
};

static void make_batch(struct rows *r)
{
	for (int i = 0; i < BATCH; i++) {
		make_rows(n_made++, r->keys[i], r->seen[i], r->touch[i], r->event[i]);
		r->row[SEEN][i].values = r->seen[i];
		r->row[TOUCH][i].values = r->touch[i];
		r->row[EVENT][i].values = r->event[i];
	}
}

static void must(bool is_fine, const char *what)
{
	if (is_fine) return;
	fprintf(stderr, "failed: %s\n", what);
	exit(1);
}

static void lite_bind(sqlite3_stmt *st, int at, const struct db_value *v)
{
	if (v->type == 'i')
		sqlite3_bind_int64(st, at, v->i);
	else
		sqlite3_bind_text(st, at, v->s.p, (int)v->s.n, SQLITE_STATIC);
}

static void lite_rows(sqlite3_stmt *st, const struct run_row *rows, int first, int n, int64_t seq)
{
	for (int i = 0; i < BATCH; i++) {
		if (first == 2) sqlite3_bind_int64(st, 1, seq++);
		for (int k = 0; k < n; k++)
			lite_bind(st, first + k, &rows[i].values[k]);
		must(sqlite3_step(st) == SQLITE_DONE, "step");
		sqlite3_reset(st);
	}
}

static double run_bare_sqlite(const char *path, int seconds)
{
	static struct rows r;
	sqlite3 *db;
	sqlite3_stmt *st[N_STMTS], *head;
	must(!sqlite3_open(path, &db), path);
	sqlite3_exec(db, "PRAGMA synchronous = FULL; PRAGMA cache_size = -65536", NULL, NULL, NULL);
	for (int i = 0; i < N_STMTS; i++)
		must(!sqlite3_prepare_v2(db, STMTS[i].sqlite, -1, &st[i], NULL), STMTS[i].name);
	must(!sqlite3_prepare_v2(db, "UPDATE feed_head SET seq = seq + 200 RETURNING seq", -1, &head, NULL), "head");
	int64_t began = clock_mono_ns(), n = 0;
	for (int64_t end = clock_mono_ms() + seconds * 1000; clock_mono_ms() < end; n += BATCH) {
		make_batch(&r);
		sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
		lite_rows(st[SEEN], r.row[SEEN], 1, 3, 0);
		lite_rows(st[TOUCH], r.row[TOUCH], 1, 3, 0);
		must(sqlite3_step(head) == SQLITE_ROW, "head");
		int64_t seq = sqlite3_column_int64(head, 0) - BATCH + 1;
		sqlite3_step(head);
		sqlite3_reset(head);
		sqlite3_exec(db, "UPDATE node SET batch = batch + 1", NULL, NULL, NULL);
		lite_rows(st[EVENT], r.row[EVENT], 2, 4, seq);
		must(!sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), "COMMIT");
	}
	for (int i = 0; i < N_STMTS; i++)
		sqlite3_finalize(st[i]);
	sqlite3_finalize(head);
	sqlite3_close(db);
	return (double)n / ((double)(clock_mono_ns() - began) / 1e9);
}

static void pg_rows(PGconn *db, struct buf *b, int stmt, const struct run_row *rows)
{
	const char *values[8];
	size_t at[9];
	int lengths[8], formats[8], n = 0;
	buf_reset(b);
	if (stmt != TOUCH) {
		at[n++] = 0;
		pg_put_ords(b, BATCH);
	}
	for (size_t k = 0; STMTS[stmt].params[k]; k++) {
		at[n++] = b->n;
		pg_put_column(b, STMTS[stmt].params[k], rows, BATCH, k);
	}
	at[n] = b->n;
	for (int i = 0; i < n; i++) {
		values[i] = b->p + at[i];
		lengths[i] = (int)(at[i + 1] - at[i]);
		formats[i] = 1;
	}
	must(PQsendQueryPrepared(db, STMTS[stmt].name, n, values, lengths, formats, 1), "send");
}

static void pg_take(PGconn *db, int n)
{
	must(PQpipelineSync(db), "sync");
	for (int i = 0; i < n; i++) {
		PGresult *res = PQgetResult(db);
		ExecStatusType s = PQresultStatus(res);
		must(s == PGRES_TUPLES_OK || s == PGRES_COMMAND_OK, PQerrorMessage(db));
		PQclear(res);
		PQclear(PQgetResult(db));
	}
	PQclear(PQgetResult(db));
}

static void pg_plain(PGconn *db, const char *name) { PQsendQueryPrepared(db, name, 0, NULL, NULL, NULL, 1); }

static double run_bare_pgsql(const char *address, int seconds)
{
	static struct rows r;
	struct buf b = {0};
	PGconn *db = PQconnectdb(address);
	must(PQstatus(db) == CONNECTION_OK, PQerrorMessage(db));
	for (int i = 0; i < N_STMTS; i++) {
		Oid types[8];
		int n_types = 0;
		if (i != TOUCH) types[n_types++] = PG_INT4_ARRAY;
		for (size_t k = 0; STMTS[i].params[k]; k++)
			types[n_types++] = pg_oid_of(STMTS[i].params[k], true);
		PQclear(PQprepare(db, STMTS[i].name, STMTS[i].pgsql, n_types, types));
	}
	PQclear(PQprepare(db, "begin", "BEGIN", 0, NULL));
	PQclear(PQprepare(db, "commit", "COMMIT", 0, NULL));
	PQclear(PQprepare(db, "node", "UPDATE node SET batch = batch + 1, batch_seq = (SELECT seq FROM feed_head)", 0,
			  NULL));
	must(PQenterPipelineMode(db), "pipeline");
	int64_t began = clock_mono_ns(), n = 0;
	for (int64_t end = clock_mono_ms() + seconds * 1000; clock_mono_ms() < end; n += BATCH) {
		make_batch(&r);
		pg_plain(db, "begin");
		pg_rows(db, &b, SEEN, r.row[SEEN]);
		pg_take(db, 2);
		pg_rows(db, &b, TOUCH, r.row[TOUCH]);
		pg_plain(db, "node");
		pg_rows(db, &b, EVENT, r.row[EVENT]);
		pg_plain(db, "commit");
		pg_take(db, 4);
	}
	PQfinish(db);
	buf_fini(&b);
	return (double)n / ((double)(clock_mono_ns() - began) / 1e9);
}

static void bench_sqlite(int seconds, int width)
{
	char folder[] = "/tmp/beseda-bench-XXXXXX", path[64], url[80], command[80];
	must(mkdtemp(folder) != NULL, folder);
	snprintf(path, sizeof path, "%s/bench.db", folder);
	snprintf(url, sizeof url, "sqlite:%s", path);
	printf("SQLite\n");
	run_store(url, 1, 1);
	double ours = run_store(url, seconds, width), bare = run_bare_sqlite(path, seconds);
	printf("  bare, batches of %d:  %8.0f units/s; the store reaches %.2f of it\n", BATCH, bare, ours / bare);
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	must(!system(command), command);
}

static void bench_pgsql(int seconds, int width)
{
	struct test_pg pg = {.is_durable = true};
	must(test_pg_open(&pg), "PostgreSQL");
	printf("PostgreSQL\n");
	run_store(pg.address, 1, 1);
	double ours = run_store(pg.address, seconds, width), bare = run_bare_pgsql(pg.address, seconds);
	printf("  bare, batches of %d:  %8.0f units/s; the store reaches %.2f of it\n", BATCH, bare, ours / bare);
	test_pg_close(&pg);
}

int main(int argc, char **argv)
{
	const char *which = argc > 1 ? argv[1] : "both";
	int seconds = argc > 2 ? atoi(argv[2]) : 3, width = argc > 3 ? atoi(argv[3]) : 2 * BATCH;
	log_set_level(LOG_WARN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	migrations[0] = STORE_MIGRATIONS[0];
	if (strcmp(which, "pgsql")) bench_sqlite(seconds, width);
	if (strcmp(which, "sqlite")) bench_pgsql(seconds, width);
	return 0;
}
