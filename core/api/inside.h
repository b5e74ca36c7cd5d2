// SPDX-License-Identifier: Apache-2.0
// Inside the room: a call (one request being answered), who makes it, and what the resources share.
#pragma once
#include "api/api.h"
#include "base/list.h"
#include "base/map.h"
#include "net/http_server.h"
#include "pipeline/act.h"
#include "pipeline/feed.h"
#include "records/secret.h"

#define PREFIX "/api/v1"
#define SESSION_MS (14 * 24 * 3600 * 1000LL)
#define SESSION_TOUCH_MS (3600 * 1000LL)
#define PASSWORD_MIN 10 // characters
#define PASSWORD_MAX 1024
#define NAME_MAX_BYTES 200

struct live;
struct throttle;
struct hashing;

struct api {
	struct api_options o;
	char *public_url, *origin; // origin: as a browser sends it
	uint8_t inbox_key[SECRET_KEY];
	struct http_handler handler;
	struct throttle *throttle;
	struct hashing *hashing;
	struct live *live;
	struct map *inbox_states; // id → struct inbox_health
	struct list gate;         // changes of people and inboxes: one after the other
	bool gate_is_taken;
	struct loop_timer hourly, patience;
	size_t n_calls, n_uploads;
	bool is_closing, live_is_closed, is_told;
	loop_cb closed;
	void *closed_arg;
	struct api_stats stats;
};

// Pieces of asynchronous work that api_close waits for.
void api_enter(struct api *a);
void api_leave(struct api *a);

// ---- who calls (session.c) ------------------------------------------------------------------------------------------

#define TOKEN_HASH 32
struct session {
	uint8_t hash[TOKEN_HASH]; // of the token; the token itself is known to the browser only
	uint64_t user;
	struct str csrf;
	struct str token; // of one that was just made
	int64_t last_at, expires_at;
};

// ---- a call (call.c) ------------------------------------------------------------------------------------------------

struct route;

// One request, from the router to its answer. Lives in the exchange's arena, which is held until the answer.
struct call {
	struct api *api;
	struct http_exchange *x;
	struct arena *arena;
	const struct route *route;
	uint64_t id; // of the path
	const struct json *body;
	struct session session;
	struct access access;
	struct buf out;
	struct json_out json;
	void *own;                    // a resource's own
	void (*next)(struct call *c); // what follows the step that runs
	struct list at;               // while it waits at the gate
	loop_cb through_gate;
	bool holds_gate;
};

struct call *call_new(struct api *a, struct http_exchange *x, const struct route *route, uint64_t id);
const struct user *call_user(const struct call *c); // never NULL once the call has reached its handler
bool call_is_admin(const struct call *c);

// The answer is written into c->json between call_open and call_end, which sends it. Every call ends exactly once, by
// one of the functions below; it must not be used after.
struct json_out *call_open(struct call *c);
void call_end(struct call *c, int status);
void call_end_empty(struct call *c);                                      // 204
void call_end_file(struct call *c, const char *type, int fd, uint64_t n); // headers were added before
void call_end_unchanged(struct call *c, int fd);                          // 304; closes fd
void call_forget(struct call *c);                                         // the exchange was taken over by a socket
void call_refuse(struct call *c, int status, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void call_fail_field(struct call *c, const char *field, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
// An error code of the house as an answer; why may be NULL.
void call_fail_status(struct call *c, int status, const struct err *why);
void call_missing(struct call *c);                    // 404
void call_throttled(struct call *c, int64_t wait_ms); // 429

// Readers of body and query. false: the call has ended with 400.
enum presence { OPTIONAL, REQUIRED };
bool call_text(struct call *c, const char *field, enum presence p, size_t max, struct str *s_r); // STR_NONE: not given
bool call_bool(struct call *c, const char *field, bool *is_given_r, bool *v_r);
bool call_id(struct call *c, const char *field, enum presence p, uint64_t *id_r); // null gives 0
bool call_ids(struct call *c, const char *field, enum presence p, uint64_t *ids_r, size_t *n_r);
bool call_teams_exist(struct call *c, const char *field, const uint64_t *ids, size_t n);
bool call_version(struct call *c, int64_t *version_r);
struct str call_query(struct call *c, const char *name);
bool call_query_int(struct call *c, const char *name, const int64_t bounds[2],
		    int64_t *v_r); // *v_r stays when not given
bool call_query_word(struct call *c, const char *name, const char *const *words, size_t *at_r);
bool call_has(const struct call *c, const char *field);

// Changes of people and inboxes are decided one after the other, each on a directory that shows the last one. The gate
// is given back by the call's end.
void call_gate(struct call *c, loop_cb through);
// Commits, reads the directory anew, then calls next; on a failure the call has ended.
void call_commit(struct call *c, struct unit *u, const struct event *e, void (*next)(struct call *c));
void call_reload(struct call *c, void (*next)(struct call *c)); // the part of it after the commit
struct event call_event(const struct call *c, enum event_kind kind);
// A new id; 0: the call has ended with 503.
uint64_t call_new_id(struct call *c);

// ---- visible.c ------------------------------------------------------------------------------------------------------

// Reads a conversation; when there is none, or the caller may not see it, the call has ended with 404. What is handed
// over lives until next returns.
typedef void (*visible_cb)(struct call *c, const struct conversation *conversation, struct str contact_name);
void call_conversation(struct call *c, uint64_t id, visible_cb next);
// Of an event without a conversation those of its inbox may know. c: the event's conversation, NULL where it has none.
bool event_is_visible(struct api *a, const struct access *access, const struct event *e, const struct conversation *c);

// ---- router.c -------------------------------------------------------------------------------------------------------

enum route_body { BODY_NONE, BODY_JSON, BODY_STREAM };
enum route_door { DOOR_OPEN, DOOR_USER, DOOR_ADMIN };

struct route {
	const char *method, *path; // "{id}" stands for an id
	enum route_door door;
	enum route_body body;
	size_t body_bytes;
	void (*handle)(struct call *c);
	// BODY_STREAM: the head is here, admission follows; and the body is complete, maybe before admission.
	void (*head)(struct call *c, struct http_body_plan *plan);
	void (*complete)(struct call *c);
};
void router_head(struct http_exchange *x, struct http_body_plan *plan, void *arg);
void router_request(struct http_exchange *x, void *arg);

void handle_login(struct call *c);
void handle_logout(struct call *c);
void handle_me(struct call *c);
void handle_password(struct call *c);
void handle_conversations(struct call *c);
void handle_conversation(struct call *c);
void handle_assign(struct call *c);
void handle_state(struct call *c);
void handle_timeline(struct call *c);
void handle_send(struct call *c);
void handle_resend(struct call *c);
void handle_contact(struct call *c);
void handle_contact_patch(struct call *c);
void handle_upload(struct call *c);
void handle_upload_head(struct call *c, struct http_body_plan *plan);
void handle_upload_complete(struct call *c);
void handle_file(struct call *c);
void handle_users(struct call *c);
void handle_user_add(struct call *c);
void handle_user_patch(struct call *c);
void handle_teams(struct call *c);
void handle_team_add(struct call *c);
void handle_queues(struct call *c);
void handle_queue_add(struct call *c);
void handle_channels(struct call *c);
void handle_inboxes(struct call *c);
void handle_inbox_add(struct call *c);
void handle_inbox_patch(struct call *c);
void handle_events(struct call *c);
void handle_live(struct call *c);

// ---- session.c ------------------------------------------------------------------------------------------------------

// Fills hash from the request's cookie. E_DENIED: there is no cookie of the right form.
MUST_USE int session_of_cookie(struct call *c);
// Reads what stands in the store, into c->session. status: 0, E_DENIED (none, or over), E_STORE.
void session_read(struct call *c, void (*done)(int status, struct call *c));
// Keeps a session that is used alive.
void session_touch(struct call *c);
// Makes a new one for this user: rows into u, the session into c. When u is committed the answer may have the cookie.
void session_start(struct call *c, struct unit *u, uint64_t user);
void session_give_cookie(struct call *c);
void session_clear_cookie(struct call *c);
void session_prune(struct api *a);

// ---- password.c -----------------------------------------------------------------------------------------------------

struct hashing *hashing_new(struct api *a);
void hashing_free(struct hashing **h);
// Both: E_BUSY when too many wait; else cb comes once. encoded STR_NONE takes as long and says no.
typedef void (*password_checked_cb)(bool is_right, void *arg);
MUST_USE int password_check(struct api *a, struct str password, struct str encoded, password_checked_cb cb, void *arg);
typedef void (*password_made_cb)(const char *encoded, void *arg); // NULL: out of memory
MUST_USE int password_make(struct api *a, struct str password, password_made_cb cb, void *arg);
// A password for a person to type once: 20 letters and digits in groups of five, 96 bits.
#define PASSWORD_TEXT 24
void password_random(char text_r[PASSWORD_TEXT]);

// ---- throttle.c -----------------------------------------------------------------------------------------------------

struct throttle *throttle_new(void);
void throttle_free(struct throttle **t);
// How many ms to wait before the next attempt; 0: none.
int64_t throttle_wait(struct throttle *t, const char *peer, struct str account);
// An attempt counts as failed from its beginning, so that many at once are no way around it.
void throttle_begin(struct throttle *t, const char *peer, struct str account);
// Forgives the account; the address gets back this one attempt only: somebody with an account could else go on guessing
// others.
void throttle_succeeded(struct throttle *t, const char *peer, struct str account);
// It was not checked at all: as if it had not begun.
void throttle_undo(struct throttle *t, const char *peer, struct str account);

// ---- encode.c, encode_event.c ---------------------------------------------------------------------------------------

void encode_seq(struct json_out *o, const char *key, int64_t seq); // "17"
void encode_user(struct json_out *o, const struct user *u, bool with_email);
void encode_named(struct json_out *o, uint64_t id, struct str name);
void encode_queue(struct json_out *o, const struct queue *q);
void encode_conversation(const struct api *a, struct json_out *o, const struct conversation *c,
			 struct str contact_name);
void encode_contact(struct json_out *o, const struct contact *c, const struct identity *list, size_t n);
void encode_message(const struct api *a, struct json_out *o, const struct message *m, struct str contact_name);
void encode_file(struct json_out *o, const struct file_row *f);
void encode_inbox(struct api *a, struct json_out *o, const struct inbox_record *in, bool for_admin);

// What is shown of an event; c and m may be NULL.
struct event_view {
	const struct event *event;
	const struct conversation *conversation;
	const struct message *message;
	struct str contact_name;
	bool with_card; // the conversation as it stands after it
};
// Members only: the caller opens and closes the map.
void encode_event(const struct api *a, struct json_out *o, const struct event_view *v);

// ---- inbox_config.c -------------------------------------------------------------------------------------------------

// Splits a checked config into what is kept readable and what is sealed, by the manifest's schema ("secret": true).
void inbox_config_split(struct arena *a, const struct json *schema, const struct json *config,
			const struct json **plain_r, const struct json **secrets_r);
// `over` laid over `under`, map by map.
const struct json *inbox_config_join(struct arena *a, const struct json *under, const struct json *over);
const struct json *inbox_config_drop_nulls(struct arena *a, const struct json *map);
// An empty map when there are none; E_DENIED when the key does not fit.
MUST_USE int inbox_secrets_open(struct api *a, struct arena *arena, uint64_t inbox, const struct json **secrets_r);
MUST_USE int inbox_secrets_seal(struct api *a, uint64_t inbox, const struct json *secrets, struct buf *sealed);

struct inbox_health {
	char state[32], why[200];
};
const struct inbox_health *inbox_health(const struct api *a, uint64_t inbox); // NULL: nothing is known
// Hands it to its plugin; what is wrong is logged and shown as its state.
void inbox_open(struct api *a, const struct inbox_record *in);

// ---- live.c ---------------------------------------------------------------------------------------------------------

struct live *sockets_new(struct api *a);
// Closes every socket; done when the last is gone.
void live_close(struct live *l, loop_cb done, void *arg);
void sockets_free(struct live **l);
size_t live_sockets(const struct live *l);
// Sockets of this session, or of this user but not of the session `but` (NULL: all), hear signed_out and are closed.
void live_end_session(struct live *l, const uint8_t hash[TOKEN_HASH]);
void live_end_user(struct live *l, uint64_t user, const uint8_t *but);
