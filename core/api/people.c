// SPDX-License-Identifier: Apache-2.0
// Users: whom there is, and for administrators adding and changing them.
#include "inside.h"
#include "base/clock.h"
#include "base/mem.h"
#include <string.h>

#define EMAIL_MAX 320

bool call_teams_exist(struct call *c, const char *field, const uint64_t *ids, size_t n)
{
	size_t n_teams;
	const struct team *teams = directory_teams(c->api->o.directory, &n_teams);
	for (size_t i = 0; i < n; i++) {
		bool is_there = false;
		for (size_t k = 0; k < n_teams && !is_there; k++)
			is_there = teams[k].id == ids[i];
		if (is_there) continue;
		call_fail_field(c, field, "there is no team %llu", (unsigned long long)ids[i]);
		return false;
	}
	return true;
}

void handle_users(struct call *c)
{
	size_t n;
	const struct user *users = directory_users(c->api->o.directory, &n);
	bool sees_emails = call_user(c)->role != ROLE_AGENT;
	struct json_out *o = call_open(c);
	json_out_map(o);
	json_out_key(o, "users");
	json_out_list(o);
	for (size_t i = 0; i < n; i++)
		encode_user(o, &users[i], sees_emails || users[i].id == c->session.user);
	json_out_list_end(o);
	json_out_map_end(o);
	call_end(c, 200);
}

// ---- a user being written -------------------------------------------------------------------------------------------

struct writing {
	struct user u;
	struct str encoded; // of the password
	char password[PASSWORD_TEXT];
	bool is_new, has_teams;
};

static void answer(struct call *c)
{
	struct writing *w = c->own;
	const struct user *u = directory_user(c->api->o.directory, w->u.id);
	struct json_out *o = call_open(c);
	json_out_map(o);
	json_out_key(o, "user");
	encode_user(o, u ? u : &w->u, true);
	if (w->is_new) json_out_key_string(o, "password", str_of(w->password));
	json_out_map_end(o);
	mem_wipe(w->password, sizeof w->password);
	if (!w->is_new && w->u.is_disabled) live_end_user(c->api->live, w->u.id, NULL);
	call_end(c, w->is_new ? 201 : 200);
}

static void add_teams(struct unit *u, const struct user *user)
{
	for (size_t i = 0; i < user->n_teams; i++)
		unit_add(u, STMT_TEAM_MEMBER_ADD, (struct db_value[]){DB_INT(user->teams[i]), DB_INT(user->id)});
}

static bool read_teams(struct call *c, struct writing *w)
{
	if (!call_has(c, "teams")) return true;
	w->has_teams = true;
	return call_ids(c, "teams", REQUIRED, w->u.teams, &w->u.n_teams) &&
	       call_teams_exist(c, "teams", w->u.teams, w->u.n_teams);
}

// Reads name, role, takes_work and teams, as far as they are given (all but the last two must be for a new user).
static bool read_fields(struct call *c, struct writing *w)
{
	enum presence p = w->is_new ? REQUIRED : OPTIONAL;
	struct str name, role;
	bool is_given;
	if (!call_text(c, "name", p, NAME_MAX_BYTES, &name) || !call_text(c, "role", p, 20, &role)) return false;
	if (name.p) {
		w->u.name = contact_clean_name(c->arena, name);
		if (!w->u.name.n) {
			call_fail_field(c, "name", "name holds nothing that can be seen");
			return false;
		}
	}
	if (role.p && role_parse(role, &w->u.role)) {
		call_fail_field(c, "role", "role must be one of admin, supervisor, agent");
		return false;
	}
	return call_bool(c, "takes_work", &is_given, &w->u.takes_work) && read_teams(c, w);
}

// ---- a new one ------------------------------------------------------------------------------------------------------

static void on_added(int status, const struct unit_result *r, void *arg)
{
	struct call *c = arg;
	if (status == E_CONFLICT)
		call_refuse(c, 409, "conflict", "somebody has this e-mail address already");
	else if (status)
		call_fail_status(c, status, r->why);
	else
		call_reload(c, answer);
}

static void add_user(void *arg)
{
	struct call *c = arg;
	struct writing *w = c->own;
	const struct user *user = &w->u;
	struct unit *u = unit_new(c->api->o.store);
	int64_t now = clock_now_ms();
	unit_name(u, "add user");
	unit_add(u, STMT_USER_ADD,
		 (struct db_value[]){DB_INT(user->id), DB_TEXT(user->name), DB_TEXT(user->email), DB_TEXT(w->encoded),
				     DB_INT(user->role), DB_INT(user->takes_work), DB_INT(0), DB_INT(now)});
	add_teams(u, user);
	struct event e = call_event(c, EVENT_USER_CHANGED);
	e.to = (int64_t)user->id;
	act_commit(c->api->o.pipeline, u, &e, on_added, c);
}

static void on_made(const char *encoded, void *arg)
{
	struct call *c = arg;
	struct writing *w = c->own;
	if (!encoded) {
		call_fail_status(c, E_BUSY, NULL);
		return;
	}
	w->encoded = arena_str(c->arena, str_of(encoded));
	call_gate(c, add_user);
}

void handle_user_add(struct call *c)
{
	struct writing *w = arena_new_of(c->arena, struct writing);
	struct str email;
	c->own = w;
	w->is_new = true;
	w->u.takes_work = true;
	if (!read_fields(c, w) || !call_text(c, "email", REQUIRED, EMAIL_MAX, &email)) return;
	if (user_clean_email(c->arena, email, &w->u.email)) {
		call_fail_field(c, "email", "this cannot be an e-mail address");
		return;
	}
	w->u.id = call_new_id(c);
	if (!w->u.id) return;
	password_random(w->password);
	if (password_make(c->api, str_of(w->password), on_made, c)) call_fail_status(c, E_BUSY, NULL);
}

// ---- a change -------------------------------------------------------------------------------------------------------

// Somebody must be able to administrate.
static bool is_last_admin(struct call *c, const struct user *was, const struct user *becomes)
{
	size_t n;
	const struct user *users = directory_users(c->api->o.directory, &n);
	if (!access_is_admin(was) || access_is_admin(becomes)) return false;
	for (size_t i = 0; i < n; i++)
		if (users[i].id != was->id && access_is_admin(&users[i])) return false;
	return true;
}

static void save_user(struct call *c, const struct writing *w)
{
	const struct user *user = &w->u;
	struct unit *u = unit_new(c->api->o.store);
	unit_name(u, "change user");
	unit_add(u, STMT_USER_SAVE,
		 (struct db_value[]){DB_INT(user->id), DB_TEXT(user->name), DB_INT(user->role),
				     DB_INT(user->takes_work), DB_INT(user->is_disabled)});
	if (w->has_teams) {
		unit_add(u, STMT_TEAM_MEMBERS_CLEAR, (struct db_value[]){DB_INT(user->id)});
		add_teams(u, user);
	}
	if (user->is_disabled)
		unit_add(u, STMT_SESSION_END_ALL, (struct db_value[]){DB_INT(user->id), DB_BYTES(STR(""))});
	struct event e = call_event(c, EVENT_USER_CHANGED);
	e.to = (int64_t)user->id;
	call_commit(c, u, &e, answer);
}

static void change_user(void *arg)
{
	struct call *c = arg;
	struct writing *w = c->own;
	const struct user *was = directory_user(c->api->o.directory, c->id);
	bool is_given;
	if (!was) {
		call_missing(c);
		return;
	}
	w->u = *was;
	w->u.name = arena_str(c->arena, was->name);
	w->u.email = arena_str(c->arena, was->email);
	if (!read_fields(c, w) || !call_bool(c, "disabled", &is_given, &w->u.is_disabled)) return;
	if (is_last_admin(c, was, &w->u))
		call_refuse(c, 409, "last_admin", "nobody else could administrate any more");
	else
		save_user(c, w);
}

void handle_user_patch(struct call *c)
{
	c->own = arena_new_of(c->arena, struct writing);
	call_gate(c, change_user);
}
