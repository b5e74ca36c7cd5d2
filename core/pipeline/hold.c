// SPDX-License-Identifier: Apache-2.0
// Holds a conversation for an act: its turn, its newest state, and the user's right to see it.
#include "hold.h"
#include <stdarg.h>
#include <stdio.h>

struct hold *hold_new(struct pipeline *p, const struct act *a, act_cb cb, void *arg)
{
	struct hold *h = mem_new(struct hold);
	h->p = p;
	h->act = *a;
	h->cb = cb;
	h->arg = arg;
	h->arena = arena_pool_take(&p->arenas);
	pipeline_enter(p);
	return h;
}

void hold_end(struct hold *h, int status, int64_t seq, const struct err *why)
{
	struct pipeline *p = h->p;
	if (h->is_taken) turn_end(&h->turn);
	h->cb(status, status ? NULL : &h->c, status ? NULL : h->message, seq ? seq : feed_head(p), why, h->arg);
	arena_pool_give(&p->arenas, &h->arena);
	mem_free(h);
	pipeline_leave(p);
}

void hold_fail(struct hold *h, int status, const char *fmt, ...)
{
	struct err e = {.code = status};
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(e.text, sizeof e.text, fmt, ap);
	va_end(ap);
	hold_end(h, status, 0, &e);
}

static void on_conversation(int status, const struct conversation *c, struct str name, void *arg)
{
	struct hold *h = arg;
	if (status) {
		hold_fail(h, status, "%s",
			  status == E_MISSING ? "there is no such conversation" : "the database is away");
		return;
	}
	struct access_set set = access_set_of(c);
	if (!directory_access(h->p->directory, h->act.user, &h->access) || !access_may_see(&h->access, &set)) {
		hold_fail(h, E_MISSING, "there is no such conversation");
		return;
	}
	h->takes_work = directory_user(h->p->directory, h->act.user)->takes_work;
	h->c = *c;
	h->name = name.p ? arena_str(h->arena, name) : STR_NONE;
	if (h->act.version && h->act.version != c->version) {
		hold_fail(h, E_CONFLICT, "somebody else changed this conversation; load it anew");
		return;
	}
	h->decide(h);
}

static void on_turn(void *arg)
{
	struct hold *h = arg;
	known_conversation(h->p, h->act.conversation, on_conversation, h);
}

void hold_take(struct hold *h, void (*decide)(struct hold *h))
{
	uint64_t key = turn_key('c', h->act.conversation);
	h->decide = decide;
	h->is_taken = true;
	turn_take(h->p->turns, &h->turn, &key, 1, on_turn, h);
}

void hold_again(struct hold *h)
{
	if (++h->tries > PIPELINE_RETRIES) {
		hold_fail(h, E_BUSY, "too many changes at once; try again");
		return;
	}
	turn_end(&h->turn);
	hold_take(h, h->decide);
}

struct event hold_event(const struct hold *h, enum event_kind kind, int64_t now)
{
	return (struct event){.at_ms = now,
			      .kind = kind,
			      .actor = {ACTOR_USER, h->act.user},
			      .conversation = h->c.id,
			      .contact = h->c.contact,
			      .inbox = h->c.inbox,
			      .thread = h->c.thread};
}
