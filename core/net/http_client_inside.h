// SPDX-License-Identifier: Apache-2.0
// What the files of the HTTP client share: the client (libcurl's multi handle on the loop) and the call.
#pragma once
#include "base/list.h"
#include "loop/uv.h"
#include "net/http_client.h"
#include "net/url.h"
#include <curl/curl.h>

struct http_client {
	struct loop *loop;
	CURLM *multi;  // NULL: the client is being freed
	char *ca_file; // NULL: the system's authorities only
	uv_timer_t timer;
	struct list calls;   // with libcurl
	struct list waiting; // to be started, or to be told how they ended, at the end of this turn
	struct list polls;
	bool turn_is_planned;
	int in_curl; // libcurl is on the stack: it must not be entered again
};

struct http_call {
	struct list at; // the client's calls or waiting
	struct http_client *client;
	CURL *easy;
	bool is_running; // libcurl has it
	struct curl_slist *headers;
	struct arena *arena;
	http_fetch_cb cb;
	void *arg;
	// the request
	struct http_fetch fetch; // its strings live in the arena
	struct url url;
	int n_sent; // how often libcurl has set out to send it
	int redirects_left;
	struct loop_timer timer;
	// the answer
	struct http_answer answer;
	struct buf header_list; // struct http_header
	size_t head_bytes;
	struct buf body;
	uint64_t body_bytes;
	bool will_redirect;
	int status; // not 0: how it ends, whatever libcurl says
	bool was_sent, was_guarded;
	struct err why;
	char curl_error[CURL_ERROR_SIZE];
};

// http_call.c
struct http_call *http_call_new(struct http_client *c, const struct http_fetch *f, http_fetch_cb cb, void *arg);
void http_call_free(struct http_call *call);
int http_call_fail(struct http_call *call, int status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

// http_transfer.c: the call as a libcurl transfer
MUST_USE int http_transfer_prepare(struct http_call *call);
// libcurl is done: what has the call come to? True: it goes on with a redirect.
bool http_transfer_conclude(struct http_call *call, CURLcode result);

// http_client_loop.c: libcurl's sockets and timer
void http_client_watch(struct http_client *c);
void http_client_unwatch(struct http_client *c);
// http_client.c: calls that libcurl has finished.
void http_client_collect(struct http_client *c);
