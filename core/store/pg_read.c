// SPDX-License-Identifier: Apache-2.0
// PostgreSQL: reads, one after the other on a connection of their own; a read that a broken connection took along is
// sent once more.
#include "base/log.h"
#include "pg.h"
#include <string.h>

#define TRIES 2
#define WAIT_MIN_MS 100
#define WAIT_MAX_MS 2000

static const char *const SETTINGS[] = {
	"SET statement_timeout = '30s'",
	"SET lock_timeout = '1s'",
	"SET default_transaction_read_only = on",
	"SET default_transaction_isolation = 'read committed'",
	"SET jit = off",
	NULL,
};

static const struct pg_statement OWN[] = {{0}};

static struct pg *pg_of(struct pg_conn *c) { return container_of(c, struct pg, reader); }

static void send_read(struct pg *pg, struct read *r)
{
	struct pg_conn *c = &pg->reader;
	char name[16];
	snprintf(name, sizeof name, "s%d", r->stmt);
	list_append(&pg->sent, &r->at);
	r->n_tries++;
	pg_send_own(c, PG_READ, name, r->params, strlen(pg->c.stmts[r->stmt].params));
	pg_send_sync(c, PG_QUIET);
}

static void end_read(void *arg)
{
	struct read *r = arg;
	r->done(r);
}

static void fail(struct read *r, int status, const char *why)
{
	list_remove(&r->at);
	r->status = err_set(&r->why, status, "%s", why);
	r->done(r);
}

static void fail_all(struct list *reads, int status, const char *why)
{
	for (struct list *at; (at = list_pop(reads));)
		fail(list_entry(at, struct read, at), status, why);
}

void pg_read(struct driver *d, struct read *r)
{
	struct pg *pg = container_of(d, struct pg, base);
	struct pg_conn *c = &pg->reader;
	list_init(&r->at);
	if (c->state == PG_UP && !c->is_failing) {
		send_read(pg, r);
	} else if (pg->reader_wait_ms) { // away, and known to be
		r->status = err_set(&r->why, E_STORE, "%s", c->why.text);
		loop_defer(pg->c.loop, end_read, r);
	} else {
		list_append(&pg->queued, &r->at);
	}
}

static void take_rows(struct read *r, const struct db_stmt *s, const PGresult *res)
{
	size_t n_rows = (size_t)PQntuples(res), n_cols = strlen(s->result);
	struct db_value *values = arena_array(r->arena, struct db_value, n_rows * n_cols + 1);
	for (size_t i = 0; i < n_rows; i++)
		for (size_t k = 0; k < n_cols; k++)
			values[i * n_cols + k] = pg_get(res, (int)i, (int)k, s->result[k]);
	r->rows = (struct db_rows){.n_rows = n_rows, .n_cols = n_cols, .values = values};
}

// The connection is breaking; or a table was changed, or the statements were dropped: in a new session it may work.
static bool is_session_over(const PGresult *res)
{
	static const char *const CLASSES[] = {"57P", "08", "0A000", "26"};
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	if (!pg_is_error(res)) return false;
	bool is_over = !state;
	for (size_t i = 0; state && i < ARRAY_LEN(CLASSES); i++)
		is_over |= !strncmp(state, CLASSES[i], strlen(CLASSES[i]));
	return is_over;
}

static void on_result(struct pg_conn *c, const struct pg_expect *x, const PGresult *res)
{
	struct pg *pg = pg_of(c);
	struct read *r = list_entry(list_pop(&pg->sent), struct read, at);
	const struct db_stmt *s = &pg->c.stmts[r->stmt];
	char text[300];
	if (is_session_over(res) && r->n_tries < TRIES) {
		list_prepend(&pg->sent, &r->at); // it is sent again
		pg_conn_fail(c, PQresultErrorMessage(res));
		return;
	}
	if (PQresultStatus(res) != PGRES_TUPLES_OK) {
		pg_text_of(res, text, sizeof text);
		r->status = err_set(&r->why, E_STORE, "%s: %s", s->name, text);
	} else if (PQntuples(res) > READ_MAX_ROWS || PQresultMemorySize(res) > READ_MAX_BYTES) {
		r->status = err_set(&r->why, E_TOO_LARGE, "%s: more rows than a read may give", s->name);
	} else {
		take_rows(r, s, res);
	}
	r->done(r);
}

static void on_up(struct pg_conn *c)
{
	struct pg *pg = pg_of(c);
	pg->reader_wait_ms = 0;
	struct list now;
	list_init(&now);
	list_move_all(&now, &pg->queued);
	for (struct list *at; (at = list_pop(&now));)
		send_read(pg, list_entry(at, struct read, at));
}

static void on_down(struct pg_conn *c, enum pg_state was)
{
	struct pg *pg = pg_of(c);
	struct list again;
	list_init(&again);
	list_move_all(&again, &pg->sent);
	list_move_all(&again, &pg->queued);
	bool is_away = was != PG_UP && pg->reader_wait_ms; // not for the first time
	list_each (at, &again) {
		struct read *r = list_entry(at, struct read, at);
		if (r->n_tries >= TRIES || is_away) fail(r, E_STORE, c->why.text);
	}
	list_move_all(&pg->queued, &again);
	if (was == PG_UP) {
		log_warn("store", "reads begin anew: %s", c->why.text);
		pg_conn_open(c);
		return;
	}
	pg->reader_wait_ms = pg->reader_wait_ms ? pg->reader_wait_ms * 2 : WAIT_MIN_MS;
	if (pg->reader_wait_ms > WAIT_MAX_MS) pg->reader_wait_ms = WAIT_MAX_MS;
	loop_timer_set(&pg->reader_retry, pg->reader_wait_ms);
}

void pg_reader_retry(void *arg)
{
	struct pg *pg = arg;
	pg_conn_open(&pg->reader);
}

void pg_reads_cancel(struct pg *pg)
{
	fail_all(&pg->sent, E_CANCELLED, err_text(E_CANCELLED));
	fail_all(&pg->queued, E_CANCELLED, err_text(E_CANCELLED));
}

static const struct pg_conn_ops OPS = {.up = on_up, .result = on_result, .down = on_down};

const struct pg_conn_kind PG_READER = {
	.name = "reader",
	.ops = &OPS,
	.settings = SETTINGS,
	.own = OWN,
	.is_for_reads = true,
};
