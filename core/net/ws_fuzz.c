// SPDX-License-Identifier: Apache-2.0
// Any bytes as frames: the same messages must come out however they are cut.
#include "ws_parser.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_message(struct str text, void *arg)
{
	buf_add(arg, text);
	buf_add_char(arg, '\n');
}

static void on_control(enum ws_opcode opcode, struct str payload, void *arg)
{
	buf_add_char(arg, (char)opcode);
	buf_add(arg, payload);
}

static const struct ws_parser_events events = {on_message, on_control};

static int feed(const uint8_t *data, size_t size, size_t step, struct buf *story)
{
	struct ws_parser p;
	int code = 0;
	ws_parser_init(&p, 5000);
	for (size_t at = 0; at < size && !code; at += step) {
		size_t take = size - at < step ? size - at : step;
		char *exact = malloc(take);
		memcpy(exact, data + at, take);
		code = ws_parser_feed(&p, exact, take, &events, story);
		free(exact);
	}
	ws_parser_fini(&p);
	return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size) return 0;
	struct buf whole = {0}, cut = {0};
	int one = feed(data, size, size, &whole), other = feed(data, size, 1 + data[0] % 7, &cut);
	if (one != other || !str_eq(buf_str(&whole), buf_str(&cut))) abort();
	buf_fini(&whole);
	buf_fini(&cut);
	return 0;
}
