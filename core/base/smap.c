// SPDX-License-Identifier: Apache-2.0
// A map from strings to pointers: as map.c, with the hash kept beside each key.
#include "base/map.h"
#include "base/mem.h"
#include <assert.h>
#include <string.h>

#define SMALLEST 16

// Empty: value NULL. Removed, but others may stand behind it: value GONE.
struct slot {
	uint64_t hash;
	struct str key; // ours
	void *value;
};

struct smap {
	struct slot *slots;
	size_t cap;    // 0 or a power of two
	size_t count;  // pairs
	size_t filled; // pairs and GONE
};

static char gone_mark;
#define GONE ((void *)&gone_mark)

static bool is_taken(const struct slot *s) { return s->value && s->value != GONE; }

struct smap *smap_new(void) { return mem_new(struct smap); }

void smap_free(struct smap **m)
{
	if (!*m) return;
	for (size_t i = 0; i < (*m)->cap; i++)
		if (is_taken(&(*m)->slots[i])) mem_free((char *)(*m)->slots[i].key.p);
	mem_free((*m)->slots);
	mem_free(*m);
	*m = NULL;
}

static struct slot *find(const struct smap *m, struct str key, uint64_t hash)
{
	if (!m->cap) return NULL;
	for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		struct slot *s = &m->slots[i];
		if (!s->value) return NULL;
		if (s->hash == hash && s->value != GONE && str_eq(s->key, key)) return s;
	}
}

static void place(struct smap *m, struct slot new)
{
	size_t i = new.hash &(m->cap - 1);
	while (is_taken(&m->slots[i]))
		i = (i + 1) & (m->cap - 1);
	if (!m->slots[i].value) m->filled++;
	m->slots[i] = new;
	m->count++;
}

static void rehash(struct smap *m)
{
	struct smap old = *m;
	m->cap = SMALLEST;
	while (m->cap < 2 * (m->count + 1))
		m->cap *= 2;
	m->slots = mem_calloc(m->cap, sizeof *m->slots);
	m->count = m->filled = 0;
	for (size_t i = 0; i < old.cap; i++)
		if (is_taken(&old.slots[i])) place(m, old.slots[i]);
	mem_free(old.slots);
}

void *smap_get(const struct smap *m, struct str key)
{
	struct slot *s = m->count ? find(m, key, str_hash(key)) : NULL;
	return s ? s->value : NULL;
}

static struct str own_copy(struct str s)
{
	char *p = mem_alloc(s.n + 1);
	if (s.n) memcpy(p, s.p, s.n);
	return (struct str){p, s.n};
}

void *smap_put(struct smap *m, struct str key, void *value)
{
	assert(value);
	uint64_t hash = str_hash(key);
	struct slot *s = find(m, key, hash);
	if (s) {
		void *before = s->value;
		s->value = value;
		return before;
	}
	if (4 * (m->filled + 1) > 3 * m->cap) rehash(m);
	place(m, (struct slot){hash, own_copy(key), value});
	return NULL;
}

void *smap_remove(struct smap *m, struct str key)
{
	struct slot *s = find(m, key, str_hash(key));
	if (!s) return NULL;
	void *before = s->value;
	mem_free((char *)s->key.p);
	*s = (struct slot){.value = GONE};
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

size_t smap_count(const struct smap *m) { return m->count; }

bool smap_next(const struct smap *m, size_t *at, struct str *key_r, void **value_r)
{
	while (*at < m->cap) {
		const struct slot *s = &m->slots[(*at)++];
		if (!is_taken(s)) continue;
		if (key_r) *key_r = s->key;
		if (value_r) *value_r = s->value;
		return true;
	}
	return false;
}
