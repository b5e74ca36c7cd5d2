// SPDX-License-Identifier: Apache-2.0
// The table of statements, made from the X-macros.
#include "records/statements.h"

const struct db_stmt STATEMENTS[N_STATEMENTS] = {
#define X(name_, kind_, params_, sqlite_, pgsql_)                                                                      \
	{.name = #name_, .kind = kind_, .params = params_, .result = "", .sqlite = sqlite_, .pgsql = pgsql_},
	SQL_GUARDS(X) SQL_WRITES(X) SQL_LOG(X)
#undef X
#define X(name_, kind_, params_, result_, sqlite_, pgsql_)                                                             \
	{.name = #name_, .kind = kind_, .params = params_, .result = result_, .sqlite = sqlite_, .pgsql = pgsql_},
		SQL_READS(X)
#undef X
};
