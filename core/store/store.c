// SPDX-License-Identifier: Apache-2.0
// The store's face: the queue, what wakes it, results, and what people see of it.
#include "base/clock.h"
#include "base/log.h"
#include "inside.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

static void on_deadline(void *arg);

static void on_turn(void *arg)
{
	struct store *s = arg;
	s->is_scheduled = false;
	// Only those that wait now: a callback may submit again.
	struct list back;
	list_init(&back);
	list_move_all(&back, &s->given_back);
	for (struct list *at; (at = list_pop(&back));) {
		struct unit *u = list_entry(at, struct unit, at);
		unit_end(u, &(struct unit_result){.status = u->status});
	}
	store_take_up(s);
}

void store_wake(struct store *s)
{
	if (s->is_scheduled) return;
	s->is_scheduled = true;
	loop_defer(s->loop, on_turn, s);
}

void unit_end(struct unit *u, const struct unit_result *r)
{
	u->store->n_waiting--;
	if (u->cb) u->cb(r, u->arg);
	unit_put_back(u);
}

void unit_give_back(struct unit *u, int status)
{
	u->status = status;
	list_append(&u->store->given_back, &u->at);
	store_wake(u->store);
}

int store_stopped(const struct store *s) { return s->is_fenced ? E_FENCED : E_CANCELLED; }

void store_submit(struct store *s, struct unit *u, unit_cb cb, void *arg)
{
	assert(loop_is_here(s->loop));
	u->cb = cb;
	u->arg = arg;
	bool is_full = store_is_full(s);
	s->n_waiting++;
	if (s->is_fenced || s->is_closing)
		unit_give_back(u, store_stopped(s));
	else if (is_full)
		unit_give_back(u, E_BUSY);
	else
		list_append(&s->queue, &u->at);
	store_wake(s);
}

static void give_all_back(struct list *units, int status)
{
	for (struct list *at; (at = list_pop(units));)
		unit_give_back(list_entry(at, struct unit, at), status);
}

static void finish(struct store *s);

void store_take_up(struct store *s)
{
	struct batch *b = &s->batch;
	if (b->is_active || s->is_finished) return;
	if (s->is_fenced || s->is_giving_up) {
		give_all_back(&s->queue, store_stopped(s));
		give_all_back(&s->locked, store_stopped(s));
	}
	bool has_units = !list_is_empty(&s->queue);
	if (has_units || (s->is_beat_due && !s->is_fenced && !s->is_closing)) {
		s->is_beat_due = false;
		batch_begin(s);
		return;
	}
	if (!s->is_closing || s->n_waiting) return;
	// The lease is given back, when that can be done at once.
	if (!b->is_last && !s->is_fenced && !s->is_giving_up && !s->is_down) {
		b->is_last = true;
		s->ids.mark_ms = 0; // no id is given any more
		batch_begin(s);
		return;
	}
	if (!s->is_scheduled) finish(s);
}

void store_batch_ended(struct store *s)
{
	if (!s->is_closing) loop_timer_set(&s->beat, BEAT_MS);
	store_wake(s);
}

static void on_beat(void *arg)
{
	struct store *s = arg;
	s->is_beat_due = true;
	store_wake(s);
}

static void on_retry(void *arg) { batch_resume(arg); }

// Units that met a lock come first again, each in a batch of its own.
static void on_lock(void *arg)
{
	struct store *s = arg;
	int64_t now = clock_mono_ms(), next = INT64_MAX;
	list_each (at, &s->locked) {
		struct unit *u = list_entry(at, struct unit, at);
		if (u->due_ms > now && !s->is_closing) {
			next = u->due_ms < next ? u->due_ms : next;
			continue;
		}
		list_remove(&u->at);
		list_prepend(&s->queue, &u->at);
	}
	if (next != INT64_MAX) loop_timer_set(&s->lock, next - now);
	store_wake(s);
}

void store_timers_init(struct store *s)
{
	loop_timer_init(&s->beat, s->loop, "store beat", on_beat, s);
	loop_timer_init(&s->retry, s->loop, "store retry", on_retry, s);
	loop_timer_init(&s->lock, s->loop, "store lock", on_lock, s);
	loop_timer_init(&s->deadline, s->loop, "store deadline", on_deadline, s);
}

// Closing.

static void on_driver_closed(void *arg)
{
	struct store *s = arg;
	if (s->is_scheduled) { // somebody submitted to the very last
		loop_defer(s->loop, on_driver_closed, s);
		return;
	}
	struct loop *l = s->loop;
	loop_cb done = s->on_closed;
	void *done_arg = s->closed_arg;
	store_destroy(s);
	loop_release(l);
	if (done) done(done_arg);
}

static void finish(struct store *s)
{
	s->is_finished = true;
	loop_timer_clear(&s->beat);
	loop_timer_clear(&s->retry);
	loop_timer_clear(&s->lock);
	loop_timer_clear(&s->deadline);
	s->driver->ops->close(s->driver, on_driver_closed, s);
}

static void on_deadline(void *arg)
{
	struct store *s = arg;
	s->is_giving_up = true;
	s->driver->ops->give_up(s->driver);
	if (s->batch.is_active && loop_timer_is_set(&s->retry)) {
		loop_timer_clear(&s->retry);
		batch_resume(s);
	}
	store_wake(s);
}

void store_close(struct store *s, int64_t ms, loop_cb done, void *arg)
{
	assert(loop_is_here(s->loop) && !s->is_closing);
	s->is_closing = true;
	s->on_closed = done;
	s->closed_arg = arg;
	loop_timer_set(&s->deadline, ms);
	on_lock(s);
}

// What people see.

void store_set_trouble(struct store *s, enum log_level level, const char *why)
{
	if (s->is_fenced || !strcmp(s->trouble, why)) return;
	if (!s->trouble[0]) log_line(level, "store", "waits: %s", why);
	if (!why[0]) log_info("store", "works again");
	snprintf(s->trouble, sizeof s->trouble, "%s", why);
}

void store_set_fenced(struct store *s)
{
	if (s->is_fenced) return;
	store_set_trouble(s, LOG_WARN, err_text(E_FENCED));
	log_error("store", "stops: %s", err_text(E_FENCED));
	s->is_fenced = true;
	if (s->on_fenced) s->on_fenced(s->fenced_arg);
}

void store_on_fenced(struct store *s, loop_cb cb, void *arg)
{
	s->on_fenced = cb;
	s->fenced_arg = arg;
}

const char *store_trouble(const struct store *s) { return s->trouble; }

bool store_is_up(const struct store *s) { return !s->trouble[0]; }

bool store_is_full(const struct store *s) { return s->n_waiting >= s->max_waiting; }

void store_stats(const struct store *s, struct store_stats *r)
{
	*r = s->stats;
	r->waiting = s->n_waiting;
	r->driver = s->driver->ops->name;
}

// What the clock has left behind when it jumped over the mark still stands there: ids lag rather than run out.
static uint64_t id_before_mark(struct id_maker *m)
{
	bool is_full = m->seq == 4095;
	if (m->last_ms + is_full >= m->mark_ms) return 0;
	m->last_ms += is_full;
	m->seq = is_full ? 0 : m->seq + 1;
	return (uint64_t)(m->last_ms - ID_EPOCH_MS) << 22 | (uint64_t)m->node << 12 | m->seq;
}

uint64_t store_id(struct store *s)
{
	uint64_t id = id_next(&s->ids);
	if (id) return id;
	if (!s->is_beat_due) on_beat(s);
	return id_before_mark(&s->ids);
}

// Reading.

static void on_read(struct read *r)
{
	r->cb(r->status, r->status ? NULL : &r->rows, r->status ? &r->why : NULL, r->arg);
	if (r->arenas) arena_pool_give(r->arenas, &r->arena);
	arena_free(&r->arena);
	mem_free(r);
}

static void cancel_read(void *arg)
{
	struct read *r = arg;
	r->status = err_set(&r->why, E_CANCELLED, "%s", err_text(E_CANCELLED));
	on_read(r);
}

static struct db_value copy_param(struct arena *a, struct db_value v)
{
	if (v.type == 't' || v.type == 'b') v.s = arena_str(a, v.s);
	if (v.type == 'I') {
		int64_t *ints = arena_array(a, int64_t, v.ints.n + 1);
		if (v.ints.n) memcpy(ints, v.ints.v, v.ints.n * sizeof *ints);
		v.ints.v = ints;
	}
	if (v.type == 'T') {
		struct str *strs = arena_array(a, struct str, v.strs.n + 1);
		for (size_t i = 0; i < v.strs.n; i++)
			strs[i] = arena_str(a, v.strs.v[i]);
		v.strs.v = strs;
	}
	return v;
}

void store_read(struct store *s, int stmt, const struct db_value *params, db_read_cb cb, void *arg)
{
	assert(loop_is_here(s->loop));
	assert(stmt >= 0 && (size_t)stmt < s->n_stmts && s->stmts[stmt].kind == DB_READ);
	struct read *r = mem_new(struct read);
	r->arenas = s->is_finished ? NULL : &s->arenas; // the store may be gone before a late one ends
	r->arena = r->arenas ? arena_pool_take(r->arenas) : arena_new(0);
	size_t n = strlen(s->stmts[stmt].params);
	struct db_value *values = arena_array(r->arena, struct db_value, n + 1);
	for (size_t i = 0; i < n; i++)
		values[i] = copy_param(r->arena, params[i]);
	r->stmt = stmt;
	r->params = values;
	r->done = on_read;
	r->cb = cb;
	r->arg = arg;
	s->stats.reads++;
	if (s->is_finished)
		loop_defer(s->loop, cancel_read, r);
	else
		s->driver->ops->read(s->driver, r);
}
