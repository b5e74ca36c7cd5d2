// SPDX-License-Identifier: Apache-2.0
// Documents as a plugin holds them: handles over json trees, checked at every use, and the arenas that the trees live
// in.
#pragma once
#include "base/json.h"
#include "beseda/plugin.h"

// ---- homes: arenas shared by count ------------------------------------------------------------------------------

// All that belongs to one cause lives in one home: its op, its documents, its lists. Homes are used again.
struct doc_pool;
struct doc_home {
	struct arena *arena;
	struct doc_pool *pool;
	struct doc_home *next;
	uint32_t refs;
};
struct doc_pool {
	struct doc_home *free;
	size_t n_free, n_out;
};

void doc_pool_fini(struct doc_pool *p); // every home must have come back
struct doc_home *doc_home_new(struct doc_pool *p);
struct doc_home *doc_home_ref(struct doc_home *h);
void doc_home_unref(struct doc_home *h); // NULL is fine

// ---- measures ---------------------------------------------------------------------------------------------------

struct doc_size {
	uint32_t depth;
	size_t bytes; // about those of its JSON text
};
struct doc_size doc_measure(const struct json *v);
// Within the limits of our own documents? 0 or E_TOO_LARGE; NULL is fine.
int doc_check(const struct json *v, struct err *e);

// ---- handles ----------------------------------------------------------------------------------------------------

struct doc_slot;
// The handles of one plugin. A handle is an index and a generation that begins at random: what a plugin invents, or
// kept beyond its life, is found out.
struct docs {
	struct doc_slot *slots;
	uint32_t n, cap, free, scope;
	uint32_t n_kept, generation;
	struct doc_home *home; // of the running callback; NULL: none runs
	struct buf scratch;
};

#define DOCS_MAX 100000

void docs_init(struct docs *d);
void docs_fini(struct docs *d);
// A callback begins: what is built goes to `home`, which the caller holds until docs_leave.
void docs_enter(struct docs *d, struct doc_home *home);
void docs_leave(struct docs *d);
// A handle of v until the callback ends. 0 for NULL, or when there are too many.
beseda_doc docs_add(struct docs *d, const struct json *v, struct doc_home *home);
// What a handle stands for; NULL for 0 and for a bad one. home_r may be NULL.
const struct json *docs_get(struct docs *d, beseda_doc h, struct doc_home **home_r);
beseda_doc docs_keep(struct docs *d, beseda_doc h);
int docs_drop(struct docs *d, beseda_doc h); // 0 or E_MISSING: not kept

// ---- builders ---------------------------------------------------------------------------------------------------

beseda_build docs_build(struct docs *d);
void docs_build_open(struct docs *d, beseda_build b, const char *key, bool is_map);
void docs_build_end(struct docs *d, beseda_build b);
void docs_build_put(struct docs *d, beseda_build b, const char *key, const struct json *v);
void docs_build_wrong(struct docs *d, beseda_build b, const char *what); // the first mistake is remembered
// 0 when something was wrong; *why_r says what.
beseda_doc docs_build_done(struct docs *d, beseda_build b, const char **why_r);
