// SPDX-License-Identifier: Apache-2.0
// How an attempt to send ends: accepted, failed or unknown, committed with the receipts that came early; or later
// again.
#include "outbox_send.h"
#include "base/clock.h"
#include "base/log.h"

#define ERROR_MAX 500

void send_finish(struct send *s, enum send_end end)
{
	struct pipeline *p = s->p;
	struct attempt *a = s->now;
	void (*done)(struct send * s, enum send_end end) = a->done;
	struct arena *arena = a->arena, *unit = a->unit;
	if (a->is_holding) turn_end(&a->turn);
	loop_timer_clear(&a->timer);
	s->now = NULL;
	arena_free(&unit);
	arena_free(&arena);
	done(s, end);
	pipeline_leave(p);
}

void send_later(struct send *s, int64_t wait_ms)
{
	s->row.next_at = clock_now_ms() + wait_ms;
	send_finish(s, SEND_LATER);
}

// The store may be gone: the next run finds the row as it stands.
static bool is_given_up(struct send *s)
{
	if (!s->p->has_given_up) return false;
	s->row.is_taken = true;
	send_finish(s, SEND_LATER);
	return true;
}

// The store had no room for it: what happened outside must be kept, so it is tried until it has.
static void try_later(struct send *s, void (*what)(struct send *s))
{
	s->now->again = what;
	loop_timer_set(&s->now->timer, PIPELINE_STORE_AWAY_MS);
}

// ---- over -----------------------------------------------------------------------------------------------------------

static enum event_kind kind_of(enum delivery d)
{
	switch (d) {
	case DELIVERY_DELIVERED: return EVENT_RECEIPT_DELIVERED;
	case DELIVERY_READ: return EVENT_RECEIPT_READ;
	case DELIVERY_FAILED: return EVENT_RECEIPT_FAILED;
	case DELIVERY_UNKNOWN: return EVENT_RECEIPT_UNKNOWN;
	default: return EVENT_RECEIPT_SENT;
	}
}

static void count(struct pipeline_stats *st, enum delivery d)
{
	if (d == DELIVERY_FAILED)
		st->outbox_failed++;
	else if (d == DELIVERY_UNKNOWN)
		st->outbox_unknown++;
	else
		st->outbox_sent++;
}

static void commit_end(struct send *s);
static void read_again(struct send *s);

static void on_ended(const struct change_result *r, void *arg)
{
	struct send *s = arg;
	switch (r->status) {
	case 0:
		count(&s->p->stats, s->now->to);
		send_finish(s, SEND_OVER);
		return;
	case E_CONFLICT: read_again(s); return; // a receipt was faster
	case E_BUSY: try_later(s, commit_end); return;
	default:
		log_warn("outbox", "message %llu: its end could not be kept: %s", (unsigned long long)s->row.message,
			 err_text(r->status));
		s->row.is_taken = true; // as after a crash: nobody knows
		send_later(s, PIPELINE_STORE_AWAY_MS);
	}
}

// What becomes of the delivery: it ends, and then come the receipts; none of them may move it back.
static void move(const struct attempt *a, struct message *m)
{
	delivery_move(&m->delivery, DELIVERY_SENDING); // the lease said so
	if (delivery_move(&m->delivery, a->to)) m->error = a->error;
	for (size_t i = 0; i < a->n_early; i++)
		if (delivery_move(&m->delivery, a->early[i]))
			m->error = a->early[i] == DELIVERY_FAILED ? a->early_error : STR_NONE;
}

static void commit_end(struct send *s)
{
	struct attempt *a = s->now;
	if (is_given_up(s)) return;
	arena_free(&a->unit);
	a->unit = arena_new(0);
	struct change *ch = change_new(s->p, a->unit, "outbox end");
	struct unit *u = change_unit(ch);
	struct message *m = arena_new_of(a->unit, struct message);
	*m = a->m;
	move(a, m);
	bool has_moved = m->delivery != a->m.delivery;
	unit_end_outbox(u, s->row.message);
	if (has_moved || a->provider_id.p) unit_save_delivery(u, m, a->m.delivery, a->provider_id);
	if (a->provider_id.p)
		unit_add(u, STMT_RECEIPT_DROP, (struct db_value[]){DB_INT(m->inbox), DB_TEXT(a->provider_id)});
	struct event e = {.at_ms = clock_now_ms(),
			  .kind = kind_of(m->delivery),
			  .actor = {ACTOR_PLUGIN, m->inbox},
			  .conversation = m->conversation,
			  .contact = m->contact,
			  .message = m->id,
			  .to = m->delivery,
			  .inbox = m->inbox,
			  .thread = m->thread};
	if (has_moved) change_event(ch, &e, a->c.id ? &a->c : NULL, m);
	change_commit(ch, on_ended, s);
}

static void on_read_again(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct send *s = arg;
	struct attempt *a = s->now;
	struct message m;
	if (status) {
		try_later(s, read_again);
		return;
	}
	if (!rows->n_rows) {
		send_drop(s);
		return;
	}
	message_of_row(rows, 0, 0, &m);
	a->m.delivery = m.delivery;
	a->m.error = m.error.p ? arena_str(a->arena, m.error) : STR_NONE;
	commit_end(s);
}

static void read_again(struct send *s)
{
	if (is_given_up(s)) return;
	store_read(s->p->store, STMT_MESSAGE, (struct db_value[]){DB_INT(s->row.message)}, on_read_again, s);
}

static void read_early(struct send *s);

static void on_early(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct send *s = arg;
	struct attempt *a = s->now;
	if (status) {
		try_later(s, read_early);
		return;
	}
	a->n_early = 0;
	for (size_t i = 0; i < rows->n_rows && a->n_early < ARRAY_LEN(a->early); i++) {
		enum delivery to = (enum delivery)db_int(rows, i, 0);
		struct str error = db_str(rows, i, 2);
		a->early[a->n_early++] = to;
		if (to == DELIVERY_FAILED && error.p) a->early_error = arena_str(a->arena, error);
	}
	commit_end(s);
}

static void read_early(struct send *s)
{
	if (is_given_up(s)) return;
	const struct db_value id[] = {DB_INT(s->now->m.inbox), DB_TEXT(s->now->provider_id)};
	store_read(s->p->store, STMT_RECEIPTS_HELD, id, on_early, s);
}

static void on_provider_turn(void *arg) { read_early(arg); }

void send_end_as(struct send *s, enum delivery to, struct str error)
{
	struct attempt *a = s->now;
	a->to = to;
	a->error = error.n ? arena_str(a->arena, utf8_cut(error, ERROR_MAX)) : STR_NONE;
	if (!a->provider_id.p) {
		commit_end(s);
		return;
	}
	// The provider's id is held, so that a receipt of it is either kept before us or comes after.
	uint64_t key = turn_key_str('p', a->m.inbox, a->provider_id);
	a->is_holding = true;
	turn_take(s->p->turns, &a->turn, &key, 1, on_provider_turn, s);
}

static void on_dropped(const struct unit_result *r, void *arg)
{
	struct send *s = arg;
	if (r->status == E_BUSY)
		try_later(s, send_drop);
	else if (r->status)
		send_later(s, PIPELINE_STORE_AWAY_MS);
	else
		send_finish(s, SEND_OVER);
}

void send_drop(struct send *s)
{
	if (is_given_up(s)) return;
	struct unit *u = unit_new(s->p->store);
	unit_name(u, "outbox drop");
	unit_end_outbox(u, s->row.message);
	store_submit(s->p->store, u, on_dropped, s);
}

// ---- later ----------------------------------------------------------------------------------------------------------

static void commit_back(struct send *s);

static void on_back(const struct unit_result *r, void *arg)
{
	struct send *s = arg;
	if (r->status == E_BUSY) {
		try_later(s, commit_back);
		return;
	}
	if (r->status) s->row.is_taken = true; // the row still says so
	send_finish(s, SEND_LATER);
}

static void commit_back(struct send *s)
{
	if (is_given_up(s)) return;
	struct unit *u = unit_new(s->p->store);
	unit_name(u, "outbox back-off");
	unit_back_outbox(u, &s->row);
	store_submit(s->p->store, u, on_back, s);
}

void send_back(struct send *s, int64_t wait_ms, bool burns)
{
	if (!burns && s->row.attempt) s->row.attempt--;
	s->row.is_taken = false;
	s->row.next_at = clock_now_ms() + wait_ms;
	commit_back(s);
}
