// SPDX-License-Identifier: Apache-2.0
// Decides what an inbound message does: which contact, which conversation, which rows and events.
#include "ingest.h"

static struct event event_of(const struct scene *s, enum event_kind kind, const struct conversation *c,
			     uint64_t contact)
{
	return (struct event){.at_ms = s->now,
			      .kind = kind,
			      .actor = {ACTOR_CONTACT, contact},
			      .conversation = c ? c->id : 0,
			      .contact = contact,
			      .inbox = s->inbox->id,
			      .thread = s->item->place->known.thread};
}

static size_t tell_state(struct scene *s, struct conversation *c, enum event_kind kind)
{
	struct event e = event_of(s, kind, c, c->contact);
	return change_event(s->r->change, &e, c, NULL);
}

// ---- contact, identity ----------------------------------------------------------------------------------------------

static int make_contact(struct scene *s, struct person *y)
{
	const struct inbound *in = s->item->in;
	struct known_person *k = &y->known;
	*k = (struct known_person){.identity = store_id(s->p->store), .proof = in->proof, .name = in->name};
	k->contact = store_id(s->p->store);
	if (!k->identity || !k->contact) return E_BUSY;
	struct contact c = {.id = k->contact, .name = in->name, .language = in->language, .created_at = s->now};
	unit_add_contact(s->unit, &c);
	struct identity i = {.id = k->identity,
			     .contact = k->contact,
			     .kind = y->kind,
			     .scope = y->scope,
			     .address = y->address,
			     .name = in->name,
			     .proof = in->proof,
			     .created_at = s->now};
	unit_add_identity(s->unit, &i);
	struct event e = event_of(s, EVENT_CONTACT_CREATED, NULL, k->contact);
	change_event(s->r->change, &e, NULL, NULL);
	return 0;
}

static void learn_name(struct scene *s, struct person *y)
{
	if (y->known.name.n || !s->item->in->name.n) return;
	y->known.name = s->item->in->name;
	y->is_renamed = true;
	unit_rename_contact(s->unit, y->known.contact, y->known.name);
	struct event e = event_of(s, EVENT_CONTACT_UPDATED, NULL, y->known.contact);
	change_event(s->r->change, &e, NULL, NULL);
}

// ---- conversation ---------------------------------------------------------------------------------------------------

static int make_talk(struct scene *s, const struct conversation *previous, struct talk **t_r)
{
	struct person *y = s->item->person;
	struct talk *t = arena_new_of(s->r->arena, struct talk);
	t->name = y->known.name;
	t->c = (struct conversation){.id = store_id(s->p->store),
				     .number = round_number(s->r),
				     .contact = y->known.contact,
				     .brand = s->inbox->brand,
				     .inbox = s->inbox->id,
				     .queue = s->inbox->queue,
				     .restricted = s->inbox->is_restricted ? s->inbox->id : 0,
				     .created_at = s->now,
				     .last_at = s->now,
				     .previous = previous ? previous->id : 0};
	if (!t->c.id || !t->c.number) return E_BUSY;
	change_conversation(s->r->change, &t->c, t->name, true);
	unit_add_participant(s->unit, t->c.id, PARTICIPANT_IDENTITY, y->known.identity, PARTICIPANT_CUSTOMER, s->now);
	*t_r = t;
	return 0;
}

static void close_for_good(struct scene *s, struct talk *t)
{
	enum event_kind kind;
	change_conversation(s->r->change, &t->c, t->name, false);
	if (!conversation_set_state(&t->c, MOVE_CLOSE, s->now, &kind)) tell_state(s, &t->c, kind);
}

static bool is_live(const struct inbound *in) { return in->origin == ORIGIN_LIVE; }

static bool wakes(const struct inbound *in) { return is_live(in) && in->author != AUTHOR_AUTOMATIC; }

// The contact's one that this unit began in another thread.
static struct talk *begun_elsewhere(const struct scene *s)
{
	for (size_t i = 0; i < s->r->n_places; i++) {
		struct talk *t = s->r->places[i].now;
		if (t && t->c.contact == s->item->person->known.contact) return t;
	}
	return NULL;
}

static struct join join_of(struct scene *s)
{
	const struct item *it = s->item;
	const struct place *pl = it->place;
	const struct talk *here = pl->now ? pl->now : pl->newest;
	struct talk *of_contact = pl->of_contact ? pl->of_contact : begun_elsewhere(s);
	struct join_input in = round_rules(s->inbox, s->now);
	in.proved = proof_is_proved(it->person->known.proof);
	in.wakes = wakes(it->in);
	in.answered = it->about ? &it->about->c : NULL;
	in.of_thread = here ? &here->c : NULL;
	in.of_contact = of_contact ? &of_contact->c : NULL;
	// What is told of the past stays where its thread is, also when that is over.
	if (!is_live(it->in) && here && here->c.restricted == in.restricted)
		return (struct join){.outcome = JOIN_THIS, .conversation = in.of_thread};
	return conversation_join(&in);
}

// It goes where the one before it in this unit went: unless it says itself what it answers, or that one was only told
// of the past, which may join what a living one must not.
static bool goes_on(const struct item *it)
{
	const struct place *pl = it->place;
	if (!pl->now || (it->about && it->about != pl->now)) return false;
	return !pl->is_of_the_past || !is_live(it->in);
}

// Sets place->now, where this message goes and those behind it. *created_r says whether it is new.
static int choose_talk(struct scene *s, bool *created_r)
{
	struct place *pl = s->item->place;
	*created_r = false;
	if (goes_on(s->item)) return 0;
	struct join j = join_of(s);
	pl->is_of_the_past = !is_live(s->item->in);
	struct talk *t = (struct talk *)j.conversation; // every candidate is the head of a talk
	if (j.outcome == JOIN_NEW) {
		if (t && j.close_previous) close_for_good(s, t);
		*created_r = true;
		return make_talk(s, t ? &t->c : NULL, &pl->now);
	}
	pl->now = t;
	change_conversation(s->r->change, &t->c, t->name, false);
	return 0;
}

// A thread speaks in one conversation at a time; the row remembers in which.
static int settle_place(struct scene *s)
{
	struct place *pl = s->item->place;
	struct conversation *c = &pl->now->c;
	struct known_place *k = &pl->known;
	if (!k->thread) {
		struct thread t = {.id = store_id(s->p->store),
				   .inbox = s->inbox->id,
				   .contact = c->contact,
				   .identity = s->item->person->known.identity,
				   .external = pl->external,
				   .created_at = s->now,
				   .conversation = c->id};
		if (!t.id) return E_BUSY;
		unit_add_thread(s->unit, &t);
		*k = (struct known_place){t.id, t.contact, c->id};
	} else if (k->conversation != c->id) {
		unit_thread_speaks(s->unit, k->thread, c->id, k->conversation);
		k->conversation = c->id;
	}
	c->thread = k->thread;
	c->inbox = s->inbox->id;
	return 0;
}

// ---- message --------------------------------------------------------------------------------------------------------

static struct file_row *file_of(const struct scene *s, uint64_t id)
{
	for (size_t i = 0; i < s->r->n_files; i++)
		if (s->r->files[i].id == id) return &s->r->files[i];
	return NULL;
}

static int find_file(void *arg, uint64_t id, struct part_file *f_r)
{
	struct scene *s = arg;
	const struct file_row *f = file_of(s, id);
	if (!f || f->message || f->inbox != s->inbox->id) return E_MISSING;
	if (f->owner.n && !str_eq(f->owner, s->item->in->thread)) return E_MISSING;
	*f_r = (struct part_file){.id = id, .name = f->name, .mime = f->mime, .bytes = f->bytes};
	return 0;
}

static void use_files(struct scene *s, const struct message *m)
{
	uint64_t ids[MESSAGE_PARTS];
	size_t n = message_part_files(s->item->in->parts, ids, MESSAGE_PARTS);
	for (size_t i = 0; i < n && i < MESSAGE_PARTS; i++) {
		struct file_row *f = file_of(s, ids[i]);
		if (f->message) continue; // twice in one message
		f->message = m->id;
		unit_use_file(s->unit, f->id, m);
	}
}

static int make_message(struct scene *s, struct message **m_r)
{
	const struct inbound *in = s->item->in;
	const struct conversation *c = &s->item->place->now->c;
	bool is_ours = in->author == AUTHOR_DEVICE;
	struct message *m = arena_new_of(s->r->arena, struct message);
	*m = (struct message){.id = store_id(s->p->store),
			      .conversation = c->id,
			      .contact = c->contact,
			      .thread = s->item->place->known.thread,
			      .inbox = s->inbox->id,
			      .author = in->author,
			      .author_id = is_ours ? 0 : s->item->person->known.contact,
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
	if (s->is_live && message_is_blank(in->parts))
		return err_set(s->e, E_INVALID, "parts: there is nothing to see in it");
	int r = message_parts(s->r->arena, in->parts, find_file, s, &m->parts, s->e);
	if (r == E_MISSING) r = err_set(s->e, E_INVALID, "parts: a media part names a file that is not this sender's");
	if (r) return r;
	use_files(s, m);
	unit_add_message(s->unit, m);
	*m_r = m;
	return 0;
}

// The past changes neither the place in the list nor what it shows.
static void count_message(struct scene *s, struct conversation *c, const struct message *m)
{
	c->n_messages++;
	if (!is_live(s->item->in) && c->n_messages > 1) return;
	c->last_at = s->now;
	if (m->is_out)
		c->last_out_at = s->now;
	else
		c->last_in_at = s->now;
	conversation_set_preview(c, message_preview(s->r->arena, s->item->in->parts), m->author);
}

// The states that the message moves. One that is only told of the past is over already: nobody has to deal with it.
static int move_state(struct scene *s, struct conversation *c, bool created, enum event_kind *moved_r)
{
	const struct inbound *in = s->item->in;
	enum event_kind kind;
	*moved_r = 0;
	if (created && !is_live(in))
		return conversation_set_state(c, MOVE_RESOLVE, in->sent_at ? in->sent_at : s->now, &kind);
	if (!wakes(in)) return 0;
	int r = conversation_set_state(c, in->author == AUTHOR_DEVICE ? MOVE_REPLY : MOVE_MESSAGE_IN, s->now, moved_r);
	if (!r && *moved_r) tell_state(s, c, *moved_r);
	return r;
}

static bool needs_plan(const struct scene *s, const struct conversation *c, bool created, enum event_kind moved)
{
	if (!is_live(s->item->in)) return false;
	if (created) return true;
	return moved == EVENT_CONVERSATION_REOPENED && !assign_is_there(s->p, c->assignee);
}

static void tell_message(struct scene *s, const struct conversation *c, struct message *m)
{
	struct item *it = s->item;
	struct event e = event_of(s, m->is_out ? EVENT_MESSAGE_OUT : EVENT_MESSAGE_IN, c, c->contact);
	e.message = m->id;
	if (m->is_out) e.actor = (struct actor){ACTOR_DEVICE, 0};
	it->told = change_event(s->r->change, &e, c, m);
	it->message = m;
}

// A provider's keys are its own in the whole inbox; those of a visitor are his own, and must not meet another's.
static struct str seen_key(const struct scene *s)
{
	const struct inbound *in = s->item->in;
	if (!s->is_live) return in->key;
	return arena_printf(s->r->arena, "%.*s:%.*s", STR_ARG(in->thread), STR_ARG(in->key));
}

int decide_message(struct scene *s)
{
	struct item *it = s->item;
	bool created = false;
	int r = 0;
	if (!it->person->known.contact)
		r = make_contact(s, it->person);
	else
		learn_name(s, it->person);
	if (!r) r = choose_talk(s, &created);
	if (!r) r = settle_place(s);
	struct message *m = NULL;
	if (!r) r = make_message(s, &m);
	if (r) return r;
	struct conversation *c = &it->place->now->c;
	enum event_kind moved;
	if (created) tell_state(s, c, EVENT_CONVERSATION_CREATED);
	if ((r = move_state(s, c, created, &moved))) return r;
	count_message(s, c, m);
	if (it->in->key.n)
		it->seen_row = unit_add_seen(s->unit, s->inbox->id, SEEN_MESSAGE, seen_key(s), s->now, m->id);
	tell_message(s, c, m);
	if (needs_plan(s, c, created, moved)) {
		struct event e = event_of(s, EVENT_CONVERSATION_NEEDS_PLAN, c, c->contact);
		e.from = (int64_t)c->assignee;
		s->r->planned[s->r->n_planned].conversation = c->id;
		s->r->planned[s->r->n_planned].was = c->assignee;
		s->r->planned[s->r->n_planned++].told = change_event(s->r->change, &e, c, NULL);
	}
	return 0;
}
