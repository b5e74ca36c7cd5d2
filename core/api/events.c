// SPDX-License-Identifier: Apache-2.0
// The log over REST: what happened after a seq, as far as the caller may see it.
#include "inside.h"
#include "base/mem.h"

#define LIMIT_MAX 1000
#define LIMIT 200
#define BYTES ((size_t)2 << 20) // of one answer, about

static void write_event(struct call *c, const struct db_rows *rows, size_t row)
{
	struct event e;
	struct message m;
	struct conversation conversation;
	event_of_row(rows, row, 0, &e);
	message_of_row(rows, row, EVENT_COLS, &m);
	conversation_of_row(rows, row, EVENT_COLS + MESSAGE_COLS, &conversation);
	if (!event_is_visible(c->api, &c->access, &e, conversation.id ? &conversation : NULL)) return;
	struct event_view view = {.event = &e,
				  .message = m.id ? &m : NULL,
				  .contact_name = db_str(rows, row, EVENT_COLS + MESSAGE_COLS + CONVERSATION_COLS)};
	json_out_map(&c->json);
	encode_event(c->api, &c->json, &view);
	json_out_map_end(&c->json);
}

static void on_rows(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct call *c = arg;
	const int64_t *after = c->own;
	if (status) {
		call_fail_status(c, status, why);
		return;
	}
	struct json_out *o = call_open(c);
	json_out_map(o);
	json_out_key(o, "events");
	json_out_list(o);
	size_t n = 0;
	for (; n < rows->n_rows && c->out.n < BYTES; n++)
		write_event(c, rows, n);
	json_out_list_end(o);
	encode_seq(o, "last", n ? db_int(rows, n - 1, 0) : *after);
	json_out_map_end(o);
	call_end(c, 200);
}

void handle_events(struct call *c)
{
	int64_t *after = arena_new_of(c->arena, int64_t);
	int64_t limit = LIMIT;
	c->own = after;
	if (!call_query(c, "after").p) {
		call_fail_field(c, "after", "after must be given: the seq of the last event known, or 0");
		return;
	}
	if (!call_query_int(c, "after", (int64_t[]){0, INT64_MAX}, after)) return;
	if (!call_query_int(c, "limit", (int64_t[]){1, LIMIT_MAX}, &limit)) return;
	store_read(c->api->o.store, STMT_EVENTS_AFTER, (struct db_value[]){DB_INT(*after), DB_INT(limit)}, on_rows, c);
}
