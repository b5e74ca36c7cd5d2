// SPDX-License-Identifier: Apache-2.0
// A connection's bytes as requests: the strict scan, then llhttp, then what HTTP demands of the whole head. Pure: no
// socket, no clock.
#pragma once
#include "base/arena.h"
#include "http_scan.h"
#include "net/http_server.h"
#include <llhttp.h>

struct http_head {
	struct str method, target;
	struct http_header *headers;
	size_t n_headers;
	int64_t content_length;               // -1: none given
	bool is_chunked, is_old, keeps_alive; // is_old: HTTP/1.0
};

// An event that returns a status (400 and above) refuses the request with it; HTTP_PARSER_STOP: nothing more of this
// connection is wanted; 0: go on.
#define HTTP_PARSER_STOP (-1)
struct http_parser_events {
	struct arena *(*begin)(void *arg); // a head is whole: where shall it live?
	int (*head)(const struct http_head *h, void *arg);
	int (*body)(struct str piece, void *arg);
	void (*complete)(void *arg);
};

enum http_parser_stage { HTTP_STAGE_HEAD, HTTP_STAGE_LENGTH, HTTP_STAGE_CHUNKED };

struct http_parser {
	const struct http_parser_events *events;
	void *arg;
	size_t head_bytes, headers_max;
	enum http_parser_stage stage;
	union {
		struct http_head_scan head;
		struct http_chunk_scan chunk;
		uint64_t left;
	} scan;
	struct buf held; // a head that has not arrived whole
	struct http_head head;
	bool is_complete; // llhttp has seen the message's end
	int body_result;  // what the body event said, when not 0
	llhttp_t llhttp;
};

void http_parser_init(struct http_parser *p, const struct http_limits *limits, const struct http_parser_events *events,
		      void *arg);
void http_parser_fini(struct http_parser *p);
// Takes bytes off the front of *rest, at most to the end of one message. 0, HTTP_PARSER_STOP or the status that the
// request was refused with; after anything but 0 the parser must not be fed again.
int http_parser_feed(struct http_parser *p, struct str *rest);
// A request has begun and is not complete.
bool http_parser_is_inside(const struct http_parser *p);
