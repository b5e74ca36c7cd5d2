// SPDX-License-Identifier: Apache-2.0
// The words of a message, the steps of a delivery, and keys.
#include "domain/message.h"
#include "base/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define N 8

// Written out by hand once more: a row is where it stands, a column where it may go, in the order of the enum.
static const char *const steps[N] = {
	// none queued sending accepted delivered read failed unknown
	[DELIVERY_NONE] = ".x......",     [DELIVERY_QUEUED] = "..xxxxx.",    [DELIVERY_SENDING] = "...xxxxx",
	[DELIVERY_ACCEPTED] = "....xxx.", [DELIVERY_DELIVERED] = ".....x..", [DELIVERY_READ] = "........",
	[DELIVERY_FAILED] = ".x......",   [DELIVERY_UNKNOWN] = ".x.xxxx.",
};

static void every_step_from_everywhere(void **state)
{
	for (int from = 0; from < N; from++) {
		for (int to = 0; to < N; to++) {
			enum delivery d = (enum delivery)from;
			bool moved = delivery_move(&d, (enum delivery)to);
			assert_int_equal(moved, steps[from][to] == 'x');
			assert_int_equal(d, moved ? to : from);
		}
	}
}

static void what_is_no_delivery_moves_nothing(void **state)
{
	enum delivery d = DELIVERY_QUEUED;
	assert_false(delivery_move(&d, (enum delivery)N));
	assert_false(delivery_move(&d, (enum delivery)200));
	assert_int_equal(d, DELIVERY_QUEUED);
	d = (enum delivery)200;
	assert_false(delivery_move(&d, DELIVERY_READ));
}

static uint64_t seed = 88172645463325252ULL;
static uint64_t random_below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

// Whatever order the receipts come in, and however often, the best news that may stand does.
static void receipts_in_any_order_end_with_the_best_news(void **state)
{
	for (int round = 0; round < 2000; round++) {
		enum delivery d = DELIVERY_SENDING, best = d;
		for (uint64_t i = 0, n = random_below(8); i < n; i++) {
			enum delivery receipt = (enum delivery)(DELIVERY_ACCEPTED + random_below(3));
			if (receipt > best) best = receipt;
			delivery_move(&d, receipt);
		}
		assert_int_equal(d, best);
	}
}

static void what_was_delivered_is_never_sent_again(void **state)
{
	for (int round = 0; round < 2000; round++) {
		enum delivery d = DELIVERY_QUEUED;
		bool was_delivered = false;
		for (int i = 0; i < 12; i++) {
			delivery_move(&d, (enum delivery)random_below(N));
			was_delivered |= d == DELIVERY_DELIVERED || d == DELIVERY_READ;
			if (was_delivered) assert_true(d == DELIVERY_DELIVERED || d == DELIVERY_READ);
		}
	}
}

static void words_read_back(void **state)
{
	enum author_kind author;
	for (int i = AUTHOR_CONTACT; i <= AUTHOR_AUTOMATIC; i++) {
		assert_int_equal(author_kind_parse(str_of(author_kind_name((enum author_kind)i)), &author), 0);
		assert_int_equal(author, i);
	}
	enum audience audience;
	for (int i = AUDIENCE_CUSTOMER; i <= AUDIENCE_PUBLIC; i++) {
		assert_int_equal(audience_parse(str_of(audience_name((enum audience)i)), &audience), 0);
		assert_int_equal(audience, i);
	}
	enum origin origin = ORIGIN_LIVE;
	assert_int_equal(origin_parse(STR("backfill"), &origin), 0);
	assert_int_equal(origin, ORIGIN_BACKFILL);
	assert_int_equal(origin_parse(STR("replay"), &origin), E_INVALID);
	assert_int_equal(author_kind_parse(STR("visitor"), &author), E_INVALID);
	assert_int_equal(audience_parse(STR("private"), &audience), E_INVALID);
	assert_string_equal(delivery_name(DELIVERY_NONE), "");
	assert_string_equal(delivery_name(DELIVERY_UNKNOWN), "unknown");
	assert_null(delivery_name((enum delivery)N));
}

static void only_internal_is_not_for_the_customer(void **state)
{
	assert_true(audience_is_for_customer(AUDIENCE_CUSTOMER));
	assert_true(audience_is_for_customer(AUDIENCE_PUBLIC));
	assert_false(audience_is_for_customer(AUDIENCE_INTERNAL));
	assert_false(audience_is_for_customer((enum audience)9));
}

static void keys_are_8_to_64_plain_signs(void **state)
{
	char longest[65];
	memset(longest, 'k', sizeof longest);
	assert_true(message_key_is_valid(STR("aZ09_-aa")));
	assert_true(message_key_is_valid(STR("azAZ09zZ")));
	assert_false(message_key_is_valid(STR("aaaaaaa`")) || message_key_is_valid(STR("aaaaaaa{")));
	assert_false(message_key_is_valid(STR("aaaaaaa/")) || message_key_is_valid(STR("aaaaaaa:")));
	assert_false(message_key_is_valid(STR("aaaaaaa@")) || message_key_is_valid(STR("aaaaaaa[")));
	assert_true(message_key_is_valid((struct str){longest, 64}));
	assert_false(message_key_is_valid((struct str){longest, 65}));
	assert_false(message_key_is_valid(STR("aZ09_-a")));
	assert_false(message_key_is_valid(STR("aZ09_-a a")));
	assert_false(message_key_is_valid(STR("aZ09_-a.a")));
	assert_false(message_key_is_valid(STR("ключключ")));
	assert_false(message_key_is_valid((struct str){"aaaaaaaa\0", 9}));
	assert_false(message_key_is_valid(STR_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_step_from_everywhere),
		cmocka_unit_test(what_is_no_delivery_moves_nothing),
		cmocka_unit_test(receipts_in_any_order_end_with_the_best_news),
		cmocka_unit_test(what_was_delivered_is_never_sent_again),
		cmocka_unit_test(words_read_back),
		cmocka_unit_test(only_internal_is_not_for_the_customer),
		cmocka_unit_test(keys_are_8_to_64_plain_signs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
