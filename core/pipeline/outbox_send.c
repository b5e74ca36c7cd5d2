// SPDX-License-Identifier: Apache-2.0
// One attempt to send: read the message, commit the lease, hand it to the channel, and understand its answer.
#include "outbox_send.h"
#include "base/clock.h"
#include "base/log.h"

#define DEADLINE_MS 30000
#define INBOX_BROKEN_MS 60000 // the account refuses: a person must act; until then look now and then
#define WAIT_MAX_MS (24 * 3600 * 1000LL)
#define PROVIDER_ID_MAX 512

struct send *send_new(struct pipeline *p, const struct outbox_row *row, struct recipient *r)
{
	struct send *s = mem_new(struct send);
	*s = (struct send){.p = p, .recipient = r, .row = *row};
	s->resume = row->resume.p ? mem_strndup(row->resume.p, row->resume.n) : NULL;
	s->row.resume = str_of(s->resume);
	return s;
}

void send_free(struct send *s)
{
	mem_free(s->resume);
	mem_free(s);
}

static void set_resume(struct send *s, const struct json *resume)
{
	struct buf b = {0};
	json_write(&b, resume);
	mem_free(s->resume);
	s->resume = buf_take(&b);
	s->row.resume = str_of(s->resume);
}

static bool is_idempotent(const struct send *s)
{
	const struct inbox_record *in = directory_inbox(s->p->directory, s->row.inbox);
	const struct json *manifest = in && s->p->channels ? channels_manifest(s->p->channels, in->channel) : NULL;
	return str_is(json_string_of(manifest, "send"), "idempotent");
}

// ---- the answer -----------------------------------------------------------------------------------------------------

// An attempt before may have arrived: then nobody can say that it did not.
static void end_undelivered(struct send *s, struct str why)
{
	if (s->row.is_in_doubt)
		send_end_as(s, DELIVERY_UNKNOWN,
			    STR("an attempt had no answer and the last ones failed; it may have arrived"));
	else
		send_end_as(s, DELIVERY_FAILED, why);
}

static void send_back_in_doubt(struct send *s, int64_t wait_ms)
{
	s->row.is_in_doubt = true;
	send_back(s, wait_ms, true);
}

static void on_throttled(struct send *s, const struct channel_sent *r)
{
	int64_t wait = r->retry_after_ms > 0 ? r->retry_after_ms : outbox_back_off(s->row.attempt);
	if (wait > WAIT_MAX_MS) wait = WAIT_MAX_MS;
	if (r->scope == CHANNEL_SCOPE_INBOX || r->scope == CHANNEL_SCOPE_PLUGIN)
		outbox_hold_inbox(s->p, s->row.inbox, wait);
	send_back(s, wait, false);
}

static void on_failed(struct send *s, const struct channel_sent *r)
{
	switch (r->class_) {
	case CHANNEL_TRANSIENT:
		if (r->never_begun)
			send_back(s, outbox_back_off(s->row.attempt), false);
		else if (outbox_is_last(s->row.attempt))
			end_undelivered(s, r->text);
		else
			send_back(s, outbox_back_off(s->row.attempt), true);
		return;
	case CHANNEL_THROTTLED: on_throttled(s, r); return;
	case CHANNEL_PROVIDER_DOWN: send_back(s, outbox_inbox_down(s->p, s->row.inbox), false); return;
	case CHANNEL_AUTH:
	case CHANNEL_CONFIG:
	case CHANNEL_QUOTA:
		log_warn("outbox", "inbox %llu refuses to send: %.*s", (unsigned long long)s->row.inbox,
			 STR_ARG(r->text));
		outbox_hold_inbox(s->p, s->row.inbox, INBOX_BROKEN_MS);
		send_back(s, INBOX_BROKEN_MS, false);
		return;
	default: send_end_as(s, DELIVERY_FAILED, r->text.n ? r->text : STR("the channel refused it"));
	}
}

static void on_dispatched(const struct channel_sent *r, void *arg)
{
	struct send *s = arg;
	struct str id = json_string(json_at(r->external_ids, 0));
	s->now->provider_id = id.n && id.n <= PROVIDER_ID_MAX ? arena_str(s->now->arena, id) : STR_NONE;
	if (r->resume) set_resume(s, r->resume);
	if (r->outcome == CHANNEL_ACCEPTED) {
		outbox_inbox_works(s->p, s->row.inbox);
		send_end_as(s, DELIVERY_ACCEPTED, STR_NONE);
	} else if (r->outcome == CHANNEL_FAILED) {
		on_failed(s, r);
	} else if (is_idempotent(s) && !outbox_is_last(s->row.attempt)) {
		send_back_in_doubt(s, outbox_back_off(s->row.attempt));
	} else {
		send_end_as(s, DELIVERY_UNKNOWN,
			    r->text.n ? r->text : STR("the provider gave no answer; it may have arrived"));
	}
}

// ---- the dispatch ---------------------------------------------------------------------------------------------------

static void dispatch(struct send *s, const struct known_thread *t)
{
	struct attempt *a = s->now;
	struct err e = {0};
	const struct json *parts = NULL, *resume = NULL;
	if (json_parse(a->arena, a->m.parts, &JSON_OURS, &parts, &e)) {
		send_end_as(s, DELIVERY_FAILED, STR("its parts cannot be read"));
		return;
	}
	if (s->row.resume.n && json_parse(a->arena, s->row.resume, &JSON_OURS, &resume, &e)) resume = NULL;
	struct channel_send call = {.inbox = s->row.inbox,
				    .message = a->m.id,
				    .attempt = s->row.attempt,
				    .deadline_ms = DEADLINE_MS,
				    .doc = send_document(s->p, a->arena, &a->m, t, parts),
				    .resume = resume};
	channels_send(s->p->channels, &call, on_dispatched, s);
}

static void on_thread(int status, const struct known_thread *t, void *arg)
{
	struct send *s = arg;
	if (status == E_MISSING)
		send_end_as(s, DELIVERY_FAILED, STR("its thread is gone"));
	else if (status || s->p->is_stopped) // not handed over: the lease is given back
		send_back(s, PIPELINE_STORE_AWAY_MS, false);
	else
		dispatch(s, t);
}

static void on_taken(const struct unit_result *r, void *arg)
{
	struct send *s = arg;
	if (r->status == E_CONFLICT) { // another node has it, or it is gone
		send_finish(s, SEND_OVER);
	} else if (r->status) {
		send_later(s, PIPELINE_STORE_AWAY_MS);
	} else {
		s->row.attempt++;
		s->row.is_taken = true;
		known_thread(s->p, s->row.thread, on_thread, s);
	}
}

static void take(struct send *s)
{
	struct unit *u = unit_new(s->p->store);
	unit_name(u, "outbox lease");
	unit_take_outbox(u, s->row.message, s->row.attempt, 1);
	store_submit(s->p->store, u, on_taken, s);
}

// ---- the start ------------------------------------------------------------------------------------------------------

static void judge(struct send *s)
{
	if (s->now->m.delivery != DELIVERY_QUEUED) // a receipt said how it ended
		send_drop(s);
	else if (s->row.is_taken && is_idempotent(s) &&
		 !outbox_is_last(s->row.attempt)) // an earlier run handed it over, and was gone before the answer
		send_back_in_doubt(s, 0);
	else if (s->row.is_taken)
		send_end_as(s, DELIVERY_UNKNOWN,
			    STR("the server stopped while it was being sent; it may have arrived"));
	else if (clock_now_ms() >= s->row.expires_at)
		end_undelivered(s, STR("it could not be delivered in time"));
	else
		take(s);
}

static void on_conversation(int status, const struct conversation *c, struct str name, void *arg)
{
	struct send *s = arg;
	if (status && status != E_MISSING) {
		send_later(s, PIPELINE_STORE_AWAY_MS);
		return;
	}
	if (!status) s->now->c = *c;
	judge(s);
}

static void on_message(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct send *s = arg;
	struct attempt *a = s->now;
	struct message *m = &a->m;
	if (status) {
		send_later(s, PIPELINE_STORE_AWAY_MS);
		return;
	}
	if (!rows->n_rows) {
		send_drop(s);
		return;
	}
	message_of_row(rows, 0, 0, m);
	m->parts = arena_str(a->arena, m->parts);
	m->key = m->key.p ? arena_str(a->arena, m->key) : STR_NONE;
	m->provider_id = m->provider_id.p ? arena_str(a->arena, m->provider_id) : STR_NONE;
	m->error = m->error.p ? arena_str(a->arena, m->error) : STR_NONE;
	known_conversation(s->p, m->conversation, on_conversation, s);
}

static void on_again(void *arg)
{
	struct send *s = arg;
	s->now->again(s);
}

void send_start(struct send *s, void (*done)(struct send *s, enum send_end end))
{
	struct arena *arena = arena_new(0);
	struct attempt *a = arena_new_of(arena, struct attempt);
	a->arena = arena;
	a->done = done;
	loop_timer_init(&a->timer, s->p->loop, "outbox end", on_again, s);
	s->now = a;
	pipeline_enter(s->p);
	store_read(s->p->store, STMT_MESSAGE, (struct db_value[]){DB_INT(s->row.message)}, on_message, s);
}
