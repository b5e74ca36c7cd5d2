// SPDX-License-Identifier: Apache-2.0
// What is in memory because it was just used: senders, conversations, threads. Bounded, the longest unused goes first.
#include "inside.h"
#include <string.h>

#define KNOWN_MAX 65536

struct entry {
	struct list at;
	uint64_t id;
	struct str key;
	void *block; // one allocation behind the strings
	union {
		struct known_sender sender;
		struct known_thread thread;
		struct {
			struct conversation c;
			struct str name;
		};
	};
};

struct table {
	struct map *by_id;
	struct smap *by_key;
	struct list lru;
	size_t n;
};

struct known {
	struct table senders, conversations, threads;
};

static void table_init(struct table *t, bool by_key)
{
	*t = (struct table){.by_id = by_key ? NULL : map_new(), .by_key = by_key ? smap_new() : NULL};
	list_init(&t->lru);
}

static void entry_drop(struct table *t, struct entry *e)
{
	if (t->by_key) smap_remove(t->by_key, e->key);
	else map_remove(t->by_id, e->id);
	list_remove(&e->at);
	t->n--;
	mem_free(e->block);
	mem_free(e);
}

static void table_clear(struct table *t)
{
	list_each(l, &t->lru) entry_drop(t, list_entry(l, struct entry, at));
}

static void table_fini(struct table *t)
{
	table_clear(t);
	if (t->by_key) smap_free(&t->by_key);
	else map_free(&t->by_id);
}

struct known *known_new(void)
{
	struct known *k = mem_new(struct known);
	table_init(&k->senders, true);
	table_init(&k->conversations, false);
	table_init(&k->threads, false);
	return k;
}

void known_free(struct known **k)
{
	if (!*k) return;
	table_fini(&(*k)->senders);
	table_fini(&(*k)->conversations);
	table_fini(&(*k)->threads);
	mem_free(*k);
	*k = NULL;
}

static struct entry *table_get(struct table *t, uint64_t id, struct str key)
{
	struct entry *e = t->by_key ? smap_get(t->by_key, key) : map_get(t->by_id, id);
	if (!e) return NULL;
	list_remove(&e->at);
	list_append(&t->lru, &e->at);
	return e;
}

// The entry of that name, made when there is none; its old strings are gone.
static struct entry *table_put(struct table *t, uint64_t id, struct str key)
{
	struct entry *e = table_get(t, id, key);
	if (e) {
		mem_free(e->block);
		e->block = NULL;
		return e;
	}
	if (t->n >= KNOWN_MAX) entry_drop(t, list_entry(list_first(&t->lru), struct entry, at));
	e = mem_new(struct entry);
	e->id = id;
	list_append(&t->lru, &e->at);
	t->n++;
	if (t->by_id) map_put(t->by_id, id, e);
	return e;
}

// Copies strings into one block of the entry; each pointer is moved to its copy.
static void entry_strings(struct entry *e, struct str **strings, size_t n)
{
	size_t total = 0;
	for (size_t i = 0; i < n; i++) total += strings[i]->n;
	if (!total) return;
	char *p = e->block = mem_alloc(total);
	for (size_t i = 0; i < n; i++) {
		if (!strings[i]->p) continue;
		memcpy(p, strings[i]->p, strings[i]->n);
		strings[i]->p = p;
		p += strings[i]->n;
	}
}

bool known_get_sender(struct known *k, struct str key, struct arena *a, struct known_sender *s_r)
{
	struct entry *e = table_get(&k->senders, 0, key);
	if (!e) return false;
	*s_r = e->sender;
	s_r->contact_name = e->sender.contact_name.p ? arena_str(a, e->sender.contact_name) : STR_NONE;
	return true;
}

void known_put_sender(struct known *k, struct str key, const struct known_sender *s)
{
	struct known_sender copy = *s;
	struct entry *e = table_put(&k->senders, 0, key);
	e->sender = copy;
	e->key = key;
	struct str *strings[] = {&e->key, &e->sender.contact_name};
	entry_strings(e, strings, 2);
	smap_put(k->senders.by_key, e->key, e);
}

void known_drop_sender(struct known *k, struct str key)
{
	struct entry *e = smap_get(k->senders.by_key, key);
	if (e) entry_drop(&k->senders, e);
}

bool known_get_conversation(struct known *k, uint64_t id, struct arena *a, struct conversation *c_r, struct str *name_r)
{
	struct entry *e = table_get(&k->conversations, id, STR_NONE);
	if (!e) return false;
	*c_r = e->c;
	*name_r = e->name.p ? arena_str(a, e->name) : STR_NONE;
	return true;
}

void known_put_conversation(struct known *k, const struct conversation *c, struct str contact_name)
{
	struct entry *e = table_put(&k->conversations, c->id, STR_NONE);
	e->c = *c;
	e->name = contact_name;
	struct str *strings[] = {&e->name};
	entry_strings(e, strings, 1);
}

void known_drop_conversation(struct known *k, uint64_t id)
{
	struct entry *e = map_get(k->conversations.by_id, id);
	if (e) entry_drop(&k->conversations, e);
}

const struct known_thread *known_get_thread(struct known *k, uint64_t id)
{
	struct entry *e = table_get(&k->threads, id, STR_NONE);
	return e ? &e->thread : NULL;
}

void known_put_thread(struct known *k, const struct known_thread *t)
{
	struct known_thread copy = *t;
	struct entry *e = table_put(&k->threads, t->id, STR_NONE);
	e->thread = copy;
	struct str *strings[] = {&e->thread.external, &e->thread.kind, &e->thread.scope, &e->thread.address, &e->thread.name};
	entry_strings(e, strings, 5);
}

void known_drop_all(struct known *k)
{
	table_clear(&k->senders);
	table_clear(&k->conversations);
	table_clear(&k->threads);
}

// ---- reading through ---------------------------------------------------------------------------------------------------

struct lookup {
	struct pipeline *p;
	uint64_t id;
	known_conversation_cb conversation_cb;
	known_thread_cb thread_cb;
	void *arg;
};

static void lookup_end(struct lookup *l)
{
	struct pipeline *p = l->p;
	mem_free(l);
	pipeline_leave(p);
}

static struct lookup *lookup_new(struct pipeline *p, uint64_t id, void *arg)
{
	struct lookup *l = mem_new(struct lookup);
	*l = (struct lookup){.p = p, .id = id, .arg = arg};
	pipeline_enter(p);
	return l;
}

static void on_conversation(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct lookup *l = arg;
	if (status || !rows->n_rows) {
		l->conversation_cb(status ? status : E_MISSING, NULL, STR_NONE, l->arg);
	} else {
		struct conversation c;
		conversation_of_row(rows, 0, 0, &c);
		struct str name = db_str(rows, 0, CONVERSATION_COLS);
		known_put_conversation(l->p->known, &c, name);
		l->conversation_cb(0, &c, name, l->arg);
	}
	lookup_end(l);
}

static void conversation_from_memory(void *arg)
{
	struct lookup *l = arg;
	struct entry *e = table_get(&l->p->known->conversations, l->id, STR_NONE);
	if (!e) { // went meanwhile
		store_read(l->p->store, STMT_CONVERSATION, (struct db_value[]){DB_INT(l->id)}, on_conversation, l);
		return;
	}
	struct conversation c = e->c;
	struct arena *a = arena_new(0);
	struct str name = e->name.p ? arena_str(a, e->name) : STR_NONE;
	l->conversation_cb(0, &c, name, l->arg);
	arena_free(&a);
	lookup_end(l);
}

void known_conversation(struct pipeline *p, uint64_t id, known_conversation_cb cb, void *arg)
{
	struct lookup *l = lookup_new(p, id, arg);
	l->conversation_cb = cb;
	loop_defer(p->loop, conversation_from_memory, l);
}

static void on_thread(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct lookup *l = arg;
	if (status || !rows->n_rows) {
		l->thread_cb(status ? status : E_MISSING, NULL, l->arg);
	} else {
		struct known_thread t = {.id = l->id,
					 .inbox = (uint64_t)db_int(rows, 0, 1),
					 .external = db_str(rows, 0, 2),
					 .kind = db_str(rows, 0, 3),
					 .scope = db_str(rows, 0, 4),
					 .address = db_str(rows, 0, 5),
					 .name = db_str(rows, 0, 7)};
		known_put_thread(l->p->known, &t);
		l->thread_cb(0, &t, l->arg);
	}
	lookup_end(l);
}

static void thread_from_memory(void *arg)
{
	struct lookup *l = arg;
	const struct known_thread *t = known_get_thread(l->p->known, l->id);
	if (!t) {
		store_read(l->p->store, STMT_THREAD, (struct db_value[]){DB_INT(l->id)}, on_thread, l);
		return;
	}
	l->thread_cb(0, t, l->arg);
	lookup_end(l);
}

void known_thread(struct pipeline *p, uint64_t id, known_thread_cb cb, void *arg)
{
	struct lookup *l = lookup_new(p, id, arg);
	l->thread_cb = cb;
	loop_defer(p->loop, thread_from_memory, l);
}
