// SPDX-License-Identifier: Apache-2.0
// Tests of the ids.
#include "base/clock.h"
#include "base/err.h"
#include "base/id.h"
#include "testing.h"
#include <cmocka.h>

#define NOW (ID_EPOCH_MS + 1000000)

static int real_clock(void **state)
{
	clock_real();
	return 0;
}

static void an_id_tells_time_and_node(void **state)
{
	struct id_maker m;
	clock_fake(NOW, 0);
	id_maker_init(&m, 1023, 0, NOW + 10);
	uint64_t id = id_next(&m);
	assert_int_equal(id_time_ms(id), NOW);
	assert_int_equal(id_node(id), 1023);
	assert_true(id <= INT64_MAX);
}

static void ids_only_grow(void **state)
{
	struct id_maker m;
	clock_fake(NOW, 0);
	id_maker_init(&m, 5, 0, NOW + 1000);
	uint64_t last = 0;
	for (int i = 0; i < 20000; i++) {
		if (i == 9000) clock_advance(100);
		if (i == 12000) clock_fake(NOW - 5000, 0); // the clock goes back
		uint64_t id = id_next(&m);
		assert_true(id > last);
		assert_int_equal(id_node(id), 5);
		last = id;
	}
	// 4096 a millisecond, then it borrows the next one.
	assert_int_equal(id_time_ms(last), NOW + 100 + (20000 - 9000 - 1) / 4096);
}

static void nothing_is_given_at_the_mark(void **state)
{
	struct id_maker m;
	clock_fake(NOW, 0);
	id_maker_init(&m, 0, 0, NOW);
	assert_int_equal(id_next(&m), 0);
	m.mark_ms = NOW + 1;
	for (int i = 0; i < 4096; i++)
		assert_int_not_equal(id_next(&m), 0);
	assert_int_equal(id_next(&m), 0);
	assert_int_equal(id_next(&m), 0);
	m.mark_ms = NOW + 2;
	assert_int_equal(id_time_ms(id_next(&m)), NOW + 1);
}

static void the_next_maker_continues_at_the_mark(void **state)
{
	struct id_maker m, next;
	clock_fake(NOW, 0);
	id_maker_init(&m, 3, 0, NOW + 1);
	uint64_t last = 0;
	for (uint64_t id; (id = id_next(&m));)
		last = id;
	clock_fake(NOW - 60000, 0);
	id_maker_init(&next, 3, NOW + 1, NOW + 10);
	uint64_t id = id_next(&next);
	assert_true(id > last);
	assert_int_equal(id_time_ms(id), NOW + 1);
}

static void no_id_is_zero_at_the_epoch(void **state)
{
	struct id_maker m;
	clock_fake(0, 0);
	id_maker_init(&m, 0, 0, INT64_MAX);
	assert_int_not_equal(id_next(&m), 0);
	clock_fake(ID_EPOCH_MS + (1LL << 41), 0);
	assert_int_equal(id_next(&m), 0); // no bits left
}

static void parses_decimal(void **state)
{
	uint64_t id;
	assert_int_equal(id_parse(STR("4194304"), &id), 0);
	assert_int_equal(id, 4194304);
	assert_int_equal(id_parse(STR("0"), &id), E_INVALID);
	assert_int_equal(id_parse(STR(""), &id), E_INVALID);
	assert_int_equal(id_parse(STR("-1"), &id), E_INVALID);
	assert_int_equal(id_parse(STR("1x"), &id), E_INVALID);
	assert_int_equal(id_parse(STR("18446744073709551616"), &id), E_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(an_id_tells_time_and_node, real_clock),
		cmocka_unit_test_teardown(ids_only_grow, real_clock),
		cmocka_unit_test_teardown(nothing_is_given_at_the_mark, real_clock),
		cmocka_unit_test_teardown(the_next_maker_continues_at_the_mark, real_clock),
		cmocka_unit_test_teardown(no_id_is_zero_at_the_epoch, real_clock),
		cmocka_unit_test(parses_decimal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
