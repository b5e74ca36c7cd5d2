// SPDX-License-Identifier: Apache-2.0
// jansson's opinion of a JSON text, without its names: its header and ours do not go together in one file.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct oracle; // a value of jansson's

// NULL when jansson refuses; *is_dialect_r tells whether only because it takes fewer numbers or levels than we do.
struct oracle *oracle_parse(const char *text, size_t n, bool *is_dialect_r);
void oracle_free(struct oracle *o);

// One letter: n(ull) b(ool) i(nt) r(eal) s(tring) l(ist) m(ap).
char oracle_kind(const struct oracle *o);
int64_t oracle_int(const struct oracle *o); // a bool too
double oracle_real(const struct oracle *o);
const char *oracle_string(const struct oracle *o, size_t *n_r);
size_t oracle_count(const struct oracle *o);
const struct oracle *oracle_at(const struct oracle *list, size_t i);
const struct oracle *oracle_get(const struct oracle *map, const char *key, size_t n);
