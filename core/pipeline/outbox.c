// SPDX-License-Identifier: Apache-2.0
// The outbox: what waits to leave. In order for each recipient; the lease is committed before the dispatch; three ends.
#include "outbox_send.h"
#include "base/clock.h"
#include "base/log.h"
#include <stdlib.h>

#define PAGE 500
#define ATTEMPTS 8
#define PARALLEL 256 // sends under way at once

// Waits before the next attempt, by attempt.
static const int64_t BACK_OFF_MS[ATTEMPTS] = {1000, 5000, 15000, 60000, 120000, 300000, 600000, 900000};

struct outbox {
	struct pipeline *p;
	struct map *recipients; // by turn_key('o', thread)
	size_t n_sending;
	struct list ready;      // recipients that may send, when there is room
	loop_done_cb on_started;
	void *started_arg;
};

// One recipient's messages, oldest first.
struct recipient {
	struct list at; // in ready
	uint64_t key;
	struct list sends;
	bool is_busy;
	struct loop_timer wait;
	struct outbox *o;
};

static void pump(struct outbox *o);

static void recipient_ready(void *arg)
{
	struct recipient *r = arg;
	if (r->is_busy || list_is_linked(&r->at) || r->o->p->is_closing) return;
	list_append(&r->o->ready, &r->at);
	pump(r->o);
}

static struct recipient *recipient_of(struct outbox *o, uint64_t thread)
{
	uint64_t key = turn_key('o', thread);
	struct recipient *r = map_get(o->recipients, key);
	if (r) return r;
	r = mem_new(struct recipient);
	r->o = o;
	r->key = key;
	list_init(&r->at);
	list_init(&r->sends);
	loop_timer_init(&r->wait, o->p->loop, "outbox", recipient_ready, r);
	map_put(o->recipients, key, r);
	return r;
}

static void recipient_free(struct recipient *r)
{
	map_remove(r->o->recipients, r->key);
	list_remove(&r->at);
	loop_timer_clear(&r->wait);
	mem_free(r);
}

// Sends the head, or waits until its time has come; a recipient with nothing left goes.
static void recipient_next(struct recipient *r)
{
	struct list *l = list_first(&r->sends);
	r->is_busy = false;
	if (!l) {
		recipient_free(r);
		return;
	}
	struct send *s = list_entry(l, struct send, at);
	int64_t wait = s->row.next_at - clock_now_ms();
	if (wait > 0) loop_timer_set(&r->wait, wait);
	else recipient_ready(r);
}

static void on_sent(struct send *s)
{
	struct outbox *o = s->p->outbox;
	struct recipient *r = s->recipient;
	o->n_sending--;
	switch (s->end) {
	case SEND_LATER:
		if (o->p->is_closing) break;
		send_clean(s);
		recipient_next(r);
		pump(o);
		return;
	case SEND_OVER:
		list_remove(&s->at);
		o->p->stats.outbox_waiting--;
		send_free(s);
		recipient_next(r);
		pump(o);
		return;
	}
	r->is_busy = false;
}

static void pump(struct outbox *o)
{
	while (o->n_sending < PARALLEL && !o->p->is_closing) {
		struct list *l = list_pop(&o->ready);
		if (!l) return;
		struct recipient *r = list_entry(l, struct recipient, at);
		struct list *first = list_first(&r->sends);
		if (!first || r->is_busy) continue;
		r->is_busy = true;
		o->n_sending++;
		send_start(list_entry(first, struct send, at), on_sent);
	}
}

int64_t outbox_back_off(int attempt)
{
	int i = attempt < 1 ? 0 : attempt > ATTEMPTS ? ATTEMPTS - 1 : attempt - 1;
	return BACK_OFF_MS[i];
}

bool outbox_is_last(int attempt) { return attempt >= ATTEMPTS; }

void outbox_add(struct pipeline *p, const struct outbox_row *row)
{
	struct recipient *r = recipient_of(p->outbox, row->thread);
	struct send *s = send_new(p, row, r);
	bool was_empty = list_is_empty(&r->sends);
	list_append(&r->sends, &s->at);
	p->stats.outbox_waiting++;
	if (was_empty && !r->is_busy) recipient_next(r);
}

// ---- start: what an earlier run left ---------------------------------------------------------------------------------------------

static void read_page(struct outbox *o, uint64_t after);

static void on_page(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct outbox *o = arg;
	uint64_t last = 0;
	for (size_t i = 0; !status && i < rows->n_rows; i++) {
		struct outbox_row row;
		outbox_of_row(rows, i, &row);
		last = row.message;
		outbox_add(o->p, &row); // a taken one ends as unknown, or goes again where the channel says that is safe
	}
	if (!status && rows->n_rows == PAGE) {
		read_page(o, last);
		return;
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
	list_init(&o->ready);
	return o;
}

void outbox_free(struct outbox **o)
{
	if (!*o) return;
	size_t at = 0;
	uint64_t key;
	void *v;
	while (map_next((*o)->recipients, &at, &key, &v)) {
		struct recipient *r = v;
		list_each(l, &r->sends) send_free(list_entry(l, struct send, at));
		loop_timer_clear(&r->wait);
		mem_free(r);
	}
	map_free(&(*o)->recipients);
	mem_free(*o);
	*o = NULL;
}
