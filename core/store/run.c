// SPDX-License-Identifier: Apache-2.0
// A run: the rows of many units sorted by statement, so that each statement is executed once.
#include "base/clock.h"
#include "inside.h"
#include <string.h>

static void make_room(struct batch *b, size_t n_rows, size_t n_stmts)
{
	struct run *r = &b->run;
	if (n_rows > b->cap_rows) {
		b->cap_rows = n_rows * 2;
		r->rows = mem_realloc(r->rows, b->cap_rows * sizeof *r->rows);
		r->failed = mem_realloc(r->failed, b->cap_rows * sizeof *r->failed);
	}
	if (n_stmts > b->cap_spans) {
		b->cap_spans = n_stmts;
		r->spans = mem_realloc(r->spans, n_stmts * sizeof *r->spans);
		b->counts = mem_realloc(b->counts, n_stmts * sizeof *b->counts);
	}
}

static bool takes_part(const struct unit *u) { return u && u->state == UNIT_WAITING; }

static size_t count_rows(struct store *s)
{
	struct batch *b = &s->batch;
	size_t n = 0;
	for (uint32_t i = b->now.first; i < b->now.first + b->now.n; i++)
		if (takes_part(b->units[i])) n += b->units[i]->n_rows;
	return n;
}

// Counts by rank, then turns the counts into spans and into the place where each statement's next row goes.
static void make_spans(struct store *s)
{
	struct batch *b = &s->batch;
	struct run *r = &b->run;
	memset(b->counts, 0, s->n_stmts * sizeof *b->counts);
	for (uint32_t i = b->now.first; i < b->now.first + b->now.n; i++) {
		const struct unit *u = b->units[i];
		if (!takes_part(u)) continue;
		for (uint32_t k = 0; k < u->n_rows; k++)
			b->counts[s->rank[u->rows[k].stmt]]++;
	}
	uint32_t at = 0;
	for (size_t rank = 0; rank < s->n_stmts; rank++) {
		uint32_t n = b->counts[rank];
		b->counts[rank] = at;
		if (!n) continue;
		uint16_t stmt = s->by_rank[rank];
		r->spans[r->n_spans++] = (struct run_span){.first = at, .n = n, .stmt = stmt};
		if (s->stmts[stmt].kind == DB_GUARD) r->n_guards++;
		if (s->stmts[stmt].kind == DB_LOG) r->n_log = n;
		at += n;
	}
}

static void place_rows(struct store *s)
{
	struct batch *b = &s->batch;
	struct run *r = &b->run;
	for (uint32_t i = b->now.first; i < b->now.first + b->now.n; i++) {
		const struct unit *u = b->units[i];
		if (!takes_part(u)) continue;
		for (uint32_t k = 0; k < u->n_rows; k++) {
			const struct unit_row *row = &u->rows[k];
			r->rows[b->counts[s->rank[row->stmt]]++] = (struct run_row){row->values, i, k};
		}
		r->n_units++;
	}
}

// Never less than what was reserved: ids up to there may have been given away.
static int64_t next_mark(const struct id_maker *m)
{
	int64_t now = clock_now_ms();
	int64_t mark = (now > m->last_ms ? now : m->last_ms) + ID_AHEAD_MS;
	return mark > m->mark_ms ? mark : m->mark_ms;
}

// r.rows[].unit is the index among the batch's units.
void run_fill(struct store *s)
{
	struct batch *b = &s->batch;
	struct run *r = &b->run;
	size_t n_rows = count_rows(s);
	make_room(b, n_rows, s->n_stmts);
	*r = (struct run){
		.rows = r->rows,
		.n_rows = n_rows,
		.spans = r->spans,
		.failed = r->failed,
		.node = s->node.id,
		.epoch = s->node.epoch,
		.batch = s->next_batch++,
		.id_mark = b->is_last ? s->ids.last_ms + 1 : next_mark(&s->ids),
		.lease_ms = b->is_last ? 0 : LEASE_MS,
		.is_wary = b->is_wary,
	};
	make_spans(s);
	place_rows(s);
}
