// SPDX-License-Identifier: Apache-2.0
// Proofs, and names that people send to fool other people.
#include "domain/contact.h"
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

static void proofs_read_back(void **state)
{
	for (int i = PROOF_CLAIMED; i <= PROOF_AGENT; i++) {
		enum proof p = PROOF_CLAIMED;
		assert_int_equal(proof_parse(str_of(proof_name((enum proof)i)), &p), 0);
		assert_int_equal(p, i);
	}
	enum proof p;
	assert_int_equal(proof_parse(STR("sworn"), &p), E_INVALID);
	assert_null(proof_name((enum proof)4));
}

static void only_a_claim_is_no_proof(void **state)
{
	assert_false(proof_is_proved(PROOF_CLAIMED));
	assert_true(proof_is_proved(PROOF_CHANNEL));
	assert_true(proof_is_proved(PROOF_SIGNED));
	assert_true(proof_is_proved(PROOF_AGENT));
	assert_false(proof_is_proved((enum proof)17));
}

static const struct {
	const char *given, *kept; // NULL: nothing is left
} names[] = {
	{"Anna", "Anna"},
	{"  Anna \t\r\n Maria  ", "Anna Maria"},
	{"", NULL},
	{" \n\t ", NULL},
	{"\x01\x02\x7F", NULL},
	{"An\x08na\x1B[31m", "Anna[31m"},
	{"a\u202Egnp.exe", "agnp.exe"},           // right-to-left override
	{"\u202A\u202B\u202C\u202D\u202E", NULL}, // every embedding and override
	{"\u2066x\u2067y\u2068z\u2069", "xyz"},   // isolates
	{"ad\u200Bmin\uFEFF", "admin"},           // zero-width
	{"\xC2\x85"
	 "An\xC2\x80n\xC2\x9F"
	 "a",
	 "Anna"},                                                 // C1
	{"\u200D\u200C\u200E", NULL},                             // joiners alone are nothing
	{"\u3164\u2800\u00A0", NULL},                             // looks like nothing
	{"Дмитро\u00A0О’Коннор", "Дмитро О’Коннор"},              // letters stay
	{"👩\u200D👧", "👩\u200D👧"},                                 // a joiner inside stays
	{"\u0645\u06CC\u200C\u062E", "\u0645\u06CC\u200C\u062E"}, // Persian needs its non-joiner
};

static void names_are_cleaned(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct str kept = contact_clean_name(*state, str_of(names[i].given));
		if (!names[i].kept)
			assert_null(kept.p);
		else
			assert_string_equal(kept.p, names[i].kept);
	}
	assert_null(contact_clean_name(*state, STR_NONE).p);
}

static void a_name_is_cut_between_letters(void **state)
{
	char long_name[3 * 300 + 1] = "";
	for (int i = 0; i < 300; i++)
		strcat(long_name, "щ");
	struct str kept = contact_clean_name(*state, str_of(long_name));
	assert_int_equal(kept.n, CONTACT_NAME);
	memmove(long_name + 1, long_name, 600);
	long_name[0] = 'x';
	kept = contact_clean_name(*state, str_of(long_name));
	assert_int_equal(kept.n, CONTACT_NAME - 1);
	assert_true(utf8_valid_text(kept));
}

static void bytes_that_are_no_utf8_are_shown_as_such(void **state)
{
	struct str kept = contact_clean_name(*state, STR("A\xFF\xC3(\xED\xA0\x80\xE2\x82"));
	assert_true(utf8_valid_text(kept));
	assert_string_equal(kept.p, "A\uFFFD\uFFFD(\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
	assert_string_equal(contact_clean_name(*state, (struct str){"a\0b", 3}).p, "ab");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proofs_read_back),
		cmocka_unit_test(only_a_claim_is_no_proof),
		cmocka_unit_test_setup_teardown(names_are_cleaned, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_name_is_cut_between_letters, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bytes_that_are_no_utf8_are_shown_as_such, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
