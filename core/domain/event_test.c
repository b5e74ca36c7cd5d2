// SPDX-License-Identifier: Apache-2.0
// The names of events: every kind has one, it reads back, and numbers stay what they are.
#include "domain/event.h"
#include "base/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static const enum event_kind kinds[] = {
#define X(name, number, text) EVENT_##name,
	EVENT_KINDS(X)
#undef X
};

static void names_read_back(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		enum event_kind k = 0;
		const char *name = event_kind_name(kinds[i]);
		assert_non_null(name);
		assert_int_equal(event_kind_parse(str_of(name), &k), 0);
		assert_int_equal(k, kinds[i]);
	}
}

static void a_number_that_is_no_kind_has_no_name(void **state)
{
	assert_null(event_kind_name(0));
	assert_null(event_kind_name(5));
	assert_null(event_kind_name(1000));
	assert_null(event_kind_name((enum event_kind) - 1));
}

static void a_word_that_is_no_kind_is_refused(void **state)
{
	enum event_kind k = EVENT_MESSAGE_IN;
	assert_int_equal(event_kind_parse(STR("message.inn"), &k), E_INVALID);
	assert_int_equal(event_kind_parse(STR("MESSAGE.IN"), &k), E_INVALID);
	assert_int_equal(event_kind_parse(STR(""), &k), E_INVALID);
	assert_int_equal(event_kind_parse(STR_NONE, &k), E_INVALID);
	assert_int_equal(k, EVENT_MESSAGE_IN);
}

// Rows of old logs hold these numbers.
static void numbers_in_the_log_do_not_move(void **state)
{
	assert_string_equal(event_kind_name((enum event_kind)1), "message.in");
	assert_string_equal(event_kind_name((enum event_kind)2), "message.out");
	assert_string_equal(event_kind_name((enum event_kind)11), "receipt.delivered");
	assert_string_equal(event_kind_name((enum event_kind)20), "conversation.created");
	assert_string_equal(event_kind_name((enum event_kind)26), "conversation.closed");
	assert_string_equal(event_kind_name((enum event_kind)42), "inbox.state");
}

static void actors_have_names(void **state)
{
	assert_string_equal(actor_kind_name(ACTOR_SYSTEM), "system");
	assert_string_equal(actor_kind_name(ACTOR_USER), "user");
	assert_string_equal(actor_kind_name(ACTOR_IMPORT), "import");
	assert_null(actor_kind_name((enum actor_kind)9));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_read_back),
		cmocka_unit_test(a_number_that_is_no_kind_has_no_name),
		cmocka_unit_test(a_word_that_is_no_kind_is_refused),
		cmocka_unit_test(numbers_in_the_log_do_not_move),
		cmocka_unit_test(actors_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
