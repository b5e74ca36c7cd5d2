// SPDX-License-Identifier: Apache-2.0
// Every statement prepares on both databases, with as many parameters as it says, and gives the columns it says.
#include "fixture_test.h"
#include "base/log.h"
#include "base/mem.h"
#include <libpq-fe.h>
#include <sqlite3.h>
#include <string.h>

static struct fixture f;

static int set_up(void **state)
{
	fixture_open(&f);
	return 0;
}

static int tear_down(void **state)
{
	fixture_close(&f);
	return 0;
}

static size_t n_params(const struct db_stmt *s, bool counts_ord)
{
	return strlen(s->params) + (s->kind == DB_LOG || (counts_ord && s->kind == DB_GUARD));
}

// ---- SQLite ---------------------------------------------------------------------------------------------------------

static void test_sqlite(void **state)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(f.url.p + strlen("sqlite:"), &db), SQLITE_OK);
	for (int i = 0; i < N_STATEMENTS; i++) {
		const struct db_stmt *s = &STATEMENTS[i];
		sqlite3_stmt *p = NULL;
		if (sqlite3_prepare_v2(db, s->sqlite, -1, &p, NULL) != SQLITE_OK)
			fail_msg("%s: %s", s->name, sqlite3_errmsg(db));
		if (sqlite3_bind_parameter_count(p) != (int)n_params(s, false))
			fail_msg("%s: %d parameters", s->name, sqlite3_bind_parameter_count(p));
		if (sqlite3_column_count(p) != (int)strlen(s->result))
			fail_msg("%s: other columns than it says", s->name);
		sqlite3_finalize(p);
	}
	sqlite3_close(db);
}

// ---- PostgreSQL -----------------------------------------------------------------------------------------------------

static Oid type_of(char letter, bool is_read)
{
	static const struct {
		char letter;
		Oid one, many;
	} types[] = {{'i', 20, 1016},  {'t', 25, 1009}, {'b', 17, 1001},
		     {'r', 701, 1022}, {'I', 1016, 0},  {'T', 1009, 0}};
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].letter == letter) return is_read ? types[i].one : types[i].many;
	fail_msg("no type %c", letter);
	return 0;
}

static char letter_of(Oid type)
{
	bool is_int = type == 20 || type == 21 || type == 23;
	return is_int ? 'i' : type == 25 ? 't' : type == 17 ? 'b' : type == 701 ? 'r' : '?';
}

static void check_result(const struct db_stmt *s, const PGresult *r)
{
	// A guard gives the ords that applied, the log its last seq.
	const char *expected = s->kind == DB_READ ? s->result : s->kind == DB_WRITE ? "" : "i";
	if (PQnfields(r) != (int)strlen(expected)) fail_msg("%s: %d columns", s->name, PQnfields(r));
	for (int i = 0; i < PQnfields(r); i++)
		if (letter_of(PQftype(r, i)) != expected[i])
			fail_msg("%s: column %d has type %u", s->name, i, PQftype(r, i));
}

static void test_pgsql(void **state)
{
	PGconn *c = PQconnectdb(f.url.p);
	assert_int_equal(PQstatus(c), CONNECTION_OK);
	for (int i = 0; i < N_STATEMENTS; i++) {
		const struct db_stmt *s = &STATEMENTS[i];
		Oid types[32];
		int n = 0;
		if (s->kind == DB_GUARD || s->kind == DB_LOG) types[n++] = 1007;
		for (const char *p = s->params; *p; p++)
			types[n++] = type_of(*p, s->kind == DB_READ);
		PGresult *r = PQprepare(c, s->name, s->pgsql, n, types);
		if (PQresultStatus(r) != PGRES_COMMAND_OK) fail_msg("%s: %s", s->name, PQerrorMessage(c));
		PQclear(r);
		r = PQdescribePrepared(c, s->name);
		if (PQnparams(r) != (int)n_params(s, true)) fail_msg("%s: %d parameters", s->name, PQnparams(r));
		check_result(s, r);
		PQclear(r);
	}
	PQfinish(c);
}

// A parameter that is declared and never used shows in no count.
static void test_all_are_used(void **state)
{
	for (int i = 0; i < N_STATEMENTS; i++) {
		const struct db_stmt *s = &STATEMENTS[i];
		for (size_t n = 1; n <= n_params(s, true); n++) {
			char place[24];
			snprintf(place, sizeof place, "$%zu", n);
			if (!strstr(s->pgsql, place)) fail_msg("%s: nobody uses %s", s->name, place);
			snprintf(place, sizeof place, "?%zu", n);
			if (n <= n_params(s, false) && !strstr(s->sqlite, place))
				fail_msg("%s: nobody uses %s", s->name, place);
		}
	}
}

int main(void)
{
	const struct CMUnitTest sqlite[] = {cmocka_unit_test_setup_teardown(test_sqlite, set_up, tear_down),
					    cmocka_unit_test(test_all_are_used)};
	const struct CMUnitTest pgsql[] = {cmocka_unit_test_setup_teardown(test_pgsql, set_up, tear_down)};
	log_set_level(LOG_WARN);
	fixture_begin(FIXTURE_SQLITE);
	int failed = cmocka_run_group_tests(sqlite, NULL, NULL);
	if (!fixture_begin(FIXTURE_PGSQL)) {
		fputs("skipped: there is no PostgreSQL here\n", stderr);
		return failed;
	}
	failed += cmocka_run_group_tests(pgsql, NULL, NULL);
	fixture_end();
	return failed;
}
