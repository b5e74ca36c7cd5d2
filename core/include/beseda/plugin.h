// SPDX-License-Identifier: Apache-2.0
// The plugin ABI of Beseda, version 1: all that a channel plugin knows of the server. A plugin compiled against any
// revision of this header loads and works in every later server of version 1.
//
// The shape: a plugin exports one function, beseda_plugin_v1, which returns a table of functions for the server to
// call; the server gives the plugin a table of its own (struct beseda_host). Everything that channels do is a named
// verb, event or service that carries a document: an immutable value of the shape of JSON. What documents hold stands
// in schemas/plugin/. New things come as new names, or at the end of a table; nothing is renamed, moved or removed.
//
// THREADS. Callbacks of one lane never overlap and never nest: a plugin needs no locks of its own. A lane is the whole
// plugin, or one inbox where the manifest says {"lanes":"inbox"}. Functions tagged [lane] may be called from a callback
// only; those tagged [any] from any thread. A plugin's own threads use [any] functions only, and are joined before
// `close` returns. No host function calls a callback before it has returned. Callbacks must not wait: everything slow
// is a service.
//
// OWNERSHIP. Everything passed in either direction is borrowed until the call returns. A document and a string read
// from it live until the callback returns in which they were made or received; `keep` makes a document live until
// `drop`.
//
// CAUSES. A cause is an op, from `op` until its `complete`, or one `answer` or `wake` callback, until that returns. All
// that is emitted, and put with the service kv.put, under one cause is committed as one unit or not at all. An op
// counts as done only when its cause is durable: a webhook is answered after that. A service called with
// BESEDA_AFTER_COMMIT starts when its cause is durable, and never when that failed: use it for whatever tells a
// provider "I have it".
//
// The ABI is that of a 64-bit C compiler. Layouts hold fixed-width integers, double and pointers only.
#pragma once
#include <stdint.h>

#if UINTPTR_MAX < UINT64_MAX
#error "the plugin ABI is defined for 64-bit machines"
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define BESEDA_ABI 1u

// Does this table have this member? The other side may be older than this header: test whatever was added after 1.0.
#define BESEDA_HAS(table, member)                                                                                      \
	((table)->size >= (uint32_t)((const char *)(&(table)->member + 1) - (const char *)(table)))

// ---- values -----------------------------------------------------------------------------------------------------

// A document: a handle of this plugin's, checked at every use. 0 is "none": readers take it and find nothing in it.
typedef uint64_t beseda_doc;
// A document under construction.
typedef uint64_t beseda_build;

// Bytes with a length. p is NULL where there is none. Strings in documents are valid UTF-8 without NUL, and have a NUL
// behind their end that does not count.
struct beseda_str {
	const char *p;
	uint64_t n;
};

// A string of a C string; NULL gives none.
static inline struct beseda_str beseda_str(const char *s)
{
	struct beseda_str r = {s, 0};
	while (s && s[r.n])
		r.n++;
	return r;
}

// Kinds of values.
enum {
	BESEDA_NOTHING = 0, // nothing stands there
	BESEDA_NULL = 1,
	BESEDA_BOOL = 2,
	BESEDA_INT = 3, // int64
	BESEDA_REAL = 4,
	BESEDA_STRING = 5,
	BESEDA_BYTES = 6, // {"$b64":"…"} in JSON
	BESEDA_LIST = 7,
	BESEDA_MAP = 8
};

// What host functions return: 0 or one of these. The log says more.
enum {
	BESEDA_E_INVALID = -1,     // an argument or a document is not of the form it should have
	BESEDA_E_TOO_LARGE = -2,   // deeper than 16 levels or larger than 1 MiB; too many documents held
	BESEDA_E_ENDED = -3,       // no such op, cause or call, or it is over
	BESEDA_E_BUSY = -4,        // too much is waiting already
	BESEDA_E_THREAD = -5,      // a [lane] function called outside a callback
	BESEDA_E_UNSUPPORTED = -6, // this server knows no such event or service
	BESEDA_E_FAILED = -7       // the cause has failed already; nothing of it will be committed
};

// Classes of errors: a closed list, because the server acts on them. A class has a scope (see `complete`).
enum {
	BESEDA_OK = 0,
	BESEDA_TRANSIENT = 1,         // try again later
	BESEDA_THROTTLED = 2,         // the provider asks to slow down: retry_after_ms
	BESEDA_AUTH = 3,              // the credentials are refused
	BESEDA_WINDOW_CLOSED = 4,     // the provider's reply window is over
	BESEDA_OPTED_OUT = 5,         // the recipient does not want it
	BESEDA_RECIPIENT_UNKNOWN = 6, // there is no such recipient
	BESEDA_INVALID = 7,           // the request is wrong and stays wrong
	BESEDA_UNSUPPORTED = 8,       // not something this channel does
	BESEDA_TOO_LARGE = 9,
	BESEDA_MEDIA_UNAVAILABLE = 10, // a file is gone or cannot be read
	BESEDA_QUOTA = 11,             // the account's limit is used up
	BESEDA_POLICY = 12,            // forbidden by the provider or by this server
	BESEDA_CONFIG = 13,            // the inbox is configured wrongly
	BESEDA_PROVIDER_DOWN = 14,     // the provider is away: nobody's attempts are used up
	BESEDA_UNCERTAIN = 15,         // it may or may not have happened
	BESEDA_INTERNAL = 16           // a mistake of the plugin
};

enum { BESEDA_LOG_ERROR = 0, BESEDA_LOG_WARN = 1, BESEDA_LOG_INFO = 2, BESEDA_LOG_DEBUG = 3 };

// Flags of `call`.
enum {
	BESEDA_AFTER_COMMIT = 1, // start when the cause is durable; never when it failed
	BESEDA_NO_ANSWER = 2     // do not call `answer`
};

// ---- what the server hands to the plugin ------------------------------------------------------------------------

// A verb to be done. Made by the server, may grow at its end.
struct beseda_op {
	uint32_t size;
	uint32_t attempt;    // from 1
	uint64_t id;         // for complete; it is also the op's cause
	const char *verb;    // "message.send"
	const char *key;     // idempotency key, the same for each attempt; NULL: none
	int64_t deadline_ms; // from now. Past it the op is uncertain: cancel comes, a later complete has no effect
	beseda_doc doc;
	beseda_doc resume; // what an earlier attempt gave back as "resume", or 0
};

// How a service ended. Made by the server, may grow at its end.
struct beseda_answer {
	uint32_t size;
	uint32_t error; // a class; BESEDA_OK: done. TRANSIENT also when AFTER_COMMIT never started
	uint64_t call;  // what `call` returned
	uint64_t tag;   // what `call` was given
	uint64_t cause; // of this callback
	beseda_doc doc; // the result; with an error {"text":"…"} for a person
};

// The server's table, one for each plugin, valid from `init` until the process ends. Every function takes it first.
struct beseda_host {
	uint32_t size;
	uint32_t abi; // BESEDA_ABI

	// [any] A further table by its versioned name ("beseda.doc/1"), or NULL when this server has none. Begins with
	// `uint32_t size`; valid for ever.
	const void *(*ext)(const struct beseda_host *h, const char *name);

	// [any] A line for the log, at most 1,000 bytes; inbox may be 0. No secrets, no text of messages above debug.
	void (*log)(const struct beseda_host *h, uint64_t inbox, uint32_t level, const char *text);

	// [lane] An event of the inbox that `cause` belongs to: 0 or BESEDA_E_… . A document that does not fit its
	// schema gives E_INVALID (the log names the member): under a live verb the whole cause fails, and the customer
	// is told; else the document is parked for a person to look at, and the other events go on: a provider that
	// is answered an error would send them all again, and again. Complete with an error class to refuse the whole.
	// An event that the server does not know gives E_UNSUPPORTED, and nothing of it is kept.
	int32_t (*emit)(const struct beseda_host *h, uint64_t cause, const char *event, beseda_doc doc);

	// [lane] Ends an op: exactly once, now or in a later callback. `error` is a class; with one, doc may hold
	// {"text","scope":"message|recipient|thread|inbox|plugin","retry_after_ms","resume"}, and nothing of the op's
	// cause is committed. doc may be 0. E_ENDED: it was completed before, its deadline is over, or there is no such
	// op; nothing happens then.
	int32_t (*complete)(const struct beseda_host *h, uint64_t op, uint32_t error, beseda_doc doc);

	// [lane] Starts a service. Returns the id of the call, or 0 when it was refused (the log says why). The answer
	// comes exactly once as `answer`, unless NO_ANSWER is given or the inbox is closed before.
	uint64_t (*call)(const struct beseda_host *h, uint64_t cause, const char *service, beseda_doc doc,
			 uint32_t flags, uint64_t tag);

	// [lane] Ends a call early. Its answer still comes: UNCERTAIN when it may have had an effect.
	int32_t (*cancel)(const struct beseda_host *h, uint64_t call);

	// [any] Asks for one `wake` callback of that inbox; several before it comes count as one. A plugin with threads
	// of its own uses it to get back into its lane.
	void (*wake)(const struct beseda_host *h, uint64_t inbox);
};

// ---- what the plugin hands to the server ------------------------------------------------------------------------

// The plugin's table: static, constant. All callbacks are called in the plugin's lane. None may be NULL but init, fini,
// cancel, answer and wake.
struct beseda_plugin {
	uint32_t size;        // sizeof(struct beseda_plugin)
	uint32_t abi;         // BESEDA_ABI
	const char *id;       // reverse DNS, for ever: "org.example.pigeon"; the last word is the channel's name
	const char *version;  // "1.4.0"
	const char *manifest; // JSON: schemas/plugin/manifest.json

	// Once, after loading. 0, or anything else: the plugin is not used.
	int32_t (*init)(const struct beseda_host *h);
	// Once, after the last inbox is closed.
	void (*fini)(void);

	// An inbox is opened: 0 and *self_r (any pointer, handed back with every callback of the inbox), or a class.
	// config: as the manifest's schema has it, defaults filled in; a secret stands there as {"$secret":handle}, to
	// be put as it is where a service takes a secret. state: what an earlier generation of the plugin left behind,
	// or 0.
	int32_t (*open)(uint64_t inbox, beseda_doc config, beseda_doc state, void **self_r);
	// Do a verb; `complete` says how it ended. Only verbs that the manifest lists come.
	void (*op)(void *self, const struct beseda_op *op);
	// Nobody waits for this op any more (deadline, closing); it is over.
	void (*cancel)(void *self, uint64_t op);
	// A service answers.
	void (*answer)(void *self, const struct beseda_answer *a);
	// After host.wake.
	void (*wake)(void *self, uint64_t cause);
	// The inbox is closed: free *self. Its ops and calls are over; no callback with this self comes after.
	void (*close)(void *self);
};

// The one export of a plugin: returns its static table. Pure: no thread, no file, no state; it is also called in a scan
// process in which nothing else of the plugin runs.
#if defined(__GNUC__)
#define BESEDA_EXPORT __attribute__((visibility("default")))
#else
#define BESEDA_EXPORT
#endif
BESEDA_EXPORT const struct beseda_plugin *beseda_plugin_v1(void);

// ---- ext "beseda.doc/1": documents ------------------------------------------------------------------------------

// All [lane]. A `path` is a JSON Pointer (RFC 6901): "/sender/name", "/parts/0/text"; NULL or "" is the value itself.
// Readers do not fail: where nothing of that kind stands, they give the "nothing" value.
#define BESEDA_DOC_V1 "beseda.doc/1"
struct beseda_doc_v1 {
	uint32_t size;
	uint32_t reserved;

	uint32_t (*kind)(const struct beseda_host *h, beseda_doc d, const char *path);  // BESEDA_NOTHING …
	uint64_t (*count)(const struct beseda_host *h, beseda_doc d, const char *path); // of a list or map, else 0
	beseda_doc (*at)(const struct beseda_host *h, beseda_doc d, const char *path);  // what stands there, or 0
	// Member i of the list or map at path: its value, or 0; its key (of a map).
	beseda_doc (*item)(const struct beseda_host *h, beseda_doc d, const char *path, uint64_t i);
	struct beseda_str (*key)(const struct beseda_host *h, beseda_doc d, const char *path, uint64_t i);
	struct beseda_str (*string)(const struct beseda_host *h, beseda_doc d, const char *path);
	struct beseda_str (*bytes)(const struct beseda_host *h, beseda_doc d, const char *path); // also of a string
	int64_t (*integer)(const struct beseda_host *h, beseda_doc d, const char *path, int64_t otherwise);
	double (*real)(const struct beseda_host *h, beseda_doc d, const char *path, double otherwise);
	uint32_t (*boolean)(const struct beseda_host *h, beseda_doc d, const char *path, uint32_t otherwise);

	// Building. `map` and `list` open one, `end` closes it; what is put in between stands in it. In a map, `key`
	// names the member (one that stands there is replaced); in a list, and for the outermost value, it is NULL. A
	// mistake (invalid UTF-8, a list too deep, a key missing …) is remembered: `done` then gives 0 and the log says
	// why. A build that was not done when the callback returns is forgotten.
	beseda_build (*build)(const struct beseda_host *h);
	void (*map)(const struct beseda_host *h, beseda_build b, const char *key);
	void (*list)(const struct beseda_host *h, beseda_build b, const char *key);
	void (*end)(const struct beseda_host *h, beseda_build b);
	void (*put_null)(const struct beseda_host *h, beseda_build b, const char *key);
	void (*put_boolean)(const struct beseda_host *h, beseda_build b, const char *key, uint32_t v);
	void (*put_integer)(const struct beseda_host *h, beseda_build b, const char *key, int64_t v);
	void (*put_real)(const struct beseda_host *h, beseda_build b, const char *key, double v);
	// "None" ({NULL, 0}, document 0) puts nothing, so that an optional member is passed on in one line.
	void (*put_string)(const struct beseda_host *h, beseda_build b, const char *key, struct beseda_str v);
	void (*put_bytes)(const struct beseda_host *h, beseda_build b, const char *key, struct beseda_str v);
	void (*put_doc)(const struct beseda_host *h, beseda_build b, const char *key, beseda_doc v);
	beseda_doc (*done)(const struct beseda_host *h, beseda_build b);

	// Canonical JSON text (no blanks, order of keys kept). It lives until the callback returns.
	struct beseda_str (*to_json)(const struct beseda_host *h, beseda_doc d, const char *path);
	// Strict JSON, at most 64 levels and 4 MiB; 0: it is none.
	beseda_doc (*from_json)(const struct beseda_host *h, struct beseda_str text);

	// A document kept so many times lives until it is dropped as often. keep returns d, or 0 when it was refused.
	beseda_doc (*keep)(const struct beseda_host *h, beseda_doc d);
	void (*drop)(const struct beseda_host *h, beseda_doc d);
};

// ---- ext "beseda.thread-check/1" --------------------------------------------------------------------------------

#define BESEDA_THREAD_CHECK_V1 "beseda.thread-check/1"
struct beseda_thread_check_v1 {
	uint32_t size;
	uint32_t reserved;
	uint32_t (*is_lane)(const struct beseda_host *h); // [any] 1: within a callback of this plugin
};

#ifdef __cplusplus
}
#endif
