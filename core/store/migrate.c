// SPDX-License-Identifier: Apache-2.0
// Migrations: forward only, each in a transaction of its own, by one server at a time.
#include "base/clock.h"
#include "base/log.h"
#include "inside.h"

static const char CREATE[] = "CREATE TABLE IF NOT EXISTS migration (version integer PRIMARY KEY, name text NOT NULL, "
			     "at bigint NOT NULL)";

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
				       "the database is newer than this program: it has migration %lld (%.*s), we know up to %d; "
				       "start the newer program", version, STR_ARG(name), n ? m[n - 1].version : 0);
		if (version != m[i].version || !str_is(name, m[i].name))
			return err_set(e, E_UNSUPPORTED,
				       "the database has migration %lld (%.*s) where this program has %d (%s): it belongs to "
				       "another program", version, STR_ARG(name), m[i].version, m[i].name);
	}
	return 0;
}

static int apply(struct session *ses, struct arena *a, const char *text, const struct store_migration *m, struct err *e)
{
	struct err why;
	int status = ses->ops->exec(ses, text, &why);
	if (status) return err_set(e, status, "migration %d (%s): %s", m->version, m->name, why.text);
	const struct db_value row[] = {DB_INT(m->version), DB_TEXT(str_of(m->name)), DB_INT(clock_now_ms())};
	struct db_rows none;
	status = ses->ops->query(ses, a, "INSERT INTO migration (version, name, at) VALUES ($1, $2, $3)", row, 3, "", &none, e);
	if (status) return status;
	log_info("store", "applied migration %d (%s)", m->version, m->name);
	return 0;
}

// Applies the next one that is missing; *is_done_r when there is none.
static int step(struct session *ses, struct arena *a, bool is_pgsql, const struct store_migration *m, size_t n,
		bool *is_done_r, struct err *e)
{
	int status = ses->ops->exec(ses, ses->ops->begin_alone, e);
	if (status) return status;
	struct db_rows rows;
	status = ses->ops->query(ses, a, "SELECT version, name FROM migration ORDER BY version", NULL, 0, "it", &rows, e);
	if (!status) status = check_applied(&rows, m, n, e);
	if (status) return undo(ses, status);
	*is_done_r = rows.n_rows == n;
	const struct store_migration *next = &m[rows.n_rows];
	if (!*is_done_r) status = apply(ses, a, is_pgsql ? next->pgsql : next->sqlite, next, e);
	if (!status) status = ses->ops->exec(ses, "COMMIT", e);
	return status ? undo(ses, status) : 0;
}

int migrate(struct session *ses, bool is_pgsql, const struct store_migration *m, size_t n, struct err *e)
{
	for (size_t i = 1; i < n; i++)
		if (m[i].version <= m[i - 1].version)
			return err_set(e, E_INTERNAL, "migration %d does not follow %d", m[i].version, m[i - 1].version);
	struct arena *a = arena_new(0);
	int status = create_table(ses, e);
	for (bool is_done = false; !status && !is_done; arena_reset(a)) status = step(ses, a, is_pgsql, m, n, &is_done, e);
	arena_free(&a);
	return status;
}
