// SPDX-License-Identifier: Apache-2.0
// The first start: somebody who can sign in, and a team, a queue and a brand to begin with.
#include "inside.h"
#include "base/clock.h"
#include "base/mem.h"

#define FIRST_EMAIL "admin@localhost"

struct first {
	struct api *api;
	api_first_cb cb;
	void *arg;
	int status;
	char password[PASSWORD_TEXT];
};

static void end(struct first *f, int status, bool is_made)
{
	struct api *a = f->api;
	f->cb(status, is_made ? FIRST_EMAIL : NULL, is_made ? f->password : NULL, f->arg);
	mem_wipe(f->password, sizeof f->password);
	mem_free(f);
	api_leave(a);
}

static void on_loaded(int status, void *arg) { end(arg, status, !status); }

static void on_committed(const struct unit_result *r, void *arg)
{
	struct first *f = arg;
	if (r->status == E_CONFLICT) // another server was first
		end(f, 0, false);
	else if (r->status)
		end(f, r->status, false);
	else
		directory_load(f->api->o.directory, on_loaded, f);
}

static void on_made(const char *encoded, void *arg)
{
	struct first *f = arg;
	struct store *s = f->api->o.store;
	uint64_t user = store_id(s), team = store_id(s), queue = store_id(s), brand = store_id(s);
	if (!encoded || !user || !team || !queue || !brand) {
		end(f, E_BUSY, false);
		return;
	}
	int64_t now = clock_now_ms();
	struct unit *u = unit_new(s);
	unit_name(u, "first start");
	unit_add(u, STMT_USER_ADD,
		 (struct db_value[]){DB_INT(user), DB_TEXT(STR("Admin")), DB_TEXT(STR(FIRST_EMAIL)),
				     DB_TEXT(str_of(encoded)), DB_INT(ROLE_ADMIN), DB_INT(1), DB_INT(0), DB_INT(now)});
	unit_add(u, STMT_BRAND_ADD,
		 (struct db_value[]){DB_INT(brand), DB_TEXT(STR("Beseda")), DB_TEXT(STR("en")), DB_TEXT(STR("UTC")),
				     DB_INT(now)});
	unit_add(u, STMT_TEAM_ADD, (struct db_value[]){DB_INT(team), DB_TEXT(STR("Support")), DB_INT(now)});
	unit_add(u, STMT_TEAM_MEMBER_ADD, (struct db_value[]){DB_INT(team), DB_INT(user)});
	unit_add(u, STMT_QUEUE_ADD, (struct db_value[]){DB_INT(queue), DB_TEXT(STR("Support")), DB_INT(now)});
	unit_add(u, STMT_QUEUE_TEAM_ADD, (struct db_value[]){DB_INT(queue), DB_INT(team), DB_INT(0)});
	// The river does not run yet: these events are read from the log, not published.
	unit_add_event(u, &(struct event){.kind = EVENT_USER_CHANGED, .at_ms = now, .to = (int64_t)user});
	unit_add_event(u, &(struct event){.kind = EVENT_TEAM_CHANGED, .at_ms = now, .to = (int64_t)team});
	unit_add_event(u, &(struct event){.kind = EVENT_QUEUE_CHANGED, .at_ms = now, .to = (int64_t)queue});
	store_submit(s, u, on_committed, f);
}

static void on_status(void *arg)
{
	struct first *f = arg;
	end(f, f->status, false);
}

void api_first_admin(struct api *a, api_first_cb cb, void *arg)
{
	struct first *f = mem_new(struct first);
	size_t n_users;
	*f = (struct first){.api = a, .cb = cb, .arg = arg};
	api_enter(a);
	directory_users(a->o.directory, &n_users);
	password_random(f->password);
	if (!n_users) f->status = password_make(a, str_of(f->password), on_made, f);
	if (n_users || f->status) loop_defer(a->o.loop, on_status, f);
}
