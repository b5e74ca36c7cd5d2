// SPDX-License-Identifier: Apache-2.0
// The functions of channel/channel.h that the pipeline calls, without a plugin behind them.
#include "channels_test.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SENDS 4096
#define NEXT 64
#define FRAMES 256

static const struct {
	const char *channel, *manifest;
} CHANNELS[] = {
	{"echo", "{\"send\":\"plain\"}"},
	{"idem", "{\"send\":\"idempotent\"}"},
	{"chat", "{\"send\":\"plain\",\"live\":{\"origins\":[]}}"},
};

struct channels {
	struct loop *loop;
	struct arena *arena;
	const struct json *manifests[ARRAY_LEN(CHANNELS)];
	struct test_send *sends[SENDS];
	size_t n_sends;
	bool is_manual;
	struct channel_sent next[NEXT];
	size_t n_next, at_next;
	char watched[64];
	char *frames[FRAMES];
	size_t n_frames;
};

struct channels *test_channels_new(struct loop *l)
{
	struct channels *c = mem_new(struct channels);
	c->loop = l;
	c->arena = arena_new(0);
	for (size_t i = 0; i < ARRAY_LEN(CHANNELS); i++)
		if (json_parse(c->arena, str_of(CHANNELS[i].manifest), &JSON_OURS, &c->manifests[i], NULL))
			assert(false);
	return c;
}

void test_channels_free(struct channels **cp)
{
	struct channels *c = *cp;
	if (!c) return;
	for (size_t i = 0; i < c->n_sends; i++)
		mem_free(c->sends[i]);
	for (size_t i = 0; i < c->n_frames; i++)
		mem_free(c->frames[i]);
	arena_free(&c->arena);
	mem_free(c);
	*cp = NULL;
}

const struct json *channels_manifest(const struct channels *c, struct str channel)
{
	for (size_t i = 0; i < ARRAY_LEN(CHANNELS); i++)
		if (str_is(channel, CHANNELS[i].channel)) return c->manifests[i];
	return NULL;
}

// ---- sending --------------------------------------------------------------------------------------------------------

struct answer {
	struct channels *c;
	size_t i;
};

void test_send_answer(struct channels *c, size_t i, const struct channel_sent *r)
{
	struct test_send *s = c->sends[i];
	assert(!s->is_answered);
	s->is_answered = true;
	s->cb(r, s->arg);
}

void test_send_accept(struct channels *c, size_t i, const char *external_id)
{
	struct arena *a = arena_new(0);
	struct json_builder *ids = json_build_list(a);
	if (external_id) json_push(ids, json_make_string(a, str_of(external_id)));
	struct channel_sent r = {.outcome = CHANNEL_ACCEPTED, .external_ids = json_build(ids)};
	test_send_answer(c, i, &r);
	arena_free(&a);
}

static void answer_now(void *arg)
{
	struct answer *a = arg;
	struct channels *c = a->c;
	char id[40];
	snprintf(id, sizeof id, "out-%llu", (unsigned long long)c->sends[a->i]->message);
	if (c->at_next < c->n_next)
		test_send_answer(c, a->i, &c->next[c->at_next++]);
	else
		test_send_accept(c, a->i, id);
	mem_free(a);
}

static void keep_text(char *to, size_t size, const struct json *v)
{
	struct buf b = {0};
	if (v) json_write(&b, v);
	snprintf(to, size, "%s", v ? b.p : "");
	buf_fini(&b);
}

void channels_send(struct channels *c, const struct channel_send *s, channel_sent_cb cb, void *arg)
{
	assert(c->n_sends < SENDS);
	struct test_send *t = mem_new(struct test_send);
	*t = (struct test_send){.inbox = s->inbox, .message = s->message, .attempt = s->attempt, .cb = cb, .arg = arg};
	keep_text(t->doc, sizeof t->doc, s->doc);
	keep_text(t->resume, sizeof t->resume, s->resume);
	c->sends[c->n_sends++] = t;
	if (c->is_manual) return;
	struct answer *a = mem_new(struct answer);
	*a = (struct answer){c, c->n_sends - 1};
	loop_defer(c->loop, answer_now, a);
}

void test_channels_auto(struct channels *c, bool is_on) { c->is_manual = !is_on; }

void test_channels_next(struct channels *c, const struct channel_sent *r)
{
	assert(c->n_next < NEXT);
	c->next[c->n_next++] = *r;
}

size_t test_sends(const struct channels *c) { return c->n_sends; }

struct test_send *test_send(struct channels *c, size_t i)
{
	assert(i < c->n_sends);
	return c->sends[i];
}

// ---- live -----------------------------------------------------------------------------------------------------------

void channels_live_push(struct channels *c, uint64_t inbox, struct str thread, struct str frame)
{
	if (!channels_live_is_watched(c, inbox, thread)) return;
	assert(c->n_frames < FRAMES);
	c->frames[c->n_frames++] = mem_strndup(frame.p, frame.n);
}

bool channels_live_is_watched(struct channels *c, uint64_t inbox, struct str thread)
{
	return c->watched[0] && str_is(thread, c->watched);
}

void test_channels_watch(struct channels *c, const char *thread)
{
	snprintf(c->watched, sizeof c->watched, "%s", thread ? thread : "");
}

size_t test_frames(const struct channels *c) { return c->n_frames; }

const char *test_frame(const struct channels *c, size_t i)
{
	assert(i < c->n_frames);
	return c->frames[i];
}
