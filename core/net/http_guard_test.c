// SPDX-License-Identifier: Apache-2.0
// Which addresses are public, and which names are allowed.
#include "http_guard.h"
#include "base/mem.h"
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static bool is_public(const char *text)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	bool by_text = http_guard_is_public_text(text), by_address;
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		by_address = http_guard_is_public((struct sockaddr *)&v4);
	else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
		by_address = http_guard_is_public((struct sockaddr *)&v6);
	else
		by_address = false;
	assert_int_equal(by_text, by_address);
	return by_text;
}

static void special_addresses_are_not_public(void **state)
{
	static const char *const special[] = {
		"0.0.0.0",
		"0.1.2.3",
		"10.0.0.1",
		"10.255.255.255",
		"100.64.0.1",
		"100.127.255.255",
		"127.0.0.1",
		"127.255.0.1",
		"169.254.169.254",
		"172.16.0.1",
		"172.31.255.255",
		"192.0.0.1",
		"192.0.2.1",
		"192.168.0.1",
		"198.18.0.1",
		"198.19.255.255",
		"198.51.100.1",
		"203.0.113.1",
		"224.0.0.1",
		"239.1.1.1",
		"240.0.0.1",
		"255.255.255.255",
		"::",
		"::1",
		"::ffff:8.8.8.8",
		"::ffff:127.0.0.1",
		"::8.8.8.8",
		"64:ff9b::127.0.0.1",
		"64:ff9b:1::1",
		"100::1",
		"fc00::1",
		"fd12:3456::1",
		"fe80::1",
		"febf::1",
		"fec0::1",
		"ff02::1",
		"2001:db8::1",
		"2001::1",
		"2002:7f00:1::",
		"3fff::1",
		"5f00::1",
		"",
		"nonsense",
		"unix",
	};
	for (size_t i = 0; i < ARRAY_LEN(special); i++)
		if (is_public(special[i])) fail_msg("%s passed", special[i]);
}

static void other_addresses_are_public(void **state)
{
	static const char *const open[] = {
		"1.1.1.1",         "8.8.8.8",         "11.0.0.1",          "100.63.255.255",   "100.128.0.1",
		"126.255.255.255", "128.0.0.1",       "169.253.0.1",       "172.15.255.255",   "172.32.0.1",
		"192.0.1.1",       "192.167.255.255", "192.169.0.1",       "198.17.255.255",   "198.20.0.1",
		"223.255.255.255", "2606:4700::1111", "2a00:1450:4001::1", "64:ff9b::8.8.8.8", "2001:4860:4860::8888",
	};
	for (size_t i = 0; i < ARRAY_LEN(open); i++)
		if (!is_public(open[i])) fail_msg("%s was refused", open[i]);
}

static void names_are_allowed_with_and_without_port(void **state)
{
	static const char *const hosts[] = {
		"127.0.0.1", "10.0.0.7:9000", "*.corp.example", "[::1]:80", "fd00::1", "Host.Example", NULL};
	assert_true(http_guard_allows(hosts, STR("127.0.0.1"), 1));
	assert_true(http_guard_allows(hosts, STR("10.0.0.7"), 9000));
	assert_false(http_guard_allows(hosts, STR("10.0.0.7"), 80));
	assert_true(http_guard_allows(hosts, STR("a.corp.example"), 443));
	assert_true(http_guard_allows(hosts, STR("a.b.corp.example"), 443));
	assert_false(http_guard_allows(hosts, STR("corp.example"), 443));
	assert_false(http_guard_allows(hosts, STR(".corp.example"), 443));
	assert_false(http_guard_allows(hosts, STR("evilcorp.example"), 443));
	assert_false(http_guard_allows(hosts, STR("a.corp.example.evil"), 443));
	assert_true(http_guard_allows(hosts, STR("::1"), 80));
	assert_false(http_guard_allows(hosts, STR("::1"), 81));
	assert_true(http_guard_allows(hosts, STR("fd00::1"), 81));
	assert_true(http_guard_allows(hosts, STR("host.example"), 81));
	assert_false(http_guard_allows(NULL, STR("host.example"), 81));
	static const char *const broken[] = {"a:", "b:x", "c:99999", "[::1", "[::1]x", "", NULL};
	assert_false(http_guard_allows(broken, STR("a"), 80));
	assert_false(http_guard_allows(broken, STR("b"), 80));
	assert_false(http_guard_allows(broken, STR("c"), 80));
	assert_false(http_guard_allows(broken, STR("::1"), 80));
	assert_false(http_guard_allows(broken, STR(""), 80));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(special_addresses_are_not_public),
		cmocka_unit_test(other_addresses_are_public),
		cmocka_unit_test(names_are_allowed_with_and_without_port),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
