// SPDX-License-Identifier: Apache-2.0
// Causes: events and puts gathered in the cause's home, one channel_commit, then the calls that waited for it.
#include "cause.h"
#include "base/log.h"
#include "base/mem.h"
#include "call.h"
#include "event.h"
#include "host_op.h"
#include <string.h>

#define EVENTS_MAX 10000

void cause_open(struct cause *c, struct inbox *in, struct doc_home *home)
{
	*c = (struct cause){.id = plugin_next_id(in->plugin), .in = in, .home = home};
	list_init(&c->after);
	map_put(in->plugin->causes, c->id, c);
}

struct cause *cause_find(struct plugin *p, uint64_t id) { return map_get(p->causes, id); }

static void cause_close(struct cause *c) { map_remove(c->in->plugin->causes, c->id); }

// Room for one more element of an array in the cause's arena.
static void *array_room(struct arena *a, void *items, size_t n, size_t *cap, size_t size)
{
	if (n < *cap) return items;
	size_t grown = *cap ? *cap * 2 : 4;
	void *more = arena_alloc(a, grown * size);
	if (n) memcpy(more, items, n * size);
	*cap = grown;
	return more;
}

static void cause_hold(struct cause *c, struct doc_home *home)
{
	if (home == c->home || (c->n_held && c->held[c->n_held - 1] == home)) return;
	c->held = array_room(c->home->arena, c->held, c->n_held, &c->cap_held, sizeof *c->held);
	c->held[c->n_held++] = doc_home_ref(home);
}

void cause_fail(struct cause *c, const struct err *why)
{
	if (c->why.code) return;
	c->why = *why;
	log_warn(c->in->who, "%s: a cause fails: %s", c->in->plugin->who, why->text);
}

static void emit_signal(struct inbox *in, const struct event_type *t, const struct json *doc)
{
	const struct channel_ports *ports = &in->plugin->channels->ports;
	struct channel_event event = {str_of(t->name), doc};
	if (t->way == EVENT_SIGNAL && ports->signal) ports->signal(ports->ctx, in->id, &event);
	if (t->way == EVENT_STATE && ports->inbox_state)
		ports->inbox_state(ports->ctx, in->id, json_string_of(doc, "state"), json_string_of(doc, "why"));
}

// A live customer waits at the other end and is told what is wrong. A provider would only send the same again and
// again.
static bool parks(const struct cause *c) { return !c->op || !str_starts(str_of(op_verb(c->op)), STR("live.")); }

static void add_event(struct cause *c, const struct channel_event *event, struct doc_home *home)
{
	c->events = array_room(c->home->arena, c->events, c->commit.n_events, &c->cap_events, sizeof *c->events);
	c->events[c->commit.n_events++] = *event;
	cause_hold(c, home);
}

int32_t cause_emit(struct cause *c, const char *type, const struct json *doc, struct doc_home *home)
{
	if (c->why.code) return BESEDA_E_FAILED;
	const struct event_type *t = event_find(str_of(type));
	if (!t) return BESEDA_E_UNSUPPORTED;
	struct err why = {0};
	if (c->commit.n_events >= EVENTS_MAX) {
		err_set(&why, E_TOO_LARGE, "%s: more than %d events of one cause", t->name, EVENTS_MAX);
		cause_fail(c, &why);
		return BESEDA_E_TOO_LARGE;
	}
	struct channel_event event = {str_of(t->name), doc, STR_NONE};
	int r = event_check(t, doc, &why);
	if (r && !parks(c)) cause_fail(c, &why);
	if (r) event.why = arena_str(c->home->arena, str_of(why.text));
	if (t->way == EVENT_COMMITTED && !c->why.code) add_event(c, &event, home);
	if (r) return r == E_TOO_LARGE ? BESEDA_E_TOO_LARGE : BESEDA_E_INVALID;
	if (t->way != EVENT_COMMITTED) emit_signal(c->in, t, doc);
	return 0;
}

int cause_put(struct cause *c, struct str key, const struct json *value, struct doc_home *home)
{
	if (c->why.code) return c->why.code;
	/* the last one of a key counts: what stood there before is never seen */
	for (size_t i = 0; i < c->commit.n_puts; i++) {
		if (!str_eq(c->puts[i].key, key)) continue;
		c->puts[i].value = value;
		cause_hold(c, home);
		return 0;
	}
	if (c->commit.n_puts >= EVENTS_MAX) return E_TOO_LARGE;
	c->puts = array_room(c->home->arena, c->puts, c->commit.n_puts, &c->cap_puts, sizeof *c->puts);
	c->puts[c->commit.n_puts++] = (struct channel_put){key, value};
	cause_hold(c, home);
	return 0;
}

void cause_add_call(struct cause *c, struct call *call) { list_append(&c->after, &call->at_cause); }

static void cause_let_go(struct cause *c)
{
	for (size_t i = 0; i < c->n_held; i++)
		doc_home_unref(c->held[i]);
	c->n_held = 0;
}

static void cause_settle(struct cause *c, int status, const struct err *why)
{
	for (struct list *at; (at = list_pop(&c->after));) {
		struct call *call = list_entry(at, struct call, at_cause);
		if (status)
			call_never(call);
		else
			call_begin(call);
	}
	cause_let_go(c);
	c->ended(c, status, why);
}

static void commit_done(struct channel_commit *commit, int status, const struct err *why)
{
	struct cause *c = container_of(commit, struct cause, commit);
	if (status)
		log_warn(c->in->who, "%s: %zu events were not committed: %s", c->in->plugin->who, c->commit.n_events,
			 why ? why->text : err_text(status));
	cause_settle(c, status, why);
}

// A cause that failed before its commit, or has nothing to commit, ends in its lane.
static void cause_end_run(struct lane_task *task)
{
	struct cause *c = container_of(task, struct cause, task);
	cause_settle(c, c->why.code, c->why.code ? &c->why : NULL);
}

void cause_commit(struct cause *c, cause_end_cb ended)
{
	cause_close(c);
	c->ended = ended;
	if (c->why.code || (!c->commit.n_events && !c->commit.n_puts)) {
		c->task.run = cause_end_run;
		lane_push(c->in->lane, &c->task);
		return;
	}
	c->commit.inbox = c->in->id;
	c->commit.events = c->events;
	c->commit.parks = parks(c);
	c->commit.puts = c->puts;
	c->commit.done = commit_done;
	const struct channel_ports *ports = &c->in->plugin->channels->ports;
	ports->commit(ports->ctx, &c->commit);
}

void cause_drop(struct cause *c)
{
	cause_close(c);
	for (struct list *at; (at = list_pop(&c->after));)
		call_never(list_entry(at, struct call, at_cause));
	cause_let_go(c);
}
