// SPDX-License-Identifier: Apache-2.0
// Time-ordered ids.
#include "base/id.h"
#include "base/clock.h"
#include "base/err.h"
#include <assert.h>

#define NODE_BITS 10
#define SEQ_BITS 12
#define SEQ_LAST ((1 << SEQ_BITS) - 1)
#define MS_LAST (ID_EPOCH_MS + (1LL << 41) - 1)

void id_maker_init(struct id_maker *m, uint16_t node, int64_t from_ms, int64_t mark_ms)
{
	assert(node < ID_NODES);
	// The first millisecond of the epoch is left out: its first id on node 0 would be 0, which is no id.
	if (from_ms <= ID_EPOCH_MS) from_ms = ID_EPOCH_MS + 1;
	*m = (struct id_maker){.node = node, .last_ms = from_ms - 1, .seq = SEQ_LAST, .mark_ms = mark_ms};
}

uint64_t id_next(struct id_maker *m)
{
	int64_t ms = clock_now_ms();
	uint16_t seq = 0;
	if (ms <= m->last_ms) {
		bool is_full = m->seq == SEQ_LAST;
		ms = m->last_ms + is_full;
		seq = is_full ? 0 : m->seq + 1;
	}
	if (ms >= m->mark_ms || ms > MS_LAST) return 0;
	m->last_ms = ms;
	m->seq = seq;
	return (uint64_t)(ms - ID_EPOCH_MS) << (NODE_BITS + SEQ_BITS) | (uint64_t)m->node << SEQ_BITS | seq;
}

int64_t id_time_ms(uint64_t id) { return (int64_t)(id >> (NODE_BITS + SEQ_BITS)) + ID_EPOCH_MS; }

uint16_t id_node(uint64_t id) { return id >> SEQ_BITS & (ID_NODES - 1); }

int id_parse(struct str s, uint64_t *id_r)
{
	uint64_t id;
	if (str_to_u64(s, &id) || !id) return E_INVALID;
	*id_r = id;
	return 0;
}
