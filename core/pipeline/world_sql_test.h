// SPDX-License-Identifier: Apache-2.0
// Tests: the world's database, and a session of its own on it that knows nothing of the store.
#pragma once
#include <stdbool.h>

bool world_sql_begin_pg(void); // false: there is no PostgreSQL to be found
void world_sql_end_pg(void);
void world_sql_open(const char *folder); // a new database for each test
void world_sql_close(void);
const char *world_url(void);
