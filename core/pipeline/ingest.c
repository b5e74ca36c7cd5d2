// SPDX-License-Identifier: Apache-2.0
// Ingest: what a plugin's cause emitted becomes one unit; whoever writes in one thread is dealt with in order.
#include "ingest.h"
#include "base/log.h"
#include <string.h>

// Causes at once: while the store is away they wait for each other's keys, where the store does not count them.
#define INGEST_MAX 2000

static void take_turn(struct work *w);

// ---- the end ---------------------------------------------------------------------------------------------------------------

static void work_free(struct work *w)
{
	struct pipeline *p = w->p;
	change_free(&w->change);
	arena_free(&w->arena);
	mem_free(w);
	p->n_ingest--;
	pipeline_leave(p);
}

// Tells the plugin host how its commit went; the host may then ask the provider for more.
static void work_done(struct work *w, int status, const struct err *why)
{
	w->commit->done(w->commit, status, why);
	work_free(w);
}

static void work_end(struct work *w, int status, const struct err *why)
{
	struct list joined;
	list_init(&joined);
	list_move_all(&joined, &w->joined);
	turn_end(&w->turn);
	list_each(l, &joined) {
		list_remove(l);
		work_done(list_entry(l, struct work, at), status, why);
	}
	work_done(w, status, why);
}

// A unit of several commits was refused: each goes alone, so that the good ones pass.
static void work_part(struct work *w)
{
	struct list joined;
	list_init(&joined);
	list_move_all(&joined, &w->joined);
	turn_end(&w->turn);
	w->is_alone = true;
	take_turn(w);
	list_each(l, &joined) {
		struct work *other = list_entry(l, struct work, at);
		list_remove(l);
		other->is_alone = true;
		take_turn(other);
	}
}

// ---- the unit --------------------------------------------------------------------------------------------------------------

static void after_commit(struct work *w, int64_t first_seq)
{
	struct pipeline *p = w->p;
	for (size_t i = 0; i < w->n_parties; i++) {
		struct party *y = &w->parties[i];
		y->known.thread = y->place->thread;
		y->known.thread_contact = y->place->contact;
		if (y->place->now) y->known.conversation = y->place->now->id;
		known_put_sender(p->known, y->key, &y->known);
	}
	for (size_t i = 0; i < w->n_items; i++) {
		struct item *it = &w->items[i];
		if (it->is_duplicate || !it->message) continue;
		p->stats.messages_in++;
		if (live_is_live(p, w->commit->inbox))
			live_tell(p, it->party->place->external, it->message, first_seq + (int64_t)it->told);
	}
	for (size_t i = 0; i < w->n_planned; i++) 
		assign_consider(p, w->planned[i].conversation, first_seq + (int64_t)w->planned[i].told);
}

static void try_again(struct work *w)
{
	if (++w->tries > PIPELINE_RETRIES) {
		work_end(w, E_BUSY, NULL);
		return;
	}
	change_free(&w->change);
	struct list joined;
	list_init(&joined);
	list_move_all(&joined, &w->joined);
	turn_end(&w->turn);
	take_turn(w);
	list_each(l, &joined) {
		list_remove(l);
		take_turn(list_entry(l, struct work, at));
	}
}

// Guards that did not apply: a `seen` row says duplicate; any other that somebody else was first, so nothing in memory is sure.
static void on_conflict(struct work *w, const struct change_result *r)
{
	for (size_t k = 0; k < r->n_failed; k++) {
		struct item *seen = NULL;
		for (size_t i = 0; i < w->n_items && !seen; i++)
			if (w->items[i].seen_row == r->failed[k]) seen = &w->items[i];
		if (seen) seen->in->is_seen = true;
	}
	for (size_t i = 0; i < w->n_parties; i++) known_drop_sender(w->p->known, w->parties[i].key);
	try_again(w);
}

static void on_commit(const struct change_result *r, void *arg)
{
	struct work *w = arg;
	w->change = NULL;
	switch (r->status) {
	case 0:
		after_commit(w, r->first_seq);
		work_end(w, 0, NULL);
		return;
	case E_CONFLICT:
		on_conflict(w, r);
		return;
	case E_POISON:
		if (!list_is_empty(&w->joined)) {
			work_part(w);
			return;
		}
		w->p->stats.parked++;
		break;
	default:
		break;
	}
	work_end(w, r->status, r->why);
}

static void decide(struct work *w)
{
	struct err e = {0};
	ingest_refresh(w);
	int r = ingest_decide(w, &e);
	if (r) {
		if (r == E_INVALID && !list_is_empty(&w->joined)) work_part(w);
		else work_end(w, r, &e);
	} else if (!w->change) {
		work_end(w, 0, NULL); // all of it was here before
	} else {
		change_commit(w->change, on_commit, w);
	}
}

// Conversations are held lower key first.
static void hold_next(void *arg)
{
	struct work *w = arg;
	if (w->next_turn == w->n_turns) {
		decide(w);
		return;
	}
	turn_take_more(&w->turn, w->turns[w->next_turn++], hold_next, w);
}

static void on_loaded(struct work *w)
{
	if (w->status) work_end(w, w->status, NULL);
	else hold_next(w);
}

// ---- the start -------------------------------------------------------------------------------------------------------------

static void join_waiting(struct work *w)
{
	if (w->is_alone || w->n_keys != 1) return;
	for (int n = 1; n < INGEST_JOINED; n++) {
		struct turn *t = turn_join_next(&w->turn);
		if (!t) return;
		list_append(&w->joined, &container_of(t, struct work, turn)->at);
	}
}

static void on_turn(void *arg)
{
	struct work *w = arg;
	w->status = 0;
	w->n_turns = w->next_turn = 0;
	join_waiting(w);
	ingest_load(w, on_loaded);
}

static void take_turn(struct work *w) { turn_take(w->p->turns, &w->turn, w->keys, w->n_keys, on_turn, w); }

struct refusal {
	struct pipeline *p;
	struct channel_commit *c;
	int status;
	struct err why;
};

static void refuse_now(void *arg)
{
	struct refusal *r = arg;
	r->c->done(r->c, r->status, r->why.code ? &r->why : NULL);
	pipeline_leave(r->p);
	mem_free(r);
}

static void refuse(struct pipeline *p, struct channel_commit *c, int status, const struct err *why)
{
	struct refusal *r = mem_new(struct refusal);
	*r = (struct refusal){.p = p, .c = c, .status = status};
	if (why) r->why = *why;
	pipeline_enter(p);
	loop_defer(p->loop, refuse_now, r);
}

static int add_key(struct work *w, uint64_t key, struct err *e)
{
	for (size_t i = 0; i < w->n_keys; i++)
		if (w->keys[i] == key) return 0;
	if (w->n_keys == INGEST_SENDERS)
		return err_set(e, E_TOO_LARGE, "one cause may carry events of at most %d threads", INGEST_SENDERS);
	w->keys[w->n_keys++] = key;
	return 0;
}

static int read_events(struct work *w, struct err *e)
{
	struct channel_commit *c = w->commit;
	w->in = arena_array(w->arena, struct inbound, c->n_events + 1);
	int r = 0;
	for (size_t i = 0; !r && i < c->n_events; i++) {
		struct inbound *in = &w->in[w->n_in++];
		r = inbound_read(w->arena, c->inbox, &c->events[i], in, e);
		if (r) break;
		if (in->type == INBOUND_MESSAGE) r = add_key(w, turn_key_str('s', c->inbox, in->thread), e);
		else if (in->external_id.n) r = add_key(w, turn_key_str('p', c->inbox, in->external_id), e);
		else r = add_key(w, turn_key('m', in->message), e);
	}
	if (!r && !w->n_keys) r = add_key(w, turn_key('k', c->inbox), e);
	return r;
}

void ingest_commit(struct pipeline *p, struct channel_commit *c)
{
	struct err e = {0};
	if (p->is_closing || store_is_full(p->store) || p->n_ingest >= INGEST_MAX) {
		refuse(p, c, E_BUSY, NULL);
		return;
	}
	struct work *w = mem_new(struct work);
	w->p = p;
	w->commit = c;
	w->arena = arena_new(0);
	list_init(&w->joined);
	pipeline_enter(p);
	p->n_ingest++;
	int r = read_events(w, &e);
	if (r) {
		refuse(p, c, r, &e);
		work_free(w);
		return;
	}
	take_turn(w);
}
