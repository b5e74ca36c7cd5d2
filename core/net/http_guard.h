// SPDX-License-Identifier: Apache-2.0
// Whom the server may call (SSRF): public addresses, and hosts that were allowed by name.
#pragma once
#include "base/str.h"
#include <sys/socket.h>

// False for anything that is not an address of the public Internet: private, loopback, link-local, carrier NAT,
// multicast, documentation, v4 inside v6.
bool http_guard_is_public(const struct sockaddr *address);
// The address as text, as libcurl tells it. False also for what is no address.
bool http_guard_is_public_text(const char *address);
// allow_hosts as in struct http_fetch; host in lower case, without brackets.
bool http_guard_allows(const char *const *allow_hosts, struct str host, int port);
