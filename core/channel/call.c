// SPDX-License-Identifier: Apache-2.0
// Calls: found by name, started now or after the commit, answered exactly once in the lane of their inbox.
#include "call.h"
#include "base/log.h"
#include "base/mem.h"
#include <assert.h>
#include <stdarg.h>
#include <string.h>

static const struct service *const SERVICES[] = {SERVICE_HTTP, SERVICE_TIMER, SERVICE_KV, SERVICE_MEDIA,
						 SERVICE_CRYPTO};

static const struct service *service_find(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(SERVICES); i++)
		for (const struct service *s = SERVICES[i]; s->name; s++)
			if (str_is(name, s->name)) return s;
	return NULL;
}

static void call_free(struct call *c)
{
	struct inbox *in = c->in;
	assert(!loop_timer_is_set(&c->timer));
	map_remove(in->plugin->calls, c->id);
	list_remove(&c->at_cause);
	list_remove(&c->at_inbox);
	in->n_calls--;
	doc_home_unref(c->home);
	doc_home_unref(c->answer_home);
	mem_free(c);
	inbox_release(in);
}

// ---- the answer -------------------------------------------------------------------------------------------------

static void answer_ended(struct cause *c, int status, const struct err *why)
{
	(void)status; /* cause.c has logged it */
	(void)why;
	struct inbox *in = c->in;
	doc_home_unref(c->home); /* the cause is gone with it */
	inbox_release(in);
}

static void call_deliver(struct lane_task *task)
{
	struct call *c = container_of(task, struct call, task);
	struct inbox *in = c->in;
	struct plugin *p = in->plugin;
	if (c->is_orphan || !p->table->answer || in->state != INBOX_OPEN) {
		call_free(c);
		return;
	}
	struct doc_home *home = c->answer_home ? doc_home_ref(c->answer_home) : doc_home_new(&p->channels->pool);
	struct cause *cause = arena_new_of(home->arena, struct cause);
	cause_open(cause, mem_ref(in), home);
	int64_t entered = plugin_enter(p, home);
	struct beseda_answer a = {
		.size = sizeof a,
		.error = c->class_,
		.call = c->id,
		.tag = c->tag,
		.cause = cause->id,
		.doc = docs_add(&p->docs, c->answer, home),
	};
	const char *what = c->service->name;
	call_free(c);
	p->table->answer(in->self, &a);
	plugin_leave(p, what, entered);
	cause_commit(cause, answer_ended);
}

void call_answer(struct call *c, enum channel_class class_, const struct json *doc, struct doc_home *home)
{
	assert(c->state != CALL_ANSWERING);
	c->state = CALL_ANSWERING;
	list_remove(&c->at_cause);
	c->class_ = class_;
	c->answer = doc;
	c->answer_home = home;
	doc_home_unref(c->home);
	c->home = NULL;
	c->doc = NULL;
	if (class_ && (c->flags & BESEDA_NO_ANSWER) && !c->is_orphan)
		log_warn(c->in->who, "%s: %s failed: %.*s", c->in->plugin->who, c->service->name,
			 STR_ARG(json_string_of(doc, "text")));
	if (c->flags & BESEDA_NO_ANSWER) c->is_orphan = true;
	c->task.run = call_deliver;
	lane_push(c->in->lane, &c->task);
}

struct doc_home *call_home(struct call *c) { return doc_home_new(&c->in->plugin->channels->pool); }

void call_fail(struct call *c, enum channel_class class_, const char *fmt, ...)
{
	struct doc_home *home = call_home(c);
	struct buf text = {0};
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	struct json_builder *b = json_build_map(home->arena);
	const struct json *s =
		json_make_string(home->arena, utf8_valid(buf_str(&text)) ? buf_str(&text) : STR("failed"));
	json_put(b, STR("text"), s);
	buf_fini(&text);
	call_answer(c, class_, json_build(b), home);
}

enum channel_class class_of(int code)
{
	switch (code) {
	case 0: return CHANNEL_NONE;
	case E_INVALID: return CHANNEL_INVALID;
	case E_TOO_LARGE: return CHANNEL_TOO_LARGE;
	case E_DENIED: return CHANNEL_POLICY;
	case E_MISSING: return CHANNEL_MEDIA_UNAVAILABLE;
	case E_UNSUPPORTED: return CHANNEL_UNSUPPORTED;
	case E_INTERNAL: return CHANNEL_INTERNAL;
	default: return CHANNEL_TRANSIENT;
	}
}

// ---- starting and ending ----------------------------------------------------------------------------------------

static struct call *call_new(struct cause *cause, const struct service *service, const struct json *doc,
			     struct doc_home *home)
{
	struct inbox *in = cause->in;
	struct call *c = mem_new(struct call);
	c->id = plugin_next_id(in->plugin);
	c->in = mem_ref(in);
	c->service = service;
	c->doc = doc;
	c->home = home ? doc_home_ref(home) : NULL;
	c->state = CALL_WAITING;
	loop_timer_init(&c->timer, in->plugin->channels->loop, service->name, NULL, c);
	list_append(&in->calls, &c->at_inbox);
	in->n_calls++;
	map_put(in->plugin->calls, c->id, c);
	return c;
}

uint64_t call_start(struct cause *cause, const char *name, const struct json *doc, struct doc_home *home,
		    uint32_t flags, uint64_t tag)
{
	struct plugin *p = cause->in->plugin;
	const struct service *service = service_find(str_of(name));
	if (!service) {
		plugin_misused(p, "calls %s, which is no service of this server", name ? name : "nothing");
		return 0;
	}
	if (cause->in->n_calls >= CALLS_MAX) {
		plugin_misused(p, "has %d calls open; %s is refused", CALLS_MAX, name);
		return 0;
	}
	struct call *c = call_new(cause, service, doc, home);
	c->flags = flags;
	c->tag = tag;
	if (service->in_cause) {
		c->cause = cause;
		cause_add_call(cause, c);
		service->start(c);
		c->cause = NULL;
	} else if (flags & BESEDA_AFTER_COMMIT) {
		cause_add_call(cause, c);
	} else {
		c->state = CALL_RUNNING;
		service->start(c);
	}
	return c->id;
}

void call_begin(struct call *c)
{
	if (c->service->in_cause) {
		call_answer(c, CHANNEL_NONE, NULL, NULL);
		return;
	}
	c->state = CALL_RUNNING;
	c->service->start(c);
}

void call_never(struct call *c) { call_fail(c, CHANNEL_TRANSIENT, "its cause was not committed"); }

// Ends a call that runs or waits; one that is being answered is left alone.
static void call_stop(struct call *c)
{
	if (c->state == CALL_WAITING && !c->service->in_cause) {
		list_remove(&c->at_cause);
		call_fail(c, CHANNEL_TRANSIENT, "cancelled before it began");
	} else if (c->state == CALL_RUNNING && !c->is_cancelled) {
		c->is_cancelled = true;
		if (c->service->cancel) c->service->cancel(c);
	}
}

int call_cancel(struct plugin *p, uint64_t id)
{
	struct call *c = map_get(p->calls, id);
	if (!c) return E_MISSING;
	call_stop(c);
	return 0;
}

void calls_orphan(struct inbox *in)
{
	list_each (at, &in->calls) {
		struct call *c = list_entry(at, struct call, at_inbox);
		c->is_orphan = true;
		call_stop(c);
	}
}
