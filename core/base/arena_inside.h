// SPDX-License-Identifier: Apache-2.0
// The arena's inside, for code of this room that counts nanoseconds: takes memory without zeroing it.
#pragma once
#include "base/arena.h"
#include <sanitizer/asan_interface.h> // its macros are empty without the sanitizer

#define ARENA_ALIGN 16

struct arena_block; // those behind the first

struct arena {
	char *at, *end; // the rest of the current block; `end` is aligned
	struct arena_block *blocks;
	struct arena *next; // in a pool
	size_t used, first_size, next_size;
	char first[] __attribute__((aligned(ARENA_ALIGN)));
};

// When the current block has too little left.
void *arena_take_more(struct arena *a, size_t n) __attribute__((returns_nonnull));

// Not zeroed, aligned.
static inline void *arena_take(struct arena *a, size_t n)
{
	char *p = (char *)(((uintptr_t)a->at + ARENA_ALIGN - 1) & ~(uintptr_t)(ARENA_ALIGN - 1));
	a->used += n;
	if (__builtin_expect(n > (size_t)(a->end - p), 0)) return arena_take_more(a, n);
	ASAN_UNPOISON_MEMORY_REGION(p, n);
	a->at = p + n;
	return p;
}

// Not zeroed, not aligned.
static inline char *arena_take_bytes(struct arena *a, size_t n)
{
	char *p = a->at;
	a->used += n;
	if (__builtin_expect(n > (size_t)(a->end - p), 0)) return arena_take_more(a, n);
	ASAN_UNPOISON_MEMORY_REGION(p, n);
	a->at = p + n;
	return p;
}

// Of the `taken` bytes at p, the newest allocation, only `kept` are wanted.
static inline void arena_give_back(struct arena *a, char *p, size_t taken, size_t kept)
{
	a->used -= taken - kept;
	if (p + taken != a->at) return; // a block of its own
	a->at = p + kept;
	ASAN_POISON_MEMORY_REGION(a->at, taken - kept);
}
