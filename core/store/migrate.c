// SPDX-License-Identifier: Apache-2.0
// Migrations: forward only, each in a transaction of its own, by one server at a time.
#include "base/clock.h"
#include "base/log.h"
#include "inside.h"

static const char CREATE[] = "CREATE TABLE IF NOT EXISTS migration (version integer PRIMARY KEY, name text NOT NULL, "
			     "at bigint NOT NULL)";

struct migration {
	struct session *ses;
	struct arena *arena;
	const struct store_migration *known; // ascending
	size_t n;
	bool is_pgsql, is_done;
};

static int undo(struct session *ses, int status)
{
	// The first error is the one that counts.
	struct err ignored;
	(void)!ses->ops->exec(ses, "ROLLBACK", &ignored);
	return status;
}

static int create_table(struct session *ses, struct err *e)
{
	int status = ses->ops->exec(ses, ses->ops->begin_alone, e);
	if (status) return status;
	status = ses->ops->exec(ses, CREATE, e);
	if (!status) status = ses->ops->exec(ses, "COMMIT", e);
	return status ? undo(ses, status) : 0;
}

// What was applied must be the beginning of what we know.
static int check_applied(const struct db_rows *rows, const struct store_migration *m, size_t n, struct err *e)
{
	for (size_t i = 0; i < rows->n_rows; i++) {
		long long version = db_int(rows, i, 0);
		struct str name = db_str(rows, i, 1);
		if (i >= n)
			return err_set(e, E_UNSUPPORTED,
				       "the database is newer than this program: it has migration %lld (%.*s), we know "
				       "up to %d; "
				       "start the newer program",
				       version, STR_ARG(name), n ? m[n - 1].version : 0);
		if (version != m[i].version || !str_is(name, m[i].name))
			return err_set(
				e, E_UNSUPPORTED,
				"the database has migration %lld (%.*s) where this program has %d (%s): it belongs to "
				"another program",
				version, STR_ARG(name), m[i].version, m[i].name);
	}
	return 0;
}

static int apply(struct migration *g, const struct store_migration *m, struct err *e)
{
	struct err why;
	int status = g->ses->ops->exec(g->ses, g->is_pgsql ? m->pgsql : m->sqlite, &why);
	if (status) return err_set(e, status, "migration %d (%s): %s", m->version, m->name, why.text);
	const struct db_value row[] = {DB_INT(m->version), DB_TEXT(str_of(m->name)), DB_INT(clock_now_ms())};
	struct query q = {
		.sql = "INSERT INTO migration (version, name, at) VALUES ($1, $2, $3)",
		.params = row,
		.n_params = ARRAY_LEN(row),
		.arena = g->arena,
	};
	status = g->ses->ops->query(g->ses, &q, e);
	if (!status) log_info("store", "applied migration %d (%s)", m->version, m->name);
	return status;
}

// Applies the next one that is missing; is_done when there is none.
static int step(struct migration *g, struct err *e)
{
	int status = g->ses->ops->exec(g->ses, g->ses->ops->begin_alone, e);
	if (status) return status;
	struct query q = {
		.sql = "SELECT version, name FROM migration ORDER BY version",
		.result = "it",
		.arena = g->arena,
	};
	status = g->ses->ops->query(g->ses, &q, e);
	if (!status) status = check_applied(&q.rows, g->known, g->n, e);
	if (status) return undo(g->ses, status);
	g->is_done = q.rows.n_rows == g->n;
	if (!g->is_done) status = apply(g, &g->known[q.rows.n_rows], e);
	if (!status) status = g->ses->ops->exec(g->ses, "COMMIT", e);
	return status ? undo(g->ses, status) : 0;
}

int migrate(struct session *ses, bool is_pgsql, const struct store_migration *m, size_t n, struct err *e)
{
	for (size_t i = 1; i < n; i++)
		if (m[i].version <= m[i - 1].version)
			return err_set(e, E_INTERNAL, "migration %d does not follow %d", m[i].version,
				       m[i - 1].version);
	struct migration g = {.ses = ses, .arena = arena_new(0), .known = m, .n = n, .is_pgsql = is_pgsql};
	int status = create_table(ses, e);
	for (; !status && !g.is_done; arena_reset(g.arena))
		status = step(&g, e);
	arena_free(&g.arena);
	return status;
}
