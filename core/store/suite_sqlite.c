// SPDX-License-Identifier: Apache-2.0
// A second SQLite session for the suite.
#include "suite_sqlite.h"
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

struct raw {
	sqlite3 *db;
	char *text;
};

static char folder[] = "/tmp/beseda-sqlite-XXXXXX";
static char path[64], url[80];

static void remove_folder(void)
{
	char command[80];
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	if (system(command)) perror(command);
}

const char *suite_sqlite_fresh(const char *prefix)
{
	static int n;
	if (!n++) {
		if (!mkdtemp(folder)) abort();
		atexit(remove_folder);
	}
	snprintf(path, sizeof path, "%s/%d.db", folder, n);
	snprintf(url, sizeof url, "%s%s", prefix, path);
	return url;
}

const char *suite_sqlite_path(void) { return path; }

struct raw *suite_sqlite_open(void)
{
	struct raw *r = mem_new(struct raw);
	if (sqlite3_open(path, &r->db)) abort();
	sqlite3_busy_timeout(r->db, 5000);
	return r;
}

void suite_sqlite_close(struct raw *r)
{
	sqlite3_close(r->db);
	mem_free(r->text);
	mem_free(r);
}

static int keep_first(void *arg, int n, char **values, char **names)
{
	struct raw *r = arg;
	if (!r->text) r->text = mem_strdup(n && values[0] ? values[0] : "");
	return 0;
}

const char *suite_sqlite_exec(struct raw *r, const char *sql)
{
	char *wrong = NULL;
	mem_free(r->text);
	r->text = NULL;
	if (sqlite3_exec(r->db, sql, keep_first, r, &wrong)) fail_msg("%s: %s", sql, wrong);
	return r->text ? r->text : "";
}
