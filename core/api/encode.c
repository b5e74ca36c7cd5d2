// SPDX-License-Identifier: Apache-2.0
// The objects of the API as JSON (schemas/api/openapi.yaml, components/schemas).
#include "inside.h"
#include "base/id.h"
#include <stdio.h>

void encode_seq(struct json_out *o, const char *key, int64_t seq)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%lld", (long long)seq);
	json_out_key_string(o, key, (struct str){text, (size_t)n});
}

void encode_named(struct json_out *o, uint64_t id, struct str name)
{
	json_out_map(o);
	json_out_key_id(o, "id", id);
	json_out_key_string(o, "name", name);
	json_out_map_end(o);
}

static void encode_ids(struct json_out *o, const char *key, const uint64_t *ids, size_t n)
{
	json_out_key(o, key);
	json_out_list(o);
	for (size_t i = 0; i < n; i++)
		json_out_id(o, ids[i]);
	json_out_list_end(o);
}

void encode_user(struct json_out *o, const struct user *u, bool with_email)
{
	json_out_map(o);
	json_out_key_id(o, "id", u->id);
	json_out_key_string(o, "name", u->name);
	if (with_email) json_out_key_string(o, "email", u->email);
	json_out_key_string(o, "role", str_of(role_name(u->role)));
	json_out_key_bool(o, "takes_work", u->takes_work);
	json_out_key_bool(o, "disabled", u->is_disabled);
	encode_ids(o, "teams", u->teams, u->n_teams);
	json_out_map_end(o);
}

void encode_queue(struct json_out *o, const struct queue *q)
{
	json_out_map(o);
	json_out_key_id(o, "id", q->id);
	json_out_key_string(o, "name", q->name);
	encode_ids(o, "teams", q->teams, q->n_teams);
	json_out_map_end(o);
}

void encode_conversation(const struct api *a, struct json_out *o, const struct conversation *c, struct str contact_name)
{
	const struct inbox_record *in = directory_inbox(a->o.directory, c->inbox);
	json_out_map(o);
	json_out_key_id(o, "id", c->id);
	json_out_key_int(o, "number", c->number);
	json_out_key_string(o, "state", str_of(conversation_state_name(c->state)));
	json_out_key_string(o, "handler", str_of(handler_name(c->handler)));
	json_out_key_id(o, "inbox", c->inbox);
	json_out_key_string(o, "channel", in ? in->channel : STR(""));
	json_out_key(o, "contact");
	encode_named(o, c->contact, contact_name);
	json_out_key_id(o, "assignee", c->assignee);
	json_out_key_id(o, "queue", c->queue);
	json_out_key_int(o, "version", c->version);
	json_out_key_time(o, "last_at", c->last_at);
	json_out_key_time(o, "last_in_at", c->last_in_at);
	json_out_key_string(o, "preview", str_of(c->preview));
	json_out_key_string(o, "preview_by", str_of(author_kind_name((enum author_kind)c->preview_by)));
	json_out_key_int(o, "n_messages", c->n_messages);
	json_out_key_time(o, "created_at", c->created_at);
	json_out_key_id(o, "previous", c->previous);
	json_out_map_end(o);
}

// "inbox:5" → 5; 0 for any other scope.
static uint64_t inbox_of_scope(struct str scope)
{
	const struct str head = STR("inbox:");
	uint64_t id = 0;
	if (!str_starts(scope, head)) return 0;
	return id_parse((struct str){scope.p + head.n, scope.n - head.n}, &id) ? 0 : id;
}

static void encode_identity(struct json_out *o, const struct identity *i)
{
	json_out_map(o);
	json_out_key_id(o, "id", i->id);
	json_out_key_string(o, "kind", i->kind);
	json_out_key_string(o, "address", i->address);
	json_out_key_string(o, "proof", str_of(proof_name(i->proof)));
	json_out_key_id(o, "inbox", inbox_of_scope(i->scope));
	json_out_map_end(o);
}

void encode_contact(struct json_out *o, const struct contact *c, const struct identity *list, size_t n)
{
	json_out_map(o);
	json_out_key_id(o, "id", c->id);
	json_out_key_string(o, "name", c->name);
	json_out_key_time(o, "created_at", c->created_at);
	json_out_key(o, "identities");
	json_out_list(o);
	for (size_t i = 0; i < n; i++)
		encode_identity(o, &list[i]);
	json_out_list_end(o);
	json_out_map_end(o);
}

static void encode_author(const struct api *a, struct json_out *o, const struct message *m, struct str contact_name)
{
	const struct user *u = m->author == AUTHOR_AGENT ? directory_user(a->o.directory, m->author_id) : NULL;
	json_out_key(o, "author");
	json_out_map(o);
	json_out_key_string(o, "kind", str_of(author_kind_name(m->author)));
	json_out_key_id(o, "id", m->author_id);
	json_out_key_string(o, "name", u ? u->name : m->author == AUTHOR_CONTACT ? contact_name : STR_NONE);
	json_out_map_end(o);
}

void encode_message(const struct api *a, struct json_out *o, const struct message *m, struct str contact_name)
{
	const char *delivery = m->is_out && m->delivery != DELIVERY_NONE ? delivery_name(m->delivery) : NULL;
	json_out_map(o);
	json_out_key_id(o, "id", m->id);
	json_out_key_string(o, "key", m->is_out ? m->key : STR_NONE);
	json_out_key_id(o, "conversation", m->conversation);
	json_out_key_id(o, "thread", m->thread);
	json_out_key_string(o, "direction", m->is_out ? STR("out") : STR("in"));
	encode_author(a, o, m, contact_name);
	json_out_key_string(o, "audience", m->audience == AUDIENCE_INTERNAL ? STR("internal") : STR("customer"));
	json_out_key(o, "parts");
	json_out_raw(o, m->parts);
	json_out_key_id(o, "reply_to", m->reply_to);
	json_out_key_time(o, "at", m->received_at);
	json_out_key_time(o, "sent_at", m->sent_at);
	json_out_key_string(o, "delivery", str_of(delivery));
	json_out_key_string(o, "error", m->error);
	json_out_map_end(o);
}

void encode_file(struct json_out *o, const struct file_row *f)
{
	json_out_map(o);
	json_out_key_id(o, "id", f->id);
	json_out_key_string(o, "name", f->name);
	json_out_key_string(o, "mime", f->mime);
	json_out_key_int(o, "bytes", f->bytes);
	json_out_map_end(o);
}
