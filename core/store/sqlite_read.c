// SPDX-License-Identifier: Apache-2.0
// SQLite: values bound, rows copied out, and the readers' jobs.
#include "base/json.h"
#include "sqlite.h"
#include <string.h>

struct sq_read_job {
	struct lane_job job;
	struct sq *q;
	struct read *read;
};

static void bind_list(sqlite3_stmt *st, int at, const struct db_value *v)
{
	struct buf b = {0};
	struct json_out o = json_out_init(&b);
	json_out_list(&o);
	for (size_t i = 0; v->type == 'I' && i < v->ints.n; i++)
		json_out_int(&o, v->ints.v[i]);
	for (size_t i = 0; v->type == 'T' && i < v->strs.n; i++)
		json_out_string(&o, v->strs.v[i]);
	json_out_list_end(&o);
	sqlite3_bind_text64(st, at, b.p, b.n, SQLITE_TRANSIENT, SQLITE_UTF8);
	buf_fini(&b);
}

// Text and bytes are borrowed until the statement is reset. What is too large makes the step fail.
void sq_bind(sqlite3_stmt *st, int at, const struct db_value *v)
{
	switch (v->type) {
	case 'i': sqlite3_bind_int64(st, at, v->i); break;
	case 'r': sqlite3_bind_double(st, at, v->r); break;
	case 't': sqlite3_bind_text64(st, at, v->s.p, v->s.n, SQLITE_STATIC, SQLITE_UTF8); break;
	case 'b': sqlite3_bind_blob64(st, at, v->s.p, v->s.n, SQLITE_STATIC); break;
	case 'I':
	case 'T': bind_list(st, at, v); break;
	default: sqlite3_bind_null(st, at);
	}
}

static struct db_value take_value(sqlite3_stmt *st, int col, char type, struct arena *a)
{
	if (sqlite3_column_type(st, col) == SQLITE_NULL) return DB_NULL;
	if (type == 'i') return DB_INT(sqlite3_column_int64(st, col));
	if (type == 'r') return DB_REAL(sqlite3_column_double(st, col));
	const void *p = type == 't' ? (const void *)sqlite3_column_text(st, col) : sqlite3_column_blob(st, col);
	struct str s = arena_str(a, (struct str){p, (size_t)sqlite3_column_bytes(st, col)});
	return (struct db_value){.type = type, .s = s};
}

// 0, E_TOO_LARGE or SQLite's own code (positive). The statement is left where it stopped: reset it.
int sq_rows(sqlite3_stmt *st, const char *types, struct arena *a, struct db_rows *rows_r)
{
	size_t n_cols = strlen(types), n = 0, cap = 0;
	struct db_value *values = NULL;
	int rc;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (n == READ_MAX_ROWS || arena_used(a) > READ_MAX_BYTES) return E_TOO_LARGE;
		if (n == cap) {
			cap = cap ? cap * 4 : 16;
			struct db_value *more = arena_array(a, struct db_value, cap * n_cols);
			if (n) memcpy(more, values, n * n_cols * sizeof *more);
			values = more;
		}
		for (size_t i = 0; i < n_cols; i++)
			values[n * n_cols + i] = take_value(st, (int)i, types[i], a);
		n++;
	}
	*rows_r = (struct db_rows){.n_rows = n, .n_cols = n_cols, .values = values};
	return rc == SQLITE_DONE ? 0 : rc;
}

static void do_read(struct lane_job *job, void *tool)
{
	struct sq_read_job *rj = (struct sq_read_job *)job;
	struct sq_conn *c = tool;
	struct read *r = rj->read;
	const struct db_stmt *s = &c->table[r->stmt];
	sqlite3_stmt *st = c->stmts[r->stmt];
	for (size_t i = 0; s->params[i]; i++)
		sq_bind(st, (int)i + 1, &r->params[i]);
	int rc = sq_rows(st, s->result, r->arena, &r->rows);
	if (rc == E_TOO_LARGE)
		r->status = err_set(&r->why, rc, "%s: more rows than a read may give", s->name);
	else if (rc)
		r->status = sq_error(&r->why, E_STORE, c->db, s->name);
	// A statement that is not reset would hold its snapshot, and the checkpoint with it.
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
}

static void on_read(void *arg)
{
	struct sq_read_job *rj = arg;
	struct read *r = rj->read;
	struct sq *q = rj->q;
	mem_free(rj);
	r->done(r);
	if (--q->n_reads == 0 && q->is_closing) db_lane_push(q->writer_lane, &q->close_job);
}

void sq_read(struct driver *d, struct read *r)
{
	struct sq *q = container_of(d, struct sq, base);
	struct sq_read_job *rj = mem_new(struct sq_read_job);
	*rj = (struct sq_read_job){.job = {.work = do_read, .done = on_read}, .q = q, .read = r};
	q->n_reads++;
	db_lane_push(q->reader_lane, &rj->job);
}
