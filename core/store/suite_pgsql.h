// SPDX-License-Identifier: Apache-2.0
// Tests: the PostgreSQL of a test program, and the suite's driver for it.
#pragma once
#include "store_suite_test.h"
#include "test_pg.h"

extern struct test_pg pg;
extern const struct suite_driver PGSQL;
