// SPDX-License-Identifier: Apache-2.0
// Tests: what every driver must do, and the tools to say it.
#pragma once
#include "base/log.h"
#include "store/fake.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

// A second session on the same database, blocking, that knows nothing of the store.
struct raw;

struct suite_driver {
	const char *name;
	const char *(*fresh)(void); // the address of an empty database
	struct raw *(*raw_open)(void);
	void (*raw_close)(struct raw *r);
	// Runs statements; returns the first column of the last one's first row, or "". An error fails the test.
	const char *(*raw_exec)(struct raw *r, const char *sql);
};
extern const struct suite_driver *suite;

enum test_stmt { T_SEEN, T_BUMP, T_ITEM, T_BODY, T_LOG, T_EVENTS, T_ITEMS, T_BODIES, T_COUNT, T_MANY, N_TEST_STMTS };

extern struct loop *loop;
extern struct store *store;
extern struct store_options options; // what `store` was opened with
extern const struct db_stmt TEST_STMTS[];
extern struct store_migration test_migrations[];

// How a unit ended.
struct outcome {
	bool is_done;
	int status;
	int64_t first_seq;
	uint16_t failed[8];
	size_t n_failed;
	int place; // among all that ended
	char why[400];
};
extern int n_pending; // units and reads under way
extern int n_ended;

int suite_set_up(void **state);
int suite_tear_down(void **state);
// A warning or an error that has this text is expected; any other fails the test.
void expect_log(const char *text);

void open_store(void);
void close_store(void);
// Runs the loop until nothing is pending.
void settle(void);
void run_until(bool (*is_so)(void *), void *arg);
void run_for_ms(int64_t ms);
bool is_done(void *outcome);

struct unit *unit_of(struct store *s); // with a name
void submit(struct store *s, struct unit *u, struct outcome *o);
void add_seen(struct unit *u, const char *key);
void add_bump(struct unit *u, int64_t id, int64_t version);
void add_item(struct unit *u, int64_t id, const char *body);
void add_body(struct unit *u, int64_t id, const char *body);
void add_log(struct unit *u, const char *kind, int64_t item);
// One unit: an item and one event.
void submit_item(struct store *s, int64_t id, struct outcome *o);
// Reads, and waits; also for a reader that is on its way back.
int64_t count_of(const char *what); // a table
void raw_run(const char *sql);
const char *raw_get(const char *sql);

// Reads seq > cursor over and over, as a consumer of the log does; fails the test on a gap or a repetition.
struct tail {
	struct store *store;
	int64_t cursor;
	bool is_over;
	struct loop_timer pause;
};
void tail_start(struct tail *t, struct store *s);
void tail_stop(struct tail *t); // when it has read to the end

extern const struct CMUnitTest SUITE[], SUITE_NODE[];
extern const size_t N_SUITE, N_SUITE_NODE;
#define SUITE_TEST(name) cmocka_unit_test_setup_teardown(name, suite_set_up, suite_tear_down)
// only: a pattern of names (*), or NULL. The number of tests that failed.
int suite_run(const struct suite_driver *d, const struct CMUnitTest *tests, size_t n, const char *only);
int suite_run_all(const struct suite_driver *d, const char *only);
