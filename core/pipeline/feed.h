// SPDX-License-Identifier: Apache-2.0
// The feed: every committed event in the order of seq, for whoever follows. A ring of the last 50,000, then the table,
// then reset.
#pragma once
#include "pipeline/pipeline.h"

// One event with what it is about as it stood after it. Shared (mem_ref): a follower may keep it. Never changed, but
// for `face`.
struct feed_event {
	struct event event;
	bool has_conversation, has_message;
	struct conversation conversation;
	struct str contact_name;
	struct message message; // strings live in the same allocation
	// What a face (api/live) made of it once, and how that is freed.
	void *face;
	void (*face_free)(void *face);
};

struct feed_follower;
// event NULL: reset, load everything anew (the follower is off; follow again).
typedef void (*feed_cb)(struct feed_event *event, void *arg);

// Everything after `after`, then what comes, each once and in order. cb never before it returns.
struct feed_follower *feed_follow(struct pipeline *p, int64_t after, feed_cb cb, void *arg);
void feed_unfollow(struct feed_follower **f);
// The last seq that is published: what a snapshot read from now on contains at least.
int64_t feed_head(const struct pipeline *p);

// Signals: typing and the like; no seq, no row.
struct feed_signal {
	struct str kind; // "typing"
	uint64_t conversation;
	struct actor by;
	struct access_set access;
};
typedef void (*feed_signal_cb)(const struct feed_signal *s, void *arg);
// One listener (api/live), set at wiring.
void feed_on_signal(struct pipeline *p, feed_signal_cb cb, void *arg);
void feed_signal(struct pipeline *p, const struct feed_signal *s);
