// SPDX-License-Identifier: Apache-2.0
// Reads through what is known to the store.
#include "known.h"

struct lookup {
	struct pipeline *p;
	uint64_t id;
	struct arena *arena;
	known_conversation_cb conversation_cb;
	known_thread_cb thread_cb;
	void *arg;
};

static struct lookup *lookup_new(struct pipeline *p, uint64_t id, void *arg)
{
	struct lookup *l = mem_new(struct lookup);
	*l = (struct lookup){.p = p, .id = id, .arena = arena_new(1024), .arg = arg};
	pipeline_enter(p);
	return l;
}

static void lookup_end(struct lookup *l)
{
	struct pipeline *p = l->p;
	arena_free(&l->arena);
	mem_free(l);
	pipeline_leave(p);
}

// ---- conversations --------------------------------------------------------------------------------------------------

static void on_conversation(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct lookup *l = arg;
	struct conversation c = {0};
	struct str name = STR_NONE;
	if (!status && !rows->n_rows) status = E_MISSING;
	if (!status) {
		conversation_of_row(rows, 0, 0, &c);
		name = db_str(rows, 0, CONVERSATION_COLS);
		known_put_conversation(l->p->known, &c, name);
		known_get_conversation(l->p->known, l->id, l->arena, &c, &name); // there may be a newer one
	}
	l->conversation_cb(status, status ? NULL : &c, name, l->arg);
	lookup_end(l);
}

static void look_for_conversation(void *arg)
{
	struct lookup *l = arg;
	struct conversation c;
	struct str name;
	if (l->p->has_given_up) {
		l->conversation_cb(E_CANCELLED, NULL, STR_NONE, l->arg);
		lookup_end(l);
		return;
	}
	if (!known_get_conversation(l->p->known, l->id, l->arena, &c, &name)) {
		store_read(l->p->store, STMT_CONVERSATION, (struct db_value[]){DB_INT(l->id)}, on_conversation, l);
		return;
	}
	l->conversation_cb(0, &c, name, l->arg);
	lookup_end(l);
}

void known_conversation(struct pipeline *p, uint64_t id, known_conversation_cb cb, void *arg)
{
	struct lookup *l = lookup_new(p, id, arg);
	l->conversation_cb = cb;
	loop_defer(p->loop, look_for_conversation, l);
}

// ---- threads --------------------------------------------------------------------------------------------------------

static void on_thread(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct lookup *l = arg;
	struct known_thread t = {0};
	if (!status && !rows->n_rows) status = E_MISSING;
	if (!status) {
		t = (struct known_thread){.id = l->id,
					  .inbox = (uint64_t)db_int(rows, 0, 1),
					  .external = db_str(rows, 0, 2),
					  .kind = db_str(rows, 0, 3),
					  .scope = db_str(rows, 0, 4),
					  .address = db_str(rows, 0, 5),
					  .contact = (uint64_t)db_int(rows, 0, 6),
					  .name = db_str(rows, 0, 7)};
		known_put_thread(l->p->known, &t);
		known_name(l->p->known, t.contact, l->arena, &t.name);
	}
	l->thread_cb(status, status ? NULL : &t, l->arg);
	lookup_end(l);
}

static void look_for_thread(void *arg)
{
	struct lookup *l = arg;
	struct known_thread t;
	if (l->p->has_given_up) {
		l->thread_cb(E_CANCELLED, NULL, l->arg);
		lookup_end(l);
		return;
	}
	if (!known_get_thread(l->p->known, l->id, l->arena, &t)) {
		store_read(l->p->store, STMT_THREAD, (struct db_value[]){DB_INT(l->id)}, on_thread, l);
		return;
	}
	l->thread_cb(0, &t, l->arg);
	lookup_end(l);
}

void known_thread(struct pipeline *p, uint64_t id, known_thread_cb cb, void *arg)
{
	struct lookup *l = lookup_new(p, id, arg);
	l->thread_cb = cb;
	loop_defer(p->loop, look_for_thread, l);
}
