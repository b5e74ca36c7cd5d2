// SPDX-License-Identifier: Apache-2.0
// An arena: many small allocations of one message or request, freed together.
#pragma once
#include "base/str.h"
#include <stddef.h>

struct arena;

struct arena *arena_new(size_t first_block); // 0: 4 KiB
// Forgets everything, keeps the first block.
void arena_reset(struct arena *a);
void arena_free(struct arena **a);
// Zeroed, aligned to 16; never NULL.
void *arena_alloc(struct arena *a, size_t n) __attribute__((malloc, returns_nonnull));
// Bytes handed out since the last reset.
size_t arena_used(const struct arena *a);
// Copies end with a NUL that does not count.
struct str arena_str(struct arena *a, struct str s);
char *arena_cstr(struct arena *a, struct str s);
struct str arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define arena_new_of(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, count) ((type *)arena_alloc((a), sizeof(type) * (count)))

// Arenas that are used again and again: the allocator is asked only when none is spare. For one thread.
struct arena_pool {
	struct arena *spare;
	size_t n, first_block; // first_block: 0: 4 KiB
};
#define ARENA_POOL_MAX 512 // spare ones that are kept
struct arena *arena_pool_take(struct arena_pool *p);
// Forgets everything in it; sets *a to NULL, accepts NULL.
void arena_pool_give(struct arena_pool *p, struct arena **a);
void arena_pool_fini(struct arena_pool *p);
