// SPDX-License-Identifier: Apache-2.0
// Fuzzes what strangers send: frames, tokens, signed file addresses, and the proofs of webhooks.
#include "base/mem.h"
#include "live_inside.h"
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct channels c;
static struct plugin plugin;
static struct inbox *in;
static struct live_thread *thread;

static void set_up(void)
{
	c = (struct channels){
		.loop = loop_new(), .key = STR("0123456789abcdef0123456789abcdef"), .public_url = "https://x"};
	c.inboxes = map_new();
	c.live = live_new(&c);
	plugin.channels = &c;
	plugin.manifest.live = (struct live_plan){.frame_bytes = 65536, .burst = 1000000, .per_second = 1};
	in = mem_ref_new(sizeof *in, NULL);
	in->plugin = &plugin;
	in->id = 1;
	in->state = INBOX_CLOSED; /* every op is refused: what is fuzzed stands before them */
	map_put(c.inboxes, 1, in);
	live_inbox_new(in);
	thread = live_thread_of(in, STR("visitor"), STR_NONE, STR("channel"));
}

static void replied(struct str frame, void *arg)
{
	(void)frame, (void)arg;
	abort();
}

static void fuzz_frame(struct str input)
{
	struct doc_home *home = doc_home_new(&c.pool);
	const struct json *frame = live_frame_parse(home->arena, input), *back = NULL;
	const struct live_from from = {STR("uk"), home, replied, NULL};
	struct buf now = {0};
	thread->frames.level = 1000000;
	thread->typing_at = 0;
	if (frame && live_frame(thread, frame, &from, &now)) abort();
	/* whatever came, what goes back is a frame */
	if (now.n && json_parse(home->arena, buf_str(&now), &JSON_OURS, &back, NULL)) abort();
	buf_fini(&now);
	doc_home_unref(home);
}

static void fuzz_token(struct str input)
{
	struct arena *a = arena_new(0);
	struct live_token t;
	struct str address;
	/* nobody finds a MAC of 20 bytes by chance */
	if (live_token_check(in, a, input, &t) || live_file_check(in, a, input, 7, &address)) abort();
	struct str token = live_token_make(in, a, STR("someone"));
	if (!live_token_check(in, a, token, &t) || !str_is(t.address, "someone")) abort();
	arena_free(&a);
}

static struct str the_header;

static struct str header(void *arg, const char *name)
{
	(void)arg, (void)name;
	return the_header;
}

static struct str secret(void *arg, struct str name)
{
	(void)arg, (void)name;
	return STR("a secret that nobody guesses");
}

static void fuzz_proof(struct str input)
{
	static const char *const RECIPES[] = {
		"{\"type\":\"hmac\",\"secret\":\"s\",\"header\":\"h\",\"separator\":\",\",\"prefix\":\"v1=\"}",
		"{\"type\":\"hmac\",\"secret\":\"s\",\"header\":\"h\",\"encoding\":\"base64\",\"over\":\"{url}{header:"
		"x}{body}\"}",
		"{\"type\":\"hmac\",\"secret\":\"s\",\"header\":\"h\",\"timestamp\":\"t\",\"over\":\"{timestamp}.{body}"
		"\"}",
		"{\"type\":\"token\",\"secret\":\"s\",\"header\":\"Authorization\"}",
		"{\"type\":\"token\",\"secret\":\"s\",\"query\":\"q\"}",
		"{\"type\":\"basic\",\"secret\":\"s\",\"user\":\"u\"}",
	};
	struct arena *a = arena_new(0);
	const struct json *doc = NULL;
	struct recipe r;
	struct err e;
	for (size_t i = 0; i < ARRAY_LEN(RECIPES); i++) {
		if (json_parse(a, str_of(RECIPES[i]), &JSON_OURS, &doc, &e) || recipe_parse(a, doc, &r, &e)) abort();
		the_header = input;
		const struct verify_request rq = {.arena = a,
						  .method = STR("POST"),
						  .url = STR("https://x/"),
						  .query = input,
						  .body = input,
						  .header = header,
						  .secret = secret};
		if (verify_request(&r, 1, &rq)) abort();
	}
	/* and recipes that are not ours */
	if (!json_parse(a, input, &JSON_OURS, &doc, &e) && !recipe_parse(a, doc, &r, &e)) {
		const struct verify_request rq = {.arena = a,
						  .method = STR("GET"),
						  .url = input,
						  .query = input,
						  .body = input,
						  .header = header,
						  .secret = secret};
		(void)verify_request(&r, 1, &rq);
	}
	arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!in) set_up();
	if (!size) return 0;
	struct str input = {(const char *)data + 1, size - 1};
	switch (data[0] % 3) {
	case 0: fuzz_frame(input); break;
	case 1: fuzz_token(input); break;
	default: fuzz_proof(input); break;
	}
	return 0;
}
