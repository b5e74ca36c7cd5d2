// SPDX-License-Identifier: Apache-2.0
// Starts and stops a private PostgreSQL.
#include "test_pg.h"
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char bin[256];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static bool find_bin(void)
{
	glob_t g;
	bool is_there = !glob("/usr/lib/postgresql/*/bin", 0, NULL, &g);
	if (is_there) snprintf(bin, sizeof bin, "%s", g.gl_pathv[g.gl_pathc - 1]);
	globfree(&g);
	return is_there;
}

// PostgreSQL refuses to run as root.
static void become_postgres(void)
{
	struct passwd *pw = getuid() ? NULL : getpwnam("postgres");
	if (pw && (initgroups("postgres", pw->pw_gid) || setgid(pw->pw_gid) || setuid(pw->pw_uid))) die("setuid");
}

static int spawn(const char *log, char *const argv[])
{
	int pid = fork();
	if (pid < 0) die("fork");
	if (pid) return pid;
	become_postgres();
	prctl(PR_SET_PDEATHSIG, SIGQUIT); // nothing is left behind when the test dies
	if (!freopen(log, "a", stdout) || !freopen(log, "a", stderr)) _exit(1);
	execv(argv[0], argv);
	_exit(127);
}

static bool is_answering(const struct test_pg *p) { return PQping(p->address) == PQPING_OK; }

void test_pg_start(struct test_pg *p)
{
	char path[512], data[128], log[128];
	snprintf(path, sizeof path, "%s/postgres", bin);
	snprintf(data, sizeof data, "%s/data", p->folder);
	snprintf(log, sizeof log, "%s/log", p->folder);
	char *argv[] = {path,
			"-D",
			data,
			"-k",
			p->folder,
			"-c",
			"listen_addresses=",
			"-c",
			p->is_durable ? "fsync=on" : "fsync=off",
			"-c",
			"max_connections=20",
			"-c",
			"shared_buffers=32MB",
			NULL};
	p->pid = spawn(log, argv);
	for (int i = 0; !is_answering(p); i++) {
		if (i > 3000 || waitpid(p->pid, NULL, WNOHANG)) die("PostgreSQL does not come up");
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
}

void test_pg_stop(struct test_pg *p)
{
	kill(p->pid, SIGINT);
	waitpid(p->pid, NULL, 0);
}

static void run_initdb(struct test_pg *p)
{
	char path[512], data[128], log[128];
	int status;
	snprintf(path, sizeof path, "%s/initdb", bin);
	snprintf(data, sizeof data, "%s/data", p->folder);
	snprintf(log, sizeof log, "%s/log", p->folder);
	char *argv[] = {path, "-D", data, "-U", "beseda", "-A", "trust", "-N", "-E", "UTF8", "--locale=C", NULL};
	if (waitpid(spawn(log, argv), &status, 0) < 0 || status) die("initdb");
}

// Tests that run side by side on one server drop schemas and end sessions: each has a database of its own.
static void make_database(struct test_pg *p, const char *given)
{
	char name[32], sql[64];
	snprintf(name, sizeof name, "store_%d", (int)getpid());
	snprintf(sql, sizeof sql, "CREATE DATABASE %s", name);
	PGconn *c = PQconnectdb(given);
	PGresult *r = PQexec(c, sql);
	if (PQresultStatus(r) != PGRES_COMMAND_OK) {
		fprintf(stderr, "BESEDA_TEST_PG: %s", PQerrorMessage(c));
		exit(1);
	}
	PQclear(r);
	PQfinish(c);
	PQconninfoOption *options = PQconninfoParse(given, NULL);
	size_t n = 0;
	for (PQconninfoOption *o = options; o->keyword; o++)
		if (o->val && strcmp(o->keyword, "dbname"))
			n += (size_t)snprintf(p->address + n, sizeof p->address - n, "%s='%s' ", o->keyword, o->val);
	snprintf(p->address + n, sizeof p->address - n, "dbname=%s", name);
	PQconninfoFree(options);
}

bool test_pg_open(struct test_pg *p)
{
	const char *given = getenv("BESEDA_TEST_PG");
	*p = (struct test_pg){.is_durable = p->is_durable};
	if (given) {
		make_database(p, given);
		return true;
	}
	struct passwd *pw = getpwnam("postgres");
	if (!find_bin() || (!getuid() && !pw)) return false;
	snprintf(p->folder, sizeof p->folder, "/tmp/beseda-pg-XXXXXX");
	if (!mkdtemp(p->folder)) die("mkdtemp");
	if (!getuid() && chown(p->folder, pw->pw_uid, pw->pw_gid)) die("chown");
	snprintf(p->address, sizeof p->address, "host=%s user=beseda dbname=postgres", p->folder);
	run_initdb(p);
	test_pg_start(p);
	return true;
}

void test_pg_close(struct test_pg *p)
{
	if (!p->pid) return;
	test_pg_stop(p);
	char command[128];
	snprintf(command, sizeof command, "rm -rf '%s'", p->folder);
	if (system(command)) die("rm");
}
