// SPDX-License-Identifier: Apache-2.0
// Work beside the loop, on libuv's pool of threads.
#include "loop/loop.h"
#include "base/log.h"
#include "inside.h"
#include <stdlib.h>

struct work {
	uv_work_t req;
	struct list at;
	struct loop *loop;
	const char *name;
	loop_cb work;
	loop_done_cb done;
	void *arg;
};

static void on_work(uv_work_t *req)
{
	struct work *w = container_of(req, struct work, req);
	w->work(w->arg);
}

static void on_done(uv_work_t *req, int status)
{
	struct work *w = container_of(req, struct work, req);
	struct loop *l = w->loop;
	list_remove(&w->at);
	int64_t entered = loop_enter(l);
	w->done(status == UV_ECANCELED ? E_CANCELLED : 0, w->arg);
	loop_leave(l, w->name, entered);
	mem_free(w);
}

void loop_work(struct loop *l, const char *name, loop_cb work, loop_done_cb done, void *arg)
{
	struct work *w = mem_new(struct work);
	*w = (struct work){.loop = l, .name = name, .work = work, .done = done, .arg = arg};
	list_append(&l->works, &w->at);
	int failed = uv_queue_work(&l->uv, &w->req, on_work, on_done);
	if (!failed) return;
	log_error("loop", "cannot queue work %s: %s", name, uv_strerror(failed));
	abort();
}

// What runs already cannot be stopped: it is waited for.
void loop_works_cancel(struct loop *l)
{
	while (!list_is_empty(&l->works)) {
		list_each (at, &l->works)
			uv_cancel((uv_req_t *)&list_entry(at, struct work, at)->req);
		uv_run(&l->uv, UV_RUN_ONCE);
	}
}
