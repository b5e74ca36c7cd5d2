// SPDX-License-Identifier: Apache-2.0
// Short numbers for the conversations that a unit may begin. They are taken before the decision, which cannot wait;
// those that were not needed are kept for the next unit.
#include "ingest.h"

#define WAIT_MS 10 // numbers come in blocks, and the next one is being fetched
#define WAITS_MAX 500

static bool tells_of_the_past(const struct round *r)
{
	for (size_t i = 0; i < r->n_items; i++)
		if (r->items[i].place && r->items[i].in->origin != ORIGIN_LIVE) return true;
	return false;
}

// How many may begin: one in each place that does not speak in one that is open and can be joined; where the past is
// told, it may begin one that is over, and the present another.
static size_t n_wanted(const struct round *r)
{
	const struct inbox_record *in = directory_inbox(r->p->directory, r->inbox);
	uint64_t restricted = in && in->is_restricted ? in->id : 0;
	size_t n = 0, most = tells_of_the_past(r) ? 2 : 1;
	for (size_t i = 0; i < r->n_places; i++) {
		const struct talk *t = r->places[i].newest;
		if (!t || t->c.state > CONVERSATION_WAITING || t->c.restricted != restricted) n += most;
	}
	return n;
}

static int64_t take_one(struct pipeline *p)
{
	return p->n_numbers ? p->numbers[--p->n_numbers] : store_number(p->store, "conversation");
}

static void take(void *arg)
{
	struct round *r = arg;
	size_t n = n_wanted(r);
	if (r->p->has_given_up) {
		r->status = E_CANCELLED;
		r->done(r);
		return;
	}
	while (r->n_numbers < n) {
		int64_t number = take_one(r->p);
		if (!number) break;
		r->numbers[r->n_numbers++] = number;
	}
	if (r->n_numbers < n && ++r->n_waits < WAITS_MAX) {
		loop_timer_set(&r->timer, WAIT_MS);
		return;
	}
	if (r->n_numbers < n) r->status = E_BUSY;
	r->done(r);
}

void round_take_numbers(struct round *r)
{
	r->numbers = arena_array(r->arena, int64_t, 2 * r->n_places + 1);
	loop_timer_init(&r->timer, r->p->loop, "ingest number", take, r);
	take(r);
}

int64_t round_number(struct round *r) { return r->n_used < r->n_numbers ? r->numbers[r->n_used++] : 0; }

void round_keep_numbers(struct round *r, size_t n_used)
{
	struct pipeline *p = r->p;
	for (size_t i = n_used; i < r->n_numbers && p->n_numbers < ARRAY_LEN(p->numbers); i++)
		p->numbers[p->n_numbers++] = r->numbers[i];
	r->n_numbers = 0;
}
