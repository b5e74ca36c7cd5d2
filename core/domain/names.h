// SPDX-License-Identifier: Apache-2.0
// Inside the room: the names of an enum, as a table indexed by its numbers; holes are NULL.
#pragma once
#include "base/err.h"
#include "base/str.h"

// NULL for a number that the table does not have.
const char *names_get(const char *const *names, size_t n, size_t number);
// 0, or E_INVALID when no row has this name; "" is no name.
MUST_USE int names_find(const char *const *names, size_t n, struct str name, size_t *number_r);
