// SPDX-License-Identifier: Apache-2.0
// WebSocket frames out of bytes (RFC 6455, 5): masks, fragments, control frames between them. Pure: no socket, no
// clock.
#pragma once
#include "base/str.h"

enum ws_opcode { WS_CONTINUATION, WS_TEXT, WS_BINARY, WS_CLOSE = 8, WS_PING, WS_PONG };

struct ws_parser_events {
	void (*message)(struct str text, void *arg); // whole, valid UTF-8
	void (*control)(enum ws_opcode opcode, struct str payload, void *arg);
};

struct ws_parser {
	size_t message_max;
	uint8_t head[14]; // of the frame that is arriving
	uint8_t head_n, mask_at;
	bool is_inside;  // a frame's payload is arriving
	bool in_message; // a fragment of a message has come
	bool is_stopped;
	uint64_t left;               // bytes of this payload
	struct buf message, control; // what has come of each
};

void ws_parser_init(struct ws_parser *p, size_t message_max);
void ws_parser_fini(struct ws_parser *p);
// Unmasks in place. Returns 0, or the close code that the bytes deserve (1002, 1003, 1007, 1009); the parser must not
// be fed after that, nor after ws_parser_stop.
int ws_parser_feed(struct ws_parser *p, char *bytes, size_t n, const struct ws_parser_events *events, void *arg);
// Nothing more is wanted: also from within an event.
void ws_parser_stop(struct ws_parser *p);
// Exported for its test.
void ws_unmask(char *bytes, size_t n, const uint8_t mask[4], unsigned from);
