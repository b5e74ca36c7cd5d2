// SPDX-License-Identifier: Apache-2.0
// The life of the small world: databases, people, inboxes, the pipeline between them.
#include "world_test.h"
#include "base/log.h"
#include "world_sql_test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TOO_LONG_S 60

struct world world;
enum world_db world_db;

static const char *expected[16];
static size_t n_expected;
static char unexpected[4000];
static char folder[64];

// ---- the log --------------------------------------------------------------------------------------------------------

void expect_log(const char *text) { expected[n_expected++] = text; }

static void take_line(enum log_level level, const char *line, void *arg)
{
	if (level > LOG_WARN || strstr(line, " took ")) return; // slow machines are no fault
	for (size_t i = 0; i < n_expected; i++)
		if (strstr(line, expected[i])) return;
	strncat(unexpected, line, sizeof unexpected - strlen(unexpected) - 2);
	strcat(unexpected, "\n");
}

// ---- waiting --------------------------------------------------------------------------------------------------------

struct waiting {
	bool (*is_so)(void *);
	void *arg;
	time_t until;
	bool is_over;
};

static void look(void *arg)
{
	struct waiting *w = arg;
	w->is_over = w->is_so(w->arg);
	if (time(NULL) > w->until) {
		fprintf(stderr, "waited a minute in vain: %d pending, %zu under way; %s\n%s", world.n_pending,
			world.pipeline ? world.pipeline->n_running : 0,
			world.store ? store_trouble(world.store) : "no store", unexpected);
		abort();
	}
	if (w->is_over)
		loop_stop(world.loop);
	else
		loop_defer(world.loop, look, w);
}

void run_until(bool (*is_so)(void *), void *arg)
{
	struct waiting w = {is_so, arg, time(NULL) + TOO_LONG_S, false};
	loop_defer(world.loop, look, &w);
	while (!w.is_over)
		loop_run(world.loop);
}

static bool is_settled(void *arg) { return !world.n_pending && !world.pipeline->n_running; }

void settle(void) { run_until(is_settled, NULL); }

static bool turns_have_passed(void *arg) { return --*(int *)arg < 0; }

void pass_ms(int64_t ms)
{
	int turns = 30;
	clock_advance(ms);
	loop_clock_moved(world.loop);
	run_until(turns_have_passed, &turns);
}

static bool is_true(void *arg) { return *(bool *)arg; }

static void set_true(void *arg) { *(bool *)arg = true; }

// ---- people and inboxes ---------------------------------------------------------------------------------------------

struct seed_user {
	uint64_t id, team;
	const char *name;
	enum role role;
	bool takes_work, is_disabled;
};
static const struct seed_user USERS[] = {
	{ANNA, TEAM_SALES, "Anna", ROLE_AGENT, true, false},    {BORIS, TEAM_SALES, "Boris", ROLE_AGENT, true, false},
	{CLARA, TEAM_PEOPLE, "Clara", ROLE_AGENT, true, false}, {DORA, 0, "Dora", ROLE_SUPERVISOR, false, false},
	{EGOR, TEAM_SALES, "Egor", ROLE_AGENT, true, true},
};

struct seed_inbox {
	uint64_t id;
	const char *name, *channel;
	uint64_t brand, queue;
	bool is_restricted;
	enum join_rule join;
};
static const struct seed_inbox INBOXES[] = {
	{TELEGRAM, "Telegram", "echo", BRAND, SALES, false, JOIN_THREAD},
	{WHATSAPP, "WhatsApp", "echo", BRAND, SALES, false, JOIN_CONTACT},
	{SMS, "SMS", "idem", BRAND, SALES, false, JOIN_CONTACT},
	{STAFF, "Staff", "echo", BRAND, PEOPLE, true, JOIN_CONTACT},
	{CHAT, "Chat", "chat", BRAND, SALES, false, JOIN_THREAD},
	{SHOP, "Shop", "echo", OTHER_BRAND, SALES, false, JOIN_CONTACT},
};

#define ROW(...) ((struct db_value[]){__VA_ARGS__})

static void add_people(struct unit *u)
{
	unit_add(u, STMT_TEAM_ADD, ROW(DB_INT(TEAM_SALES), DB_TEXT(STR("Sales")), DB_INT(1)));
	unit_add(u, STMT_TEAM_ADD, ROW(DB_INT(TEAM_PEOPLE), DB_TEXT(STR("People")), DB_INT(1)));
	unit_add(u, STMT_QUEUE_ADD, ROW(DB_INT(SALES), DB_TEXT(STR("Sales")), DB_INT(1)));
	unit_add(u, STMT_QUEUE_ADD, ROW(DB_INT(PEOPLE), DB_TEXT(STR("People")), DB_INT(1)));
	unit_add(u, STMT_QUEUE_TEAM_ADD, ROW(DB_INT(SALES), DB_INT(TEAM_SALES), DB_INT(0)));
	unit_add(u, STMT_QUEUE_TEAM_ADD, ROW(DB_INT(PEOPLE), DB_INT(TEAM_PEOPLE), DB_INT(0)));
	for (size_t i = 0; i < ARRAY_LEN(USERS); i++) {
		const struct seed_user *s = &USERS[i];
		char email[40];
		snprintf(email, sizeof email, "%s@example.org", s->name);
		unit_add(u, STMT_USER_ADD,
			 ROW(DB_INT(s->id), DB_TEXT(str_of(s->name)), DB_TEXT(str_of(email)), DB_NULL, DB_INT(s->role),
			     DB_INT(s->takes_work), DB_INT(s->is_disabled), DB_INT(1)));
		if (s->team) unit_add(u, STMT_TEAM_MEMBER_ADD, ROW(DB_INT(s->team), DB_INT(s->id)));
	}
}

static void add_inboxes(struct unit *u)
{
	const struct str uk = STR("uk"), zone = STR("Europe/Kyiv");
	unit_add(u, STMT_BRAND_ADD, ROW(DB_INT(BRAND), DB_TEXT(STR("Ours")), DB_TEXT(uk), DB_TEXT(zone), DB_INT(1)));
	unit_add(u, STMT_BRAND_ADD,
		 ROW(DB_INT(OTHER_BRAND), DB_TEXT(STR("Other")), DB_TEXT(uk), DB_TEXT(zone), DB_INT(1)));
	for (size_t i = 0; i < ARRAY_LEN(INBOXES); i++) {
		const struct seed_inbox *s = &INBOXES[i];
		unit_add(u, STMT_INBOX_ADD,
			 ROW(DB_INT(s->id), DB_TEXT(str_of(s->name)), DB_TEXT(str_of(s->channel)), DB_INT(s->brand),
			     DB_INT(s->queue), DB_INT(s->is_restricted), DB_INT(s->join),
			     DB_INT(INBOX_REOPEN_WINDOW_MS), DB_TEXT(STR("{}")), DB_NULL, DB_INT(1)));
	}
}

static void on_unit(const struct unit_result *r, void *arg)
{
	assert_int_equal(r->status, 0);
	set_true(arg);
}

static void seed(void)
{
	bool is_done = false;
	struct unit *u = unit_new(world.store);
	unit_name(u, "seed");
	add_people(u);
	add_inboxes(u);
	store_submit(world.store, u, on_unit, &is_done);
	run_until(is_true, &is_done);
}

static void on_loaded(int status, void *arg)
{
	assert_int_equal(status, 0);
	set_true(arg);
}

void load_directory(void)
{
	bool is_done = false;
	directory_load(world.directory, on_loaded, &is_done);
	run_until(is_true, &is_done);
}

// ---- opening and closing --------------------------------------------------------------------------------------------

void world_pipeline_new(void)
{
	struct pipeline_options o = {.loop = world.loop,
				     .store = world.store,
				     .directory = world.directory,
				     .media = world.media,
				     .channels = world.channels};
	world.pipeline = pipeline_new(&o);
	pipeline_ports(world.pipeline, &world.ports);
}

// Everything that is told is told once and in order.
static void on_event(struct feed_event *e, void *arg)
{
	assert_non_null(e);
	assert_int_equal(e->event.seq, world.seen + 1);
	world.seen = e->event.seq;
}

void world_pipeline_start(void)
{
	bool is_done = false;
	pipeline_start(world.pipeline, on_loaded, &is_done);
	run_until(is_true, &is_done);
	world.seen = feed_head(world.pipeline);
	world.follower = feed_follow(world.pipeline, world.seen, on_event, NULL);
}

void world_pipeline_stop(void)
{
	bool is_done = false;
	feed_unfollow(&world.follower);
	pipeline_close(world.pipeline, set_true, &is_done);
	run_until(is_true, &is_done);
	pipeline_free(&world.pipeline);
}

static void open_store(void)
{
	struct err e = {0};
	char files[80];
	struct store_options o = {.loop = world.loop,
				  .url = world_url(),
				  .instance = "world",
				  .stmts = STATEMENTS,
				  .n_stmts = N_STATEMENTS,
				  .migrations = STORE_MIGRATIONS,
				  .n_migrations = N_STORE_MIGRATIONS};
	snprintf(files, sizeof files, "%s/files", folder);
	if (store_open(&world.store, &o, &e)) fail_msg("store_open: %s", e.text);
	if (media_open(&world.media, world.store, world.loop, files, &e)) fail_msg("media_open: %s", e.text);
	assert_int_equal(directory_new(&world.directory, world.store), 0);
}

void world_start(void)
{
	open_store();
	load_directory();
	world_pipeline_new();
	if (world.before_start) world.before_start();
	world_pipeline_start();
}

static void close_store(void)
{
	bool is_done = false;
	store_close(world.store, 5000, set_true, &is_done);
	world.store = NULL;
	run_until(is_true, &is_done);
	directory_free(&world.directory);
	media_close(&world.media);
}

void world_stop(void)
{
	if (world.pipeline) world_pipeline_stop();
	close_store();
}

int world_set_up(void **state)
{
	n_expected = 0;
	unexpected[0] = 0;
	log_capture(take_line, NULL);
	world = (struct world){.loop = loop_new()};
	world.channels = test_channels_new(world.loop);
	snprintf(folder, sizeof folder, "/tmp/beseda-pipeline-XXXXXX");
	assert_non_null(mkdtemp(folder));
	world_sql_open(folder);
	open_store();
	seed();
	load_directory();
	world_pipeline_new();
	world_pipeline_start();
	return 0;
}

int world_tear_down(void **state)
{
	char command[128];
	if (world.store && world.pipeline) {
		settle();
		assert_int_equal(world.seen, head());
		assert_int_equal(turns_waiting(world.pipeline->turns), 0);
	}
	if (world.store) world_stop();
	test_channels_free(&world.channels);
	world_sql_close();
	loop_free(&world.loop);
	clock_real();
	log_capture(NULL, NULL);
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	if (system(command)) return 1;
	if (unexpected[0]) fprintf(stderr, "unexpected in the log: %s", unexpected);
	return unexpected[0] != 0;
}

int world_main(const struct CMUnitTest *tests, size_t n, const struct CMUnitTest *faults, size_t n_faults)
{
	int failed = 0;
	world_db = WORLD_SQLITE;
	if (n) failed += _cmocka_run_group_tests("sqlite", tests, n, NULL, NULL);
	world_db = WORLD_FAKE;
	if (n_faults) failed += _cmocka_run_group_tests("faults", faults, n_faults, NULL, NULL);
	world_db = WORLD_PGSQL;
	if (n && world_sql_begin_pg()) failed += _cmocka_run_group_tests("pgsql", tests, n, NULL, NULL);
	world_sql_end_pg();
	return failed;
}
