// SPDX-License-Identifier: Apache-2.0
// Statements, values and rows: what every driver understands. The store knows no table of the domain: whoever opens it
// brings the statements.
#pragma once
#include "base/err.h"
#include "base/str.h"
#include <stdbool.h>
#include <stdint.h>

enum db_kind {
	DB_READ,  // gives rows; never in a unit
	DB_WRITE, // a row that must apply
	DB_GUARD, // a row that applies or not: when one does not, nothing of its unit is applied (E_CONFLICT)
	DB_LOG,   // the event log: exactly one statement of this kind, the last of every batch
};

// One statement in two dialects. The order of the table is the order inside a batch: guards first, the log last.
//
// params, one letter a column: i int64, t text, b bytes, r double; reads also I (list of int64) and T (list of text).
//
// sqlite: ?1, ?2 … in the order of params, run once a row. A guard applies when it changes exactly one row. The log has
//   ?1 = seq before its own columns. A list arrives as JSON text, for json_each(?n).
// pgsql, reads: $1, $2 … scalars; a list is bigint[] or text[]. Columns: i of bigint, int, smallint or boolean; t of
//   text, varchar or json; b of bytea; r of float8 or float4. Cast the rest: sum(bigint) is numeric, a jsonb is no
//   json.
// pgsql, writes: every column is an array ($1::bigint[], $2::text[], $3::bytea[], $4::float8[]), all rows of the batch
//   at once: INSERT … SELECT … FROM unnest(…).
// pgsql, guards and the log: $1::int[] = ord (1, 2, … one a row), the columns follow from $2. A guard returns the ords
//   that applied; of two rows of one target only the first may. The log returns one bigint, the seq of its last row:
//   WITH h AS (UPDATE feed_head SET seq = seq + cardinality($1) RETURNING seq), i AS (INSERT INTO event (seq, …)
//   SELECT h.seq - cardinality($1) + ord, … FROM h, unnest($1, $2::bigint[], …) AS u(ord, …)) SELECT seq FROM h
struct db_stmt {
	const char *name;
	enum db_kind kind;
	const char *params;
	const char *result; // reads: types of the columns given back
	const char *sqlite;
	const char *pgsql;
};

struct db_value {
	char type; // 'i' 't' 'b' 'r' 'I' 'T', or 0 for NULL
	union {
		int64_t i;
		double r;
		struct str s;
		struct {
			const int64_t *v;
			size_t n;
		} ints;
		struct {
			const struct str *v;
			size_t n;
		} strs;
	};
};

#define DB_NULL ((struct db_value){0})
#define DB_INT(x) ((struct db_value){.type = 'i', .i = (int64_t)(x)})
#define DB_INT_OR_NULL(x) ((x) ? DB_INT(x) : DB_NULL) // 0 is NULL: ids and times
#define DB_TEXT(x) db_text(x)                         // STR_NONE is NULL
#define DB_BYTES(x) db_bytes(x)
#define DB_REAL(x) ((struct db_value){.type = 'r', .r = (x)})
#define DB_INTS(p, count) ((struct db_value){.type = 'I', .ints = {(const int64_t *)(p), (count)}})
#define DB_TEXTS(p, count) ((struct db_value){.type = 'T', .strs = {(p), (count)}})
static inline struct db_value db_text(struct str s) { return s.p ? (struct db_value){.type = 't', .s = s} : DB_NULL; }
static inline struct db_value db_bytes(struct str s) { return s.p ? (struct db_value){.type = 'b', .s = s} : DB_NULL; }

// The rows of a read; valid inside its callback.
struct db_rows {
	size_t n_rows, n_cols;
	const struct db_value *values; // row by row
};
static inline const struct db_value *db_at(const struct db_rows *r, size_t row, size_t col)
{
	return &r->values[row * r->n_cols + col];
}
static inline int64_t db_int(const struct db_rows *r, size_t row, size_t col) // NULL: 0
{
	const struct db_value *v = db_at(r, row, col);
	return v->type == 'i' ? v->i : 0;
}
static inline struct str db_str(const struct db_rows *r, size_t row, size_t col) // NULL: STR_NONE
{
	const struct db_value *v = db_at(r, row, col);
	return v->type == 't' || v->type == 'b' ? v->s : STR_NONE;
}
static inline bool db_is_null(const struct db_rows *r, size_t row, size_t col) { return !db_at(r, row, col)->type; }
