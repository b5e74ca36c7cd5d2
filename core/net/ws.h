// SPDX-License-Identifier: Apache-2.0
// WebSocket (RFC 6455), server side: no compression, shared frames, slow readers dropped.
#pragma once
#include "net/http_server.h"

struct ws;

// A frame made once and sent to many. Shared by reference (mem_ref / mem_unref).
struct ws_frame;
struct ws_frame *ws_frame_text(struct str text); // valid UTF-8

// A field that is 0 takes its default.
struct ws_limits {
	size_t message_bytes; // one message, all its fragments (64 KiB; more: close 1009)
	size_t queued_bytes;  // what a slow reader may leave unread (1 MiB; then dropped with 1013)
	int64_t ping_ms;      // silence after which we ping (30 s); the same silence again closes
};
extern const struct ws_limits WS_LIMITS;

struct ws_handler {
	void (*message)(struct ws *w, struct str text, void *arg); // text messages only; binary is refused with 1003
	// Exactly once, after any ending; the ws must not be used after. code: the first reason there was: theirs
	// (1005: they gave none), ours, or 1006 when the network ended it.
	void (*closed)(struct ws *w, int code, void *arg);
};

// True when the request asks for an upgrade.
bool ws_is_upgrade(const struct http_request *r);
// Answers 101 (with the headers added before) and takes the connection; the exchange is over. `protocol` is echoed when
// not NULL; limits may be NULL; h is borrowed. NULL when the request is not a proper upgrade (it was answered with 400
// or 426), the server closes (503) or the client is gone. Not from the handler's `head`.
struct ws *ws_accept(struct http_exchange *x, const struct ws_limits *limits, const struct ws_handler *h, void *arg,
		     const char *protocol);
// Frames of one turn leave together. After a close nothing is sent, and no message comes.
void ws_send(struct ws *w, struct ws_frame *f);
void ws_send_text(struct ws *w, struct str text);
// reason ≤ 123 bytes; may be NULL. `closed` follows.
void ws_close(struct ws *w, int code, const char *reason);
size_t ws_queued(const struct ws *w);
void *ws_arg(struct ws *w);
