// SPDX-License-Identifier: Apache-2.0
// Allocations that cannot fail, and counted references.
#include "base/mem.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SMALL 1024

// Stands before each shared object.
struct shared {
	void (*destroy)(void *);
	uint32_t refs;
	uint32_t pad;
};
_Static_assert(sizeof(struct shared) % 16 == 0, "the object behind it must stay aligned");

static __attribute__((noreturn)) void out_of_memory(void)
{
	static const char text[] = "out of memory\n";
	if (write(STDERR_FILENO, text, sizeof text - 1) < 0) abort();
	abort();
}

void *mem_alloc(size_t n) { return mem_calloc(1, n); }

void *mem_calloc(size_t count, size_t size)
{
	if (!count || !size) count = size = 1;
	// glibc keeps small pieces at hand for each thread, but its calloc does not look there (2.36).
	bool is_small = count <= SMALL && size <= SMALL / count;
	void *p = is_small ? malloc(count * size) : calloc(count, size);
	if (!p) out_of_memory();
	return is_small ? memset(p, 0, count * size) : p;
}

void *mem_realloc(void *p, size_t n)
{
	p = realloc(p, n ? n : 1);
	if (!p) out_of_memory();
	return p;
}

char *mem_strdup(const char *s) { return mem_strndup(s, strlen(s)); }

char *mem_strndup(const char *s, size_t n)
{
	n = strnlen(s, n);
	char *copy = mem_realloc(NULL, n + 1);
	memcpy(copy, s, n);
	copy[n] = 0;
	return copy;
}

void mem_free(void *p) { free(p); }

void mem_wipe(void *p, size_t n)
{
	if (n) explicit_bzero(p, n);
}

static struct shared *shared_of(const void *obj) { return (struct shared *)((char *)obj - sizeof(struct shared)); }

void *mem_ref_new(size_t n, void (*destroy)(void *))
{
	if (n > SIZE_MAX - sizeof(struct shared)) out_of_memory();
	struct shared *s = mem_alloc(sizeof *s + n);
	s->destroy = destroy;
	s->refs = 1;
	return s + 1;
}

void *mem_ref(void *obj)
{
	struct shared *s = shared_of(obj);
	assert(s->refs > 0 && s->refs < UINT32_MAX);
	s->refs++;
	return obj;
}

void *mem_unref(void *obj)
{
	if (!obj) return NULL;
	struct shared *s = shared_of(obj);
	assert(s->refs > 0);
	if (s->refs > 1) {
		s->refs--;
		return NULL;
	}
	// The count stays at 1 meanwhile, so that a ref and unref inside the destructor do not destroy twice.
	if (s->destroy) s->destroy(obj);
	free(s);
	return NULL;
}

uint32_t mem_refs(const void *obj) { return shared_of(obj)->refs; }
