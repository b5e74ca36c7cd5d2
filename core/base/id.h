// SPDX-License-Identifier: Apache-2.0
// Time-ordered 64-bit ids given by the node: 41 bits of ms since 2026-01-01, 10 bits node, 12 bits sequence.
#pragma once
#include "base/str.h"

#define ID_EPOCH_MS 1767225600000LL // 2026-01-01T00:00:00Z
#define ID_NODES 1024

// Gives ids that only grow, also when the wall clock goes back: then it continues from its last one. `mark_ms` is how
// far the store has reserved: the maker must keep it ahead (see store/node.h); at it and beyond, id_next returns 0. So
// the old mark is the `from_ms` of the next maker on this node. Times are those of clock_now_ms.
struct id_maker {
	uint16_t node;
	int64_t last_ms;
	uint16_t seq;
	int64_t mark_ms;
};

void id_maker_init(struct id_maker *m, uint16_t node, int64_t from_ms, int64_t mark_ms);
// A new id, or 0 when the reserved range is used up (the caller treats it as E_BUSY).
uint64_t id_next(struct id_maker *m);
int64_t id_time_ms(uint64_t id);
uint16_t id_node(uint64_t id);
// JSON carries ids as decimal strings. 0 is no id: E_INVALID.
int id_parse(struct str s, uint64_t *id_r);
