// SPDX-License-Identifier: Apache-2.0
// SQLite's write-ahead log: emptied beside the writer, so that no commit waits for a checkpoint.
#include "sqlite.h"
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096
// A commit that meets a checkpoint waits for the disk as long as the checkpoint is large. While there is little to do
// it is small and comes often; under load a long log is worth more, since a page that changed many times is copied
// once.
#define WAL_PAGES_QUIET ((1 << 20) / PAGE)
#define WAL_PAGES_BUSY ((64 << 20) / PAGE)
#define BUSY_UNITS 64 // in one batch
// The keeper gives way to the writer; if it falls behind so far, the writer waits for it, or the log would fill the
// disk.
#define WAL_PAGES_MOST (2 * WAL_PAGES_BUSY)

// ioprio_set(2), which has no header: this thread, class idle.
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE (3 << 13)
#define NICE 10

// What the writer wants from the disk and the processor comes first. Where it is not allowed, it is not needed.
static void give_way(void)
{
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
}

// SQLite syncs the database only after it has copied every page of the log. Without this the writer, who copies the
// last few, would wait until all that the keeper has copied is on the disk.
static void sync_database(sqlite3 *db)
{
	sqlite3_file *f = NULL;
	if (!sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &f) && f && f->pMethods)
		f->pMethods->xSync(f, SQLITE_SYNC_NORMAL);
}

// What came while the first round was copied is little, and the second leaves the writer next to nothing.
static void keep(struct lane_job *job, void *tool)
{
	struct sq *q = container_of(job, struct sq, keep_job);
	struct sq_conn *c = tool;
	give_way();
	for (int round = 0; round < 2; round++) {
		sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		sync_database(c->db);
	}
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
	q->keep_job.work = keep;
	sqlite3_wal_hook(q->writer.db, on_commit, q);
}

// The log begins anew only once every page of it is copied while nobody writes: the writer itself copies the few that
// came since the keeper was done. While somebody reads it does not begin anew, and is tried again soon.
void sq_wal_after_commit(struct sq *q, uint32_t n_units)
{
	if (q->wal_pages < q->wal_kept) q->wal_kept = 0;
	while (q->wal_pages >= WAL_PAGES_MOST && atomic_load(&q->is_keeping))
		usleep(1000);
	if (atomic_load(&q->is_keeping)) return;
	if (atomic_exchange(&q->has_kept, false)) {
		sqlite3_wal_checkpoint_v2(q->writer.db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		return;
	}
	int pages = n_units >= BUSY_UNITS ? WAL_PAGES_BUSY : WAL_PAGES_QUIET;
	if (q->wal_pages - q->wal_kept < (q->wal_kept ? pages / 4 : pages)) return;
	q->wal_kept = q->wal_pages;
	atomic_store(&q->is_keeping, true);
	db_lane_push(q->keeper_lane, &q->keep_job);
}
