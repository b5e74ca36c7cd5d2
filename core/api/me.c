// SPDX-License-Identifier: Apache-2.0
// A new password of one's own: the old one is asked for, every other session ends.
#include "inside.h"
#include "base/mem.h"

struct change {
	struct str old, new;
	struct str account; // for the throttle
};

static struct str hash_of(const struct call *c) { return (struct str){(const char *)c->session.hash, TOKEN_HASH}; }

static void on_changed(const struct unit_result *r, void *arg)
{
	struct call *c = arg;
	if (r->status) {
		call_fail_status(c, r->status, r->why);
		return;
	}
	live_end_user(c->api->live, c->session.user, c->session.hash);
	call_end_empty(c);
}

static void on_made(const char *encoded, void *arg)
{
	struct call *c = arg;
	if (!encoded) {
		call_fail_status(c, E_BUSY, NULL);
		return;
	}
	struct unit *u = unit_new(c->api->o.store);
	unit_name(u, "password");
	unit_add(u, STMT_USER_PASSWORD, (struct db_value[]){DB_INT(c->session.user), DB_TEXT(str_of(encoded))});
	unit_add(u, STMT_SESSION_END_ALL, (struct db_value[]){DB_INT(c->session.user), DB_BYTES(hash_of(c))});
	store_submit(c->api->o.store, u, on_changed, c);
}

static void on_checked(bool is_right, void *arg)
{
	struct call *c = arg;
	struct change *ch = c->own;
	const char *peer = http_request(c->x)->peer;
	if (!is_right) {
		call_fail_field(c, "old", "this is not your password");
		return;
	}
	throttle_succeeded(c->api->throttle, peer, ch->account);
	if (password_make(c->api, ch->new, on_made, c)) call_fail_status(c, E_BUSY, NULL);
}

static void on_old(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct call *c = arg;
	struct change *ch = c->own;
	struct str encoded = !status && rows->n_rows ? db_str(rows, 0, 0) : STR_NONE;
	if (!status) status = password_check(c->api, ch->old, encoded, on_checked, c) ? E_BUSY : 0;
	if (!status) return;
	throttle_undo(c->api->throttle, http_request(c->x)->peer, ch->account);
	call_fail_status(c, status, why);
}

void handle_password(struct call *c)
{
	struct change *ch = arena_new_of(c->arena, struct change);
	c->own = ch;
	if (!call_text(c, "old", REQUIRED, PASSWORD_MAX, &ch->old)) return;
	if (!call_text(c, "new", REQUIRED, PASSWORD_MAX, &ch->new)) return;
	if (utf8_length(str_trim(ch->new)) < PASSWORD_MIN) {
		call_fail_field(c, "new", "a password has at least %d characters", PASSWORD_MIN);
		return;
	}
	ch->account = arena_str(c->arena, call_user(c)->email);
	int64_t wait = throttle_wait(c->api->throttle, http_request(c->x)->peer, ch->account);
	struct db_value user = DB_INT(c->session.user);
	if (wait) {
		call_throttled(c, wait);
		return;
	}
	throttle_begin(c->api->throttle, http_request(c->x)->peer, ch->account);
	store_read(c->api->o.store, STMT_USER_PASSWORD_OF, &user, on_old, c);
}
