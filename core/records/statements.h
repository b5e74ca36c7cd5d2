// SPDX-License-Identifier: Apache-2.0
// The statements of the domain, by name: pass STMT_… to unit_add and store_read. What each takes and gives stands
// beside its SQL in sql_write.h and sql_read.h; rows.h makes and reads their rows.
#pragma once
#include "records/sql_read.h"
#include "records/sql_write.h"
#include "store/store.h"

enum statement {
#define X(name, ...) STMT_##name,
	SQL_GUARDS(X) SQL_WRITES(X) SQL_LOG(X) SQL_READS(X)
#undef X
		N_STATEMENTS
};

extern const struct db_stmt STATEMENTS[N_STATEMENTS];
// The migrations of this program, embedded from schemas/sql.
extern const struct store_migration STORE_MIGRATIONS[];
extern const size_t N_STORE_MIGRATIONS;
