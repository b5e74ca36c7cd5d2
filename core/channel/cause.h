// SPDX-License-Identifier: Apache-2.0
// A cause: what an op, or one answer or wake, emitted and put; committed as one unit before anybody counts it as done.
#pragma once
#include "host.h"

struct call;
struct cause;

typedef void (*cause_end_cb)(struct cause *c, int status, const struct err *why);

struct cause {
	uint64_t id;
	struct inbox *in;
	struct doc_home *home; // its lists; the owner holds it
	struct op *op;         // NULL: an answer or a wake
	struct channel_commit commit;
	struct channel_event *events;
	struct channel_put *puts;
	size_t cap_events, cap_puts;
	struct doc_home **held; // homes of what it holds, beside its own
	size_t n_held, cap_held;
	struct list after; // calls that wait for the commit
	struct err why;    // .code: it has failed
	struct lane_task task;
	cause_end_cb ended;
};

// Opens it under a new id; `in` and `home` are held by the owner until it ended.
void cause_open(struct cause *c, struct inbox *in, struct doc_home *home);
struct cause *cause_find(struct plugin *p, uint64_t id); // NULL: there is none, or it is over
// An event, checked here; 0 or a BESEDA_E_… for the plugin (beseda/plugin.h: emit).
int32_t cause_emit(struct cause *c, const char *type, const struct json *doc, struct doc_home *home);
int cause_put(struct cause *c, struct str key, const struct json *value, struct doc_home *home);
void cause_add_call(struct cause *c, struct call *call);
// From here on nothing of it will be committed.
void cause_fail(struct cause *c, const struct err *why);
// Closes it and commits what it has; then ended is called, never before this returns.
void cause_commit(struct cause *c, cause_end_cb ended);
// Closes it and forgets what it has. Calls that wait are answered as not started.
void cause_drop(struct cause *c);
