// SPDX-License-Identifier: Apache-2.0
// Decides what an inbound unit does: which contact, which conversation, which rows and events.
#include "ingest.h"
#include "base/clock.h"
#include "base/log.h"
#include <string.h>

struct scene {
	struct work *w;
	struct pipeline *p;
	struct unit *unit;
	const struct inbox_record *inbox;
	int64_t now;
	struct item *item;
	struct err *e;
};

static struct event event_of(const struct scene *s, enum event_kind kind, const struct conversation *c, uint64_t contact)
{
	return (struct event){.at_ms = s->now,
			      .kind = kind,
			      .actor = {ACTOR_CONTACT, contact},
			      .conversation = c ? c->id : 0,
			      .contact = contact,
			      .inbox = s->inbox->id,
			      .thread = s->item->party ? s->item->party->place->thread : 0};
}

// ---- contact, identity, thread -----------------------------------------------------------------------------------------------

// The same person in two threads of one unit is made once.
static bool is_made(struct scene *s, struct party *y)
{
	for (size_t i = 0; i < s->w->n_parties; i++) {
		struct party *o = &s->w->parties[i];
		if (o == y || !o->known.contact || !str_eq(o->kind, y->kind) || !str_eq(o->scope, y->scope) || !str_eq(o->address, y->address))
			continue;
		y->known.contact = o->known.contact;
		y->known.identity = o->known.identity;
		y->known.proof = o->known.proof;
		y->known.contact_name = o->known.contact_name;
		return true;
	}
	return false;
}

static int make_contact(struct scene *s, struct party *y)
{
	if (is_made(s, y)) return 0;
	const struct inbound *in = s->item->in;
	struct known_sender *k = &y->known;
	uint64_t id = store_id(s->p->store), identity = store_id(s->p->store);
	if (!id || !identity) return E_BUSY;
	struct contact c = {.id = id, .name = in->name, .language = in->language, .created_at = s->now};
	unit_add_contact(s->unit, &c);
	struct identity i = {.id = identity, .contact = id, .kind = y->kind, .scope = y->scope, .address = y->address, .name = in->name,
			     .proof = in->proof, .created_at = s->now};
	unit_add_identity(s->unit, &i);
	k->contact = id;
	k->identity = identity;
	k->proof = in->proof;
	k->contact_name = in->name;
	struct event e = event_of(s, EVENT_CONTACT_CREATED, NULL, id);
	change_event(s->w->change, &e, NULL, NULL);
	return 0;
}

static void learn_name(struct scene *s, struct party *y)
{
	if (y->known.contact_name.n || !s->item->in->name.n) return;
	y->known.contact_name = s->item->in->name;
	unit_rename_contact(s->unit, y->known.contact, y->known.contact_name);
	struct event e = event_of(s, EVENT_CONTACT_UPDATED, NULL, y->known.contact);
	change_event(s->w->change, &e, NULL, NULL);
}

// ---- conversation ------------------------------------------------------------------------------------------------------------

static int make_conversation(struct scene *s, struct place *pl, struct party *y, const struct conversation *previous)
{
	struct conversation *c = arena_new_of(s->w->arena, struct conversation);
	c->id = store_id(s->p->store);
	c->number = store_number(s->p->store, "conversation");
	if (!c->id || !c->number) return E_BUSY;
	c->contact = y->known.contact;
	c->brand = s->inbox->brand;
	c->inbox = s->inbox->id;
	c->queue = s->inbox->queue;
	c->restricted = s->inbox->is_restricted ? s->inbox->id : 0;
	c->created_at = s->now;
	c->previous = previous ? previous->id : 0;
	pl->now = c;
	pl->now_name = y->known.contact_name;
	change_conversation(s->w->change, c, pl->now_name, true);
	unit_add_participant(s->unit, c->id, PARTICIPANT_IDENTITY, y->known.identity, PARTICIPANT_CUSTOMER, s->now);
	return 0;
}

static size_t tell_state(struct scene *s, struct conversation *c, enum event_kind kind)
{
	struct event e = event_of(s, kind, c, c->contact);
	return change_event(s->w->change, &e, c, NULL);
}

static void close_for_good(struct scene *s, struct conversation *c, struct str name)
{
	enum event_kind kind;
	if (conversation_set_state(c, MOVE_CLOSE, s->now, &kind)) return;
	change_conversation(s->w->change, c, name, false);
	tell_state(s, c, kind);
}

static bool wakes(const struct inbound *in) { return in->author != AUTHOR_AUTOMATIC && in->origin == ORIGIN_LIVE; }

// Points pl->now at the conversation this message goes to. *created_r says whether it is new.
static int choose_conversation(struct scene *s, struct place *pl, struct party *y, bool *created_r)
{
	struct item *it = s->item;
	*created_r = false;
	if (pl->now) return 0;
	struct conversation *answered = it->answered;
	if (!answered && pl->newest && it->target.conversation == pl->newest->id) answered = pl->newest;
	struct join_input in = {.now_ms = s->now,
				.reopen_window_ms = s->inbox->reopen_window_ms,
				.rule = s->inbox->join,
				.proved = proof_is_proved(y->known.proof),
				.wakes = wakes(it->in),
				.brand = s->inbox->brand,
				.restricted = s->inbox->is_restricted ? s->inbox->id : 0,
				.answered = answered,
				.of_thread = pl->newest,
				.of_contact = pl->of_contact};
	struct join j = conversation_join(&in);
	struct conversation *c = (struct conversation *)j.conversation;
	struct str name = c == pl->of_contact ? pl->of_contact_name : c && c == it->answered ? it->answered_name : pl->newest_name;
	if (j.outcome == JOIN_NEW) {
		if (c && j.close_previous) close_for_good(s, c, name);
		*created_r = true;
		return make_conversation(s, pl, y, c);
	}
	pl->now = c;
	pl->now_name = name;
	change_conversation(s->w->change, c, name, false);
	return 0;
}

// A thread speaks in one conversation at a time; the row remembers in which.
static int settle_thread(struct scene *s, struct place *pl, struct party *y)
{
	struct conversation *c = pl->now;
	if (!pl->thread) {
		struct thread t = {.id = store_id(s->p->store), .inbox = s->inbox->id, .contact = c->contact, .identity = y->known.identity,
				   .external = pl->external, .created_at = s->now, .conversation = c->id};
		if (!t.id) return E_BUSY;
		unit_add_thread(s->unit, &t);
		pl->thread = t.id;
		pl->contact = t.contact;
	} else if (pl->conversation != c->id) {
		unit_thread_speaks(s->unit, pl->thread, c->id);
	}
	pl->conversation = c->id;
	c->thread = pl->thread;
	c->inbox = s->inbox->id;
	return 0;
}

// ---- message -----------------------------------------------------------------------------------------------------------------

static int find_file(void *arg, uint64_t id, struct part_file *f_r)
{
	struct scene *s = arg;
	for (size_t i = 0; i < s->w->n_files; i++) {
		const struct file_row *f = &s->w->files[i];
		bool is_ours = f->inbox == s->inbox->id && !f->message &&
			       (!f->owner.n || str_eq(f->owner, s->item->in->thread));
		if (f->id != id || !is_ours) continue;
		*f_r = (struct part_file){.id = id, .name = f->name, .mime = f->mime, .bytes = f->bytes};
		return 0;
	}
	return E_MISSING;
}

static void use_files(struct scene *s, const struct message *m)
{
	uint64_t ids[MESSAGE_PARTS];
	size_t n = message_part_files(s->item->in->parts, ids, MESSAGE_PARTS);
	for (size_t i = 0; i < n && i < MESSAGE_PARTS; i++) {
		unit_use_file(s->unit, ids[i], m);
		for (size_t k = 0; k < s->w->n_files; k++)
			if (s->w->files[k].id == ids[i]) s->w->files[k].message = m->id; // once only
	}
}

static int make_message(struct scene *s, struct place *pl, struct party *y, struct message **m_r)
{
	const struct inbound *in = s->item->in;
	bool is_ours = in->author == AUTHOR_DEVICE;
	struct message *m = arena_new_of(s->w->arena, struct message);
	*m = (struct message){.id = store_id(s->p->store),
			      .conversation = pl->now->id,
			      .contact = pl->now->contact,
			      .thread = pl->thread,
			      .inbox = s->inbox->id,
			      .author = in->author,
			      .author_id = is_ours ? 0 : y->known.contact,
			      .is_out = is_ours,
			      .origin = in->origin,
			      .audience = AUDIENCE_CUSTOMER,
			      .provider_id = in->external_id,
			      .key = in->key,
			      .reply_to = s->item->target.id,
			      .sent_at = in->sent_at,
			      .received_at = s->now,
			      .delivery = is_ours ? DELIVERY_ACCEPTED : DELIVERY_NONE};
	if (!m->id) return E_BUSY;
	int r = message_parts(s->w->arena, in->parts, find_file, s, &m->parts, s->e);
	if (r) return r == E_MISSING ? err_set(s->e, E_INVALID, "parts: a media part names a file that is not this sender's") : r;
	use_files(s, m);
	*m_r = m;
	return 0;
}

static void count_message(struct scene *s, struct conversation *c, const struct message *m)
{
	c->n_messages++;
	c->last_at = s->now;
	if (m->is_out) c->last_out_at = s->now;
	else c->last_in_at = s->now;
	conversation_set_preview(c, message_preview(s->w->arena, s->item->in->parts), m->author);
}

static bool needs_plan(const struct scene *s, const struct conversation *c, bool created, enum event_kind moved)
{
	if (s->item->in->origin != ORIGIN_LIVE) return false;
	if (created) return true;
	const struct user *u = directory_user(s->p->directory, c->assignee);
	return moved == EVENT_CONVERSATION_REOPENED && (!u || u->is_disabled);
}

static int decide_message(struct scene *s)
{
	struct item *it = s->item;
	struct party *y = it->party;
	struct place *pl = y->place;
	struct change *ch = s->w->change;
	bool created = false;
	int r = 0;
	if (!y->known.contact) r = make_contact(s, y);
	else learn_name(s, y);
	if (!r) r = choose_conversation(s, pl, y, &created);
	if (!r) r = settle_thread(s, pl, y);
	struct message *m = NULL;
	if (!r) r = make_message(s, pl, y, &m);
	if (r) return r;
	struct conversation *c = pl->now;
	if (created) tell_state(s, c, EVENT_CONVERSATION_CREATED);
	enum event_kind moved = 0;
	if (wakes(it->in)) {
		r = conversation_set_state(c, m->is_out ? MOVE_REPLY : MOVE_MESSAGE_IN, s->now, &moved);
		if (r) return r;
		if (moved) tell_state(s, c, moved);
	}
	count_message(s, c, m);
	unit_add_message(s->unit, m);
	if (it->in->key.n) it->seen_row = unit_add_seen(s->unit, s->inbox->id, SEEN_MESSAGE, it->in->key, s->now, m->id);
	struct event e = event_of(s, m->is_out ? EVENT_MESSAGE_OUT : EVENT_MESSAGE_IN, c, c->contact);
	e.message = m->id;
	if (m->is_out) e.actor = (struct actor){ACTOR_DEVICE, 0};
	it->told = change_event(ch, &e, c, m);
	it->message = m;
	if (needs_plan(s, c, created, moved)) {
		s->w->planned[s->w->n_planned].conversation = c->id;
		s->w->planned[s->w->n_planned++].told = tell_state(s, c, EVENT_CONVERSATION_NEEDS_PLAN);
	}
	return 0;
}

// ---- receipt -----------------------------------------------------------------------------------------------------------------

static enum event_kind kind_of_delivery(enum delivery d)
{
	return d == DELIVERY_DELIVERED ? EVENT_RECEIPT_DELIVERED
	       : d == DELIVERY_READ    ? EVENT_RECEIPT_READ
	       : d == DELIVERY_FAILED  ? EVENT_RECEIPT_FAILED
				       : EVENT_RECEIPT_SENT;
}

// Several receipts of one message move one copy of it.
static struct item *first_about(struct scene *s, struct item *it)
{
	for (struct item *i = s->w->items; it->target.id && i < it; i++)
		if (i->in->type == INBOUND_RECEIPT && i->target.id == it->target.id) return i;
	return it;
}

static int decide_receipt(struct scene *s)
{
	struct item *it = s->item;
	const struct inbound *in = it->in;
	struct item *first = first_about(s, it);
	struct message *m = &first->target;
	if (in->key.n) it->seen_row = unit_add_seen(s->unit, s->inbox->id, SEEN_RECEIPT, in->key, s->now, m->id);
	if (!m->id || m->inbox != s->inbox->id) { // came before we know its message: kept for it
		if (in->external_id.n)
			unit_add(s->unit, STMT_RECEIPT_HOLD,
				 (struct db_value[]){DB_INT(s->inbox->id), DB_TEXT(in->external_id), DB_INT(in->delivery), DB_INT(s->now),
						     DB_TEXT(in->error)});
		return 0;
	}
	if (!delivery_move(&m->delivery, in->delivery)) return 0;
	m->error = in->delivery == DELIVERY_FAILED ? in->error : STR_NONE;
	first->has_moved = true; // written once, when all receipts of the unit are in
	struct event e = {.at_ms = s->now, .kind = kind_of_delivery(m->delivery), .actor = {ACTOR_PLUGIN, s->inbox->id},
			  .conversation = m->conversation, .contact = m->contact, .message = m->id, .to = m->delivery,
			  .inbox = m->inbox, .thread = m->thread};
	struct conversation *c = arena_new_of(s->w->arena, struct conversation);
	struct str name;
	bool is_known = known_get_conversation(s->p->known, m->conversation, s->w->arena, c, &name);
	change_event(s->w->change, &e, is_known ? c : NULL, m);
	return 0;
}

// ---- the whole unit ----------------------------------------------------------------------------------------------------------

// One row a key: the last put of a cause counts.
static bool is_put_later(const struct channel_commit *c, size_t i)
{
	for (size_t k = i + 1; k < c->n_puts; k++)
		if (str_eq(c->puts[k].key, c->puts[i].key)) return true;
	return false;
}

static void put_kv(struct unit *u, const struct channel_commit *c)
{
	for (size_t i = 0; i < c->n_puts; i++) {
		const struct channel_put *put = &c->puts[i];
		if (is_put_later(c, i)) continue;
		if (!put->value) {
			unit_add(u, STMT_KV_DELETE, (struct db_value[]){DB_INT(c->inbox), DB_TEXT(put->key)});
			continue;
		}
		struct buf text = {0};
		json_write(&text, put->value);
		unit_add(u, STMT_KV_PUT, (struct db_value[]){DB_INT(c->inbox), DB_TEXT(put->key), DB_TEXT(buf_str(&text))});
		buf_fini(&text);
	}
}

int ingest_decide(struct work *w, struct err *e)
{
	struct scene s = {.w = w, .p = w->p, .now = clock_now_ms(), .e = e, .inbox = directory_inbox(w->p->directory, w->commit->inbox)};
	if (!s.inbox) return err_set(e, E_MISSING, "inbox %llu is not known", (unsigned long long)w->commit->inbox);
	w->change = change_new(w->p, w->arena, "ingest");
	s.unit = change_unit(w->change);
	for (size_t i = 0; i < w->n_items; i++) {
		s.item = &w->items[i];
		if (s.item->is_duplicate) {
			w->p->stats.duplicates++;
			continue;
		}
		int r = s.item->in->type == INBOUND_MESSAGE ? decide_message(&s) : decide_receipt(&s);
		if (r) {
			change_free(&w->change);
			return r;
		}
	}
	for (size_t i = 0; i < w->n_items; i++) {
		const struct message *m = &w->items[i].target;
		if (w->items[i].has_moved) unit_save_delivery(s.unit, m->id, m->delivery, m->error, STR_NONE);
	}
	put_kv(s.unit, w->commit);
	list_each(l, &w->joined) put_kv(s.unit, list_entry(l, struct work, at)->commit);
	if (!unit_rows(s.unit)) change_free(&w->change);
	return 0;
}
