// SPDX-License-Identifier: Apache-2.0
// The process's secret hash key, so that nobody outside can choose keys that collide.
#pragma once
#include <stdint.h>

struct hash_key {
	uint64_t k0, k1;
};

// Made at the first call; any thread.
const struct hash_key *hash_key(void);

// Spreads a word over all bits; one to one.
static inline uint64_t hash_mix(uint64_t x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccdULL;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ULL;
	return x ^ x >> 33;
}
