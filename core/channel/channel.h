// SPDX-License-Identifier: Apache-2.0
// The plugin host as the rest of the server sees it: plugins, inboxes, ops, webhooks; and the ports it needs filled.
#pragma once
#include "base/json.h"
#include "loop/loop.h"
#include "net/http_client.h"
#include "net/http_server.h"

struct channels;

// ---- ports: what the host needs from above; only server/wire.c fills them ---------------------------------------

struct channel_event {
	struct str type; // "message.in", "receipt.delivered" …
	const struct json *doc;
	struct str why; // set: the document does not fit its schema, and this is what is wrong
};

struct channel_put {
	struct str key;
	const struct json *value; // NULL: delete
};

// All that one cause (an op, an answer, a wake) emitted and put: commits as one unit or not at all. The host keeps it
// alive until `done`, which is called exactly once and never before `commit` has returned.
struct channel_commit {
	uint64_t inbox;
	const struct channel_event *events;
	size_t n_events;
	// An event that cannot be kept as what it is is parked, with the reason, and the others go on: whoever sent
	// them cannot mend it. Else one such event refuses the whole with E_INVALID.
	bool parks;
	const struct channel_put *puts;
	size_t n_puts;
	void (*done)(struct channel_commit *c, int status, const struct err *why); // 0, E_BUSY, E_STORE, E_INVALID …
};

typedef void (*channel_kv_cb)(int status, const struct json *value, void *arg); // NULL value: nothing stands there
typedef void (*channel_media_cb)(int status, uint64_t media, uint64_t size, const struct err *why, void *arg);
typedef void (*channel_media_get_cb)(int status, int fd, uint64_t size, struct str type, struct str name, void *arg);
// One piece of what a live customer may see: a frame as JSON text, its cursor inside.
typedef void (*channel_replay_cb)(int status, const struct str *frames, size_t n, bool more, struct str cursor,
				  void *arg);

struct channel_ports {
	void *ctx;
	void (*commit)(void *ctx, struct channel_commit *c);
	void (*kv_get)(void *ctx, uint64_t inbox, struct str key, channel_kv_cb cb, void *arg);
	// A new media row over bytes that arrive in pieces; type and name are the sender's claim, bounded and cleaned
	// by the port. `owner`: who may use it in a message: the inbox and (for live) its thread, as text.
	void *(*media_put)(void *ctx, uint64_t inbox, struct str owner, struct str type, struct str name,
			   size_t max_bytes);
	int (*media_piece)(void *ctx, void *put, struct str piece, bool *full_r);
	void (*media_drained)(void *ctx, void *put, loop_cb cb, void *arg);
	void (*media_commit)(void *ctx, void *put, channel_media_cb cb, void *arg); // durable when status is 0
	void (*media_abort)(void *ctx, void *put);
	void (*media_get)(void *ctx, uint64_t inbox, uint64_t media, channel_media_get_cb cb, void *arg);
	// Live: the customer-visible messages of a thread after a cursor (STR_NONE: the last 50), oldest first.
	void (*replay)(void *ctx, uint64_t inbox, struct str thread, struct str cursor, channel_replay_cb cb,
		       void *arg);
	// May this file be read by that live thread (it stands in one of its customer-visible messages)?
	void (*may_read)(void *ctx, uint64_t inbox, struct str thread, uint64_t media, void (*cb)(bool yes, void *arg),
			 void *arg);
	// A signal from a plugin (typing): no row, no seq.
	void (*signal)(void *ctx, uint64_t inbox, const struct channel_event *event);
	// An inbox changed its state ("ok", "reauth", "failing", why): for health and the desk.
	void (*inbox_state)(void *ctx, uint64_t inbox, struct str state, struct str why);
};

struct channel_options {
	struct loop *loop;
	struct http_client *client;
	const struct channel_ports *ports;
	const char *const *allow_hosts; // for every inbox, beside its own (tests, on-premise peers)
	const char *public_url;         // how the outside reaches us
	struct str key;                 // 32 secret bytes: signs visitor tokens and cursors; from the server's key file
};

MUST_USE int channels_new(struct channels **c_r, const struct channel_options *o, struct err *e);
// Stops taking work, lets ops end for at most ms.
void channels_close(struct channels *c, int64_t ms, loop_cb done, void *arg);

// ---- plugins ----------------------------------------------------------------------------------------------------

// Loads one .so: scanned in a throw-away child first; *e names the rule that failed and the remedy. Its channel is then
// known by the last word of its id ("org.beseda.echo" → "echo").
MUST_USE int channels_load(struct channels *c, const char *path, struct err *e);
// Every .so of a folder, one level deep; a bad one is logged and skipped. Returns how many were loaded.
int channels_load_folder(struct channels *c, const char *folder);
struct channel_info {
	struct str channel, id, version;
	const struct json *manifest;
};
size_t channels_list(const struct channels *c, struct channel_info *list_r, size_t max);
const struct json *channels_manifest(const struct channels *c, struct str channel); // NULL: no such channel
// Checks a config against the manifest's schema: unknown and missing keys, types, bounds; *e names the key.
MUST_USE int channels_check_config(struct channels *c, struct str channel, const struct json *config, struct err *e);

// ---- inboxes ----------------------------------------------------------------------------------------------------

// Opens an inbox (asynchronous in the plugin's lane). Secrets of the config are plain here; the plugin sees handles
// only.
MUST_USE int channels_open_inbox(struct channels *c, uint64_t inbox, struct str channel, const struct json *config,
				 struct err *e);
void channels_close_inbox(struct channels *c, uint64_t inbox);

// ---- ops --------------------------------------------------------------------------------------------------------

enum channel_outcome { CHANNEL_ACCEPTED, CHANNEL_FAILED, CHANNEL_UNKNOWN };

// The closed list of error classes; the core acts on the class.
// clang-format off
#define CHANNEL_CLASSES(X)                                                                                             \
	X(NONE, "") X(TRANSIENT, "transient") X(THROTTLED, "throttled") X(AUTH, "auth")                                \
	X(WINDOW_CLOSED, "window_closed") X(OPTED_OUT, "opted_out") X(RECIPIENT_UNKNOWN, "recipient_unknown")          \
	X(INVALID, "invalid") X(UNSUPPORTED, "unsupported") X(TOO_LARGE, "too_large")                                  \
	X(MEDIA_UNAVAILABLE, "media_unavailable") X(QUOTA, "quota") X(POLICY, "policy") X(CONFIG, "config")            \
	X(PROVIDER_DOWN, "provider_down") X(UNCERTAIN, "uncertain") X(INTERNAL, "internal")
// clang-format on
enum channel_class {
#define X(name, text) CHANNEL_##name,
	CHANNEL_CLASSES(X)
#undef X
};
#define CHANNEL_SCOPES(X)                                                                                              \
	X(MESSAGE, "message") X(RECIPIENT, "recipient") X(THREAD, "thread") X(INBOX, "inbox") X(PLUGIN, "plugin")
enum channel_scope {
#define X(name, text) CHANNEL_SCOPE_##name,
	CHANNEL_SCOPES(X)
#undef X
};

struct channel_send {
	uint64_t inbox;
	uint64_t message;          // ours; "beseda-<message>" is the idempotency key
	int attempt;               // from 1
	int64_t deadline_ms;       // from now; past it the outcome is unknown
	const struct json *doc;    // the message document (schemas/plugin/message.json)
	const struct json *resume; // what an earlier attempt gave back, or NULL
};
struct channel_sent {
	enum channel_outcome outcome;
	bool never_begun; // FAILED: the plugin has not seen it
	enum channel_class class_;
	enum channel_scope scope;
	int64_t retry_after_ms;          // THROTTLED
	struct str text;                 // for a person; no secrets
	const struct json *external_ids; // list of strings, one a part, as far as known
	const struct json *resume;
};
typedef void (*channel_sent_cb)(const struct channel_sent *r, void *arg);
// Starts message.send; cb exactly once, never before it returns. A missing inbox gives FAILED, CONFIG.
void channels_send(struct channels *c, const struct channel_send *s, channel_sent_cb cb, void *arg);

// ---- the outside reaches us -------------------------------------------------------------------------------------

// Handler for /hooks/<inbox>[/…]: verification on the raw bytes, then webhook.request, then the commit, then the
// answer.
const struct http_handler *channels_hooks(struct channels *c);
// Handler for /live/<inbox>/… (channel/live.h): ws, poll, upload, file, assets.
const struct http_handler *channels_live(struct channels *c);
// Something that a live thread may see was committed: every socket and held poll of that thread gets the frame (JSON
// text, as replay gives them). Threads that nobody watches cost a look-up.
void channels_live_push(struct channels *c, uint64_t inbox, struct str thread, struct str frame);
bool channels_live_is_watched(struct channels *c, uint64_t inbox, struct str thread);

struct channel_stats {
	uint64_t ops, ops_running, ops_failed, hooks, hooks_refused, live_sockets, live_polls;
};
void channels_stats(const struct channels *c, struct channel_stats *r);
