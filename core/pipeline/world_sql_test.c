// SPDX-License-Identifier: Apache-2.0
// Raw SQL beside the store, on SQLite or PostgreSQL.
#include "world_sql_test.h"
#include "world_test.h"
#include "test_pg.h"
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct test_pg pg;
static int n_databases;
static char path[128];
static struct buf url, text;
static sqlite3 *lite;
static PGconn *conn;

bool world_sql_begin_pg(void)
{
	if (test_pg_open(&pg)) return true;
	fputs("skipped: there is no PostgreSQL here\n", stderr);
	return false;
}

void world_sql_end_pg(void)
{
	test_pg_close(&pg);
	buf_fini(&url);
	buf_fini(&text);
}

// The server's address with a database of its own.
static void make_database(void)
{
	char name[64], command[128];
	snprintf(name, sizeof name, "pipeline_%d_%d", (int)getpid(), ++n_databases);
	snprintf(command, sizeof command, "CREATE DATABASE %s", name);
	PGconn *c = PQconnectdb(pg.address);
	PGresult *r = PQexec(c, command);
	if (PQresultStatus(r) != PGRES_COMMAND_OK) fail_msg("%s: %s", command, PQerrorMessage(c));
	PQclear(r);
	PQfinish(c);
	PQconninfoOption *options = PQconninfoParse(pg.address, NULL);
	for (PQconninfoOption *o = options; o->keyword; o++)
		if (o->val && strcmp(o->keyword, "dbname")) buf_printf(&url, "%s='%s' ", o->keyword, o->val);
	buf_printf(&url, "dbname=%s", name);
	PQconninfoFree(options);
}

void world_sql_open(const char *folder)
{
	buf_reset(&url);
	snprintf(path, sizeof path, "%s/beseda.db", folder);
	if (world_db == WORLD_PGSQL)
		make_database();
	else
		buf_printf(&url, "%s:%s", world_db == WORLD_FAKE ? "fake" : "sqlite", path);
}

const char *world_url(void) { return url.p; }

void world_sql_close(void)
{
	sqlite3_close(lite);
	PQfinish(conn);
	lite = NULL;
	conn = NULL;
}

// ---- statements -----------------------------------------------------------------------------------------------------

static int keep_first(void *arg, int n, char **values, char **names)
{
	bool *is_first = arg;
	if (*is_first && n && values[0]) buf_add(&text, str_of(values[0]));
	*is_first = false;
	return 0;
}

static void run_sqlite(const char *command)
{
	char *wrong = NULL;
	bool is_first = true;
	if (!lite) {
		if (sqlite3_open(path, &lite)) abort();
		sqlite3_busy_timeout(lite, 5000);
	}
	if (sqlite3_exec(lite, command, keep_first, &is_first, &wrong)) fail_msg("%s: %s", command, wrong);
}

static void run_pgsql(const char *command)
{
	if (!conn) conn = PQconnectdb(url.p);
	PGresult *r = PQexec(conn, command);
	ExecStatusType s = PQresultStatus(r);
	if (s != PGRES_COMMAND_OK && s != PGRES_TUPLES_OK) fail_msg("%s: %s", command, PQerrorMessage(conn));
	if (s == PGRES_TUPLES_OK && PQntuples(r)) buf_add(&text, str_of(PQgetvalue(r, 0, 0)));
	PQclear(r);
}

static void run(const char *fmt, va_list ap)
{
	struct buf command = {0};
	buf_vprintf(&command, fmt, ap);
	buf_reset(&text);
	buf_reserve(&text, 1);
	if (world_db == WORLD_PGSQL)
		run_pgsql(command.p);
	else
		run_sqlite(command.p);
	buf_fini(&command);
}

const char *sql(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	run(fmt, ap);
	va_end(ap);
	return buf_str(&text).n ? text.p : "";
}

int64_t sql_int(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	run(fmt, ap);
	va_end(ap);
	return text.n ? atoll(text.p) : 0;
}

int64_t head(void) { return sql_int("SELECT seq FROM feed_head"); }

const char *events_after(int64_t seq)
{
	static char names[4000];
	int64_t last = head();
	names[0] = 0;
	assert_int_equal(sql_int("SELECT count(*) FROM event WHERE seq > %lld", (long long)seq), last - seq); // dense
	for (int64_t i = seq + 1; i <= last; i++) {
		int kind = (int)sql_int("SELECT kind FROM event WHERE seq = %lld", (long long)i);
		if (names[0]) strcat(names, " ");
		strncat(names, event_kind_name((enum event_kind)kind), sizeof names - strlen(names) - 2);
	}
	return names;
}

void add_file(uint64_t id, uint64_t inbox, const char *owner)
{
	sql("INSERT INTO file (id, blob, name, mime, bytes, inbox, owner, scan, audience, created_at, expires_at)"
	    " VALUES (%llu, 'ab', 'a.jpg', 'image/jpeg', 7, %llu, '%s', 0, 1, 1, 9000000000000)",
	    (unsigned long long)id, (unsigned long long)inbox, owner);
}

uint64_t conversation_of(uint64_t inbox, const char *thread)
{
	return (uint64_t)sql_int("SELECT conversation FROM thread WHERE inbox = %llu AND external = '%s'",
				 (unsigned long long)inbox, thread);
}
