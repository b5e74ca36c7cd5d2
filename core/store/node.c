// SPDX-License-Identifier: Apache-2.0
// The node row: who writes here, until when, under which epoch, and how far ids are reserved.
#include "base/clock.h"
#include "base/log.h"
#include "inside.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

// Earlier than the mark by more than a few restarts in a row explain: the clock was set back.
#define CLOCK_BACK_MS 60000

struct node_row {
	int64_t id, epoch, mark, lease;
	struct str instance;
};

static int64_t random_holder(void)
{
	int64_t v;
	while (getrandom(&v, sizeof v, 0) != sizeof v)
		if (errno != EINTR) abort();
	return v & INT64_MAX;
}

static struct node_row node_row_at(const struct db_rows *rows, size_t i)
{
	return (struct node_row){
		.id = db_int(rows, i, 0),
		.instance = db_str(rows, i, 1),
		.epoch = db_int(rows, i, 2),
		.mark = db_int(rows, i, 3),
		.lease = db_int(rows, i, 4),
	};
}

static int refuse(const struct node_row *by, int64_t now, struct err *e)
{
	return err_set(
		e, E_FENCED,
		"the server \"%.*s\" works on this store; its lease runs for %lld ms more. Stop it, or wait that long "
		"when it is dead already",
		STR_ARG(by->instance), (long long)(by->lease - now));
}

// Ours from before, else a free number, else that of whoever has been gone the longest. rows are ordered by id.
static int choose(const struct db_rows *rows, struct str instance, size_t max_nodes, int64_t now,
		  struct node_row *mine_r, struct err *e)
{
	size_t n_alive = 0;
	int64_t free_id = 0;
	struct node_row oldest = {.lease = INT64_MAX}, alive = {0};
	*mine_r = (struct node_row){.id = -1};
	for (size_t i = 0; i < rows->n_rows; i++) {
		struct node_row r = node_row_at(rows, i);
		if (r.id == free_id) free_id++;
		if (r.lease < oldest.lease) oldest = r;
		if (str_eq(r.instance, instance))
			*mine_r = r;
		else if (r.lease > now && r.lease <= now + 2 * LEASE_MS) { // no lease is longer: the clock was set back
			alive = r;
			n_alive++;
		}
	}
	if (n_alive >= max_nodes) return refuse(&alive, now, e);
	if (mine_r->id >= 0) return 0;
	*mine_r = free_id < ID_NODES ? (struct node_row){.id = free_id} : oldest;
	return mine_r->lease > now ? refuse(mine_r, now, e) : 0;
}

static int write_row(struct session *ses, struct arena *a, const struct node *n, const struct node_row *row,
		     struct err *e)
{
	static const char INSERT[] =
		"INSERT INTO node (id, instance, epoch, holder, batch, batch_seq, id_mark, lease_until) "
		"VALUES ($1, $2, $3, $4, 0, 0, $5, $6)";
	// batch stays: whoever is fenced by this may still ask what became of his last one
	static const char UPDATE[] =
		"WITH mine (id, instance, epoch, holder, mark, lease) AS (VALUES ($1, $2, $3, $4, $5, $6)) "
		"UPDATE node SET instance = mine.instance, epoch = mine.epoch, holder = mine.holder, id_mark = "
		"mine.mark, "
		"lease_until = mine.lease FROM mine WHERE node.id = mine.id";
	const struct db_value values[] = {
		DB_INT(n->id),     DB_TEXT(row->instance), DB_INT(n->epoch),
		DB_INT(n->holder), DB_INT(n->mark_ms),     DB_INT(row->lease),
	};
	struct query q = {
		.sql = n->epoch == 1 ? INSERT : UPDATE,
		.params = values,
		.n_params = ARRAY_LEN(values),
		.arena = a,
	};
	return ses->ops->query(ses, &q, e);
}

static int take(struct session *ses, struct arena *a, struct str instance, size_t max_nodes, struct node *n_r,
		struct err *e)
{
	struct query q = {
		.sql = "SELECT id, instance, epoch, id_mark, lease_until FROM node ORDER BY id",
		.result = "itiii",
		.arena = a,
	};
	struct node_row mine;
	int64_t lease_now, now = clock_now_ms();
	int status = ses->ops->now(ses, &lease_now, e);
	if (!status) status = ses->ops->query(ses, &q, e);
	if (!status) status = choose(&q.rows, instance, max_nodes, lease_now, &mine, e);
	if (status) return status;
	*n_r = (struct node){.id = (uint16_t)mine.id, .epoch = mine.epoch + 1, .holder = random_holder()};
	n_r->from_ms = mine.mark > now ? mine.mark : now;
	n_r->mark_ms = n_r->from_ms + ID_AHEAD_MS;
	if (mine.mark > now + CLOCK_BACK_MS)
		log_warn("store", "the clock stands %lld s before the last id; ids continue from there",
			 (long long)(mine.mark - now) / 1000);
	mine.instance = instance;
	mine.lease = lease_now + LEASE_MS;
	return write_row(ses, a, n_r, &mine, e);
}

int node_take(struct session *ses, const char *instance, size_t max_nodes, struct node *n_r, struct err *e)
{
	int status = ses->ops->exec(ses, ses->ops->begin_alone, e);
	if (status) return status;
	struct arena *a = arena_new(0);
	status = take(ses, a, str_of(instance), max_nodes, n_r, e);
	if (!status) status = ses->ops->exec(ses, "COMMIT", e);
	struct err ignored;
	if (status) (void)!ses->ops->exec(ses, "ROLLBACK", &ignored);
	arena_free(&a);
	return status;
}
