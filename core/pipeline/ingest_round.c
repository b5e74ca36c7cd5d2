// SPDX-License-Identifier: Apache-2.0
// A round of ingest: the events of a unit, who writes them and where, each person, place and conversation once.
#include "ingest.h"
#include <string.h>

#define FEW 16 // names that are looked through one by one

// Something of the round by a name of its own.
struct named {
	char kind; // 'p'lace, 'y' person, 't'alk, 'm'essage
	struct str name;
	void *what;
};

static struct str with_kind(struct round *r, char kind, struct str name)
{
	char *s = arena_alloc(r->arena, name.n + 1);
	s[0] = kind;
	memcpy(s + 1, name.p, name.n);
	return (struct str){s, name.n + 1};
}

static void *find(struct round *r, char kind, struct str name)
{
	if (r->by_name) return smap_get(r->by_name, with_kind(r, kind, name));
	for (size_t i = 0; i < r->n_named; i++)
		if (r->named[i].kind == kind && str_eq(r->named[i].name, name)) return r->named[i].what;
	return NULL;
}

static void keep(struct round *r, char kind, struct str name, void *what)
{
	if (!r->by_name && r->n_named == FEW) {
		r->by_name = smap_new();
		for (size_t i = 0; i < FEW; i++)
			smap_put(r->by_name, with_kind(r, r->named[i].kind, r->named[i].name), r->named[i].what);
	}
	if (r->by_name)
		smap_put(r->by_name, with_kind(r, kind, name), what);
	else
		r->named[r->n_named++] = (struct named){kind, name, what};
}

static struct place *place_of(struct round *r, const struct inbound *in)
{
	struct str key = known_place_key(r->arena, r->inbox, in->thread);
	struct place *pl = find(r, 'p', key);
	if (pl) return pl;
	pl = &r->places[r->n_places++];
	*pl = (struct place){.external = in->thread, .key = key};
	pl->is_asked = known_get_place(r->p->known, key, &pl->known);
	keep(r, 'p', key, pl);
	return pl;
}

static struct person *person_of(struct round *r, const struct inbound *in)
{
	struct str key = known_person_key(r->arena, in->kind, in->scope, in->address);
	struct person *y = find(r, 'y', key);
	if (y) return y;
	y = &r->persons[r->n_persons++];
	*y = (struct person){.kind = in->kind, .scope = in->scope, .address = in->address, .key = key};
	y->is_asked = known_get_person(r->p->known, key, r->arena, &y->known);
	if (!y->is_asked) y->known = (struct known_person){0};
	keep(r, 'y', key, y);
	return y;
}

static struct str id_name(struct round *r, uint64_t id)
{
	return arena_str(r->arena, (struct str){(const char *)&id, sizeof id});
}

struct talk *round_talk(struct round *r, uint64_t conversation)
{
	struct str name = id_name(r, conversation);
	struct talk *t = find(r, 't', name);
	if (t) return t;
	t = arena_new_of(r->arena, struct talk);
	t->c.id = conversation;
	r->talks[r->n_talks++] = t;
	keep(r, 't', name, t);
	return t;
}

struct item *round_first_about(struct round *r, struct item *it)
{
	if (!it->target.id) return it;
	struct str name = id_name(r, it->target.id);
	struct item *first = find(r, 'm', name);
	if (!first) keep(r, 'm', name, it);
	return first ? first : it;
}

// What the store has already is left out.
static void add_items(struct round *r, struct work *w)
{
	for (size_t i = 0; i < w->n_in; i++) {
		struct inbound *in = &w->in[i];
		if (in->is_seen) continue;
		struct item *it = &r->items[r->n_items++];
		*it = (struct item){.in = in, .seen_row = -1};
		if (in->type != INBOUND_MESSAGE) continue;
		it->place = place_of(r, in);
		it->person = person_of(r, in);
		if (!it->place->first) it->place->first = it->person;
	}
}

struct round *round_new(struct work *lead)
{
	struct arena *a = arena_pool_take(&lead->p->arenas);
	struct round *r = arena_new_of(a, struct round);
	size_t n = lead->commit ? lead->n_in : 0;
	list_each (l, &lead->joined)
		n += list_entry(l, struct work, at)->n_in;
	*r = (struct round){.lead = lead, .p = lead->p, .arena = a};
	r->inbox = lead->commit ? lead->inbox : list_entry(list_first(&lead->joined), struct work, at)->inbox;
	r->named = arena_array(a, struct named, FEW);
	r->items = arena_array(a, struct item, n + 1);
	r->places = arena_array(a, struct place, n + 1);
	r->persons = arena_array(a, struct person, n + 1);
	r->talks = arena_array(a, struct talk *, 3 * n + 1);
	r->planned = arena_alloc(a, (n + 1) * sizeof *r->planned);
	if (lead->commit) add_items(r, lead);
	list_each (l, &lead->joined)
		add_items(r, list_entry(l, struct work, at));
	return r;
}

void round_free(struct round **r)
{
	if (!*r) return;
	struct arena *a = (*r)->arena;
	change_free(&(*r)->change);
	round_keep_numbers(*r, 0); // the rest, or all of a unit that failed
	keys_give(&(*r)->held);
	smap_free(&(*r)->by_name);
	arena_pool_give(&(*r)->p->arenas, &a);
	*r = NULL;
}

struct join_input round_rules(const struct inbox_record *in, int64_t now_ms)
{
	return (struct join_input){.now_ms = now_ms,
				   .reopen_window_ms = in->reopen_window_ms,
				   .rule = in->join,
				   .brand = in->brand,
				   .restricted = in->is_restricted ? in->id : 0};
}
