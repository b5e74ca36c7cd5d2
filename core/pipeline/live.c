// SPDX-License-Identifier: Apache-2.0
// What visitors see of the river: frames of the live endpoint (channel/live.h), told at commit and replayed from the
// log.
#include "known.h"
#include "base/clock.h"
#include <stdio.h>
#include <stdlib.h>

#define REPLAY_PAGE 100
#define REPLAY_LAST 50

bool live_is_live(struct pipeline *p, uint64_t inbox)
{
	const struct inbox_record *in = directory_inbox(p->directory, inbox);
	return in && p->channels && json_get(channels_manifest(p->channels, in->channel), "live");
}

// ---- cursors: opaque to visitors; a seq in base 36 behind a letter --------------------------------------------------

static struct str cursor_of(struct arena *a, int64_t seq)
{
	char digits[16];
	size_t n = sizeof digits;
	do {
		digits[--n] = "0123456789abcdefghijklmnopqrstuvwxyz"[seq % 36];
		seq /= 36;
	} while (seq && n);
	return arena_printf(a, "c%.*s", (int)(sizeof digits - n), digits + n);
}

static int cursor_read(struct str s, int64_t *seq_r)
{
	int64_t seq = 0;
	if (s.n < 2 || s.n > 13 || s.p[0] != 'c') return E_INVALID;
	for (size_t i = 1; i < s.n; i++) {
		char c = s.p[i];
		int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'z' ? c - 'a' + 10 : -1;
		if (d < 0 || seq > (INT64_MAX - d) / 36) return E_INVALID;
		seq = seq * 36 + d;
	}
	*seq_r = seq;
	return 0;
}

// ---- frames ---------------------------------------------------------------------------------------------------------

// Who wrote, as customers see it: an agent's own name.
static void write_author(struct pipeline *p, struct json_out *o, const struct message *m)
{
	const struct user *u = m->author == AUTHOR_AGENT ? directory_user(p->directory, m->author_id) : NULL;
	json_out_key(o, "author");
	json_out_map(o);
	json_out_key_string(o, "kind", str_of(author_kind_name(m->author)));
	json_out_key_string(o, "name", u ? u->name : STR_NONE);
	json_out_map_end(o);
}

static struct str frame_of(struct pipeline *p, struct arena *a, const struct message *m, int64_t seq)
{
	struct buf b = {0};
	struct json_out o = json_out_init(&b);
	json_out_map(&o);
	json_out_key_string(&o, "type", STR("message"));
	json_out_key_string(&o, "cursor", cursor_of(a, seq));
	json_out_key_id(&o, "id", m->id);
	json_out_key_string(&o, "key", m->is_out ? STR_NONE : m->key);
	write_author(p, &o, m);
	json_out_key_time(&o, "at", m->received_at);
	json_out_key(&o, "parts");
	json_out_raw(&o, m->parts);
	json_out_map_end(&o);
	struct str frame = arena_str(a, buf_str(&b));
	buf_fini(&b);
	return frame;
}

void live_tell(struct pipeline *p, struct str thread_external, const struct message *m, int64_t seq)
{
	if (!p->channels || !channels_live_is_watched(p->channels, m->inbox, thread_external)) return;
	struct arena *a = arena_new(0);
	channels_live_push(p->channels, m->inbox, thread_external, frame_of(p, a, m, seq));
	arena_free(&a);
}

// ---- replay ---------------------------------------------------------------------------------------------------------

struct replay {
	struct pipeline *p;
	int64_t after; // -1: the last ones
	channel_replay_cb cb;
	void *arg;
	void (*may_cb)(bool yes, void *arg);
	uint64_t media, inbox;
	struct arena *arena;
};

static struct replay *replay_new(struct pipeline *p, void *arg)
{
	struct replay *r = mem_new(struct replay);
	*r = (struct replay){.p = p, .arg = arg, .arena = arena_new(0), .after = -1};
	pipeline_enter(p);
	return r;
}

static void replay_free(struct replay *r)
{
	struct pipeline *p = r->p;
	arena_free(&r->arena);
	mem_free(r);
	pipeline_leave(p);
}

static void on_messages(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct replay *r = arg;
	size_t n = status ? 0 : rows->n_rows;
	int64_t last = r->after;
	struct str *frames = arena_array(r->arena, struct str, n + 1);
	for (size_t i = 0; i < n; i++) {
		size_t row = r->after < 0 ? n - 1 - i : i; // the last ones come newest first
		struct message m;
		message_of_row(rows, row, 1, &m);
		last = db_int(rows, row, 0);
		frames[i] = frame_of(r->p, r->arena, &m, last);
	}
	struct str cursor = last >= 0 ? cursor_of(r->arena, last) : cursor_of(r->arena, 0);
	r->cb(status, frames, n, r->after >= 0 && n == REPLAY_PAGE, cursor, r->arg);
	replay_free(r);
}

static void on_thread(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct replay *r = arg;
	if (status || !rows->n_rows) { // a visitor who has not written yet
		r->cb(status, NULL, 0, false, cursor_of(r->arena, 0), r->arg);
		replay_free(r);
		return;
	}
	int64_t thread = db_int(rows, 0, 0);
	if (r->after < 0)
		store_read(r->p->store, STMT_REPLAY_LAST, (struct db_value[]){DB_INT(thread), DB_INT(REPLAY_LAST)},
			   on_messages, r);
	else
		store_read(r->p->store, STMT_REPLAY,
			   (struct db_value[]){DB_INT(thread), DB_INT(r->after), DB_INT(REPLAY_PAGE)}, on_messages, r);
}

void live_replay(void *ctx, uint64_t inbox, struct str thread, struct str cursor, channel_replay_cb cb, void *arg)
{
	struct replay *r = replay_new(ctx, arg);
	r->cb = cb;
	int64_t after;
	if (cursor.p && !cursor_read(cursor, &after) && after <= feed_head(r->p)) r->after = after;
	store_read(r->p->store, STMT_THREAD_OF_EXTERNAL, (struct db_value[]){DB_INT(inbox), DB_TEXT(thread)}, on_thread,
		   r);
}

// ---- files ----------------------------------------------------------------------------------------------------------

static void on_file(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct replay *r = arg;
	struct file_row f = {0};
	if (!status && rows->n_rows) file_of_row(rows, 0, &f);
	r->may_cb(f.message && f.thread && (int64_t)f.thread == r->after && audience_is_for_customer(f.audience),
		  r->arg);
	replay_free(r);
}

static void on_file_thread(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct replay *r = arg;
	if (status || !rows->n_rows) {
		r->may_cb(false, r->arg);
		replay_free(r);
		return;
	}
	r->after = db_int(rows, 0, 0);
	store_read(r->p->store, STMT_FILE, (struct db_value[]){DB_INT(r->media)}, on_file, r);
}

void live_may_read(void *ctx, uint64_t inbox, struct str thread, uint64_t media, void (*cb)(bool yes, void *arg),
		   void *arg)
{
	struct replay *r = replay_new(ctx, arg);
	r->may_cb = cb;
	r->media = media;
	store_read(r->p->store, STMT_THREAD_OF_EXTERNAL, (struct db_value[]){DB_INT(inbox), DB_TEXT(thread)},
		   on_file_thread, r);
}

// ---- signals --------------------------------------------------------------------------------------------------------

struct typing {
	struct pipeline *p;
	struct actor by;
};

static void on_typing_conversation(int status, const struct conversation *c, struct str name, void *arg)
{
	struct typing *t = arg;
	if (!status) {
		struct feed_signal s = {.kind = STR("typing"),
					.conversation = c->id,
					.by = {ACTOR_CONTACT, c->contact},
					.access = access_set_of(c)};
		feed_signal(t->p, &s);
	}
	mem_free(t);
}

static void on_typing_thread(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct typing *t = arg;
	uint64_t conversation = !status && rows->n_rows ? (uint64_t)db_int(rows, 0, 3) : 0;
	if (conversation) {
		known_conversation(t->p, conversation, on_typing_conversation, t);
		pipeline_leave(t->p);
		return;
	}
	pipeline_leave(t->p);
	mem_free(t);
}

void live_signal(void *ctx, uint64_t inbox, const struct channel_event *event)
{
	struct pipeline *p = ctx;
	struct str thread = json_string_of(json_get(event->doc, "thread"), "external");
	if (!str_is(event->type, "typing") || !thread.n || p->is_closing) return;
	struct typing *t = mem_new(struct typing);
	t->p = p;
	pipeline_enter(p);
	store_read(p->store, STMT_THREAD_OF_EXTERNAL, (struct db_value[]){DB_INT(inbox), DB_TEXT(thread)},
		   on_typing_thread, t);
}

// An agent types: the thread's live sockets are told. The signal has no cursor and is never replayed.
static void on_agent_thread(int status, const struct known_thread *t, void *arg)
{
	struct typing *ty = arg;
	if (!status && live_is_live(ty->p, t->inbox))
		channels_live_push(ty->p->channels, t->inbox, t->external,
				   STR("{\"type\":\"typing\",\"author\":{\"kind\":\"agent\"}}"));
	mem_free(ty);
}

static void on_agent_conversation(int status, const struct conversation *c, struct str name, void *arg)
{
	struct typing *ty = arg;
	struct access a;
	struct access_set set;
	if (!status) set = access_set_of(c);
	if (status || !directory_access(ty->p->directory, ty->by.id, &a) || !access_may_see(&a, &set)) {
		mem_free(ty);
		return;
	}
	struct feed_signal s = {.kind = STR("typing"), .conversation = c->id, .by = ty->by, .access = set};
	feed_signal(ty->p, &s);
	known_thread(ty->p, c->thread, on_agent_thread, ty);
}

void act_typing(struct pipeline *p, uint64_t user, uint64_t conversation)
{
	struct typing *t = mem_new(struct typing);
	*t = (struct typing){p, {ACTOR_USER, user}};
	known_conversation(p, conversation, on_agent_conversation, t);
}
