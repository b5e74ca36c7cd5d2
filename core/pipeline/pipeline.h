// SPDX-License-Identifier: Apache-2.0
// The river: what comes in, what is decided, what goes out. One stage, one file.
#pragma once
#include "channel/channel.h"
#include "records/directory.h"
#include "records/media.h"

struct pipeline;

struct pipeline_options {
	struct loop *loop;
	struct store *store;
	struct directory *directory;
	struct media *media;
	struct channels *channels; // set before pipeline_start
	int64_t outbox_life_ms;    // 0: 1 h
};

struct pipeline *pipeline_new(const struct pipeline_options *o);
void pipeline_set_channels(struct pipeline *p, struct channels *c);
// Reads where it stopped: the head of the log, the outbox, events that had no effects yet. done: 0 or why it cannot
// start.
void pipeline_start(struct pipeline *p, loop_done_cb done, void *arg);
// Hands nothing more to the channels, which may then be closed; what they still bring is taken.
// pipeline_set_channels(p, NULL) when they are gone.
void pipeline_stop(struct pipeline *p);
// Takes no more work; done when what was decided is committed or given back.
void pipeline_close(struct pipeline *p, loop_cb done, void *arg);
// After pipeline_close, before the store is closed although work waits for it: nothing more is asked of the store, so
// that it may be gone before `done` comes.
void pipeline_give_up(struct pipeline *p);
void pipeline_free(struct pipeline **p);

// The ports of the channel room that the river fills (the rest is media's): commit, kv_get, replay, may_read, signal.
void pipeline_ports(struct pipeline *p, struct channel_ports *ports);

struct pipeline_stats {
	uint64_t messages_in, duplicates, messages_out, events, outbox_waiting, outbox_sent, outbox_failed,
		outbox_unknown, parked;
};
void pipeline_stats(const struct pipeline *p, struct pipeline_stats *r);
