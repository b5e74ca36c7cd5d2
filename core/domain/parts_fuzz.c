// SPDX-License-Identifier: Apache-2.0
// Any JSON as the parts of a message: what is kept reads back as itself, and its preview is one safe line.
#include "domain/message.h"
#include "domain/conversation.h"
#include "text.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool yes)
{
	if (!yes) abort();
}

// Odd ids are files, of names that nobody checked.
static int odd_file(void *arg, uint64_t id, struct part_file *f_r)
{
	if (id % 2 == 0) return E_MISSING;
	*f_r = (struct part_file){
		.id = id, .name = STR("\u202Eна\"me\n\xFF"), .mime = STR("image/png"), .bytes = (int64_t)id};
	return 0;
}

static void check_preview(struct arena *a, const struct json *parts)
{
	struct str line = message_preview(a, parts);
	must(line.n <= CONVERSATION_PREVIEW && utf8_valid_text(line) && line.p[line.n] == 0);
	for (struct str rest = line; rest.n;) {
		uint32_t c;
		text_next(&rest, &c);
		must(c == ' ' || text_class_of(c) == TEXT_VISIBLE || text_class_of(c) == TEXT_INVISIBLE);
	}
	struct conversation c = {0};
	conversation_set_preview(&c, line, AUTHOR_CONTACT);
	must(str_is(line, c.preview));
}

static void check_kept(struct arena *a, struct str kept)
{
	const struct json *parts = NULL;
	struct str again = STR_NONE;
	must(json_parse(a, kept, &JSON_OURS, &parts, NULL) == 0);
	must(json_count(parts) > 0 && json_count(parts) <= MESSAGE_PARTS);
	must(message_parts(a, parts, odd_file, NULL, &again, NULL) == 0);
	must(str_eq(kept, again));
	check_preview(a, parts);
}

static void check_files(const struct json *parts)
{
	uint64_t ids[4] = {0};
	size_t n = message_part_files(parts, ids, 4);
	for (size_t i = 0; i < 4; i++)
		must((ids[i] != 0) == (i < n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(0);
	const struct json *parts = NULL;
	if (json_parse(a, (struct str){(const char *)data, size}, &JSON_PROVIDER, &parts, NULL) == 0) {
		struct str kept = STR_NONE;
		struct err e = {0};
		check_preview(a, parts);
		check_files(parts);
		if (message_parts(a, parts, odd_file, NULL, &kept, &e) == 0)
			check_kept(a, kept);
		else
			must(e.code < 0 && e.text[0]);
	}
	arena_free(&a);
	return 0;
}
