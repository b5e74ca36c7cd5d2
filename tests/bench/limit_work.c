// SPDX-License-Identifier: Apache-2.0
// The rows that ingest writes for messages of known contacts, of which every so many opens a conversation in a new
// thread.
#include "limit.h"
#include "spread.h"
#include "base/clock.h"
#include "domain/message.h"
#include "records/sql_read.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODE 1023 // ids of ours are not the server's
#define PLANNED_MAX 65536

static const char WORDS[] = "Good morning, my order has still not come and the page says it was delivered on Monday; ";

static uint64_t new_id(struct work *w)
{
	uint64_t id = id_next(&w->ids);
	if (!id) die("no ids left");
	return id;
}

static void read_places(struct work *w, struct limit_db *db, size_t max)
{
	char sql[1024];
	snprintf(sql, sizeof sql,
		 "SELECT t.id, t.contact, t.identity, " CONVERSATION_COLUMNS
		 " FROM thread t JOIN conversation c ON c.id = t.conversation"
		 " WHERE t.inbox = %llu AND t.external LIKE 'contact-%%' ORDER BY t.id LIMIT %zu",
		 (unsigned long long)w->inbox, max);
	struct db_rows rows = db->query(db, sql, "iii" CONVERSATION_RESULT);
	if (!rows.n_rows) die("inbox %llu has no contacts", (unsigned long long)w->inbox);
	w->n_places = rows.n_rows;
	w->places = calloc(rows.n_rows, sizeof *w->places);
	for (size_t i = 0; w->places && i < rows.n_rows; i++) {
		struct place *p = &w->places[i];
		p->thread = (uint64_t)db_int(&rows, i, 0);
		p->contact = (uint64_t)db_int(&rows, i, 1);
		p->identity = (uint64_t)db_int(&rows, i, 2);
		conversation_of_row(&rows, i, 3, &p->conversation);
	}
}

void work_open(struct work *w, struct limit_db *db, size_t max_places)
{
	int64_t now = clock_now_ms();
	id_maker_init(&w->ids, NODE, now, INT64_MAX);
	read_places(w, db, max_places);
	struct db_rows last = db->query(db, "SELECT coalesce(max(number), 0) FROM conversation", "i");
	w->number = db_int(&last, 0, 0);
	w->planned = calloc(PLANNED_MAX, sizeof *w->planned);
	if (!w->places || !w->planned) die("no memory");
	snprintf(w->run, sizeof w->run, "%llx", (unsigned long long)now);
	for (size_t i = 0; i < sizeof w->text - 1; i++)
		w->text[i] = WORDS[i % (sizeof WORDS - 1)];
}

static void add_event(const struct work *w, struct unit *u, enum event_kind kind, const struct conversation *c,
		      uint64_t message)
{
	bool is_ours = kind == EVENT_CONVERSATION_ASSIGNED;
	struct event e = {.at_ms = c->last_at,
			  .kind = kind,
			  .actor = {is_ours ? ACTOR_SYSTEM : ACTOR_CONTACT, is_ours ? 0 : c->contact},
			  .conversation = c->id,
			  .contact = c->contact,
			  .message = message,
			  .to = is_ours ? (int64_t)w->user : 0,
			  .inbox = c->inbox,
			  .thread = c->thread};
	unit_add_event(u, &e);
}

static uint64_t add_message(struct work *w, struct unit *u, struct conversation *c, int64_t now)
{
	struct str key = unit_text(u, "%s-%llu", w->run, (unsigned long long)w->n_messages++);
	struct message m = {
		.id = new_id(w),
		.conversation = c->id,
		.contact = c->contact,
		.thread = c->thread,
		.inbox = c->inbox,
		.author = AUTHOR_CONTACT,
		.author_id = c->contact,
		.provider_id = key,
		.key = key,
		.received_at = now,
		.parts = unit_text(u, "[{\"type\":\"text\",\"text\":\"%.*s\"}]", (int)w->text_bytes, w->text)};
	c->n_messages++;
	c->last_at = c->last_in_at = now;
	memcpy(c->preview, w->text, CONVERSATION_PREVIEW);
	unit_add_message(u, &m);
	unit_add_seen(u, w->inbox, SEEN_MESSAGE, key, now, m.id);
	return m.id;
}

static void add_to_known(struct work *w, struct unit *u, struct conversation *c, int64_t now)
{
	uint64_t message = add_message(w, u, c, now);
	add_event(w, u, EVENT_MESSAGE_IN, c, message);
	unit_grow_conversation(u, c);
	c->version++;
}

static void add_to_new(struct work *w, struct unit *u, const struct place *from, int64_t now)
{
	if (w->n_planned == PLANNED_MAX) die("too many conversations wait for a plan");
	struct conversation *c = &w->planned[(w->first_planned + w->n_planned++) % PLANNED_MAX];
	struct thread t = {.id = new_id(w),
			   .inbox = w->inbox,
			   .contact = from->contact,
			   .identity = from->identity,
			   .conversation = new_id(w),
			   .external = unit_text(u, "%s-%llu-t", w->run, (unsigned long long)w->n_messages),
			   .created_at = now};
	*c = (struct conversation){.id = t.conversation,
				   .number = ++w->number,
				   .contact = from->contact,
				   .brand = from->conversation.brand,
				   .inbox = w->inbox,
				   .thread = t.id,
				   .queue = from->conversation.queue,
				   .version = 1,
				   .created_at = now};
	unit_add_thread(u, &t);
	unit_add_participant(u, c->id, PARTICIPANT_IDENTITY, from->identity, PARTICIPANT_CUSTOMER, now);
	uint64_t message = add_message(w, u, c, now);
	add_event(w, u, EVENT_CONVERSATION_CREATED, c, 0);
	add_event(w, u, EVENT_MESSAGE_IN, c, message);
	add_event(w, u, EVENT_CONVERSATION_NEEDS_PLAN, c, 0);
	unit_add_conversation(u, c);
}

static void add_plan(struct work *w, struct unit *u, struct conversation *c, int64_t now)
{
	conversation_assign(c, w->user);
	unit_save_conversation(u, c);
	unit_add_participant(u, c->id, PARTICIPANT_USER, w->user, PARTICIPANT_AGENT, now);
	add_event(w, u, EVENT_CONVERSATION_ASSIGNED, c, 0);
}

// Contacts write in turn, so that none of them has two rows in one batch.
size_t work_fill(struct work *w, struct unit *u, size_t n)
{
	int64_t now = clock_now_ms();
	size_t n_messages = 0;
	for (; n && w->n_ready; n--, w->n_ready--) {
		add_plan(w, u, &w->planned[w->first_planned], now);
		w->first_planned = (w->first_planned + 1) % PLANNED_MAX;
		w->n_planned--;
	}
	for (; n; n--, n_messages++) {
		struct place *p = &w->places[spread(w->n_messages, w->n_places)];
		bool opens = w->open_every && w->n_messages % w->open_every == w->open_every - 1;
		if (opens)
			add_to_new(w, u, p, now);
		else
			add_to_known(w, u, &p->conversation, now);
	}
	return n_messages;
}

void work_committed(struct work *w, int64_t last_seq)
{
	for (; w->n_ready < w->n_planned; w->n_ready++)
		w->planned[(w->first_planned + w->n_ready) % PLANNED_MAX].rules_seq = last_seq;
}
