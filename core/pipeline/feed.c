// SPDX-License-Identifier: Apache-2.0
// The feed: the log as it grows, for those who follow it live and those who come back after a while.
#include "inside.h"
#include "base/log.h"
#include <string.h>

#define RING_EVENTS 50000
#define RING_BYTES (48u << 20)
#define PAGE 500
#define CATCH_UP_MAX 200000 // further behind: reset
#define STEP 1000           // events handed over to one follower in one turn
#define RETRY_MS 1000       // after a read that failed

struct feed_follower {
	struct list at;
	struct pipeline *p;
	int64_t next; // the seq it gets next
	feed_cb cb;
	void *arg;
	bool is_reading, is_deferred, is_gone;
};

struct feed {
	struct pipeline *p;
	struct feed_event **ring; // of RING_EVENTS
	int64_t first, head;      // seq of the oldest in the ring; of the newest published
	size_t bytes;
	struct list followers;
	struct feed_event **held; // ours, waiting for the gap before them to be read
	size_t n_held, cap_held;
	bool is_filling, is_started;
	struct loop_timer retry;
	feed_signal_cb on_signal;
	void *signal_arg;
};

// ---- events ---------------------------------------------------------------------------------------------------------

static void drop_face(struct feed_event *e)
{
	if (e->face_free) e->face_free(e->face);
	e->face_free = NULL;
	e->face = NULL;
}

static void event_destroy(void *obj) { drop_face(obj); }

static struct str put_str(char **at, struct str s)
{
	if (!s.p) return STR_NONE;
	memcpy(*at, s.p, s.n);
	struct str copy = {*at, s.n};
	*at += s.n;
	return copy;
}

struct feed_event *feed_event_new(const struct event *e, const struct conversation *c, struct str contact_name,
				  const struct message *m)
{
	size_t extra = contact_name.n;
	if (m) extra += m->provider_id.n + m->key.n + m->parts.n + m->error.n;
	struct feed_event *f = mem_ref_new(sizeof *f + extra, event_destroy);
	char *at = (char *)(f + 1);
	f->event = *e;
	if (c) {
		f->has_conversation = true;
		f->conversation = *c;
		f->contact_name = put_str(&at, contact_name);
	}
	if (m) {
		f->has_message = true;
		f->message = *m;
		f->message.provider_id = put_str(&at, m->provider_id);
		f->message.key = put_str(&at, m->key);
		f->message.parts = put_str(&at, m->parts);
		f->message.error = put_str(&at, m->error);
	}
	return f;
}

static size_t event_bytes(const struct feed_event *f)
{
	return sizeof *f + (f->has_message ? 2 * f->message.parts.n : 0) + 512;
}

static struct feed_event *feed_event_of_row(const struct db_rows *rows, size_t row)
{
	struct event e;
	struct message m;
	struct conversation c;
	event_of_row(rows, row, 0, &e);
	message_of_row(rows, row, EVENT_COLS, &m);
	conversation_of_row(rows, row, EVENT_COLS + MESSAGE_COLS, &c);
	struct str name = db_str(rows, row, EVENT_COLS + MESSAGE_COLS + CONVERSATION_COLS);
	return feed_event_new(&e, c.id ? &c : NULL, name, m.id ? &m : NULL);
}

// ---- the ring -------------------------------------------------------------------------------------------------------

static struct feed_event **slot(struct feed *f, int64_t seq) { return &f->ring[seq % RING_EVENTS]; }

static void ring_drop_first(struct feed *f)
{
	struct feed_event **s = slot(f, f->first++);
	f->bytes -= event_bytes(*s);
	*s = mem_unref(*s);
}

static void ring_push(struct feed *f, struct feed_event *e)
{
	while (f->head >= f->first && (f->head - f->first + 1 >= RING_EVENTS || f->bytes > RING_BYTES))
		ring_drop_first(f);
	f->head = e->event.seq;
	*slot(f, f->head) = e;
	f->bytes += event_bytes(e);
}

// ---- followers ------------------------------------------------------------------------------------------------------

// A follower that is gone stays in the list until it is looked at again: nobody who goes through the list, or is inside
// one of its callbacks, loses it.
static void follower_pump(void *arg);

static void follower_wake(struct feed_follower *w)
{
	if (w->is_reading || w->is_deferred) return;
	w->is_deferred = true;
	pipeline_enter(w->p);
	loop_defer(w->p->loop, follower_pump, w);
}

static void follower_free(struct feed_follower *w)
{
	list_remove(&w->at);
	mem_free(w);
}

static void follower_reset(struct feed_follower *w)
{
	w->is_gone = true;
	follower_wake(w);
	w->cb(NULL, w->arg);
}

static void take_page(struct feed_follower *w, const struct db_rows *rows)
{
	for (size_t i = 0; i < rows->n_rows && !w->is_gone; i++) {
		struct feed_event *e = feed_event_of_row(rows, i);
		if (e->event.seq == w->next) {
			w->next++;
			w->cb(e, w->arg);
		}
		mem_unref(e);
	}
}

static void on_page(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct feed_follower *w = arg;
	struct pipeline *p = w->p;
	int64_t before = w->next;
	w->is_reading = false;
	if (!status) take_page(w, rows);
	// Away, or a hole: start anew rather than miss something.
	if (!w->is_gone && w->next == before) follower_reset(w);
	follower_wake(w);
	pipeline_leave(p);
}

static void follower_read(struct feed_follower *w)
{
	if (w->p->has_given_up) return;
	w->is_reading = true;
	pipeline_enter(w->p);
	store_read(w->p->store, STMT_EVENTS_AFTER, (struct db_value[]){DB_INT(w->next - 1), DB_INT(PAGE)}, on_page, w);
}

static void follower_go_on(struct feed_follower *w)
{
	const struct feed *f = w->p->feed;
	if (w->is_gone || w->next > f->head) return;
	if (w->next >= f->first)
		follower_wake(w);
	else if (f->head - w->next > CATCH_UP_MAX)
		follower_reset(w);
	else
		follower_read(w);
}

static void follower_pump(void *arg)
{
	struct feed_follower *w = arg;
	struct pipeline *p = w->p;
	struct feed *f = p->feed;
	w->is_deferred = false;
	if (w->is_gone) {
		follower_free(w);
		pipeline_leave(p);
		return;
	}
	for (int n = 0; !w->is_gone && n < STEP && w->next >= f->first && w->next <= f->head; n++) {
		struct feed_event *e = mem_ref(*slot(f, w->next));
		w->next++;
		w->cb(e, w->arg);
		mem_unref(e);
	}
	follower_go_on(w);
	pipeline_leave(p);
}

// Of what was committed here: it may wait for a gap before it.
static int64_t newest(const struct feed *f) { return f->n_held ? f->held[f->n_held - 1]->event.seq : f->head; }

struct feed_follower *feed_follow(struct pipeline *p, int64_t after, feed_cb cb, void *arg)
{
	struct feed_follower *w = mem_new(struct feed_follower);
	*w = (struct feed_follower){.p = p, .next = after + 1, .cb = cb, .arg = arg};
	list_append(&p->feed->followers, &w->at);
	if (after > newest(p->feed) || after < 0) w->next = p->feed->head - CATCH_UP_MAX - 2; // no seq of ours: reset
	follower_wake(w);
	return w;
}

void feed_unfollow(struct feed_follower **w)
{
	struct feed_follower *x = *w;
	*w = NULL;
	if (!x) return;
	x->is_gone = true;
	follower_wake(x);
}

int64_t feed_head(const struct pipeline *p) { return p->feed->head; }

// ---- publishing -----------------------------------------------------------------------------------------------------

static void publish_one(struct feed *f, struct feed_event *e)
{
	ring_push(f, e);
	f->p->stats.events++;
	assign_saw(f->p, e->event.seq);
	list_each (l, &f->followers) {
		struct feed_follower *w = list_entry(l, struct feed_follower, at);
		if (w->is_gone || w->is_reading || w->is_deferred || w->next != f->head) continue;
		w->next++;
		w->cb(e, w->arg);
	}
	drop_face(e); // whoever was up to date has it; the ring would keep it for long
}

static void hold(struct feed *f, struct feed_event *e)
{
	if (f->n_held == f->cap_held) {
		f->cap_held = f->cap_held ? f->cap_held * 2 : 64;
		f->held = mem_realloc(f->held, f->cap_held * sizeof *f->held);
	}
	f->held[f->n_held++] = e;
}

static void fill_gap(void *arg);

static void on_gap(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct feed *f = arg;
	f->is_filling = false;
	int64_t head_before = f->head;
	int64_t until = f->n_held ? f->held[0]->event.seq : INT64_MAX;
	for (size_t i = 0; !status && i < rows->n_rows; i++) {
		struct feed_event *e = feed_event_of_row(rows, i);
		if (e->event.seq == f->head + 1 && e->event.seq < until)
			publish_one(f, e);
		else
			mem_unref(e);
	}
	if (f->head > head_before)
		fill_gap(f);
	else if (!f->p->is_closing)
		loop_timer_set(&f->retry, RETRY_MS); // the store is away
	pipeline_leave(f->p);
}

// Publishes what is held as far as it continues the head; before a gap it reads what another writer committed there.
static void fill_gap(void *arg)
{
	struct feed *f = arg;
	size_t i = 0;
	while (i < f->n_held && f->held[i]->event.seq == f->head + 1)
		publish_one(f, f->held[i++]);
	f->n_held -= i;
	memmove(f->held, f->held + i, f->n_held * sizeof *f->held);
	loop_timer_clear(&f->retry);
	if (!f->n_held || f->is_filling || f->p->has_given_up) return;
	f->is_filling = true;
	pipeline_enter(f->p);
	store_read(f->p->store, STMT_EVENTS_AFTER, (struct db_value[]){DB_INT(f->head), DB_INT(PAGE)}, on_gap, f);
}

void feed_publish(struct pipeline *p, struct feed_event **events, size_t n)
{
	struct feed *f = p->feed;
	for (size_t i = 0; i < n; i++) {
		if (!f->is_started)
			mem_unref(events[i]); // nobody follows yet; the head that is read then contains it
		else if (!f->n_held && events[i]->event.seq == f->head + 1)
			publish_one(f, events[i]);
		else
			hold(f, events[i]);
	}
	if (f->n_held && !f->is_filling) fill_gap(f);
}

// ---- signals, life --------------------------------------------------------------------------------------------------

void feed_on_signal(struct pipeline *p, feed_signal_cb cb, void *arg)
{
	p->feed->on_signal = cb;
	p->feed->signal_arg = arg;
}

void feed_signal(struct pipeline *p, const struct feed_signal *s)
{
	if (p->feed->on_signal) p->feed->on_signal(s, p->feed->signal_arg);
}

struct feed *feed_new(struct pipeline *p)
{
	struct feed *f = mem_new(struct feed);
	f->p = p;
	f->ring = mem_calloc(RING_EVENTS, sizeof *f->ring);
	f->first = 1;
	list_init(&f->followers);
	loop_timer_init(&f->retry, p->loop, "feed gap", fill_gap, f);
	return f;
}

void feed_stop(struct pipeline *p) { loop_timer_clear(&p->feed->retry); }

void feed_free(struct feed **f)
{
	if (!*f) return;
	list_each (l, &(*f)->followers) {
		struct feed_follower *w = list_entry(l, struct feed_follower, at);
		list_remove(&w->at);
		mem_free(w);
	}
	while ((*f)->first <= (*f)->head)
		ring_drop_first(*f);
	for (size_t i = 0; i < (*f)->n_held; i++)
		mem_unref((*f)->held[i]);
	mem_free((*f)->held);
	mem_free((*f)->ring);
	mem_free(*f);
	*f = NULL;
}

struct start {
	struct pipeline *p;
	loop_done_cb done;
	void *arg;
};

static void on_head(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct start *s = arg;
	struct pipeline *p = s->p;
	if (!status && rows->n_rows) {
		s->p->feed->head = db_int(rows, 0, 0);
		s->p->feed->first = s->p->feed->head + 1;
		s->p->feed->is_started = true;
	}
	s->done(status, s->arg);
	mem_free(s);
	pipeline_leave(p);
}

void feed_start(struct pipeline *p, loop_done_cb done, void *arg)
{
	struct start *s = mem_new(struct start);
	*s = (struct start){p, done, arg};
	pipeline_enter(p);
	store_read(p->store, STMT_SEQ_HEAD, NULL, on_head, s);
}
