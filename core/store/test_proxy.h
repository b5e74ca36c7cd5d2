// SPDX-License-Identifier: Apache-2.0
// Tests: a man in the middle of the unix sockets of a client and its PostgreSQL, who loses what he is told to lose.
#pragma once
#include <stdbool.h>

enum proxy_fault {
	PROXY_PASS,
	PROXY_DEAF, // the next answer does not arrive; the connection breaks instead
	PROXY_LATE, // the client loses its connection with its next words, which reach the server when they are
		    // released
};

struct test_proxy;

// folder: where the server's socket is. address_r: a conninfo for the client.
struct test_proxy *test_proxy_open(const char *folder, char *address_r, int n);
void test_proxy_close(struct test_proxy *p);
void test_proxy_set(struct test_proxy *p, enum proxy_fault fault);
void test_proxy_release(struct test_proxy *p);
// The server has answered to what came late, and said this.
bool test_proxy_heard(struct test_proxy *p, const char *text);
