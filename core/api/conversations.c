// SPDX-License-Identifier: Apache-2.0
// Conversations: the lists, one of them, who has it and how it stands.
#include "inside.h"
#include "base/log.h"
#include "base/mem.h"
#include <limits.h>
#include <string.h>

#define LIMIT_MAX 200
#define LIMIT 50

enum view { VIEW_ALL, VIEW_MINE, VIEW_UNASSIGNED };

struct found {
	struct conversation c;
	struct str contact_name;
};

// One page of a list, made of one or two reads: what is active and what is done are indexed apart.
struct page {
	int64_t last_at, id; // of the last row of the page before
	int64_t limit;
	int64_t from, to; // states
	enum view view;
	int64_t seq;
	struct found *found;
	size_t n;
};

static const char *const views[] = {"all", "mine", "unassigned", NULL};
static const char *const states[] = {"active", "open", "waiting", "resolved", "closed", "any", NULL};
static const struct {
	int64_t from, to;
} state_ranges[] = {
	{CONVERSATION_OPEN, CONVERSATION_WAITING},    {CONVERSATION_OPEN, CONVERSATION_OPEN},
	{CONVERSATION_WAITING, CONVERSATION_WAITING}, {CONVERSATION_RESOLVED, CONVERSATION_RESOLVED},
	{CONVERSATION_CLOSED, CONVERSATION_CLOSED},   {CONVERSATION_OPEN, CONVERSATION_CLOSED},
};

static void write_page(struct call *c, const struct page *p)
{
	struct json_out *o = call_open(c);
	json_out_map(o);
	encode_seq(o, "seq", p->seq);
	json_out_key(o, "conversations");
	json_out_list(o);
	for (size_t i = 0; i < p->n; i++)
		encode_conversation(c->api, o, &p->found[i].c, p->found[i].contact_name);
	json_out_list_end(o);
	json_out_key(o, "next");
	const struct conversation *last = p->n ? &p->found[p->n - 1].c : NULL;
	if (last && (int64_t)p->n == p->limit)
		json_out_string(
			o, arena_printf(c->arena, "%lld.%llu", (long long)last->last_at, (unsigned long long)last->id));
	else
		json_out_null(o);
	json_out_map_end(o);
	call_end(c, 200);
}

// The SQL and access.c say the same; where they do not, access.c is right.
static bool is_seen(const struct call *c, const struct conversation *conversation)
{
	struct access_set set = access_set_of(conversation);
	if (access_may_see(&c->access, &set)) return true;
	log_error("api", "a list read conversation %llu for user %llu, who may not see it",
		  (unsigned long long)conversation->id, (unsigned long long)c->access.user);
	return false;
}

static bool is_before(const struct conversation *a, const struct conversation *b)
{
	return a->last_at != b->last_at ? a->last_at > b->last_at : a->id > b->id;
}

// Merges the rows, which are in the list's order, into what was found before.
static void take_rows(struct call *c, struct page *p, const struct db_rows *rows)
{
	struct found *old = p->found;
	size_t n_old = p->n, k = 0;
	p->found = arena_array(c->arena, struct found, (size_t)p->limit);
	p->n = 0;
	for (size_t row = 0; p->n < (size_t)p->limit && (row < rows->n_rows || k < n_old);) {
		struct found *f = &p->found[p->n];
		if (row == rows->n_rows) {
			*f = old[k++];
		} else {
			conversation_of_row(rows, row, 0, &f->c);
			if (k < n_old && is_before(&old[k].c, &f->c)) {
				*f = old[k++];
			} else {
				struct str name = db_str(rows, row++, CONVERSATION_COLS);
				f->contact_name = name.p ? arena_str(c->arena, name) : STR_NONE;
				if (!is_seen(c, &f->c)) continue;
			}
		}
		p->n++;
	}
}

static void read_list(struct call *c, int stmt, int64_t from, int64_t to, db_read_cb cb)
{
	const struct page *p = c->own;
	struct db_value params[] = {
		DB_INT(c->access.user),
		DB_INT(c->access.sees_all),
		DB_INTS(c->access.queues, c->access.n_queues),
		DB_INT(p->last_at),
		DB_INT(p->id),
		DB_INT(p->limit),
		DB_INT(from),
		DB_INT(to),
		DB_INT(p->view),
	};
	store_read(c->api->o.store, stmt, params, cb, c);
}

static void on_done(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct call *c = arg;
	if (status) {
		call_fail_status(c, status, why);
		return;
	}
	take_rows(c, c->own, rows);
	write_page(c, c->own);
}

static void on_active(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct call *c = arg;
	struct page *p = c->own;
	if (status || p->to <= CONVERSATION_WAITING) {
		on_done(status, rows, why, arg);
		return;
	}
	take_rows(c, p, rows);
	read_list(c, STMT_CONVERSATIONS_DONE, CONVERSATION_RESOLVED, p->to, on_done);
}

// The lists that every desk shows have statements of their own.
static int active_list(const struct page *p)
{
	static const int common[] = {STMT_CONVERSATIONS_ACTIVE, STMT_CONVERSATIONS_MINE, STMT_CONVERSATIONS_UNASSIGNED};
	bool is_all = p->from == CONVERSATION_OPEN && p->to >= CONVERSATION_WAITING;
	return is_all ? common[p->view] : STMT_CONVERSATIONS_ACTIVE_BY;
}

// "<last_at>.<id>", as `next` gave it.
static bool read_cursor(struct call *c, struct page *p)
{
	struct str text = call_query(c, "before"), head;
	p->last_at = p->id = INT64_MAX;
	if (!text.p) return true;
	struct str rest = text;
	if (str_cut(&rest, '.', &head) && !str_to_i64(head, &p->last_at) && !str_to_i64(rest, &p->id)) return true;
	call_fail_field(c, "before", "before is not what an answer gave as next");
	return false;
}

void handle_conversations(struct call *c)
{
	struct page *p = arena_new_of(c->arena, struct page);
	size_t view = VIEW_ALL, state = 0;
	c->own = p;
	p->limit = LIMIT;
	p->seq = feed_head(c->api->o.pipeline); // before the list: it contains at least this
	if (!call_query_word(c, "view", views, &view) || !call_query_word(c, "state", states, &state)) return;
	if (!read_cursor(c, p) || !call_query_int(c, "limit", (int64_t[]){1, LIMIT_MAX}, &p->limit)) return;
	p->view = (enum view)view;
	p->from = state_ranges[state].from;
	p->to = state_ranges[state].to;
	if (p->from > CONVERSATION_WAITING)
		read_list(c, STMT_CONVERSATIONS_DONE, p->from, p->to, on_done);
	else
		read_list(c, active_list(p), p->from, p->to, on_active);
}

// ---- one ------------------------------------------------------------------------------------------------------------

struct one {
	int64_t seq;
	struct conversation c;
	struct str contact_name;
	struct contact contact;
};

static void on_identities(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct call *c = arg;
	struct one *one = c->own;
	if (status) {
		call_fail_status(c, status, why);
		return;
	}
	struct identity *list = arena_array(c->arena, struct identity, rows->n_rows + 1);
	for (size_t i = 0; i < rows->n_rows; i++)
		identity_of_row(rows, i, &list[i]);
	struct json_out *o = call_open(c);
	json_out_map(o);
	encode_seq(o, "seq", one->seq);
	json_out_key(o, "conversation");
	encode_conversation(c->api, o, &one->c, one->contact.name);
	json_out_key(o, "contact");
	encode_contact(o, &one->contact, list, rows->n_rows);
	json_out_map_end(o);
	call_end(c, 200);
}

static void on_contact(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct call *c = arg;
	struct one *one = c->own;
	if (status || !rows->n_rows) {
		call_fail_status(c, status ? status : E_MISSING, why);
		return;
	}
	contact_of_row(rows, 0, &one->contact);
	struct str name = one->contact.name;
	one->contact.name = name.p ? arena_str(c->arena, name) : STR_NONE;
	store_read(c->api->o.store, STMT_IDENTITIES, (struct db_value[]){DB_INT(one->contact.id)}, on_identities, c);
}

static void on_conversation(struct call *c, const struct conversation *found, struct str contact_name)
{
	struct one *one = c->own;
	one->c = *found;
	store_read(c->api->o.store, STMT_CONTACT, (struct db_value[]){DB_INT(found->contact)}, on_contact, c);
}

void handle_conversation(struct call *c)
{
	struct one *one = arena_new_of(c->arena, struct one);
	c->own = one;
	one->seq = feed_head(c->api->o.pipeline);
	call_conversation(c, c->id, on_conversation);
}

// ---- changes --------------------------------------------------------------------------------------------------------

// Answers with the conversation as the act left it, also to somebody who gave it away and sees it no more.
static void on_named(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct call *c = arg;
	const struct conversation *conversation = c->own;
	struct contact contact = {0};
	if (!status && rows->n_rows) contact_of_row(rows, 0, &contact);
	struct json_out *o = call_open(c);
	json_out_map(o);
	json_out_key(o, "conversation");
	encode_conversation(c->api, o, conversation, contact.name);
	json_out_map_end(o);
	call_end(c, 200);
}

static void on_acted(int status, const struct conversation *conversation, const struct message *m, int64_t seq,
		     const struct err *why, void *arg)
{
	struct call *c = arg;
	if (status) {
		call_fail_status(c, status, why);
		return;
	}
	struct conversation *copy = arena_new_of(c->arena, struct conversation);
	*copy = *conversation;
	c->own = copy;
	store_read(c->api->o.store, STMT_CONTACT, (struct db_value[]){DB_INT(copy->contact)}, on_named, c);
}

void handle_assign(struct call *c)
{
	struct act act = {.user = c->session.user, .conversation = c->id};
	uint64_t to;
	if (!call_has(c, "user")) {
		call_fail_field(c, "user", "user must be an id, or null for nobody");
		return;
	}
	if (!call_id(c, "user", OPTIONAL, &to) || !call_version(c, &act.version)) return;
	act_assign(c->api->o.pipeline, &act, to, on_acted, c);
}

void handle_state(struct call *c)
{
	static const enum conversation_move moves[] = {
		[CONVERSATION_OPEN] = MOVE_OPEN,
		[CONVERSATION_WAITING] = MOVE_WAIT,
		[CONVERSATION_RESOLVED] = MOVE_RESOLVE,
		[CONVERSATION_CLOSED] = MOVE_CLOSE,
	};
	struct act act = {.user = c->session.user, .conversation = c->id};
	enum conversation_state state;
	struct str text;
	if (!call_text(c, "state", REQUIRED, 20, &text)) return;
	if (conversation_state_parse(text, &state)) {
		call_fail_field(c, "state", "state must be one of open, waiting, resolved, closed");
		return;
	}
	if (!call_version(c, &act.version)) return;
	act_move(c->api->o.pipeline, &act, moves[state], on_acted, c);
}
