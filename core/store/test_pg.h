// SPDX-License-Identifier: Apache-2.0
// Tests: a PostgreSQL of our own in a temporary folder, reached by a unix socket; it dies with the test.
#pragma once
#include <stdbool.h>

struct test_pg {
	bool is_durable; // with fsync; set before open
	char folder[64];
	char address[512]; // a libpq conninfo
	int pid;           // 0: a database of our own on somebody else's (BESEDA_TEST_PG)
};

// False when there is no PostgreSQL to be found.
bool test_pg_open(struct test_pg *p);
// Only of a server of our own; start waits until it answers.
void test_pg_start(struct test_pg *p);
void test_pg_stop(struct test_pg *p);
void test_pg_close(struct test_pg *p);
