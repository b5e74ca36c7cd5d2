// SPDX-License-Identifier: Apache-2.0
// The parts of the PostgreSQL driver: a connection that lives on the loop in pipeline mode, one for the writer, one for
// the reader.
#pragma once
#include "driver.h"
#include "loop/uv.h"
#include <libpq-fe.h>

#define PG_ARGS_MAX 64

// What the next answer of the server belongs to.
enum pg_kind {
	PG_SETUP, // a setting of the session
	PG_PREPARE,
	PG_DESCRIBE,
	PG_SETUP_SYNC,
	PG_QUIET, // nobody waits for it
	PG_BEGIN,
	PG_GUARD,
	PG_WRITE,
	PG_NODE,
	PG_LOG,
	PG_COMMIT,
	PG_RUN_SYNC,
	PG_TAKE,
	PG_FIND,
	PG_TAKE_SYNC,
	PG_READ,
};

struct pg_expect {
	enum pg_kind kind;
	uint32_t at; // the statement, or the span of the run
};

enum pg_state { PG_DOWN, PG_RESOLVING, PG_CONNECTING, PG_PREPARING, PG_UP };

struct pg_conn;
struct pg_conn_ops {
	void (*up)(struct pg_conn *c);
	void (*result)(struct pg_conn *c, const struct pg_expect *x, const PGresult *r);
	// The connection broke, or could not be made; c->why says why. Never inside a call of pg_conn_*.
	void (*down)(struct pg_conn *c, enum pg_state was);
};

struct pg_statement {
	const char *name, *sql;
};

// What every connection of its kind needs.
struct pg_conn_kind {
	const char *name;
	const struct pg_conn_ops *ops;
	const char *const *settings;    // SQL, NULL at the end
	const struct pg_statement *own; // name NULL at the end
	bool is_for_reads;              // which statements of the table it prepares
};

struct pg_poll {
	uv_poll_t handle;
	struct pg_conn *conn;
	int fd, events;
};

struct pg_conn {
	const struct pg_conn_kind *kind;
	const struct driver_config *config;
	PGconn *db;
	enum pg_state state;
	struct pg_poll *poll;
	uv_timer_t limit;
	struct pg_resolve *resolve;
	struct pg_expect *expects; // a ring
	size_t at, n, cap;
	bool is_checked;  // the shapes of the statements
	bool is_blocking; // start-up
	bool is_failing;  // will be down in the next turn
	struct err why;
	struct buf args; // of the statement that is being sent
	size_t arg_at[PG_ARGS_MAX + 1], n_args;
	int n_handles; // of uv
	loop_cb closed;
	void *closed_arg;
};

struct pg {
	struct driver base;
	struct driver_config c;
	struct pg_conn writer, reader;
	int n_conns; // still to be closed

	struct run *run;
	bool is_commit_sent;
	bool *applied; // rows of the guards
	size_t cap_applied;
	struct { // the first error of the burst
		enum pg_kind kind;
		uint32_t at;
		char state[6]; // "": none
		char text[300];
	} error;
	struct recovery *recovery;
	bool is_taken;

	struct list queued, sent; // reads
	struct loop_timer reader_retry;
	int64_t reader_wait_ms; // 0: it is up, or on its way
	loop_cb closed;
	void *closed_arg;
};

// pg_conn.c
void pg_conn_init(struct pg_conn *c, const struct pg_conn_kind *kind, const struct driver_config *config);
void pg_conn_open(struct pg_conn *c);
MUST_USE int pg_conn_open_now(struct pg_conn *c, int ms, struct err *e); // blocking
// Silent: what was expected is forgotten. Frees what it holds, then calls back.
void pg_conn_close(struct pg_conn *c, loop_cb closed, void *arg);
void pg_conn_fail(struct pg_conn *c, const char *why);
// It fails unless the limit is set anew within ms (real time); 0: no limit.
void pg_conn_limit(struct pg_conn *c, uint64_t ms);
// A statement of our own; parameters are scalars.
void pg_send_own(struct pg_conn *c, enum pg_kind kind, const char *name, const struct db_value *args, size_t n);
// A statement of the table: pg_args_begin, then for each argument pg_arg_begin and its bytes into c->args.
void pg_args_begin(struct pg_conn *c);
void pg_arg_begin(struct pg_conn *c);
void pg_send_stmt(struct pg_conn *c, enum pg_kind kind, uint32_t at, size_t stmt);
void pg_send_sync(struct pg_conn *c, enum pg_kind kind);
void pg_expect_add(struct pg_conn *c, enum pg_kind kind, uint32_t at);
bool pg_is_error(const PGresult *r);
void pg_text_of(const PGresult *r, char *text_r, size_t n); // without values
// libpq's own words, on one line. E_STORE.
int pg_error(struct err *e, const char *who, const char *text);

// pg_prepare.c
void pg_prepare_all(struct pg_conn *c);
MUST_USE int pg_check_setup(struct pg_conn *c, const struct pg_expect *x, const PGresult *r);

// pg_resolve.c: the address with names of hosts turned into numbers, which libpq would do blocking.
struct pg_address {
	const char *keys[64];
	char *values[64];
	size_t n;
};
typedef void (*pg_resolve_cb)(const struct pg_address *a, const struct err *why, void *arg);
struct pg_resolve *pg_resolve(struct loop *l, const char *url, pg_resolve_cb cb, void *arg);
void pg_resolve_cancel(struct pg_resolve **r);
MUST_USE int pg_resolve_now(const char *url, struct pg_address *a_r, struct err *e);
void pg_address_fini(struct pg_address *a);

// pg_array.c: the binary forms.
enum pg_oid {
	PG_BYTEA = 17,
	PG_INT8 = 20,
	PG_TEXT = 25,
	PG_FLOAT8 = 701,
	PG_BYTEA_ARRAY = 1001,
	PG_INT4_ARRAY = 1007,
	PG_TEXT_ARRAY = 1009,
	PG_INT8_ARRAY = 1016,
	PG_FLOAT8_ARRAY = 1022,
};
unsigned pg_oid_of(char type, bool is_column);
void pg_put_value(struct buf *b, const struct db_value *v); // not for NULL
void pg_put_ords(struct buf *b, uint32_t n);                // {1, 2 … n}
void pg_put_column(struct buf *b, char type, const struct run_row *rows, uint32_t n, size_t col);
bool pg_can_read(char type, unsigned oid);
struct db_value pg_get(const PGresult *r, int row, int col, char type);
int64_t pg_get_int(const PGresult *r, int row, int col);

// pg_write.c
extern const struct pg_conn_kind PG_WRITER;
void pg_run(struct driver *d, struct run *r);
void pg_recover(struct driver *d, struct recovery *rec);
void pg_give_up(struct driver *d);

// pg_read.c
extern const struct pg_conn_kind PG_READER;
void pg_read(struct driver *d, struct read *r);
void pg_reads_cancel(struct pg *pg);
void pg_reader_retry(void *arg);

// pg_session.c
struct session *pg_session(const char *url, struct err *e);
