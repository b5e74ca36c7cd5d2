// SPDX-License-Identifier: Apache-2.0
// Turns: a queue for each key, kept only while somebody holds or wants it.
#include "store/turn.h"
#include "base/map.h"
#include <assert.h>
#include <string.h>

// A key in use.
struct slot {
	uint64_t key;
	struct turn *holder;
	struct list waiting;
};

struct turns {
	struct loop *loop;
	struct map *slots;
	struct list ready; // hold all they want; to be told at the end of this turn of the loop
	size_t n_waiting;
	bool is_scheduled, is_freed;
};

struct turns *turns_new(struct loop *l)
{
	struct turns *ts = mem_new(struct turns);
	ts->loop = l;
	ts->slots = map_new();
	list_init(&ts->ready);
	return ts;
}

static void turns_destroy(struct turns *ts)
{
	map_free(&ts->slots);
	mem_free(ts);
}

void turns_free(struct turns **tsp)
{
	struct turns *ts = *tsp;
	if (!ts) return;
	*tsp = NULL;
	assert(!map_count(ts->slots) && list_is_empty(&ts->ready));
	ts->is_freed = true;
	if (!ts->is_scheduled) turns_destroy(ts);
}

// Senders first and conversations last, whatever the numbers are: the order in which keys are taken is the order of
// keys.
static uint64_t rank_of(char kind)
{
	if (kind == 's') return 1;
	if (kind == 'c') return 255;
	return (unsigned char)kind == 1 || (unsigned char)kind == 255 ? 2 : (unsigned char)kind;
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

uint64_t turn_key(char kind, uint64_t a) { return rank_of(kind) << 56 | mix(a) >> 8; }

uint64_t turn_key_str(char kind, uint64_t a, struct str s) { return turn_key(kind, mix(a) ^ str_hash(s)); }

static void tell_ready(void *arg)
{
	struct turns *ts = arg;
	ts->is_scheduled = false;
	if (ts->is_freed) {
		turns_destroy(ts);
		return;
	}
	// Only those that are ready now: a callback that takes again waits for the next round.
	struct list now;
	list_init(&now);
	list_move_all(&now, &ts->ready);
	ts->is_scheduled = true; // nobody frees us while we look at them
	for (struct list *at; (at = list_pop(&now));) {
		struct turn *t = list_entry(at, struct turn, at);
		t->is_waiting = false;
		ts->n_waiting--;
		t->cb(t->arg);
	}
	ts->is_scheduled = false;
	if (ts->is_freed)
		turns_destroy(ts);
	else if (!list_is_empty(&ts->ready)) {
		ts->is_scheduled = true;
		loop_defer(ts->loop, tell_ready, ts);
	}
}

static void set_ready(struct turn *t)
{
	struct turns *ts = t->turns;
	list_append(&ts->ready, &t->at);
	if (ts->is_scheduled) return;
	ts->is_scheduled = true;
	loop_defer(ts->loop, tell_ready, ts);
}

// Takes key after key until one is another's.
static void advance(struct turn *t)
{
	while (t->n_held < t->n_keys) {
		uint64_t key = t->keys[t->n_held];
		struct slot *slot = map_get(t->turns->slots, key);
		if (slot) {
			list_append(&slot->waiting, &t->at);
			return;
		}
		slot = mem_new(struct slot);
		*slot = (struct slot){.key = key, .holder = t};
		list_init(&slot->waiting);
		map_put(t->turns->slots, key, slot);
		t->n_held++;
	}
	set_ready(t);
}

static void slot_pass_on(struct turns *ts, struct slot *slot)
{
	struct list *at = list_pop(&slot->waiting);
	if (!at) {
		map_remove(ts->slots, slot->key);
		mem_free(slot);
		return;
	}
	struct turn *next = list_entry(at, struct turn, at);
	slot->holder = next;
	next->n_held++;
	advance(next);
}

static void give_back(struct turn *t)
{
	uint16_t n = t->n_held;
	t->n_held = t->n_keys = 0;
	for (uint16_t i = 0; i < n; i++)
		slot_pass_on(t->turns, map_get(t->turns->slots, t->keys[i]));
}

// Sorted, each once.
static uint16_t take_keys(uint64_t *to, const uint64_t *keys, size_t n)
{
	uint16_t count = 0;
	for (size_t i = 0; i < n; i++) {
		uint16_t at = 0;
		while (at < count && to[at] < keys[i])
			at++;
		if (at < count && to[at] == keys[i]) continue;
		assert(count < TURN_KEYS);
		memmove(to + at + 1, to + at, (size_t)(count - at) * sizeof *to);
		to[at] = keys[i];
		count++;
	}
	return count;
}

static void wait_for(struct turn *t, loop_cb cb, void *arg)
{
	t->cb = cb;
	t->arg = arg;
	t->is_waiting = true;
	t->turns->n_waiting++;
	list_init(&t->at);
	advance(t);
}

void turn_take(struct turns *ts, struct turn *t, const uint64_t *keys, size_t n, loop_cb cb, void *arg)
{
	assert(!t->is_waiting && !t->n_held);
	t->turns = ts;
	t->n_keys = take_keys(t->keys, keys, n);
	wait_for(t, cb, arg);
}

void turn_take_more(struct turn *t, uint64_t key, loop_cb cb, void *arg)
{
	assert(!t->is_waiting && t->n_held == t->n_keys);
	bool is_held = false;
	for (uint16_t i = 0; i < t->n_keys; i++)
		is_held |= t->keys[i] == key;
	if (!is_held) {
		assert(t->n_keys < TURN_KEYS);
		assert(!t->n_keys || key > t->keys[t->n_keys - 1]); // else two could wait for each other for ever
		t->keys[t->n_keys++] = key;
	}
	wait_for(t, cb, arg);
}

struct turn *turn_join_next(struct turn *t)
{
	assert(!t->is_waiting);
	if (t->n_held != 1) return NULL;
	struct slot *slot = map_get(t->turns->slots, t->keys[0]);
	struct list *at = list_first(&slot->waiting);
	if (!at) return NULL;
	struct turn *next = list_entry(at, struct turn, at);
	if (next->n_keys != 1 || next->cb != t->cb) return NULL;
	list_remove(at);
	next->is_waiting = false;
	next->n_keys = 0;
	t->turns->n_waiting--;
	return next;
}

void turn_end(struct turn *t)
{
	assert(!t->is_waiting && t->turns);
	give_back(t);
}

void turn_cancel(struct turn *t)
{
	if (!t->is_waiting) return;
	t->is_waiting = false;
	t->turns->n_waiting--;
	list_remove(&t->at);
	give_back(t);
}

size_t turns_waiting(const struct turns *ts) { return ts->n_waiting; }
