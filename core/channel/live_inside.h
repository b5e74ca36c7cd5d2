// SPDX-License-Identifier: Apache-2.0
// Inside the live endpoint: visitors' threads, who watches them, tokens, limits.
#pragma once
#include "channel/live.h"
#include "host.h"
#include "net/ws.h"

#define LIVE_SOCKETS_MAX 50000
#define LIVE_WATCHERS_MAX 10 // of one thread: tabs and devices
#define LIVE_ADDRESS_MAX 200
#define LIVE_UPLOAD_BUDGET ((int64_t)10 << 20) // of one visitor, refilled in LIVE_UPLOAD_REFILL_MS
#define LIVE_UPLOAD_REFILL_MS 60000
#define LIVE_LINGER_MS 30000 // a thread that nobody watches is kept so long, for its limits

// What fills with time.
struct live_bucket {
	int64_t level, at;
};

struct live {
	struct channels *channels;
	struct smap *threads; // "<inbox>/<address>"
	struct http_handler handler;
	struct smap *peers; // networks that visitors come from
	struct list peers_used;
	size_t n_sockets, n_polls, n_busy; // busy: exchanges that wait for a port or the disk
};

// The live side of an inbox.
struct live_inbox {
	struct list threads, sockets, polls;
	const struct json *origins; // list of strings; NULL or empty: any
};

// A frame that is pushed to who watches.
struct live_push {
	struct str text;
	struct str cursor; // STR_NONE: a signal, which leaves no trace
	struct ws_frame *frame;
};

// A socket or a held poll of a thread.
struct live_watcher {
	struct list at;
	struct live_thread *thread; // NULL: not yet, or not any more
	void (*push)(struct live_watcher *w, const struct live_push *p);
};

// A visitor who is, or was a moment ago, here.
struct live_thread {
	struct list at;
	struct inbox *in; // its inbox goes after it
	struct str address, name, proof;
	struct list watchers;
	int n_watchers;
	int n_refused;              // frames in a row, for the rate
	struct live_bucket frames;  // thousandths that may come
	struct live_bucket uploads; // bytes
	int64_t typing_at;
	struct loop_timer linger;
};

// ---- live.c: life, threads, pushes ------------------------------------------------------------------------------

struct live *live_new(struct channels *c);
void live_free(struct channels *c);
bool live_is_idle(const struct channels *c);
void live_stats(const struct channels *c, struct channel_stats *r);
void live_inbox_new(struct inbox *in);
void live_inbox_close(struct inbox *in);
void live_inbox_free(struct inbox *in);

// The thread of an address, made when it is not there. name and proof may be STR_NONE: as they were.
struct live_thread *live_thread_of(struct inbox *in, struct str address, struct str name, struct str proof);
// False: too many watch already.
bool live_watch(struct live_watcher *w, struct live_thread *t);
void live_unwatch(struct live_watcher *w);
void live_busy(struct live *l, int change); // of n_busy; the last one may let the host go

// Limits: 0, or how many ms to wait.
int64_t live_take_frame(struct live_thread *t);
int64_t live_take_upload(struct live_thread *t, int64_t bytes);

// ---- live_peer.c ------------------------------------------------------------------------------------------------

// Takes `want`, or says how many ms until it would be there.
int64_t live_bucket_take(struct live_bucket *b, int64_t now, int64_t most, int64_t a_second, int64_t want);
// Of the network that a visitor comes from: 0, or how many ms to wait.
int64_t live_peer_newcomer(struct live *l, const char *peer);
int64_t live_peer_upload(struct live *l, const char *peer, int64_t bytes);
void live_peers_free(struct live *l);

// ---- live_token.c -----------------------------------------------------------------------------------------------

struct live_token {
	struct str address;
	int64_t issued_s;
};
struct str live_token_make(const struct inbox *in, struct arena *a, struct str address);
bool live_token_check(const struct inbox *in, struct arena *a, struct str token, struct live_token *t_r);
// A frame of the port as its visitor gets it: media parts have the signed "url" of their file. Lives in a, or is
// `text`.
struct str live_dress(const struct inbox *in, struct arena *a, struct str address, const struct json *frame,
		      struct str text);
// The address that a file's signed parameter lets in.
bool live_file_check(const struct inbox *in, struct arena *a, struct str t, uint64_t media, struct str *address_r);

// ---- live_origin.c: who may embed us ----------------------------------------------------------------------------

bool live_origin_is_allowed(const struct inbox *in, const struct http_request *rq);
void live_cors(struct http_exchange *x, const struct inbox *in); // response headers for the browser
// {"error":"…"} with status and the headers.
void live_refuse(struct http_exchange *x, const struct inbox *in, int status, const char *code);
void live_options(struct http_exchange *x, const struct inbox *in);
// The visitor of "Authorization: Bearer"; false: nobody we know.
bool live_bearer(struct http_exchange *x, const struct inbox *in, struct str *address_r);

// ---- live_session.c: hello and frames, for sockets and polls alike ----------------------------------------------

struct live_hello {
	const struct json *frame; // the client's
	struct str token, origin, ip;
};
struct live_welcome {
	struct live_thread *thread; // NULL: refused, see reason and text
	const char *reason;
	struct str text;
	struct str token, language;
};
typedef void (*live_welcome_cb)(const struct live_welcome *w, void *arg);
// False: too much is waiting; cb never comes. cb never before it returns.
bool live_hello(struct inbox *in, const struct live_hello *h, live_welcome_cb cb, void *arg);
void live_welcome_write(struct buf *b, const struct inbox *in, const struct live_welcome *w, struct str cursor);

typedef void (*live_reply_cb)(struct str frame, void *arg);
// Where a frame comes from. It stands in home, which is shared, not taken over.
struct live_from {
	struct str language;
	struct doc_home *home;
	live_reply_cb cb;
	void *arg;
};
// One frame after the hello. True: the reply comes through cb (STR_NONE: there is none), never before this returns;
// false: it stands in `now`, which may stay empty.
bool live_frame(struct live_thread *t, const struct json *frame, const struct live_from *from, struct buf *now);
bool live_is_flooded(const struct live_thread *t); // so many frames were refused that the connection should go
void live_error_write(struct buf *b, struct str key, const char *code, const char *text, int64_t retry_ms);
// What a client sent, as a frame: NULL when it is none.
const struct json *live_frame_parse(struct arena *a, struct str text);

// ---- live_replay.c: replay, then live, without gap and repeat ---------------------------------------------------

struct live_replay;
typedef void (*live_replay_send_cb)(void *arg, struct str text, struct ws_frame *frame); // frame may be NULL
typedef void (*live_replay_end_cb)(void *arg, int status);                               // 0: live from here on
struct live_replay_ends {
	live_replay_send_cb send;
	live_replay_end_cb end;
	void *arg;
};
// `slot` is where the owner keeps it; it is set NULL when it is over for good.
void live_replay_start(struct live_replay **slot, struct live_thread *t, struct str cursor,
		       const struct live_replay_ends *ends);
void live_replay_push(struct live_replay **slot, const struct live_push *p); // instead of sending, while *slot is set
void live_replay_stop(struct live_replay **slot);

// ---- the rest ---------------------------------------------------------------------------------------------------

void live_ws_request(struct http_exchange *x, struct inbox *in);
void live_ws_close_all(struct inbox *in);
void live_poll_request(struct http_exchange *x, struct inbox *in);
void live_poll_close_all(struct inbox *in);
void live_upload_head(struct http_exchange *x, struct inbox *in, struct http_body_plan *plan);
void live_upload_request(struct http_exchange *x);
void live_file_request(struct http_exchange *x, struct inbox *in, struct str rest);
void live_asset_request(struct http_exchange *x, struct inbox *in, struct str rest);
