// SPDX-License-Identifier: Apache-2.0
// The limit's parts: what a batch of ingest writes, and two bare databases that it is written to.
#pragma once
#include "base/id.h"
#include "records/rows.h"

_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

// ---- limit_unit.c: the rows of one batch
// ------------------------------------------------------------------------------------

// records/rows.h makes the same rows here as in the server: this `struct unit` and its unit_add stand in for the
// store's, which is not linked. A unit here holds a whole batch, its rows sorted by statement.
struct unit {
	struct {
		struct db_value *values;
		size_t n, cap; // rows
		size_t n_cols;
	} rows[N_STATEMENTS];
	char *texts; // of the batch's messages
	size_t n_texts, cap_texts;
};

void unit_clear(struct unit *u);
// A text that lives as long as the batch.
struct str unit_text(struct unit *u, const char *format, ...) __attribute__((format(printf, 2, 3)));
size_t unit_n_log(const struct unit *u);

// ---- limit_sqlite.c, limit_pg.c
// ---------------------------------------------------------------------------------------------

struct node_row {
	int64_t id, epoch, batch;
};

struct limit_db {
	// One transaction, durable when this returns: guards, writes, the node row, the log. Gives the last seq of the
	// log.
	int64_t (*commit)(struct limit_db *db, const struct unit *u);
	// Rows of a text without parameters; they are never freed.
	struct db_rows (*query)(struct limit_db *db, const char *sql, const char *result);
	// After much was filled in: what the database would do by itself in time. May be NULL.
	void (*tidy)(struct limit_db *db);
	void (*close)(struct limit_db *db);
	struct node_row node;
};

struct limit_db *limit_sqlite_open(const char *url);
struct limit_db *limit_pg_open(const char *url);

// ---- limit_work.c: what the messages do
// --------------------------------------------------------------------------------------

struct place { // a thread of a known contact
	uint64_t thread, contact, identity;
	struct conversation conversation;
};

struct work {
	uint64_t inbox, user; // who is given new conversations
	unsigned open_every, text_bytes;
	struct id_maker ids;
	int64_t number;
	struct place *places;
	size_t n_places;
	struct conversation *planned;             // a ring: made, but not yet given to anybody
	size_t first_planned, n_planned, n_ready; // ready: those of earlier batches
	uint64_t n_messages;
	char run[24];
	char text[4096];
};

void work_open(struct work *w, struct limit_db *db, size_t max_places);
// Adds n units; gives how many of them are messages, the others give conversations of earlier batches to the user.
size_t work_fill(struct work *w, struct unit *u, size_t n);
void work_committed(struct work *w, int64_t last_seq);
