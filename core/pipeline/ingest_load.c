// SPDX-License-Identifier: Apache-2.0
// What ingest must know before it decides: who writes, in which thread, which conversation stands there, which files
// are named. Three steps, each of which may wait for the store; then the conversations are held.
#include "ingest.h"
#include "base/clock.h"
#include <string.h>

// ---- waiting for answers --------------------------------------------------------------------------------------------

struct ask {
	struct round *r;
	void *about;
	void (*then)(struct round *r);
};

static struct ask *asked(struct round *r, void *about, void (*then)(struct round *r))
{
	struct ask *q = arena_new_of(r->arena, struct ask);
	*q = (struct ask){r, about, then};
	r->n_pending++;
	return q;
}

static void answered(struct ask *q, int status)
{
	struct round *r = q->r;
	if (!status && r->p->has_given_up) status = E_CANCELLED;
	if (status && !r->status) r->status = status;
	if (--r->n_pending) return;
	if (r->status)
		r->done(r);
	else
		q->then(r);
}

static struct str kept(struct round *r, struct str s) { return s.p ? arena_str(r->arena, s) : STR_NONE; }

// ---- step one: senders, messages named, files -----------------------------------------------------------------------

static void second_step(struct round *r);

static void on_sender(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct ask *q = arg;
	struct item *it = q->about;
	if (!status && rows->n_rows) {
		it->place->known = (struct known_place){.thread = (uint64_t)db_int(rows, 0, 0),
							.contact = (uint64_t)db_int(rows, 0, 1),
							.conversation = (uint64_t)db_int(rows, 0, 2)};
		it->person->known = (struct known_person){.identity = (uint64_t)db_int(rows, 0, 3),
							  .contact = (uint64_t)db_int(rows, 0, 4),
							  .proof = (enum proof)db_int(rows, 0, 5),
							  .name = kept(q->r, db_str(rows, 0, 6))};
	}
	answered(q, status);
}

static void ask_sender(struct round *r, struct item *it)
{
	struct person *y = it->person;
	if (it->place->is_asked && y->is_asked) return;
	it->place->is_asked = y->is_asked = true;
	struct db_value row[] = {DB_INT(r->inbox), DB_TEXT(it->place->external), DB_TEXT(y->kind), DB_TEXT(y->scope),
				 DB_TEXT(y->address)};
	store_read(r->p->store, STMT_SENDER, row, on_sender, asked(r, it, second_step));
}

static void on_target(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct ask *q = arg;
	struct item *it = q->about;
	if (!status && rows->n_rows) {
		struct message *m = &it->target;
		message_of_row(rows, 0, 0, m);
		m->parts = kept(q->r, m->parts);
		m->provider_id = kept(q->r, m->provider_id);
		m->key = kept(q->r, m->key);
		m->error = kept(q->r, m->error);
		it->was = m->delivery;
	}
	answered(q, status);
}

static void ask_target(struct round *r, struct item *it)
{
	const struct inbound *in = it->in;
	bool is_receipt = in->type == INBOUND_RECEIPT;
	const struct db_value by_id[] = {DB_INT(in->message)};
	const struct db_value by_receipt[] = {DB_INT(r->inbox), DB_TEXT(in->external_id)};
	const struct db_value by_answer[] = {DB_INT(r->inbox), DB_TEXT(in->reply_to), DB_TEXT(in->thread)};
	if (is_receipt && in->message)
		store_read(r->p->store, STMT_MESSAGE, by_id, on_target, asked(r, it, second_step));
	else if (is_receipt && in->external_id.n)
		store_read(r->p->store, STMT_MESSAGE_OF_PROVIDER, by_receipt, on_target, asked(r, it, second_step));
	else if (!is_receipt && in->reply_to.n)
		store_read(r->p->store, STMT_MESSAGE_ANSWERED, by_answer, on_target, asked(r, it, second_step));
}

static void on_files(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct ask *q = arg;
	struct round *r = q->r;
	r->n_files = status ? 0 : rows->n_rows;
	r->files = arena_array(r->arena, struct file_row, r->n_files + 1);
	for (size_t i = 0; i < r->n_files; i++) {
		struct file_row *f = &r->files[i];
		file_of_row(rows, i, f);
		f->name = kept(r, f->name);
		f->mime = kept(r, f->mime);
		f->owner = kept(r, f->owner);
		f->blob = STR_NONE;
	}
	answered(q, status);
}

static void ask_files(struct round *r)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n_items; i++)
		if (r->items[i].place) n += message_part_files(r->items[i].in->parts, NULL, 0);
	if (!n) return;
	uint64_t *ids = arena_array(r->arena, uint64_t, n);
	size_t at = 0;
	for (size_t i = 0; i < r->n_items; i++)
		if (r->items[i].place) at += message_part_files(r->items[i].in->parts, ids + at, n - at);
	store_read(r->p->store, STMT_FILES, (struct db_value[]){DB_INTS(ids, n)}, on_files,
		   asked(r, NULL, second_step));
}

// ---- step two: the conversations that may be joined, or are spoken of -----------------------------------------------

static void third_step(struct round *r);

static void talk_of_row(struct round *r, const struct db_rows *rows, size_t row, struct talk *t)
{
	if (t->is_loaded) return;
	conversation_of_row(rows, row, 0, &t->c);
	t->name = kept(r, db_str(rows, row, CONVERSATION_COLS));
	t->is_loaded = true;
}

static void on_talk(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct ask *q = arg;
	if (!status && rows->n_rows) talk_of_row(q->r, rows, 0, q->about);
	answered(q, status);
}

static struct talk *ask_talk(struct round *r, uint64_t conversation)
{
	if (!conversation) return NULL;
	size_t n = r->n_talks;
	struct talk *t = round_talk(r, conversation);
	if (t->is_loaded || n == r->n_talks) return t; // asked before
	t->is_loaded = known_get_conversation(r->p->known, conversation, r->arena, &t->c, &t->name);
	if (!t->is_loaded)
		store_read(r->p->store, STMT_CONVERSATION, (struct db_value[]){DB_INT(conversation)}, on_talk,
			   asked(r, t, third_step));
	return t;
}

// Of the contact's unclosed conversations the first that this inbox may join; else the first that would have been one.
static void on_of_contact(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct ask *q = arg;
	struct place *pl = q->about;
	const struct inbox_record *in = directory_inbox(q->r->p->directory, q->r->inbox);
	struct join_input rules = in ? round_rules(in, clock_now_ms()) : (struct join_input){0};
	bool is_open = false;
	for (size_t i = 0; !status && in && i < rows->n_rows && !is_open; i++) {
		struct conversation c;
		conversation_of_row(rows, i, 0, &c);
		if (c.brand != rules.brand || c.restricted != rules.restricted) continue;
		is_open = conversation_may_be_joined(&rules, &c);
		if (!is_open && pl->of_contact) continue;
		pl->of_contact = round_talk(q->r, c.id);
		talk_of_row(q->r, rows, i, pl->of_contact);
	}
	answered(q, status);
}

static void ask_of_contact(struct round *r, struct place *pl)
{
	const struct inbox_record *in = directory_inbox(r->p->directory, r->inbox);
	const struct known_person *y = &pl->first->known;
	if (!in || in->join != JOIN_CONTACT || !y->contact || !proof_is_proved(y->proof)) return;
	struct join_input rules = round_rules(in, clock_now_ms());
	if (pl->newest && pl->newest->is_loaded && conversation_may_be_joined(&rules, &pl->newest->c)) return;
	store_read(r->p->store, STMT_CONVERSATION_OF_CONTACT, (struct db_value[]){DB_INT(y->contact)}, on_of_contact,
		   asked(r, pl, third_step));
}

// A provider's ids may be its own in each thread: what is answered must be this thread's, or this person's.
static void check_answered(struct item *it)
{
	if (!it->place || !it->target.id) return;
	bool is_here = it->place->known.thread && it->target.thread == it->place->known.thread;
	bool is_theirs = it->person->known.contact && it->target.contact == it->person->known.contact;
	if (!is_here && !is_theirs) it->target = (struct message){0};
}

static void second_step(struct round *r)
{
	for (size_t i = 0; i < r->n_places; i++)
		r->places[i].newest = ask_talk(r, r->places[i].known.conversation);
	for (size_t i = 0; i < r->n_places; i++)
		ask_of_contact(r, &r->places[i]);
	for (size_t i = 0; i < r->n_items; i++) {
		check_answered(&r->items[i]);
		r->items[i].about = ask_talk(r, r->items[i].target.conversation);
	}
	if (!r->n_pending) third_step(r);
}

// ---- step three: holding them ---------------------------------------------------------------------------------------

static struct talk *loaded(struct talk *t) { return t && t->is_loaded ? t : NULL; }

// What was read may have changed until it was held.
static void on_held(void *arg)
{
	struct round *r = arg;
	for (size_t i = 0; i < r->n_talks; i++) {
		struct talk *t = r->talks[i];
		struct conversation c;
		struct str name;
		if (!known_get_conversation(r->p->known, t->c.id, r->arena, &c, &name)) continue;
		*t = (struct talk){c, name, true};
	}
	for (size_t i = 0; i < r->n_places; i++) {
		r->places[i].newest = loaded(r->places[i].newest);
		r->places[i].of_contact = loaded(r->places[i].of_contact);
	}
	for (size_t i = 0; i < r->n_items; i++)
		r->items[i].about = loaded(r->items[i].about);
	round_take_numbers(r);
}

static void third_step(struct round *r)
{
	uint64_t *keys = arena_array(r->arena, uint64_t, 2 * r->n_places + r->n_items + 1);
	size_t n = 0;
	for (size_t i = 0; i < r->n_places; i++) {
		struct place *pl = &r->places[i];
		if (pl->newest) keys[n++] = turn_key('c', pl->newest->c.id);
		if (pl->of_contact) keys[n++] = turn_key('c', pl->of_contact->c.id);
	}
	for (size_t i = 0; i < r->n_items; i++)
		if (r->items[i].place && r->items[i].about) keys[n++] = turn_key('c', r->items[i].about->c.id);
	keys_init(&r->held, r->p->turns, r->arena);
	keys_take(&r->held, keys, n, on_held, r);
}

void ingest_load(struct round *r, void (*done)(struct round *r))
{
	r->done = done;
	for (size_t i = 0; i < r->n_items; i++) {
		if (r->items[i].place) ask_sender(r, &r->items[i]);
		ask_target(r, &r->items[i]);
	}
	ask_files(r);
	if (!r->n_pending) second_step(r);
}
