// SPDX-License-Identifier: Apache-2.0
// The wiring: every room made, joined by its ports, started and stopped in order.
#pragma once
#include "api/api.h"
#include "server/datadir.h"
#include "server/settings.h"
#include "web/assets.h"

struct wire {
	const struct server_settings *settings;
	struct datadir *data;
	struct loop *loop;
	struct store *store;
	struct media *media;
	struct directory *directory;
	struct http_client *client;
	struct channels *channels;
	struct pipeline *pipeline;
	struct api *api;
	struct web *web;
	struct http_server *http;
	struct http_handler root, health, metrics;
	struct channel_ports river, ports; // the pipeline's, and all of them
	char *public_url, *store_url;
	const char **allow_hosts, **proxies;
	char *allow_copy, *proxies_copy;
	int exit_code;
	bool is_stopping, is_open, pipeline_runs, store_closes;
	struct loop_timer patience; // how long a stop waits for the database
	int64_t started_ms;
};

// Opens everything that may block (store, migrations, plugins), then starts the rest on the loop: run the loop after.
MUST_USE int wire_open(struct wire *w, struct err *e);
// From the loop: lets what is under way end, then stops the loop. A second call stops at once.
void wire_stop(struct wire *w, int exit_code);
void wire_free(struct wire *w);

// health.c
void health_answer(struct http_exchange *x, void *wire);
void metrics_answer(struct http_exchange *x, void *wire);
// first.c: the demo's web chat inbox, when there is none yet. done: 0 or why not.
void first_demo_inbox(struct wire *w, loop_done_cb done, void *arg);
