// SPDX-License-Identifier: Apache-2.0
// Turns: whoever decides a unit holds its keys, so that units of one key are decided one after the other.
#pragma once
#include "base/str.h"
#include "loop/loop.h"

#define TURN_KEYS 256 // a cause may carry 100 senders and their conversations

struct turns;

// One claim; stands in the claimant's struct.
struct turn {
	struct list at;
	uint64_t keys[TURN_KEYS];
	uint16_t n_keys, n_held;
	bool is_waiting;
	loop_cb cb;
	void *arg;
	struct turns *turns;
};

struct turns *turns_new(struct loop *l);
void turns_free(struct turns **t);

// Mixes a kind of key and a number or text into a key. Two keys that collide only wait for each other. Keys of kind 's'
// are lower than all others, those of kind 'c' higher, so that lower first is also the rule of order below.
uint64_t turn_key(char kind, uint64_t a);
uint64_t turn_key_str(char kind, uint64_t a, struct str s);

// cb comes when every key is held: the keys are taken lower first, duplicates once, waiting in order. Never before it
// returns.
void turn_take(struct turns *ts, struct turn *t, const uint64_t *keys, size_t n, loop_cb cb, void *arg);
// Adds one more key to a turn that holds its own. Rule of order against deadlock: sender keys ('s') are taken before
// conversation keys ('c'), and nobody who holds a 'c' takes an 's'; two 'c' are taken together, lower first. A key that
// is lower than one that t holds is a mistake (asserted); one that t holds already is fine.
void turn_take_more(struct turn *t, uint64_t key, loop_cb cb, void *arg);
// Takes out of the queue the next waiter, when it wants exactly the one key that t holds alone and is called back by
// the same function: its work is done together with t's. NULL when there is none, or when the next one wants more or is
// of another kind. Its own cb never comes, and it needs no turn_end.
struct turn *turn_join_next(struct turn *t);
void turn_end(struct turn *t);    // gives all keys back
void turn_cancel(struct turn *t); // while waiting: its cb never comes, and it gives back what it holds; else nothing
size_t turns_waiting(const struct turns *ts);
