// SPDX-License-Identifier: Apache-2.0
// The directory: one read of each table makes a new generation; when all are there it replaces the old one.
#include "records/directory.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/mem.h"
#include <assert.h>

// Everything of one load. Lists are sorted by id.
struct generation {
	struct arena *arena;
	struct user *users;
	struct team *teams;
	struct queue *queues;
	struct brand *brands;
	struct inbox_record *inboxes;
	struct str *secrets; // of the inboxes, in their order
	size_t n_users, n_teams, n_queues, n_brands, n_inboxes;
};

// Somebody who waits for a load.
struct waiter {
	struct waiter *next;
	loop_done_cb done;
	void *arg;
};

struct directory {
	struct store *store;
	struct generation now, next;
	uint64_t version;
	int step;                        // of the load that runs
	struct waiter *waiting, *served; // for the next load, by the one that runs
	bool is_loading, is_freed;
};

// Takes the rows of one statement into the generation being made.
struct step {
	int stmt;
	void (*take)(struct generation *g, const struct db_rows *r);
};

static void take_users(struct generation *g, const struct db_rows *r)
{
	g->users = arena_array(g->arena, struct user, r->n_rows + 1);
	g->n_users = r->n_rows;
	for (size_t i = 0; i < r->n_rows; i++)
		g->users[i] = (struct user){.id = (uint64_t)db_int(r, i, 0),
					    .name = arena_str(g->arena, db_str(r, i, 1)),
					    .email = arena_str(g->arena, db_str(r, i, 2)),
					    .role = (enum role)db_int(r, i, 4),
					    .takes_work = db_int(r, i, 5) != 0,
					    .is_disabled = db_int(r, i, 6) != 0};
}

// The place of id in a list of things that begin with their id, sorted by it.
static void *find(void *list, size_t n, size_t size, uint64_t id)
{
	for (size_t low = 0, high = n; low < high;) {
		size_t middle = (low + high) / 2;
		char *at = (char *)list + middle * size;
		uint64_t found = *(const uint64_t *)(const void *)at;
		if (found == id) return at;
		if (found < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
#define find_in(list, n, id) find((list), (n), sizeof *(list), (id))

static void take_members(struct generation *g, const struct db_rows *r)
{
	for (size_t i = 0; i < r->n_rows; i++) {
		struct user *u = find_in(g->users, g->n_users, (uint64_t)db_int(r, i, 0));
		if (u && u->n_teams < USER_TEAMS) u->teams[u->n_teams++] = (uint64_t)db_int(r, i, 1);
	}
}

static void take_teams(struct generation *g, const struct db_rows *r)
{
	g->teams = arena_array(g->arena, struct team, r->n_rows + 1);
	g->n_teams = r->n_rows;
	for (size_t i = 0; i < r->n_rows; i++)
		g->teams[i] = (struct team){(uint64_t)db_int(r, i, 0), arena_str(g->arena, db_str(r, i, 1))};
}

static void take_queues(struct generation *g, const struct db_rows *r)
{
	g->queues = arena_array(g->arena, struct queue, r->n_rows + 1);
	g->n_queues = r->n_rows;
	for (size_t i = 0; i < r->n_rows; i++)
		g->queues[i] =
			(struct queue){.id = (uint64_t)db_int(r, i, 0), .name = arena_str(g->arena, db_str(r, i, 1))};
}

static void take_queue_teams(struct generation *g, const struct db_rows *r)
{
	for (size_t i = 0; i < r->n_rows; i++) {
		struct queue *q = find_in(g->queues, g->n_queues, (uint64_t)db_int(r, i, 0));
		if (q && q->n_teams < USER_TEAMS) q->teams[q->n_teams++] = (uint64_t)db_int(r, i, 1);
	}
}

static void take_brands(struct generation *g, const struct db_rows *r)
{
	g->brands = arena_array(g->arena, struct brand, r->n_rows + 1);
	g->n_brands = r->n_rows;
	for (size_t i = 0; i < r->n_rows; i++)
		g->brands[i] = (struct brand){.id = (uint64_t)db_int(r, i, 0),
					      .name = arena_str(g->arena, db_str(r, i, 1)),
					      .language = arena_str(g->arena, db_str(r, i, 2)),
					      .zone = arena_str(g->arena, db_str(r, i, 3))};
}

static struct inbox_record inbox_of_row(struct arena *a, const struct db_rows *r, size_t i)
{
	return (struct inbox_record){.id = (uint64_t)db_int(r, i, 0),
				     .name = arena_str(a, db_str(r, i, 1)),
				     .channel = arena_str(a, db_str(r, i, 2)),
				     .brand = (uint64_t)db_int(r, i, 3),
				     .queue = (uint64_t)db_int(r, i, 4),
				     .is_restricted = db_int(r, i, 5) != 0,
				     .is_archived = db_int(r, i, 6) != 0,
				     .join = (enum join_rule)db_int(r, i, 7),
				     .reopen_window_ms = db_int(r, i, 8),
				     .config = arena_str(a, db_str(r, i, 9)),
				     .created_at = db_int(r, i, 11),
				     .version = db_int(r, i, 12)};
}

static void take_inboxes(struct generation *g, const struct db_rows *r)
{
	g->inboxes = arena_array(g->arena, struct inbox_record, r->n_rows + 1);
	g->secrets = arena_array(g->arena, struct str, r->n_rows + 1);
	g->n_inboxes = r->n_rows;
	for (size_t i = 0; i < r->n_rows; i++) {
		struct str secrets = db_str(r, i, 10);
		g->inboxes[i] = inbox_of_row(g->arena, r, i);
		g->secrets[i] = secrets.p ? arena_str(g->arena, secrets) : STR_NONE;
	}
}

// What hangs on something is read after it: an id without its owner then comes from a change that is loaded next.
static const struct step steps[] = {
	{STMT_USERS, take_users},     {STMT_TEAM_MEMBERS, take_members},    {STMT_TEAMS, take_teams},
	{STMT_QUEUES, take_queues},   {STMT_QUEUE_TEAMS, take_queue_teams}, {STMT_BRANDS, take_brands},
	{STMT_INBOXES, take_inboxes},
};

int directory_new(struct directory **d_r, struct store *s)
{
	struct directory *d = mem_new(struct directory);
	d->store = s;
	d->now.arena = arena_new(0);
	*d_r = d;
	return 0;
}

static void destroy(struct directory *d)
{
	arena_free(&d->now.arena);
	arena_free(&d->next.arena);
	mem_free(d);
}

void directory_free(struct directory **d)
{
	if (!*d) return;
	(*d)->is_freed = true;
	if (!(*d)->is_loading) destroy(*d);
	*d = NULL;
}

// Tells everybody in the list, oldest first.
static void tell(struct waiter *list, int status)
{
	struct waiter *next;
	for (struct waiter *w = list; w; w = next) {
		next = w->next;
		w->done(status, w->arg);
		mem_free(w);
	}
}

static void load_step(struct directory *d);

static void load_begin(struct directory *d)
{
	d->is_loading = true;
	d->served = d->waiting;
	d->waiting = NULL;
	d->next = (struct generation){.arena = arena_new(0)};
	d->step = 0;
	load_step(d);
}

static void load_end(struct directory *d, int status)
{
	struct waiter *served = d->served;
	struct arena *old = d->next.arena;
	d->served = NULL;
	if (!status) {
		old = d->now.arena;
		d->now = d->next;
		d->version++;
	}
	d->next = (struct generation){0};
	arena_free(&old);
	// Told while is_loading still holds, so that nobody's directory_free takes the ground away.
	tell(served, d->is_freed ? E_CANCELLED : status);
	if (d->is_freed) {
		tell(d->waiting, E_CANCELLED);
		destroy(d);
		return;
	}
	d->is_loading = false;
	if (d->waiting) load_begin(d);
}

static void on_rows(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct directory *d = arg;
	if (status) {
		log_warn("directory", "cannot read it: %s", why && why->text[0] ? why->text : err_text(status));
		load_end(d, status);
		return;
	}
	steps[d->step].take(&d->next, rows);
	d->step++;
	if (d->step == ARRAY_LEN(steps))
		load_end(d, 0);
	else
		load_step(d);
}

static void load_step(struct directory *d) { store_read(d->store, steps[d->step].stmt, NULL, on_rows, d); }

void directory_load(struct directory *d, loop_done_cb done, void *arg)
{
	struct waiter **end = &d->waiting;
	while (*end)
		end = &(*end)->next;
	*end = mem_new(struct waiter);
	**end = (struct waiter){.done = done, .arg = arg};
	// A load that runs may have read past what the caller just committed: the caller gets the next one.
	if (!d->is_loading) load_begin(d);
}

uint64_t directory_version(const struct directory *d) { return d->version; }

const struct user *directory_user(const struct directory *d, uint64_t id)
{
	return find_in(d->now.users, d->now.n_users, id);
}

const struct user *directory_users(const struct directory *d, size_t *n_r)
{
	*n_r = d->now.n_users;
	return d->now.users;
}

const struct team *directory_teams(const struct directory *d, size_t *n_r)
{
	*n_r = d->now.n_teams;
	return d->now.teams;
}

const struct queue *directory_queue(const struct directory *d, uint64_t id)
{
	return find_in(d->now.queues, d->now.n_queues, id);
}

const struct queue *directory_queues(const struct directory *d, size_t *n_r)
{
	*n_r = d->now.n_queues;
	return d->now.queues;
}

const struct brand *directory_brand(const struct directory *d, uint64_t id)
{
	return find_in(d->now.brands, d->now.n_brands, id);
}

const struct brand *directory_brands(const struct directory *d, size_t *n_r)
{
	*n_r = d->now.n_brands;
	return d->now.brands;
}

const struct inbox_record *directory_inbox(const struct directory *d, uint64_t id)
{
	return find_in(d->now.inboxes, d->now.n_inboxes, id);
}

const struct inbox_record *directory_inboxes(const struct directory *d, size_t *n_r)
{
	*n_r = d->now.n_inboxes;
	return d->now.inboxes;
}

struct str directory_inbox_secrets(const struct directory *d, uint64_t id)
{
	const struct inbox_record *in = directory_inbox(d, id);
	return in ? d->now.secrets[in - d->now.inboxes] : STR_NONE;
}

static bool serves(const struct user *u, const struct queue *q)
{
	for (size_t i = 0; i < q->n_teams; i++)
		for (size_t k = 0; k < u->n_teams; k++)
			if (q->teams[i] == u->teams[k]) return true;
	return false;
}

size_t directory_agents(const struct directory *d, uint64_t queue, uint64_t *users_r, size_t max)
{
	const struct queue *q = queue ? directory_queue(d, queue) : NULL;
	size_t n = 0;
	if (queue && !q) return 0;
	for (size_t i = 0; i < d->now.n_users && n < max; i++) {
		const struct user *u = &d->now.users[i];
		if (u->takes_work && !u->is_disabled && (!q || serves(u, q))) users_r[n++] = u->id;
	}
	return n;
}

bool directory_access(const struct directory *d, uint64_t user, struct access *a_r)
{
	const struct user *u = directory_user(d, user);
	if (!u || u->is_disabled) {
		*a_r = (struct access){0};
		return false;
	}
	access_of(a_r, u, d->now.queues, d->now.n_queues);
	return true;
}
