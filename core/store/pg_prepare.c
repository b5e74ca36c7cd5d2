// SPDX-License-Identifier: Apache-2.0
// What a PostgreSQL session needs before its first batch: settings, prepared statements, and one look at their shapes.
#include "pg.h"
#include <string.h>

static bool is_mine(const struct pg_conn *c, const struct db_stmt *s)
{
	return (s->kind == DB_READ) == c->kind->is_for_reads;
}

static void prepare(struct pg_conn *c, size_t i)
{
	const struct db_stmt *s = &c->config->stmts[i];
	Oid types[PG_ARGS_MAX];
	int n = 0;
	if (s->kind == DB_GUARD || s->kind == DB_LOG) types[n++] = PG_INT4_ARRAY;
	for (size_t k = 0; s->params[k]; k++)
		types[n++] = pg_oid_of(s->params[k], s->kind != DB_READ);
	char name[16];
	snprintf(name, sizeof name, "s%zu", i);
	if (!PQsendPrepare(c->db, name, s->pgsql, n, types)) pg_conn_fail(c, PQerrorMessage(c->db));
	pg_expect_add(c, PG_PREPARE, (uint32_t)i);
	if (c->is_checked) return;
	if (!PQsendDescribePrepared(c->db, name)) pg_conn_fail(c, PQerrorMessage(c->db));
	pg_expect_add(c, PG_DESCRIBE, (uint32_t)i);
}

void pg_prepare_all(struct pg_conn *c)
{
	for (size_t i = 0; c->kind->settings[i]; i++) {
		if (!PQsendQueryParams(c->db, c->kind->settings[i], 0, NULL, NULL, NULL, NULL, 1))
			pg_conn_fail(c, PQerrorMessage(c->db));
		pg_expect_add(c, PG_SETUP, (uint32_t)i);
	}
	for (size_t i = 0; c->kind->own[i].name; i++) {
		if (!PQsendPrepare(c->db, c->kind->own[i].name, c->kind->own[i].sql, 0, NULL))
			pg_conn_fail(c, PQerrorMessage(c->db));
		pg_expect_add(c, PG_SETUP, 0);
	}
	for (size_t i = 0; i < c->config->n_stmts; i++)
		if (is_mine(c, &c->config->stmts[i])) prepare(c, i);
	pg_send_sync(c, PG_SETUP_SYNC);
}

// Which types the statement must give back: those of a read; a guard its ords; the log a number.
static const char *wanted(const struct db_stmt *s)
{
	switch (s->kind) {
	case DB_READ: return s->result;
	case DB_GUARD:
	case DB_LOG: return "i";
	default: return "";
	}
}

static int check_shape(struct pg_conn *c, const struct db_stmt *s, const PGresult *r)
{
	const char *types = wanted(s);
	if (PQnparams(r) > (int)strlen(s->params) + (s->kind == DB_GUARD || s->kind == DB_LOG))
		return err_set(&c->why, E_STORE, "%s: its PostgreSQL text has more parameters than params says",
			       s->name);
	if (s->kind != DB_WRITE && PQnfields(r) != (int)strlen(types))
		return err_set(&c->why, E_STORE, "%s: its PostgreSQL text gives %d columns instead of %zu", s->name,
			       PQnfields(r), strlen(types));
	for (int i = 0; types[i]; i++)
		if (!pg_can_read(types[i], PQftype(r, i)))
			return err_set(&c->why, E_STORE, "%s: column %d is not of type '%c' (type %u); cast it",
				       s->name, i + 1, types[i], PQftype(r, i));
	return 0;
}

int pg_check_setup(struct pg_conn *c, const struct pg_expect *x, const PGresult *r)
{
	bool is_of_table = x->kind == PG_PREPARE || x->kind == PG_DESCRIBE;
	const struct db_stmt *s = is_of_table ? &c->config->stmts[x->at] : NULL;
	if (pg_is_error(r)) {
		char text[300];
		pg_text_of(r, text, sizeof text);
		return err_set(&c->why, E_STORE, "%s: %s", s ? s->name : "session", text);
	}
	return x->kind == PG_DESCRIBE ? check_shape(c, s, r) : 0;
}
