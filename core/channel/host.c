// SPDX-License-Identifier: Apache-2.0
// The table that plugins call. It outlives its plugin: the code of a plugin is never unmapped, and a thread that it
// forgot may still call.
#include "host.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "call.h"
#include "host_op.h"
#include <assert.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#define MISUSES_LOGGED 100
#define LOG_TEXT_MAX 1000
#define WAKES_MAX 10000
#define SLOW_NS 1000000 // a callback that may be logged by name

struct host_block {
	struct beseda_host table;
	struct host_block *next;
	atomic_uintptr_t entered_by; // the thread on which a callback of the plugin runs; 0: none does
	atomic_int n_strays;
	/* below: guarded by the lock, for wake comes from any thread */
	pthread_mutex_t lock;
	struct plugin *plugin; // NULL: gone
	struct loop *loop;
	uint64_t *wakes; // inboxes
	size_t n_wakes, cap_wakes;
	bool is_posted;
	char who[64];
};

// Every table ever handed out, so that they stay reachable.
static struct host_block *all_blocks;
static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;

static struct host_block *block_of(const struct beseda_host *h) { return container_of(h, struct host_block, table); }

struct plugin *host_plugin(const struct beseda_host *h, const char *what)
{
	struct host_block *b = block_of(h);
	/* no lock: within a callback, on its thread, nobody takes the plugin away */
	if (atomic_load_explicit(&b->entered_by, memory_order_relaxed) == (uintptr_t)pthread_self()) return b->plugin;
	if (atomic_fetch_add(&b->n_strays, 1) < MISUSES_LOGGED)
		log_warn(b->who, "%s was called outside a callback; nothing was done", what);
	return NULL;
}

int64_t plugin_enter(struct plugin *p, struct doc_home *home)
{
	assert(!plugin_is_entered(p));
	docs_enter(&p->docs, home);
	atomic_store_explicit(&p->block->entered_by, (uintptr_t)pthread_self(), memory_order_relaxed);
	return loop_enter(p->channels->loop);
}

void plugin_leave(struct plugin *p, const char *what, int64_t entered)
{
	char name[128];
	if (clock_mono_ns() - entered > SLOW_NS) {
		snprintf(name, sizeof name, "%s %s", p->who, what);
		what = name;
	}
	loop_leave(p->channels->loop, what, entered);
	atomic_store_explicit(&p->block->entered_by, 0, memory_order_relaxed);
	docs_leave(&p->docs);
}

bool plugin_is_entered(const struct plugin *p)
{
	return atomic_load_explicit(&p->block->entered_by, memory_order_relaxed) != 0;
}

static void table_log(const struct beseda_host *h, uint64_t inbox, uint32_t level, const char *text)
{
	char who[128];
	if (inbox)
		snprintf(who, sizeof who, "%s, inbox %llu", block_of(h)->who, (unsigned long long)inbox);
	else
		snprintf(who, sizeof who, "%s", block_of(h)->who);
	log_line(level <= LOG_DEBUG ? (enum log_level)level : LOG_DEBUG, who, "%.*s", LOG_TEXT_MAX, text ? text : "");
}

static int32_t table_emit(const struct beseda_host *h, uint64_t cause, const char *event, beseda_doc doc)
{
	struct plugin *p = host_plugin(h, "emit");
	if (!p) return BESEDA_E_THREAD;
	struct cause *c = cause_find(p, cause);
	if (!c) {
		plugin_misused(p, "emits under cause %llu, which is over or does not exist", (unsigned long long)cause);
		return BESEDA_E_ENDED;
	}
	struct doc_home *home = NULL;
	const struct json *v = docs_get(&p->docs, doc, &home);
	if (!v) {
		cause_fail(c, &(struct err){E_INVALID, "emit: the document is none, or is not held any more"});
		return BESEDA_E_INVALID;
	}
	return cause_emit(c, event, v, home);
}

static int32_t table_complete(const struct beseda_host *h, uint64_t op, uint32_t error, beseda_doc doc)
{
	struct plugin *p = host_plugin(h, "complete");
	if (!p) return BESEDA_E_THREAD;
	struct doc_home *home = NULL;
	const struct json *v = docs_get(&p->docs, doc, &home);
	if (doc && !v) {
		plugin_misused(p, "completes an op with a document that it does not hold");
		error = error ? error : BESEDA_INTERNAL;
	}
	return op_complete(p, op, error, v, home);
}

static uint64_t table_call(const struct beseda_host *h, uint64_t cause, const char *service, beseda_doc doc,
			   uint32_t flags, uint64_t tag)
{
	struct plugin *p = host_plugin(h, "call");
	if (!p) return 0;
	struct cause *c = cause_find(p, cause);
	struct doc_home *home = NULL;
	const struct json *v = docs_get(&p->docs, doc, &home);
	if (!c || (doc && !v)) {
		plugin_misused(p, "calls %s with %s that it does not hold", service ? service : "nothing",
			       c ? "a document" : "a cause");
		return 0;
	}
	return call_start(c, service, v, home, flags, tag);
}

static int32_t table_cancel(const struct beseda_host *h, uint64_t call)
{
	struct plugin *p = host_plugin(h, "cancel");
	if (!p) return BESEDA_E_THREAD;
	return call_cancel(p, call) ? BESEDA_E_ENDED : 0;
}

// ---- wake -------------------------------------------------------------------------------------------------------

static void wake_ended(struct cause *c, int status, const struct err *why)
{
	(void)status; /* cause.c has logged it */
	(void)why;
	struct inbox *in = c->in;
	doc_home_unref(c->home); /* the cause is gone with it */
	inbox_release(in);
}

static void wake_run(struct lane_task *task)
{
	struct inbox *in = container_of(task, struct inbox, wake_task);
	struct plugin *p = in->plugin;
	if (in->state == INBOX_OPEN && p->table->wake) {
		struct doc_home *home = doc_home_new(&p->channels->pool);
		struct cause *cause = arena_new_of(home->arena, struct cause);
		cause_open(cause, mem_ref(in), home);
		int64_t entered = plugin_enter(p, home);
		p->table->wake(in->self, cause->id);
		plugin_leave(p, "wake", entered);
		cause_commit(cause, wake_ended);
	}
	inbox_release(in);
}

static void wakes_take(void *arg)
{
	struct host_block *b = arg;
	pthread_mutex_lock(&b->lock);
	struct plugin *p = b->plugin;
	uint64_t *wakes = b->wakes;
	size_t n = b->n_wakes;
	b->wakes = NULL;
	b->n_wakes = b->cap_wakes = 0;
	b->is_posted = false;
	pthread_mutex_unlock(&b->lock);
	for (size_t i = 0; p && i < n; i++) {
		struct inbox *in = map_get(p->channels->inboxes, wakes[i]);
		if (!in || in->plugin != p || list_is_linked(&in->wake_task.at)) continue;
		mem_ref(in);
		in->wake_task.run = wake_run;
		lane_push(in->lane, &in->wake_task);
	}
	mem_free(wakes);
}

static void wake_add(struct host_block *b, uint64_t inbox)
{
	for (size_t i = 0; i < b->n_wakes; i++)
		if (b->wakes[i] == inbox) return;
	if (b->n_wakes >= WAKES_MAX) return;
	if (b->n_wakes == b->cap_wakes) {
		b->cap_wakes = b->cap_wakes ? b->cap_wakes * 2 : 8;
		b->wakes = mem_realloc(b->wakes, b->cap_wakes * sizeof *b->wakes);
	}
	b->wakes[b->n_wakes++] = inbox;
}

static void table_wake(const struct beseda_host *h, uint64_t inbox)
{
	struct host_block *b = block_of(h);
	pthread_mutex_lock(&b->lock);
	if (b->plugin) {
		wake_add(b, inbox);
		if (!b->is_posted) loop_post(b->loop, wakes_take, b);
		b->is_posted = true;
	}
	pthread_mutex_unlock(&b->lock);
}

// ---- extensions -------------------------------------------------------------------------------------------------

static uint32_t table_is_lane(const struct beseda_host *h)
{
	return atomic_load_explicit(&block_of(h)->entered_by, memory_order_relaxed) == (uintptr_t)pthread_self();
}

static const void *table_ext(const struct beseda_host *h, const char *name)
{
	(void)h;
	static const struct beseda_thread_check_v1 THREAD_CHECK = {.size = sizeof THREAD_CHECK,
								   .is_lane = table_is_lane};
	if (str_is(str_of(name), BESEDA_DOC_V1)) return &host_doc_table;
	if (str_is(str_of(name), BESEDA_THREAD_CHECK_V1)) return &THREAD_CHECK;
	return NULL;
}

// ---- the block --------------------------------------------------------------------------------------------------

struct host_block *host_block_new(struct plugin *p)
{
	struct host_block *b = mem_new(struct host_block);
	b->table = (struct beseda_host){
		.size = sizeof b->table,
		.abi = BESEDA_ABI,
		.ext = table_ext,
		.log = table_log,
		.emit = table_emit,
		.complete = table_complete,
		.call = table_call,
		.cancel = table_cancel,
		.wake = table_wake,
	};
	pthread_mutex_init(&b->lock, NULL);
	b->plugin = p;
	b->loop = p->channels->loop;
	snprintf(b->who, sizeof b->who, "%s", p->who);
	pthread_mutex_lock(&all_lock);
	b->next = all_blocks;
	all_blocks = b;
	pthread_mutex_unlock(&all_lock);
	return b;
}

void host_block_end(struct host_block *b)
{
	pthread_mutex_lock(&b->lock);
	b->plugin = NULL;
	b->loop = NULL;
	mem_free(b->wakes);
	b->wakes = NULL;
	b->n_wakes = b->cap_wakes = 0;
	pthread_mutex_unlock(&b->lock);
}

const struct beseda_host *host_table(struct host_block *b) { return &b->table; }

void plugin_misused(struct plugin *p, const char *fmt, ...)
{
	if (p->n_misuses > MISUSES_LOGGED) return;
	struct buf text = {0};
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	bool is_last = p->n_misuses++ == MISUSES_LOGGED;
	log_warn(p->who, "%s%s", text.p, is_last ? "; more of it will not be logged" : "");
	buf_fini(&text);
}
