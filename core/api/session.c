// SPDX-License-Identifier: Apache-2.0
// Sessions: a random token in a cookie, its hash in the store.
#include "inside.h"
#include "base/clock.h"
#include "base/mem.h"
#include <string.h>

#define COOKIE "beseda_session"
#define TOKEN 32
#define CSRF 24

int session_of_cookie(struct call *c)
{
	struct str text = http_cookie(http_request(c->x), COOKIE);
	struct buf token = {0};
	int rc = text.n && text.n < 100 && !base64_decode(&token, text) && token.n == TOKEN ? 0 : E_DENIED;
	if (!rc) secret_hash(c->session.hash, buf_str(&token));
	if (token.p) mem_wipe(token.p, token.n);
	buf_fini(&token);
	return rc;
}

static struct str hash_of(const struct call *c) { return (struct str){(const char *)c->session.hash, TOKEN_HASH}; }

struct reading {
	struct call *call;
	void (*done)(int status, struct call *c);
};

static void on_row(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct reading *r = arg;
	struct session *s = &r->call->session;
	if (!status && (!rows->n_rows || db_int(rows, 0, 3) <= clock_now_ms())) status = E_DENIED;
	if (!status) {
		s->user = (uint64_t)db_int(rows, 0, 0);
		s->csrf = arena_str(r->call->arena, db_str(rows, 0, 1));
		s->last_at = db_int(rows, 0, 2);
		s->expires_at = db_int(rows, 0, 3);
	}
	r->done(status, r->call);
}

void session_read(struct call *c, void (*done)(int status, struct call *c))
{
	struct reading *r = arena_new_of(c->arena, struct reading);
	*r = (struct reading){c, done};
	store_read(c->api->o.store, STMT_SESSION, (struct db_value[]){DB_BYTES(hash_of(c))}, on_row, r);
}

static void set_cookie(struct call *c, struct str token, int64_t max_age_ms)
{
	const char *secure = c->api->o.secure_cookies || http_request(c->x)->is_https ? "; Secure" : "";
	http_header_add(c->x, "Set-Cookie",
			arena_printf(c->arena, COOKIE "=%.*s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s",
				     STR_ARG(token), (long long)(max_age_ms / 1000), secure));
}

static void on_written(const struct unit_result *r, void *arg) { api_leave(arg); }

static void submit(struct api *a, struct unit *u)
{
	api_enter(a);
	store_submit(a->o.store, u, on_written, a);
}

void session_touch(struct call *c)
{
	struct api *a = c->api;
	int64_t now = clock_now_ms();
	if (now - c->session.last_at < SESSION_TOUCH_MS) return;
	struct unit *u = unit_new(a->o.store);
	unit_name(u, "session touch");
	unit_add(u, STMT_SESSION_TOUCH,
		 (struct db_value[]){DB_BYTES(hash_of(c)), DB_INT(now), DB_INT(now + SESSION_MS)});
	submit(a, u);
	set_cookie(c, http_cookie(http_request(c->x), COOKIE), SESSION_MS);
}

void session_start(struct call *c, struct unit *u, uint64_t user)
{
	uint8_t token[TOKEN], csrf[CSRF];
	struct buf text = {0}, csrf_text = {0};
	int64_t now = clock_now_ms();
	if (!session_of_cookie(c)) unit_add(u, STMT_SESSION_END, (struct db_value[]){DB_BYTES(hash_of(c))});
	secret_random(token, sizeof token);
	secret_random(csrf, sizeof csrf);
	secret_hash(c->session.hash, (struct str){(char *)token, sizeof token});
	base64url_encode(&text, (struct str){(char *)token, sizeof token});
	base64url_encode(&csrf_text, (struct str){(char *)csrf, sizeof csrf});
	c->session.user = user;
	c->session.token = arena_str(c->arena, buf_str(&text));
	c->session.csrf = arena_str(c->arena, buf_str(&csrf_text));
	unit_add(u, STMT_SESSION_ADD,
		 (struct db_value[]){DB_BYTES(hash_of(c)), DB_INT(user), DB_TEXT(c->session.csrf), DB_INT(now),
				     DB_INT(now), DB_INT(now + SESSION_MS)});
	mem_wipe(text.p, text.n);
	mem_wipe(token, sizeof token);
	buf_fini(&text);
	buf_fini(&csrf_text);
}

void session_give_cookie(struct call *c) { set_cookie(c, c->session.token, SESSION_MS); }

void session_clear_cookie(struct call *c) { set_cookie(c, STR(""), 0); }

void session_prune(struct api *a)
{
	struct unit *u = unit_new(a->o.store);
	unit_name(u, "session prune");
	unit_add(u, STMT_SESSION_PRUNE, (struct db_value[]){DB_INT(clock_now_ms())});
	submit(a, u);
}
