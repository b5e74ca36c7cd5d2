// SPDX-License-Identifier: Apache-2.0
// libcurl's sockets as uv_poll, its clock as one uv_timer.
#include "http_client_inside.h"

struct poll {
	uv_poll_t handle;
	struct list at;
	struct http_client *client; // mem_ref
	curl_socket_t fd;
};

static void act(struct http_client *c, curl_socket_t fd, int events)
{
	int n_running;
	if (!c->multi) return;
	mem_ref(c); // a callback may free it
	int64_t entered = loop_enter(c->loop);
	c->in_curl++;
	curl_multi_socket_action(c->multi, fd, events, &n_running);
	c->in_curl--;
	http_client_collect(c);
	loop_leave(c->loop, "http client", entered);
	mem_unref(c);
}

static void on_poll(uv_poll_t *h, int status, int events)
{
	struct poll *p = container_of(h, struct poll, handle);
	int flags = status < 0 ? CURL_CSELECT_ERR : 0;
	if (events & UV_READABLE) flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE) flags |= CURL_CSELECT_OUT;
	act(p->client, p->fd, flags);
}

static void on_poll_closed(uv_handle_t *h)
{
	struct poll *p = container_of((uv_poll_t *)h, struct poll, handle);
	mem_unref(p->client);
	mem_free(p);
}

static void poll_close(struct poll *p)
{
	list_remove(&p->at);
	uv_poll_stop(&p->handle);
	uv_close((uv_handle_t *)&p->handle, on_poll_closed);
}

static struct poll *poll_open(struct http_client *c, curl_socket_t fd)
{
	struct poll *p = mem_new(struct poll);
	if (uv_poll_init_socket(loop_uv(c->loop), &p->handle, fd)) {
		mem_free(p);
		return NULL;
	}
	p->client = mem_ref(c);
	p->fd = fd;
	list_append(&c->polls, &p->at);
	curl_multi_assign(c->multi, fd, p);
	return p;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *client, void *poll)
{
	struct http_client *c = client;
	struct poll *p = poll;
	if (what == CURL_POLL_REMOVE) {
		curl_multi_assign(c->multi, fd, NULL);
		if (p) poll_close(p);
		return 0;
	}
	if (!p) p = poll_open(c, fd);
	if (!p) return -1;
	int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
	return uv_poll_start(&p->handle, events, on_poll) ? -1 : 0;
}

static void on_timer(uv_timer_t *h) { act(h->data, CURL_SOCKET_TIMEOUT, 0); }

// 0 ms stays 0: rounded up to 1, a busy client would wait a millisecond for each request.
static int on_timeout(CURLM *multi, long ms, void *client)
{
	struct http_client *c = client;
	if (ms < 0)
		uv_timer_stop(&c->timer);
	else
		uv_timer_start(&c->timer, on_timer, (uint64_t)ms, 0);
	return 0;
}

void http_client_watch(struct http_client *c)
{
	uv_timer_init(loop_uv(c->loop), &c->timer);
	c->timer.data = c;
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
}

static void on_timer_closed(uv_handle_t *h) { mem_unref(h->data); }

void http_client_unwatch(struct http_client *c)
{
	for (struct list *at; (at = list_first(&c->polls));)
		poll_close(list_entry(at, struct poll, at));
	uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}
