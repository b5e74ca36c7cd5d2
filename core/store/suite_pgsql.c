// SPDX-License-Identifier: Apache-2.0
// A second PostgreSQL session for the suite, and what its programs share.
#include "suite_pgsql.h"
#include <libpq-fe.h>
#include <stdio.h>

struct raw {
	PGconn *db;
	char *text;
};

struct test_pg pg;

static struct raw *raw_open(void)
{
	struct raw *r = mem_new(struct raw);
	r->db = PQconnectdb(pg.address);
	if (PQstatus(r->db) != CONNECTION_OK) fail_msg("%s", PQerrorMessage(r->db));
	PQclear(PQexec(r->db, "SET client_min_messages = error"));
	return r;
}

static void raw_close(struct raw *r)
{
	PQfinish(r->db);
	mem_free(r->text);
	mem_free(r);
}

static const char *raw_exec(struct raw *r, const char *sql)
{
	PGresult *res = PQexec(r->db, sql);
	ExecStatusType status = PQresultStatus(res);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail_msg("%s: %s", sql, PQerrorMessage(r->db));
	mem_free(r->text);
	r->text = mem_strdup(status == PGRES_TUPLES_OK && PQntuples(res) ? PQgetvalue(res, 0, 0) : "");
	PQclear(res);
	return r->text;
}

static const char *fresh(void)
{
	struct raw *r = raw_open();
	raw_exec(r, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'besedad' "
		    "AND datname = current_database()");
	raw_exec(r, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
	raw_close(r);
	return pg.address;
}

const struct suite_driver PGSQL = {
	.name = "store on PostgreSQL",
	.fresh = fresh,
	.raw_open = raw_open,
	.raw_close = raw_close,
	.raw_exec = raw_exec,
};
