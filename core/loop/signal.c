// SPDX-License-Identifier: Apache-2.0
// Signals as callbacks of the loop.
#include "loop/loop.h"
#include "inside.h"

struct watched_signal {
	uv_signal_t handle;
	struct list at;
	struct loop *loop;
	loop_cb cb;
	void *arg;
};

static void on_signal(uv_signal_t *h, int signum)
{
	struct watched_signal *s = container_of(h, struct watched_signal, handle);
	int64_t entered = loop_enter(s->loop);
	s->cb(s->arg);
	loop_leave(s->loop, "signal", entered);
}

static void on_closed(uv_handle_t *h) { mem_free(container_of((uv_signal_t *)h, struct watched_signal, handle)); }

int loop_signal(struct loop *l, int signum, loop_cb cb, void *arg)
{
	struct watched_signal *s = mem_new(struct watched_signal);
	*s = (struct watched_signal){.loop = l, .cb = cb, .arg = arg};
	if (uv_signal_init(&l->uv, &s->handle)) {
		mem_free(s);
		return E_IO;
	}
	uv_unref((uv_handle_t *)&s->handle); // waiting for a signal is no work
	if (uv_signal_start(&s->handle, on_signal, signum)) {
		uv_close((uv_handle_t *)&s->handle, on_closed);
		return E_INVALID;
	}
	list_append(&l->signals, &s->at);
	return 0;
}

void loop_signals_free(struct loop *l)
{
	for (struct list *at; (at = list_pop(&l->signals));)
		uv_close((uv_handle_t *)&list_entry(at, struct watched_signal, at)->handle, on_closed);
}
