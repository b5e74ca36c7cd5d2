// SPDX-License-Identifier: Apache-2.0
// Events as JSON. What a kind says beside the common members stands under "data": ids, enums and numbers.
#include "inside.h"

static void data_assigned(struct json_out *o, const struct event *e)
{
	json_out_key_id(o, "from", (uint64_t)e->from);
	json_out_key_id(o, "to", (uint64_t)e->to);
}

static void data_state(struct json_out *o, const struct event *e)
{
	json_out_key_string(o, "from", str_of(conversation_state_name((enum conversation_state)e->from)));
	json_out_key_string(o, "to", str_of(conversation_state_name((enum conversation_state)e->to)));
}

static void data_inbox(struct json_out *o, const struct event *e) { json_out_key_id(o, "inbox", e->inbox); }

static void data_user(struct json_out *o, const struct event *e) { json_out_key_id(o, "user", (uint64_t)e->to); }

static void data_team(struct json_out *o, const struct event *e) { json_out_key_id(o, "team", (uint64_t)e->to); }

static void data_queue(struct json_out *o, const struct event *e) { json_out_key_id(o, "queue", (uint64_t)e->to); }

static void delivery(struct json_out *o, enum delivery d)
{
	json_out_key_string(o, "delivery", str_of(delivery_name(d)));
}

static void data_queued(struct json_out *o, const struct event *e) { delivery(o, DELIVERY_QUEUED); }

static void data_sent(struct json_out *o, const struct event *e) { delivery(o, DELIVERY_ACCEPTED); }

static void data_delivered(struct json_out *o, const struct event *e) { delivery(o, DELIVERY_DELIVERED); }

static void data_read(struct json_out *o, const struct event *e) { delivery(o, DELIVERY_READ); }

static void data_failed(struct json_out *o, const struct event *e) { delivery(o, DELIVERY_FAILED); }

static void data_unknown(struct json_out *o, const struct event *e) { delivery(o, DELIVERY_UNKNOWN); }

static const struct {
	enum event_kind kind;
	void (*write)(struct json_out *o, const struct event *e);
} data[] = {
	{EVENT_CONVERSATION_ASSIGNED, data_assigned},
	{EVENT_CONVERSATION_WAITING, data_state},
	{EVENT_CONVERSATION_RESOLVED, data_state},
	{EVENT_CONVERSATION_REOPENED, data_state},
	{EVENT_CONVERSATION_CLOSED, data_state},
	{EVENT_RECEIPT_QUEUED, data_queued},
	{EVENT_RECEIPT_SENT, data_sent},
	{EVENT_RECEIPT_DELIVERED, data_delivered},
	{EVENT_RECEIPT_READ, data_read},
	{EVENT_RECEIPT_FAILED, data_failed},
	{EVENT_RECEIPT_UNKNOWN, data_unknown},
	{EVENT_INBOX_CREATED, data_inbox},
	{EVENT_INBOX_CHANGED, data_inbox},
	{EVENT_INBOX_STATE, data_inbox},
	{EVENT_USER_CHANGED, data_user},
	{EVENT_TEAM_CHANGED, data_team},
	{EVENT_QUEUE_CHANGED, data_queue},
};

static void encode_data(struct json_out *o, const struct event *e)
{
	json_out_key(o, "data");
	json_out_map(o);
	if (e->message) json_out_key_id(o, "message", e->message);
	for (size_t i = 0; i < ARRAY_LEN(data); i++)
		if (data[i].kind == e->kind) data[i].write(o, e);
	json_out_map_end(o);
}

static struct str name_of(const struct api *a, const struct event_view *v)
{
	const struct actor *actor = &v->event->actor;
	const struct user *u = actor->kind == ACTOR_USER ? directory_user(a->o.directory, actor->id) : NULL;
	if (u) return u->name;
	return actor->kind == ACTOR_CONTACT ? v->contact_name : STR_NONE;
}

void encode_event(const struct api *a, struct json_out *o, const struct event_view *v)
{
	const struct event *e = v->event;
	encode_seq(o, "seq", e->seq);
	json_out_key_string(o, "kind", str_of(event_kind_name(e->kind)));
	json_out_key_time(o, "at", e->at_ms);
	json_out_key(o, "actor");
	json_out_map(o);
	json_out_key_string(o, "kind", str_of(actor_kind_name(e->actor.kind)));
	json_out_key_id(o, "id", e->actor.id);
	json_out_key_string(o, "name", name_of(a, v));
	json_out_map_end(o);
	json_out_key_id(o, "conversation", e->conversation);
	json_out_key_id(o, "contact", e->contact);
	encode_data(o, e);
	if (v->message) {
		json_out_key(o, "message");
		encode_message(a, o, v->message, v->contact_name);
	}
	if (v->with_card && v->conversation) {
		json_out_key(o, "card");
		encode_conversation(a, o, v->conversation, v->contact_name);
	}
}
