// SPDX-License-Identifier: Apache-2.0
// The suite's tools: example tables, units, and a loop that runs until a fact is there.
#include "store_suite_test.h"
#include "base/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOO_LONG_MS 60000
#define LOOK_MS 3
#define AGAIN (-2) // the reader's connection is not back yet

extern const struct store_migration STORE_MIGRATIONS[];

const struct suite_driver *suite;
struct loop *loop;
struct store *store;
struct store_options options;
int n_pending, n_ended;

static const char *expected[8];
static size_t n_expected;
static char unexpected[2000];
static struct loop_timer too_long, look;
static struct raw *raw;

const struct db_stmt TEST_STMTS[] = {
	[T_SEEN] = {"seen", DB_GUARD, "t", NULL, "INSERT INTO seen (key) VALUES (?1) ON CONFLICT DO NOTHING",
		    "WITH u AS (SELECT DISTINCT ON (key) ord, key FROM unnest($1::int[], $2::text[]) AS u(ord, key) "
		    "ORDER BY key, ord), i AS (INSERT INTO seen (key) SELECT key FROM u ON CONFLICT DO NOTHING "
		    "RETURNING key) "
		    "SELECT u.ord FROM u JOIN i USING (key)"},
	[T_BUMP] = {"bump", DB_GUARD, "ii", NULL,
		    "UPDATE item SET version = version + 1 WHERE id = ?1 AND version = ?2",
		    "UPDATE item SET version = item.version + 1 FROM (SELECT DISTINCT ON (id) ord, id, version FROM "
		    "unnest($1::int[], $2::bigint[], $3::bigint[]) AS u(ord, id, version) ORDER BY id, ord) u "
		    "WHERE item.id = u.id AND item.version = u.version RETURNING u.ord"},
	[T_ITEM] = {"item", DB_WRITE, "itbr", NULL, "INSERT INTO item (id, body, bytes, score) VALUES (?1, ?2, ?3, ?4)",
		    "INSERT INTO item (id, body, bytes, score) SELECT * FROM unnest($1::bigint[], $2::text[], "
		    "$3::bytea[], "
		    "$4::float8[])"},
	[T_BODY] = {"body", DB_WRITE, "it", NULL, "UPDATE item SET body = ?2 WHERE id = ?1",
		    "UPDATE item SET body = u.body FROM unnest($1::bigint[], $2::text[]) AS u(id, body) WHERE item.id "
		    "= u.id"},
	[T_LOG] =
		{"log", DB_LOG, "ti", NULL, "INSERT INTO event (seq, kind, item) VALUES (?1, ?2, ?3)",
		 "WITH h AS (UPDATE feed_head SET seq = seq + cardinality($1) RETURNING seq), i AS (INSERT INTO event "
		 "(seq, kind, item) SELECT h.seq - cardinality($1) + u.ord, u.kind, u.item FROM h, unnest($1::int[], "
		 "$2::text[], $3::bigint[]) AS u(ord, kind, item)) SELECT seq FROM h"},
	[T_EVENTS] = {"events", DB_READ, "i", "iti",
		      "SELECT seq, kind, item FROM event WHERE seq > ?1 ORDER BY seq LIMIT 500",
		      "SELECT seq, kind, item FROM event WHERE seq > $1 ORDER BY seq LIMIT 500"},
	[T_ITEMS] = {"items", DB_READ, "I", "iitbr",
		     "SELECT id, version, body, bytes, score FROM item WHERE id IN (SELECT value FROM json_each(?1)) "
		     "ORDER BY id",
		     "SELECT id, version, body, bytes, score FROM item WHERE id = ANY ($1) ORDER BY id"},
	[T_BODIES] = {"bodies", DB_READ, "T", "i",
		      "SELECT id FROM item WHERE body IN (SELECT value FROM json_each(?1)) ORDER BY id",
		      "SELECT id FROM item WHERE body = ANY ($1) ORDER BY id"},
	[T_COUNT] = {"count", DB_READ, "t", "i",
		     "SELECT CASE ?1 WHEN 'item' THEN (SELECT count(*) FROM item) WHEN 'event' THEN (SELECT count(*) "
		     "FROM event) "
		     "WHEN 'seen' THEN (SELECT count(*) FROM seen) ELSE (SELECT count(*) FROM parked) END",
		     "SELECT CASE $1 WHEN 'item' THEN (SELECT count(*) FROM item) WHEN 'event' THEN (SELECT count(*) "
		     "FROM event) "
		     "WHEN 'seen' THEN (SELECT count(*) FROM seen) ELSE (SELECT count(*) FROM parked) END"},
	[T_MANY] = {"many", DB_READ, "i", "i",
		    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) SELECT i FROM n",
		    "SELECT i FROM generate_series(1::bigint, $1) AS g(i)"},
};

#define TABLES(text, bytes)                                                                                            \
	"CREATE TABLE item (id bigint PRIMARY KEY, version bigint NOT NULL DEFAULT 0, body text NOT NULL CHECK (body " \
	"<> 'poison'), bytes " bytes ", score " text ");\nCREATE TABLE seen (key text PRIMARY KEY);\n"                 \
	"CREATE TABLE event (seq bigint PRIMARY KEY, kind text NOT NULL, item bigint NOT NULL);\n"                     \
	"INSERT INTO counter (name, value) VALUES ('conversation', 1000);\n"

// The store's own migration stands before it.
struct store_migration test_migrations[] = {
	{0},
	{2, "example", TABLES("real", "blob"), TABLES("float8", "bytea")},
};

// The log.

void expect_log(const char *text) { expected[n_expected++] = text; }

static void take_line(enum log_level level, const char *line, void *arg)
{
	if (getenv("BESEDA_TEST_LOG")) fprintf(stderr, "%s\n", line);
	if (level > LOG_WARN || strstr(line, " took ")) return; // slow machines are no fault
	for (size_t i = 0; i < n_expected; i++)
		if (strstr(line, expected[i])) return;
	size_t n = strlen(unexpected); // what has no room is cut
	snprintf(unexpected + n, sizeof unexpected - n, "%s\n", line);
}

static void on_look(void *arg) { loop_stop(loop); }

static void on_too_long(void *arg)
{
	fprintf(stderr, "%d are still pending; trouble: %s\n", n_pending, store ? store_trouble(store) : "no store");
	abort();
}

int suite_set_up(void **state)
{
	n_expected = 0;
	n_pending = n_ended = 0;
	unexpected[0] = 0;
	log_capture(take_line, NULL);
	loop = loop_new();
	loop_timer_init(&look, loop, "look", on_look, NULL);
	loop_timer_init(&too_long, loop, "too long", on_too_long, NULL);
	test_migrations[0] = STORE_MIGRATIONS[0];
	options = (struct store_options){
		.loop = loop,
		.url = suite->fresh(),
		.instance = "alpha",
		.stmts = TEST_STMTS,
		.n_stmts = N_TEST_STMTS,
		.migrations = test_migrations,
		.n_migrations = 2,
	};
	open_store();
	return 0;
}

int suite_tear_down(void **state)
{
	if (raw) suite->raw_close(raw);
	raw = NULL;
	close_store();
	loop_free(&loop);
	clock_real();
	log_capture(NULL, NULL);
	if (unexpected[0]) fprintf(stderr, "unexpected in the log: %s", unexpected);
	return unexpected[0] != 0;
}

void open_store(void)
{
	struct err e;
	if (store_open(&store, &options, &e)) fail_msg("store_open: %s", e.text);
}

static void on_closed(void *arg)
{
	*(bool *)arg = true;
	loop_stop(loop);
}

void close_store(void)
{
	if (!store) return;
	bool is_closed = false;
	store_close(store, 10000, on_closed, &is_closed);
	store = NULL;
	while (!is_closed)
		loop_run(loop);
}

// Waiting for facts.

static void ended(void)
{
	n_pending--;
	loop_stop(loop);
}

// Looks at the fact whenever a callback of ours has stopped the loop, and every few ms.
void run_until(bool (*is_so)(void *), void *arg)
{
	loop_timer_set(&too_long, TOO_LONG_MS);
	while (!is_so(arg)) {
		loop_timer_set(&look, LOOK_MS);
		loop_run(loop);
	}
	loop_timer_clear(&look);
	loop_timer_clear(&too_long);
}

static bool is_settled(void *arg) { return !n_pending; }

void settle(void) { run_until(is_settled, NULL); }

bool is_done(void *outcome) { return ((struct outcome *)outcome)->is_done; }

static void set_true(void *arg)
{
	*(bool *)arg = true;
	loop_stop(loop);
}

static bool is_true(void *arg) { return *(bool *)arg; }

void run_for_ms(int64_t ms)
{
	bool is_over = false;
	struct loop_timer t;
	loop_timer_init(&t, loop, "test", set_true, &is_over);
	loop_timer_set(&t, ms);
	run_until(is_true, &is_over);
}

// Units.

struct unit *unit_of(struct store *s)
{
	struct unit *u = unit_new(s);
	unit_name(u, "test unit");
	return u;
}

static void on_outcome(const struct unit_result *r, void *arg)
{
	struct outcome *o = arg;
	assert_false(o->is_done);
	*o = (struct outcome){.is_done = true,
			      .status = r->status,
			      .first_seq = r->first_seq,
			      .n_failed = r->n_failed,
			      .place = n_ended++};
	for (size_t i = 0; i < r->n_failed && i < ARRAY_LEN(o->failed); i++)
		o->failed[i] = r->failed[i];
	if (r->why) snprintf(o->why, sizeof o->why, "%s", r->why->text);
	ended();
}

void submit(struct store *s, struct unit *u, struct outcome *o)
{
	*o = (struct outcome){0};
	n_pending++;
	store_submit(s, u, on_outcome, o);
	assert_false(o->is_done);
}

void add_seen(struct unit *u, const char *key) { unit_add(u, T_SEEN, (const struct db_value[]){DB_TEXT(str_of(key))}); }

void add_bump(struct unit *u, int64_t id, int64_t version)
{
	unit_add(u, T_BUMP, (const struct db_value[]){DB_INT(id), DB_INT(version)});
}

void add_item(struct unit *u, int64_t id, const char *body)
{
	unit_add(u, T_ITEM, (const struct db_value[]){DB_INT(id), DB_TEXT(str_of(body)), DB_NULL, DB_REAL(0.5)});
}

void add_body(struct unit *u, int64_t id, const char *body)
{
	unit_add(u, T_BODY, (const struct db_value[]){DB_INT(id), DB_TEXT(str_of(body))});
}

void add_log(struct unit *u, const char *kind, int64_t item)
{
	unit_add(u, T_LOG, (const struct db_value[]){DB_TEXT(str_of(kind)), DB_INT(item)});
}

void submit_item(struct store *s, int64_t id, struct outcome *o)
{
	struct unit *u = unit_of(s);
	add_item(u, id, "body");
	add_log(u, "created", id);
	submit(s, u, o);
}

static void on_count(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	*(int64_t *)arg = status ? AGAIN : db_int(rows, 0, 0);
	loop_stop(loop);
}

static bool is_counted(void *n) { return *(int64_t *)n != -1; }

int64_t count_of(const char *what)
{
	int64_t n = AGAIN;
	for (int i = 0; n == AGAIN && i < 100; i++) {
		if (i) run_for_ms(50);
		n = -1;
		store_read(store, T_COUNT, (const struct db_value[]){DB_TEXT(str_of(what))}, on_count, &n);
		run_until(is_counted, &n);
	}
	return n;
}

const char *raw_get(const char *sql)
{
	if (!raw) raw = suite->raw_open();
	return suite->raw_exec(raw, sql);
}

void raw_run(const char *sql) { raw_get(sql); }

// A consumer of the log.

static void on_events(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct tail *t = arg;
	for (size_t i = 0; !status && i < rows->n_rows; i++)
		assert_int_equal(db_int(rows, i, 0), ++t->cursor);
	if (t->is_over && !status && !rows->n_rows) // it has seen all there is
		ended();
	else
		loop_timer_set(&t->pause, 2);
}

static void tail_read(void *arg)
{
	struct tail *t = arg;
	store_read(t->store, T_EVENTS, (const struct db_value[]){DB_INT(t->cursor)}, on_events, t);
}

void tail_start(struct tail *t, struct store *s)
{
	*t = (struct tail){.store = s};
	loop_timer_init(&t->pause, loop, "tail", tail_read, t);
	tail_read(t);
}

void tail_stop(struct tail *t)
{
	n_pending++;
	t->is_over = true;
	settle();
}

int suite_run(const struct suite_driver *d, const struct CMUnitTest *tests, size_t n, const char *only)
{
	suite = d;
	if (only) cmocka_set_test_filter(only);
	return _cmocka_run_group_tests(d->name, tests, n, NULL, NULL);
}

int suite_run_all(const struct suite_driver *d, const char *only)
{
	return suite_run(d, SUITE, N_SUITE, only) + suite_run(d, SUITE_NODE, N_SUITE_NODE, only);
}
