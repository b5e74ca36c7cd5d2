// SPDX-License-Identifier: Apache-2.0
// Any number of keys: turn after turn, lower keys first, so that nobody waits for each other.
#include "keys.h"
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static size_t sort(uint64_t *keys, size_t n)
{
	size_t kept = 0;
	if (n > 1) qsort(keys, n, sizeof *keys, by_value);
	for (size_t i = 0; i < n; i++)
		if (!kept || keys[kept - 1] != keys[i]) keys[kept++] = keys[i];
	return kept;
}

// How many the next turn takes. One that waits for a single key could be joined, so it must not be a part of many.
static size_t portion(size_t left)
{
	if (left <= TURN_KEYS) return left;
	return left == TURN_KEYS + 1 ? TURN_KEYS - 1 : TURN_KEYS;
}

static void take_next(void *arg)
{
	struct keys *k = arg;
	if (k->n_holds && k->n_asked == k->n) {
		k->cb(k->arg);
		return;
	}
	size_t n = portion(k->n - k->n_asked);
	struct turn *t = &k->holds[k->n_holds++];
	turn_take(k->turns, t, k->keys + k->n_asked, n, take_next, k);
	k->n_asked += n;
}

void keys_init(struct keys *k, struct turns *ts, struct arena *a) { *k = (struct keys){.turns = ts, .arena = a}; }

void keys_take(struct keys *k, const uint64_t *keys, size_t n, loop_cb cb, void *arg)
{
	uint64_t *copy = arena_array(k->arena, uint64_t, n + 1);
	if (n) memcpy(copy, keys, n * sizeof *keys);
	n = sort(copy, n);
	*k = (struct keys){.turns = k->turns, .arena = k->arena, .keys = copy, .n = n, .cb = cb, .arg = arg};
	k->holds = arena_array(k->arena, struct turn, n / (TURN_KEYS - 1) + 1);
	take_next(k);
}

void *keys_join_next(struct keys *k)
{
	struct turn *t = k->n == 1 ? turn_join_next(&k->holds[0]) : NULL;
	return t ? ((struct keys *)t->arg)->arg : NULL;
}

void keys_give(struct keys *k)
{
	for (size_t i = 0; i < k->n_holds; i++)
		turn_end(&k->holds[i]);
	k->n_holds = 0;
}
