// SPDX-License-Identifier: Apache-2.0
// The host's life: made, filled with plugins, closed once everything that runs has ended.
#include "host.h"
#include "base/log.h"
#include "base/mem.h"
#include "config.h"
#include "live_inside.h"
#include "webhook.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCAN_MS 5000

static char **strings_copy(const char *const *from)
{
	size_t n = 0;
	while (from && from[n])
		n++;
	char **to = mem_calloc(n + 1, sizeof *to);
	for (size_t i = 0; i < n; i++)
		to[i] = mem_strdup(from[i]);
	return to;
}

static void strings_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		mem_free(list[i]);
	mem_free(list);
}

int channels_new(struct channels **c_r, const struct channel_options *o, struct err *e)
{
	if (o->key.n < 16) return err_set(e, E_INVALID, "the key of the server has %zu bytes; 32 are wanted", o->key.n);
	struct channels *c = mem_new(struct channels);
	c->loop = o->loop;
	c->client = o->client;
	c->ports = *o->ports;
	char *key = mem_alloc(o->key.n); // bytes, not text: they may hold a NUL
	memcpy(key, o->key.p, o->key.n);
	c->key = (struct str){key, o->key.n};
	c->public_url = mem_strdup(o->public_url ? o->public_url : "");
	c->allow_hosts = strings_copy(o->allow_hosts);
	list_init(&c->plugins);
	c->by_channel = smap_new();
	c->inboxes = map_new();
	c->live = live_new(c);
	c->hooks = webhook_handler(c);
	c->scan_ms = SCAN_MS;
	*c_r = c;
	return 0;
}

// ---- plugins ----------------------------------------------------------------------------------------------------

struct plugin *channels_plugin(const struct channels *c, struct str channel)
{
	return channel.n ? smap_get(c->by_channel, channel) : NULL;
}

uint64_t plugin_next_id(struct plugin *p) { return ++p->last_id; }

static void plugin_free(struct plugin *p)
{
	if (p->block) host_block_end(p->block);
	docs_fini(&p->docs);
	mem_unref(p->lane);
	map_free(&p->causes);
	map_free(&p->calls);
	arena_free(&p->arena);
	mem_free(p);
}

static struct plugin *plugin_new(struct channels *c)
{
	struct plugin *p = mem_new(struct plugin);
	p->channels = c;
	p->arena = arena_new(0);
	p->causes = map_new();
	p->calls = map_new();
	docs_init(&p->docs);
	return p;
}

static int plugin_init(struct plugin *p, struct err *e)
{
	p->lane = lane_new(p->channels->loop, p->who);
	p->block = host_block_new(p);
	if (!p->table->init) return 0;
	struct doc_home *home = doc_home_new(&p->channels->pool);
	int64_t entered = plugin_enter(p, home);
	int32_t r = p->table->init(host_table(p->block));
	plugin_leave(p, "init", entered);
	doc_home_unref(home);
	return r ? err_set(e, E_REMOTE, "its init returned %d; its own log lines say why", r) : 0;
}

static void plugin_fini(struct plugin *p)
{
	if (!p->table->fini) return;
	struct doc_home *home = doc_home_new(&p->channels->pool);
	int64_t entered = plugin_enter(p, home);
	p->table->fini();
	plugin_leave(p, "fini", entered);
	doc_home_unref(home);
}

int channels_load(struct channels *c, const char *path, struct err *e)
{
	struct err why = {0};
	struct plugin *p = plugin_new(c);
	int r = loader_open(c, path, p, &why);
	if (!r && channels_plugin(c, p->channel))
		r = err_set(&why, E_CONFLICT, "the channel \"%.*s\" is loaded already; load a plugin once",
			    STR_ARG(p->channel));
	if (!r) r = plugin_init(p, &why);
	if (r) {
		plugin_free(p);
		return err_set(e, r, "%s: %s", path, why.text);
	}
	list_append(&c->plugins, &p->at);
	smap_put(c->by_channel, p->channel, p);
	log_info(p->who, "loaded %.*s %.*s", STR_ARG(p->id), STR_ARG(p->version));
	return 0;
}

static int is_plugin_file(const struct dirent *d)
{
	return d->d_name[0] != '.' && str_ends(str_of(d->d_name), STR(".so"));
}

int channels_load_folder(struct channels *c, const char *folder)
{
	struct dirent **files = NULL;
	int n = scandir(folder, &files, is_plugin_file, alphasort), loaded = 0;
	if (n < 0) log_error("plugins", "the folder %s cannot be read", folder);
	for (int i = 0; i < n; i++) {
		struct buf path = {0};
		struct err e;
		buf_printf(&path, "%s/%s", folder, files[i]->d_name);
		if (channels_load(c, path.p, &e))
			log_error("plugins", "skipped: %s", e.text);
		else
			loaded++;
		buf_fini(&path);
		free(files[i]);
	}
	free(files);
	return loaded;
}

size_t channels_list(const struct channels *c, struct channel_info *list_r, size_t max)
{
	size_t n = 0;
	for (const struct list *at = c->plugins.next; at != &c->plugins; at = at->next) {
		const struct plugin *p = list_entry(at, struct plugin, at);
		if (n < max) list_r[n] = (struct channel_info){p->channel, p->id, p->version, p->manifest.doc};
		n++;
	}
	return n;
}

const struct json *channels_manifest(const struct channels *c, struct str channel)
{
	const struct plugin *p = channels_plugin(c, channel);
	return p ? p->manifest.doc : NULL;
}

int channels_check_config(struct channels *c, struct str channel, const struct json *config, struct err *e)
{
	const struct plugin *p = channels_plugin(c, channel);
	if (!p) return err_set(e, E_MISSING, "no plugin is loaded for the channel \"%.*s\"", STR_ARG(channel));
	return config_check(p->manifest.config, config, e);
}

void channels_stats(const struct channels *c, struct channel_stats *r)
{
	*r = c->stats;
	live_stats(c, r);
}

const struct http_handler *channels_hooks(struct channels *c) { return &c->hooks; }

const struct http_handler *channels_live(struct channels *c) { return live_handler(c); }

// ---- closing ----------------------------------------------------------------------------------------------------

static void channels_free(void *arg)
{
	struct channels *c = arg;
	loop_cb closed = c->closed;
	void *closed_arg = c->closed_arg;
	for (struct list *at; (at = list_pop(&c->plugins));) {
		struct plugin *p = list_entry(at, struct plugin, at);
		plugin_fini(p);
		plugin_free(p);
	}
	live_free(c);
	loader_folder_remove(c);
	smap_free(&c->by_channel);
	map_free(&c->inboxes);
	doc_pool_fini(&c->pool);
	mem_wipe((void *)c->key.p, c->key.n);
	mem_free((void *)c->key.p);
	mem_free(c->public_url);
	strings_free(c->allow_hosts);
	mem_free(c);
	if (closed) closed(closed_arg);
}

void channels_one_gone(struct channels *c)
{
	if (!c->is_shut || c->n_inboxes || !live_is_idle(c)) return;
	c->is_shut = false; /* once */
	loop_defer(c->loop, channels_free, c);
}

// Patience is over, or nothing runs any more: the inboxes close, and the last thing that ends frees the host.
static void channels_shut(struct channels *c)
{
	loop_timer_clear(&c->patience);
	size_t at = 0;
	uint64_t id;
	void *in;
	while (map_next(c->inboxes, &at, &id, &in))
		channels_close_inbox(c, id);
	c->is_shut = true;
	channels_one_gone(c);
}

static void patience_over(void *arg) { channels_shut(arg); }

void channels_op_gone(struct channels *c)
{
	if (c->is_closing && !c->stats.ops_running && loop_timer_is_set(&c->patience)) loop_timer_set(&c->patience, 0);
}

void channels_close(struct channels *c, int64_t ms, loop_cb done, void *arg)
{
	c->is_closing = true;
	c->closed = done;
	c->closed_arg = arg;
	loop_timer_init(&c->patience, c->loop, "closing plugins", patience_over, c);
	loop_timer_set(&c->patience, c->stats.ops_running ? ms : 0);
}
