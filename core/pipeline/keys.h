// SPDX-License-Identifier: Apache-2.0
// Inside the room: holding any number of keys at once; one turn (store/turn.h) holds TURN_KEYS of them.
#pragma once
#include "base/arena.h"
#include "store/turn.h"

struct keys {
	struct turns *turns;
	struct arena *arena;
	uint64_t *keys; // lower first, each once
	size_t n, n_asked;
	struct turn *holds;
	size_t n_holds;
	loop_cb cb;
	void *arg;
};

void keys_init(struct keys *k, struct turns *ts, struct arena *a);
// cb comes when all of them are held, never before this returns. The keys are copied; everything lives in the arena.
// Whoever holds keys of kind 'c' takes no others.
void keys_take(struct keys *k, const uint64_t *keys, size_t n, loop_cb cb, void *arg);
// Whoever waits next for the one key that k holds alone, as its `arg`: its work is done together with k's, and it gives
// nothing back. NULL: nobody, or somebody who wants more.
void *keys_join_next(struct keys *k);
void keys_give(struct keys *k); // fine when nothing was taken; not while waiting
