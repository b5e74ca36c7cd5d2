// SPDX-License-Identifier: Apache-2.0
// A map from numbers to pointers: open addressing, linear probing.
#include "base/map.h"
#include "base/mem.h"
#include "hash.h"
#include <assert.h>

#define SMALLEST 16

// Empty: value NULL. Removed, but others may stand behind it: value GONE.
struct slot {
	uint64_t key;
	void *value;
};

struct map {
	struct slot *slots;
	size_t cap;    // 0 or a power of two
	size_t count;  // pairs
	size_t filled; // pairs and GONE
	uint64_t seed;
};

static char gone_mark;
#define GONE ((void *)&gone_mark)

struct map *map_new(void)
{
	struct map *m = mem_new(struct map);
	m->seed = hash_key()->k0;
	return m;
}

void map_free(struct map **m)
{
	if (!*m) return;
	mem_free((*m)->slots);
	mem_free(*m);
	*m = NULL;
}

static struct slot *find(const struct map *m, uint64_t key)
{
	if (!m->cap) return NULL;
	for (size_t i = hash_mix(key ^ m->seed) & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		struct slot *s = &m->slots[i];
		if (!s->value) return NULL;
		if (s->key == key && s->value != GONE) return s;
	}
}

// For a key that does not stand yet, where no slot is GONE on the way or it may be taken.
static void place(struct map *m, uint64_t key, void *value)
{
	size_t i = hash_mix(key ^ m->seed) & (m->cap - 1);
	while (m->slots[i].value && m->slots[i].value != GONE)
		i = (i + 1) & (m->cap - 1);
	if (!m->slots[i].value) m->filled++;
	m->slots[i] = (struct slot){key, value};
	m->count++;
}

static void rehash(struct map *m)
{
	struct map old = *m;
	m->cap = SMALLEST;
	while (m->cap < 2 * (m->count + 1))
		m->cap *= 2;
	m->slots = mem_calloc(m->cap, sizeof *m->slots);
	m->count = m->filled = 0;
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].value && old.slots[i].value != GONE) place(m, old.slots[i].key, old.slots[i].value);
	mem_free(old.slots);
}

void *map_get(const struct map *m, uint64_t key)
{
	struct slot *s = find(m, key);
	return s ? s->value : NULL;
}

void *map_put(struct map *m, uint64_t key, void *value)
{
	assert(value);
	struct slot *s = find(m, key);
	if (s) {
		void *before = s->value;
		s->value = value;
		return before;
	}
	if (4 * (m->filled + 1) > 3 * m->cap) rehash(m);
	place(m, key, value);
	return NULL;
}

void *map_remove(struct map *m, uint64_t key)
{
	struct slot *s = find(m, key);
	if (!s) return NULL;
	void *before = s->value;
	s->value = GONE;
	m->count--;
	// At the end of a run nothing stands behind: the marks before it can go too.
	size_t i = (size_t)(s - m->slots);
	if (m->slots[(i + 1) & (m->cap - 1)].value) return before;
	for (; m->slots[i].value == GONE; i = (i - 1) & (m->cap - 1)) {
		m->slots[i].value = NULL;
		m->filled--;
	}
	return before;
}

size_t map_count(const struct map *m) { return m->count; }

bool map_next(const struct map *m, size_t *at, uint64_t *key_r, void **value_r)
{
	while (*at < m->cap) {
		const struct slot *s = &m->slots[(*at)++];
		if (!s->value || s->value == GONE) continue;
		if (key_r) *key_r = s->key;
		if (value_r) *value_r = s->value;
		return true;
	}
	return false;
}
