// SPDX-License-Identifier: Apache-2.0
// Between the domain's objects and their rows. unit_add_… return the row's index in the unit; …_of_row read the columns
// from `col` on (the …_COLUMNS of sql_read.h); their strings live as long as the rows.
#pragma once
#include "domain/contact.h"
#include "domain/conversation.h"
#include "domain/event.h"
#include "domain/message.h"
#include "records/statements.h"

// What `seen` keys are about.
enum seen_kind { SEEN_MESSAGE = 1, SEEN_RECEIPT = 2, SEEN_REPLY = 3, SEEN_EDIT = 4, SEEN_DELETE = 5, SEEN_PARKED = 6 };

uint16_t unit_add_seen(struct unit *u, uint64_t inbox, enum seen_kind kind, struct str key, int64_t at, uint64_t ref);
uint16_t unit_add_event(struct unit *u, const struct event *e);

uint16_t unit_add_contact(struct unit *u, const struct contact *c);
uint16_t unit_rename_contact(struct unit *u, uint64_t contact, struct str name);
uint16_t unit_add_identity(struct unit *u, const struct identity *i);
void contact_of_row(const struct db_rows *r, size_t row, struct contact *c_r);
void identity_of_row(const struct db_rows *r, size_t row, struct identity *i_r);

struct thread {
	uint64_t id, inbox, contact, identity, conversation; // conversation: the one it speaks in now
	struct str external;
	int64_t created_at;
};
uint16_t unit_add_thread(struct unit *u, const struct thread *t);
// Guarded by `was`, the conversation that it spoke in before (0: none).
uint16_t unit_thread_speaks(struct unit *u, uint64_t thread, uint64_t conversation, uint64_t was);

#define CONVERSATION_COLS 22 // the contact's name stands in the column behind them
uint16_t unit_add_conversation(struct unit *u, const struct conversation *c);
// Guarded by c->version, the one it was read with; the caller's copy becomes version + 1 when it is committed. Whose it
// is (contact, brand, previous, number) stays.
uint16_t unit_save_conversation(struct unit *u, const struct conversation *c);
// The same for one that only grew: its times, counts, preview and where it last spoke. Touches fewer pages.
uint16_t unit_grow_conversation(struct unit *u, const struct conversation *c);
void conversation_of_row(const struct db_rows *r, size_t row, size_t col, struct conversation *c_r);

enum participant_kind { PARTICIPANT_IDENTITY = 1, PARTICIPANT_USER = 2 };
enum participant_role { PARTICIPANT_CUSTOMER = 1, PARTICIPANT_AGENT = 2 };
uint16_t unit_add_participant(struct unit *u, uint64_t conversation, enum participant_kind kind, uint64_t who,
			      enum participant_role role, int64_t at);

#define MESSAGE_COLS 18
#define EVENT_COLS 12
uint16_t unit_add_message(struct unit *u, const struct message *m);
// m->delivery and m->error, guarded by `was`, the delivery that it was read with. provider_id STR_NONE leaves the one
// that stands.
uint16_t unit_save_delivery(struct unit *u, const struct message *m, enum delivery was, struct str provider_id);
void message_of_row(const struct db_rows *r, size_t row, size_t col, struct message *m_r);
void event_of_row(const struct db_rows *r, size_t row, size_t col, struct event *e_r);

struct outbox_row {
	uint64_t message, inbox, thread, conversation;
	bool is_taken;
	int attempt;
	int64_t next_at, expires_at, epoch;
	struct str resume; // JSON or STR_NONE
	bool is_in_doubt;  // an attempt that nobody knows the end of came before
};
// Guarded: a message stands there once.
uint16_t unit_add_outbox(struct unit *u, const struct outbox_row *o);
uint16_t unit_take_outbox(struct unit *u, uint64_t message, int attempt, int64_t epoch);
uint16_t unit_back_outbox(struct unit *u, const struct outbox_row *o);
uint16_t unit_end_outbox(struct unit *u, uint64_t message);
void outbox_of_row(const struct db_rows *r, size_t row, struct outbox_row *o_r);

struct file_row {
	uint64_t id;
	struct str blob, name, mime, owner;
	int64_t bytes, created_at, expires_at;
	uint64_t inbox, message, conversation, thread;
	enum audience audience;
};
uint16_t unit_add_file(struct unit *u, const struct file_row *f);
// The file now stands in this message; guarded: in no other before.
uint16_t unit_use_file(struct unit *u, uint64_t file, const struct message *m);
void file_of_row(const struct db_rows *r, size_t row, struct file_row *f_r);
