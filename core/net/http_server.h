// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 server (RFC 9110, 9112): bounded in every size and time; WebSocket by upgrade (net/ws.h). TLS is the reverse
// proxy's.
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "loop/loop.h"

struct http_server;
struct http_exchange; // one request and its response

// A field that is 0 takes its default.
struct http_limits {
	size_t head_bytes;   // request line and headers together (default 16 KiB; more: 431)
	size_t headers;      // number of them (100)
	size_t body_bytes;   // unless the route says otherwise (1 MiB; more: 413)
	int64_t head_ms;     // from the first byte to the end of the head (10 s; more: 408, closed)
	int64_t body_ms;     // silence within a body (20 s)
	int64_t idle_ms;     // between requests of a kept connection (75 s)
	int64_t write_ms;    // a reader that takes nothing for so long is dropped (20 s)
	size_t connections;  // at once (20,000; more: the new one is closed)
	size_t pipelined;    // requests answered in order on one connection, waiting (16; then we stop reading)
	size_t queued_bytes; // response bytes that may already wait for a slow reader when another response comes (4
			     // MiB; then dropped)
};
extern const struct http_limits HTTP_LIMITS;

struct http_header {
	struct str name, value;
};

// What a handler reads; valid until the response is finished or the client is gone.
struct http_request {
	// path: percent-decoded once; one with %2F, a control character, "..", "//" or invalid UTF-8 was refused with
	// 400.
	struct str method, path;
	struct str raw_path, query; // as sent, without "?"
	const struct http_header *headers;
	size_t n_headers;
	struct str body;
	char peer[64]; // the client's address, without port, or "unix"; behind a trusted proxy the one it names
	bool is_https; // as a trusted proxy says
};
struct str http_request_header(const struct http_request *r, const char *name); // any case; STR_NONE
// A query or form (application/x-www-form-urlencoded) parameter, decoded into a; STR_NONE. The first one of a name
// counts.
struct str http_param(struct arena *a, struct str query, const char *name);
// One cookie's value of the Cookie header; STR_NONE.
struct str http_cookie(const struct http_request *r, const char *name);

// How the body of a request is taken, decided when the head has arrived.
struct http_body_plan {
	size_t max_bytes; // 0: the server's limit
	// Set: the body is handed over in pieces instead of collected. Return 0 to go on, or an error code: the sink
	// then answers itself. http_body_pause stops reading until http_body_resume; what had been read by then (at
	// most 64 KiB) still comes.
	int (*piece)(struct http_exchange *x, struct str piece, void *arg);
	void *arg;
};

struct http_handler {
	// Head arrived (optional): fill the plan, or respond at once (`request` does not follow then). Runs before "100
	// Continue" is sent.
	void (*head)(struct http_exchange *x, struct http_body_plan *plan, void *arg);
	// Request complete. Respond now or later, exactly once.
	void (*request)(struct http_exchange *x, void *arg);
	void *arg;
};

const struct http_request *http_request(struct http_exchange *x);
// Freed when the exchange ends.
struct arena *http_arena(struct http_exchange *x);
struct loop *http_loop(struct http_exchange *x);
// An own pointer of the handler, kept with the exchange.
void http_set_data(struct http_exchange *x, void *data);
void *http_data(struct http_exchange *x);
// Called once when the client goes away before the response was given, or the server answered itself (a body too large,
// too slow or broken); not called after. A handler that answers later must either set this or hold the exchange with
// http_hold. A client that has closed its sending side counts as gone.
void http_on_gone(struct http_exchange *x, void (*cb)(struct http_exchange *x, void *arg), void *arg);
// Keeps the exchange's memory until http_release, also when the client is gone; http_respond is then without effect.
// Without a hold, request and arena are good until the handler that responds has returned.
void http_hold(struct http_exchange *x);
void http_release(struct http_exchange *x);
bool http_is_gone(const struct http_exchange *x);
void http_body_pause(struct http_exchange *x);
void http_body_resume(struct http_exchange *x);

// A response header, before http_respond. One with a bad name or control characters in its value, and the server's own
// (Date, Content-Length, Connection), are logged as an error and left out.
void http_header_add(struct http_exchange *x, const char *name, struct str value);
// Sends the response whole. `type` may be NULL. Date, Content-Length, Connection are the server's.
void http_respond(struct http_exchange *x, int status, const char *type, struct str body);
// As http_respond, but the body is a file's bytes [from, from+n), sent without loading it whole, read beside the loop.
// Closes fd.
void http_respond_file(struct http_exchange *x, int status, const char *type, int fd, uint64_t from, uint64_t n);

// The user at the other end of a unix socket (SO_PEERCRED); -1 for any other client, or when it is gone.
int64_t http_peer_uid(struct http_exchange *x);

// address: "127.0.0.1:8080", "[::1]:8080", ":8080", "localhost:8080" or "unix:/path" (mode 0600; a socket that nobody
// listens on any more is replaced). limits may be NULL. *e says why it cannot listen ("port 8080 is taken…").
MUST_USE int http_server_open(struct http_server **s_r, struct loop *l, const char *address,
			      const struct http_limits *limits, const struct http_handler *handler, struct err *e);
// The port that it listens on (":0" takes a free one).
int http_server_port(const struct http_server *s);
// Addresses whose X-Forwarded-For and X-Forwarded-Proto are believed: "10.0.0.1", a prefix that ends at a dot or colon
// ("10.0", "fd00:"), or "unix". NULL-terminated, borrowed.
void http_server_trust(struct http_server *s, const char *const *proxies);
// The network that a peer's address stands for, as a key: of IPv6 the first 64 bits, for the rest is the caller's to
// choose.
#define HTTP_NETWORK_MAX 64
struct str http_peer_network(const char *peer, char text_r[HTTP_NETWORK_MAX]);
// Stops listening, closes idle connections, tells WebSockets to go (1001), lets the rest finish for at most ms, then
// closes that, too. done (may be NULL) is called once; the server is gone then.
void http_server_close(struct http_server *s, int64_t ms, loop_cb done, void *arg);

// Counters for /metrics.
struct http_stats {
	uint64_t connections_open, connections_total, requests_total, refused_total, dropped_slow_total, ws_open,
		bytes_in, bytes_out;
};
void http_server_stats(const struct http_server *s, struct http_stats *r);
