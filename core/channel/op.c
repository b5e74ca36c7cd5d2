// SPDX-License-Identifier: Apache-2.0
// Ops: from the queue of the lane through the plugin and the commit to the one who waits. An op past its deadline is
// uncertain: what it emitted is dropped, and a completion that still comes has no effect.
#include "cause.h"
#include "call.h"
#include "host_op.h"
#include "base/log.h"
#include "base/mem.h"
#include <assert.h>
#include <stdio.h>

enum op_state { OP_QUEUED, OP_RUNNING, OP_COMMITTING, OP_ENDING };

struct op {
	struct inbox *in;      // a reference
	struct doc_home *home; // a reference; the op itself stands in it
	enum op_state state;
	const char *verb;
	const struct json *doc, *resume;
	const char *key;
	int attempt;
	struct cause cause;
	struct list at_inbox;
	struct lane_task task;
	struct loop_timer deadline;
	struct op_end end;
	struct doc_home *end_home; // of end.doc
	op_end_cb cb;
	void *arg;
};

// The only place where the state of an op changes.
static void op_move(struct op *op, enum op_state to)
{
	static const uint8_t LEGAL[] = {
		[OP_QUEUED] = 1 << OP_RUNNING | 1 << OP_ENDING,
		[OP_RUNNING] = 1 << OP_COMMITTING | 1 << OP_ENDING,
		[OP_COMMITTING] = 1 << OP_ENDING,
		[OP_ENDING] = 0,
	};
	assert(LEGAL[op->state] & 1 << to);
	op->state = to;
}

static void op_free(struct op *op)
{
	struct inbox *in = op->in;
	doc_home_unref(op->end_home);
	doc_home_unref(op->home); /* the op is gone with it */
	inbox_release(in);
}

static void op_tell_cancelled(struct op *op)
{
	struct plugin *p = op->in->plugin;
	if (!p->table->cancel || op->in->state == INBOX_CLOSED) return;
	int64_t entered = plugin_enter(p, op->home);
	p->table->cancel(op->in->self, op->cause.id);
	plugin_leave(p, "cancel", entered);
}

// In the lane: the one who waits is told, then the plugin if it was cut short.
static void op_end_run(struct lane_task *task)
{
	struct op *op = container_of(task, struct op, task);
	struct channel_stats *stats = &op->in->plugin->channels->stats;
	list_remove(&op->at_inbox);
	stats->ops_running--;
	if (op->end.status) stats->ops_failed++;
	if (op->cb) op->cb(&op->end, op->arg);
	if (op->end.was_begun && op->end.status == E_TIMEOUT) op_tell_cancelled(op);
	channels_op_gone(op->in->plugin->channels);
	op_free(op);
}

static void op_end(struct op *op, int status, const char *text)
{
	op_move(op, OP_ENDING);
	loop_timer_clear(&op->deadline);
	op->end.status = status;
	if (text) op->end.text = str_of(text);
	op->task.run = op_end_run;
	lane_push(op->in->lane, &op->task);
}

static void op_expired(void *arg)
{
	struct op *op = arg;
	if (op->state == OP_QUEUED) {
		lane_remove(op->in->lane, &op->task);
		op_end(op, E_BUSY, "its time was over before it began");
		return;
	}
	assert(op->state == OP_RUNNING);
	cause_drop(&op->cause);
	log_warn(op->in->who, "%s: %s was not completed within its deadline", op->in->plugin->who, op->verb);
	op_end(op, E_TIMEOUT, "no answer within the deadline");
}

static void op_run(struct lane_task *task)
{
	struct op *op = container_of(task, struct op, task);
	struct inbox *in = op->in;
	struct plugin *p = in->plugin;
	if (in->state != INBOX_OPEN) {
		op_end(op, E_CLOSED,
		       in->state == INBOX_FAILED ? "the inbox could not be opened" : "the inbox is closed");
		return;
	}
	if (!manifest_has_verb(&p->manifest, op->verb)) {
		op_end(op, E_UNSUPPORTED, "the channel does not do this");
		return;
	}
	op_move(op, OP_RUNNING);
	op->end.was_begun = true;
	cause_open(&op->cause, in, op->home);
	op->cause.op = op;
	int64_t left = op->deadline.due_ms - loop_now_ms(in->plugin->channels->loop);
	int64_t entered = plugin_enter(p, op->home);
	struct beseda_op info = {
		.size = sizeof info,
		.attempt = (uint32_t)op->attempt,
		.id = op->cause.id,
		.verb = op->verb,
		.key = op->key,
		.deadline_ms = left > 0 ? left : 0,
		.doc = docs_add(&p->docs, op->doc, op->home),
		.resume = docs_add(&p->docs, op->resume, op->home),
	};
	struct doc_home *home = doc_home_ref(op->home);
	const char *verb = op->verb;
	p->table->op(in->self, &info);
	plugin_leave(p, verb, entered);
	doc_home_unref(home);
}

static void op_cause_ended(struct cause *c, int status, const struct err *why)
{
	struct op *op = container_of(c, struct op, cause);
	if (!status) {
		op_end(op, op->end.status, NULL);
		return;
	}
	op->end.doc = NULL;
	op->end.text = why ? arena_str(op->home->arena, str_of(why->text)) : STR_NONE;
	op_end(op, status, NULL);
}

static enum channel_scope scope_of(struct str name)
{
	static const char *const NAMES[] = {
#define X(scope, text) [CHANNEL_SCOPE_##scope] = text,
		CHANNEL_SCOPES(X)
#undef X
	};
	for (size_t i = 0; i < ARRAY_LEN(NAMES); i++)
		if (str_is(name, NAMES[i])) return (enum channel_scope)i;
	return CHANNEL_SCOPE_MESSAGE;
}

// What a plugin says about an error.
static void op_note_error(struct op *op, enum channel_class class_, const struct json *doc)
{
	op->end.status = E_REMOTE;
	op->end.class_ = class_;
	op->end.scope = scope_of(json_string_of(doc, "scope"));
	op->end.retry_after_ms = json_int_of(doc, "retry_after_ms", 0);
	if (op->end.retry_after_ms < 0) op->end.retry_after_ms = 0;
	op->end.text = utf8_cut(json_string_of(doc, "text"), 500);
}

int32_t op_complete(struct plugin *p, uint64_t id, uint32_t class_, const struct json *doc, struct doc_home *home)
{
	struct cause *c = cause_find(p, id);
	if (!c || !c->op) {
		plugin_misused(p, "completes op %llu, which %s", (unsigned long long)id,
			       id && id <= p->last_id ? "is over" : "does not exist");
		return BESEDA_E_ENDED;
	}
	struct op *op = c->op;
	struct err why;
	if (doc_check(doc, &why)) {
		plugin_misused(p, "%s is completed with too much: %s", op->verb, why.text);
		class_ = BESEDA_INTERNAL;
		doc = NULL;
	}
	op_move(op, OP_COMMITTING);
	loop_timer_clear(&op->deadline);
	op->end.doc = doc;
	op->end_home = doc ? doc_home_ref(home) : NULL;
	if (!class_) {
		cause_commit(c, op_cause_ended);
		return 0;
	}
	op_note_error(op, class_ <= CHANNEL_INTERNAL ? (enum channel_class)class_ : CHANNEL_INTERNAL, doc);
	cause_drop(c);
	op_end(op, E_REMOTE, NULL);
	return 0;
}

const char *op_verb(const struct op *op) { return op->verb; }

// ---- starting ---------------------------------------------------------------------------------------------------

struct op *op_start(struct inbox *in, const struct op_ask *ask, op_end_cb cb, void *arg)
{
	struct channels *c = in->plugin->channels;
	if (!inbox_takes_work(in) || lane_is_full(in->lane)) {
		doc_home_unref(ask->home);
		return NULL;
	}
	struct doc_home *home = ask->home ? ask->home : doc_home_new(&c->pool);
	struct op *op = arena_new_of(home->arena, struct op);
	op->home = home;
	op->in = mem_ref(in);
	op->verb = ask->verb;
	bool is_copied = !ask->home;
	op->doc = ask->doc && is_copied ? json_copy(home->arena, ask->doc) : ask->doc;
	op->resume = ask->resume && is_copied ? json_copy(home->arena, ask->resume) : ask->resume;
	op->key = ask->key.p ? arena_cstr(home->arena, ask->key) : NULL;
	op->attempt = ask->attempt > 0 ? ask->attempt : 1;
	op->cb = cb;
	op->arg = arg;
	op->task.run = op_run;
	loop_timer_init(&op->deadline, c->loop, "op deadline", op_expired, op);
	loop_timer_set(&op->deadline, ask->deadline_ms);
	list_append(&in->ops, &op->at_inbox);
	c->stats.ops++;
	c->stats.ops_running++;
	lane_push(in->lane, &op->task);
	return op;
}

void op_forget(struct op *op) { op->cb = NULL; }

void ops_cut(struct inbox *in)
{
	list_each (at, &in->ops) {
		struct op *op = list_entry(at, struct op, at_inbox);
		if (op->state == OP_QUEUED) {
			lane_remove(in->lane, &op->task);
			op_end(op, E_CLOSED, "the inbox is closed");
		} else if (op->state == OP_RUNNING) {
			cause_drop(&op->cause);
			op_end(op, E_TIMEOUT, "the inbox was closed meanwhile");
		}
	}
}
