// SPDX-License-Identifier: Apache-2.0
// Tests: SQLite files in a temporary folder, and a second session on them.
#pragma once
#include "store_suite_test.h"

const char *suite_sqlite_fresh(const char *prefix); // "sqlite:" or "fake:"
struct raw *suite_sqlite_open(void);
void suite_sqlite_close(struct raw *r);
const char *suite_sqlite_exec(struct raw *r, const char *sql);
const char *suite_sqlite_path(void);
