// SPDX-License-Identifier: Apache-2.0
// The frame parser. A frame that lies whole in the read buffer is handed on without being copied.
#include "ws_parser.h"
#include <string.h>

#define CONTROL_MAX 125

void ws_parser_init(struct ws_parser *p, size_t message_max) { *p = (struct ws_parser){.message_max = message_max}; }

void ws_parser_fini(struct ws_parser *p)
{
	buf_fini(&p->message);
	buf_fini(&p->control);
}

void ws_parser_stop(struct ws_parser *p) { p->is_stopped = true; }

void ws_unmask(char *bytes, size_t n, const uint8_t mask[4], unsigned from)
{
	uint8_t turned[8];
	for (unsigned i = 0; i < 8; i++)
		turned[i] = mask[(from + i) & 3];
	uint64_t wide, eight;
	memcpy(&wide, turned, 8);
	size_t i = 0;
	for (; n - i >= 8; i += 8) {
		memcpy(&eight, bytes + i, 8);
		eight ^= wide;
		memcpy(bytes + i, &eight, 8);
	}
	for (; i < n; i++)
		bytes[i] = (char)(bytes[i] ^ turned[i & 7]);
}

static enum ws_opcode opcode_of(const struct ws_parser *p) { return p->head[0] & 15; }

static bool is_control(const struct ws_parser *p) { return p->head[0] & 8; }

static bool is_final(const struct ws_parser *p) { return p->head[0] & 0x80; }

// Bytes of the frame's head, as far as its first two tell.
static size_t head_size(const struct ws_parser *p)
{
	if (p->head_n < 2) return 2;
	uint8_t n = p->head[1] & 127;
	return 2 + 4 + (n == 126 ? 2 : n == 127 ? 8 : 0);
}

static uint64_t read_length(const struct ws_parser *p)
{
	uint8_t n = p->head[1] & 127;
	if (n < 126) return n;
	uint64_t length = 0;
	for (int i = 0; i < (n == 126 ? 2 : 8); i++)
		length = length << 8 | p->head[2 + i];
	return length;
}

// The first two bytes. 0 or a close code.
static int check_start(const struct ws_parser *p)
{
	enum ws_opcode opcode = opcode_of(p);
	if (p->head[0] & 0x70 || !(p->head[1] & 0x80)) return 1002; // no extension was agreed; a client masks
	if (opcode == WS_CLOSE || opcode == WS_PING || opcode == WS_PONG)
		return is_final(p) && (p->head[1] & 127) <= CONTROL_MAX ? 0 : 1002;
	if (opcode == WS_CONTINUATION) return p->in_message ? 0 : 1002;
	if (opcode == WS_TEXT) return p->in_message ? 1002 : 0;
	return opcode == WS_BINARY ? 1003 : 1002;
}

// The whole head. 0 or a close code.
static int begin_payload(struct ws_parser *p)
{
	p->left = read_length(p);
	uint8_t n = p->head[1] & 127;
	if ((n == 126 && p->left < 126) || (n == 127 && p->left <= 0xffff)) return 1002; // not the shortest form
	if (!is_control(p) && p->left > p->message_max - p->message.n) return 1009;
	if (!is_control(p)) p->in_message = true;
	p->mask_at = 0;
	p->is_inside = true;
	return 0;
}

static int feed_head(struct ws_parser *p, char **at, size_t *n)
{
	while (*n && p->head_n < head_size(p)) {
		p->head[p->head_n++] = (uint8_t) * (*at)++;
		--*n;
		int code = p->head_n == 2 ? check_start(p) : 0;
		if (code) return code;
	}
	return p->head_n >= 2 && p->head_n == head_size(p) ? begin_payload(p) : 0;
}

static int end_message(struct ws_parser *p, struct str text, const struct ws_parser_events *events, void *arg)
{
	if (!is_final(p)) return 0;
	if (!utf8_valid(text)) return 1007;
	p->in_message = false;
	events->message(text, arg);
	buf_fini(&p->message);
	return 0;
}

// A payload, or the last part of one, has come. `part` is all of it unless earlier parts are in a buffer.
static int end_frame(struct ws_parser *p, struct str part, const struct ws_parser_events *events, void *arg)
{
	struct buf *b = is_control(p) ? &p->control : &p->message;
	bool is_whole = !b->n && (is_control(p) || is_final(p));
	if (!is_whole) buf_add(b, part);
	struct str payload = is_whole ? part : buf_str(b);
	p->is_inside = false;
	p->head_n = 0;
	if (!is_control(p)) return end_message(p, payload, events, arg);
	events->control(opcode_of(p), payload, arg);
	buf_fini(&p->control);
	return 0;
}

static int feed_payload(struct ws_parser *p, char **at, size_t *n, const struct ws_parser_events *events, void *arg)
{
	size_t take = p->left < *n ? (size_t)p->left : *n;
	struct str part = {*at, take};
	ws_unmask(*at, take, p->head + head_size(p) - 4, p->mask_at);
	p->mask_at = (uint8_t)((p->mask_at + take) & 3);
	*at += take;
	*n -= take;
	p->left -= take;
	if (!p->left) return end_frame(p, part, events, arg);
	buf_add(is_control(p) ? &p->control : &p->message, part);
	return 0;
}

int ws_parser_feed(struct ws_parser *p, char *bytes, size_t n, const struct ws_parser_events *events, void *arg)
{
	int code = 0;
	// an empty payload is complete with its head
	while (!code && !p->is_stopped && (n || (p->is_inside && !p->left)))
		code = p->is_inside ? feed_payload(p, &bytes, &n, events, arg) : feed_head(p, &bytes, &n);
	return code;
}
