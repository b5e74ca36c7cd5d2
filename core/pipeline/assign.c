// SPDX-License-Identifier: Apache-2.0
// The built-in last plan: a conversation that needs a plan goes to the least busy agent who is there. Its effects are
// applied once, also after a crash: they carry conversation.rules_seq, and a low-water cursor says where to look again.
#include "known.h"
#include "base/clock.h"
#include "base/log.h"
#include <string.h>

#define CONSUMER "plan"
#define PAGE 500
#define SAVE_AFTER_MS 2000
#define AGENTS 512

struct agent {
	uint64_t user;
	uint32_t n_sockets, n_open;
	uint32_t n_coming; // given, not yet committed
	int64_t last_given;
};

struct plan {
	struct list at;
	struct pipeline *p;
	uint64_t conversation;
	int64_t seq;
	uint64_t was; // whose it was when it needed a plan, or 0
	int tries;
	struct turn turn;
	struct arena *arena; // of one try
	struct conversation c;
	uint64_t given_to;
	struct loop_timer again;
};

struct assign {
	struct pipeline *p;
	struct map *agents;
	struct list plans;   // not ended, oldest first
	int64_t seen, saved; // the newest event seen; the cursor in the store
	struct loop_timer save;
	bool is_saving;
	loop_done_cb on_started;
	void *started_arg;
};

static struct agent *agent_of(struct assign *a, uint64_t user)
{
	struct agent *g = map_get(a->agents, user);
	if (g) return g;
	g = mem_new(struct agent);
	g->user = user;
	map_put(a->agents, user, g);
	return g;
}

// ---- the cursor -----------------------------------------------------------------------------------------------------

static int64_t low_water(struct assign *a)
{
	struct list *l = list_first(&a->plans);
	return l ? list_entry(l, struct plan, at)->seq - 1 : a->seen;
}

static void on_saved(const struct unit_result *r, void *arg)
{
	struct assign *a = arg;
	a->is_saving = false;
	pipeline_leave(a->p);
}

static void save(void *arg)
{
	struct assign *a = arg;
	int64_t seq = low_water(a);
	if (a->is_saving || seq <= a->saved || a->p->is_closing) return;
	a->is_saving = true;
	a->saved = seq;
	struct unit *u = unit_new(a->p->store);
	unit_name(u, "plan cursor");
	unit_add(u, STMT_CURSOR_SAVE, (struct db_value[]){DB_TEXT(STR(CONSUMER)), DB_INT(seq)});
	pipeline_enter(a->p);
	store_submit(a->p->store, u, on_saved, a);
}

void assign_saw(struct pipeline *p, int64_t seq)
{
	p->assign->seen = seq;
	if (!loop_timer_is_set(&p->assign->save) && !p->is_closing) loop_timer_set(&p->assign->save, SAVE_AFTER_MS);
}

// ---- one plan -------------------------------------------------------------------------------------------------------

static void plan_take(void *arg);

static void plan_free(struct plan *n)
{
	struct pipeline *p = n->p;
	list_remove(&n->at);
	loop_timer_clear(&n->again);
	arena_pool_give(&p->arenas, &n->arena);
	mem_free(n);
	pipeline_leave(p);
}

static void plan_end(struct plan *n)
{
	turn_end(&n->turn);
	plan_free(n);
}

// Once more, now or when the store has had time to come back; it keeps its place, so that the cursor does not pass it.
static void plan_again(struct plan *n, int64_t wait_ms)
{
	turn_end(&n->turn);
	if (n->p->is_closing)
		plan_free(n); // the next run finds it in the log
	else if (wait_ms)
		loop_timer_set(&n->again, wait_ms);
	else
		plan_take(n);
}

static void on_change(const struct change_result *r, void *arg)
{
	struct plan *n = arg;
	if (n->given_to) agent_of(n->p->assign, n->given_to)->n_coming--;
	switch (r->status) {
	case 0:
	case E_POISON: plan_end(n); return;
	case E_CONFLICT: plan_again(n, ++n->tries % PIPELINE_RETRIES ? 0 : PIPELINE_STORE_AWAY_MS); return;
	default: plan_again(n, PIPELINE_STORE_AWAY_MS);
	}
}

// Of those who serve the queue. What is restricted and has no queue is for nobody: a turn at it would open it.
static uint64_t pick(struct pipeline *p, const struct conversation *c)
{
	uint64_t users[AGENTS];
	struct route_agent agents[AGENTS];
	bool is_for_nobody = c->restricted && !c->queue;
	size_t n = is_for_nobody ? 0 : directory_agents(p->directory, c->queue, users, AGENTS);
	for (size_t i = 0; i < n; i++) {
		const struct agent *g = map_get(p->assign->agents, users[i]);
		agents[i] = (struct route_agent){.user = users[i],
						 .is_online = g && g->n_sockets,
						 .n_open = g ? g->n_open + g->n_coming : 0,
						 .last_given_ms = g ? g->last_given : 0};
	}
	return route_pick(agents, n);
}

bool assign_is_there(struct pipeline *p, uint64_t user)
{
	const struct user *u = directory_user(p->directory, user);
	const struct agent *g = u && !u->is_disabled ? map_get(p->assign->agents, user) : NULL;
	return g && g->n_sockets;
}

// Somebody has taken it since it needed a plan, or he who had it is back.
static bool is_with_somebody(const struct plan *n, const struct conversation *c)
{
	const struct user *u = directory_user(n->p->directory, c->assignee);
	if (!u || u->is_disabled) return false;
	return c->assignee != n->was || assign_is_there(n->p, c->assignee);
}

// To nobody (0): who had it is away, and it shall not wait where only he looks.
static void give(struct plan *n, uint64_t user, struct str name)
{
	struct pipeline *p = n->p;
	struct change *ch = change_new(p, n->arena, "plan");
	uint64_t from = n->c.assignee;
	n->given_to = user;
	if (user) {
		struct agent *g = agent_of(p->assign, user);
		g->n_coming++;
		g->last_given = clock_now_ms();
	}
	change_conversation(ch, &n->c, name.p ? arena_str(n->arena, name) : STR_NONE, false);
	conversation_assign(&n->c, user);
	n->c.rules_seq = n->seq;
	int64_t now = clock_now_ms();
	if (user) unit_add_participant(change_unit(ch), n->c.id, PARTICIPANT_USER, user, PARTICIPANT_AGENT, now);
	struct event e = {.at_ms = now,
			  .kind = EVENT_CONVERSATION_ASSIGNED,
			  .actor = {ACTOR_SYSTEM, 0},
			  .conversation = n->c.id,
			  .contact = n->c.contact,
			  .from = (int64_t)from,
			  .to = (int64_t)user,
			  .inbox = n->c.inbox,
			  .thread = n->c.thread};
	change_event(ch, &e, &n->c, NULL);
	change_commit(ch, on_change, n);
}

static void on_conversation(int status, const struct conversation *c, struct str name, void *arg)
{
	struct plan *n = arg;
	if (status && status != E_MISSING) {
		plan_again(n, PIPELINE_STORE_AWAY_MS);
		return;
	}
	bool is_done = status || c->rules_seq >= n->seq || c->state > CONVERSATION_WAITING || is_with_somebody(n, c);
	uint64_t user = is_done ? 0 : pick(n->p, c);
	if (is_done || (!user && !c->assignee)) { // nobody is there: it waits in its queue, for all to see
		plan_end(n);
		return;
	}
	n->c = *c;
	give(n, user, name);
}

static void on_turn(void *arg)
{
	struct plan *n = arg;
	known_conversation(n->p, n->conversation, on_conversation, n);
}

static void plan_take(void *arg)
{
	struct plan *n = arg;
	uint64_t key = turn_key('c', n->conversation);
	arena_reset(n->arena);
	turn_take(n->p->turns, &n->turn, &key, 1, on_turn, n);
}

void assign_consider(struct pipeline *p, uint64_t conversation, uint64_t was, int64_t seq)
{
	if (p->is_closing) return;
	struct plan *n = mem_new(struct plan);
	n->p = p;
	n->conversation = conversation;
	n->seq = seq;
	n->was = was;
	n->arena = arena_pool_take(&p->arenas);
	loop_timer_init(&n->again, p->loop, "plan", plan_take, n);
	list_append(&p->assign->plans, &n->at);
	pipeline_enter(p);
	plan_take(n);
}

// ---- who is there, and how busy -------------------------------------------------------------------------------------

void assign_moved(struct pipeline *p, uint64_t from_user, uint64_t to_user)
{
	if (from_user) {
		struct agent *g = agent_of(p->assign, from_user);
		if (g->n_open) g->n_open--;
	}
	if (to_user) agent_of(p->assign, to_user)->n_open++;
}

void act_presence(struct pipeline *p, uint64_t user, bool is_online)
{
	struct agent *g = agent_of(p->assign, user);
	if (is_online)
		g->n_sockets++;
	else if (g->n_sockets)
		g->n_sockets--;
}

// ---- start: counts, then what had no effects yet --------------------------------------------------------------------

static void started(struct assign *a, int status)
{
	loop_done_cb cb = a->on_started;
	a->on_started = NULL;
	cb(status, a->started_arg);
}

static void read_page(struct assign *a);

static void on_page(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct assign *a = arg;
	for (size_t i = 0; !status && i < rows->n_rows; i++) {
		struct event e;
		event_of_row(rows, i, 0, &e);
		a->seen = e.seq;
		if (e.kind == EVENT_CONVERSATION_NEEDS_PLAN)
			assign_consider(a->p, e.conversation, (uint64_t)e.from, e.seq);
	}
	if (status || rows->n_rows < PAGE)
		started(a, status);
	else
		read_page(a);
}

static void read_page(struct assign *a)
{
	store_read(a->p->store, STMT_EVENTS_AFTER, (struct db_value[]){DB_INT(a->seen), DB_INT(PAGE)}, on_page, a);
}

static void on_cursor(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct assign *a = arg;
	if (status) {
		started(a, status);
		return;
	}
	a->seen = a->saved = rows->n_rows ? db_int(rows, 0, 0) : 0;
	read_page(a);
}

static void on_counts(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct assign *a = arg;
	for (size_t i = 0; !status && i < rows->n_rows; i++)
		agent_of(a, (uint64_t)db_int(rows, i, 0))->n_open = (uint32_t)db_int(rows, i, 1);
	if (status)
		started(a, status);
	else
		store_read(a->p->store, STMT_CURSOR, (struct db_value[]){DB_TEXT(STR(CONSUMER))}, on_cursor, a);
}

void assign_start(struct pipeline *p, loop_done_cb done, void *arg)
{
	p->assign->on_started = done;
	p->assign->started_arg = arg;
	store_read(p->store, STMT_OPEN_COUNTS, NULL, on_counts, p->assign);
}

// Nobody waits any longer for a store that is away.
void assign_stop(struct pipeline *p)
{
	loop_timer_clear(&p->assign->save);
	list_each (l, &p->assign->plans) {
		struct plan *n = list_entry(l, struct plan, at);
		if (loop_timer_is_set(&n->again)) plan_free(n);
	}
}

struct assign *assign_new(struct pipeline *p)
{
	struct assign *a = mem_new(struct assign);
	a->p = p;
	a->agents = map_new();
	list_init(&a->plans);
	loop_timer_init(&a->save, p->loop, "plan cursor", save, a);
	return a;
}

void assign_free(struct assign **a)
{
	if (!*a) return;
	loop_timer_clear(&(*a)->save);
	size_t at = 0;
	uint64_t key;
	void *g;
	while (map_next((*a)->agents, &at, &key, &g))
		mem_free(g);
	map_free(&(*a)->agents);
	mem_free(*a);
	*a = NULL;
}
