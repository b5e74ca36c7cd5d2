// SPDX-License-Identifier: Apache-2.0
// A lane: a queue on the loop, in which the callbacks of a plugin (or of one inbox) run one after the other.
#pragma once
#include "base/list.h"
#include "loop/loop.h"

#define LANE_MAX 10000

struct lane_task {
	struct list at;
	void (*run)(struct lane_task *t); // may free the task, push it again, and push others
};

// Shared by reference (mem_ref, mem_unref): a lane lives until nothing stands in it.
struct lane {
	struct loop *loop;
	struct list tasks;
	size_t n;
	bool is_scheduled, is_running;
	char name[48];
};

struct lane *lane_new(struct loop *loop, const char *name);
// Runs later, never before this returns.
void lane_push(struct lane *l, struct lane_task *t);
// Takes a task out that has not run; false: it does not stand in the lane.
bool lane_remove(struct lane *l, struct lane_task *t);
bool lane_is_full(const struct lane *l);
