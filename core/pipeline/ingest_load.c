// SPDX-License-Identifier: Apache-2.0
// What ingest must know before it decides: who writes, in which thread, which conversation stands there, which files are named.
#include "ingest.h"
#include <stdlib.h>
#include <string.h>

// ---- what is asked for -------------------------------------------------------------------------------------------------------

static struct str party_key(struct work *w, const struct inbound *in)
{
	return arena_printf(w->arena, "%llx\x1f%.*s\x1f%.*s\x1f%.*s\x1f%.*s", (unsigned long long)w->commit->inbox, STR_ARG(in->thread),
			    STR_ARG(in->kind), STR_ARG(in->scope), STR_ARG(in->address));
}

static struct place *place_of(struct work *w, const struct inbound *in)
{
	for (size_t i = 0; i < w->n_places; i++)
		if (str_eq(w->places[i].external, in->thread)) return &w->places[i];
	struct place *pl = &w->places[w->n_places++];
	*pl = (struct place){.external = in->thread};
	return pl;
}

static struct party *party_of(struct work *w, const struct inbound *in)
{
	struct str key = party_key(w, in);
	for (size_t i = 0; i < w->n_parties; i++)
		if (str_eq(w->parties[i].key, key)) return &w->parties[i];
	struct party *y = &w->parties[w->n_parties++];
	*y = (struct party){.place = place_of(w, in), .kind = in->kind, .scope = in->scope, .address = in->address, .key = key};
	if (!y->place->first) y->place->first = y;
	return y;
}

static void add_items(struct work *w, struct work *owner)
{
	for (size_t i = 0; i < owner->n_in; i++) {
		struct item *it = &w->items[w->n_items++];
		*it = (struct item){.in = &owner->in[i], .owner = owner, .seen_row = -1};
	}
}

// Everything of the leader and of those that joined it, in their order.
static void collect(struct work *w)
{
	size_t n = w->n_in;
	list_each(l, &w->joined) n += list_entry(l, struct work, at)->n_in;
	w->n_items = w->n_places = w->n_parties = w->n_files = w->n_planned = 0;
	w->items = arena_array(w->arena, struct item, n + 1);
	w->places = arena_array(w->arena, struct place, n + 1);
	w->parties = arena_array(w->arena, struct party, n + 1);
	w->planned = arena_alloc(w->arena, (n + 1) * sizeof *w->planned);
	add_items(w, w);
	list_each(l, &w->joined) add_items(w, list_entry(l, struct work, at));
	for (size_t i = 0; i < w->n_items; i++) {
		struct item *it = &w->items[i];
		it->is_duplicate = it->in->is_seen;
		if (it->in->type == INBOUND_MESSAGE && !it->is_duplicate) it->party = party_of(w, it->in);
	}
}

// ---- waiting for answers -----------------------------------------------------------------------------------------------------

static void second_step(struct work *w);

static void ended(void *arg)
{
	struct work *w = arg;
	w->on_loaded(w);
}

struct ask {
	struct work *w;
	void *about;
	void (*then)(struct work *w);
};

static void *asked(struct work *w, void *about, void (*then)(struct work *w))
{
	struct ask *q = arena_new_of(w->arena, struct ask);
	*q = (struct ask){w, about, then};
	w->n_pending++;
	return q;
}

static void answered(struct ask *q, int status)
{
	struct work *w = q->w;
	if (status && !w->status) w->status = status;
	if (--w->n_pending) return;
	if (w->status) ended(w);
	else q->then(w);
}

// ---- step one: senders, messages named, files --------------------------------------------------------------------------------

static void on_sender(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct ask *q = arg;
	struct party *y = q->about;
	if (!status && rows->n_rows) {
		struct str name = db_str(rows, 0, 6);
		y->known = (struct known_sender){.thread = (uint64_t)db_int(rows, 0, 0),
						 .thread_contact = (uint64_t)db_int(rows, 0, 1),
						 .conversation = (uint64_t)db_int(rows, 0, 2),
						 .identity = (uint64_t)db_int(rows, 0, 3),
						 .contact = (uint64_t)db_int(rows, 0, 4),
						 .proof = (enum proof)db_int(rows, 0, 5),
						 .contact_name = name.p ? arena_str(q->w->arena, name) : STR_NONE};
	}
	answered(q, status);
}

static void ask_sender(struct work *w, struct party *y)
{
	if (known_get_sender(w->p->known, y->key, w->arena, &y->known)) return;
	struct db_value row[] = {DB_INT(w->commit->inbox), DB_TEXT(y->place->external), DB_TEXT(y->kind), DB_TEXT(y->scope), DB_TEXT(y->address)};
	store_read(w->p->store, STMT_SENDER, row, on_sender, asked(w, y, second_step));
}

static void on_message(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct ask *q = arg;
	struct item *it = q->about;
	struct arena *a = q->w->arena;
	if (!status && rows->n_rows) {
		struct message *m = &it->target;
		message_of_row(rows, 0, 0, m);
		m->parts = arena_str(a, m->parts);
		m->provider_id = m->provider_id.p ? arena_str(a, m->provider_id) : STR_NONE;
		m->key = m->key.p ? arena_str(a, m->key) : STR_NONE;
		m->error = m->error.p ? arena_str(a, m->error) : STR_NONE;
	}
	answered(q, status);
}

static void ask_message(struct work *w, struct item *it)
{
	struct inbound *in = it->in;
	struct str provider_id = in->type == INBOUND_RECEIPT ? in->external_id : in->reply_to;
	if (in->type == INBOUND_RECEIPT && in->message)
		store_read(w->p->store, STMT_MESSAGE, (struct db_value[]){DB_INT(in->message)}, on_message, asked(w, it, second_step));
	else if (provider_id.n)
		store_read(w->p->store, STMT_MESSAGE_OF_PROVIDER, (struct db_value[]){DB_INT(w->commit->inbox), DB_TEXT(provider_id)},
			   on_message, asked(w, it, second_step));
}

static void on_files(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct ask *q = arg;
	struct work *w = q->w;
	if (!status) {
		w->files = arena_array(w->arena, struct file_row, rows->n_rows + 1);
		w->n_files = rows->n_rows;
		for (size_t i = 0; i < rows->n_rows; i++) {
			struct file_row *f = &w->files[i];
			file_of_row(rows, i, f);
			f->name = arena_str(w->arena, f->name);
			f->mime = arena_str(w->arena, f->mime);
			f->owner = arena_str(w->arena, f->owner);
			f->blob = STR_NONE;
		}
	}
	answered(q, status);
}

static void ask_files(struct work *w)
{
	uint64_t ids[MESSAGE_PARTS * 4];
	size_t n = 0;
	for (size_t i = 0; i < w->n_items && n < ARRAY_LEN(ids); i++)
		if (w->items[i].party) n += message_part_files(w->items[i].in->parts, ids + n, ARRAY_LEN(ids) - n);
	if (n > ARRAY_LEN(ids)) n = ARRAY_LEN(ids);
	if (n) store_read(w->p->store, STMT_FILES, (struct db_value[]){DB_INTS(ids, n)}, on_files, asked(w, NULL, second_step));
}

// ---- step two: the conversations that may be joined --------------------------------------------------------------------------

static struct conversation *copy_of(struct work *w, const struct conversation *c)
{
	struct conversation *copy = arena_new_of(w->arena, struct conversation);
	*copy = *c;
	return copy;
}

static void third_step(struct work *w);

static void on_newest(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct ask *q = arg;
	struct place *pl = q->about;
	if (!status && rows->n_rows) {
		struct conversation c;
		conversation_of_row(rows, 0, 0, &c);
		pl->newest = copy_of(q->w, &c);
		struct str name = db_str(rows, 0, CONVERSATION_COLS);
		pl->newest_name = name.p ? arena_str(q->w->arena, name) : STR_NONE;
	}
	answered(q, status);
}

// Of the contact's unclosed conversations the first that this inbox may join.
static void on_of_contact(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct ask *q = arg;
	struct place *pl = q->about;
	const struct inbox_record *in = directory_inbox(q->w->p->directory, q->w->commit->inbox);
	for (size_t i = 0; !status && in && i < rows->n_rows && !pl->of_contact; i++) {
		struct conversation c;
		conversation_of_row(rows, i, 0, &c);
		if (c.brand != in->brand || c.restricted != (in->is_restricted ? in->id : 0)) continue;
		pl->of_contact = copy_of(q->w, &c);
		struct str name = db_str(rows, i, CONVERSATION_COLS);
		pl->of_contact_name = name.p ? arena_str(q->w->arena, name) : STR_NONE;
	}
	answered(q, status);
}

static void ask_newest(struct work *w, struct place *pl)
{
	struct conversation c;
	if (!pl->conversation) return;
	if (known_get_conversation(w->p->known, pl->conversation, w->arena, &c, &pl->newest_name)) {
		pl->newest = copy_of(w, &c);
		return;
	}
	store_read(w->p->store, STMT_CONVERSATION, (struct db_value[]){DB_INT(pl->conversation)}, on_newest, asked(w, pl, third_step));
}

static void ask_of_contact(struct work *w, struct place *pl)
{
	const struct inbox_record *in = directory_inbox(w->p->directory, w->commit->inbox);
	const struct known_sender *s = &pl->first->known;
	bool is_settled = pl->newest && pl->newest->state != CONVERSATION_CLOSED;
	if (!in || in->join != JOIN_CONTACT || !s->contact || is_settled || !proof_is_proved(s->proof)) return;
	store_read(w->p->store, STMT_CONVERSATION_OF_CONTACT, (struct db_value[]){DB_INT(s->contact)}, on_of_contact,
		   asked(w, pl, third_step));
}

static void on_answered(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct ask *q = arg;
	struct item *it = q->about;
	if (!status && rows->n_rows) {
		struct conversation c;
		conversation_of_row(rows, 0, 0, &c);
		it->answered = copy_of(q->w, &c);
		struct str name = db_str(rows, 0, CONVERSATION_COLS);
		it->answered_name = name.p ? arena_str(q->w->arena, name) : STR_NONE;
	}
	answered(q, status);
}

static void ask_answered(struct work *w, struct item *it)
{
	struct place *pl = it->party ? it->party->place : NULL;
	if (!pl || !it->target.conversation || it->target.conversation == pl->conversation) return;
	store_read(w->p->store, STMT_CONVERSATION, (struct db_value[]){DB_INT(it->target.conversation)}, on_answered,
		   asked(w, it, third_step));
}

static void step(struct work *w, void (*next)(struct work *w))
{
	if (w->n_pending) return; // the last answer goes on
	next(w);
}

static void second_step(struct work *w)
{
	for (size_t i = 0; i < w->n_parties; i++) {
		struct party *y = &w->parties[i];
		if (!y->known.thread) continue;
		y->place->thread = y->known.thread;
		y->place->contact = y->known.thread_contact;
		y->place->conversation = y->known.conversation;
	}
	for (size_t i = 0; i < w->n_places; i++) ask_newest(w, &w->places[i]);
	for (size_t i = 0; i < w->n_places; i++) ask_of_contact(w, &w->places[i]);
	for (size_t i = 0; i < w->n_items; i++) ask_answered(w, &w->items[i]);
	step(w, third_step);
}

// ---- step three: which conversations to hold ---------------------------------------------------------------------------------

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static void want(struct work *w, uint64_t conversation)
{
	if (conversation && w->n_turns < ARRAY_LEN(w->turns)) w->turns[w->n_turns++] = turn_key('c', conversation);
}

static void third_step(struct work *w)
{
	for (size_t i = 0; i < w->n_places; i++) {
		if (w->places[i].newest) want(w, w->places[i].newest->id);
		if (w->places[i].of_contact) want(w, w->places[i].of_contact->id);
	}
	for (size_t i = 0; i < w->n_items; i++)
		if (w->items[i].party && w->items[i].target.id) want(w, w->items[i].target.conversation);
	qsort(w->turns, w->n_turns, sizeof *w->turns, by_value);
	size_t n = 0;
	for (size_t i = 0; i < w->n_turns; i++)
		if (!n || w->turns[n - 1] != w->turns[i]) w->turns[n++] = w->turns[i];
	w->n_turns = n;
	ended(w);
}

void ingest_load(struct work *w, void (*done)(struct work *w))
{
	w->on_loaded = done;
	w->n_pending = 0;
	collect(w);
	for (size_t i = 0; i < w->n_parties; i++) ask_sender(w, &w->parties[i]);
	for (size_t i = 0; i < w->n_items; i++)
		if (!w->items[i].is_duplicate) ask_message(w, &w->items[i]);
	ask_files(w);
	step(w, second_step);
}

static void refresh(struct work *w, struct conversation *c, struct str *name)
{
	if (c) known_get_conversation(w->p->known, c->id, w->arena, c, name);
}

void ingest_refresh(struct work *w)
{
	for (size_t i = 0; i < w->n_places; i++) {
		refresh(w, w->places[i].newest, &w->places[i].newest_name);
		refresh(w, w->places[i].of_contact, &w->places[i].of_contact_name);
	}
	for (size_t i = 0; i < w->n_items; i++) refresh(w, w->items[i].answered, &w->items[i].answered_name);
}
