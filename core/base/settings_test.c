// SPDX-License-Identifier: Apache-2.0
// Tests of settings, their messages and their sample.
#include "base/mem.h"
#include "base/settings.h"
#include "testing.h"
#include <cmocka.h>
#include <string.h>

struct values {
	char *listen, *key, *name;
	int64_t workers, body, idle, offset;
	bool is_open;
	int kind;
};

static const char *const kinds[] = {"sqlite", "postgres", NULL};
#define AT(field) offsetof(struct values, field)

static const struct setting table[] = {
	{"http.listen", SETTING_STRING, AT(listen), "127.0.0.1:8080", 0, 0, NULL, "Where the server listens."},
	{"http.body", SETTING_SIZE, AT(body), "4m", 1 << 10, 1 << 30, NULL, "The largest request."},
	{"store.kind", SETTING_ENUM, AT(kind), "sqlite", 0, 0, kinds, "The database."},
	{"store.pool.workers", SETTING_INT, AT(workers), "8", 1, 64, NULL, "Threads."},
	{"http.idle", SETTING_DURATION, AT(idle), "1m", 0, 0, NULL, "How long a silent connection lives."},
	{"is_open", SETTING_BOOL, AT(is_open), "true", 0, 0, NULL, "Whether strangers may sign up."},
	{"offset", SETTING_INT, AT(offset), "-5", 0, 0, NULL, "Any number."},
	{"secret.key", SETTING_SECRET, AT(key), NULL, 0, 0, NULL, "The key."},
	{"name", SETTING_STRING, AT(name), "a \"b\" \\c", 0, 0, NULL, "A name."},
};
#define N ARRAY_LEN(table)

static struct values v;
static struct err e;

static int init(void **state)
{
	memset(&v, 0xaa, sizeof v); // init does not read what stands there
	settings_init(&(struct settings){table, N, &v});
	return 0;
}

static int fini(void **state)
{
	settings_fini(&(struct settings){table, N, &v});
	assert_null(v.listen);
	return 0;
}

static int set(const char *name, const char *value)
{
	struct setting_place place = {"beseda.yaml", 12, 3};
	e = (struct err){0};
	return settings_set(&(struct settings){table, N, &v}, str_of(name), str_of(value), &place, &e);
}

static void defaults(void **state)
{
	assert_string_equal(v.listen, "127.0.0.1:8080");
	assert_null(v.key);
	assert_int_equal(v.body, 4 << 20);
	assert_int_equal(v.workers, 8);
	assert_int_equal(v.idle, 60000);
	assert_int_equal(v.offset, -5);
	assert_true(v.is_open);
	assert_int_equal(v.kind, 0);
}

static void values_of_all_types(void **state)
{
	assert_int_equal(set("http.listen", "[::]:80"), 0);
	assert_string_equal(v.listen, "[::]:80");
	assert_int_equal(set("http.listen", ""), 0);
	assert_string_equal(v.listen, "");
	assert_int_equal(set("secret.key", "s3cret"), 0);
	assert_string_equal(v.key, "s3cret");
	assert_int_equal(set("secret.key", "other"), 0);
	assert_int_equal(set("store.kind", "postgres"), 0);
	assert_int_equal(v.kind, 1);
	assert_int_equal(set("is_open", "false"), 0);
	assert_false(v.is_open);
	assert_int_equal(set("offset", "-9223372036854775808"), 0);
	assert_true(v.offset == INT64_MIN);
}

static void sizes_and_durations(void **state)
{
	static const struct {
		const char *name, *text;
		int64_t v;
	} rows[] = {
		{"http.body", "64k", 65536},  {"http.body", "1g", 1 << 30},   {"http.body", "2048", 2048},
		{"http.idle", "500ms", 500},  {"http.idle", "5s", 5000},      {"http.idle", "2m", 120000},
		{"http.idle", "1h", 3600000}, {"http.idle", "7d", 604800000}, {"http.idle", "0", 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(set(rows[i].name, rows[i].text), 0);
		assert_int_equal(rows[i].name[5] == 'b' ? v.body : v.idle, rows[i].v);
	}
	static const char *const bad[] = {"5",   "5x", "s", "5 s", "-5s", "5S", "1.5s", "", "99999999999999999d",
					  "5ss", "-"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(set("http.idle", bad[i]), E_INVALID);
	assert_int_equal(v.idle, 0);
}

static void unknown_names_are_guessed(void **state)
{
	assert_int_equal(set("http.lisen", "x"), E_MISSING);
	assert_string_equal(e.text, "beseda.yaml:12:3: http.lisen: no such setting; did you mean http.listen?");
	assert_int_equal(set("quite.another", "x"), E_MISSING);
	assert_string_equal(e.text, "beseda.yaml:12:3: quite.another: no such setting");
}

static void wrong_values_say_what_is_expected(void **state)
{
	assert_int_equal(set("store.kind", "mysql"), E_INVALID);
	assert_string_equal(e.text, "beseda.yaml:12:3: store.kind: expected one of sqlite, postgres; got mysql");
	assert_int_equal(set("store.pool.workers", "65"), E_INVALID);
	assert_string_equal(e.text,
			    "beseda.yaml:12:3: store.pool.workers: expected a whole number from 1 to 64; got 65");
	assert_int_equal(set("http.body", "1"), E_INVALID);
	assert_string_equal(e.text,
			    "beseda.yaml:12:3: http.body: expected a size like 64k or 10m from 1k to 1g; got 1");
	assert_int_equal(set("is_open", ""), E_INVALID);
	assert_string_equal(e.text, "beseda.yaml:12:3: is_open: expected true or false; got nothing");
	assert_int_equal(settings_set(&(struct settings){table, N, &v}, STR("name"), STR("a\0b"), NULL, &e), E_INVALID);
	assert_string_equal(v.name, "a \"b\" \\c");
}

static void places_are_shown_as_far_as_known(void **state)
{
	struct setting_place place = {"BESEDA_IS_OPEN", 0, 0};
	assert_int_equal(settings_set(&(struct settings){table, N, &v}, STR("is_open"), STR("1"), &place, &e),
			 E_INVALID);
	assert_string_equal(e.text, "BESEDA_IS_OPEN: is_open: expected true or false; got 1");
	place = (struct setting_place){"a.yaml", 3, 0};
	assert_int_equal(settings_set(&(struct settings){table, N, &v}, STR("is_open"), STR("1"), &place, &e),
			 E_INVALID);
	assert_string_equal(e.text, "a.yaml:3: is_open: expected true or false; got 1");
	assert_int_equal(settings_set(&(struct settings){table, N, &v}, STR("is_open"), STR("1"), NULL, NULL),
			 E_INVALID);
}

static void a_secret_is_not_shown(void **state)
{
	assert_int_equal(set("secret.key", "hush\xff"), E_INVALID);
	assert_null(strstr(e.text, "hush"));
}

static void sample_shows_every_row(void **state)
{
	struct buf b = {0};
	settings_sample(table, N, &b);
	assert_buf(&b, "http:\n"
		       "  # Where the server listens.\n"
		       "  listen: \"127.0.0.1:8080\"\n"
		       "  # The largest request. (a size like 64k or 10m from 1k to 1g)\n"
		       "  body: 4m\n"
		       "  # How long a silent connection lives. (a duration like 500ms, 5s, 2m, 1h or 7d)\n"
		       "  idle: 1m\n"
		       "\n"
		       "store:\n"
		       "  # The database. (one of sqlite, postgres)\n"
		       "  kind: sqlite\n"
		       "  pool:\n"
		       "    # Threads. (a whole number from 1 to 64)\n"
		       "    workers: 8\n"
		       "\n"
		       "# Whether strangers may sign up. (true or false)\n"
		       "is_open: true\n"
		       "\n"
		       "# Any number. (a whole number)\n"
		       "offset: -5\n"
		       "\n"
		       "# secret:\n"
		       "  # The key.\n"
		       "  # key:   must be given\n"
		       "\n"
		       "# A name.\n"
		       "name: \"a \\\"b\\\" \\\\c\"\n");
	buf_fini(&b);
}

#define WITH_VALUES(f) cmocka_unit_test_setup_teardown(f, init, fini)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_VALUES(defaults),
		WITH_VALUES(values_of_all_types),
		WITH_VALUES(sizes_and_durations),
		WITH_VALUES(unknown_names_are_guessed),
		WITH_VALUES(wrong_values_say_what_is_expected),
		WITH_VALUES(places_are_shown_as_far_as_known),
		WITH_VALUES(a_secret_is_not_shown),
		WITH_VALUES(sample_shows_every_row),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
