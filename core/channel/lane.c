// SPDX-License-Identifier: Apache-2.0
// Lanes: each drains once a turn of the loop, within a budget of time, so that one busy plugin does not hold up the
// rest.
#include "lane.h"
#include "base/clock.h"
#include "base/mem.h"
#include <assert.h>
#include <stdio.h>

#define TASKS_A_TURN 256
#define TURN_NS 5000000

static void lane_destroy(void *p)
{
	struct lane *l = p;
	assert(list_is_empty(&l->tasks));
	(void)l;
}

struct lane *lane_new(struct loop *loop, const char *name)
{
	struct lane *l = mem_ref_new(sizeof *l, lane_destroy);
	l->loop = loop;
	list_init(&l->tasks);
	snprintf(l->name, sizeof l->name, "%s", name);
	return l;
}

static void lane_schedule(struct lane *l);

static void lane_drain(void *arg)
{
	struct lane *l = arg;
	int64_t until = clock_mono_ns() + TURN_NS;
	assert(!l->is_running);
	l->is_running = true;
	for (int i = 0; i < TASKS_A_TURN; i++) {
		struct list *at = list_pop(&l->tasks);
		if (!at) break;
		l->n--;
		struct lane_task *t = list_entry(at, struct lane_task, at);
		t->run(t);
		if (clock_mono_ns() > until) break;
	}
	l->is_running = false;
	l->is_scheduled = false;
	if (!list_is_empty(&l->tasks)) lane_schedule(l);
	mem_unref(l);
}

static void lane_schedule(struct lane *l)
{
	l->is_scheduled = true;
	loop_defer(l->loop, lane_drain, mem_ref(l));
}

void lane_push(struct lane *l, struct lane_task *t)
{
	assert(loop_is_here(l->loop));
	list_append(&l->tasks, &t->at);
	l->n++;
	if (!l->is_scheduled) lane_schedule(l);
}

bool lane_remove(struct lane *l, struct lane_task *t)
{
	if (!list_is_linked(&t->at)) return false;
	list_remove(&t->at);
	l->n--;
	return true;
}

bool lane_is_full(const struct lane *l) { return l->n >= LANE_MAX; }
