// SPDX-License-Identifier: Apache-2.0
// The guard's tables: IANA's special-purpose registries for IPv4 and IPv6, and names with an optional port.
#include "http_guard.h"
#include "base/mem.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const struct {
	uint32_t net;
	int bits;
} special_v4[] = {
	{0x00000000, 8},  // this host
	{0x0a000000, 8},  // private
	{0x64400000, 10}, // carrier NAT
	{0x7f000000, 8},  // loopback
	{0xa9fe0000, 16}, // link-local, cloud metadata
	{0xac100000, 12}, // private
	{0xc0000000, 24}, // protocol assignments
	{0xc0000200, 24}, // documentation
	{0xc0586300, 24}, // 6to4 relays
	{0xc0a80000, 16}, // private
	{0xc6120000, 15}, // benchmarks
	{0xc6336400, 24}, // documentation
	{0xcb007100, 24}, // documentation
	{0xe0000000, 3},  // multicast, reserved, broadcast
};

static bool is_public_v4(uint32_t address)
{
	for (size_t i = 0; i < ARRAY_LEN(special_v4); i++)
		if ((address ^ special_v4[i].net) >> (32 - special_v4[i].bits) == 0) return false;
	return true;
}

static uint32_t v4_inside(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static const struct {
	uint8_t net[8];
	int bits;
} special_v6[] = {
	{{0x20, 0x01, 0x00}, 23},       // protocol assignments, Teredo among them
	{{0x20, 0x01, 0x0d, 0xb8}, 32}, // documentation
	{{0x20, 0x02}, 16},             // 6to4: a v4 address inside
	{{0x3f, 0xff, 0x00}, 20},       // documentation
};

static bool is_within_v6(const uint8_t *address, const uint8_t *net, int bits)
{
	int whole = bits / 8, rest = bits % 8;
	if (memcmp(address, net, (size_t)whole)) return false;
	return !rest || !((address[whole] ^ net[whole]) >> (8 - rest));
}

// Global unicast (2000::/3) is the public part of IPv6; everything else, v4-mapped addresses included, is something
// special.
static bool is_public_v6(const uint8_t *address)
{
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
	if (!memcmp(address, nat64, sizeof nat64)) return is_public_v4(v4_inside(address + 12));
	if (address[0] >> 5 != 1) return false;
	for (size_t i = 0; i < ARRAY_LEN(special_v6); i++)
		if (is_within_v6(address, special_v6[i].net, special_v6[i].bits)) return false;
	return true;
}

bool http_guard_is_public(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return is_public_v4(ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr));
	if (address->sa_family == AF_INET6)
		return is_public_v6(((const struct sockaddr_in6 *)address)->sin6_addr.s6_addr);
	return false;
}

bool http_guard_is_public_text(const char *address)
{
	struct in_addr v4;
	struct in6_addr v6;
	if (inet_pton(AF_INET, address, &v4) == 1) return is_public_v4(ntohl(v4.s_addr));
	return inet_pton(AF_INET6, address, &v6) == 1 && is_public_v6(v6.s6_addr);
}

// Cuts ":9000" off "10.0.0.7:9000" and "[::1]:9000". 0: every port; -1: broken.
static int cut_port(struct str *entry)
{
	bool is_bracketed = entry->n && entry->p[0] == '[';
	ptrdiff_t at = is_bracketed ? str_find(*entry, ']') : str_find(*entry, ':');
	if (at < 0) return is_bracketed ? -1 : 0;
	struct str rest = {entry->p + at, entry->n - (size_t)at};
	if (is_bracketed) {
		*entry = (struct str){entry->p + 1, (size_t)at - 1};
		rest = (struct str){rest.p + 1, rest.n - 1};
		if (!rest.n) return 0;
	} else if (str_find((struct str){rest.p + 1, rest.n - 1}, ':') >= 0) {
		return 0; // a bare IPv6 address
	} else {
		entry->n = (size_t)at;
	}
	uint64_t port;
	if (rest.p[0] != ':' || str_to_u64((struct str){rest.p + 1, rest.n - 1}, &port) || !port || port > 65535)
		return -1;
	return (int)port;
}

static bool names_host(struct str entry, struct str host)
{
	if (!str_starts(entry, STR("*."))) return entry.n && str_ieq(entry, host);
	struct str tail = {entry.p + 1, entry.n - 1};
	if (host.n <= tail.n) return false; // "*" is at least one letter
	return str_ieq((struct str){host.p + host.n - tail.n, tail.n}, tail);
}

bool http_guard_allows(const char *const *allow_hosts, struct str host, int port)
{
	for (const char *const *at = allow_hosts; at && *at; at++) {
		struct str entry = str_of(*at);
		int wanted = cut_port(&entry);
		if (wanted >= 0 && (!wanted || wanted == port) && names_host(entry, host)) return true;
	}
	return false;
}
