// SPDX-License-Identifier: Apache-2.0
// HTTP client: libcurl's multi interface on the loop. Certificates are checked; proxies of the environment are ignored;
// a request that may not be repeated (POST, PATCH) goes out at most once.
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "loop/loop.h"
#include "net/http_server.h"

struct http_client;
struct http_call;

struct http_fetch {
	struct str method, url;
	const struct http_header *headers;
	size_t n_headers;
	struct str body;
	int64_t timeout_ms; // whole call, waiting for a free connection included (default 30 s)
	int64_t connect_ms; // (default 5 s)
	size_t max_bytes;   // of the answer's body (default 4 MiB): E_TOO_LARGE
	// Default 0; beyond it, the redirect is the answer. Never from https to http (E_DENIED); another host gets none
	// of the headers but accept, accept-language, content-type, range and user-agent.
	int max_redirects;
	// Hosts ("127.0.0.1", "10.0.0.7:9000", "*.corp.example") that may be reached although they resolve to a
	// private, loopback or link-local address. NULL-terminated; NULL: none (SSRF guard: checked after resolving, on
	// the address connected to).
	const char *const *allow_hosts;
	// Set: the answer's body goes there in pieces instead of being collected (a large download). Return 0 or an
	// error code.
	int (*piece)(struct str piece, void *arg);
	void *piece_arg;
};

struct http_answer {
	int status;
	const struct http_header *headers;
	size_t n_headers;
	struct str body;
	bool was_sent; // false: the request certainly never left (refused, resolving, connecting failed), safe to try
		       // again
};

// status: 0 with an answer; else E_TIMEOUT, E_CLOSED, E_TOO_LARGE, E_DENIED (guard), E_CANCELLED, E_INVALID, E_IO or
// what `piece` returned, *why says more (never the URL's path), and of the answer only was_sent counts. It lives until
// cb returns.
typedef void (*http_fetch_cb)(int status, const struct http_answer *answer, const struct err *why, void *arg);

MUST_USE int http_client_new(struct http_client **c_r, struct loop *l, size_t max_parallel, struct err *e);
// A PEM file of authorities that are trusted beside the system's. E_INVALID when it holds none or cannot be read.
MUST_USE int http_client_trust(struct http_client *c, const char *ca_file, struct err *e);
// Everything is copied. Never calls back before it returns. The call is good until cb. Host, Content-Length,
// Transfer-Encoding, Connection, Expect, TE and Upgrade are the client's own headers (E_INVALID).
struct http_call *http_client_fetch(struct http_client *c, const struct http_fetch *f, http_fetch_cb cb, void *arg);
void http_call_cancel(struct http_call *call); // cb follows with E_CANCELLED
// Cancels what runs: each cb is called before this returns, unless a `piece` calls it: then at the end of this turn.
void http_client_free(struct http_client **c);
