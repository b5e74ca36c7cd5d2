// SPDX-License-Identifier: Apache-2.0
// What grows old: keys against duplicates (7 days), receipts that nobody asked for (48 h), sessions, uploads never
// sent.
#include "inside.h"
#include "base/clock.h"

#define EVERY_MS (10 * 60 * 1000)
#define SEEN_MS (7 * 24 * 3600 * 1000LL)
#define RECEIPTS_MS (48 * 3600 * 1000LL)
#define PORTION 500

struct sweep {
	struct pipeline *p;
	struct loop_timer timer;
};

static void again(struct sweep *s)
{
	if (!s->p->is_closing) loop_timer_set(&s->timer, EVERY_MS);
}

static void seen_portion(struct sweep *s);

static void on_dropped(const struct unit_result *r, void *arg)
{
	struct sweep *s = arg;
	struct pipeline *p = s->p;
	if (r->status)
		again(s);
	else
		seen_portion(s);
	pipeline_leave(p);
}

static void on_old(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct sweep *s = arg;
	if (status || !rows->n_rows || s->p->is_closing) {
		again(s);
		pipeline_leave(s->p);
		return;
	}
	struct unit *u = unit_new(s->p->store);
	unit_name(u, "sweep seen");
	for (size_t i = 0; i < rows->n_rows; i++)
		unit_add(u, STMT_SEEN_DROP,
			 (struct db_value[]){*db_at(rows, i, 0), *db_at(rows, i, 1), *db_at(rows, i, 2)});
	store_submit(s->p->store, u, on_dropped, s);
}

// Looked for beside the writer, removed in small units, so that nobody waits for it.
static void seen_portion(struct sweep *s)
{
	if (s->p->is_closing) return;
	pipeline_enter(s->p);
	store_read(s->p->store, STMT_SEEN_OLD, (struct db_value[]){DB_INT(clock_now_ms() - SEEN_MS), DB_INT(PORTION)},
		   on_old, s);
}

static void on_pruned(const struct unit_result *r, void *arg)
{
	struct sweep *s = arg;
	struct pipeline *p = s->p;
	seen_portion(s);
	pipeline_leave(p);
}

static void sweep(void *arg)
{
	struct sweep *s = arg;
	if (s->p->is_closing) return;
	int64_t now = clock_now_ms();
	struct unit *u = unit_new(s->p->store);
	unit_name(u, "sweep");
	unit_add(u, STMT_RECEIPT_PRUNE, (struct db_value[]){DB_INT(now - RECEIPTS_MS)});
	unit_add(u, STMT_SESSION_PRUNE, (struct db_value[]){DB_INT(now)});
	media_sweep(s->p->media, now);
	pipeline_enter(s->p);
	store_submit(s->p->store, u, on_pruned, s);
}

struct sweep *sweep_new(struct pipeline *p)
{
	struct sweep *s = mem_new(struct sweep);
	s->p = p;
	loop_timer_init(&s->timer, p->loop, "sweep", sweep, s);
	loop_timer_set(&s->timer, EVERY_MS);
	return s;
}

void sweep_free(struct sweep **s)
{
	if (!*s) return;
	loop_timer_clear(&(*s)->timer);
	mem_free(*s);
	*s = NULL;
}
