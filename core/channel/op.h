// SPDX-License-Identifier: Apache-2.0
// Inside the room: an op runs in its plugin's lane; its cause collects what it emits and commits it before the op
// counts as done.
#pragma once
#include "channel/channel.h"

struct inbox; // an open inbox of this host
struct op;
struct doc_home; // an arena shared by count (doc.h)

struct inbox *channels_inbox(struct channels *c, uint64_t id); // NULL: not open
const struct json *inbox_manifest(const struct inbox *in);
const struct json *inbox_config(const struct inbox *in); // secrets are replaced by handles
struct channels *inbox_channels(const struct inbox *in);
uint64_t inbox_id(const struct inbox *in);

struct op_ask {
	const char *verb;          // a constant: "message.send"
	const struct json *doc;    // may be NULL
	const struct json *resume; // may be NULL
	struct str key;            // idempotency key, or STR_NONE
	int attempt;               // from 1
	int64_t deadline_ms;       // from now
	struct doc_home
		*home; // doc, resume and key stand there; the op takes over this reference. NULL: they are copied
};

// How an op ended, after its cause is durable (status 0) or was refused by the port.
struct op_end {
	int status; // 0: completed and its cause committed; E_TIMEOUT: uncertain; E_REMOTE: the plugin gave an error
		    // (class, text below); E_UNSUPPORTED: no such verb; E_CLOSED: the inbox was closed or failed to
		    // open before the op began; E_BUSY also: its deadline was over before it began. Anything else,
		    // E_BUSY, E_STORE, E_INVALID …: its cause was not committed
	bool was_begun;         // the plugin has seen it
	const struct json *doc; // what the plugin completed with, or NULL
	enum channel_class class_;
	enum channel_scope scope;
	int64_t retry_after_ms;
	struct str text;
};
typedef void (*op_end_cb)(const struct op_end *end, void *arg);

// cb exactly once, never before it returns. NULL when the host is closing or its queue for this lane is full (10,000):
// cb never comes.
struct op *op_start(struct inbox *in, const struct op_ask *ask, op_end_cb cb, void *arg);
void op_forget(struct op *op); // the op goes on, cb does not come
