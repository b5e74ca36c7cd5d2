// SPDX-License-Identifier: Apache-2.0
// The HTTP client: starts calls, collects what libcurl has finished, tells each caller once.
#include "net/http_client.h"
#include "http_client_inside.h"
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static void curl_start(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

int http_client_new(struct http_client **c_r, struct loop *l, size_t max_parallel, struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, curl_start);
	CURLM *multi = curl_multi_init();
	if (!multi) return err_set(e, E_IO, "libcurl cannot start");
	struct http_client *c = mem_ref_new(sizeof *c, NULL);
	c->loop = l;
	c->multi = multi;
	list_init(&c->calls);
	list_init(&c->waiting);
	list_init(&c->polls);
	curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)max_parallel);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)max_parallel);
	http_client_watch(c);
	*c_r = c;
	return 0;
}

int http_client_trust(struct http_client *c, const char *ca_file, struct err *e)
{
	// libcurl would say so at each request, where nobody expects it.
	static const char BEGIN[] = "-----BEGIN CERTIFICATE-----";
	char head[65536];
	FILE *f = fopen(ca_file, "re");
	size_t n = f ? fread(head, 1, sizeof head, f) : 0;
	bool is_pem = memmem(head, n, BEGIN, sizeof BEGIN - 1);
	if (!f) return err_set(e, E_INVALID, "%s: %s", ca_file, strerror(errno));
	fclose(f);
	if (!is_pem) return err_set(e, E_INVALID, "%s: holds no certificate in PEM form", ca_file);
	mem_free(c->ca_file);
	c->ca_file = mem_strdup(ca_file);
	return 0;
}

static void finish(struct http_call *call)
{
	list_remove(&call->at);
	loop_timer_clear(&call->timer);
	struct http_answer *answer = &call->answer;
	answer->was_sent = call->was_sent;
	answer->headers = (const struct http_header *)call->header_list.p;
	answer->n_headers = call->header_list.n / sizeof(struct http_header);
	answer->body = call->body.n ? buf_str(&call->body) : STR("");
	if (call->status) *answer = (struct http_answer){.was_sent = call->was_sent};
	call->cb(call->status, answer, &call->why, call->arg);
	http_call_free(call);
}

static void leave_curl(struct http_call *call)
{
	assert(!call->client->in_curl);
	if (!call->is_running) return;
	curl_multi_remove_handle(call->client->multi, call->easy);
	call->is_running = false;
}

static void end(struct http_call *call)
{
	leave_curl(call);
	finish(call);
}

static void start(struct http_call *call)
{
	struct http_client *c = call->client;
	if (!call->status) call->status = http_transfer_prepare(call);
	if (!call->status && curl_multi_add_handle(c->multi, call->easy))
		call->status = http_call_fail(call, E_IO, "libcurl does not take the call");
	if (call->status) {
		end(call);
		return;
	}
	call->is_running = true;
	list_append(&c->calls, &call->at);
}

// Starts what was asked for in this turn, and ends what was cancelled in it.
static void take_waiting(void *client)
{
	struct http_client *c = client;
	c->turn_is_planned = false;
	for (struct list *at; c->multi && (at = list_pop(&c->waiting));)
		start(list_entry(at, struct http_call, at));
	mem_unref(c);
}

static void wait_for_turn(struct http_call *call)
{
	struct http_client *c = call->client;
	list_remove(&call->at);
	list_append(&c->waiting, &call->at);
	if (c->turn_is_planned) return;
	c->turn_is_planned = true;
	loop_defer(c->loop, take_waiting, mem_ref(c));
}

static void on_timeout(void *arg)
{
	struct http_call *call = arg;
	if (!call->status)
		call->status =
			http_call_fail(call, E_TIMEOUT, "no answer within %lld ms", (long long)call->fetch.timeout_ms);
	end(call);
}

struct http_call *http_client_fetch(struct http_client *c, const struct http_fetch *f, http_fetch_cb cb, void *arg)
{
	struct http_call *call = http_call_new(c, f, cb, arg);
	loop_timer_init(&call->timer, c->loop, "http call", on_timeout, call);
	loop_timer_set(&call->timer, call->fetch.timeout_ms);
	wait_for_turn(call);
	return call;
}

void http_call_cancel(struct http_call *call)
{
	if (!call->status) call->status = http_call_fail(call, E_CANCELLED, "cancelled");
	wait_for_turn(call);
}

void http_client_collect(struct http_client *c)
{
	CURLMsg *m;
	int n_left;
	while (c->multi && (m = curl_multi_info_read(c->multi, &n_left))) {
		struct http_call *call;
		CURLcode result = m->data.result;
		if (m->msg != CURLMSG_DONE || curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &call)) continue;
		bool goes_on = http_transfer_conclude(call, result);
		leave_curl(call);
		if (goes_on)
			wait_for_turn(call);
		else
			finish(call);
	}
}

static void cancel_all(struct list *calls)
{
	list_each (at, calls) {
		struct http_call *call = list_entry(at, struct http_call, at);
		if (!call->status) call->status = http_call_fail(call, E_CANCELLED, "cancelled");
	}
}

static void end_all(struct list *calls)
{
	for (struct list *at; (at = list_first(calls));)
		end(list_entry(at, struct http_call, at));
}

static void free_now(void *client)
{
	struct http_client *c = client;
	end_all(&c->calls);
	end_all(&c->waiting);
	curl_multi_cleanup(c->multi);
	c->multi = NULL;
	http_client_unwatch(c);
}

void http_client_free(struct http_client **cp)
{
	struct http_client *c = *cp;
	if (!c) return;
	*cp = NULL;
	mem_free(c->ca_file);
	c->ca_file = NULL;
	cancel_all(&c->calls);
	cancel_all(&c->waiting);
	if (c->in_curl)
		loop_defer(c->loop, free_now, c); // called by a piece sink: libcurl is on the stack
	else
		free_now(c);
}
