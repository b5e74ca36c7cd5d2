// SPDX-License-Identifier: Apache-2.0
// Inside the room: plugins, inboxes, and how a plugin is called.
#pragma once
#include "base/list.h"
#include "base/map.h"
#include "channel/channel.h"
#include "channel/op.h"
#include "doc.h"
#include "lane.h"
#include "manifest.h"

struct live;
struct live_inbox;
struct host_block;

struct channels {
	struct loop *loop;
	struct http_client *client;
	struct channel_ports ports;
	struct str key; // 32 bytes, a copy
	char *public_url;
	char **allow_hosts; // NULL-terminated
	char *folder;       // of our copies of plugins
	int n_copies;
	int64_t scan_ms; // how long the first look at a plugin may take
	struct doc_pool pool;
	struct list plugins;
	struct smap *by_channel;
	struct map *inboxes; // those that are open or opening
	size_t n_inboxes;    // those that still exist
	struct live *live;
	struct http_handler hooks;
	struct channel_stats stats;
	bool is_closing, is_shut; // takes no work; every inbox was told to close
	struct loop_timer patience;
	loop_cb closed;
	void *closed_arg;
};

// A loaded plugin. It goes when the host goes: nothing is unloaded before.
struct plugin {
	struct list at;
	struct channels *channels;
	struct host_block *block; // holds the table that the plugin calls
	const struct beseda_plugin *table;
	struct arena *arena;
	struct str channel, id, version;
	struct str assets; // folder, or STR_NONE
	struct manifest manifest;
	struct docs docs;
	struct lane *lane;
	struct map *causes; // id → struct cause: those that may be emitted to
	struct map *calls;  // id → struct call
	uint64_t last_id;
	int n_misuses;
	char who[64];
};

enum inbox_state { INBOX_OPENING, INBOX_OPEN, INBOX_FAILED, INBOX_CLOSING, INBOX_CLOSED };

// Shared by reference: ops, calls and causes hold it.
struct inbox {
	struct plugin *plugin;
	uint64_t id;
	enum inbox_state state;
	struct lane *lane;
	void *self; // the plugin's
	struct doc_home *home;
	const struct json *plain;  // config with its secrets: never leaves the host
	const struct json *config; // as the plugin sees it
	const struct json *public_settings;
	const char *const *allow_hosts;
	struct list ops, calls;
	size_t n_calls;
	struct lane_task open_task, close_task, wake_task;
	struct live_inbox *live;
	char who[40]; // "inbox 42", for the log
};

// ---- calling out ------------------------------------------------------------------------------------------------

// Around every callback; what the plugin builds meanwhile goes to `home`.
int64_t plugin_enter(struct plugin *p, struct doc_home *home);
void plugin_leave(struct plugin *p, const char *what, int64_t entered);
bool plugin_is_entered(const struct plugin *p);
// Logs what a plugin did wrong; falls silent after a hundred lines.
void plugin_misused(struct plugin *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
uint64_t plugin_next_id(struct plugin *p);

struct plugin *channels_plugin(const struct channels *c, struct str channel);
struct channels *inbox_channels(const struct inbox *in);
bool inbox_takes_work(const struct inbox *in);
void inbox_release(struct inbox *in);
void channels_op_gone(struct channels *c);
void channels_one_gone(struct channels *c); // an inbox or a live connection is gone: was it the last one?

// ---- host.c: the table that a plugin calls ----------------------------------------------------------------------

struct host_block *host_block_new(struct plugin *p);
void host_block_end(struct host_block *b); // the plugin is gone; the table stays for ever
const struct beseda_host *host_table(struct host_block *b);
// The plugin, within one of its callbacks and on that thread; else NULL, and `what` is logged.
struct plugin *host_plugin(const struct beseda_host *h, const char *what);
extern const struct beseda_doc_v1 host_doc_table;

// ---- loader.c ---------------------------------------------------------------------------------------------------

// Copies, scans and opens a plugin file; fills table, id, version, channel and manifest.
MUST_USE int loader_open(struct channels *c, const char *path, struct plugin *p, struct err *e);
void loader_folder_remove(struct channels *c);
