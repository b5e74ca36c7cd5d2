// SPDX-License-Identifier: Apache-2.0
// Roles, and which words can be an address to log in by.
#include "domain/user.h"
#include "base/arena.h"
#include "base/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static int set_up(void **state)
{
	*state = arena_new(0);
	return 0;
}

static int tear_down(void **state)
{
	struct arena *a = *state;
	arena_free(&a);
	return 0;
}

static void roles_read_back(void **state)
{
	enum role r = ROLE_AGENT;
	assert_int_equal(role_parse(STR("admin"), &r), 0);
	assert_int_equal(r, ROLE_ADMIN);
	assert_int_equal(role_parse(STR("supervisor"), &r), 0);
	assert_string_equal(role_name(r), "supervisor");
	assert_int_equal(role_parse(STR("root"), &r), E_INVALID);
	assert_int_equal(r, ROLE_SUPERVISOR);
	assert_null(role_name((enum role)3));
}

static const struct {
	const char *given, *clean; // NULL: refused
} addresses[] = {
	{"anna@example.org", "anna@example.org"},
	{"Anna.Maria+Desk@Example.ORG", "anna.maria+desk@example.org"},
	{"admin@localhost", "admin@localhost"},
	{"o'neill@example.org", "o'neill@example.org"},
	{"інфо@ПОЧТА.УКР", "інфо@почта.укр"},
	{"ЇЖАК@ҐАНОК-ЄЁ.УКР", "ЇЖАК@ґанок-єё.укр"}, // before the @ only ASCII is folded: the mail server decides
	{"a@BÜCHER×ŁÓDŹ.PL", "a@bücher×łódź.pl"},
	{"a@ΑΘΗΝΑ.GR", "a@αθηνα.gr"},
	{"AZ@AZ.ÀÖØÞ.ĮĶŇŶŽ.ΩЀЏАЯ.ҀҾԮ",
	 "az@az.àöøþ.įķňŷž.ωѐџая.ҁҿԯ"}, // the ends of every row
	{"a@_`{÷ßӀ.x", "a@_`{÷ßӀ.x"},
	{"a@世界.CN", "a@世界.cn"},
	{"", NULL},
	{"@", NULL},
	{"anna", NULL},
	{"@example.org", NULL},
	{"anna@", NULL},
	{"an@na@example.org", NULL},
	{"anna @example.org", NULL},
	{" anna@example.org", NULL},
	{"anna@example.org\n", NULL},
	{"anna@exa\tmple.org", NULL},
	{"anna@exa\u00A0mple.org", NULL},
	{"anna@exa\u200Bmple.org", NULL},
	{"anna@exa\u202Emple.org", NULL},
	{"an\u200Dna@example.org", NULL},
	{"Anna<anna@example.org>", NULL},
	{"anna@example.org,bob@example.org", NULL},
	{"anna@.example.org", NULL},
	{"anna@example.org.", NULL},
	{"anna@example..org", NULL},
	{"anna@\xFFxample.org", NULL},
	{"anna@exampl\xC3", NULL},
};

static void addresses_are_folded_or_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		struct str clean = STR_NONE;
		int rc = user_clean_email(*state, str_of(addresses[i].given), &clean);
		assert_int_equal(rc, addresses[i].clean ? 0 : E_INVALID);
		if (addresses[i].clean) assert_string_equal(clean.p, addresses[i].clean);
	}
	struct str clean;
	assert_int_equal(user_clean_email(*state, STR_NONE, &clean), E_INVALID);
	assert_int_equal(user_clean_email(*state, (struct str){"a\0b@c", 5}, &clean), E_INVALID);
}

static void an_address_has_at_most_320_bytes(void **state)
{
	char address[322];
	struct str clean;
	memset(address, 'A', sizeof address);
	address[64] = '@';
	assert_int_equal(user_clean_email(*state, (struct str){address, 320}, &clean), 0);
	assert_int_equal(clean.n, 320);
	assert_int_equal(user_clean_email(*state, (struct str){address, 321}, &clean), E_INVALID);
}

static void a_clean_address_stays_itself(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		struct str clean;
		if (!addresses[i].clean) continue;
		assert_int_equal(user_clean_email(*state, str_of(addresses[i].clean), &clean), 0);
		assert_string_equal(clean.p, addresses[i].clean);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles_read_back),
		cmocka_unit_test_setup_teardown(addresses_are_folded_or_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_address_has_at_most_320_bytes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_clean_address_stays_itself, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
