// SPDX-License-Identifier: Apache-2.0
// Decides what a receipt does: it moves the delivery of its message, or waits for it.
#include "ingest.h"

static enum event_kind kind_of(enum delivery d)
{
	switch (d) {
	case DELIVERY_DELIVERED: return EVENT_RECEIPT_DELIVERED;
	case DELIVERY_READ: return EVENT_RECEIPT_READ;
	case DELIVERY_FAILED: return EVENT_RECEIPT_FAILED;
	default: return EVENT_RECEIPT_SENT;
	}
}

// It came before we know its message.
static void hold(struct scene *s)
{
	const struct inbound *in = s->item->in;
	if (!in->external_id.n) return;
	unit_add(s->unit, STMT_RECEIPT_HOLD,
		 (struct db_value[]){DB_INT(s->inbox->id), DB_TEXT(in->external_id), DB_INT(in->delivery),
				     DB_INT(s->now), DB_TEXT(in->error)});
}

void decide_receipt(struct scene *s)
{
	struct item *it = s->item, *first = round_first_about(s->r, it);
	const struct inbound *in = it->in;
	struct message *m = &first->target;
	bool is_ours = m->id && m->inbox == s->inbox->id;
	if (in->key.n)
		it->seen_row = unit_add_seen(s->unit, s->inbox->id, SEEN_RECEIPT, in->key, s->now, is_ours ? m->id : 0);
	if (!is_ours) {
		hold(s);
		return;
	}
	if (!delivery_move(&m->delivery, in->delivery)) return;
	m->error = in->delivery == DELIVERY_FAILED ? in->error : STR_NONE;
	first->has_moved = true;
	struct event e = {.at_ms = s->now,
			  .kind = kind_of(m->delivery),
			  .actor = {ACTOR_PLUGIN, s->inbox->id},
			  .conversation = m->conversation,
			  .contact = m->contact,
			  .message = m->id,
			  .to = m->delivery,
			  .inbox = m->inbox,
			  .thread = m->thread};
	change_event(s->r->change, &e, it->about ? &it->about->c : NULL, m);
}
