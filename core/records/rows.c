// SPDX-License-Identifier: Apache-2.0
// Rows of contacts, conversations, messages and what belongs to them.
#include "records/rows.h"
#include <string.h>

uint16_t unit_add_seen(struct unit *u, uint64_t inbox, enum seen_kind kind, struct str key, int64_t at, uint64_t ref)
{
	return unit_add(
		u, STMT_SEEN_ADD,
		(struct db_value[]){DB_INT(inbox), DB_INT(kind), DB_TEXT(key), DB_INT(at), DB_INT_OR_NULL(ref)});
}

uint16_t unit_add_event(struct unit *u, const struct event *e)
{
	return unit_add(u, STMT_EVENT_ADD,
			(struct db_value[]){DB_INT(e->at_ms), DB_INT(e->kind), DB_INT(e->actor.kind),
					    DB_INT_OR_NULL(e->actor.id), DB_INT_OR_NULL(e->conversation),
					    DB_INT_OR_NULL(e->contact), DB_INT_OR_NULL(e->message),
					    DB_INT_OR_NULL(e->from), DB_INT_OR_NULL(e->to), DB_INT_OR_NULL(e->inbox),
					    DB_INT_OR_NULL(e->thread)});
}

uint16_t unit_add_contact(struct unit *u, const struct contact *c)
{
	return unit_add(
		u, STMT_CONTACT_ADD,
		(struct db_value[]){DB_INT(c->id), DB_TEXT(c->name), DB_TEXT(c->language), DB_INT(c->created_at)});
}

uint16_t unit_rename_contact(struct unit *u, uint64_t contact, struct str name)
{
	return unit_add(u, STMT_CONTACT_RENAME, (struct db_value[]){DB_INT(contact), DB_TEXT(name)});
}

uint16_t unit_add_identity(struct unit *u, const struct identity *i)
{
	return unit_add(u, STMT_IDENTITY_ADD,
			(struct db_value[]){DB_INT(i->id), DB_TEXT(i->kind), DB_TEXT(i->scope), DB_TEXT(i->address),
					    DB_INT(i->contact), DB_TEXT(i->name), DB_INT(i->proof),
					    DB_INT(i->is_shared), DB_INT(i->created_at)});
}

void contact_of_row(const struct db_rows *r, size_t row, struct contact *c_r)
{
	*c_r = (struct contact){.id = (uint64_t)db_int(r, row, 0),
				.name = db_str(r, row, 1),
				.language = db_str(r, row, 2),
				.created_at = db_int(r, row, 3),
				.version = db_int(r, row, 4)};
}

void identity_of_row(const struct db_rows *r, size_t row, struct identity *i_r)
{
	*i_r = (struct identity){.id = (uint64_t)db_int(r, row, 0),
				 .kind = db_str(r, row, 1),
				 .scope = db_str(r, row, 2),
				 .address = db_str(r, row, 3),
				 .contact = (uint64_t)db_int(r, row, 4),
				 .name = db_str(r, row, 5),
				 .proof = (enum proof)db_int(r, row, 6),
				 .is_shared = db_int(r, row, 7) != 0,
				 .created_at = db_int(r, row, 8)};
}

uint16_t unit_add_thread(struct unit *u, const struct thread *t)
{
	return unit_add(u, STMT_THREAD_ADD,
			(struct db_value[]){DB_INT(t->id), DB_INT(t->inbox), DB_TEXT(t->external), DB_INT(0),
					    DB_INT(t->contact), DB_INT(t->identity), DB_INT(t->created_at),
					    DB_INT_OR_NULL(t->conversation)});
}

uint16_t unit_thread_speaks(struct unit *u, uint64_t thread, uint64_t conversation, uint64_t was)
{
	return unit_add(u, STMT_THREAD_SPEAKS,
			(struct db_value[]){DB_INT(thread), DB_INT(conversation), DB_INT_OR_NULL(was)});
}

uint16_t unit_add_conversation(struct unit *u, const struct conversation *c)
{
	return unit_add(u, STMT_CONVERSATION_ADD,
			(struct db_value[]){DB_INT(c->id),
					    DB_INT(c->number),
					    DB_INT(c->contact),
					    DB_INT(c->brand),
					    DB_INT(c->inbox),
					    DB_INT(c->thread),
					    DB_INT(c->state),
					    DB_INT(c->handler),
					    DB_INT_OR_NULL(c->queue),
					    DB_INT_OR_NULL(c->assignee),
					    DB_INT_OR_NULL(c->restricted),
					    DB_INT(c->n_messages),
					    DB_INT(c->created_at),
					    DB_INT(c->last_at),
					    DB_INT_OR_NULL(c->last_in_at),
					    DB_INT_OR_NULL(c->last_out_at),
					    DB_INT_OR_NULL(c->resolved_at),
					    DB_INT_OR_NULL(c->previous),
					    DB_TEXT(str_of(c->preview)),
					    DB_INT(c->preview_by)});
}

uint16_t unit_save_conversation(struct unit *u, const struct conversation *c)
{
	return unit_add(u, STMT_CONVERSATION_SAVE,
			(struct db_value[]){DB_INT(c->id), DB_INT(c->version), DB_INT(c->inbox), DB_INT(c->thread),
					    DB_INT(c->state), DB_INT(c->handler), DB_INT_OR_NULL(c->queue),
					    DB_INT_OR_NULL(c->assignee), DB_INT_OR_NULL(c->restricted),
					    DB_INT(c->n_messages), DB_INT(c->last_at), DB_INT_OR_NULL(c->last_in_at),
					    DB_INT_OR_NULL(c->last_out_at), DB_INT_OR_NULL(c->resolved_at),
					    DB_INT(c->rules_seq), DB_TEXT(str_of(c->preview)), DB_INT(c->preview_by)});
}

uint16_t unit_grow_conversation(struct unit *u, const struct conversation *c)
{
	return unit_add(u, STMT_CONVERSATION_GROW,
			(struct db_value[]){DB_INT(c->id), DB_INT(c->version), DB_INT(c->inbox), DB_INT(c->thread),
					    DB_INT(c->n_messages), DB_INT(c->last_at), DB_INT_OR_NULL(c->last_in_at),
					    DB_INT_OR_NULL(c->last_out_at), DB_TEXT(str_of(c->preview)),
					    DB_INT(c->preview_by)});
}

void conversation_of_row(const struct db_rows *r, size_t row, size_t col, struct conversation *c_r)
{
	size_t k = col;
	memset(c_r, 0, sizeof *c_r);
	c_r->id = (uint64_t)db_int(r, row, k++);
	c_r->number = db_int(r, row, k++);
	c_r->contact = (uint64_t)db_int(r, row, k++);
	c_r->brand = (uint64_t)db_int(r, row, k++);
	c_r->inbox = (uint64_t)db_int(r, row, k++);
	c_r->thread = (uint64_t)db_int(r, row, k++);
	c_r->state = (enum conversation_state)db_int(r, row, k++);
	c_r->handler = (enum handler)db_int(r, row, k++);
	c_r->queue = (uint64_t)db_int(r, row, k++);
	c_r->assignee = (uint64_t)db_int(r, row, k++);
	c_r->restricted = (uint64_t)db_int(r, row, k++);
	c_r->version = db_int(r, row, k++);
	c_r->n_messages = db_int(r, row, k++);
	c_r->created_at = db_int(r, row, k++);
	c_r->last_at = db_int(r, row, k++);
	c_r->last_in_at = db_int(r, row, k++);
	c_r->last_out_at = db_int(r, row, k++);
	c_r->resolved_at = db_int(r, row, k++);
	c_r->previous = (uint64_t)db_int(r, row, k++);
	c_r->rules_seq = db_int(r, row, k++);
	struct str preview = utf8_cut(db_str(r, row, k++), CONVERSATION_PREVIEW);
	if (preview.n) memcpy(c_r->preview, preview.p, preview.n);
	c_r->preview_by = (uint8_t)db_int(r, row, k);
}

uint16_t unit_add_participant(struct unit *u, uint64_t conversation, enum participant_kind kind, uint64_t who,
			      enum participant_role role, int64_t at)
{
	return unit_add(u, STMT_PARTICIPANT_ADD,
			(struct db_value[]){DB_INT(conversation), DB_INT(kind), DB_INT(who), DB_INT(role), DB_INT(at)});
}

uint16_t unit_add_message(struct unit *u, const struct message *m)
{
	return unit_add(u, STMT_MESSAGE_ADD,
			(struct db_value[]){
				DB_INT(m->id), DB_INT(m->conversation), DB_INT(m->contact), DB_INT_OR_NULL(m->thread),
				DB_INT_OR_NULL(m->inbox), DB_INT(m->author), DB_INT_OR_NULL(m->author_id),
				DB_INT(m->is_out), DB_INT(m->origin), DB_INT(m->audience), DB_TEXT(m->provider_id),
				DB_TEXT(m->key), DB_INT_OR_NULL(m->reply_to), DB_INT_OR_NULL(m->sent_at),
				DB_INT(m->received_at), DB_TEXT(m->parts), DB_INT(m->delivery), DB_TEXT(m->error)});
}

uint16_t unit_save_delivery(struct unit *u, const struct message *m, enum delivery was, struct str provider_id)
{
	return unit_add(u, STMT_MESSAGE_DELIVERY,
			(struct db_value[]){DB_INT(m->id), DB_INT(was), DB_INT(m->delivery), DB_TEXT(m->error),
					    DB_TEXT(provider_id)});
}

void message_of_row(const struct db_rows *r, size_t row, size_t col, struct message *m_r)
{
	size_t k = col;
	memset(m_r, 0, sizeof *m_r);
	m_r->id = (uint64_t)db_int(r, row, k++);
	m_r->conversation = (uint64_t)db_int(r, row, k++);
	m_r->contact = (uint64_t)db_int(r, row, k++);
	m_r->thread = (uint64_t)db_int(r, row, k++);
	m_r->inbox = (uint64_t)db_int(r, row, k++);
	m_r->author = (enum author_kind)db_int(r, row, k++);
	m_r->author_id = (uint64_t)db_int(r, row, k++);
	m_r->is_out = db_int(r, row, k++) != 0;
	m_r->origin = (enum origin)db_int(r, row, k++);
	m_r->audience = (enum audience)db_int(r, row, k++);
	m_r->provider_id = db_str(r, row, k++);
	m_r->key = db_str(r, row, k++);
	m_r->reply_to = (uint64_t)db_int(r, row, k++);
	m_r->sent_at = db_int(r, row, k++);
	m_r->received_at = db_int(r, row, k++);
	m_r->parts = db_str(r, row, k++);
	m_r->delivery = (enum delivery)db_int(r, row, k++);
	m_r->error = db_str(r, row, k);
}

void event_of_row(const struct db_rows *r, size_t row, size_t col, struct event *e_r)
{
	size_t k = col;
	memset(e_r, 0, sizeof *e_r);
	e_r->seq = db_int(r, row, k++);
	e_r->at_ms = db_int(r, row, k++);
	e_r->kind = (enum event_kind)db_int(r, row, k++);
	e_r->actor.kind = (enum actor_kind)db_int(r, row, k++);
	e_r->actor.id = (uint64_t)db_int(r, row, k++);
	e_r->conversation = (uint64_t)db_int(r, row, k++);
	e_r->contact = (uint64_t)db_int(r, row, k++);
	e_r->message = (uint64_t)db_int(r, row, k++);
	e_r->from = db_int(r, row, k++);
	e_r->to = db_int(r, row, k++);
	e_r->inbox = (uint64_t)db_int(r, row, k++);
	e_r->thread = (uint64_t)db_int(r, row, k);
}

uint16_t unit_add_outbox(struct unit *u, const struct outbox_row *o)
{
	return unit_add(u, STMT_OUTBOX_ADD,
			(struct db_value[]){DB_INT(o->message), DB_INT(o->inbox), DB_INT(o->thread),
					    DB_INT(o->conversation), DB_INT(o->next_at), DB_INT(o->expires_at)});
}

uint16_t unit_take_outbox(struct unit *u, uint64_t message, int attempt, int64_t epoch)
{
	return unit_add(u, STMT_OUTBOX_TAKE, (struct db_value[]){DB_INT(message), DB_INT(attempt), DB_INT(epoch)});
}

uint16_t unit_back_outbox(struct unit *u, const struct outbox_row *o)
{
	return unit_add(u, STMT_OUTBOX_BACK,
			(struct db_value[]){DB_INT(o->message), DB_INT(o->next_at), DB_TEXT(o->resume),
					    DB_INT(o->attempt), DB_INT(o->is_in_doubt)});
}

uint16_t unit_end_outbox(struct unit *u, uint64_t message)
{
	return unit_add(u, STMT_OUTBOX_END, (struct db_value[]){DB_INT(message)});
}

void outbox_of_row(const struct db_rows *r, size_t row, struct outbox_row *o_r)
{
	*o_r = (struct outbox_row){.message = (uint64_t)db_int(r, row, 0),
				   .inbox = (uint64_t)db_int(r, row, 1),
				   .thread = (uint64_t)db_int(r, row, 2),
				   .conversation = (uint64_t)db_int(r, row, 3),
				   .is_taken = db_int(r, row, 4) != 0,
				   .attempt = (int)db_int(r, row, 5),
				   .next_at = db_int(r, row, 6),
				   .expires_at = db_int(r, row, 7),
				   .epoch = db_int(r, row, 8),
				   .resume = db_str(r, row, 9),
				   .is_in_doubt = db_int(r, row, 10) != 0};
}

uint16_t unit_add_file(struct unit *u, const struct file_row *f)
{
	return unit_add(u, STMT_FILE_ADD,
			(struct db_value[]){DB_INT(f->id), DB_TEXT(f->blob), DB_TEXT(f->name), DB_TEXT(f->mime),
					    DB_INT(f->bytes), DB_INT_OR_NULL(f->inbox), DB_TEXT(f->owner),
					    DB_INT(f->created_at), DB_INT_OR_NULL(f->expires_at)});
}

uint16_t unit_use_file(struct unit *u, uint64_t file, const struct message *m)
{
	return unit_add(u, STMT_FILE_USE,
			(struct db_value[]){DB_INT(file), DB_INT(m->id), DB_INT(m->conversation),
					    DB_INT_OR_NULL(m->thread), DB_INT(m->audience)});
}

void file_of_row(const struct db_rows *r, size_t row, struct file_row *f_r)
{
	*f_r = (struct file_row){.id = (uint64_t)db_int(r, row, 0),
				 .blob = db_str(r, row, 1),
				 .name = db_str(r, row, 2),
				 .mime = db_str(r, row, 3),
				 .bytes = db_int(r, row, 4),
				 .inbox = (uint64_t)db_int(r, row, 5),
				 .owner = db_str(r, row, 6),
				 .audience = (enum audience)db_int(r, row, 8),
				 .message = (uint64_t)db_int(r, row, 9),
				 .conversation = (uint64_t)db_int(r, row, 10),
				 .thread = (uint64_t)db_int(r, row, 11)};
}
