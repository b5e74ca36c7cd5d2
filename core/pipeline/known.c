// SPDX-License-Identifier: Apache-2.0
// What was just used: places, persons, contacts' names, conversations, threads. Bounded; the longest unused goes first.
#include "known.h"
#include <string.h>

#define KNOWN_MAX 65536 // of each

// What is known of one thing: this, a value, and its strings, in one block.
struct entry {
	struct list at; // in lru
	uint64_t id;
	struct str key;
};

// Found by a number, or by a text.
struct table {
	struct map *by_id;
	struct smap *by_key;
	struct list lru; // the longest unused first
	size_t n;
};

struct known {
	struct table places, persons, names, conversations, threads;
};

static void *value_of(struct entry *e) { return e + 1; }

// ---- tables ---------------------------------------------------------------------------------------------------------

static void entry_drop(struct table *t, struct entry *e)
{
	if (!e) return;
	if (t->by_key)
		smap_remove(t->by_key, e->key);
	else
		map_remove(t->by_id, e->id);
	list_remove(&e->at);
	t->n--;
	mem_free(e);
}

static struct entry *find(struct table *t, uint64_t id, struct str key)
{
	return t->by_key ? smap_get(t->by_key, key) : map_get(t->by_id, id);
}

static void *get(struct table *t, uint64_t id, struct str key)
{
	struct entry *e = find(t, id, key);
	if (!e) return NULL;
	list_remove(&e->at);
	list_append(&t->lru, &e->at);
	return value_of(e);
}

static struct str copy_str(char **at, struct str s)
{
	if (!s.p) return STR_NONE;
	if (s.n) memcpy(*at, s.p, s.n);
	struct str copy = {*at, s.n};
	*at += s.n;
	return copy;
}

// A new entry in the place of an old one, with room for `extra` bytes of strings behind its value.
static struct entry *put(struct table *t, uint64_t id, struct str key, size_t size, size_t extra)
{
	struct entry *old = find(t, id, key), *e = mem_alloc(sizeof *e + size + key.n + extra + 1);
	char *at = (char *)value_of(e) + size + extra;
	e->id = id;
	e->key = copy_str(&at, key);
	if (old) {
		list_remove(&old->at);
		t->n--;
	}
	if (t->n >= KNOWN_MAX) entry_drop(t, list_entry(list_first(&t->lru), struct entry, at));
	if (t->by_key)
		smap_put(t->by_key, e->key, e);
	else
		map_put(t->by_id, id, e);
	list_append(&t->lru, &e->at);
	t->n++;
	mem_free(old);
	return e;
}

static void table_init(struct table *t, bool is_by_key)
{
	*t = (struct table){.by_id = is_by_key ? NULL : map_new(), .by_key = is_by_key ? smap_new() : NULL};
	list_init(&t->lru);
}

static void table_fini(struct table *t)
{
	list_each (l, &t->lru)
		mem_free(list_entry(l, struct entry, at));
	smap_free(&t->by_key);
	map_free(&t->by_id);
}

struct known *known_new(void)
{
	struct known *k = mem_new(struct known);
	table_init(&k->places, true);
	table_init(&k->persons, true);
	table_init(&k->names, false);
	table_init(&k->conversations, false);
	table_init(&k->threads, false);
	return k;
}

void known_free(struct known **k)
{
	if (!*k) return;
	table_fini(&(*k)->places);
	table_fini(&(*k)->persons);
	table_fini(&(*k)->names);
	table_fini(&(*k)->conversations);
	table_fini(&(*k)->threads);
	mem_free(*k);
	*k = NULL;
}

// ---- places and persons ---------------------------------------------------------------------------------------------

// Parts with their lengths before them, so that no two lists of parts look alike.
static struct str key_of(struct arena *a, uint64_t first, const struct str *parts, size_t n)
{
	size_t total = sizeof first;
	for (size_t i = 0; i < n; i++)
		total += sizeof(uint32_t) + parts[i].n;
	char *key = arena_alloc(a, total), *at = key + sizeof first;
	memcpy(key, &first, sizeof first);
	for (size_t i = 0; i < n; i++) {
		uint32_t length = (uint32_t)parts[i].n;
		memcpy(at, &length, sizeof length);
		if (length) memcpy(at + sizeof length, parts[i].p, length);
		at += sizeof length + length;
	}
	return (struct str){key, total};
}

struct str known_place_key(struct arena *a, uint64_t inbox, struct str external)
{
	return key_of(a, inbox, &external, 1);
}

struct str known_person_key(struct arena *a, struct str kind, struct str scope, struct str address)
{
	return key_of(a, 0, (struct str[]){kind, scope, address}, 3);
}

bool known_get_place(struct known *k, struct str key, struct known_place *p_r)
{
	const struct known_place *p = get(&k->places, 0, key);
	if (p) *p_r = *p;
	return p != NULL;
}

void known_put_place(struct known *k, struct str key, const struct known_place *p)
{
	struct known_place *old = get(&k->places, 0, key);
	if (!old) old = value_of(put(&k->places, 0, key, sizeof *p, 0));
	*old = *p;
}

void known_drop_place(struct known *k, struct str key) { entry_drop(&k->places, find(&k->places, 0, key)); }

bool known_get_person(struct known *k, struct str key, struct arena *a, struct known_person *p_r)
{
	const struct known_person *p = get(&k->persons, 0, key);
	if (!p) return false;
	*p_r = *p;
	return known_name(k, p->contact, a, &p_r->name);
}

void known_put_person(struct known *k, struct str key, const struct known_person *p)
{
	struct known_person *old = get(&k->persons, 0, key);
	if (!old) old = value_of(put(&k->persons, 0, key, sizeof *p, 0));
	*old = *p;
	old->name = STR_NONE; // stands with the contact
	if (!get(&k->names, p->contact, STR_NONE)) known_rename(k, p->contact, p->name);
}

void known_drop_person(struct known *k, struct str key) { entry_drop(&k->persons, find(&k->persons, 0, key)); }

// ---- names ----------------------------------------------------------------------------------------------------------

void known_rename(struct known *k, uint64_t contact, struct str name)
{
	struct str *stands = value_of(put(&k->names, contact, STR_NONE, sizeof name, name.n));
	char *at = (char *)(stands + 1);
	*stands = copy_str(&at, name);
}

bool known_name(struct known *k, uint64_t contact, struct arena *a, struct str *name_r)
{
	const struct str *stands = get(&k->names, contact, STR_NONE);
	if (stands) *name_r = stands->p ? arena_str(a, *stands) : STR_NONE;
	return stands != NULL;
}

// ---- conversations --------------------------------------------------------------------------------------------------

bool known_get_conversation(struct known *k, uint64_t id, struct arena *a, struct conversation *c_r, struct str *name_r)
{
	const struct conversation *c = get(&k->conversations, id, STR_NONE);
	if (!c || !known_name(k, c->contact, a, name_r)) return false;
	*c_r = *c;
	return true;
}

void known_put_conversation(struct known *k, const struct conversation *c, struct str name)
{
	struct conversation *stands = get(&k->conversations, c->id, STR_NONE);
	if (!stands) stands = value_of(put(&k->conversations, c->id, STR_NONE, sizeof *c, 0));
	if (stands->version <= c->version) *stands = *c;
	if (!get(&k->names, c->contact, STR_NONE)) known_rename(k, c->contact, name);
}

void known_drop_conversation(struct known *k, uint64_t id)
{
	entry_drop(&k->conversations, find(&k->conversations, id, STR_NONE));
}

// ---- threads --------------------------------------------------------------------------------------------------------

bool known_get_thread(struct known *k, uint64_t id, struct arena *a, struct known_thread *t_r)
{
	const struct known_thread *t = get(&k->threads, id, STR_NONE);
	if (!t || !known_name(k, t->contact, a, &t_r->name)) return false;
	struct str name = t_r->name;
	*t_r = *t;
	t_r->external = arena_str(a, t->external);
	t_r->kind = arena_str(a, t->kind);
	t_r->scope = arena_str(a, t->scope);
	t_r->address = arena_str(a, t->address);
	t_r->name = name;
	return true;
}

void known_put_thread(struct known *k, const struct known_thread *t)
{
	size_t extra = t->external.n + t->kind.n + t->scope.n + t->address.n;
	struct known_thread *stands = value_of(put(&k->threads, t->id, STR_NONE, sizeof *t, extra));
	char *at = (char *)(stands + 1);
	*stands = *t;
	stands->external = copy_str(&at, t->external);
	stands->kind = copy_str(&at, t->kind);
	stands->scope = copy_str(&at, t->scope);
	stands->address = copy_str(&at, t->address);
	stands->name = STR_NONE;
	if (!get(&k->names, t->contact, STR_NONE)) known_rename(k, t->contact, t->name);
}
