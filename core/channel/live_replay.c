// SPDX-License-Identifier: Apache-2.0
// From replay to live. The port gives the past in pages; what is pushed meanwhile waits. A frame that was in a page is
// not sent again, whether its push came during the replay or comes a moment later: cursors tell them apart.
#include "live_inside.h"
#include "base/mem.h"

#define MARKS 64 // how far a push may be behind the store
#define WAITING_MAX 1000
#define WAITING_BYTES_MAX ((size_t)1 << 20)
#define AFTERMATH_MS 30000

struct waiting {
	struct list at;
	uint64_t mark; // 0: a signal
	struct ws_frame *frame;
	struct str text; // a copy
};

struct live_replay {
	struct live_replay **slot; // NULL: the owner is gone, free it when the port has answered
	struct live_thread *thread;
	struct live_replay_ends ends;
	struct list waiting;
	size_t n_waiting, waiting_bytes;
	uint64_t marks[MARKS]; // of the last frames replayed
	size_t n_marks;
	bool is_asking, is_over; // over: live, only the marks still count
	struct loop_timer aftermath;
};

static uint64_t mark_of(struct str cursor)
{
	uint64_t mark = str_hash(cursor);
	return cursor.n ? mark ? mark : 1 : 0;
}

static bool is_marked(const struct live_replay *r, uint64_t mark)
{
	size_t n = r->n_marks < MARKS ? r->n_marks : MARKS;
	for (size_t i = 0; mark && i < n; i++)
		if (r->marks[i] == mark) return true;
	return false;
}

static void waiting_free(struct live_replay *r, struct waiting *w)
{
	list_remove(&w->at);
	r->n_waiting--;
	r->waiting_bytes -= w->text.n;
	mem_unref(w->frame);
	mem_free((void *)w->text.p);
	mem_free(w);
}

static void replay_free(struct live_replay *r)
{
	list_each (at, &r->waiting)
		waiting_free(r, list_entry(at, struct waiting, at));
	loop_timer_clear(&r->aftermath);
	if (r->slot) *r->slot = NULL;
	mem_free(r);
}

static void aftermath_over(void *arg) { replay_free(arg); }

static void replay_went_live(struct live_replay *r)
{
	r->is_over = true;
	list_each (at, &r->waiting) {
		struct waiting *w = list_entry(at, struct waiting, at);
		r->ends.send(r->ends.arg, w->text, w->frame);
		waiting_free(r, w);
	}
	if (r->n_marks) loop_timer_set(&r->aftermath, AFTERMATH_MS);
	live_replay_end_cb end = r->ends.end;
	void *arg = r->ends.arg;
	if (!r->n_marks) replay_free(r);
	end(arg, 0);
}

// A frame out of the past: what waits of it is not needed any more.
static void replay_one(struct live_replay *r, struct arena *a, struct str frame)
{
	const struct json *doc = NULL;
	if (json_parse(a, frame, &JSON_OURS, &doc, NULL)) return;
	uint64_t mark = mark_of(json_string_of(doc, "cursor"));
	if (mark) r->marks[r->n_marks++ % MARKS] = mark;
	list_each (at, &r->waiting) {
		struct waiting *w = list_entry(at, struct waiting, at);
		if (mark && w->mark == mark) waiting_free(r, w);
	}
	r->ends.send(r->ends.arg, live_dress(r->thread->in, a, r->thread->address, doc, frame), NULL);
}

static void replay_ask(struct live_replay *r, struct str cursor);

static void replayed(int status, const struct str *frames, size_t n, bool more, struct str cursor, void *arg)
{
	struct live_replay *r = arg;
	r->is_asking = false;
	if (!r->slot) {
		live_busy(r->ends.arg, -1); /* see live_replay_stop */
		replay_free(r);
		return;
	}
	if (status) {
		live_replay_end_cb end = r->ends.end;
		void *end_arg = r->ends.arg;
		replay_free(r);
		end(end_arg, status);
		return;
	}
	struct arena *a = arena_new(0);
	for (size_t i = 0; i < n; i++) {
		arena_reset(a);
		replay_one(r, a, frames[i]);
	}
	arena_free(&a);
	if (more)
		replay_ask(r, cursor);
	else
		replay_went_live(r);
}

static void replay_ask(struct live_replay *r, struct str cursor)
{
	struct inbox *in = r->thread->in;
	const struct channel_ports *ports = &in->plugin->channels->ports;
	r->is_asking = true;
	ports->replay(ports->ctx, in->id, r->thread->address, cursor, replayed, r);
}

void live_replay_start(struct live_replay **slot, struct live_thread *t, struct str cursor,
		       const struct live_replay_ends *ends)
{
	struct live_replay *r = mem_new(struct live_replay);
	*slot = r;
	r->slot = slot;
	r->thread = t;
	r->ends = *ends;
	list_init(&r->waiting);
	loop_timer_init(&r->aftermath, t->in->plugin->channels->loop, "live replay", aftermath_over, r);
	replay_ask(r, cursor);
}

void live_replay_push(struct live_replay **slot, const struct live_push *p)
{
	struct live_replay *r = *slot;
	uint64_t mark = mark_of(p->cursor);
	if (is_marked(r, mark)) return;
	if (r->is_over) {
		r->ends.send(r->ends.arg, p->text, p->frame);
		return;
	}
	if (r->n_waiting >= WAITING_MAX || r->waiting_bytes + p->text.n > WAITING_BYTES_MAX) {
		live_replay_end_cb end = r->ends.end;
		void *arg = r->ends.arg;
		live_replay_stop(slot);
		end(arg, E_BUSY);
		return;
	}
	struct waiting *w = mem_new(struct waiting);
	w->mark = mark;
	w->frame = mem_ref(p->frame);
	w->text = (struct str){mem_strndup(p->text.p, p->text.n), p->text.n};
	list_append(&r->waiting, &w->at);
	r->n_waiting++;
	r->waiting_bytes += p->text.n;
}

void live_replay_stop(struct live_replay **slot)
{
	struct live_replay *r = *slot;
	if (!r) return;
	if (!r->is_asking) {
		replay_free(r);
		return;
	}
	/* the port will still answer: the host waits for it */
	struct live *l = r->thread->in->plugin->channels->live;
	*slot = NULL;
	r->slot = NULL;
	r->ends.arg = l;
	live_busy(l, 1);
}
