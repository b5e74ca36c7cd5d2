// SPDX-License-Identifier: Apache-2.0
// A hash index over the keys of a long map.
#include "json_inside.h"

uint32_t json_keys_slots(uint32_t n)
{
	uint32_t slots = 4 * JSON_KEYS_FEW;
	while (slots / 2 < n && slots < 1u << 31)
		slots *= 2;
	return slots;
}

static uint32_t *slot_of(const struct json_keys *k, const struct json_member *members, struct str key)
{
	uint32_t mask = k->n_slots - 1;
	for (uint32_t i = (uint32_t)str_hash(key) & mask;; i = (i + 1) & mask)
		if (!k->slots[i] || str_eq(members[k->slots[i] - 1].key, key)) return &k->slots[i];
}

int64_t json_keys_find(const struct json_keys *k, const struct json_member *members, struct str key)
{
	return (int64_t)*slot_of(k, members, key) - 1;
}

int64_t json_keys_add(struct json_keys *k, const struct json_member *members, uint32_t i)
{
	uint32_t *slot = slot_of(k, members, members[i].key);
	if (*slot) return (int64_t)*slot - 1;
	*slot = i + 1;
	return -1;
}
