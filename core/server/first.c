// SPDX-License-Identifier: Apache-2.0
// The demo shop's inbox: made at the first start that wants one.
#include "base/clock.h"
#include "base/log.h"
#include "pipeline/act.h"
#include "server/wire.h"

struct first {
	struct wire *w;
	loop_done_cb done;
	void *arg;
	uint64_t inbox;
};

static void end(struct first *f, int status)
{
	f->done(status, f->arg);
	mem_free(f);
}

static void on_loaded(int status, void *arg)
{
	struct first *f = arg;
	web_set_demo_inbox(f->w->web, f->inbox);
	end(f, status);
}

static void on_added(int status, const struct unit_result *r, void *arg)
{
	struct first *f = arg;
	if (status)
		end(f, status);
	else
		directory_load(f->w->directory, on_loaded, f);
}

static uint64_t existing(struct directory *d)
{
	size_t n;
	const struct inbox_record *in = directory_inboxes(d, &n);
	for (size_t i = 0; i < n; i++)
		if (str_is(in[i].channel, "webchat") && !in[i].is_archived) return in[i].id;
	return 0;
}

static void none(void *arg) { end(arg, 0); }

void first_demo_inbox(struct wire *w, loop_done_cb done, void *arg)
{
	struct first *f = mem_new(struct first);
	*f = (struct first){.w = w, .done = done, .arg = arg, .inbox = existing(w->directory)};
	size_t n_queues, n_brands;
	const struct queue *queues = directory_queues(w->directory, &n_queues);
	const struct brand *brands = directory_brands(w->directory, &n_brands);
	bool is_possible = channels_manifest(w->channels, STR("webchat")) && n_brands;
	if (f->inbox) web_set_demo_inbox(w->web, f->inbox);
	if (f->inbox || !is_possible) {
		loop_defer(w->loop, none, f);
		return;
	}
	f->inbox = store_id(w->store);
	int64_t now = clock_now_ms();
	struct unit *u = unit_new(w->store);
	unit_name(u, "demo inbox");
	unit_add(u, STMT_INBOX_ADD,
		 (struct db_value[]){DB_INT(f->inbox), DB_TEXT(STR("Demo shop")), DB_TEXT(STR("webchat")),
				     DB_INT(brands[0].id), DB_INT_OR_NULL(n_queues ? queues[0].id : 0), DB_INT(0),
				     DB_INT(JOIN_THREAD), DB_INT(INBOX_REOPEN_WINDOW_MS), DB_TEXT(STR("{}")), DB_NULL,
				     DB_INT(now)});
	struct event e = {.at_ms = now, .kind = EVENT_INBOX_CREATED, .inbox = f->inbox};
	act_commit(w->pipeline, u, &e, on_added, f);
}
