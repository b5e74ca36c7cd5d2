// SPDX-License-Identifier: Apache-2.0
// Short numbers: reserved in blocks, the next block while the last one still lasts.
#include "base/clock.h"
#include "inside.h"

#define BLOCK 50
#define BLOCK_MAX 6400
// A block that does not last this long is too small.
#define BLOCK_MIN_MS 2000

const struct db_stmt OWN_STMTS[N_OWN] = {
	[OWN_COUNTER_NEW] =
		{
			.name = "store_counter_new",
			.kind = DB_WRITE,
			.params = "t",
			.sqlite = "INSERT INTO counter (name, value) VALUES (?1, 0) ON CONFLICT DO NOTHING",
			.pgsql = "INSERT INTO counter (name, value) SELECT n, 0 FROM unnest($1::text[]) AS u(n) ON "
				 "CONFLICT DO NOTHING",
		},
	[OWN_COUNTER] =
		{
			.name = "store_counter",
			.kind = DB_GUARD,
			.params = "tii",
			.sqlite = "UPDATE counter SET value = ?3 WHERE name = ?1 AND value = ?2",
			.pgsql = "UPDATE counter c SET value = u.last FROM unnest($1::int[], $2::text[], $3::bigint[], "
				 "$4::bigint[]) "
				 "AS u(ord, name, base, last) WHERE c.name = u.name AND c.value = u.base RETURNING "
				 "u.ord",
		},
	[OWN_PARK] =
		{
			.name = "store_park",
			.kind = DB_WRITE,
			.params = "iittt",
			.sqlite = "INSERT INTO parked (id, at, name, reason, rows) VALUES (?1, ?2, ?3, ?4, ?5)",
			.pgsql = "INSERT INTO parked (id, at, name, reason, rows) SELECT * FROM unnest($1::bigint[], "
				 "$2::bigint[], "
				 "$3::text[], $4::text[], $5::text[])",
		},
	[OWN_COUNTER_READ] =
		{
			.name = "store_counter_read",
			.kind = DB_READ,
			.params = "t",
			.result = "i",
			.sqlite = "SELECT value FROM counter WHERE name = ?1",
			.pgsql = "SELECT value FROM counter WHERE name = $1",
		},
};

struct counter {
	struct store *store;
	char *name;
	int64_t next, end;        // the block in use: next … end
	int64_t spare, spare_end; // the one after it; 0: none
	int64_t block;
	int64_t began_ms; // when the block in use was begun
	int64_t base;     // what the row held when we asked
	bool is_asking;
};

static void ask(struct counter *c);

static struct counter *counter_get(struct store *s, struct str name)
{
	struct counter *c = smap_get(s->counters, name);
	if (c) return c;
	c = mem_new(struct counter);
	*c = (struct counter){.store = s, .name = mem_strndup(name.p, name.n), .next = 1, .block = BLOCK};
	smap_put(s->counters, name, c);
	return c;
}

static void on_reserved(const struct unit_result *r, void *arg)
{
	struct counter *c = arg;
	c->is_asking = false;
	if (r->status == E_CONFLICT) ask(c); // another node was faster
	if (r->status) return;
	c->spare = c->base + 1;
	c->spare_end = c->base + c->block;
}

static void on_created(const struct unit_result *r, void *arg)
{
	struct counter *c = arg;
	c->is_asking = false;
	if (!r->status) ask(c);
}

static void on_value(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct counter *c = arg;
	struct store *s = c->store;
	if (status || s->is_closing) {
		c->is_asking = false;
		return;
	}
	struct unit *u = unit_new(s);
	unit_name(u, "counter");
	if (!rows->n_rows) {
		const struct db_value name = DB_TEXT(str_of(c->name));
		unit_add(u, s->own + OWN_COUNTER_NEW, &name);
		store_submit(s, u, on_created, c);
		return;
	}
	c->base = db_int(rows, 0, 0);
	const struct db_value row[] = {DB_TEXT(str_of(c->name)), DB_INT(c->base), DB_INT(c->base + c->block)};
	unit_add(u, s->own + OWN_COUNTER, row);
	store_submit(s, u, on_reserved, c);
}

static void ask(struct counter *c)
{
	struct store *s = c->store;
	if (c->is_asking || s->is_closing || s->is_fenced) return;
	c->is_asking = true;
	const struct db_value name = DB_TEXT(str_of(c->name));
	store_read(s, s->own + OWN_COUNTER_READ, &name, on_value, c);
}

static void use_spare(struct counter *c)
{
	int64_t now = clock_mono_ms();
	if (now - c->began_ms < BLOCK_MIN_MS && c->block < BLOCK_MAX) c->block *= 2;
	c->next = c->spare;
	c->end = c->spare_end;
	c->spare = c->spare_end = 0;
	c->began_ms = now;
}

int64_t store_number(struct store *s, const char *counter)
{
	struct counter *c = counter_get(s, str_of(counter));
	if (c->next > c->end && c->spare) use_spare(c);
	int64_t left = c->end - c->next + 1;
	if (left <= c->block / 2 && !c->spare) ask(c);
	return left > 0 ? c->next++ : 0;
}

static int counter_open(struct store *s, struct session *ses, struct query *q, struct str name, struct err *e)
{
	struct counter *c = counter_get(s, name);
	const struct db_value params[] = {DB_INT(c->block), DB_TEXT(name)};
	q->sql = "UPDATE counter SET value = value + $1 WHERE name = $2 RETURNING value";
	q->params = params;
	q->n_params = ARRAY_LEN(params);
	q->result = "i";
	int status = ses->ops->query(ses, q, e);
	if (status || !q->rows.n_rows) return status;
	c->end = db_int(&q->rows, 0, 0);
	c->next = c->end - c->block + 1;
	c->began_ms = clock_mono_ms();
	return 0;
}

// Every counter that exists has a block from the first moment.
int counters_open(struct store *s, struct session *ses, struct err *e)
{
	struct query all = {.sql = "SELECT name FROM counter", .result = "t", .arena = arena_new(0)};
	struct query one = {.arena = all.arena};
	int status = ses->ops->query(ses, &all, e);
	for (size_t i = 0; !status && i < all.rows.n_rows; i++)
		status = counter_open(s, ses, &one, db_str(&all.rows, i, 0), e);
	arena_free(&all.arena);
	return status;
}

void counters_free(struct store *s)
{
	size_t at = 0;
	struct str name;
	void *value;
	while (smap_next(s->counters, &at, &name, &value)) {
		struct counter *c = value;
		mem_free(c->name);
		mem_free(c);
	}
	smap_free(&s->counters);
}
