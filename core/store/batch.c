// SPDX-License-Identifier: Apache-2.0
// A batch: units in one transaction, split until those that cannot commit are alone. Knows no database, only a driver.
#include "base/clock.h"
#include "base/log.h"
#include "inside.h"
#include <assert.h>
#include <string.h>

#define HELD_WAIT_MS 50
#define HELD_PATIENCE 3 // runs: then it is a trouble that people see

static void batch_next(struct store *s);
static void batch_end(struct store *s);

static void push(struct batch *b, uint32_t first, uint32_t n)
{
	if (b->n_segments == b->cap_segments) {
		b->cap_segments = b->cap_segments ? b->cap_segments * 2 : 16;
		b->segments = mem_realloc(b->segments, b->cap_segments * sizeof *b->segments);
	}
	b->segments[b->n_segments++] = (struct segment){first, n};
}

static void add_unit(struct batch *b, struct unit *u)
{
	if (b->n == b->cap) {
		b->cap = b->cap ? b->cap * 2 : 256;
		b->units = mem_realloc(b->units, b->cap * sizeof *b->units);
	}
	u->state = UNIT_WAITING;
	u->round = u->place = 0;
	b->units[b->n++] = u;
}

static void leave(struct batch *b, uint32_t at, enum unit_state state)
{
	struct unit *u = b->units[at];
	u->state = state;
	u->round = b->round;
	u->place = at;
}

static bool is_waiting(const struct unit *u) { return u && u->state == UNIT_WAITING; }

static void take_out_committed(struct store *s)
{
	struct batch *b = &s->batch;
	for (uint32_t i = b->now.first; i < b->now.first + b->now.n; i++) {
		struct unit *u = b->units[i];
		if (!is_waiting(u)) continue;
		b->units[i] = NULL;
		list_append(&s->committed, &u->at);
	}
}

static void tell_committed(struct store *s, int64_t seq)
{
	struct list now;
	list_init(&now);
	list_move_all(&now, &s->committed);
	for (struct list *at; (at = list_pop(&now));) {
		struct unit *u = list_entry(at, struct unit, at);
		struct unit_result res = {.first_seq = seq};
		for (uint32_t k = 0; k < u->n_rows; k++)
			seq += s->stmts[u->rows[k].stmt].kind == DB_LOG;
		unit_end(u, &res);
	}
}

// Committed: everybody of the run is told, in the order of the log.
static void after_committed(struct store *s)
{
	struct batch *b = &s->batch;
	const struct run *r = &b->run;
	int64_t first_seq = r->last_seq - r->n_log + 1;
	s->stats.units += r->n_units;
	s->stats.rows += r->n_rows;
	if (!b->is_last) s->ids.mark_ms = r->id_mark;
	s->retry_ms = 0;
	b->n_held = 0;
	store_set_trouble(s, LOG_INFO, "");
	bool is_whole = r->n_units == b->n;
	take_out_committed(s);
	if (!is_whole) {
		tell_committed(s, first_seq);
		batch_next(s);
		return;
	}
	batch_end(s);
	store_take_up(s); // the database need not wait for what those do who are told
	tell_committed(s, first_seq);
}

static void after_conflict(struct store *s)
{
	struct batch *b = &s->batch;
	for (size_t i = 0; i < b->run.n_failed; i++) {
		const struct run_row *row = &b->run.rows[b->run.failed[i]];
		struct unit *u = b->units[row->unit];
		u->rows[row->row].is_refused = true;
		if (u->state == UNIT_WAITING) leave(b, row->unit, UNIT_CONFLICT);
	}
	push(b, b->now.first, b->now.n);
	batch_next(s);
}

// Moves the units that may be the culprits to the end of the slice; returns how many others still wait before them.
static uint32_t part_suspects(struct batch *b, uint32_t *n_suspects_r)
{
	const struct run *r = &b->run;
	uint32_t n = b->now.n, n_others = 0, n_front = 0, n_back = 0;
	struct unit **slice = b->units + b->now.first;
	bool *is_suspect = mem_alloc(n);
	struct unit **back = mem_alloc(n * sizeof *back);
	for (uint32_t i = 0; i < r->n_bad; i++)
		is_suspect[r->rows[r->bad_first + i].unit - b->now.first] = true;
	for (uint32_t i = 0; i < n; i++) {
		if (is_suspect[i] && is_waiting(slice[i])) {
			back[n_back++] = slice[i];
			continue;
		}
		n_others += is_waiting(slice[i]);
		slice[n_front++] = slice[i];
	}
	memcpy(slice + n_front, back, n_back * sizeof *back);
	mem_free(is_suspect);
	mem_free(back);
	*n_suspects_r = n_back;
	return n_others;
}

// Between units, never inside one. The first part runs first.
static void split(struct store *s)
{
	struct batch *b = &s->batch;
	uint32_t n_suspects = 0;
	uint32_t n_others = b->run.n_bad ? part_suspects(b, &n_suspects) : 0;
	uint32_t cut = b->now.n - n_suspects;
	if (!n_others || !n_suspects) {
		uint32_t half = b->run.n_units / 2;
		for (cut = 0; half; cut++)
			half -= is_waiting(b->units[b->now.first + cut]);
	}
	push(b, b->now.first + cut, b->now.n - cut);
	push(b, b->now.first, cut);
}

// The only unit of the run.
static uint32_t lone_unit(const struct batch *b)
{
	uint32_t i = b->now.first;
	while (!is_waiting(b->units[i]))
		i++;
	assert(i < b->now.first + b->now.n);
	return i;
}

static void on_parked(const struct unit_result *r, void *poison) { ((struct unit *)poison)->is_parked = !r->status; }

// What the database refuses is kept as a row of its own, through a run of its own.
static void park(struct store *s, struct unit *poison, const struct err *why)
{
	struct unit *u = unit_new(s);
	struct buf rows = {0};
	unit_describe(poison, &rows);
	uint64_t id = store_id(s);
	unit_add_parked(u, id ? id : (uint64_t)s->next_batch, poison->name, str_of(why->text), buf_str(&rows));
	buf_fini(&rows);
	u->is_park = true;
	u->cb = on_parked;
	u->arg = poison;
	s->n_waiting++;
	add_unit(&s->batch, u);
	push(&s->batch, s->batch.n - 1, 1);
}

static void after_locked(struct store *s)
{
	struct batch *b = &s->batch;
	s->stats.retries++;
	b->is_wary = true;
	if (b->run.n_units > 1)
		split(s);
	else
		leave(b, lone_unit(b), UNIT_LOCKED);
	batch_next(s);
}

// Runs the same again, after a while.
static void wait_ms(struct store *s, int64_t ms)
{
	s->stats.retries++;
	if (s->is_giving_up)
		batch_resume(s);
	else
		loop_timer_set(&s->retry, ms);
}

static void wait_longer(struct store *s)
{
	s->retry_ms = s->retry_ms ? s->retry_ms * 2 : WAIT_MIN_MS;
	if (s->retry_ms > WAIT_MAX_MS) s->retry_ms = WAIT_MAX_MS;
	wait_ms(s, s->retry_ms);
}

static void after_held(struct store *s)
{
	if (++s->batch.n_held >= HELD_PATIENCE) store_set_trouble(s, LOG_WARN, s->batch.run.why.text);
	wait_ms(s, HELD_WAIT_MS);
}

static void after_full(struct store *s)
{
	store_set_trouble(s, LOG_ERROR, s->batch.run.why.text);
	wait_longer(s);
}

static void after_refused(struct store *s)
{
	struct batch *b = &s->batch;
	const struct err *why = &b->run.why;
	if (b->run.n_units > 1) {
		s->stats.retries++;
		split(s);
		batch_next(s);
		return;
	}
	if (!b->run.n_units) { // our own statements: nothing of a unit is to blame
		after_full(s);
		return;
	}
	uint32_t at = lone_unit(b);
	struct unit *u = b->units[at];
	leave(b, at, UNIT_POISON);
	u->why = arena_alloc(u->arena, sizeof *u->why);
	*u->why = *why;
	log_error("store", "%s %s: %s", u->is_park ? "cannot park" : "parks unit",
		  u->name[0] ? u->name : "without a name", why->text);
	if (!u->is_park) {
		s->stats.poisoned++;
		park(s, u, why);
	}
	batch_next(s);
}

static void after_fenced(struct store *s)
{
	store_set_fenced(s);
	batch_end(s);
}

static void recover(struct store *s);

static void after_away(struct store *s)
{
	s->is_down = true;
	store_set_trouble(s, LOG_WARN, s->batch.run.why.text);
	if (s->is_giving_up)
		batch_resume(s);
	else
		recover(s);
}

static void after_lost(struct store *s)
{
	s->batch.is_lost = true;
	after_away(s);
}

static void (*const AFTER[])(struct store *s) = {
	[RUN_COMMITTED] = after_committed, [RUN_CONFLICT] = after_conflict, [RUN_REFUSED] = after_refused,
	[RUN_LOCKED] = after_locked,       [RUN_HELD] = after_held,         [RUN_FULL] = after_full,
	[RUN_FENCED] = after_fenced,       [RUN_AWAY] = after_away,         [RUN_LOST] = after_lost,
};

static void on_run(void *arg)
{
	struct store *s = arg;
	struct batch *b = &s->batch;
	if (b->is_last && b->run.status != RUN_COMMITTED)
		batch_end(s); // the lease runs out by itself
	else
		AFTER[b->run.status](s);
}

static void on_recovered(void *arg)
{
	struct store *s = arg;
	struct batch *b = &s->batch;
	const struct recovery *rec = &b->recovery;
	// The row tells even when it is another's by now.
	bool was_lost = b->is_lost;
	bool is_committed = was_lost && rec->status != E_STORE && rec->batch == b->run.batch;
	if (rec->status == E_STORE) {
		store_set_trouble(s, LOG_WARN, rec->why.text);
		wait_longer(s);
		return;
	}
	s->is_down = false;
	s->retry_ms = 0;
	if (rec->status) store_set_fenced(s);
	// A new holder's number hides ours.
	b->is_lost = b->is_lost && rec->status && rec->batch > b->run.batch;
	if (!s->is_fenced) {
		if (was_lost)
			log_info("store", "the lost transaction %s", is_committed ? "was committed" : "runs again");
		store_set_trouble(s, LOG_INFO, "");
		s->node.epoch = rec->epoch;
		s->next_batch = first_batch(rec->epoch);
	}
	if (is_committed) {
		b->run.last_seq = rec->batch_seq + b->run.n_log;
		after_committed(s);
		return;
	}
	batch_resume(s);
}

static void recover(struct store *s)
{
	struct batch *b = &s->batch;
	struct recovery *rec = &b->recovery;
	*rec = (struct recovery){.node = s->node.id, .holder = s->node.holder, .done = on_recovered, .arg = s};
	s->driver->ops->recover(s->driver, rec);
}

static void run_now(struct store *s)
{
	struct batch *b = &s->batch;
	b->round++;
	run_fill(s);
	b->run.done = on_run;
	b->run.arg = s;
	s->driver->ops->run(s->driver, &b->run);
}

static bool has_work(const struct batch *b)
{
	for (uint32_t i = b->now.first; i < b->now.first + b->now.n; i++)
		if (is_waiting(b->units[i])) return true;
	return false;
}

static void batch_next(struct store *s)
{
	struct batch *b = &s->batch;
	while (b->n_segments && !s->is_fenced && !s->is_giving_up) {
		b->now = b->segments[--b->n_segments];
		if (!has_work(b) && !b->is_beat) continue;
		b->is_beat = false;
		run_now(s);
		return;
	}
	batch_end(s);
}

// The segment that failed for a passing reason runs again.
void batch_resume(struct store *s)
{
	struct batch *b = &s->batch;
	if (s->is_giving_up || s->is_fenced) {
		for (uint32_t i = b->now.first; i < b->now.first + b->now.n && b->is_lost; i++)
			if (is_waiting(b->units[i])) b->units[i]->status = E_UNKNOWN;
		batch_end(s);
		return;
	}
	if (s->is_down) {
		recover(s);
		return;
	}
	b->is_beat = !b->now.n;
	push(b, b->now.first, b->now.n);
	batch_next(s);
}

static void find_doubts(struct batch *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		struct unit *u = b->units[i];
		if (!u || u->state != UNIT_CONFLICT) continue;
		for (uint32_t k = 0; k < b->n && !u->is_in_doubt; k++) {
			const struct unit *t = b->units[k];
			u->is_in_doubt = t && t != u && t->state != UNIT_WAITING && unit_may_rob(t, u);
		}
	}
}

static void again(struct store *s, struct unit *u)
{
	for (uint32_t i = 0; i < u->n_rows; i++)
		u->rows[i].is_refused = false;
	u->is_in_doubt = false;
	list_prepend(&s->queue, &u->at);
}

static void again_later(struct store *s, struct unit *u)
{
	u->delay_ms = u->delay_ms ? u->delay_ms * 2 : WAIT_MIN_MS;
	if (u->delay_ms > WAIT_MAX_MS) u->delay_ms = WAIT_MAX_MS;
	u->due_ms = clock_mono_ms() + u->delay_ms;
	u->is_alone = true;
	list_append(&s->locked, &u->at);
	if (!loop_timer_is_set(&s->lock) || s->lock.due_ms > u->due_ms) loop_timer_set(&s->lock, u->delay_ms);
}

static void end_conflict(struct store *s, struct unit *u)
{
	uint16_t *failed = arena_array(u->arena, uint16_t, u->n_rows);
	size_t n = 0;
	for (uint32_t i = 0; i < u->n_rows; i++)
		if (u->rows[i].is_refused) failed[n++] = (uint16_t)i;
	s->stats.conflicts++;
	unit_end(u, &(struct unit_result){.status = E_CONFLICT, .failed = failed, .n_failed = n});
}

static void end_unit(struct store *s, struct unit *u)
{
	bool is_stopped = s->is_fenced || s->is_giving_up;
	if (u->state == UNIT_POISON && (u->is_parked || !is_stopped))
		unit_end(u, &(struct unit_result){.status = E_POISON, .why = u->why});
	else if (u->state == UNIT_CONFLICT && !u->is_in_doubt)
		end_conflict(s, u);
	else if (is_stopped)
		unit_end(u, &(struct unit_result){.status = u->status ? u->status : store_stopped(s)});
	else if (u->state == UNIT_LOCKED)
		again_later(s, u);
	else
		again(s, u);
}

// Backwards, so that those that run again stand before the queue in their order.
static void batch_end(struct store *s)
{
	struct batch *b = &s->batch;
	find_doubts(b);
	s->stats.batches += b->n > 0;
	if (b->n) s->stats.batch_ns_total += (uint64_t)(clock_mono_ns() - b->began_ns);
	for (uint32_t i = b->n; i--;)
		if (b->units[i]) end_unit(s, b->units[i]);
	b->n = 0;
	b->n_segments = 0;
	b->is_active = b->is_wary = b->is_beat = b->is_lost = false;
	store_batch_ended(s);
}

// Takes what waits: as many units as may be, one alone when somebody held its rows before, or none for a heartbeat.
static void take_units(struct store *s)
{
	struct batch *b = &s->batch;
	size_t bytes = 0;
	for (struct list *at; b->n < s->batch_units && (at = list_first(&s->queue));) {
		struct unit *u = list_entry(at, struct unit, at);
		if (b->n && (u->is_alone || bytes + u->bytes > BATCH_BYTES)) break;
		list_remove(&u->at);
		bytes += u->bytes;
		add_unit(b, u);
		if (u->is_alone) break;
	}
}

void batch_begin(struct store *s)
{
	struct batch *b = &s->batch;
	assert(!b->is_active);
	b->is_active = true;
	b->began_ns = clock_mono_ns();
	b->round = b->n_held = 0;
	if (!b->is_last) take_units(s);
	b->is_beat = !b->n;
	b->is_wary = !list_is_empty(&s->locked) || (b->n && b->units[0]->is_alone);
	if (b->n > s->stats.batch_units_max) s->stats.batch_units_max = b->n;
	push(b, 0, b->n);
	batch_next(s);
}

void batch_fini(struct batch *b)
{
	mem_free(b->units);
	mem_free(b->segments);
	mem_free(b->counts);
	mem_free(b->run.rows);
	mem_free(b->run.spans);
	mem_free(b->run.failed);
}
