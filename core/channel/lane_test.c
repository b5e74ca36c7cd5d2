// SPDX-License-Identifier: Apache-2.0
// Lanes: order, no nesting, fairness, removal; and wakes from many threads at once.
#include "lane.h"
#include "world_test.h"

struct step {
	struct lane_task task;
	struct lane *lane;
	int id, again;
	struct step *pushes;
};
static int order[2000], n_order, depth;

static void step_run(struct lane_task *t)
{
	struct step *s = container_of(t, struct step, task);
	assert_int_equal(depth, 0);
	depth++;
	order[n_order++] = s->id;
	if (s->pushes) {
		lane_push(s->lane, &s->pushes->task);
		assert_int_equal(order[n_order - 1], s->id); /* it did not run in here */
	}
	if (s->again-- > 0) lane_push(s->lane, &s->task);
	depth--;
}

static void runs_in_order_and_never_nests(void **state)
{
	struct loop *loop = loop_new();
	struct lane *l = lane_new(loop, "test");
	struct step steps[4];
	n_order = depth = 0;
	for (int i = 0; i < 4; i++)
		steps[i] = (struct step){.task.run = step_run, .lane = l, .id = i};
	steps[0].pushes = &steps[3];
	steps[1].again = 1;
	for (int i = 0; i < 3; i++)
		lane_push(l, &steps[i].task);
	assert_int_equal(n_order, 0);
	assert_true(lane_remove(l, &steps[2].task));
	assert_false(lane_remove(l, &steps[2].task));
	loop_run(loop);
	assert_int_equal(n_order, 4);
	static const int RIGHT[] = {0, 1, 3, 1};
	assert_memory_equal(order, RIGHT, sizeof RIGHT);
	assert_int_equal(l->n, 0);
	mem_unref(l);
	loop_free(&loop);
}

static int n_elsewhere;
static void elsewhere(void *arg) { n_elsewhere = n_order; }

// A lane that is never empty still lets the loop do other things.
static void busy_lane_is_fair(void **state)
{
	struct loop *loop = loop_new();
	struct lane *l = lane_new(loop, "test");
	struct step s = {.task.run = step_run, .lane = l, .again = 1000};
	n_order = n_elsewhere = 0;
	lane_push(l, &s.task);
	loop_defer(loop, elsewhere, NULL);
	loop_run(loop);
	assert_int_equal(n_order, 1001);
	assert_in_range(n_elsewhere, 1, 300);
	mem_unref(l);
	loop_free(&loop);
}

static void lane_outlives_its_owner(void **state)
{
	struct loop *loop = loop_new();
	struct lane *l = lane_new(loop, "test");
	struct step s = {.task.run = step_run, .lane = l};
	n_order = 0;
	lane_push(l, &s.task);
	mem_unref(l);
	loop_run(loop);
	assert_int_equal(n_order, 1);
	loop_free(&loop);
}

// ---- wake, from threads that nobody counted ---------------------------------------------------------------------

static struct world w;

static void *waker(void *arg)
{
	const struct beseda_host *h = arg;
	for (int i = 0; i < 2000; i++) {
		h->wake(h, 1 + (uint64_t)i % 3);
		if (i % 100 == 0) h->log(h, 1, BESEDA_LOG_DEBUG, "a thread");
		assert_int_equal(h->emit(h, 1, "x", 1), BESEDA_E_THREAD);
	}
	return NULL;
}

static void wakes_come_from_any_thread(void **state)
{
	pthread_t threads[4];
	struct ended d = {0};
	world_open(&w);
	for (uint64_t i = 1; i <= 2; i++)
		world_inbox(&w, PROBE, "probe", i, "{}");
	struct plugin *p = channels_plugin(w.c, STR("probe"));
	const struct beseda_host *h = host_table(p->block);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_create(&threads[i], NULL, waker, (void *)h);
	for (int i = 0; i < 20; i++)
		steps_run(&w, "[{\"do\":\"wake\"},{\"do\":\"complete\"}]", &d);
	channels_close_inbox(w.c, 2);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	wait_log(&w, "inbox 1: woken");
	buf_fini(&d.text);
	world_close(&w);
	/* the plugin is gone, its table is not */
	h->wake(h, 1);
	h->log(h, 1, BESEDA_LOG_DEBUG, "still here");
	assert_int_equal(h->complete(h, 1, 0, 0), BESEDA_E_THREAD);
	assert_null(h->ext(h, "nothing"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_in_order_and_never_nests),
		cmocka_unit_test(busy_lane_is_fair),
		cmocka_unit_test(lane_outlives_its_owner),
		cmocka_unit_test(wakes_come_from_any_thread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
