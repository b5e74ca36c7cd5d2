// SPDX-License-Identifier: Apache-2.0
// Hash maps from a 64-bit number, or from a string, to a pointer.
#pragma once
#include "base/str.h"

// Keys and values are the caller's; the string map keeps its own copy of each key. Values are never NULL.
struct map;  // u64 -> void *
struct smap; // string -> void *

struct map *map_new(void);
void map_free(struct map **m);
void *map_get(const struct map *m, uint64_t key);
// Returns the value that stood there before, or NULL.
void *map_put(struct map *m, uint64_t key, void *value);
// Returns the value removed, or NULL.
void *map_remove(struct map *m, uint64_t key);
size_t map_count(const struct map *m);
// Start with *at = 0; false at the end. Nothing may be put meanwhile; the pair just returned may be removed.
bool map_next(const struct map *m, size_t *at, uint64_t *key_r, void **value_r);

struct smap *smap_new(void);
void smap_free(struct smap **m);
void *smap_get(const struct smap *m, struct str key);
void *smap_put(struct smap *m, struct str key, void *value);
void *smap_remove(struct smap *m, struct str key);
size_t smap_count(const struct smap *m);
bool smap_next(const struct smap *m, size_t *at, struct str *key_r, void **value_r);
