// SPDX-License-Identifier: Apache-2.0
// Fake ports: commits that succeed, wait or fail; a small storage; files in memory. Included by world_test.h.
#pragma once
#include "world_base_test.h"

static inline void commit_note(struct world *w, const struct channel_commit *c)
{
	buf_printf(&w->commits, "inbox=%llu", (unsigned long long)c->inbox);
	for (size_t i = 0; i < c->n_events; i++) {
		buf_printf(&w->commits, " %.*s=", STR_ARG(c->events[i].type));
		json_write(&w->commits, c->events[i].doc);
		if (c->events[i].why.p) buf_printf(&w->commits, " wrong: %.*s", STR_ARG(c->events[i].why));
	}
	for (size_t i = 0; i < c->n_puts; i++) {
		buf_printf(&w->commits, " put %.*s=", STR_ARG(c->puts[i].key));
		struct buf text = {0};
		if (c->puts[i].value) json_write(&text, c->puts[i].value);
		buf_add(&w->commits, buf_str(&text));
		mem_free(smap_remove(w->kv, c->puts[i].key));
		if (c->puts[i].value) smap_put(w->kv, c->puts[i].key, mem_strndup(text.p, text.n));
		buf_fini(&text);
	}
	buf_add(&w->commits, c->parks ? STR("\n") : STR(" whole\n"));
	w->n_commits++;
}

struct commit_later {
	struct world *w;
	struct channel_commit *c;
};

static inline void commit_do(struct world *w, struct channel_commit *c)
{
	if (w->way == COMMIT_FAILS) {
		struct err e = {w->commit_status, "the fake store refuses"};
		c->done(c, w->commit_status, &e);
		return;
	}
	commit_note(w, c);
	c->done(c, 0, NULL);
}

static inline void commit_run(void *arg)
{
	struct commit_later *l = arg;
	commit_do(l->w, l->c);
	mem_free(l);
}

static inline void port_commit(void *ctx, struct channel_commit *c)
{
	struct world *w = ctx;
	if (w->way == COMMIT_HELD) {
		assert_true(w->n_held < ARRAY_LEN(w->held));
		w->held[w->n_held++] = c;
		return;
	}
	struct commit_later *l = mem_new(struct commit_later);
	*l = (struct commit_later){w, c};
	loop_defer(w->loop, commit_run, l);
}

static inline void release_commits(struct world *w, int status)
{
	w->way = status ? COMMIT_FAILS : COMMIT_SOON;
	w->commit_status = status;
	for (size_t i = 0; i < w->n_held; i++)
		commit_do(w, w->held[i]);
	w->n_held = 0;
}

struct kv_later {
	struct world *w;
	char *key;
	channel_kv_cb cb;
	void *arg;
};

static inline void kv_run(void *arg)
{
	struct kv_later *l = arg;
	const char *text = smap_get(l->w->kv, str_of(l->key));
	struct arena *a = arena_new(0);
	const struct json *v = NULL;
	assert_true(!text || !json_parse(a, str_of(text), &JSON_OURS, &v, NULL));
	l->cb(0, v, l->arg);
	arena_free(&a);
	mem_free(l->key);
	mem_free(l);
}

static inline void port_kv_get(void *ctx, uint64_t inbox, struct str key, channel_kv_cb cb, void *arg)
{
	(void)inbox;
	struct kv_later *l = mem_new(struct kv_later);
	*l = (struct kv_later){ctx, mem_strndup(key.p, key.n), cb, arg};
	loop_defer(l->w->loop, kv_run, l);
}

static inline void port_signal(void *ctx, uint64_t inbox, const struct channel_event *event)
{
	struct world *w = ctx;
	buf_printf(&w->signals, "%llu %.*s ", (unsigned long long)inbox, STR_ARG(event->type));
	json_write(&w->signals, event->doc);
	buf_add_char(&w->signals, '\n');
}

static inline void port_inbox_state(void *ctx, uint64_t inbox, struct str state, struct str why)
{
	struct world *w = ctx;
	buf_printf(&w->signals, "%llu state=%.*s %.*s\n", (unsigned long long)inbox, STR_ARG(state), STR_ARG(why));
}

// A file of the media port: bytes in memory, whose id is its place.
#define FILES_MAX 32
struct fake_file {
	struct world *w;
	struct buf bytes;
	char type[64], name[64], owner[128];
	bool is_stored;
	channel_media_cb cb;
	void *arg;
};
static struct fake_file fake_files[FILES_MAX];
static size_t n_fake_files, n_fake_aborted;
static bool fake_media_fails;

static inline void *port_media_put(void *ctx, uint64_t inbox, struct str owner, struct str type, struct str name,
				   size_t max)
{
	(void)inbox, (void)max;
	if (n_fake_files == FILES_MAX) return NULL;
	struct fake_file *f = &fake_files[n_fake_files++];
	f->w = ctx;
	snprintf(f->type, sizeof f->type, "%.*s", STR_ARG(type));
	snprintf(f->name, sizeof f->name, "%.*s", STR_ARG(name));
	snprintf(f->owner, sizeof f->owner, "%.*s", STR_ARG(owner));
	return f;
}

static inline int port_media_piece(void *ctx, void *put, struct str piece, bool *full_r)
{
	(void)ctx;
	struct fake_file *f = put;
	buf_add(&f->bytes, piece);
	*full_r = f->bytes.n > 100000;
	return fake_media_fails ? E_IO : 0;
}

static inline void port_media_drained(void *ctx, void *put, loop_cb cb, void *arg)
{
	(void)put;
	loop_defer(((struct world *)ctx)->loop, cb, arg);
}

static inline void media_stored_run(void *arg)
{
	struct fake_file *f = arg;
	f->is_stored = true;
	f->cb(0, (uint64_t)(f - fake_files) + 1, f->bytes.n, NULL, f->arg);
}

static inline void port_media_commit(void *ctx, void *put, channel_media_cb cb, void *arg)
{
	struct fake_file *f = put;
	f->cb = cb;
	f->arg = arg;
	loop_defer(((struct world *)ctx)->loop, media_stored_run, f);
}

static inline void port_media_abort(void *ctx, void *put)
{
	(void)ctx, (void)put;
	n_fake_aborted++;
}

struct media_later {
	uint64_t media;
	channel_media_get_cb cb;
	void *arg;
};

static inline void media_get_run(void *arg)
{
	struct media_later *l = arg;
	struct fake_file *f = l->media <= n_fake_files && l->media ? &fake_files[l->media - 1] : NULL;
	if (!f || !f->is_stored) {
		l->cb(E_MISSING, -1, 0, STR_NONE, STR_NONE, l->arg);
	} else {
		char path[] = "/tmp/beseda-test-XXXXXX";
		int fd = mkstemp(path);
		unlink(path);
		assert_true(write(fd, f->bytes.p, f->bytes.n) == (ssize_t)f->bytes.n);
		l->cb(0, fd, f->bytes.n, str_of(f->type), str_of(f->name), l->arg);
	}
	mem_free(l);
}

static inline void port_media_get(void *ctx, uint64_t inbox, uint64_t media, channel_media_get_cb cb, void *arg)
{
	(void)inbox;
	struct media_later *l = mem_new(struct media_later);
	*l = (struct media_later){media, cb, arg};
	loop_defer(((struct world *)ctx)->loop, media_get_run, l);
}

static inline void media_forget(void)
{
	for (size_t i = 0; i < n_fake_files; i++)
		buf_fini(&fake_files[i].bytes);
	memset(fake_files, 0, sizeof fake_files);
	n_fake_files = n_fake_aborted = 0;
	fake_media_fails = false;
}
