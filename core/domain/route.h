// SPDX-License-Identifier: Apache-2.0
// The built-in last plan: which agent takes a conversation that no rule placed.
#pragma once
#include "domain/user.h"

struct route_agent {
	uint64_t user;
	bool is_online;
	uint32_t n_open;       // conversations open on this agent now
	int64_t last_given_ms; // when one was last given
};

// Of the agents that are online, the one with the fewest open conversations; of those the one who has waited longest;
// then the lower id. 0: nobody is online, it waits in its queue.
uint64_t route_pick(const struct route_agent *agents, size_t n);
