// SPDX-License-Identifier: Apache-2.0
// The timeline of a conversation: its part of the log, the messages with it.
#include "inside.h"
#include "base/mem.h"

#define LIMIT_MAX 200
#define LIMIT 50
#define BYTES ((size_t)2 << 20) // of messages in one answer; more are on the next page

struct timeline {
	int64_t before, limit, seq;
	struct str contact_name;
};

static void write_event(struct call *c, struct json_out *o, const struct db_rows *rows, size_t row)
{
	const struct timeline *t = c->own;
	struct event e;
	struct message m;
	event_of_row(rows, row, 0, &e);
	message_of_row(rows, row, EVENT_COLS, &m);
	json_out_map(o);
	encode_event(c->api, o,
		     &(struct event_view){.event = &e, .message = m.id ? &m : NULL, .contact_name = t->contact_name});
	json_out_map_end(o);
}

// How many rows, the newest first, one answer takes.
static size_t count_fitting(const struct db_rows *rows)
{
	size_t bytes = 0, n = 0;
	for (; n < rows->n_rows && (!n || bytes < BYTES); n++) {
		struct message m;
		message_of_row(rows, n, EVENT_COLS, &m);
		bytes += m.parts.n;
	}
	return n;
}

static void on_rows(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct call *c = arg;
	const struct timeline *t = c->own;
	if (status) {
		call_fail_status(c, status, why);
		return;
	}
	struct json_out *o = call_open(c);
	json_out_map(o);
	encode_seq(o, "seq", t->seq);
	json_out_key(o, "events");
	json_out_list(o);
	size_t n = count_fitting(rows);
	for (size_t i = n; i > 0; i--)
		write_event(c, o, rows, i - 1);
	json_out_list_end(o);
	if ((int64_t)rows->n_rows == t->limit || n < rows->n_rows) {
		encode_seq(o, "next", db_int(rows, n - 1, 0));
	} else {
		json_out_key(o, "next");
		json_out_null(o);
	}
	json_out_map_end(o);
	call_end(c, 200);
}

static void on_conversation(struct call *c, const struct conversation *conversation, struct str contact_name)
{
	struct timeline *t = c->own;
	t->contact_name = contact_name.p ? arena_str(c->arena, contact_name) : STR_NONE;
	store_read(c->api->o.store, STMT_TIMELINE,
		   (struct db_value[]){DB_INT(conversation->id), DB_INT(t->before), DB_INT(t->limit)}, on_rows, c);
}

void handle_timeline(struct call *c)
{
	struct timeline *t = arena_new_of(c->arena, struct timeline);
	c->own = t;
	t->before = INT64_MAX;
	t->limit = LIMIT;
	t->seq = feed_head(c->api->o.pipeline);
	if (!call_query_int(c, "before", (int64_t[]){0, INT64_MAX}, &t->before)) return;
	if (!call_query_int(c, "limit", (int64_t[]){1, LIMIT_MAX}, &t->limit)) return;
	call_conversation(c, c->id, on_conversation);
}
