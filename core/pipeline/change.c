// SPDX-License-Identifier: Apache-2.0
// A unit under construction: rows, the conversations that change, and the events that tell of it.
#include "inside.h"
#include <string.h>


struct told {
	struct event event;
	const struct conversation *conversation;
	const struct message *message;
};

struct touched {
	struct conversation *c;
	struct str name;
	bool is_new;
};

struct change {
	struct pipeline *p;
	struct arena *arena;
	struct unit *unit;
	struct told *told;
	size_t n_told, cap_told;
	struct touched *touched;
	size_t n_touched, cap_touched;
	change_cb cb;
	void *arg;
};

struct change *change_new(struct pipeline *p, struct arena *a, const char *name)
{
	struct change *ch = arena_new_of(a, struct change);
	*ch = (struct change){.p = p, .arena = a, .unit = unit_new(p->store)};
	unit_name(ch->unit, name);
	return ch;
}

void change_free(struct change **ch)
{
	if (!*ch) return;
	unit_free(&(*ch)->unit);
	*ch = NULL;
}

struct unit *change_unit(struct change *ch) { return ch->unit; }

// Doubles an array of the arena.
static void *grown(struct arena *a, void *old, size_t n, size_t *cap, size_t size)
{
	if (n < *cap) return old;
	*cap = *cap ? *cap * 2 : 8;
	void *p = arena_alloc(a, *cap * size);
	if (n) memcpy(p, old, n * size);
	return p;
}

void change_conversation(struct change *ch, struct conversation *c, struct str contact_name, bool is_new)
{
	for (size_t i = 0; i < ch->n_touched; i++)
		if (ch->touched[i].c == c) return;
	ch->touched = grown(ch->arena, ch->touched, ch->n_touched, &ch->cap_touched, sizeof *ch->touched);
	ch->touched[ch->n_touched++] = (struct touched){c, contact_name, is_new};
}

size_t change_event(struct change *ch, const struct event *e, const struct conversation *c, const struct message *m)
{
	ch->told = grown(ch->arena, ch->told, ch->n_told, &ch->cap_told, sizeof *ch->told);
	ch->told[ch->n_told] = (struct told){*e, c, m};
	unit_add_event(ch->unit, e);
	return ch->n_told++;
}

static struct str name_of(const struct change *ch, const struct conversation *c)
{
	for (size_t i = 0; i < ch->n_touched; i++)
		if (ch->touched[i].c == c) return ch->touched[i].name;
	return STR_NONE;
}

static void tell(struct change *ch, int64_t first_seq)
{
	struct pipeline *p = ch->p;
	struct feed_event **out = arena_array(ch->arena, struct feed_event *, ch->n_told + 1);
	for (size_t i = 0; i < ch->n_told; i++) {
		struct told *t = &ch->told[i];
		t->event.seq = first_seq + (int64_t)i;
		struct str name = t->conversation ? name_of(ch, t->conversation) : STR_NONE;
		out[i] = feed_event_new(&t->event, t->conversation, name, t->message);
	}
	feed_publish(p, out, ch->n_told);
}

static void on_unit(const struct unit_result *r, void *arg)
{
	struct change *ch = arg;
	struct pipeline *p = ch->p;
	if (!r->status) {
		for (size_t i = 0; i < ch->n_touched; i++) {
			struct touched *t = &ch->touched[i];
			t->c->version = t->is_new ? 1 : t->c->version + 1;
			known_put_conversation(p->known, t->c, t->name);
		}
		if (ch->n_told) tell(ch, r->first_seq);
	} else {
		for (size_t i = 0; i < ch->n_touched; i++) known_drop_conversation(p->known, ch->touched[i].c->id);
	}
	struct change_result out = {r->status, r->first_seq, r->failed, r->n_failed, r->why};
	ch->cb(&out, ch->arg);
	pipeline_leave(p);
}

void change_commit(struct change *ch, change_cb cb, void *arg)
{
	ch->cb = cb;
	ch->arg = arg;
	for (size_t i = 0; i < ch->n_touched; i++) {
		struct touched *t = &ch->touched[i];
		if (t->is_new) unit_add_conversation(ch->unit, t->c);
		else unit_save_conversation(ch->unit, t->c);
	}
	pipeline_enter(ch->p);
	struct unit *u = ch->unit;
	ch->unit = NULL;
	store_submit(ch->p->store, u, on_unit, ch);
}
