// SPDX-License-Identifier: Apache-2.0
// The outbox: what waits to leave. In order for each recipient, so many at once for each account; the lease is
// committed before the dispatch; three ends.
#include "outbox_send.h"
#include "base/clock.h"

#define PAGE 500
#define ATTEMPTS 8
#define PARALLEL 128 // sends of one account under way at once
#define DOWN_STEPS 4 // a provider that is down is asked at least every minute

// Waits before the next attempt, by attempt.
static const int64_t BACK_OFF_MS[ATTEMPTS] = {1000, 5000, 15000, 60000, 120000, 300000, 600000, 900000};

struct outbox {
	struct pipeline *p;
	struct map *recipients; // by thread
	struct map *accounts;   // by inbox
	bool is_started;
	loop_done_cb on_started;
	void *started_arg;
};

// One inbox: what its provider takes at once, and whether it takes anything.
struct account {
	struct outbox *o;
	struct list ready; // recipients that may send, when there is room
	size_t n_sending;
	int64_t held_until;
	int n_down;
};

// One recipient's messages, oldest first.
struct recipient {
	struct list at; // in ready
	uint64_t thread;
	struct account *account;
	struct list sends;
	bool is_busy;
	struct loop_timer wait;
};

static void pump(struct account *c);

static struct account *account_of(struct outbox *o, uint64_t inbox)
{
	struct account *c = map_get(o->accounts, inbox);
	if (c) return c;
	c = mem_new(struct account);
	c->o = o;
	list_init(&c->ready);
	map_put(o->accounts, inbox, c);
	return c;
}

static struct send *head_of(struct recipient *r)
{
	struct list *l = list_first(&r->sends);
	return l ? list_entry(l, struct send, at) : NULL;
}

// When the oldest may leave, or is too old to.
static int64_t due_at(const struct recipient *r, const struct send *s)
{
	int64_t at = s->row.next_at > r->account->held_until ? s->row.next_at : r->account->held_until;
	return at < s->row.expires_at ? at : s->row.expires_at;
}

static void recipient_look(void *arg)
{
	struct recipient *r = arg;
	const struct send *s = head_of(r);
	if (!s || r->is_busy || list_is_linked(&r->at) || r->account->o->p->is_stopped) return;
	int64_t wait = due_at(r, s) - clock_now_ms();
	if (wait > 0) {
		loop_timer_set(&r->wait, wait);
		return;
	}
	list_append(&r->account->ready, &r->at);
	pump(r->account);
}

static struct recipient *recipient_of(struct outbox *o, const struct outbox_row *row)
{
	struct recipient *r = map_get(o->recipients, row->thread);
	if (r) return r;
	r = mem_new(struct recipient);
	r->thread = row->thread;
	r->account = account_of(o, row->inbox);
	list_init(&r->at);
	list_init(&r->sends);
	loop_timer_init(&r->wait, o->p->loop, "outbox", recipient_look, r);
	map_put(o->recipients, row->thread, r);
	return r;
}

static void recipient_free(struct recipient *r)
{
	list_remove(&r->at);
	loop_timer_clear(&r->wait);
	mem_free(r);
}

static void on_sent(struct send *s, enum send_end end)
{
	struct recipient *r = s->recipient;
	struct account *c = r->account;
	struct outbox *o = c->o;
	c->n_sending--;
	r->is_busy = false;
	if (end == SEND_OVER) {
		list_remove(&s->at);
		o->p->stats.outbox_waiting--;
		send_free(s);
	}
	if (list_is_empty(&r->sends)) {
		map_remove(o->recipients, r->thread);
		recipient_free(r);
	} else {
		recipient_look(r);
	}
	pump(c);
}

static void pump(struct account *c)
{
	const struct pipeline *p = c->o->p;
	while (c->n_sending < PARALLEL && c->o->is_started && !p->is_stopped) {
		struct list *l = list_pop(&c->ready);
		if (!l) return;
		struct recipient *r = list_entry(l, struct recipient, at);
		struct send *s = head_of(r);
		int64_t wait = due_at(r, s) - clock_now_ms();
		if (wait > 0) { // the account was stopped meanwhile
			loop_timer_set(&r->wait, wait);
			continue;
		}
		r->is_busy = true;
		c->n_sending++;
		send_start(s, on_sent);
	}
}

// ---- how long to wait -----------------------------------------------------------------------------------------------

int64_t outbox_back_off(int attempt)
{
	int i = attempt < 1 ? 0 : attempt > ATTEMPTS ? ATTEMPTS - 1 : attempt - 1;
	return BACK_OFF_MS[i];
}

bool outbox_is_last(int attempt) { return attempt >= ATTEMPTS; }

void outbox_hold_inbox(struct pipeline *p, uint64_t inbox, int64_t ms)
{
	struct account *c = account_of(p->outbox, inbox);
	int64_t until = clock_now_ms() + ms;
	if (until > c->held_until) c->held_until = until;
}

int64_t outbox_inbox_down(struct pipeline *p, uint64_t inbox)
{
	struct account *c = account_of(p->outbox, inbox);
	// Those that were under way together say it once.
	if (c->held_until <= clock_now_ms() && c->n_down < DOWN_STEPS) c->n_down++;
	int64_t ms = outbox_back_off(c->n_down);
	outbox_hold_inbox(p, inbox, ms);
	return ms;
}

void outbox_inbox_works(struct pipeline *p, uint64_t inbox) { account_of(p->outbox, inbox)->n_down = 0; }

// ---- what comes -----------------------------------------------------------------------------------------------------

void outbox_add(struct pipeline *p, const struct outbox_row *row)
{
	struct recipient *r = recipient_of(p->outbox, row);
	struct send *s = send_new(p, row, r);
	bool was_empty = list_is_empty(&r->sends);
	list_append(&r->sends, &s->at);
	p->stats.outbox_waiting++;
	if (was_empty) recipient_look(r);
}

// ---- start: what an earlier run left --------------------------------------------------------------------------------

static void pump_all(void *arg)
{
	struct outbox *o = arg;
	struct pipeline *p = o->p;
	uint64_t inbox;
	void *c;
	o->is_started = true;
	for (size_t at = 0; map_next(o->accounts, &at, &inbox, &c);)
		pump(c);
	pipeline_leave(p);
}

static void read_page(struct outbox *o, uint64_t after);

static void on_page(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct outbox *o = arg;
	uint64_t last = 0;
	for (size_t i = 0; !status && i < rows->n_rows; i++) {
		struct outbox_row row;
		outbox_of_row(rows, i, &row);
		last = row.message;
		outbox_add(o->p,
			   &row); // a taken one ends as unknown, or goes again where the channel says that is safe
	}
	if (!status && rows->n_rows == PAGE) {
		read_page(o, last);
		return;
	}
	if (!status) {
		pipeline_enter(o->p);
		loop_defer(o->p->loop, pump_all, o); // whoever waits for the start opens the inboxes first
	}
	o->on_started(status, o->started_arg);
}

static void read_page(struct outbox *o, uint64_t after)
{
	store_read(o->p->store, STMT_OUTBOX_ALL, (struct db_value[]){DB_INT(after), DB_INT(PAGE)}, on_page, o);
}

void outbox_start(struct pipeline *p, loop_done_cb done, void *arg)
{
	p->outbox->on_started = done;
	p->outbox->started_arg = arg;
	read_page(p->outbox, 0);
}

struct outbox *outbox_new(struct pipeline *p)
{
	struct outbox *o = mem_new(struct outbox);
	o->p = p;
	o->recipients = map_new();
	o->accounts = map_new();
	return o;
}

void outbox_free(struct outbox **op)
{
	struct outbox *o = *op;
	uint64_t key;
	void *v;
	if (!o) return;
	for (size_t at = 0; map_next(o->recipients, &at, &key, &v);) {
		struct recipient *r = v;
		list_each (l, &r->sends)
			send_free(list_entry(l, struct send, at));
		recipient_free(r);
	}
	for (size_t at = 0; map_next(o->accounts, &at, &key, &v);)
		mem_free(v);
	map_free(&o->recipients);
	map_free(&o->accounts);
	mem_free(o);
	*op = NULL;
}
