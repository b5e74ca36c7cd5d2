// SPDX-License-Identifier: Apache-2.0
// Inboxes: opened and closed in their lane; the config with its secrets stays here.
#include "call.h"
#include "config.h"
#include "host_op.h"
#include "live_inside.h"
#include "secret.h"
#include "base/log.h"
#include "base/mem.h"
#include <assert.h>
#include <stdio.h>

#define START_MS 30000

// The only place where the state of an inbox changes.
static void inbox_move(struct inbox *in, enum inbox_state to)
{
	static const uint8_t LEGAL[] = {
		[INBOX_OPENING] = 1 << INBOX_OPEN | 1 << INBOX_FAILED | 1 << INBOX_CLOSING,
		[INBOX_OPEN] = 1 << INBOX_CLOSING,
		[INBOX_FAILED] = 1 << INBOX_CLOSED,
		[INBOX_CLOSING] = 1 << INBOX_CLOSED,
		[INBOX_CLOSED] = 0,
	};
	assert(LEGAL[in->state] & 1 << to);
	in->state = to;
}

struct inbox *channels_inbox(struct channels *c, uint64_t id) { return map_get(c->inboxes, id); }

const struct json *inbox_manifest(const struct inbox *in) { return in->plugin->manifest.doc; }

const struct json *inbox_config(const struct inbox *in) { return in->config; }

struct channels *inbox_channels(const struct inbox *in) { return in->plugin->channels; }

uint64_t inbox_id(const struct inbox *in) { return in->id; }

bool inbox_takes_work(const struct inbox *in) { return !in->plugin->channels->is_closing && in->state < INBOX_CLOSING; }

static void inbox_destroy(void *p)
{
	struct inbox *in = p;
	struct channels *c = in->plugin->channels;
	assert(list_is_empty(&in->ops) && list_is_empty(&in->calls));
	live_inbox_free(in);
	mem_unref(in->lane);
	mem_free((void *)in->allow_hosts);
	doc_home_unref(in->home);
	c->n_inboxes--;
	channels_one_gone(c);
}

void inbox_release(struct inbox *in) { mem_unref(in); }

// ---- opening ----------------------------------------------------------------------------------------------------

static void tell_state(struct inbox *in, const char *state, struct str why)
{
	const struct channel_ports *ports = &in->plugin->channels->ports;
	if (ports->inbox_state) ports->inbox_state(ports->ctx, in->id, str_of(state), why);
}

static void inbox_started(const struct op_end *end, void *arg)
{
	struct inbox *in = arg;
	if (end->status && end->status != E_CLOSED) {
		log_warn(in->who, "inbox.start failed: %.*s", STR_ARG(end->text));
		if (in->state == INBOX_OPEN) tell_state(in, "failing", end->text);
	}
	inbox_release(in);
}

static void inbox_start(struct inbox *in)
{
	if (!manifest_has_verb(&in->plugin->manifest, "inbox.start")) return;
	const struct op_ask ask = {.verb = "inbox.start", .deadline_ms = START_MS};
	if (!op_start(in, &ask, inbox_started, mem_ref(in))) inbox_release(in);
}

static void open_failed(struct inbox *in, int32_t class_)
{
	static const char *const NAMES[] = {
#define X(name, text) [CHANNEL_##name] = text,
		CHANNEL_CLASSES(X)
#undef X
	};
	const char *name = class_ > 0 && class_ < (int32_t)ARRAY_LEN(NAMES) ? NAMES[class_] : "internal";
	log_error(in->who, "%s could not open it (%s); look at its settings", in->plugin->who, name);
	tell_state(in, "failing", str_of(name));
}

static void open_run(struct lane_task *task)
{
	struct inbox *in = container_of(task, struct inbox, open_task);
	struct plugin *p = in->plugin;
	if (in->state == INBOX_OPENING) {
		int64_t entered = plugin_enter(p, in->home);
		int32_t r = p->table->open(in->id, docs_add(&p->docs, in->config, in->home), 0, &in->self);
		plugin_leave(p, "open", entered);
		inbox_move(in, r ? INBOX_FAILED : INBOX_OPEN);
		if (r)
			open_failed(in, r);
		else
			inbox_start(in);
	}
	inbox_release(in);
}

static const char **allow_hosts_of(const struct channels *c, const struct json *config)
{
	const struct json *own = config_at(config, STR("net.allow_hosts"));
	size_t n = 0, n_own = json_count(own);
	while (c->allow_hosts[n])
		n++;
	const char **list = mem_calloc(n + n_own + 1, sizeof *list);
	for (size_t i = 0; i < n; i++)
		list[i] = c->allow_hosts[i];
	for (size_t i = 0; i < n_own; i++)
		list[n + i] = json_string(json_at(own, i)).p;
	return list;
}

struct handle_arg {
	const struct channels *c;
	uint64_t inbox;
};

static const char *make_handle(struct arena *a, struct str name, const void *arg)
{
	const struct handle_arg *h = arg;
	return secret_handle(h->c, h->inbox, a, name).p;
}

static void read_config(struct inbox *in, const struct json *config)
{
	struct channels *c = in->plugin->channels;
	const struct json *schema = in->plugin->manifest.config;
	struct arena *a = in->home->arena;
	const struct handle_arg arg = {c, in->id};
	in->plain = config_fill(a, schema, json_copy(a, config));
	in->config = config_hide(a, schema, in->plain, make_handle, &arg);
	in->public_settings = config_public(a, schema, in->plain);
	in->allow_hosts = allow_hosts_of(c, in->plain);
}

int channels_open_inbox(struct channels *c, uint64_t id, struct str channel, const struct json *config, struct err *e)
{
	struct plugin *p = channels_plugin(c, channel);
	if (c->is_closing) return err_set(e, E_CLOSED, "the server is stopping");
	if (!p) return err_set(e, E_MISSING, "no plugin is loaded for the channel \"%.*s\"", STR_ARG(channel));
	if (!id || map_get(c->inboxes, id))
		return err_set(e, E_CONFLICT, "inbox %llu is open already", (unsigned long long)id);
	if (channels_check_config(c, channel, config, e)) return E_INVALID;
	struct inbox *in = mem_ref_new(sizeof *in, inbox_destroy);
	in->plugin = p;
	in->id = id;
	in->home = doc_home_new(&c->pool);
	snprintf(in->who, sizeof in->who, "inbox %llu", (unsigned long long)id);
	list_init(&in->ops);
	list_init(&in->calls);
	in->lane = p->manifest.lane_for_each_inbox ? lane_new(c->loop, in->who) : mem_ref(p->lane);
	read_config(in, config);
	if (p->manifest.has_live) live_inbox_new(in);
	c->n_inboxes++;
	map_put(c->inboxes, id, in);
	in->open_task.run = open_run;
	mem_ref(in);
	lane_push(in->lane, &in->open_task);
	return 0;
}

// ---- closing ----------------------------------------------------------------------------------------------------

static void close_run(struct lane_task *task)
{
	struct inbox *in = container_of(task, struct inbox, close_task);
	struct plugin *p = in->plugin;
	/* it never opened: the plugin has nothing to close */
	if (in->state == INBOX_CLOSING) {
		struct doc_home *home = doc_home_new(&p->channels->pool);
		int64_t entered = plugin_enter(p, home);
		p->table->close(in->self);
		plugin_leave(p, "close", entered);
		doc_home_unref(home);
	}
	inbox_move(in, INBOX_CLOSED);
	in->self = NULL;
	inbox_release(in); /* the reference of being open */
}

void channels_close_inbox(struct channels *c, uint64_t id)
{
	struct inbox *in = map_remove(c->inboxes, id);
	if (!in) return;
	mem_ref(in);
	if (in->live) live_inbox_close(in);
	bool was_opened = in->state == INBOX_OPEN;
	if (in->state == INBOX_OPENING && lane_remove(in->lane, &in->open_task))
		inbox_release(in); /* the reference of the task */
	if (was_opened)
		inbox_move(in, INBOX_CLOSING);
	else if (in->state == INBOX_OPENING)
		inbox_move(in, INBOX_FAILED);
	ops_cut(in);
	calls_orphan(in);
	in->close_task.run = close_run;
	lane_push(in->lane, &in->close_task);
	inbox_release(in);
}
