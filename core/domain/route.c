// SPDX-License-Identifier: Apache-2.0
// Picks the agent who takes a conversation that no rule placed.
#include "domain/route.h"

static bool comes_before(const struct route_agent *a, const struct route_agent *b)
{
	if (a->n_open != b->n_open) return a->n_open < b->n_open;
	if (a->last_given_ms != b->last_given_ms) return a->last_given_ms < b->last_given_ms;
	return a->user < b->user;
}

uint64_t route_pick(const struct route_agent *agents, size_t n)
{
	const struct route_agent *best = NULL;
	for (size_t i = 0; i < n; i++)
		if (agents[i].is_online && (!best || comes_before(&agents[i], best))) best = &agents[i];
	return best ? best->user : 0;
}
