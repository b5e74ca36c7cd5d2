// SPDX-License-Identifier: Apache-2.0
// Handles over json trees: a table of slots with generations, and the list of those that end with the running callback.
#include "doc.h"
#include "base/mem.h"
#include <string.h>
#include <sys/random.h>

#define HOMES_KEPT 512
#define HOME_BLOCK 8192 // what a webhook with a message or two needs
#define NO_SLOT UINT32_MAX
#define SHARED_UP_TO ((size_t)64 << 10) // keeping a document of a larger home copies it instead of holding the home

enum slot_kind { SLOT_FREE, SLOT_DOC, SLOT_BUILD };

struct doc_slot {
	union {
		const struct json *v;
		struct build *build;
	};
	struct doc_home *home;
	uint32_t generation;
	uint32_t next; // in the free list or in the scope
	uint32_t keeps;
	uint8_t kind;
	bool in_scope;
};

// An open list or map of a build.
struct build_level {
	struct build_level *up;
	struct json_builder *builder;
	struct str key;
	bool is_map;
};

struct build {
	struct build_level *level;
	const struct json *root;
	uint32_t depth, deepest;
	size_t bytes;
	const char *wrong;
};

struct doc_home *doc_home_new(struct doc_pool *p)
{
	struct doc_home *h = p->free;
	if (h) {
		p->free = h->next;
		p->n_free--;
	} else {
		h = mem_new(struct doc_home);
		h->arena = arena_new(HOME_BLOCK);
		h->pool = p;
	}
	h->next = NULL;
	h->refs = 1;
	p->n_out++;
	return h;
}

struct doc_home *doc_home_ref(struct doc_home *h)
{
	h->refs++;
	return h;
}

void doc_home_unref(struct doc_home *h)
{
	if (!h || --h->refs) return;
	struct doc_pool *p = h->pool;
	p->n_out--;
	if (p->n_free < HOMES_KEPT) {
		arena_reset(h->arena);
		h->next = p->free;
		p->free = h;
		p->n_free++;
		return;
	}
	arena_free(&h->arena);
	mem_free(h);
}

void doc_pool_fini(struct doc_pool *p)
{
	while (p->free) {
		struct doc_home *h = p->free;
		p->free = h->next;
		arena_free(&h->arena);
		mem_free(h);
	}
	p->n_free = 0;
}

struct doc_size doc_measure(const struct json *v)
{
	struct doc_size s = {0, 4};
	if (!v) return s;
	if (v->kind == JSON_STRING)
		s.bytes = (size_t)v->n + 2;
	else if (v->kind == JSON_BYTES)
		s.bytes = (size_t)v->n / 3 * 4 + 14;
	else if (v->kind == JSON_INT || v->kind == JSON_REAL)
		s.bytes = 12;
	if (v->kind != JSON_LIST && v->kind != JSON_MAP) return s;
	s.bytes = 2;
	for (uint32_t i = 0; i < v->n; i++) {
		bool is_map = v->kind == JSON_MAP;
		struct doc_size m = doc_measure(is_map ? v->members[i].value : v->items[i]);
		s.bytes += m.bytes + 1 + (is_map ? v->members[i].key.n + 3 : 0);
		if (m.depth > s.depth) s.depth = m.depth;
	}
	s.depth++;
	return s;
}

int doc_check(const struct json *v, struct err *e)
{
	struct doc_size s = doc_measure(v);
	if (s.depth > JSON_OURS.depth)
		return err_set(e, E_TOO_LARGE, "the document is %u levels deep; %u are the most", s.depth,
			       JSON_OURS.depth);
	if (s.bytes > JSON_OURS.bytes)
		return err_set(e, E_TOO_LARGE, "the document has about %zu bytes; %zu are the most", s.bytes,
			       JSON_OURS.bytes);
	return 0;
}

// ---- slots ------------------------------------------------------------------------------------------------------

void docs_init(struct docs *d)
{
	*d = (struct docs){.free = NO_SLOT, .scope = NO_SLOT};
	if (getrandom(&d->generation, sizeof d->generation, 0) != sizeof d->generation) d->generation = 0x5eed5eed;
}

void docs_fini(struct docs *d)
{
	for (uint32_t i = 0; i < d->n; i++)
		if (d->slots[i].kind != SLOT_FREE) doc_home_unref(d->slots[i].home);
	mem_free(d->slots);
	buf_fini(&d->scratch);
	*d = (struct docs){.free = NO_SLOT, .scope = NO_SLOT};
}

static uint64_t handle_of(const struct docs *d, uint32_t i) { return (uint64_t)d->slots[i].generation << 32 | (i + 1); }

static struct doc_slot *slot_find(const struct docs *d, uint64_t h, enum slot_kind kind)
{
	uint32_t i = (uint32_t)h - 1;
	if (i >= d->n || d->slots[i].kind != kind || d->slots[i].generation != (uint32_t)(h >> 32)) return NULL;
	return &d->slots[i];
}

// A new slot of the running callback; NO_SLOT when there are too many.
static uint32_t slot_take(struct docs *d, enum slot_kind kind, struct doc_home *home)
{
	uint32_t i = d->free;
	if (i != NO_SLOT) {
		d->free = d->slots[i].next;
	} else {
		if (d->n >= DOCS_MAX) return NO_SLOT;
		if (d->n == d->cap) {
			d->cap = d->cap ? d->cap * 2 : 64;
			d->slots = mem_realloc(d->slots, d->cap * sizeof *d->slots);
		}
		i = d->n++;
		d->slots[i].generation = d->generation++;
	}
	struct doc_slot *s = &d->slots[i];
	s->kind = kind;
	s->home = doc_home_ref(home);
	s->keeps = 0;
	s->in_scope = true;
	s->next = d->scope;
	d->scope = i;
	return i;
}

static void slot_free(struct docs *d, uint32_t i)
{
	struct doc_slot *s = &d->slots[i];
	doc_home_unref(s->home);
	s->home = NULL;
	s->v = NULL;
	s->kind = SLOT_FREE;
	s->generation++;
	s->next = d->free;
	d->free = i;
}

void docs_enter(struct docs *d, struct doc_home *home) { d->home = home; }

void docs_leave(struct docs *d)
{
	while (d->scope != NO_SLOT) {
		uint32_t i = d->scope;
		d->scope = d->slots[i].next;
		d->slots[i].in_scope = false;
		if (!d->slots[i].keeps) slot_free(d, i);
	}
	d->home = NULL;
	if (d->scratch.cap > SHARED_UP_TO) buf_fini(&d->scratch);
}

beseda_doc docs_add(struct docs *d, const struct json *v, struct doc_home *home)
{
	if (!v) return 0;
	uint32_t i = slot_take(d, SLOT_DOC, home);
	if (i == NO_SLOT) return 0;
	d->slots[i].v = v;
	return handle_of(d, i);
}

const struct json *docs_get(struct docs *d, beseda_doc h, struct doc_home **home_r)
{
	struct doc_slot *s = h ? slot_find(d, h, SLOT_DOC) : NULL;
	if (!s) return NULL;
	if (home_r) *home_r = s->home;
	return s->v;
}

beseda_doc docs_keep(struct docs *d, beseda_doc h)
{
	struct doc_slot *s = slot_find(d, h, SLOT_DOC);
	if (!s || s->keeps == UINT32_MAX || d->n_kept >= DOCS_MAX / 2) return 0;
	if (!s->keeps && arena_used(s->home->arena) > SHARED_UP_TO) {
		struct doc_home *own = doc_home_new(s->home->pool);
		s->v = json_copy(own->arena, s->v);
		/* the old home goes on to the end of the callback: strings read before point into it */
		docs_add(d, s->v, s->home);
		s = slot_find(d, h, SLOT_DOC);
		doc_home_unref(s->home);
		s->home = own;
	}
	if (!s->keeps++) d->n_kept++;
	return h;
}

int docs_drop(struct docs *d, beseda_doc h)
{
	struct doc_slot *s = slot_find(d, h, SLOT_DOC);
	if (!s || !s->keeps) return E_MISSING;
	if (--s->keeps) return 0;
	d->n_kept--;
	if (!s->in_scope) slot_free(d, (uint32_t)(s - d->slots));
	return 0;
}

// ---- builders ---------------------------------------------------------------------------------------------------

beseda_build docs_build(struct docs *d)
{
	uint32_t i = slot_take(d, SLOT_BUILD, d->home);
	if (i == NO_SLOT) return 0;
	d->slots[i].build = arena_new_of(d->home->arena, struct build);
	return handle_of(d, i);
}

static struct build *build_find(struct docs *d, beseda_build b)
{
	struct doc_slot *s = slot_find(d, b, SLOT_BUILD);
	return s ? s->build : NULL;
}

static void build_wrong(struct build *b, const char *what)
{
	if (!b->wrong) b->wrong = what;
}

void docs_build_wrong(struct docs *d, beseda_build h, const char *what)
{
	struct build *b = build_find(d, h);
	if (b) build_wrong(b, what);
}

static bool key_is_right(struct build *b, const char *key)
{
	if (b->wrong) return false;
	if (!b->level && b->root)
		build_wrong(b, "a second outermost value");
	else if (b->level && b->level->is_map && !key)
		build_wrong(b, "a member of a map without a key");
	else if (b->level && b->level->is_map && !utf8_valid_text(str_of(key)))
		build_wrong(b, "a key that is not valid UTF-8");
	return !b->wrong;
}

static void build_place(struct build *b, struct str key, const struct json *v)
{
	if (!b->level)
		b->root = v;
	else if (b->level->is_map)
		json_put(b->level->builder, key, v);
	else
		json_push(b->level->builder, v);
}

void docs_build_open(struct docs *d, beseda_build h, const char *key, bool is_map)
{
	struct build *b = build_find(d, h);
	if (!b || !key_is_right(b, key)) return;
	if (++b->depth > JSON_PROVIDER.depth) {
		build_wrong(b, "too many levels");
		return;
	}
	if (b->depth > b->deepest) b->deepest = b->depth;
	struct build_level *l = arena_new_of(d->home->arena, struct build_level);
	l->up = b->level;
	l->is_map = is_map;
	l->key = b->level && b->level->is_map ? arena_str(d->home->arena, str_of(key)) : STR_NONE;
	l->builder = is_map ? json_build_map(d->home->arena) : json_build_list(d->home->arena);
	b->bytes += l->key.n + 5;
	b->level = l;
}

void docs_build_end(struct docs *d, beseda_build h)
{
	struct build *b = build_find(d, h);
	if (!b || b->wrong) return;
	struct build_level *l = b->level;
	if (!l) {
		build_wrong(b, "an end without a map or list");
		return;
	}
	b->level = l->up;
	b->depth--;
	build_place(b, l->key, json_build(l->builder));
}

void docs_build_put(struct docs *d, beseda_build h, const char *key, const struct json *v)
{
	struct build *b = build_find(d, h);
	if (!b || !key_is_right(b, key)) return;
	struct doc_size s = doc_measure(v);
	b->bytes += s.bytes + (key ? strlen(key) + 4 : 1);
	if (b->depth + s.depth > b->deepest) b->deepest = b->depth + s.depth;
	/* each document is bounded, so that one which holds another many times stays so as well */
	if (b->bytes > JSON_PROVIDER.bytes || b->deepest > JSON_PROVIDER.depth)
		build_wrong(b, "too large or too deep");
	else
		build_place(b, str_of(key), v);
}

beseda_doc docs_build_done(struct docs *d, beseda_build h, const char **why_r)
{
	struct build *b = build_find(d, h);
	if (!b) {
		*why_r = "no such build";
		return 0;
	}
	if (b->level) build_wrong(b, "a map or list that was not ended");
	if (!b->root) build_wrong(b, "nothing was put");
	*why_r = b->wrong;
	/* the slot stays until the callback ends, but never answers again */
	struct doc_slot *s = slot_find(d, h, SLOT_BUILD);
	s->generation++;
	return b->wrong ? 0 : docs_add(d, b->root, d->home);
}
