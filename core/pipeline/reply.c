// SPDX-License-Identifier: Apache-2.0
// Reply: an agent's message or note becomes a row, an event and, for the outside, a place in the outbox, in one unit.
#include "hold.h"
#include "fit.h"
#include "base/clock.h"
#include <string.h>

struct replying {
	struct act_reply r; // key and parts copied into the arena
	const struct json *parts;
	struct file_row *files;
	size_t n_files;
	struct message m;
	uint64_t thread,
		inbox; // where it goes: where the answered message stands, else where the conversation last spoke
	uint16_t seen_row;
	struct outbox_row out;
	bool is_repeated; // the key stands already
	bool is_live;
	struct str external;
	size_t told;
};

// ---- the same key again ---------------------------------------------------------------------------------------------

static void on_old_message(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct hold *h = arg;
	struct replying *own = h->own;
	if (status || !rows->n_rows) {
		hold_fail(h, status ? status : E_CONFLICT, "this key was used before; its message cannot be read");
		return;
	}
	message_of_row(rows, 0, 0, &own->m);
	if (own->m.conversation != h->c.id) {
		hold_fail(h, E_CONFLICT, "this key was used for another conversation");
		return;
	}
	h->message = &own->m;
	hold_end(h, 0, db_int(rows, 0, MESSAGE_COLS), NULL);
}

static void on_seen(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct hold *h = arg;
	if (status || !rows->n_rows) {
		hold_fail(h, status ? status : E_CONFLICT, "this key was used before; its message cannot be read");
		return;
	}
	store_read(h->p->store, STMT_MESSAGE, (struct db_value[]){DB_INT(db_int(rows, 0, 0))}, on_old_message, h);
}

static struct str seen_key(struct hold *h, struct str key)
{
	return arena_printf(h->arena, "%llu:%.*s", (unsigned long long)h->act.user, STR_ARG(key));
}

static void answer_with_old(struct hold *h)
{
	struct replying *own = h->own;
	store_read(h->p->store, STMT_SEEN,
		   (struct db_value[]){DB_INT(0), DB_INT(SEEN_REPLY), DB_TEXT(seen_key(h, own->r.key))}, on_seen, h);
}

// ---- the unit -------------------------------------------------------------------------------------------------------

static void on_committed(const struct change_result *r, void *arg)
{
	struct hold *h = arg;
	struct replying *own = h->own;
	if (r->status == E_CONFLICT) {
		for (size_t i = 0; i < r->n_failed; i++)
			own->is_repeated |= r->failed[i] == own->seen_row;
		hold_again(h);
		return;
	}
	if (!r->status) {
		h->p->stats.messages_out++;
		if (own->is_live && audience_is_for_customer(own->m.audience))
			live_tell(h->p, own->external, &own->m, r->first_seq + (int64_t)own->told);
		else if (own->out.message)
			outbox_add(h->p, &own->out);
		h->message = &own->m;
	}
	hold_end(h, r->status, r->first_seq + (int64_t)own->told, r->why);
}

static void tell_moves(struct hold *h, struct change *ch, int64_t now)
{
	enum event_kind moved = 0;
	int was = h->c.state;
	if (!h->c.assignee && h->takes_work) {
		conversation_assign(&h->c, h->act.user);
		struct event e = hold_event(h, EVENT_CONVERSATION_ASSIGNED, now);
		e.to = (int64_t)h->act.user;
		change_event(ch, &e, &h->c, NULL);
	}
	if (!conversation_set_state(&h->c, MOVE_REPLY, now, &moved) && moved) {
		struct event e = hold_event(h, moved, now);
		e.from = was;
		e.to = h->c.state;
		change_event(ch, &e, &h->c, NULL);
	}
}

static void commit(struct hold *h)
{
	struct replying *own = h->own;
	struct message *m = &own->m;
	int64_t now = m->received_at;
	bool is_note = m->audience == AUDIENCE_INTERNAL;
	struct change *ch = change_new(h->p, h->arena, "reply");
	struct unit *u = change_unit(ch);
	change_conversation(ch, &h->c, h->name, false);
	own->seen_row = unit_add_seen(u, 0, SEEN_REPLY, seen_key(h, m->key), now, m->id);
	unit_add_message(u, m);
	for (size_t i = 0; i < own->n_files; i++)
		unit_use_file(u, own->files[i].id, m);
	unit_add_participant(u, h->c.id, PARTICIPANT_USER, h->act.user, PARTICIPANT_AGENT, now);
	h->c.n_messages++;
	if (!is_note) {
		h->c.last_at = h->c.last_out_at = now;
		conversation_set_preview(&h->c, message_preview(h->arena, own->parts), AUTHOR_AGENT);
	}
	struct event e = hold_event(h, EVENT_MESSAGE_OUT, now);
	e.message = m->id;
	own->told = change_event(ch, &e, &h->c, m);
	if (!is_note) tell_moves(h, ch, now);
	own->out = (struct outbox_row){0};
	if (m->delivery == DELIVERY_QUEUED) {
		own->out = (struct outbox_row){.message = m->id,
					       .inbox = m->inbox,
					       .thread = m->thread,
					       .conversation = m->conversation,
					       .next_at = now,
					       .expires_at = now + h->p->outbox_life_ms};
		unit_add_outbox(u, &own->out);
	}
	change_commit(ch, on_committed, h);
}

// ---- checks ---------------------------------------------------------------------------------------------------------

static int find_file(void *arg, uint64_t id, struct part_file *f_r)
{
	struct hold *h = arg;
	struct replying *own = h->own;
	struct str owner = arena_printf(h->arena, "user:%llu", (unsigned long long)h->act.user);
	for (size_t i = 0; i < own->n_files; i++) {
		const struct file_row *f = &own->files[i];
		if (f->id != id || f->message || !str_eq(f->owner, owner)) continue;
		*f_r = (struct part_file){.id = id, .name = f->name, .mime = f->mime, .bytes = f->bytes};
		return 0;
	}
	return E_MISSING;
}

static int check_fit(struct hold *h, struct err *e)
{
	struct replying *own = h->own;
	const struct inbox_record *in = directory_inbox(h->p->directory, own->inbox);
	const struct json *parts = NULL;
	if (!in || !h->p->channels || json_parse(h->arena, own->m.parts, &JSON_OURS, &parts, e)) return 0;
	return fit_check(channels_manifest(h->p->channels, in->channel), parts, e);
}

static bool make_message(struct hold *h)
{
	struct replying *own = h->own;
	bool is_note = own->r.audience == AUDIENCE_INTERNAL;
	struct err e = {0};
	struct message *m = &own->m;
	*m = (struct message){.id = store_id(h->p->store),
			      .conversation = h->c.id,
			      .contact = h->c.contact,
			      .thread = is_note ? 0 : own->thread,
			      .inbox = is_note ? 0 : own->inbox,
			      .author = AUTHOR_AGENT,
			      .author_id = h->act.user,
			      .is_out = true,
			      .audience = own->r.audience,
			      .key = own->r.key,
			      .reply_to = own->r.reply_to,
			      .received_at = clock_now_ms(),
			      .delivery = is_note        ? DELIVERY_NONE
					  : own->is_live ? DELIVERY_ACCEPTED
							 : DELIVERY_QUEUED};
	if (!m->id) {
		hold_fail(h, E_BUSY, "the database is away; nothing was sent");
		return false;
	}
	if (message_is_blank(own->parts)) {
		hold_fail(h, E_INVALID, "parts: there is nothing to see in it");
		return false;
	}
	int r = message_parts(h->arena, own->parts, find_file, h, &m->parts, &e);
	if (!r && !is_note) r = check_fit(h, &e);
	if (r == E_MISSING)
		hold_fail(h, E_INVALID, "parts: a file that is not yours or was sent already");
	else if (r)
		hold_end(h, r, 0, &e);
	return !r;
}

static void on_thread(int status, const struct known_thread *t, void *arg)
{
	struct hold *h = arg;
	struct replying *own = h->own;
	if (status) {
		hold_fail(h, status, "the thread cannot be read");
		return;
	}
	own->external = arena_str(h->arena, t->external);
	if (make_message(h)) commit(h);
}

static void check_and_go(struct hold *h)
{
	struct replying *own = h->own;
	const struct inbox_record *in = directory_inbox(h->p->directory, own->inbox);
	if (own->r.audience == AUDIENCE_INTERNAL) {
		if (make_message(h)) commit(h);
		return;
	}
	if (h->c.state == CONVERSATION_CLOSED)
		hold_fail(h, E_CONFLICT, "this conversation is closed; reopen it first");
	else if (!in || in->is_archived)
		hold_fail(h, E_INVALID, "its inbox is archived: nothing can be sent there");
	else {
		own->is_live = live_is_live(h->p, own->inbox);
		known_thread(h->p, own->thread, on_thread, h);
	}
}

static void on_files(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct hold *h = arg;
	struct replying *own = h->own;
	if (status) {
		hold_fail(h, status, "the files cannot be read");
		return;
	}
	own->files = arena_array(h->arena, struct file_row, rows->n_rows + 1);
	own->n_files = rows->n_rows;
	for (size_t i = 0; i < rows->n_rows; i++) {
		struct file_row *f = &own->files[i];
		file_of_row(rows, i, f);
		f->name = arena_str(h->arena, f->name);
		f->mime = arena_str(h->arena, f->mime);
		f->owner = arena_str(h->arena, f->owner);
	}
	check_and_go(h);
}

static void read_files(struct hold *h)
{
	struct replying *own = h->own;
	uint64_t ids[MESSAGE_PARTS];
	size_t n = message_part_files(own->parts, ids, MESSAGE_PARTS);
	own->n_files = 0;
	if (n > MESSAGE_PARTS) n = MESSAGE_PARTS; // more are refused later
	if (n)
		store_read(h->p->store, STMT_FILES, (struct db_value[]){DB_INTS(ids, n)}, on_files, h);
	else
		check_and_go(h);
}

static void on_reply_to(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct hold *h = arg;
	struct message m = {0};
	if (!status && rows->n_rows) message_of_row(rows, 0, 0, &m);
	if (status)
		hold_fail(h, status, "the message that it answers cannot be read");
	else if (m.conversation != h->c.id)
		hold_fail(h, E_INVALID, "reply_to: there is no such message in this conversation");
	else {
		struct replying *own = h->own;
		if (m.thread && m.inbox) {
			own->thread = m.thread;
			own->inbox = m.inbox;
		}
		read_files(h);
	}
}

static void decide_reply(struct hold *h)
{
	struct replying *own = h->own;
	own->thread = h->c.thread;
	own->inbox = h->c.inbox;
	if (!message_key_is_valid(own->r.key))
		hold_fail(h, E_INVALID, "key: 8 to 64 of A-Z, a-z, 0-9, _ and - are wanted");
	else if (own->is_repeated)
		answer_with_old(h);
	else if (own->r.reply_to)
		store_read(h->p->store, STMT_MESSAGE, (struct db_value[]){DB_INT(own->r.reply_to)}, on_reply_to, h);
	else
		read_files(h);
}

void act_reply(struct pipeline *p, const struct act_reply *r, act_cb cb, void *arg)
{
	struct hold *h = hold_new(p, &r->act, cb, arg);
	struct replying *own = arena_new_of(h->arena, struct replying);
	own->r = *r;
	own->r.key = r->key.p ? arena_str(h->arena, r->key) : STR_NONE;
	own->parts = json_copy(h->arena, r->parts);
	h->act.version = 0;
	h->own = own;
	hold_take(h, decide_reply);
}

// ---- again ----------------------------------------------------------------------------------------------------------

struct resending {
	uint64_t message;
	struct message m;
	struct outbox_row out;
};

static void on_resent(const struct change_result *r, void *arg)
{
	struct hold *h = arg;
	struct resending *own = h->own;
	if (r->status == E_CONFLICT) {
		hold_again(h);
		return;
	}
	if (!r->status) {
		outbox_add(h->p, &own->out);
		h->message = &own->m;
	}
	hold_end(h, r->status, r->first_seq, r->why);
}

static void on_message(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct hold *h = arg;
	struct resending *own = h->own;
	struct message *m = &own->m;
	if (!status && rows->n_rows) message_of_row(rows, 0, 0, m);
	if (status || m->conversation != h->c.id) {
		hold_fail(h, status ? status : E_MISSING, "there is no such message");
		return;
	}
	m->parts = arena_str(h->arena, m->parts);
	m->key = m->key.p ? arena_str(h->arena, m->key) : STR_NONE;
	m->provider_id = m->error = STR_NONE;
	enum delivery was = m->delivery;
	bool is_over = m->delivery == DELIVERY_FAILED || m->delivery == DELIVERY_UNKNOWN;
	if (!is_over || !delivery_move(&m->delivery, DELIVERY_QUEUED)) {
		hold_fail(h, E_CONFLICT,
			  "only a message that failed, or of which nobody knows, goes out again; this one is %s",
			  delivery_name(m->delivery));
		return;
	}
	int64_t now = clock_now_ms();
	struct change *ch = change_new(h->p, h->arena, "resend");
	own->out = (struct outbox_row){.message = m->id,
				       .inbox = m->inbox,
				       .thread = m->thread,
				       .conversation = m->conversation,
				       .next_at = now,
				       .expires_at = now + h->p->outbox_life_ms};
	unit_add_outbox(change_unit(ch), &own->out);
	unit_save_delivery(change_unit(ch), m, was, STR_NONE);
	struct event e = hold_event(h, EVENT_RECEIPT_QUEUED, now);
	e.message = m->id;
	e.to = m->delivery;
	change_event(ch, &e, &h->c, m);
	change_commit(ch, on_resent, h);
}

static void decide_resend(struct hold *h)
{
	struct resending *own = h->own;
	store_read(h->p->store, STMT_MESSAGE, (struct db_value[]){DB_INT(own->message)}, on_message, h);
}

static void on_where(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct hold *h = arg;
	struct message m = {0};
	if (!status && rows->n_rows) message_of_row(rows, 0, 0, &m);
	if (!m.id) {
		hold_fail(h, status ? status : E_MISSING, "%s",
			  status ? "the message cannot be read" : "there is no such message");
		return;
	}
	h->act.conversation = m.conversation;
	hold_take(h, decide_resend);
}

void act_resend(struct pipeline *p, const struct act *a, uint64_t message, act_cb cb, void *arg)
{
	struct hold *h = hold_new(p, a, cb, arg);
	struct resending *own = arena_new_of(h->arena, struct resending);
	own->message = message;
	h->own = own;
	if (a->conversation)
		hold_take(h, decide_resend);
	else
		store_read(p->store, STMT_MESSAGE, (struct db_value[]){DB_INT(message)}, on_where, h);
}
