// SPDX-License-Identifier: Apache-2.0
// Fuzzes what comes out of a plugin file and out of admins' forms: manifest, schema, config, and the ELF file itself.
#include "base/mem.h"
#include "config.h"
#include "elf_check.h"
#include "event.h"
#include "manifest.h"
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *handle(struct arena *a, struct str name, const void *arg)
{
	(void)arg;
	return arena_printf(a, "%.*s@", STR_ARG(name)).p;
}

// "manifest \0 config": a config that fits its schema is filled, hidden and shown.
static void fuzz_texts(struct arena *a, struct str input)
{
	struct str text;
	struct manifest m;
	struct err e;
	const struct json *config = NULL;
	if (!str_cut(&input, 0, &text)) return;
	if (manifest_parse(a, text, &m, &e) || json_parse(a, input, &JSON_OURS, &config, &e) ||
	    config_check(m.config, config, &e))
		return;
	const struct json *full = config_fill(a, m.config, config);
	config_hide(a, m.config, full, handle, NULL);
	config_public(a, m.config, full);
}

static void fuzz_event(struct arena *a, struct str input)
{
	static const char *const TYPES[] = {"message.in", "receipt.failed", "typing", "inbox.state"};
	const struct json *v = NULL;
	struct err e;
	if (json_parse(a, input, &JSON_PROVIDER, &v, &e)) return;
	for (size_t i = 0; i < ARRAY_LEN(TYPES); i++)
		if (event_check(event_find(str_of(TYPES[i])), v, &e) && !e.text[0]) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str input = {(const char *)data, size};
	struct str channel;
	struct err e;
	struct arena *a = arena_new(0);
	if (elf_check(input, &e) == 0 && size < 64) __builtin_trap();
	if (manifest_channel(input, &channel, &e) == 0 && !channel.n) __builtin_trap();
	fuzz_texts(a, input);
	fuzz_event(a, input);
	arena_free(&a);
	return 0;
}
