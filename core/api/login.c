// SPDX-License-Identifier: Apache-2.0
// Sign in and out. Whether an account exists shows neither in the answer nor in its time.
#include "inside.h"
#include "base/log.h"
#include "base/mem.h"

#define EMAIL_MAX 320

struct login {
	struct str email; // cleaned; or as it was given, when it cannot be an address
	struct str password;
	uint64_t user; // 0: unknown, disabled or without a password
};

static void answer_me(struct call *c)
{
	struct json_out *o = call_open(c);
	json_out_map(o);
	json_out_key(o, "user");
	encode_user(o, call_user(c), true);
	json_out_key_string(o, "csrf", c->session.csrf);
	encode_seq(o, "seq", feed_head(c->api->o.pipeline));
	json_out_key_string(o, "trouble", str_of(store_trouble(c->api->o.store)));
	json_out_map_end(o);
	call_end(c, 200);
}

static void on_started(const struct unit_result *r, void *arg)
{
	struct call *c = arg;
	if (r->status) {
		call_fail_status(c, r->status, r->why);
		return;
	}
	c->api->stats.logins++;
	session_give_cookie(c);
	answer_me(c);
}

static void on_checked(bool is_right, void *arg)
{
	struct call *c = arg;
	struct login *l = c->own;
	const struct user *u = directory_user(c->api->o.directory, l->user);
	const char *peer = http_request(c->x)->peer;
	if (!is_right || !u || u->is_disabled) {
		c->api->stats.logins_refused++;
		log_info("login", "refused from %s", peer);
		call_refuse(c, 401, "credentials", "the e-mail address or the password is wrong");
		return;
	}
	throttle_succeeded(c->api->throttle, peer, l->email);
	struct unit *unit = unit_new(c->api->o.store);
	unit_name(unit, "login");
	session_start(c, unit, l->user);
	store_submit(c->api->o.store, unit, on_started, c);
}

static void on_account(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct call *c = arg;
	struct login *l = c->own;
	struct str encoded = STR_NONE;
	const char *peer = http_request(c->x)->peer;
	if (status) {
		throttle_undo(c->api->throttle, peer, l->email);
		call_fail_status(c, status, why);
		return;
	}
	if (rows->n_rows && !db_int(rows, 0, 2)) {
		l->user = (uint64_t)db_int(rows, 0, 0);
		encoded = db_str(rows, 0, 1);
	}
	if (!password_check(c->api, l->password, encoded, on_checked, c)) return;
	throttle_undo(c->api->throttle, peer, l->email);
	call_refuse(c, 503, "busy", "too many people sign in at this moment; try again");
}

void handle_login(struct call *c)
{
	struct login *l = arena_new_of(c->arena, struct login);
	struct str email;
	c->own = l;
	if (!call_text(c, "email", REQUIRED, EMAIL_MAX, &email)) return;
	if (!call_text(c, "password", REQUIRED, PASSWORD_MAX, &l->password)) return;
	if (user_clean_email(c->arena, email, &l->email)) l->email = arena_str(c->arena, email);
	int64_t wait = throttle_wait(c->api->throttle, http_request(c->x)->peer, l->email);
	if (wait) {
		call_throttled(c, wait);
		return;
	}
	// Counted before it is checked: many at once are no way around it.
	throttle_begin(c->api->throttle, http_request(c->x)->peer, l->email);
	store_read(c->api->o.store, STMT_USER_LOGIN, (struct db_value[]){DB_TEXT(l->email)}, on_account, c);
}

void handle_me(struct call *c) { answer_me(c); }

static void on_ended(const struct unit_result *r, void *arg)
{
	struct call *c = arg;
	if (r->status) {
		call_fail_status(c, r->status, r->why);
		return;
	}
	live_end_session(c->api->live, c->session.hash);
	session_clear_cookie(c);
	call_end_empty(c);
}

void handle_logout(struct call *c)
{
	struct unit *u = unit_new(c->api->o.store);
	unit_name(u, "logout");
	unit_add(u, STMT_SESSION_END,
		 (struct db_value[]){DB_BYTES(((struct str){(char *)c->session.hash, TOKEN_HASH}))});
	store_submit(c->api->o.store, u, on_ended, c);
}
