// SPDX-License-Identifier: Apache-2.0
// Teams, and the queues that they serve.
#include "inside.h"
#include "base/clock.h"
#include "base/mem.h"

struct making {
	struct queue queue; // a team uses id and name only
};

// Reads the name; the id is new. false: the call has ended.
static bool begin(struct call *c)
{
	struct making *m = arena_new_of(c->arena, struct making);
	struct str name;
	c->own = m;
	if (!call_text(c, "name", REQUIRED, NAME_MAX_BYTES, &name)) return false;
	m->queue.name = contact_clean_name(c->arena, name);
	if (!m->queue.name.n) {
		call_fail_field(c, "name", "name holds nothing that can be seen");
		return false;
	}
	m->queue.id = call_new_id(c);
	return m->queue.id != 0;
}

// ---- teams ----------------------------------------------------------------------------------------------------------

void handle_teams(struct call *c)
{
	size_t n;
	const struct team *teams = directory_teams(c->api->o.directory, &n);
	struct json_out *o = call_open(c);
	json_out_map(o);
	json_out_key(o, "teams");
	json_out_list(o);
	for (size_t i = 0; i < n; i++)
		encode_named(o, teams[i].id, teams[i].name);
	json_out_list_end(o);
	json_out_map_end(o);
	call_end(c, 200);
}

static void answer_team(struct call *c)
{
	const struct making *m = c->own;
	struct json_out *o = call_open(c);
	json_out_map(o);
	json_out_key(o, "team");
	encode_named(o, m->queue.id, m->queue.name);
	json_out_map_end(o);
	call_end(c, 201);
}

static void add_team(void *arg)
{
	struct call *c = arg;
	const struct making *m = c->own;
	struct unit *u = unit_new(c->api->o.store);
	unit_name(u, "add team");
	unit_add(u, STMT_TEAM_ADD,
		 (struct db_value[]){DB_INT(m->queue.id), DB_TEXT(m->queue.name), DB_INT(clock_now_ms())});
	struct event e = call_event(c, EVENT_TEAM_CHANGED);
	e.to = (int64_t)m->queue.id;
	call_commit(c, u, &e, answer_team);
}

void handle_team_add(struct call *c)
{
	if (begin(c)) call_gate(c, add_team);
}

// ---- queues ---------------------------------------------------------------------------------------------------------

void handle_queues(struct call *c)
{
	size_t n;
	const struct queue *queues = directory_queues(c->api->o.directory, &n);
	struct json_out *o = call_open(c);
	json_out_map(o);
	json_out_key(o, "queues");
	json_out_list(o);
	for (size_t i = 0; i < n; i++)
		encode_queue(o, &queues[i]);
	json_out_list_end(o);
	json_out_map_end(o);
	call_end(c, 200);
}

static void answer_queue(struct call *c)
{
	const struct making *m = c->own;
	struct json_out *o = call_open(c);
	json_out_map(o);
	json_out_key(o, "queue");
	encode_queue(o, &m->queue);
	json_out_map_end(o);
	call_end(c, 201);
}

static void add_queue(void *arg)
{
	struct call *c = arg;
	const struct making *m = c->own;
	const struct queue *q = &m->queue;
	struct unit *u = unit_new(c->api->o.store);
	unit_name(u, "add queue");
	unit_add(u, STMT_QUEUE_ADD, (struct db_value[]){DB_INT(q->id), DB_TEXT(q->name), DB_INT(clock_now_ms())});
	for (size_t i = 0; i < q->n_teams; i++)
		unit_add(u, STMT_QUEUE_TEAM_ADD, (struct db_value[]){DB_INT(q->id), DB_INT(q->teams[i]), DB_INT(i)});
	struct event e = call_event(c, EVENT_QUEUE_CHANGED);
	e.to = (int64_t)q->id;
	call_commit(c, u, &e, answer_queue);
}

void handle_queue_add(struct call *c)
{
	if (!begin(c)) return;
	struct queue *q = &((struct making *)c->own)->queue;
	if (call_ids(c, "teams", REQUIRED, q->teams, &q->n_teams) && call_teams_exist(c, "teams", q->teams, q->n_teams))
		call_gate(c, add_queue);
}
