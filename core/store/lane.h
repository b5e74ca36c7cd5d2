// SPDX-License-Identifier: Apache-2.0
// A lane: threads of our own that take jobs from one queue, each with something it alone uses.
#pragma once
#include "loop/loop.h"

struct lane;

struct lane_job {
	struct list at;
	void (*work)(struct lane_job *job, void *tool); // on a thread of the lane
	loop_cb done;                                   // on the loop, with the job; NULL: nobody waits
};

// One thread for each tool; a name has at most 15 letters.
struct lane *db_lane_new(struct loop *l, const char *name, void *const *tools, size_t n);
// From any thread. Jobs begin in their order.
void db_lane_push(struct lane *la, struct lane_job *job);
// Waits for the threads; jobs that wait still run. Not from a thread of its own.
void lane_free(struct lane **la);
