// SPDX-License-Identifier: Apache-2.0
// Seals open with their key and for their purpose, and with nothing else.
#include "records/secret.h"
#include "base/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static const uint8_t key[SECRET_KEY] = "0123456789abcdef0123456789abcde";

static void test_round(void **state)
{
	struct buf sealed = {0}, plain = {0};
	buf_add(&sealed, STR("before"));
	assert_int_equal(secret_seal(&sealed, key, STR("a token"), STR("inbox:5")), 0);
	struct str seal = {sealed.p + 6, sealed.n - 6};
	assert_int_equal(str_find_str(seal, STR("token")), -1);
	buf_add(&plain, STR("> "));
	assert_int_equal(secret_open(&plain, key, seal, STR("inbox:5")), 0);
	assert_string_equal(plain.p, "> a token");
	buf_fini(&sealed);
	buf_fini(&plain);
}

static void test_empty(void **state)
{
	struct buf sealed = {0}, plain = {0};
	assert_int_equal(secret_seal(&sealed, key, STR(""), STR("")), 0);
	assert_int_equal(secret_open(&plain, key, buf_str(&sealed), STR("")), 0);
	assert_int_equal(plain.n, 0);
	buf_fini(&sealed);
	buf_fini(&plain);
}

static void test_two_seals_differ(void **state)
{
	struct buf a = {0}, b = {0};
	assert_int_equal(secret_seal(&a, key, STR("x"), STR("y")), 0);
	assert_int_equal(secret_seal(&b, key, STR("x"), STR("y")), 0);
	assert_false(str_eq(buf_str(&a), buf_str(&b)));
	buf_fini(&a);
	buf_fini(&b);
}

static void refuse(const uint8_t *with, struct str sealed, struct str about)
{
	struct buf plain = {0};
	buf_add(&plain, STR("kept"));
	assert_int_equal(secret_open(&plain, with, sealed, about), E_DENIED);
	assert_int_equal(plain.n, 4);
	assert_string_equal(plain.p, "kept");
	buf_fini(&plain);
}

static void test_tampered(void **state)
{
	struct buf sealed = {0};
	uint8_t other[SECRET_KEY];
	memcpy(other, key, sizeof other);
	other[31] ^= 1;
	assert_int_equal(secret_seal(&sealed, key, STR("a token"), STR("inbox:5")), 0);
	for (size_t i = 0; i < sealed.n; i++) {
		sealed.p[i] ^= 1;
		refuse(key, buf_str(&sealed), STR("inbox:5"));
		sealed.p[i] ^= 1;
	}
	for (size_t n = 0; n < sealed.n; n++)
		refuse(key, (struct str){sealed.p, n}, STR("inbox:5"));
	refuse(key, buf_str(&sealed), STR("inbox:6"));
	refuse(key, buf_str(&sealed), STR(""));
	refuse(other, buf_str(&sealed), STR("inbox:5"));
	refuse(key, STR_NONE, STR("inbox:5"));
	buf_fini(&sealed);
}

static void test_derive(void **state)
{
	uint8_t a[SECRET_KEY], again[SECRET_KEY], b[SECRET_KEY];
	assert_int_equal(secret_derive(a, key, "live"), 0);
	assert_int_equal(secret_derive(again, key, "live"), 0);
	assert_int_equal(secret_derive(b, key, "inbox secrets"), 0);
	assert_memory_equal(a, again, sizeof a);
	assert_memory_not_equal(a, b, sizeof a);
	assert_memory_not_equal(a, key, sizeof a);
}

// FIPS 180-2, B.1.
static void test_hash(void **state)
{
	uint8_t hash[32];
	struct buf hex = {0};
	secret_hash(hash, STR("abc"));
	hex_encode(&hex, (struct str){(char *)hash, sizeof hash});
	assert_string_equal(hex.p, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	buf_fini(&hex);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),    cmocka_unit_test(test_empty),  cmocka_unit_test(test_two_seals_differ),
		cmocka_unit_test(test_tampered), cmocka_unit_test(test_derive), cmocka_unit_test(test_hash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
