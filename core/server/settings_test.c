// SPDX-License-Identifier: Apache-2.0
// An admin's settings file: right, wrong, and what is said of it.
#include "server/settings.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// needs the four above
#include <cmocka.h>

struct world {
	struct server_settings s;
	struct err e;
	char file[64];
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct settings all = server_settings(&w->s);
	settings_init(&all);
	strcpy(w->file, "/tmp/beseda-settings-XXXXXX");
	close(mkstemp(w->file));
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	struct settings all = server_settings(&w->s);
	settings_fini(&all);
	unlink(w->file);
	free(w);
	return 0;
}

static int read_text(struct world *w, const char *text)
{
	FILE *f = fopen(w->file, "w");
	fputs(text, f);
	fclose(f);
	w->e = (struct err){0};
	return server_settings_read(&w->s, w->file, &w->e);
}

// The message without the file's name.
static const char *said(const struct world *w) { return w->e.text + strlen(w->file); }

static void a_file_sets_what_it_names(void **state)
{
	struct world *w = *state;
	assert_int_equal(read_text(w, "http:\n  listen: 0.0.0.0:9000\n  trusted_proxies: [127.0.0.1, 10.0.0.1]\n"
				      "outbox:\n  life: 2h\ndemo.shop: true\nfiles: {max: 5m}\n"),
			 0);
	assert_string_equal(w->s.listen, "0.0.0.0:9000");
	assert_string_equal(w->s.trusted_proxies, "127.0.0.1,10.0.0.1");
	assert_int_equal(w->s.outbox_life_ms, 7200000);
	assert_int_equal(w->s.upload_bytes, 5 << 20);
	assert_true(w->s.demo_shop);
	assert_string_equal(w->s.store_url, "sqlite");
}

static void an_empty_file_keeps_the_defaults(void **state)
{
	struct world *w = *state;
	assert_int_equal(read_text(w, ""), 0);
	assert_int_equal(read_text(w, "# nothing\n"), 0);
	assert_string_equal(w->s.listen, "127.0.0.1:8080");
}

static void a_mistake_is_named_with_its_place(void **state)
{
	struct world *w = *state;
	assert_int_equal(read_text(w, "http:\n  lisen: x\n"), E_MISSING);
	assert_string_equal(said(w), ":2:3: http.lisen: no such setting; did you mean http.listen?");
	assert_int_equal(read_text(w, "log:\n  level: loud\n"), E_INVALID);
	assert_string_equal(said(w), ":2:10: log.level: expected one of error, warn, info, debug; got loud");
	assert_int_equal(read_text(w, "outbox:\n  life: 10\n"), E_INVALID);
	assert_non_null(strstr(said(w), ":2:9: outbox.life: expected"));
}

static void what_is_no_map_of_settings_is_refused(void **state)
{
	struct world *w = *state;
	static const char *const WRONG[] = {"hello\n",
					    "- a\n- b\n",
					    "http: [[a]]\n",
					    "http: &x {listen: a}\nlog: *x\n",
					    "a: {b: {c: {d: {e: {f: 1}}}}}\n",
					    "http:\n\tlisten: x\n",
					    "{\n",
					    "? [a]\n: b\n"};
	for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
		assert_int_not_equal(read_text(w, WRONG[i]), 0);
		assert_true(strlen(w->e.text) > strlen(w->file) + 5);
	}
}

static void the_command_line_is_stronger_and_as_strict(void **state)
{
	struct world *w = *state;
	assert_int_equal(server_settings_assign(&w->s, "http.listen=:1", &w->e), 0);
	assert_string_equal(w->s.listen, ":1");
	assert_int_equal(server_settings_assign(&w->s, "http.listen", &w->e), E_INVALID);
	assert_string_equal(w->e.text, "--set http.listen: expected name=value");
	assert_int_equal(server_settings_assign(&w->s, "store.kind=x", &w->e), E_MISSING);
}

static void a_list_is_cut_at_commas(void **state)
{
	char *copy;
	const char **list = server_list("a, b,,c", &copy);
	assert_string_equal(list[0], "a");
	assert_string_equal(list[1], "b");
	assert_string_equal(list[2], "c");
	assert_null(list[3]);
	free(list);
	free(copy);
	list = server_list(NULL, &copy);
	assert_null(list[0]);
	free(list);
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_sets_what_it_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_empty_file_keeps_the_defaults, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_mistake_is_named_with_its_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_map_of_settings_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_command_line_is_stronger_and_as_strict, set_up, tear_down),
		cmocka_unit_test(a_list_is_cut_at_commas),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
