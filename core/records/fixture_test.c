// SPDX-License-Identifier: Apache-2.0
// Opens stores for tests: SQLite in a folder, PostgreSQL in a database of its own for each test.
#include "fixture_test.h"
#include "base/log.h"
#include "base/mem.h"
#include "test_pg.h"
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GUARD_MS 60000

static enum fixture_db db;
static struct test_pg pg;
static int n_databases;

bool fixture_begin(enum fixture_db which)
{
	db = which;
	return db != FIXTURE_PGSQL || test_pg_open(&pg);
}

void fixture_end(void)
{
	if (db == FIXTURE_PGSQL) test_pg_close(&pg);
}

int fixture_run(const char *name, const struct CMUnitTest *tests, size_t n)
{
	static const char *const databases[] = {"sqlite", "pgsql"};
	int failed = 0;
	log_set_level(LOG_WARN);
	for (int which = FIXTURE_SQLITE; which <= FIXTURE_PGSQL; which++) {
		char group[64];
		snprintf(group, sizeof group, "%s %s", name, databases[which]);
		if (!fixture_begin((enum fixture_db)which)) {
			fprintf(stderr, "skipped: %s: there is no PostgreSQL here\n", group);
			continue;
		}
		failed += _cmocka_run_group_tests(group, tests, n, NULL, NULL);
		fixture_end();
	}
	return failed;
}

static void pg_exec(const char *sql)
{
	PGconn *c = PQconnectdb(pg.address);
	PGresult *r = PQexec(c, sql);
	if (PQresultStatus(r) != PGRES_COMMAND_OK) fail_msg("%s: %s", sql, PQerrorMessage(c));
	PQclear(r);
	PQfinish(c);
}

// The server's address with another database.
static void pg_url(const char *name, struct buf *url)
{
	PQconninfoOption *options = PQconninfoParse(pg.address, NULL);
	assert_non_null(options);
	for (PQconninfoOption *o = options; o->keyword; o++)
		if (o->val && strcmp(o->keyword, "dbname") != 0) buf_printf(url, "%s='%s' ", o->keyword, o->val);
	buf_printf(url, "dbname=%s", name);
	PQconninfoFree(options);
}

static void make_url(struct fixture *f, struct buf *url)
{
	char name[64], sql[128];
	if (db != FIXTURE_PGSQL) {
		buf_printf(url, "%s:%s/beseda.db", db == FIXTURE_FAKE ? "fake" : "sqlite", f->folder);
		return;
	}
	snprintf(name, sizeof name, "records_%d_%d", (int)getpid(), ++n_databases);
	snprintf(sql, sizeof sql, "CREATE DATABASE %s", name);
	pg_exec(sql);
	pg_url(name, url);
}

static void on_guard(void *arg)
{
	fprintf(stderr, "waited a minute in vain\n");
	abort();
}

void fixture_open(struct fixture *f)
{
	struct err e = {0};
	*f = (struct fixture){.arena = arena_new(0), .loop = loop_new()};
	snprintf(f->folder, sizeof f->folder, "/tmp/beseda-records-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	make_url(f, &f->url);
	struct store_options o = {
		.loop = f->loop,
		.url = f->url.p,
		.instance = "fixture",
		.stmts = STATEMENTS,
		.n_stmts = N_STATEMENTS,
		.migrations = STORE_MIGRATIONS,
		.n_migrations = N_STORE_MIGRATIONS,
	};
	if (store_open(&f->store, &o, &e)) fail_msg("store_open: %s", e.text);
	loop_timer_init(&f->guard, f->loop, "guard", on_guard, NULL);
}

static void on_closed(void *arg) { fixture_done(arg); }

void fixture_close(struct fixture *f)
{
	char command[128];
	store_close(f->store, db == FIXTURE_FAKE ? 100 : 5000, on_closed, f);
	fixture_wait(f);
	loop_free(&f->loop);
	arena_free(&f->arena);
	buf_fini(&f->url);
	snprintf(command, sizeof command, "rm -rf '%s'", f->folder);
	assert_int_equal(system(command), 0);
}

void fixture_wait(struct fixture *f)
{
	loop_timer_set(&f->guard, GUARD_MS);
	while (!f->is_done)
		loop_run(f->loop);
	f->is_done = false;
	loop_timer_clear(&f->guard);
}

void fixture_done(struct fixture *f)
{
	f->is_done = true;
	loop_stop(f->loop);
}

static void on_unit(const struct unit_result *r, void *arg)
{
	struct fixture *f = arg;
	f->status = r->status;
	f->first_seq = r->first_seq;
	f->n_failed = r->n_failed < ARRAY_LEN(f->failed) ? r->n_failed : ARRAY_LEN(f->failed);
	if (f->n_failed) memcpy(f->failed, r->failed, f->n_failed * sizeof *f->failed);
	if (r->status && r->status != E_CONFLICT) fprintf(stderr, "unit: %s\n", r->why ? r->why->text : "");
	fixture_done(f);
}

int fixture_commit(struct fixture *f, struct unit *u)
{
	unit_name(u, "test");
	store_submit(f->store, u, on_unit, f);
	fixture_wait(f);
	return f->status;
}

int fixture_write(struct fixture *f, int stmt, const struct db_value *row)
{
	struct unit *u = unit_new(f->store);
	unit_add(u, stmt, row);
	return fixture_commit(f, u);
}

struct reading {
	struct fixture *f;
	struct db_rows rows;
};

static void on_rows(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct reading *r = arg;
	struct arena *a = r->f->arena;
	if (status) fail_msg("read: %s", why ? why->text : err_text(status));
	size_t n = rows->n_rows * rows->n_cols;
	struct db_value *values = arena_array(a, struct db_value, n + 1);
	for (size_t i = 0; i < n; i++) {
		values[i] = rows->values[i];
		if (values[i].type == 't' || values[i].type == 'b') values[i].s = arena_str(a, values[i].s);
	}
	r->rows = (struct db_rows){rows->n_rows, rows->n_cols, values};
	fixture_done(r->f);
}

const struct db_rows *fixture_read(struct fixture *f, int stmt, const struct db_value *params)
{
	struct reading *r = arena_new_of(f->arena, struct reading);
	r->f = f;
	store_read(f->store, stmt, params, on_rows, r);
	fixture_wait(f);
	assert_int_equal(r->rows.n_cols, strlen(STATEMENTS[stmt].result));
	return &r->rows;
}

uint64_t fixture_id(struct fixture *f)
{
	uint64_t id = store_id(f->store);
	assert_true(id);
	return id;
}
