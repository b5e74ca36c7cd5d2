// SPDX-License-Identifier: Apache-2.0
// Opening a store: tables checked, schema brought up to date, node row taken, driver started; and its memory's end.
#include "inside.h"
#include <assert.h>
#include <string.h>

#define MAX_WAITING 2000
#define BATCH_UNITS 200
#define PARAMS_MAX 60

const char *driver_path(const char *url) { return strchr(url, ':') + 1; }

static const struct driver_ops *driver_of(const char *url)
{
	struct str u = str_of(url);
	if (str_starts(u, STR("sqlite:"))) return &DB_SQLITE;
	if (str_starts(u, STR("fake:"))) return &DB_FAKE;
	bool is_pg = str_starts(u, STR("postgres://")) || str_starts(u, STR("postgresql://")) || str_find(u, '=') > 0;
	return is_pg ? &DB_PGSQL : NULL;
}

static const char *wrong_with(const struct db_stmt *st)
{
	const char *letters = st->kind == DB_READ ? "itbrIT" : "itbr";
	if (!st->name || !st->params || !st->sqlite || !st->pgsql) return "has no name, params or text";
	if (strlen(st->params) > PARAMS_MAX) return "has too many params";
	if (st->params[strspn(st->params, letters)]) return "has an unknown letter in params";
	if (st->kind == DB_READ && !st->result) return "is a read without result";
	if (st->result && st->result[strspn(st->result, "itbr")]) return "has an unknown letter in result";
	return NULL;
}

static int check_stmts(const struct db_stmt *stmts, size_t n, struct err *e)
{
	int n_logs = 0;
	for (size_t i = 0; i < n; i++) {
		const char *wrong = wrong_with(&stmts[i]);
		if (wrong) return err_set(e, E_INTERNAL, "statement %s %s", stmts[i].name ? stmts[i].name : "?", wrong);
		n_logs += stmts[i].kind == DB_LOG;
	}
	return n_logs > 1 ? err_set(e, E_INTERNAL, "there is more than one statement of the log") : 0;
}

// Their order in a batch: guards, writes, the log; within a kind as in the table.
static void rank_stmts(struct store *s)
{
	static const enum db_kind ORDER[] = {DB_GUARD, DB_WRITE, DB_LOG, DB_READ};
	s->rank = mem_calloc(s->n_stmts, sizeof *s->rank);
	s->by_rank = mem_calloc(s->n_stmts, sizeof *s->by_rank);
	uint16_t at = 0;
	for (size_t k = 0; k < ARRAY_LEN(ORDER); k++)
		for (size_t i = 0; i < s->n_stmts; i++) {
			if (s->stmts[i].kind != ORDER[k]) continue;
			s->by_rank[at] = (uint16_t)i;
			s->rank[i] = at++;
		}
}

static void take_stmts(struct store *s, const struct store_options *o)
{
	assert(o->n_stmts + N_OWN < UINT16_MAX);
	s->own = (int)o->n_stmts;
	s->n_stmts = o->n_stmts + N_OWN;
	s->stmts = mem_calloc(s->n_stmts, sizeof *s->stmts);
	if (o->n_stmts) memcpy(s->stmts, o->stmts, o->n_stmts * sizeof *s->stmts);
	memcpy(s->stmts + o->n_stmts, OWN_STMTS, sizeof OWN_STMTS);
	rank_stmts(s);
}

static void on_driver_down(void *arg)
{
	struct store *s = arg;
	s->is_beat_due = !s->is_closing;
	store_wake(s);
}

static int start(struct store *s, const struct store_options *o, const struct driver_ops *ops, struct session *ses,
		 struct err *e)
{
	int status = migrate(ses, ops->is_pgsql, o->migrations, o->n_migrations, e);
	if (!status)
		status = node_take(ses, o->instance, ops->is_shared && o->max_nodes ? o->max_nodes : 1, &s->node, e);
	if (!status) status = counters_open(s, ses, e);
	if (status) return status;
	struct driver_config c = {
		.loop = s->loop,
		.url = o->url,
		.stmts = s->stmts,
		.n_stmts = s->n_stmts,
		.on_down = on_driver_down,
		.arg = s,
	};
	s->driver = ops->open(&c, e);
	if (!s->driver) return e->code;
	s->next_batch = first_batch(s->node.epoch);
	id_maker_init(&s->ids, s->node.id, s->node.from_ms, s->node.mark_ms);
	return 0;
}

static struct store *store_make(const struct store_options *o)
{
	struct store *s = mem_new(struct store);
	s->loop = o->loop;
	s->max_waiting = o->max_waiting ? o->max_waiting : MAX_WAITING;
	s->batch_units = o->batch_units ? o->batch_units : BATCH_UNITS;
	list_init(&s->queue);
	list_init(&s->locked);
	list_init(&s->given_back);
	list_init(&s->committed);
	list_init(&s->spare);
	s->counters = smap_new();
	take_stmts(s, o);
	store_timers_init(s);
	return s;
}

int store_open(struct store **s_r, const struct store_options *o, struct err *e)
{
	*s_r = NULL;
	struct err why = {0};
	if (!e) e = &why;
	const struct driver_ops *ops = driver_of(o->url);
	if (!ops) return err_set(e, E_INVALID, "a store's address begins with sqlite: or postgres://");
	int status = check_stmts(o->stmts, o->n_stmts, e);
	if (status) return status;
	struct session *ses = ops->session(o->url, e);
	if (!ses) return e->code;
	struct store *s = store_make(o);
	status = start(s, o, ops, ses, e);
	ses->ops->close(ses);
	if (status) {
		store_destroy(s);
		return status;
	}
	loop_hold(s->loop);
	loop_timer_set(&s->beat, BEAT_MS);
	*s_r = s;
	return 0;
}

void store_destroy(struct store *s)
{
	assert(list_is_empty(&s->queue) && list_is_empty(&s->locked) && list_is_empty(&s->given_back));
	for (struct list *at; (at = list_pop(&s->spare));) {
		struct unit *u = list_entry(at, struct unit, at);
		arena_free(&u->arena);
		mem_free(u);
	}
	arena_pool_fini(&s->arenas);
	batch_fini(&s->batch);
	counters_free(s);
	mem_free(s->rank);
	mem_free(s->by_rank);
	mem_free(s->stmts);
	mem_free(s);
}
