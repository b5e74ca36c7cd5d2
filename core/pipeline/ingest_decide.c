// SPDX-License-Identifier: Apache-2.0
// Decides a whole inbound unit: its messages and receipts in their order, then what was put.
#include "ingest.h"
#include "base/clock.h"

// One row a key: the last put of a cause counts. Whoever puts holds the key, so that no other row of a batch is about
// it.
static bool is_put_later(const struct channel_commit *c, size_t i)
{
	for (size_t k = i + 1; k < c->n_puts; k++)
		if (str_eq(c->puts[k].key, c->puts[i].key)) return true;
	return false;
}

static void put_value(struct unit *u, uint64_t inbox, const struct channel_put *put)
{
	struct buf text = {0};
	if (!put->value) {
		unit_add(u, STMT_KV_DELETE, (struct db_value[]){DB_INT(inbox), DB_TEXT(put->key)});
		return;
	}
	json_write(&text, put->value);
	unit_add(u, STMT_KV_PUT, (struct db_value[]){DB_INT(inbox), DB_TEXT(put->key), DB_TEXT(buf_str(&text))});
	buf_fini(&text);
}

static void put_values(struct unit *u, const struct channel_commit *c)
{
	for (size_t i = 0; c && i < c->n_puts; i++)
		if (!is_put_later(c, i)) put_value(u, c->inbox, &c->puts[i]);
}

// What cannot be kept as a message or receipt stands as it came, with the reason, for a person to look at.
static int park(struct scene *s)
{
	const struct inbound *in = s->item->in;
	struct str key = json_string_of(in->event->doc, "key");
	struct buf doc = {0};
	// Sent again, it is parked once.
	if (key.n && key.n <= INBOUND_KEY && utf8_valid_text(key))
		s->item->seen_row = unit_add_seen(s->unit, s->inbox->id, SEEN_PARKED, key, s->now, 0);
	struct str name = arena_printf(s->r->arena, "%.*s of inbox %llu", STR_ARG(in->event->type),
				       (unsigned long long)s->inbox->id);
	json_write(&doc, in->event->doc);
	int rc = unit_park(s->unit, name.p, in->why, buf_str(&doc));
	buf_fini(&doc);
	return rc;
}

static int decide_item(struct scene *s)
{
	switch (s->item->in->type) {
	case INBOUND_MESSAGE: return decide_message(s);
	case INBOUND_RECEIPT: decide_receipt(s); return 0;
	case INBOUND_PARKED: return park(s);
	}
	return 0;
}

static bool is_to_park(const struct inbound *in, int status)
{
	return in->may_park && (status == E_INVALID || status == E_TOO_LARGE || status == E_UNSUPPORTED);
}

static int decide_items(struct scene *s, struct inbound **bad_r)
{
	struct round *r = s->r;
	for (size_t i = 0; i < r->n_items; i++) {
		s->item = &r->items[i];
		int rc = decide_item(s);
		if (rc && is_to_park(s->item->in, rc)) *bad_r = s->item->in;
		if (rc) return rc;
	}
	// Once a message, when all receipts of the unit are in.
	for (size_t i = 0; i < r->n_items; i++) {
		const struct item *it = &r->items[i];
		if (it->has_moved) unit_save_delivery(s->unit, &it->target, it->was, STR_NONE);
	}
	return 0;
}

int ingest_decide(struct round *r, struct inbound **bad_r, struct err *e)
{
	struct scene s = {.r = r, .p = r->p, .now = clock_now_ms(), .e = e};
	s.inbox = directory_inbox(r->p->directory, r->inbox);
	if (!s.inbox) return err_set(e, E_MISSING, "inbox %llu is not known", (unsigned long long)r->inbox);
	s.is_live = live_is_live(r->p, r->inbox);
	r->change = change_new(r->p, r->arena, "ingest");
	s.unit = change_unit(r->change);
	int rc = decide_items(&s, bad_r);
	put_values(s.unit, r->lead->commit);
	list_each (l, &r->lead->joined)
		put_values(s.unit, list_entry(l, struct work, at)->commit);
	if (rc || !unit_rows(s.unit)) change_free(&r->change);
	return rc;
}
