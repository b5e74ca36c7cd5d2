// SPDX-License-Identifier: Apache-2.0
// SQLite's write-ahead log: emptied beside the writer, so that no commit waits for a checkpoint.
#include "sqlite.h"

#define PAGE 4096
#define WAL_PAGES ((16 << 20) / PAGE)

static void keep(struct lane_job *job, void *tool)
{
	struct sq *q = container_of(job, struct sq, keep_job);
	struct sq_conn *c = tool;
	sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	atomic_store(&q->has_kept, true);
	atomic_store(&q->is_keeping, false);
}

static int on_commit(void *arg, sqlite3 *db, const char *schema, int pages)
{
	struct sq *q = arg;
	q->wal_pages = pages;
	return SQLITE_OK;
}

void sq_wal_open(struct sq *q)
{
	q->wal_next = WAL_PAGES;
	q->keep_job.work = keep;
	sqlite3_wal_hook(q->writer.db, on_commit, q);
}

// The log begins anew only once every page of it is copied while nobody writes: the writer itself copies the few that
// came since the keeper was done.
void sq_wal_after_commit(struct sq *q)
{
	if (q->wal_pages < WAL_PAGES) q->wal_next = WAL_PAGES;
	if (atomic_load(&q->is_keeping)) return;
	if (atomic_exchange(&q->has_kept, false)) {
		sqlite3_wal_checkpoint_v2(q->writer.db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		return;
	}
	if (q->wal_pages < q->wal_next) return;
	q->wal_next = q->wal_pages + WAL_PAGES / 4;
	atomic_store(&q->is_keeping, true);
	db_lane_push(q->keeper_lane, &q->keep_job);
}
