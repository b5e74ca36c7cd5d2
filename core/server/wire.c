// SPDX-License-Identifier: Apache-2.0
// The wiring: the only place where every room is known.
#include "server/wire.h"
#include "base/clock.h"
#include "base/log.h"
#include "records/secret.h"
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <string.h>

#define CLIENT_PARALLEL 256

// ---- ports of the channel room
// ----------------------------------------------------------------------------------------------

static void port_commit(void *ctx, struct channel_commit *c)
{
	struct wire *w = ctx;
	w->river.commit(w->river.ctx, c);
}

static void port_kv_get(void *ctx, uint64_t inbox, struct str key, channel_kv_cb cb, void *arg)
{
	struct wire *w = ctx;
	w->river.kv_get(w->river.ctx, inbox, key, cb, arg);
}

static void port_replay(void *ctx, uint64_t inbox, struct str thread, struct str cursor, channel_replay_cb cb,
			void *arg)
{
	struct wire *w = ctx;
	w->river.replay(w->river.ctx, inbox, thread, cursor, cb, arg);
}

static void port_may_read(void *ctx, uint64_t inbox, struct str thread, uint64_t media, void (*cb)(bool yes, void *arg),
			  void *arg)
{
	struct wire *w = ctx;
	w->river.may_read(w->river.ctx, inbox, thread, media, cb, arg);
}

static void port_signal(void *ctx, uint64_t inbox, const struct channel_event *event)
{
	struct wire *w = ctx;
	w->river.signal(w->river.ctx, inbox, event);
}

static void *port_media_put(void *ctx, uint64_t inbox, struct str owner, struct str type, struct str name,
			    size_t max_bytes)
{
	struct wire *w = ctx;
	return media_put_open(w->media, inbox, owner, name, type, max_bytes);
}

static int port_media_piece(void *ctx, void *put, struct str piece, bool *full_r)
{
	return media_put_piece(put, piece, full_r);
}

static void port_media_drained(void *ctx, void *put, loop_cb cb, void *arg) { media_put_on_drained(put, cb, arg); }

struct media_call {
	channel_media_cb put_cb;
	channel_media_get_cb get_cb;
	void *arg;
};

static void on_media_put(int status, const struct file_row *f, const struct err *why, void *arg)
{
	struct media_call *m = arg;
	m->put_cb(status, f ? f->id : 0, f ? (uint64_t)f->bytes : 0, why, m->arg);
	mem_free(m);
}

static void port_media_commit(void *ctx, void *put, channel_media_cb cb, void *arg)
{
	struct media_call *m = mem_new(struct media_call);
	*m = (struct media_call){.put_cb = cb, .arg = arg};
	media_put_commit(put, on_media_put, m);
}

static void port_media_abort(void *ctx, void *put) { media_put_abort(put); }

static void on_media_get(int status, const struct file_row *f, int fd, void *arg)
{
	struct media_call *m = arg;
	m->get_cb(status, fd, f ? (uint64_t)f->bytes : 0, f ? f->mime : STR_NONE, f ? f->name : STR_NONE, m->arg);
	mem_free(m);
}

static void port_media_get(void *ctx, uint64_t inbox, uint64_t media, channel_media_get_cb cb, void *arg)
{
	struct wire *w = ctx;
	struct media_call *m = mem_new(struct media_call);
	*m = (struct media_call){.get_cb = cb, .arg = arg};
	media_get(w->media, media, on_media_get, m);
}

static void port_inbox_state(void *ctx, uint64_t inbox, struct str state, struct str why)
{
	struct wire *w = ctx;
	if (w->api) api_inbox_state(w->api, inbox, state, why);
}

static void fill_ports(struct wire *w)
{
	pipeline_ports(w->pipeline, &w->river);
	w->ports = (struct channel_ports){.ctx = w,
					  .commit = port_commit,
					  .kv_get = port_kv_get,
					  .media_put = port_media_put,
					  .media_piece = port_media_piece,
					  .media_drained = port_media_drained,
					  .media_commit = port_media_commit,
					  .media_abort = port_media_abort,
					  .media_get = port_media_get,
					  .replay = port_replay,
					  .may_read = port_may_read,
					  .signal = port_signal,
					  .inbox_state = port_inbox_state};
}

// ---- who answers which path
// --------------------------------------------------------------------------------------------------

static const struct http_handler *handler_of(struct wire *w, struct http_exchange *x)
{
	struct str path = http_request(x)->path;
	if (str_is(path, "/healthz")) return &w->health;
	if (str_is(path, "/metrics")) return &w->metrics;
	if (str_starts(path, STR("/api/"))) return api_handler(w->api);
	if (str_starts(path, STR("/hooks/"))) return channels_hooks(w->channels);
	if (str_starts(path, STR("/live/"))) return channels_live(w->channels);
	return web_handler(w->web);
}

static void root_head(struct http_exchange *x, struct http_body_plan *plan, void *arg)
{
	const struct http_handler *h = handler_of(arg, x);
	if (h->head) h->head(x, plan, h->arg);
}

static void root_request(struct http_exchange *x, void *arg)
{
	const struct http_handler *h = handler_of(arg, x);
	h->request(x, h->arg);
}

// ---- start
// -------------------------------------------------------------------------------------------------------------------

static void fail(struct wire *w, const char *what, const char *why)
{
	log_error("server", "cannot start: %s: %s", what, why);
	wire_stop(w, 1);
}

static void on_pipeline(int status, void *arg)
{
	struct wire *w = arg;
	struct err e = {0};
	if (status) {
		fail(w, "reading the store", err_text(status));
		return;
	}
	api_open_inboxes(w->api);
	w->root = (struct http_handler){root_head, root_request, w};
	w->health = (struct http_handler){.request = health_answer, .arg = w};
	w->metrics = (struct http_handler){.request = metrics_answer, .arg = w};
	if (http_server_open(&w->http, w->loop, w->settings->listen, &HTTP_LIMITS, &w->root, &e)) {
		fail(w, "listening", e.text);
		return;
	}
	http_server_trust(w->http, w->proxies);
	w->is_open = true;
	log_info("server", "besedad listens on %s, store %s", w->settings->listen, w->settings->store_url);
}

static void on_demo(int status, void *arg)
{
	struct wire *w = arg;
	if (status)
		fail(w, "making the demo's inbox", err_text(status));
	else
		pipeline_start(w->pipeline, on_pipeline, w);
}

static void on_directory_again(int status, void *arg)
{
	struct wire *w = arg;
	if (status)
		fail(w, "reading users and inboxes", err_text(status));
	else if (w->settings->demo_shop)
		first_demo_inbox(w, on_demo, w);
	else
		on_demo(0, w);
}

static void on_first_login(int status, const char *email, const char *password, void *arg)
{
	struct wire *w = arg;
	struct err e = {0};
	if (status) {
		fail(w, "making the first user", err_text(status));
		return;
	}
	if (email) {
		struct buf b = {0};
		buf_printf(&b, "email: %s\npassword: %s\n", email, password);
		int r = datadir_write(w->data, "first-login", b.p, b.n, &e);
		mem_wipe(b.p, b.n);
		buf_fini(&b);
		if (r) {
			fail(w, "writing the first login", e.text);
			return;
		}
		log_info("server", "the first login stands in %s/first-login; read it once and delete it",
			 w->data->path);
	}
	directory_load(w->directory, on_directory_again, w);
}

static void on_directory(int status, void *arg)
{
	struct wire *w = arg;
	struct err e = {0};
	if (status) {
		fail(w, "reading users and inboxes", err_text(status));
		return;
	}
	struct api_options o = {.loop = w->loop,
				.store = w->store,
				.directory = w->directory,
				.media = w->media,
				.pipeline = w->pipeline,
				.channels = w->channels,
				.public_url = w->public_url,
				.key = w->data->key,
				.secure_cookies = !strncmp(w->public_url, "https:", 6),
				.upload_bytes = (size_t)w->settings->upload_bytes};
	if (api_new(&w->api, &o, &e))
		fail(w, "the API", e.text);
	else
		api_first_admin(w->api, on_first_login, w);
}

static void on_fenced(void *arg)
{
	log_error("server", "another besedad has taken over this store; this one stops");
	wire_stop(arg, 3);
}

static void on_term(void *arg)
{
	log_info("server", "stopping");
	wire_stop(arg, 0);
}

// "sqlite" and "sqlite:" mean the file in the data folder.
static char *store_url(struct wire *w)
{
	const char *url = w->settings->store_url;
	if (strcmp(url, "sqlite") && strcmp(url, "sqlite:")) return mem_strdup(url);
	struct buf b = {0};
	buf_printf(&b, "sqlite:%s/beseda.db", w->data->path);
	return buf_take(&b);
}

static char *public_url(const struct server_settings *s)
{
	struct buf b = {0};
	struct str url = str_of(s->public_url);
	while (str_ends(url, STR("/")))
		url.n--;
	if (url.n)
		buf_add(&b, url);
	else
		buf_printf(&b, "http://%s%s", *s->listen == ':' ? "127.0.0.1" : "", s->listen);
	return buf_take(&b);
}

static int open_store(struct wire *w, struct err *e)
{
	char *files = datadir_path(w->data, "files");
	w->store_url = store_url(w); // the store goes on reading it: each time it connects
	struct store_options o = {.loop = w->loop,
				  .url = w->store_url,
				  .instance = w->data->instance,
				  .stmts = STATEMENTS,
				  .n_stmts = N_STATEMENTS,
				  .migrations = STORE_MIGRATIONS,
				  .n_migrations = N_STORE_MIGRATIONS};
	int r = store_open(&w->store, &o, e);
	if (!r) r = media_open(&w->media, w->store, w->loop, files, e);
	if (!r) r = directory_new(&w->directory, w->store);
	if (!r) store_on_fenced(w->store, on_fenced, w);
	mem_free(files);
	return r;
}

static int open_channels(struct wire *w, struct err *e)
{
	uint8_t key[SECRET_KEY];
	struct pipeline_options po = {.loop = w->loop,
				      .store = w->store,
				      .directory = w->directory,
				      .media = w->media,
				      .outbox_life_ms = w->settings->outbox_life_ms};
	w->pipeline = pipeline_new(&po);
	fill_ports(w);
	int r = http_client_new(&w->client, w->loop, CLIENT_PARALLEL, e);
	if (!r && *w->settings->ca_file) r = http_client_trust(w->client, w->settings->ca_file, e);
	if (!r && secret_derive(key, w->data->key, "live"))
		r = err_set(e, E_INTERNAL, "no key for visitors could be derived");
	struct channel_options co = {.loop = w->loop,
				     .client = w->client,
				     .ports = &w->ports,
				     .allow_hosts = w->allow_hosts,
				     .public_url = w->public_url,
				     .key = {(const char *)key, sizeof key}};
	if (!r) r = channels_new(&w->channels, &co, e);
	mem_wipe(key, sizeof key);
	if (r) return r;
	int n = channels_load_folder(w->channels, w->settings->plugins_dir);
	log_info("server", "%d channel plugin%s loaded from %s", n, n == 1 ? "" : "s", w->settings->plugins_dir);
	pipeline_set_channels(w->pipeline, w->channels);
	return 0;
}

int wire_open(struct wire *w, struct err *e)
{
	w->started_ms = clock_mono_ms();
	w->loop = loop_new();
	w->public_url = public_url(w->settings);
	w->allow_hosts = server_list(w->settings->allow_hosts, &w->allow_copy);
	w->proxies = server_list(w->settings->trusted_proxies, &w->proxies_copy);
	int r = loop_signal(w->loop, SIGTERM, on_term, w);
	if (!r) r = loop_signal(w->loop, SIGINT, on_term, w);
	if (!r) r = web_open(&w->web, w->settings->web_dir, e);
	if (!r) r = open_store(w, e);
	if (!r) r = open_channels(w, e);
	if (r) return r;
	if (w->settings->watchdog_ms) loop_watchdog_start(w->loop, w->settings->watchdog_ms);
	directory_load(w->directory, on_directory, w);
	return 0;
}

// ---- stop: from the outside inwards
// ------------------------------------------------------------------------------------------

static void end_when_closed(struct wire *w)
{
	if (w->store || w->pipeline_runs) return;
	loop_timer_clear(&w->patience);
	loop_stop(w->loop);
}

static void store_closed(void *arg)
{
	struct wire *w = arg;
	w->store = NULL;
	end_when_closed(w);
}

static void close_store(struct wire *w, int64_t ms)
{
	if (w->store_closes) return;
	w->store_closes = true;
	store_close(w->store, ms, store_closed, w);
}

static void pipeline_closed(void *arg)
{
	struct wire *w = arg;
	w->pipeline_runs = false;
	close_store(w, w->settings->stop_ms);
	end_when_closed(w);
}

// The database did not answer for so long: what waits for it is given back, so that the rest can end.
static void patience_over(void *arg)
{
	struct wire *w = arg;
	log_warn("server", "stops although work waits for the database");
	pipeline_give_up(w->pipeline);
	close_store(w, 0);
}

static void channels_closed(void *arg)
{
	struct wire *w = arg;
	w->channels = NULL;
	pipeline_set_channels(w->pipeline, NULL);
	w->pipeline_runs = true;
	loop_timer_init(&w->patience, w->loop, "stop", patience_over, w);
	loop_timer_set(&w->patience, w->settings->stop_ms);
	pipeline_close(w->pipeline, pipeline_closed, w);
}

static void api_closed(void *arg)
{
	struct wire *w = arg;
	w->api = NULL;
	pipeline_stop(w->pipeline);
	channels_close(w->channels, w->settings->stop_ms, channels_closed, w);
}

static void http_closed(void *arg)
{
	struct wire *w = arg;
	w->http = NULL;
	if (w->api)
		api_close(w->api, api_closed, w);
	else
		api_closed(w);
}

void wire_stop(struct wire *w, int exit_code)
{
	if (w->is_stopping) {
		log_warn("server", "told to stop again: stopping at once");
		_exit(exit_code ? exit_code : 1);
	}
	w->is_stopping = true;
	w->is_open = false;
	w->exit_code = exit_code;
	if (w->http)
		http_server_close(w->http, w->settings->stop_ms, http_closed, w);
	else
		loop_defer(w->loop, http_closed, w);
}

void wire_free(struct wire *w)
{
	pipeline_free(&w->pipeline);
	if (w->client) http_client_free(&w->client);
	directory_free(&w->directory);
	media_close(&w->media);
	if (w->web) web_close(&w->web);
	mem_free(w->public_url);
	mem_free(w->store_url);
	mem_free(w->allow_hosts);
	mem_free(w->proxies);
	mem_free(w->allow_copy);
	mem_free(w->proxies_copy);
	if (w->loop) loop_free(&w->loop);
}
