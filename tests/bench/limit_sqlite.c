// SPDX-License-Identifier: Apache-2.0
// A bare sqlite3: prepared statements stepped row by row on one thread; the log is emptied by another connection.
#include "limit.h"
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define WAL_PAGES 16384 // 64 MiB

struct lite {
	struct limit_db base;
	sqlite3 *db, *keeper;
	sqlite3_stmt *stmts[N_STATEMENTS];
	sqlite3_stmt *begin, *commit, *head, *node;
	pthread_t thread;
	int pages, next_pages;   // of the log: now, and from which on it is emptied
	bool is_wanted, is_over; // under the lock
	atomic_bool is_keeping, has_kept;
	pthread_mutex_t lock;
	pthread_cond_t wake;
};

static void check(struct lite *q, int rc, const char *what)
{
	if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW) die("%s: %s", what, sqlite3_errmsg(q->db));
}

static sqlite3 *open_db(const char *path, const char *pragmas)
{
	sqlite3 *db;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ||
	    sqlite3_busy_timeout(db, 1000) || sqlite3_exec(db, pragmas, NULL, NULL, NULL))
		die("%s: %s", path, sqlite3_errmsg(db));
	return db;
}

static sqlite3_stmt *prepare(struct lite *q, const char *sql)
{
	sqlite3_stmt *st;
	if (sqlite3_prepare_v3(q->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL))
		die("%s: %s", sql, sqlite3_errmsg(q->db));
	return st;
}

static int64_t step(struct lite *q, sqlite3_stmt *st)
{
	int64_t value = 0;
	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) value = sqlite3_column_int64(st, 0);
	check(q, rc, sqlite3_sql(st));
	sqlite3_reset(st);
	return value;
}

static void bind(sqlite3_stmt *st, int at, const struct db_value *v)
{
	switch (v->type) {
	case 'i': sqlite3_bind_int64(st, at, v->i); break;
	case 't': sqlite3_bind_text(st, at, v->s.p, (int)v->s.n, SQLITE_STATIC); break;
	default: sqlite3_bind_null(st, at);
	}
}

static void run_rows(struct lite *q, const struct unit *u, int stmt, int64_t seq)
{
	const struct db_stmt *s = &STATEMENTS[stmt];
	sqlite3_stmt *st = q->stmts[stmt];
	size_t n_cols = u->rows[stmt].n_cols;
	int first = s->kind == DB_LOG ? 2 : 1;
	for (size_t i = 0; i < u->rows[stmt].n; i++) {
		if (s->kind == DB_LOG) sqlite3_bind_int64(st, 1, ++seq);
		for (size_t k = 0; k < n_cols; k++)
			bind(st, first + (int)k, &u->rows[stmt].values[i * n_cols + k]);
		step(q, st);
		if (s->kind == DB_GUARD && sqlite3_changes(q->db) != 1) die("%s did not apply", s->name);
	}
}

static void write_node(struct lite *q, int64_t seq)
{
	sqlite3_bind_int64(q->node, 1, q->base.node.id);
	sqlite3_bind_int64(q->node, 2, q->base.node.epoch);
	sqlite3_bind_int64(q->node, 3, ++q->base.node.batch);
	sqlite3_bind_int64(q->node, 4, seq);
	step(q, q->node);
	if (sqlite3_changes(q->db) != 1) die("the node row is another's");
}

// ---- the log

static int on_commit(void *arg, sqlite3 *db, const char *schema, int pages)
{
	((struct lite *)arg)->pages = pages;
	return SQLITE_OK;
}

static void *keep(void *arg)
{
	struct lite *q = arg;
	pthread_mutex_lock(&q->lock);
	while (!q->is_over) {
		if (!q->is_wanted) {
			pthread_cond_wait(&q->wake, &q->lock);
			continue;
		}
		q->is_wanted = false;
		pthread_mutex_unlock(&q->lock);
		sqlite3_wal_checkpoint_v2(q->keeper, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		atomic_store(&q->has_kept, true);
		atomic_store(&q->is_keeping, false);
		pthread_mutex_lock(&q->lock);
	}
	pthread_mutex_unlock(&q->lock);
	return NULL;
}

// As the server does it: the other connection copies, the writer copies the few pages that came since, and the log
// begins anew. Else it would grow, and be copied without end.
static void keep_log_short(struct lite *q)
{
	if (q->pages < WAL_PAGES) q->next_pages = WAL_PAGES;
	if (atomic_load(&q->is_keeping)) return;
	if (atomic_exchange(&q->has_kept, false)) {
		sqlite3_wal_checkpoint_v2(q->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		return;
	}
	if (q->pages < q->next_pages) return;
	q->next_pages = q->pages + WAL_PAGES / 4;
	atomic_store(&q->is_keeping, true);
	pthread_mutex_lock(&q->lock);
	q->is_wanted = true;
	pthread_cond_signal(&q->wake);
	pthread_mutex_unlock(&q->lock);
}

static int64_t lite_commit(struct limit_db *db, const struct unit *u)
{
	struct lite *q = (struct lite *)db;
	int64_t n_log = (int64_t)unit_n_log(u), last = 0;
	step(q, q->begin);
	for (int i = 0; i < N_STATEMENTS; i++)
		if (u->rows[i].n && STATEMENTS[i].kind != DB_LOG) run_rows(q, u, i, 0);
	if (n_log) {
		sqlite3_bind_int64(q->head, 1, n_log);
		last = step(q, q->head);
	}
	write_node(q, last - n_log);
	if (n_log) run_rows(q, u, STMT_EVENT_ADD, last - n_log);
	step(q, q->commit);
	keep_log_short(q);
	return last;
}

// ---- open, query, close
// -----------------------------------------------------------------------------------------------------

static struct db_rows lite_query(struct limit_db *db, const char *sql, const char *result)
{
	struct lite *q = (struct lite *)db;
	sqlite3_stmt *st = prepare(q, sql);
	size_t n_cols = strlen(result), n = 0, cap = 0;
	struct db_value *values = NULL;
	for (int rc; (rc = sqlite3_step(st)) != SQLITE_DONE; n++) {
		check(q, rc, sql);
		if (n == cap) values = realloc(values, (cap = cap ? 2 * cap : 64) * n_cols * sizeof *values);
		for (size_t k = 0; k < n_cols; k++) {
			struct db_value *v = &values[n * n_cols + k];
			const char *text = result[k] == 't' ? (const char *)sqlite3_column_text(st, (int)k) : NULL;
			if (sqlite3_column_type(st, (int)k) == SQLITE_NULL)
				*v = DB_NULL;
			else
				*v = text ? DB_TEXT(str_of(strdup(text))) : DB_INT(sqlite3_column_int64(st, (int)k));
		}
	}
	sqlite3_finalize(st);
	return (struct db_rows){n, n_cols, values};
}

static void lite_close(struct limit_db *db)
{
	struct lite *q = (struct lite *)db;
	pthread_mutex_lock(&q->lock);
	q->is_over = true;
	pthread_cond_signal(&q->wake);
	pthread_mutex_unlock(&q->lock);
	pthread_join(q->thread, NULL);
	for (int i = 0; i < N_STATEMENTS; i++)
		sqlite3_finalize(q->stmts[i]);
	sqlite3_finalize(q->begin);
	sqlite3_finalize(q->commit);
	sqlite3_finalize(q->head);
	sqlite3_finalize(q->node);
	sqlite3_close(q->keeper);
	sqlite3_close(q->db);
}

struct limit_db *limit_sqlite_open(const char *url)
{
	const char *path = strchr(url, ':') + 1;
	struct lite *q = calloc(1, sizeof *q);
	if (!q) die("no memory");
	q->next_pages = WAL_PAGES;
	q->base = (struct limit_db){.commit = lite_commit, .query = lite_query, .close = lite_close};
	q->db = open_db(path, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; "
			      "PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY");
	q->keeper = open_db(path, "PRAGMA synchronous = FULL");
	for (int i = 0; i < N_STATEMENTS; i++)
		if (STATEMENTS[i].kind != DB_READ) q->stmts[i] = prepare(q, STATEMENTS[i].sqlite);
	q->begin = prepare(q, "BEGIN IMMEDIATE");
	q->commit = prepare(q, "COMMIT");
	q->head = prepare(q, "UPDATE feed_head SET seq = seq + ?1 RETURNING seq");
	q->node =
		prepare(q, "UPDATE node SET batch = ?3, lease_until = 0, batch_seq = ?4 WHERE id = ?1 AND epoch = ?2");
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->wake, NULL);
	sqlite3_wal_hook(q->db, on_commit, q);
	if (pthread_create(&q->thread, NULL, keep, q)) die("no thread");
	return &q->base;
}
