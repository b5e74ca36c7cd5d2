// SPDX-License-Identifier: Apache-2.0
// Contacts: seen by whoever may see one of their conversations.
#include "inside.h"
#include "base/mem.h"
#include <string.h>

#define CONVERSATIONS_MAX 50

struct look {
	int64_t seq;
	struct contact contact;
	struct conversation *conversations;
	size_t n;
};

// The contact's conversations that the caller may see, newest activity first.
static void read_visible(struct call *c, int64_t limit, db_read_cb cb)
{
	struct db_value params[] = {
		DB_INT(c->access.user), DB_INT(c->access.sees_all), DB_INTS(c->access.queues, c->access.n_queues),
		DB_INT(INT64_MAX),      DB_INT(INT64_MAX),          DB_INT(limit),
		DB_INT(c->id),
	};
	store_read(c->api->o.store, STMT_CONVERSATIONS_OF, params, cb, c);
}

static void write_contact(struct call *c, const struct db_rows *identities)
{
	const struct look *l = c->own;
	struct identity *list = arena_array(c->arena, struct identity, identities->n_rows + 1);
	for (size_t i = 0; i < identities->n_rows; i++)
		identity_of_row(identities, i, &list[i]);
	json_out_key(&c->json, "contact");
	encode_contact(&c->json, &l->contact, list, identities->n_rows);
}

static void on_identities(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct call *c = arg;
	struct look *l = c->own;
	if (status) {
		call_fail_status(c, status, why);
		return;
	}
	struct json_out *o = call_open(c);
	json_out_map(o);
	encode_seq(o, "seq", l->seq);
	write_contact(c, rows);
	if (l->conversations) {
		json_out_key(o, "conversations");
		json_out_list(o);
		for (size_t i = 0; i < l->n; i++)
			encode_conversation(c->api, o, &l->conversations[i], l->contact.name);
		json_out_list_end(o);
	}
	json_out_map_end(o);
	call_end(c, 200);
}

static void on_contact(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct call *c = arg;
	struct look *l = c->own;
	if (status || !rows->n_rows) {
		call_fail_status(c, status ? status : E_MISSING, why);
		return;
	}
	contact_of_row(rows, 0, &l->contact);
	l->contact.name = l->contact.name.p ? arena_str(c->arena, l->contact.name) : STR_NONE;
	l->contact.language = STR_NONE;
	store_read(c->api->o.store, STMT_IDENTITIES, (struct db_value[]){DB_INT(c->id)}, on_identities, c);
}

// How many of the rows the caller may see by access.c, too.
static size_t take_visible(struct call *c, const struct db_rows *rows, struct conversation *list)
{
	size_t n = 0;
	for (size_t i = 0; i < rows->n_rows; i++) {
		conversation_of_row(rows, i, 0, &list[n]);
		struct access_set set = access_set_of(&list[n]);
		n += access_may_see(&c->access, &set);
	}
	return n;
}

static void on_conversations(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct call *c = arg;
	struct look *l = c->own;
	if (status) {
		call_fail_status(c, status, why);
		return;
	}
	l->conversations = arena_array(c->arena, struct conversation, rows->n_rows + 1);
	l->n = take_visible(c, rows, l->conversations);
	if (!l->n)
		call_missing(c);
	else
		store_read(c->api->o.store, STMT_CONTACT, (struct db_value[]){DB_INT(c->id)}, on_contact, c);
}

void handle_contact(struct call *c)
{
	struct look *l = arena_new_of(c->arena, struct look);
	c->own = l;
	l->seq = feed_head(c->api->o.pipeline);
	read_visible(c, CONVERSATIONS_MAX, on_conversations);
}

// ---- a name ---------------------------------------------------------------------------------------------------------

struct rename {
	struct look look; // first: the answer is made of it
	struct str name;
};

static void on_renamed(int status, const struct contact *contact, const struct err *why, void *arg)
{
	struct call *c = arg;
	struct rename *r = c->own;
	if (status) {
		call_fail_status(c, status, why);
		return;
	}
	r->look.seq = feed_head(c->api->o.pipeline);
	r->look.contact = *contact;
	r->look.contact.name = contact->name.p ? arena_str(c->arena, contact->name) : STR_NONE;
	r->look.contact.language = STR_NONE;
	store_read(c->api->o.store, STMT_IDENTITIES, (struct db_value[]){DB_INT(c->id)}, on_identities, c);
}

static void on_may_rename(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct call *c = arg;
	struct rename *r = c->own;
	struct conversation one;
	if (status)
		call_fail_status(c, status, why);
	else if (!take_visible(c, rows, &one))
		call_missing(c);
	else
		act_rename(c->api->o.pipeline, c->session.user, c->id, r->name, on_renamed, c);
}

void handle_contact_patch(struct call *c)
{
	struct rename *r = arena_new_of(c->arena, struct rename);
	c->own = r;
	if (!call_text(c, "name", REQUIRED, NAME_MAX_BYTES, &r->name)) return;
	if (!contact_clean_name(c->arena, r->name).n)
		call_fail_field(c, "name", "name holds nothing that can be seen");
	else
		read_visible(c, 1, on_may_rename);
}
