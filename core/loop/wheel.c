// SPDX-License-Identifier: Apache-2.0
// The timer wheel: slots by digit, found again through one bitmap a level.
#include "wheel.h"

void wheel_init(struct wheel *w, int64_t now)
{
	*w = (struct wheel){.now = now};
	for (int level = 0; level < WHEEL_LEVELS; level++)
		for (int i = 0; i < WHEEL_SLOTS; i++)
			list_init(&w->slots[level][i]);
	list_init(&w->ready);
}

static unsigned digit(int64_t time, int level)
{
	return (unsigned)((uint64_t)time >> (level * WHEEL_BITS)) & (WHEEL_SLOTS - 1);
}

// When the slot's first millisecond begins, seen from now.
static int64_t slot_start(const struct wheel *w, int level, unsigned slot)
{
	int shift = level * WHEEL_BITS;
	uint64_t above = (uint64_t)w->now >> shift >> WHEEL_BITS << WHEEL_BITS;
	return (int64_t)((above | slot) << shift);
}

int64_t wheel_put(struct wheel *w, struct loop_timer *t)
{
	if (t->due_ms <= w->now) {
		list_append(&w->ready, &t->at);
		return w->now;
	}
	int level = (63 - __builtin_clzll((uint64_t)t->due_ms ^ (uint64_t)w->now)) / WHEEL_BITS;
	if (level >= WHEEL_LEVELS) level = WHEEL_LEVELS - 1;
	unsigned slot = digit(t->due_ms, level);
	list_append(&w->slots[level][slot], &t->at);
	w->occupied[level] |= 1ULL << slot;
	return slot_start(w, level, slot);
}

void wheel_remove(struct wheel *w, struct loop_timer *t)
{
	if (!list_is_linked(&t->at)) return;
	struct list *head = t->at.next == t->at.prev ? t->at.next : NULL; // the only one of its slot
	list_remove(&t->at);
	struct list *first = &w->slots[0][0];
	if (!head || head < first || head >= first + WHEEL_LEVELS * WHEEL_SLOTS) return;
	size_t i = (size_t)(head - first);
	w->occupied[i / WHEEL_SLOTS] &= ~(1ULL << i % WHEEL_SLOTS);
}

static int64_t next_slot(const struct wheel *w)
{
	for (int level = 0; level < WHEEL_LEVELS; level++)
		if (w->occupied[level]) return slot_start(w, level, (unsigned)__builtin_ctzll(w->occupied[level]));
	return WHEEL_NEVER;
}

int64_t wheel_next(const struct wheel *w) { return list_is_empty(&w->ready) ? next_slot(w) : w->now; }

// Takes the earliest slot, whose time has come: its timers are due, or find a lower place.
static void open_slot(struct wheel *w)
{
	int level = 0;
	while (!w->occupied[level])
		level++;
	unsigned slot = (unsigned)__builtin_ctzll(w->occupied[level]);
	w->now = slot_start(w, level, slot);
	w->occupied[level] &= ~(1ULL << slot);
	struct list taken;
	list_init(&taken);
	list_move_all(&taken, &w->slots[level][slot]);
	for (struct list *at; (at = list_pop(&taken));)
		wheel_put(w, list_entry(at, struct loop_timer, at));
}

static void go_back(struct wheel *w, int64_t now)
{
	struct list all;
	list_init(&all);
	list_move_all(&all, &w->ready);
	for (int level = 0; level < WHEEL_LEVELS; level++) {
		for (int i = 0; i < WHEEL_SLOTS; i++)
			list_move_all(&all, &w->slots[level][i]);
		w->occupied[level] = 0;
	}
	w->now = now;
	for (struct list *at; (at = list_pop(&all));)
		wheel_put(w, list_entry(at, struct loop_timer, at));
}

void wheel_advance(struct wheel *w, int64_t now)
{
	if (now < w->now) {
		go_back(w, now);
		return;
	}
	while (next_slot(w) <= now)
		open_slot(w);
	w->now = now;
}
