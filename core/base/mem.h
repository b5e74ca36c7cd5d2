// SPDX-License-Identifier: Apache-2.0
// Memory: allocations that cannot fail, shared objects with a destructor.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Zeroed; aborts when there is no memory (sizes from outside are capped before they come here).
void *mem_alloc(size_t n) __attribute__((malloc, returns_nonnull));
void *mem_calloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
// Grows or shrinks; new bytes are not zeroed.
void *mem_realloc(void *p, size_t n) __attribute__((returns_nonnull));
char *mem_strdup(const char *s) __attribute__((malloc, returns_nonnull));
char *mem_strndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
void mem_free(void *p);
// Overwrites a secret in a way that the compiler keeps.
void mem_wipe(void *p, size_t n);

#define mem_new(type) ((type *)mem_alloc(sizeof(type)))

// A shared object: the first reference is the maker's; the last unref runs `destroy` and frees the memory.
// Counts are not atomic: a shared object belongs to one thread.
void *mem_ref_new(size_t n, void (*destroy)(void *)) __attribute__((malloc, returns_nonnull));
void *mem_ref(void *obj);
// NULL is fine; returns NULL so that `p = mem_unref(p)` forgets it.
void *mem_unref(void *obj);
uint32_t mem_refs(const void *obj);

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
