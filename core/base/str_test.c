// SPDX-License-Identifier: Apache-2.0
// Tests of borrowed strings and their hash.
#include "base/err.h"
#include "base/mem.h"
#include "hash.h"
#include "testing.h"
#include <cmocka.h>
#include <string.h>

static void compares(void **state)
{
	assert_true(str_eq(STR("abc"), str_of("abc")));
	assert_true(str_eq(STR_NONE, STR("")));
	assert_false(str_eq(STR("abc"), STR("abd")));
	assert_false(str_eq(STR("abc"), STR("ab")));
	assert_true(str_is(STR("abc"), "abc"));
	assert_false(str_is(STR("a\0"), "a"));
	assert_true(str_ieq(STR("Content-TYPE"), STR("content-type")));
	assert_false(str_ieq(STR("a"), STR("b")));
	assert_false(str_ieq(STR("[@"), STR("{`"))); // 32 apart, but no letters
	assert_int_equal(str_cmp(STR("a"), STR("b")), -1);
	assert_int_equal(str_cmp(STR("b"), STR("a")), 1);
	assert_int_equal(str_cmp(STR("a"), STR("aa")), -1);
	assert_int_equal(str_cmp(STR_NONE, STR("")), 0);
	assert_int_equal(str_cmp(STR("\xff"), STR("a")), 1);
	assert_null(str_of(NULL).p);
}

static void secrets_compare(void **state)
{
	assert_true(str_eq_secret(STR("token"), STR("token")));
	assert_false(str_eq_secret(STR("token"), STR("tokem")));
	assert_false(str_eq_secret(STR("token"), STR("toke")));
	assert_true(str_eq_secret(STR_NONE, STR("")));
}

static void heads_and_tails(void **state)
{
	assert_true(str_starts(STR("abc"), STR("ab")));
	assert_true(str_starts(STR("abc"), STR("")));
	assert_false(str_starts(STR("a"), STR("ab")));
	assert_true(str_ends(STR("abc"), STR("bc")));
	assert_true(str_ends(STR_NONE, STR("")));
	assert_false(str_ends(STR("abc"), STR("ab")));
	assert_str(str_trim(STR(" \t a b\t ")), "a b");
	assert_int_equal(str_trim(STR("  ")).n, 0);
	assert_int_equal(str_trim(STR_NONE).n, 0);
}

static void finds(void **state)
{
	assert_int_equal(str_find(STR("abcabc"), 'c'), 2);
	assert_int_equal(str_find(STR("abc"), 'x'), -1);
	assert_int_equal(str_find(STR_NONE, 'x'), -1);
	assert_int_equal(str_find_str(STR("abcabd"), STR("abd")), 3);
	assert_int_equal(str_find_str(STR("abc"), STR("abcd")), -1);
	assert_int_equal(str_find_str(STR("abc"), STR("")), 0);
	assert_int_equal(str_find_str(STR_NONE, STR("a")), -1);
}

static void cuts(void **state)
{
	struct str rest = STR("a,,b,"), head;
	assert_true(str_cut(&rest, ',', &head));
	assert_str(head, "a");
	assert_true(str_cut(&rest, ',', &head));
	assert_str(head, "");
	assert_true(str_cut(&rest, ',', &head));
	assert_str(head, "b");
	assert_false(str_cut(&rest, ',', &head));
	rest = STR_NONE;
	assert_false(str_cut(&rest, ',', &head));
}

static void reads_numbers(void **state)
{
	uint64_t u = 7;
	int64_t i = 7;
	assert_int_equal(str_to_u64(STR("18446744073709551615"), &u), 0);
	assert_true(u == UINT64_MAX);
	assert_int_equal(str_to_u64(STR("007"), &u), 0);
	assert_int_equal(u, 7);
	static const char *const bad[] = {
		"", " 1", "1 ", "+1", "-1", "1x", "0x1", "18446744073709551616", "99999999999999999999"};
	for (size_t k = 0; k < ARRAY_LEN(bad); k++)
		assert_int_equal(str_to_u64(str_of(bad[k]), &u), E_INVALID);
	assert_int_equal(u, 7);
	assert_int_equal(str_to_i64(STR("-9223372036854775808"), &i), 0);
	assert_true(i == INT64_MIN);
	assert_int_equal(str_to_i64(STR("9223372036854775807"), &i), 0);
	assert_true(i == INT64_MAX);
	assert_int_equal(str_to_i64(STR("9223372036854775808"), &i), E_INVALID);
	assert_int_equal(str_to_i64(STR("-9223372036854775809"), &i), E_INVALID);
	assert_int_equal(str_to_i64(STR("-"), &i), E_INVALID);
	assert_int_equal(str_to_i64(STR("--1"), &i), E_INVALID);
	assert_int_equal(str_to_i64(STR_NONE, &i), E_INVALID);
}

static void finds_the_nearest(void **state)
{
	static const char *const names[] = {"http.listen", "http.limit", "store.kind"};
	assert_string_equal(str_nearest(STR("http.lisen"), names, 3), "http.listen");
	assert_string_equal(str_nearest(STR("htpt.limit"), names, 3), "http.limit");
	assert_string_equal(str_nearest(STR("store.kind"), names, 3), "store.kind");
	assert_null(str_nearest(STR("smtp.host"), names, 3));
	assert_null(str_nearest(STR(""), names, 3));
	assert_null(str_nearest(STR("http.listen"), names, 0));
	char longest[100];
	memset(longest, 'x', sizeof longest);
	assert_null(str_nearest((struct str){longest, sizeof longest}, names, 3));
}

// SipHash-1-3 itself is checked against a straight reading of the paper: same rounds, byte by byte.
static uint64_t slow_siphash13(const unsigned char *p, size_t n, uint64_t k0, uint64_t k1)
{
	uint64_t v0 = k0 ^ 0x736f6d6570736575, v1 = k1 ^ 0x646f72616e646f6d, v2 = k0 ^ 0x6c7967656e657261,
		 v3 = k1 ^ 0x7465646279746573;
#define ROTL(x, b) ((x) << (b) | (x) >> (64 - (b)))
#define ROUND()                                                                                                        \
	v0 += v1, v1 = ROTL(v1, 13), v1 ^= v0, v0 = ROTL(v0, 32), v2 += v3, v3 = ROTL(v3, 16), v3 ^= v2, v0 += v3,     \
		  v3 = ROTL(v3, 21), v3 ^= v0, v2 += v1, v1 = ROTL(v1, 17), v1 ^= v2, v2 = ROTL(v2, 32)
	for (size_t at = 0; at <= n; at += 8) {
		uint64_t w = 0;
		for (size_t i = 0; i < 8 && at + i < n; i++)
			w |= (uint64_t)p[at + i] << 8 * i;
		if (at + 8 > n) w |= (uint64_t)n << 56;
		v3 ^= w;
		ROUND();
		v0 ^= w;
	}
	v2 ^= 0xff;
	ROUND();
	ROUND();
	ROUND();
	return v0 ^ v1 ^ v2 ^ v3;
}

static void hashes(void **state)
{
	const struct hash_key *k = hash_key();
	assert_true(k->k0 || k->k1);
	char text[40];
	for (size_t n = 0; n < sizeof text; n++) {
		for (size_t i = 0; i < n; i++)
			text[i] = (char)(i * 37 + n);
		uint64_t slow = slow_siphash13((unsigned char *)text, n, k->k0, k->k1);
		assert_true(str_hash((struct str){text, n}) == slow);
	}
	assert_true(str_hash(STR_NONE) == str_hash(STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares),
		cmocka_unit_test(secrets_compare),
		cmocka_unit_test(heads_and_tails),
		cmocka_unit_test(finds),
		cmocka_unit_test(cuts),
		cmocka_unit_test(reads_numbers),
		cmocka_unit_test(finds_the_nearest),
		cmocka_unit_test(hashes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
