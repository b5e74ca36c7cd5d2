// SPDX-License-Identifier: Apache-2.0
// A unit under construction: rows, the conversations that change, and the events that tell of it.
#include "known.h"
#include <assert.h>
#include <string.h>

struct told {
	struct event event;
	const struct conversation *conversation;
	const struct message *message;
};

struct touched {
	struct conversation *c;
	struct str name;
	struct conversation was; // when it was first touched
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
	*cap = *cap ? *cap * 2 : 4;
	void *p = arena_alloc(a, *cap * size);
	if (n) memcpy(p, old, n * size);
	return p;
}

static uint64_t open_with(const struct conversation *c) { return c->state <= CONVERSATION_WAITING ? c->assignee : 0; }

static struct touched *touched_of(const struct change *ch, uint64_t conversation)
{
	for (size_t i = 0; i < ch->n_touched; i++)
		if (ch->touched[i].c->id == conversation) return &ch->touched[i];
	return NULL;
}

void change_conversation(struct change *ch, struct conversation *c, struct str name, bool is_new)
{
	struct touched *before = touched_of(ch, c->id);
	assert(!before || before->c == c); // else one of the two would be lost
	if (before) return;
	ch->touched = grown(ch->arena, ch->touched, ch->n_touched, &ch->cap_touched, sizeof *ch->touched);
	ch->touched[ch->n_touched++] = (struct touched){c, name, *c, is_new};
}

size_t change_event(struct change *ch, const struct event *e, const struct conversation *c, const struct message *m)
{
	ch->told = grown(ch->arena, ch->told, ch->n_told, &ch->cap_told, sizeof *ch->told);
	ch->told[ch->n_told] = (struct told){*e, c, m};
	unit_add_event(ch->unit, e);
	return ch->n_told++;
}

// ---- committed ------------------------------------------------------------------------------------------------------

// What the event is about, as it stands now; it may have changed since the unit was made.
static struct feed_event *event_to_tell(struct change *ch, const struct told *t)
{
	struct known *k = ch->p->known;
	const struct touched *x = touched_of(ch, t->event.conversation);
	const struct conversation *c = x ? x->c : t->conversation;
	struct str name = x ? x->name : STR_NONE;
	struct conversation now;
	if (t->event.conversation && !x && known_get_conversation(k, t->event.conversation, ch->arena, &now, &name))
		c = &now;
	else if (c)
		known_name(k, c->contact, ch->arena, &name);
	return feed_event_new(&t->event, c, name, t->message);
}

static void tell(struct change *ch, int64_t first_seq)
{
	struct feed_event **out = arena_array(ch->arena, struct feed_event *, ch->n_told + 1);
	for (size_t i = 0; i < ch->n_told; i++) {
		ch->told[i].event.seq = first_seq + (int64_t)i;
		out[i] = event_to_tell(ch, &ch->told[i]);
	}
	feed_publish(ch->p, out, ch->n_told);
}

static void settle(struct change *ch)
{
	for (size_t i = 0; i < ch->n_touched; i++) {
		struct touched *t = &ch->touched[i];
		t->c->version = t->is_new ? 1 : t->c->version + 1;
		known_put_conversation(ch->p->known, t->c, t->name);
		uint64_t was_with = t->is_new ? 0 : open_with(&t->was);
		if (was_with != open_with(t->c)) assign_moved(ch->p, was_with, open_with(t->c));
	}
}

static void on_unit(const struct unit_result *r, void *arg)
{
	struct change *ch = arg;
	struct pipeline *p = ch->p;
	if (!r->status) {
		settle(ch);
		if (ch->n_told) tell(ch, r->first_seq);
	} else {
		for (size_t i = 0; i < ch->n_touched; i++)
			known_drop_conversation(p->known, ch->touched[i].c->id);
	}
	struct change_result out = {r->status, r->first_seq, r->failed, r->n_failed, r->why};
	ch->cb(&out, ch->arg);
	pipeline_leave(p);
}

// It is where it was, in the state it was in.
static bool has_only_grown(const struct conversation *was, const struct conversation *c)
{
	return was->state == c->state && was->handler == c->handler && was->queue == c->queue &&
	       was->assignee == c->assignee && was->restricted == c->restricted && was->resolved_at == c->resolved_at &&
	       was->rules_seq == c->rules_seq;
}

static void save(struct change *ch, const struct touched *t)
{
	if (t->is_new)
		unit_add_conversation(ch->unit, t->c);
	else if (has_only_grown(&t->was, t->c))
		unit_grow_conversation(ch->unit, t->c);
	else
		unit_save_conversation(ch->unit, t->c);
}

void change_commit(struct change *ch, change_cb cb, void *arg)
{
	ch->cb = cb;
	ch->arg = arg;
	for (size_t i = 0; i < ch->n_touched; i++)
		save(ch, &ch->touched[i]);
	pipeline_enter(ch->p);
	struct unit *u = ch->unit;
	ch->unit = NULL;
	store_submit(ch->p->store, u, on_unit, ch);
}
