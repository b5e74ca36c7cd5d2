// SPDX-License-Identifier: Apache-2.0
// Fuzzes documents as a plugin could misuse them: the input is a list of calls with handles, real and invented.
#include "doc.h"
#include "base/mem.h"
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HANDLES 16

struct fuzz {
	struct doc_pool pool;
	struct docs d;
	struct doc_home *home;
	uint64_t handles[HANDLES];
	const uint8_t *p, *end;
};

static uint8_t next(struct fuzz *f) { return f->p < f->end ? *f->p++ : 0; }

static void next_callback(struct fuzz *f)
{
	if (f->home) docs_leave(&f->d);
	doc_home_unref(f->home);
	f->home = doc_home_new(&f->pool);
	docs_enter(&f->d, f->home);
}

static void check(struct fuzz *f, uint64_t h)
{
	const struct json *v = docs_get(&f->d, h, NULL);
	if (!v) return;
	struct doc_size s = doc_measure(v);
	if (s.depth > JSON_PROVIDER.depth || s.bytes > 2 * JSON_PROVIDER.bytes) abort();
}

static void step(struct fuzz *f)
{
	static const char *const KEYS[] = {NULL, "", "a", "b", "\xff", "long key"};
	uint8_t what = next(f), which = next(f);
	uint64_t *h = &f->handles[which % HANDLES], other = f->handles[(which >> 4) % HANDLES];
	const char *key = KEYS[which % 6], *why = NULL;
	const struct json *v = NULL;
	struct doc_home *home = NULL;
	size_t n;
	switch (what % 14) {
	case 0: next_callback(f); break;
	case 1: *h = docs_build(&f->d); break;
	case 2: docs_build_open(&f->d, *h, key, true); break;
	case 3: docs_build_open(&f->d, *h, key, false); break;
	case 4: docs_build_end(&f->d, *h); break;
	case 5: docs_build_put(&f->d, *h, key, json_make_int(f->home->arena, what)); break;
	case 6:
		v = docs_get(&f->d, other, NULL);
		if (v) docs_build_put(&f->d, *h, key, json_copy(f->home->arena, v));
		break;
	case 7: *h = docs_build_done(&f->d, *h, &why); break;
	case 8: docs_keep(&f->d, *h); break;
	case 9: (void)docs_drop(&f->d, *h); break;
	case 10: *h += (uint64_t)next(f) << (next(f) % 57); break;
	case 11:
		n = (size_t)(f->end - f->p);
		n = n < which ? n : which;
		if (!json_parse(f->home->arena, (struct str){(const char *)f->p, n}, &JSON_PROVIDER, &v, NULL))
			*h = docs_add(&f->d, v, f->home);
		f->p += n;
		break;
	case 12:
		v = docs_get(&f->d, other, &home);
		*h = docs_add(&f->d, json_at(v, which % 3), home);
		break;
	default: check(f, *h); break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {.p = data, .end = data + (size < 4096 ? size : 4096)};
	docs_init(&f.d);
	next_callback(&f);
	while (f.p < f.end)
		step(&f);
	docs_leave(&f.d);
	doc_home_unref(f.home);
	docs_fini(&f.d);
	if (f.pool.n_out) abort();
	doc_pool_fini(&f.pool);
	return 0;
}
