// SPDX-License-Identifier: Apache-2.0
// Tests: a store with the domain's tables, on SQLite or PostgreSQL, and waiting for what it answers.
#pragma once
#include "base/arena.h"
#include "records/rows.h"
#include "loop/loop.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum fixture_db { FIXTURE_SQLITE, FIXTURE_PGSQL, FIXTURE_FAKE }; // the last fails on demand (store/fake.h)

struct fixture {
	struct loop *loop;
	struct store *store;
	struct arena *arena; // of what was read
	char folder[64];     // this test's own
	struct buf url;
	bool is_done;
	struct loop_timer guard;
	// The last unit.
	int status;
	int64_t first_seq;
	uint16_t failed[16];
	size_t n_failed;
};

// False: there is no PostgreSQL to be found. Called once for each program and database, before its tests.
bool fixture_begin(enum fixture_db db);
void fixture_end(void);
// A program's tests on both databases: what main returns.
int fixture_run(const char *name, const struct CMUnitTest *tests, size_t n);

void fixture_open(struct fixture *f);
void fixture_close(struct fixture *f);
// Runs the loop until somebody calls fixture_done; fails the test after a minute.
void fixture_wait(struct fixture *f);
void fixture_done(struct fixture *f);
// Commits u and waits; returns the status.
int fixture_commit(struct fixture *f, struct unit *u);
// One row as a unit of its own.
int fixture_write(struct fixture *f, int stmt, const struct db_value *row);
// The rows live until the fixture is closed.
const struct db_rows *fixture_read(struct fixture *f, int stmt, const struct db_value *params);
uint64_t fixture_id(struct fixture *f);
