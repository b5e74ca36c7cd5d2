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

static int decide_items(struct scene *s)
{
	struct round *r = s->r;
	for (size_t i = 0; i < r->n_items; i++) {
		s->item = &r->items[i];
		int rc = 0;
		if (s->item->in->type == INBOUND_MESSAGE)
			rc = decide_message(s);
		else
			decide_receipt(s);
		if (rc) return rc;
	}
	// Once a message, when all receipts of the unit are in.
	for (size_t i = 0; i < r->n_items; i++) {
		const struct item *it = &r->items[i];
		if (it->has_moved) unit_save_delivery(s->unit, &it->target, it->was, STR_NONE);
	}
	return 0;
}

int ingest_decide(struct round *r, struct err *e)
{
	struct scene s = {.r = r, .p = r->p, .now = clock_now_ms(), .e = e};
	s.inbox = directory_inbox(r->p->directory, r->inbox);
	if (!s.inbox) return err_set(e, E_MISSING, "inbox %llu is not known", (unsigned long long)r->inbox);
	r->change = change_new(r->p, r->arena, "ingest");
	s.unit = change_unit(r->change);
	int rc = decide_items(&s);
	put_values(s.unit, r->lead->commit);
	list_each (l, &r->lead->joined)
		put_values(s.unit, list_entry(l, struct work, at)->commit);
	if (rc || !unit_rows(s.unit)) change_free(&r->change);
	return rc;
}
