// SPDX-License-Identifier: Apache-2.0
// A plugin that does what an op's document tells it: {"steps":[{"do":"emit",…},{"do":"complete"}…]}. What it sees it
// writes to the log, where tests read it. Some of its steps are things that no plugin may do.
#include "beseda/plugin.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef PROBE_IS_LIVE
#define PROBE_LIVE "live" : {"burst" : 5},
#else
#define PROBE_LIVE
#endif

// clang-format off
#define TEXT(...) #__VA_ARGS__
#define JSON(...) TEXT(__VA_ARGS__) /* what is a macro in it is replaced first */
static const char MANIFEST[] = JSON({
	"name": "Probe",
	"lanes": PROBE_LANES,
	"verbs": ["inbox.start", "message.send", "webhook.request", "live.hello", "live.frame", "live.gone"],
	PROBE_LIVE
	"webhook": {
		"methods": ["POST", "GET", "PUT"], "max_bytes": 4096, "deadline_ms": 300, "headers": ["x-kind"],
		"verify": [
			{
				"type": "hmac", "secret": "hmac", "header": "X-Sig", "algo": "sha1", "encoding": "base64",
				"over": "v0:{timestamp}:{body}", "timestamp": "X-Time", "tolerance": 60
			},
			{"type": "basic", "secret": "password", "user": "hook"},
			{"type": "token", "secret": "token", "query": "key"},
			{"type": "none"}
		]
	},
	"config": {
		"type": "object",
		"properties": {
			"hmac": {"type": "string", "secret": true},
			"password": {"type": "string", "secret": true},
			"token": {"type": "string", "secret": true},
			"number": {"type": "integer", "default": 7},
			"fail": {"type": "boolean"},
			"start": {"type": "array", "items": {"type": "object", "properties": {}}}
		}
	}
});
// clang-format on

static const struct beseda_host *H;
static const struct beseda_doc_v1 *D;
static const struct beseda_thread_check_v1 *T;

struct errand;
struct probe {
	uint64_t inbox;
	struct errand *errands;
	beseda_doc config;
	uint64_t last_op, held_op;
	uint64_t last_call;
	beseda_doc stale; // held without keep: a mistake
	pthread_t thread;
	int has_thread;
};

// What a call is for, until its answer.
struct errand {
	struct errand *next;
	uint64_t op;
	beseda_doc then; // kept; 0: only log
};

static struct errand *errand_new(struct probe *p, uint64_t op, beseda_doc then)
{
	struct errand *e = calloc(1, sizeof *e);
	if (!e) abort();
	e->op = op;
	e->then = D->keep(H, then);
	e->next = p->errands;
	p->errands = e;
	return e;
}

static void errand_free(struct probe *p, struct errand *e)
{
	struct errand **at = &p->errands;
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	D->drop(H, e->then);
	free(e);
}

static int is_in;

static void enter(struct probe *p)
{
	if (is_in) H->log(H, p->inbox, BESEDA_LOG_ERROR, "NESTED");
	if (T && !T->is_lane(H)) H->log(H, p->inbox, BESEDA_LOG_ERROR, "NOT IN THE LANE");
	is_in = 1;
}

static void leave(void) { is_in = 0; }

static void say(struct probe *p, const char *what, int64_t n, beseda_doc doc)
{
	char line[900];
	struct beseda_str text = doc ? D->to_json(H, doc, NULL) : beseda_str("-");
	snprintf(line, sizeof line, "%s %lld %.*s", what, (long long)n, (int)(text.n < 700 ? text.n : 700),
		 text.p ? text.p : "?");
	H->log(H, p->inbox, BESEDA_LOG_INFO, line);
}

static int32_t probe_init(const struct beseda_host *h)
{
	H = h;
	D = h->ext(h, BESEDA_DOC_V1);
	T = h->ext(h, BESEDA_THREAD_CHECK_V1);
	return D && T && !h->ext(h, "beseda.nothing/1") ? 0 : -1;
}

static int32_t probe_open(uint64_t inbox, beseda_doc config, beseda_doc state, void **self_r)
{
	(void)state;
	if (D->boolean(H, config, "/fail", 0)) return BESEDA_CONFIG;
	struct probe *p = calloc(1, sizeof *p);
	if (!p) return BESEDA_TRANSIENT;
	p->inbox = inbox;
	p->config = D->keep(H, config);
	*self_r = p;
	enter(p);
	say(p, "open", (int64_t)inbox, config);
	leave();
	return 0;
}

static void probe_close(void *self)
{
	struct probe *p = self;
	enter(p);
	if (p->has_thread) pthread_join(p->thread, NULL);
	say(p, "close", (int64_t)p->inbox, 0);
	D->drop(H, p->config);
	while (p->errands)
		errand_free(p, p->errands);
	leave();
	free(p);
}

static void *thread_main(void *arg)
{
	struct probe *p = arg;
	H->log(H, p->inbox, BESEDA_LOG_INFO, "thread says hello");
	/* each of these is refused here */
	if (H->emit(H, 1, "message.in", 1) != BESEDA_E_THREAD || D->build(H) || T->is_lane(H))
		H->log(H, p->inbox, BESEDA_LOG_ERROR, "A THREAD GOT THROUGH");
	for (int i = 0; i < 100; i++)
		H->wake(H, p->inbox);
	return NULL;
}

static void do_thread(struct probe *p)
{
	if (p->has_thread) pthread_join(p->thread, NULL);
	p->has_thread = !pthread_create(&p->thread, NULL, thread_main, p);
}

static void do_call(struct probe *p, uint64_t op, uint64_t cause, beseda_doc step)
{
	uint32_t flags = D->boolean(H, step, "/after_commit", 0) ? BESEDA_AFTER_COMMIT : 0;
	if (D->boolean(H, step, "/no_answer", 0)) flags |= BESEDA_NO_ANSWER;
	struct errand *e = errand_new(p, op, D->at(H, step, "/then"));
	struct beseda_str service = D->string(H, step, "/service");
	uint64_t tag = flags & BESEDA_NO_ANSWER ? 0 : (uint64_t)(uintptr_t)e;
	p->last_call = H->call(H, cause, service.p, D->at(H, step, "/doc"), flags, tag);
	if (p->last_call && tag) return;
	say(p, p->last_call ? "called" : "refused", 0, step);
	errand_free(p, e);
}

// {"secret":"token"}: the handle out of the config, wrapped as the step says.
static void do_secret(struct probe *p, uint64_t op, uint64_t cause, beseda_doc step)
{
	beseda_build b = D->build(H);
	D->map(H, b, NULL);
	D->put_string(H, b, "url", D->string(H, step, "/url"));
	D->map(H, b, "headers");
	D->map(H, b, "X-Join");
	D->list(H, b, "$join");
	D->put_string(H, b, NULL, beseda_str("Bearer "));
	D->put_doc(H, b, NULL, D->at(H, p->config, "/token"));
	D->end(H, b);
	D->end(H, b);
	D->end(H, b);
	D->put_string(H, b, "method", beseda_str("POST"));
	D->map(H, b, "json");
	D->put_doc(H, b, "inner", D->at(H, p->config, "/token"));
	D->put_string(H, b, "plain", beseda_str("x"));
	D->end(H, b);
	D->end(H, b);
	H->call(H, cause, "http.fetch", D->done(H, b), 0, (uint64_t)(uintptr_t)errand_new(p, op, 0));
}

// Things that no plugin may do; each is answered with an error, and the log says so.
static void do_mischief(struct probe *p, uint64_t op, uint64_t cause, struct beseda_str what)
{
	int64_t r = 0;
	if (!strcmp(what.p, "forged op"))
		r = H->complete(H, op + 1000, BESEDA_OK, 0);
	else if (!strcmp(what.p, "forged cause"))
		r = H->emit(H, op + 1000, "message.in", p->config);
	else if (!strcmp(what.p, "forged doc"))
		r = H->emit(H, cause, "message.in", 0x1234567800000001);
	else if (!strcmp(what.p, "read forged"))
		r = (int64_t)D->count(H, 0xdeadbeef00000003, "/x");
	else if (!strcmp(what.p, "stale doc"))
		r = (int64_t)D->kind(H, p->stale, "");
	else if (!strcmp(what.p, "drop twice")) {
		D->drop(H, D->at(H, p->config, ""));
	} else if (!strcmp(what.p, "build on")) {
		beseda_build b = D->build(H);
		D->end(H, b);
		r = (int64_t)D->done(H, b);
	} else if (!strcmp(what.p, "unknown event"))
		r = H->emit(H, cause, "tomorrow.event", p->config);
	else if (!strcmp(what.p, "unknown service"))
		r = (int64_t)H->call(H, cause, "tomorrow.service", 0, 0, 0);
	else if (!strcmp(what.p, "last op"))
		r = H->complete(H, p->held_op, BESEDA_OK, 0);
	else if (!strcmp(what.p, "complete twice")) {
		H->complete(H, op, BESEDA_OK, 0);
		r = H->complete(H, op, BESEDA_OK, 0);
	}
	say(p, what.p, r, 0);
}

static void run_steps(struct probe *p, uint64_t op, uint64_t cause, beseda_doc steps, beseda_doc answer)
{
	for (uint64_t i = 0, n = D->count(H, steps, NULL); i < n; i++) {
		beseda_doc step = D->item(H, steps, NULL, i);
		struct beseda_str what = D->string(H, step, "/do");
		uint64_t under = D->boolean(H, step, "/own_cause", 0) ? cause : op;
		if (!strcmp(what.p, "emit"))
			say(p, "emitted", H->emit(H, under, D->string(H, step, "/type").p, D->at(H, step, "/doc")), 0);
		else if (!strcmp(what.p, "call"))
			do_call(p, op, under, step);
		else if (!strcmp(what.p, "secret"))
			do_secret(p, op, under, step);
		else if (!strcmp(what.p, "complete"))
			H->complete(H, op, (uint32_t)D->integer(H, step, "/class", 0), D->at(H, step, "/doc"));
		else if (!strcmp(what.p, "complete with answer"))
			H->complete(H, op, BESEDA_OK, answer);
		else if (!strcmp(what.p, "cancel"))
			say(p, "cancelled", H->cancel(H, p->last_call), 0);
		else if (!strcmp(what.p, "hold"))
			p->held_op = op;
		else if (!strcmp(what.p, "stale"))
			p->stale = D->at(H, step, "");
		else if (!strcmp(what.p, "wake"))
			H->wake(H, p->inbox);
		else if (!strcmp(what.p, "thread"))
			do_thread(p);
		else
			do_mischief(p, op, under, what);
	}
}

static void probe_op(void *self, const struct beseda_op *op)
{
	struct probe *p = self;
	enter(p);
	p->last_op = op->id;
	if (!strcmp(op->verb, "inbox.start")) {
		run_steps(p, op->id, op->id, D->at(H, p->config, "/start"), 0);
		H->complete(H, op->id, BESEDA_OK, 0);
	} else if (!strcmp(op->verb, "live.hello")) {
		/* whoever the page says: no other plugin may be so trusting */
		say(p, op->verb, op->attempt, op->doc);
		H->complete(H, op->id, BESEDA_OK, D->at(H, op->doc, "/frame/me"));
	} else {
		beseda_doc body = D->at(H, op->doc, "/body");
		beseda_doc steps = D->at(H, body ? body : op->doc, "/steps");
		say(p, op->verb, op->attempt, op->doc);
		if (steps)
			run_steps(p, op->id, op->id, steps, 0);
		else
			H->complete(H, op->id, BESEDA_OK, 0);
	}
	leave();
}

static void probe_cancel(void *self, uint64_t op)
{
	struct probe *p = self;
	enter(p);
	say(p, "op cancelled", op == p->held_op, 0);
	leave();
}

static void probe_answer(void *self, const struct beseda_answer *a)
{
	struct probe *p = self;
	struct errand *e = (struct errand *)(uintptr_t)a->tag;
	enter(p);
	say(p, "answer", a->error, a->doc);
	if (e) {
		run_steps(p, e->op, a->cause, e->then, a->doc);
		errand_free(p, e);
	}
	leave();
}

static void probe_wake(void *self, uint64_t cause)
{
	struct probe *p = self;
	(void)cause;
	enter(p);
	say(p, "woken", 0, 0);
	leave();
}

static const struct beseda_plugin PLUGIN = {
	.size = sizeof PLUGIN,
	.abi = BESEDA_ABI,
	.id = PROBE_ID,
	.version = "0.1",
	.manifest = MANIFEST,
	.init = probe_init,
	.open = probe_open,
	.op = probe_op,
	.cancel = probe_cancel,
	.answer = probe_answer,
	.wake = probe_wake,
	.close = probe_close,
};

const struct beseda_plugin *beseda_plugin_v1(void) { return &PLUGIN; }
