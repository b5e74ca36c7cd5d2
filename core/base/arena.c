// SPDX-License-Identifier: Apache-2.0
// An arena of growing blocks; the first stands behind the arena itself.
#include "base/arena.h"
#include "arena_inside.h"
#include "base/mem.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_BLOCK (4 << 10)
#define LARGEST_BLOCK (256 << 10)

struct arena_block {
	struct arena_block *next;
	size_t size;
	char bytes[] __attribute__((aligned(ARENA_ALIGN)));
};

static size_t round_up(size_t n) { return (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1); }

static void begin(struct arena *a)
{
	a->at = a->first;
	a->end = a->first + a->first_size;
	a->used = 0;
	a->next_size = a->first_size < LARGEST_BLOCK ? 2 * a->first_size : LARGEST_BLOCK;
	ASAN_POISON_MEMORY_REGION(a->first, a->first_size);
}

static void free_blocks(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *b = a->blocks;
		a->blocks = b->next;
		ASAN_UNPOISON_MEMORY_REGION(b->bytes, b->size);
		mem_free(b);
	}
}

struct arena *arena_new(size_t first_block)
{
	size_t size = round_up(first_block ? first_block : FIRST_BLOCK);
	struct arena *a = mem_realloc(NULL, sizeof *a + size);
	a->blocks = NULL;
	a->first_size = size;
	begin(a);
	return a;
}

void arena_reset(struct arena *a)
{
	free_blocks(a);
	begin(a);
}

void arena_free(struct arena **a)
{
	if (!*a) return;
	free_blocks(*a);
	ASAN_UNPOISON_MEMORY_REGION((*a)->first, (*a)->first_size);
	mem_free(*a);
	*a = NULL;
}

static struct arena_block *add_block(struct arena *a, size_t size)
{
	struct arena_block *b = mem_realloc(NULL, sizeof *b + size);
	b->size = size;
	b->next = a->blocks;
	a->blocks = b;
	return b;
}

void *arena_take_more(struct arena *a, size_t n)
{
	if (n > PTRDIFF_MAX) return mem_alloc(n); // aborts
	// What is large gets a block of its own, and the current one goes on.
	if (n > a->next_size / 4) return add_block(a, round_up(n))->bytes;
	struct arena_block *b = add_block(a, a->next_size);
	if (a->next_size < LARGEST_BLOCK) a->next_size *= 2;
	a->at = b->bytes + n;
	a->end = b->bytes + b->size;
	ASAN_POISON_MEMORY_REGION(a->at, b->size - n);
	return b->bytes;
}

void *arena_alloc(struct arena *a, size_t n) { return memset(arena_take(a, n), 0, n); }

size_t arena_used(const struct arena *a) { return a->used; }

struct str arena_str(struct arena *a, struct str s) { return (struct str){arena_cstr(a, s), s.n}; }

char *arena_cstr(struct arena *a, struct str s)
{
	char *p = arena_take_bytes(a, s.n + 1);
	if (s.n) memcpy(p, s.p, s.n);
	p[s.n] = 0;
	return p;
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n < 0) return STR("");
	if ((size_t)n < sizeof text) return arena_str(a, (struct str){text, (size_t)n});
	char *p = arena_take_bytes(a, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return (struct str){p, (size_t)n};
}

struct arena *arena_pool_take(struct arena_pool *p)
{
	struct arena *a = p->spare;
	if (!a) return arena_new(p->first_block);
	p->spare = a->next;
	p->n--;
	return a;
}

void arena_pool_give(struct arena_pool *p, struct arena **a)
{
	if (!*a) return;
	if (p->n >= ARENA_POOL_MAX) {
		arena_free(a);
		return;
	}
	arena_reset(*a);
	(*a)->next = p->spare;
	p->spare = *a;
	p->n++;
	*a = NULL;
}

void arena_pool_fini(struct arena_pool *p)
{
	for (struct arena *a; (a = p->spare);) {
		p->spare = a->next;
		arena_free(&a);
	}
	p->n = 0;
}
