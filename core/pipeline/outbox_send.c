// SPDX-License-Identifier: Apache-2.0
// One attempt to send: read the message, commit the lease, hand it to the channel, commit how it ended.
#include "outbox_send.h"
#include "base/clock.h"
#include "base/log.h"
#include <string.h>

#define DEADLINE_MS 30000
#define STORE_AWAY_MS 1000    // the store refused: look again
#define INBOX_BROKEN_MS 60000 // the account refuses: a person must act; until then look now and then

static void commit_end(struct send *s);

static void commit_again(void *arg) { commit_end(arg); }

struct send *send_new(struct pipeline *p, const struct outbox_row *row, struct recipient *r)
{
	struct send *s = mem_new(struct send);
	s->p = p;
	s->recipient = r;
	s->row = *row;
	s->resume = row->resume.p ? mem_strndup(row->resume.p, row->resume.n) : NULL;
	s->row.resume = str_of(s->resume);
	loop_timer_init(&s->again, p->loop, "outbox end", commit_again, s);
	return s;
}

void send_clean(struct send *s)
{
	arena_free(&s->arena);
	s->error = s->provider_id = STR_NONE;
}

void send_free(struct send *s)
{
	send_clean(s);
	loop_timer_clear(&s->again);
	mem_free(s->resume);
	mem_free(s);
}

static void finish(struct send *s, enum send_end end)
{
	struct pipeline *p = s->p;
	s->end = end;
	if (s->turn.turns) turn_end(&s->turn); // only an accepted one held its id
	s->done(s);
	pipeline_leave(p);
}

static void later(struct send *s, int64_t wait_ms)
{
	s->row.next_at = clock_now_ms() + wait_ms;
	finish(s, SEND_LATER);
}

static void set_resume(struct send *s, const struct json *resume)
{
	struct buf b = {0};
	if (resume) json_write(&b, resume);
	mem_free(s->resume);
	s->resume = resume ? buf_take(&b) : NULL;
	s->row.resume = str_of(s->resume);
	buf_fini(&b);
}

// ---- the end -------------------------------------------------------------------------------------------------------------------


static enum event_kind kind_of(enum delivery d)
{
	static const enum event_kind KINDS[] = {[DELIVERY_ACCEPTED] = EVENT_RECEIPT_SENT,  [DELIVERY_DELIVERED] = EVENT_RECEIPT_DELIVERED,
						[DELIVERY_READ] = EVENT_RECEIPT_READ,	   [DELIVERY_FAILED] = EVENT_RECEIPT_FAILED,
						[DELIVERY_UNKNOWN] = EVENT_RECEIPT_UNKNOWN};
	return KINDS[d];
}

static void on_ended(const struct change_result *r, void *arg)
{
	struct send *s = arg;
	struct pipeline_stats *st = &s->p->stats;
	if (r->status == E_BUSY) { // what happened outside must be kept
		loop_timer_set(&s->again, STORE_AWAY_MS);
		return;
	}
	if (r->status) {
		log_error("outbox", "message %llu: its end could not be kept: %s", (unsigned long long)s->row.message, err_name(r->status));
		s->row.is_taken = true; // as after a crash: unknown
		later(s, STORE_AWAY_MS);
		return;
	}
	if (s->delivery == DELIVERY_FAILED) st->outbox_failed++;
	else if (s->delivery == DELIVERY_UNKNOWN) st->outbox_unknown++;
	else st->outbox_sent++;
	finish(s, SEND_OVER);
}

static void commit_end(struct send *s)
{
	struct message *m = &s->m;
	struct change *ch = change_new(s->p, s->arena, "outbox end");
	struct unit *u = change_unit(ch);
	unit_end_outbox(u, m->id);
	unit_save_delivery(u, m->id, s->delivery, s->error, s->provider_id);
	if (s->provider_id.p) unit_add(u, STMT_RECEIPT_DROP, (struct db_value[]){DB_INT(m->inbox), DB_TEXT(s->provider_id)});
	m->delivery = s->delivery;
	m->error = s->error;
	struct event e = {.at_ms = clock_now_ms(), .kind = kind_of(s->delivery), .actor = {ACTOR_PLUGIN, m->inbox},
			  .conversation = m->conversation, .contact = m->contact, .message = m->id, .to = s->delivery,
			  .inbox = m->inbox, .thread = m->thread};
	struct conversation *c = arena_new_of(s->arena, struct conversation);
	struct str name;
	bool is_known = known_get_conversation(s->p->known, m->conversation, s->arena, c, &name);
	change_event(ch, &e, is_known ? c : NULL, m);
	change_commit(ch, on_ended, s);
}

// Receipts that came before the provider's answer: they move what we are about to write.
static void on_held(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct send *s = arg;
	for (size_t i = 0; !status && i < rows->n_rows; i++) {
		enum delivery to = (enum delivery)db_int(rows, i, 0);
		if (!delivery_move(&s->delivery, to) || to != DELIVERY_FAILED) continue;
		struct str error = db_str(rows, i, 2);
		s->error = error.p ? arena_str(s->arena, error) : STR_NONE;
	}
	commit_end(s);
}

// Holds the provider's id, so that a receipt of it is either held before us or comes after.
static void on_provider_turn(void *arg)
{
	struct send *s = arg;
	store_read(s->p->store, STMT_RECEIPTS_HELD, (struct db_value[]){DB_INT(s->m.inbox), DB_TEXT(s->provider_id)}, on_held, s);
}

static void end_as(struct send *s, enum delivery d, struct str error)
{
	s->delivery = d;
	s->error = error.n ? arena_str(s->arena, utf8_cut(error, 500)) : STR_NONE;
	if (d != DELIVERY_ACCEPTED || !s->provider_id.n) {
		commit_end(s);
		return;
	}
	uint64_t key = turn_key_str('p', s->m.inbox, s->provider_id);
	turn_take(s->p->turns, &s->turn, &key, 1, on_provider_turn, s);
}

static void on_back(const struct unit_result *r, void *arg)
{
	struct send *s = arg;
	if (r->status) s->row.is_taken = true; // the row still says taken
	finish(s, SEND_LATER);
}

static void back(struct send *s, int64_t wait_ms, bool burns)
{
	if (!burns && s->row.attempt) s->row.attempt--;
	s->row.is_taken = false;
	s->row.next_at = clock_now_ms() + wait_ms;
	struct unit *u = unit_new(s->p->store);
	unit_name(u, "outbox back-off");
	unit_back_outbox(u, &s->row);
	store_submit(s->p->store, u, on_back, s);
}

static bool is_idempotent(struct send *s)
{
	const struct inbox_record *in = directory_inbox(s->p->directory, s->row.inbox);
	const struct json *manifest = in ? channels_manifest(s->p->channels, in->channel) : NULL;
	return str_is(json_string_of(manifest, "send"), "idempotent");
}

// ---- the dispatch --------------------------------------------------------------------------------------------------------------

static void on_failed(struct send *s, const struct channel_sent *r)
{
	switch (r->class_) {
	case CHANNEL_TRANSIENT:
		if (outbox_is_last(s->row.attempt)) end_as(s, DELIVERY_FAILED, r->text);
		else back(s, outbox_back_off(s->row.attempt), true);
		return;
	case CHANNEL_THROTTLED:
		back(s, r->retry_after_ms > 0 ? r->retry_after_ms : outbox_back_off(s->row.attempt), false);
		return;
	case CHANNEL_PROVIDER_DOWN:
		back(s, outbox_back_off(s->row.attempt), false);
		return;
	case CHANNEL_AUTH:
	case CHANNEL_CONFIG:
	case CHANNEL_QUOTA:
		log_warn("outbox", "inbox %llu refuses to send: %.*s", (unsigned long long)s->row.inbox, STR_ARG(r->text));
		back(s, INBOX_BROKEN_MS, false);
		return;
	default:
		end_as(s, DELIVERY_FAILED, r->text.n ? r->text : STR("the channel refused it"));
	}
}

static void on_dispatched(const struct channel_sent *r, void *arg)
{
	struct send *s = arg;
	if (r->outcome == CHANNEL_ACCEPTED) {
		struct str id = json_string(json_at(r->external_ids, 0));
		s->provider_id = id.n ? arena_str(s->arena, id) : STR_NONE;
		end_as(s, DELIVERY_ACCEPTED, STR_NONE);
		return;
	}
	if (r->resume) set_resume(s, r->resume);
	if (r->outcome == CHANNEL_FAILED) on_failed(s, r);
	else if (is_idempotent(s) && !outbox_is_last(s->row.attempt)) back(s, outbox_back_off(s->row.attempt), true);
	else end_as(s, DELIVERY_UNKNOWN, r->text.n ? r->text : STR("the provider gave no answer; it may have arrived"));
}

static void dispatch(struct send *s, const struct known_thread *t)
{
	struct err e = {0};
	const struct json *parts = NULL, *resume = NULL;
	if (json_parse(s->arena, s->m.parts, &JSON_OURS, &parts, &e)) {
		end_as(s, DELIVERY_FAILED, STR("its parts cannot be read"));
		return;
	}
	if (s->row.resume.n && json_parse(s->arena, s->row.resume, &JSON_OURS, &resume, &e)) resume = NULL;
	struct channel_send call = {.inbox = s->row.inbox,
				    .message = s->m.id,
				    .attempt = s->row.attempt,
				    .deadline_ms = DEADLINE_MS,
				    .doc = send_document(s->p, s->arena, &s->m, t, parts),
				    .resume = resume};
	channels_send(s->p->channels, &call, on_dispatched, s);
}

static void on_thread(int status, const struct known_thread *t, void *arg)
{
	struct send *s = arg;
	if (status == E_MISSING) end_as(s, DELIVERY_FAILED, STR("its thread is gone"));
	else if (status) back(s, STORE_AWAY_MS, false);
	else dispatch(s, t);
}

static void on_taken(const struct unit_result *r, void *arg)
{
	struct send *s = arg;
	if (r->status == E_CONFLICT) { // another node has it, or it is gone
		finish(s, SEND_OVER);
		return;
	}
	if (r->status) {
		later(s, STORE_AWAY_MS);
		return;
	}
	s->row.attempt++;
	s->row.is_taken = true;
	known_thread(s->p, s->row.thread, on_thread, s);
}

static void take(struct send *s)
{
	struct unit *u = unit_new(s->p->store);
	unit_name(u, "outbox lease");
	unit_take_outbox(u, s->row.message, s->row.attempt, 1);
	store_submit(s->p->store, u, on_taken, s);
}

static void on_message(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct send *s = arg;
	struct message *m = &s->m;
	if (status) {
		later(s, STORE_AWAY_MS);
		return;
	}
	if (!rows->n_rows) {
		finish(s, SEND_OVER);
		return;
	}
	message_of_row(rows, 0, 0, m);
	m->parts = arena_str(s->arena, m->parts);
	m->key = m->key.p ? arena_str(s->arena, m->key) : STR_NONE;
	m->provider_id = m->error = STR_NONE;
	if (s->row.is_taken) { // an earlier run handed it over, and was gone before the answer
		if (!is_idempotent(s)) end_as(s, DELIVERY_UNKNOWN, STR("the server stopped while it was being sent; it may have arrived"));
		else back(s, 0, false);
	} else if (clock_now_ms() >= s->row.expires_at) {
		end_as(s, DELIVERY_FAILED, STR("it could not be delivered in time"));
	} else {
		take(s);
	}
}

void send_start(struct send *s, void (*done)(struct send *s))
{
	s->done = done;
	s->arena = arena_new(0);
	pipeline_enter(s->p);
	store_read(s->p->store, STMT_MESSAGE, (struct db_value[]){DB_INT(s->row.message)}, on_message, s);
}
