// SPDX-License-Identifier: Apache-2.0
// Ingest: what a plugin's cause emitted becomes one unit; whoever writes in one thread is dealt with in order.
#include "ingest.h"
#include "base/log.h"

static void begin(struct work *w);

// ---- the end --------------------------------------------------------------------------------------------------------

static void work_free(struct work *w)
{
	struct pipeline *p = w->p;
	arena_pool_give(&p->arenas, &w->arena);
	mem_free(w);
	p->n_ingest--;
	pipeline_leave(p);
}

// Tells the plugin host how its commit went; the host may then ask the provider for more.
static void answer(struct work *w, int status, const struct err *why)
{
	struct channel_commit *c = w->commit;
	w->commit = NULL;
	c->done(c, status, why);
}

// The unit has ended: everybody in it is told, in their order; then come those that are left, each alone.
static void go_on(struct work *w, int status, const struct err *why)
{
	struct list joined, *l;
	list_init(&joined);
	list_move_all(&joined, &w->joined);
	if (w->commit) answer(w, status, why);
	while ((l = list_pop(&joined))) {
		struct work *other = list_entry(l, struct work, at);
		answer(other, status, why);
		work_free(other);
	}
	l = list_pop(&w->rest);
	if (!l) {
		keys_give(&w->keys);
		work_free(w);
		return;
	}
	list_append(&w->joined, l);
	w->tries = 0;
	begin(w);
}

// A unit of several commits was refused: they go one by one from here, in their order, so that the good ones pass.
// False: it was of one only.
static bool part(struct work *w)
{
	struct list *first = w->commit ? NULL : list_pop(&w->joined);
	if (list_is_empty(&w->joined)) {
		if (first) list_append(&w->joined, first);
		return false;
	}
	list_move_all(&w->joined, &w->rest);
	list_move_all(&w->rest, &w->joined);
	if (first) list_append(&w->joined, first);
	w->tries = 0;
	begin(w);
	return true;
}

// ---- the unit -------------------------------------------------------------------------------------------------------

static void keep_known(struct round *r)
{
	struct known *k = r->p->known;
	for (size_t i = 0; i < r->n_persons; i++) {
		struct person *y = &r->persons[i];
		known_put_person(k, y->key, &y->known);
		if (y->is_renamed) known_rename(k, y->known.contact, y->known.name);
	}
	for (size_t i = 0; i < r->n_places; i++)
		known_put_place(k, r->places[i].key, &r->places[i].known);
}

static void tell_parked(struct round *r, const struct inbound *in)
{
	r->p->stats.parked++;
	log_error("ingest", "inbox %llu: parked %.*s: %.*s", (unsigned long long)r->inbox, STR_ARG(in->event->type),
		  STR_ARG(in->why));
}

static void after_commit(struct round *r, int64_t first_seq)
{
	struct pipeline *p = r->p;
	bool is_live = live_is_live(p, r->inbox);
	keep_known(r);
	round_keep_numbers(r, r->n_used);
	for (size_t i = 0; i < r->n_items; i++) {
		struct item *it = &r->items[i];
		if (it->in->type == INBOUND_PARKED) tell_parked(r, it->in);
		if (!it->message) continue;
		p->stats.messages_in++;
		if (is_live) live_tell(p, it->place->external, it->message, first_seq + (int64_t)it->told);
	}
	for (size_t i = 0; i < r->n_planned; i++)
		assign_consider(p, r->planned[i].conversation, r->planned[i].was,
				first_seq + (int64_t)r->planned[i].told);
}

// Guards that did not apply: a `seen` row says duplicate; any other that somebody else was first, so nothing in memory
// is sure.
static void take_conflict(struct round *r, const struct change_result *res)
{
	for (size_t k = 0; k < res->n_failed; k++)
		for (size_t i = 0; i < r->n_items; i++) {
			struct item *it = &r->items[i];
			if (it->seen_row != res->failed[k]) continue;
			it->in->is_seen = true;
			r->p->stats.duplicates++;
		}
	for (size_t i = 0; i < r->n_persons; i++)
		known_drop_person(r->p->known, r->persons[i].key);
	for (size_t i = 0; i < r->n_places; i++)
		known_drop_place(r->p->known, r->places[i].key);
}

// What others in the unit are not to blame for.
static bool is_own_fault(int status)
{
	return status == E_POISON || status == E_INVALID || status == E_TOO_LARGE || status == E_UNSUPPORTED ||
	       status == E_MISSING;
}

static void end(struct work *w, int status, const struct err *why)
{
	if (is_own_fault(status) && part(w)) return;
	if (status == E_POISON) w->p->stats.parked++;
	go_on(w, status, why);
}

static void on_commit(const struct change_result *res, void *arg)
{
	struct round *r = arg;
	struct work *w = r->lead;
	bool is_again = res->status == E_CONFLICT && ++w->tries <= PIPELINE_RETRIES;
	r->change = NULL;
	if (!res->status) after_commit(r, res->first_seq);
	if (res->status == E_CONFLICT) take_conflict(r, res);
	round_free(&r);
	if (is_again)
		begin(w);
	else
		end(w, res->status == E_CONFLICT ? E_BUSY : res->status, res->why);
}

static void on_loaded(struct round *r)
{
	struct work *w = r->lead;
	struct err e = {0};
	struct inbound *bad = NULL;
	int status = r->status ? r->status : ingest_decide(r, &bad, &e);
	if (!status && r->change) {
		change_commit(r->change, on_commit, r);
		return;
	}
	round_free(&r); // without a status: all of it was here before
	if (bad) {      // the others are decided again without it
		inbound_park(bad, w->arena, str_of(e.text));
		begin(w);
		return;
	}
	end(w, status, e.code ? &e : NULL);
}

static void begin(struct work *w)
{
	if (w->p->has_given_up)
		end(w, E_CANCELLED, NULL);
	else
		ingest_load(round_new(w), on_loaded);
}

// ---- the start ------------------------------------------------------------------------------------------------------

// Those who wait for the same key come along, as far as they fit.
static void join_waiting(struct work *w)
{
	size_t n_events = w->n_in;
	for (int n = 1; n < INGEST_JOINED && n_events < INGEST_TOGETHER && !w->commit->n_puts; n++) {
		struct work *other = keys_join_next(&w->keys);
		if (!other) return;
		n_events += other->n_in;
		bool fits = n_events <= INGEST_TOGETHER && other->inbox == w->inbox;
		list_append(fits ? &w->joined : &w->rest, &other->at);
		if (!fits) return; // what comes later must not overtake it
	}
}

static void on_keys(void *arg)
{
	struct work *w = arg;
	join_waiting(w);
	begin(w);
}

struct refusal {
	struct pipeline *p;
	struct channel_commit *c;
	int status;
	struct err why;
};

static void refuse_now(void *arg)
{
	struct refusal *r = arg;
	struct pipeline *p = r->p;
	r->c->done(r->c, r->status, r->why.code ? &r->why : NULL);
	mem_free(r);
	pipeline_leave(p);
}

static void refuse(struct pipeline *p, struct channel_commit *c, int status, const struct err *why)
{
	struct refusal *r = mem_new(struct refusal);
	*r = (struct refusal){.p = p, .c = c, .status = status};
	if (why) r->why = *why;
	pipeline_enter(p);
	loop_defer(p->loop, refuse_now, r);
}

// Whoever may join a conversation of another thread, or inbox, of his own is one sender wherever he writes.
static uint64_t sender_key(struct work *w, const struct inbound *in)
{
	const struct inbox_record *box = directory_inbox(w->p->directory, w->inbox);
	if (!box || box->join != JOIN_CONTACT) return turn_key_str('s', w->inbox, in->thread);
	return turn_key_str('s', 0, known_person_key(w->arena, in->kind, in->scope, in->address));
}

static int read_event(struct work *w, const struct channel_event *ev, struct inbound *in, struct err *e)
{
	int r = ev->why.p ? err_set(e, E_INVALID, "%.*s", STR_ARG(ev->why))
			  : inbound_read(w->arena, w->inbox, ev, in, e);
	in->event = ev;
	in->may_park = w->commit->parks;
	if (!r || !in->may_park) return r;
	inbound_park(in, w->arena, str_of(e->text));
	return 0;
}

// Reads the events and gathers what is to be held: one who writes in a thread, one whose receipt it is, a value that is
// put.
static int read_events(struct work *w, struct err *e)
{
	struct channel_commit *c = w->commit;
	uint64_t *keys = arena_array(w->arena, uint64_t, c->n_events + c->n_puts + 1);
	size_t n = 0;
	if (c->n_events + c->n_puts > INGEST_EVENTS)
		return err_set(e, E_TOO_LARGE, "one cause may carry %d events and values, this has %zu", INGEST_EVENTS,
			       c->n_events + c->n_puts);
	w->in = arena_array(w->arena, struct inbound, c->n_events + 1);
	for (; w->n_in < c->n_events; w->n_in++) {
		struct inbound *in = &w->in[w->n_in];
		int r = read_event(w, &c->events[w->n_in], in, e);
		if (r) return r;
		if (in->type == INBOUND_MESSAGE)
			keys[n++] = sender_key(w, in);
		else if (in->external_id.n)
			keys[n++] = turn_key_str('p', c->inbox, in->external_id);
	}
	for (size_t i = 0; i < c->n_puts; i++)
		keys[n++] = turn_key_str('k', c->inbox, c->puts[i].key);
	keys_init(&w->keys, w->p->turns, w->arena);
	keys_take(&w->keys, keys, n, on_keys, w);
	return 0;
}

void ingest_commit(struct pipeline *p, struct channel_commit *c)
{
	struct err e = {0};
	if (p->is_closing || p->n_ingest >= INGEST_WAITING || store_is_full(p->store)) {
		refuse(p, c, E_BUSY, NULL);
		return;
	}
	struct work *w = mem_new(struct work);
	*w = (struct work){.p = p, .commit = c, .inbox = c->inbox, .arena = arena_pool_take(&p->arenas)};
	list_init(&w->joined);
	list_init(&w->rest);
	pipeline_enter(p);
	p->n_ingest++;
	int r = read_events(w, &e);
	if (!r) return;
	refuse(p, c, r, &e);
	work_free(w);
}
