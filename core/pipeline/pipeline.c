// SPDX-License-Identifier: Apache-2.0
// The river's life: made, started from what the store holds, closed when nothing is under way.
#include "known.h"
#include <assert.h>

#define OUTBOX_LIFE_MS (3600 * 1000LL)

void pipeline_enter(struct pipeline *p) { p->n_running++; }

static void closed(void *arg)
{
	struct pipeline *p = arg;
	loop_cb cb = p->on_closed;
	p->is_ending = false;
	if (p->n_running || !cb) return; // something began meanwhile: its end comes here again
	p->on_closed = NULL;
	cb(p->closed_arg);
}

static void end_if_idle(struct pipeline *p)
{
	if (p->n_running || !p->on_closed || p->is_ending) return;
	p->is_ending = true;
	loop_defer(p->loop, closed, p);
}

void pipeline_leave(struct pipeline *p)
{
	assert(p->n_running > 0);
	if (--p->n_running == 0) end_if_idle(p);
}

struct pipeline *pipeline_new(const struct pipeline_options *o)
{
	struct pipeline *p = mem_new(struct pipeline);
	p->loop = o->loop;
	p->store = o->store;
	p->directory = o->directory;
	p->media = o->media;
	p->channels = o->channels;
	p->outbox_life_ms = o->outbox_life_ms ? o->outbox_life_ms : OUTBOX_LIFE_MS;
	p->turns = turns_new(o->loop);
	p->known = known_new();
	p->arenas.first_block = ARENA_BLOCK;
	p->feed = feed_new(p);
	p->assign = assign_new(p);
	p->outbox = outbox_new(p);
	return p;
}

void pipeline_set_channels(struct pipeline *p, struct channels *c) { p->channels = c; }

// ---- start ----------------------------------------------------------------------------------------------------------

struct starting {
	struct pipeline *p;
	loop_done_cb done;
	void *arg;
};

static void start_end(struct starting *s, int status)
{
	struct pipeline *p = s->p;
	if (!status && p->is_closing) status = E_CANCELLED;
	if (!status) p->sweep = sweep_new(p);
	s->done(status, s->arg);
	mem_free(s);
	pipeline_leave(p);
}

static void on_outbox(int status, void *arg) { start_end(arg, status); }

static void on_assign(int status, void *arg)
{
	struct starting *s = arg;
	if (status)
		start_end(s, status);
	else
		outbox_start(s->p, on_outbox, s);
}

static void on_feed(int status, void *arg)
{
	struct starting *s = arg;
	if (status)
		start_end(s, status);
	else
		assign_start(s->p, on_assign, s);
}

void pipeline_start(struct pipeline *p, loop_done_cb done, void *arg)
{
	struct starting *s = mem_new(struct starting);
	*s = (struct starting){p, done, arg};
	pipeline_enter(p);
	feed_start(p, on_feed, s);
}

// ---- end ------------------------------------------------------------------------------------------------------------

void pipeline_stop(struct pipeline *p) { p->is_stopped = true; }

void pipeline_give_up(struct pipeline *p) { p->has_given_up = true; }

void pipeline_close(struct pipeline *p, loop_cb done, void *arg)
{
	p->is_stopped = p->is_closing = true;
	p->on_closed = done;
	p->closed_arg = arg;
	feed_stop(p);
	assign_stop(p);
	end_if_idle(p);
}

void pipeline_free(struct pipeline **pp)
{
	struct pipeline *p = *pp;
	*pp = NULL;
	if (!p) return;
	sweep_free(&p->sweep);
	outbox_free(&p->outbox);
	assign_free(&p->assign);
	feed_free(&p->feed);
	known_free(&p->known);
	turns_free(&p->turns);
	arena_pool_fini(&p->arenas);
	mem_free(p);
}

// ---- ports ----------------------------------------------------------------------------------------------------------

static void port_commit(void *ctx, struct channel_commit *c) { ingest_commit(ctx, c); }

struct kv_read {
	struct pipeline *p;
	channel_kv_cb cb;
	void *arg;
};

static void on_kv(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct kv_read *k = arg;
	struct pipeline *p = k->p;
	struct arena *a = arena_new(0);
	const struct json *value = NULL;
	if (!status && rows->n_rows) status = json_parse(a, db_str(rows, 0, 0), &JSON_PROVIDER, &value, NULL);
	k->cb(status, value, k->arg);
	arena_free(&a);
	mem_free(k);
	pipeline_leave(p);
}

static void port_kv_get(void *ctx, uint64_t inbox, struct str key, channel_kv_cb cb, void *arg)
{
	struct kv_read *k = mem_new(struct kv_read);
	*k = (struct kv_read){ctx, cb, arg};
	pipeline_enter(k->p);
	store_read(k->p->store, STMT_KV, (struct db_value[]){DB_INT(inbox), DB_TEXT(key)}, on_kv, k);
}

void pipeline_ports(struct pipeline *p, struct channel_ports *ports)
{
	ports->ctx = p;
	ports->commit = port_commit;
	ports->kv_get = port_kv_get;
	ports->replay = live_replay;
	ports->may_read = live_may_read;
	ports->signal = live_signal;
}

void pipeline_stats(const struct pipeline *p, struct pipeline_stats *r) { *r = p->stats; }
