// SPDX-License-Identifier: Apache-2.0
// What a person does to a conversation beside answering: assign, set its state; and names a contact.
#include "hold.h"
#include "base/clock.h"

// ---- assign ---------------------------------------------------------------------------------------------------------

struct assigning {
	uint64_t to;
};

static void on_changed(const struct change_result *r, void *arg)
{
	struct hold *h = arg;
	if (r->status == E_CONFLICT)
		hold_again(h);
	else
		hold_end(h, r->status, r->first_seq, r->why);
}

// What is restricted is only for those who could see it before it was theirs: a turn at it would open it.
static bool may_have(struct hold *h, uint64_t user)
{
	struct access a;
	struct access_set set = access_set_of(&h->c);
	set.assignee = 0;
	return !set.restricted || (directory_access(h->p->directory, user, &a) && access_may_see(&a, &set));
}

static void decide_assign(struct hold *h)
{
	uint64_t to = ((struct assigning *)h->own)->to, from = h->c.assignee;
	const struct user *u = to ? directory_user(h->p->directory, to) : NULL;
	if (to && (!u || u->is_disabled || !u->takes_work)) {
		hold_fail(h, E_INVALID, "this user takes no conversations");
		return;
	}
	if (to && !may_have(h, to)) {
		hold_fail(h, E_INVALID, "this conversation is restricted, and the user does not serve its queue");
		return;
	}
	if (from == to) {
		hold_end(h, 0, 0, NULL);
		return;
	}
	int64_t now = clock_now_ms();
	struct change *ch = change_new(h->p, h->arena, "assign");
	change_conversation(ch, &h->c, h->name, false);
	conversation_assign(&h->c, to);
	if (to) unit_add_participant(change_unit(ch), h->c.id, PARTICIPANT_USER, to, PARTICIPANT_AGENT, now);
	struct event e = hold_event(h, EVENT_CONVERSATION_ASSIGNED, now);
	e.from = (int64_t)from;
	e.to = (int64_t)to;
	change_event(ch, &e, &h->c, NULL);
	change_commit(ch, on_changed, h);
}

void act_assign(struct pipeline *p, const struct act *a, uint64_t to, act_cb cb, void *arg)
{
	struct hold *h = hold_new(p, a, cb, arg);
	struct assigning *own = arena_new_of(h->arena, struct assigning);
	own->to = to;
	h->own = own;
	hold_take(h, decide_assign);
}

// ---- state ----------------------------------------------------------------------------------------------------------

struct moving {
	enum conversation_move move;
};

static void decide_move(struct hold *h)
{
	int64_t now = clock_now_ms();
	enum event_kind kind = 0;
	struct conversation after = h->c;
	if (conversation_set_state(&after, ((struct moving *)h->own)->move, now, &kind)) {
		hold_fail(h, E_CONFLICT, "a conversation that is %s cannot be set so",
			  conversation_state_name(h->c.state));
		return;
	}
	if (!kind) {
		hold_end(h, 0, 0, NULL);
		return;
	}
	struct event e = hold_event(h, kind, now);
	e.from = h->c.state;
	e.to = after.state;
	struct change *ch = change_new(h->p, h->arena, "state");
	change_conversation(ch, &h->c, h->name, false);
	h->c = after;
	change_event(ch, &e, &h->c, NULL);
	change_commit(ch, on_changed, h);
}

void act_move(struct pipeline *p, const struct act *a, enum conversation_move move, act_cb cb, void *arg)
{
	struct hold *h = hold_new(p, a, cb, arg);
	struct moving *own = arena_new_of(h->arena, struct moving);
	own->move = move;
	h->own = own;
	hold_take(h, decide_move);
}

// ---- a contact's name -----------------------------------------------------------------------------------------------

struct renaming {
	struct pipeline *p;
	struct arena *arena;
	uint64_t user;
	struct contact c;
	act_contact_cb cb;
	void *arg;
};

static void renaming_end(struct renaming *n, int status, const struct err *why)
{
	struct pipeline *p = n->p;
	n->cb(status, status ? NULL : &n->c, why, n->arg);
	arena_free(&n->arena);
	mem_free(n);
	pipeline_leave(p);
}

static void on_renamed(const struct change_result *r, void *arg)
{
	struct renaming *n = arg;
	if (!r->status) {
		n->c.version++;
		known_rename(n->p->known, n->c.id, n->c.name);
	}
	renaming_end(n, r->status, r->why);
}

static void on_contact(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct renaming *n = arg;
	if (status || !rows->n_rows) {
		renaming_end(n, status ? status : E_MISSING, why);
		return;
	}
	struct str name = n->c.name;
	contact_of_row(rows, 0, &n->c);
	n->c.name = name;
	n->c.language = n->c.language.p ? arena_str(n->arena, n->c.language) : STR_NONE;
	struct change *ch = change_new(n->p, n->arena, "rename contact");
	unit_rename_contact(change_unit(ch), n->c.id, name);
	struct event e = {.at_ms = clock_now_ms(),
			  .kind = EVENT_CONTACT_UPDATED,
			  .actor = {ACTOR_USER, n->user},
			  .contact = n->c.id};
	change_event(ch, &e, NULL, NULL);
	change_commit(ch, on_renamed, n);
}

void act_rename(struct pipeline *p, uint64_t user, uint64_t contact, struct str name, act_contact_cb cb, void *arg)
{
	struct renaming *n = mem_new(struct renaming);
	*n = (struct renaming){.p = p, .arena = arena_new(0), .user = user, .cb = cb, .arg = arg};
	n->c.id = contact;
	n->c.name = contact_clean_name(n->arena, name);
	pipeline_enter(p);
	store_read(p->store, STMT_CONTACT, (struct db_value[]){DB_INT(contact)}, on_contact, n);
}

// ---- anything without a conversation --------------------------------------------------------------------------------

struct plain {
	struct pipeline *p;
	struct event event;
	act_done_cb cb;
	void *arg;
};

static void on_plain(const struct unit_result *r, void *arg)
{
	struct plain *x = arg;
	struct pipeline *p = x->p;
	if (!r->status) {
		x->event.seq = r->first_seq;
		struct feed_event *f = feed_event_new(&x->event, NULL, STR_NONE, NULL);
		feed_publish(p, &f, 1);
	}
	x->cb(r->status, r, x->arg);
	mem_free(x);
	pipeline_leave(p);
}

void act_commit(struct pipeline *p, struct unit *u, const struct event *e, act_done_cb cb, void *arg)
{
	struct plain *x = mem_new(struct plain);
	*x = (struct plain){p, *e, cb, arg};
	unit_add_event(u, e);
	pipeline_enter(p);
	store_submit(p->store, u, on_plain, x);
}
