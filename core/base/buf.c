// SPDX-License-Identifier: Apache-2.0
// A growing buffer of bytes.
#include "base/mem.h"
#include "base/str.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SMALLEST 64

void buf_fini(struct buf *b)
{
	mem_free(b->p);
	*b = (struct buf){0};
}

void buf_reset(struct buf *b)
{
	b->n = 0;
	if (b->p) b->p[0] = 0;
}

static void grow(struct buf *b, size_t need)
{
	size_t cap = b->cap ? b->cap : SMALLEST;
	while (cap < need)
		cap += cap;
	b->p = mem_realloc(b->p, cap);
	b->cap = cap;
}

char *buf_reserve(struct buf *b, size_t n)
{
	if (n > PTRDIFF_MAX - b->n - 1) return mem_alloc(SIZE_MAX); // aborts
	if (b->cap - b->n <= n) grow(b, b->n + n + 1);
	return b->p + b->n;
}

void buf_add(struct buf *b, struct str s) { buf_add_bytes(b, s.p, s.n); }

void buf_add_bytes(struct buf *b, const void *p, size_t n)
{
	char *to = buf_reserve(b, n);
	if (n) memcpy(to, p, n);
	to[n] = 0;
	b->n += n;
}

void buf_add_char(struct buf *b, char c)
{
	char *to = buf_reserve(b, 1);
	to[0] = c;
	to[1] = 0;
	b->n++;
}

void buf_add_u64(struct buf *b, uint64_t v)
{
	char text[20], *p = text + sizeof text;
	do
		*--p = (char)('0' + v % 10);
	while (v /= 10);
	buf_add_bytes(b, p, (size_t)(text + sizeof text - p));
}

void buf_add_i64(struct buf *b, int64_t v)
{
	if (v < 0) buf_add_char(b, '-');
	buf_add_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	char *to = buf_reserve(b, 0);
	int n = vsnprintf(to, b->cap - b->n, fmt, ap);
	if (n > 0) {
		if ((size_t)n >= b->cap - b->n) vsnprintf(buf_reserve(b, (size_t)n), (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	b->p[b->n] = 0;
	va_end(again);
}

void buf_shift(struct buf *b, size_t n)
{
	assert(n <= b->n);
	if (!n) return;
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
	b->p[b->n] = 0;
}

struct str buf_str(const struct buf *b)
{
	if (!b->p) return STR("");
	// Whoever wrote behind buf_reserve need not think of the NUL.
	if (b->p[b->n]) b->p[b->n] = 0;
	return (struct str){b->p, b->n};
}

char *buf_take(struct buf *b)
{
	char *p = buf_reserve(b, 0) - b->n;
	p[b->n] = 0;
	*b = (struct buf){0};
	return p;
}
