// SPDX-License-Identifier: Apache-2.0
// Calls of host services by plugins: ids, AFTER_COMMIT, exactly one answer in the lane.
#pragma once
#include "cause.h"

enum call_state { CALL_WAITING, CALL_RUNNING, CALL_ANSWERING };

struct service {
	const char *name;
	// Starts it. call_answer follows exactly once, in here or later.
	void (*start)(struct call *c);
	// Ends it early: call_answer follows all the same, in here or later. NULL: cannot be ended early.
	void (*cancel)(struct call *c);
	bool in_cause; // takes part in the cause and is answered by its commit: starts when called, in the callback
};

struct call {
	uint64_t id, tag;
	struct inbox *in; // a reference
	const struct service *service;
	struct cause *cause; // only while start runs for an in_cause service
	const struct json *doc;
	struct doc_home *home; // of doc, a reference
	uint32_t flags;
	enum call_state state;
	bool is_orphan, is_cancelled; // orphan: the inbox is closed, nobody waits
	struct list at_cause, at_inbox;
	struct lane_task task;
	enum channel_class class_;
	const struct json *answer;
	struct doc_home *answer_home; // a reference
	struct loop_timer timer;      // the service's own, as is data
	void *data;
};

#define CALLS_MAX 10000 // of one inbox at once

// For host.call: the id, or 0.
uint64_t call_start(struct cause *cause, const char *service, const struct json *doc, struct doc_home *home,
		    uint32_t flags, uint64_t tag);
int call_cancel(struct plugin *p, uint64_t id); // 0 or E_MISSING
// The cause of a waiting call is durable, or will never be.
void call_begin(struct call *c);
void call_never(struct call *c);
// The inbox closes: its calls are ended; none is answered any more.
void calls_orphan(struct inbox *in);

// ---- for services -----------------------------------------------------------------------------------------------

// Takes over the reference on home, in which doc stands; both may be NULL.
void call_answer(struct call *c, enum channel_class class_, const struct json *doc, struct doc_home *home);
// {"text": …}, for a person: no secrets.
void call_fail(struct call *c, enum channel_class class_, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
// The class for an error code of ours.
enum channel_class class_of(int code);
struct doc_home *call_home(struct call *c); // a new one, for an answer

// service_*.c
extern const struct service SERVICE_HTTP[], SERVICE_TIMER[], SERVICE_KV[], SERVICE_MEDIA[], SERVICE_CRYPTO[];
