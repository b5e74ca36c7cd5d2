// SPDX-License-Identifier: Apache-2.0
// /healthz and /metrics: for machines on this machine only.
#include "base/clock.h"
#include "base/json.h"
#include "pipeline/feed.h"
#include "server/wire.h"
#include <string.h>

// From this machine, and not handed on by a proxy for somebody else.
static bool is_local(const struct http_request *r)
{
	bool is_loopback = !strncmp(r->peer, "127.", 4) || !strcmp(r->peer, "::1") || !*r->peer;
	return is_loopback && !http_request_header(r, "X-Forwarded-For").p;
}

static bool may_ask(struct http_exchange *x)
{
	const struct http_request *r = http_request(x);
	if (!is_local(r))
		http_respond(x, 404, "text/plain", STR("not found\n"));
	else if (!str_is(r->method, "GET") && !str_is(r->method, "HEAD"))
		http_respond(x, 405, "text/plain", STR("GET only\n"));
	else
		return true;
	return false;
}

void health_answer(struct http_exchange *x, void *arg)
{
	struct wire *w = arg;
	if (!may_ask(x)) return;
	const char *trouble = store_trouble(w->store);
	bool is_well = w->is_open && !*trouble;
	struct buf b = {0};
	struct json_out o = json_out_init(&b);
	json_out_map(&o);
	json_out_key_string(&o, "status", is_well ? STR("ok") : STR("trouble"));
	json_out_key_string(&o, "trouble", str_of(w->is_open ? trouble : "starting"));
	json_out_key_int(&o, "up_ms", clock_mono_ms() - w->started_ms);
	json_out_key_int(&o, "seq", feed_head(w->pipeline));
	json_out_map_end(&o);
	buf_add_char(&b, '\n');
	http_respond(x, is_well ? 200 : 503, "application/json", buf_str(&b));
	buf_fini(&b);
}

static void number(struct buf *b, const char *name, const char *kind, const char *help, uint64_t v)
{
	buf_printf(b, "# HELP beseda_%s %s\n# TYPE beseda_%s %s\nbeseda_%s %llu\n", name, help, name, kind, name,
		   (unsigned long long)v);
}

static void store_numbers(struct buf *b, struct store *store)
{
	struct store_stats s;
	store_stats(store, &s);
	number(b, "store_up", "gauge", "1 when the database answers", store_is_up(store));
	number(b, "store_batches_total", "counter", "transactions committed", s.batches);
	number(b, "store_units_total", "counter", "units committed", s.units);
	number(b, "store_rows_total", "counter", "rows written", s.rows);
	number(b, "store_conflicts_total", "counter", "units given back for a guard", s.conflicts);
	number(b, "store_parked_total", "counter", "units that the database refused", s.poisoned);
	number(b, "store_retries_total", "counter", "batches tried again", s.retries);
	number(b, "store_reads_total", "counter", "reads", s.reads);
	number(b, "store_waiting", "gauge", "units waiting for a batch", s.waiting);
	number(b, "store_batch_nanoseconds_total", "counter", "time inside transactions", s.batch_ns_total);
}

static void river_numbers(struct buf *b, struct pipeline *p)
{
	struct pipeline_stats s;
	pipeline_stats(p, &s);
	number(b, "messages_in_total", "counter", "messages taken in", s.messages_in);
	number(b, "duplicates_total", "counter", "events that were here before", s.duplicates);
	number(b, "parked_total", "counter", "what channels brought and could not be kept as what it is", s.parked);
	number(b, "messages_out_total", "counter", "messages and notes written by people", s.messages_out);
	number(b, "events_total", "counter", "events published", s.events);
	number(b, "outbox_waiting", "gauge", "messages waiting to leave", s.outbox_waiting);
	number(b, "outbox_sent_total", "counter", "messages accepted by their provider", s.outbox_sent);
	number(b, "outbox_failed_total", "counter", "messages that failed", s.outbox_failed);
	number(b, "outbox_unknown_total", "counter", "messages of which nobody knows", s.outbox_unknown);
}

static void face_numbers(struct buf *b, struct wire *w)
{
	struct http_stats h;
	struct channel_stats c;
	struct api_stats a;
	http_server_stats(w->http, &h);
	channels_stats(w->channels, &c);
	api_stats(w->api, &a);
	number(b, "http_connections", "gauge", "connections open", h.connections_open);
	number(b, "http_requests_total", "counter", "requests", h.requests_total);
	number(b, "http_refused_total", "counter", "requests refused for their form", h.refused_total);
	number(b, "http_dropped_slow_total", "counter", "readers dropped for being slow", h.dropped_slow_total);
	number(b, "http_websockets", "gauge", "WebSockets open", h.ws_open);
	number(b, "channel_ops_total", "counter", "ops given to plugins", c.ops);
	number(b, "channel_ops_running", "gauge", "ops under way", c.ops_running);
	number(b, "channel_hooks_total", "counter", "webhook requests", c.hooks);
	number(b, "channel_hooks_refused_total", "counter", "webhook requests refused", c.hooks_refused);
	number(b, "live_visitors", "gauge", "visitors connected", c.live_sockets + c.live_polls);
	number(b, "api_requests_total", "counter", "requests of the agent page", a.requests);
	number(b, "api_sockets", "gauge", "agents connected", a.live_sockets);
	number(b, "logins_refused_total", "counter", "sign-ins refused", a.logins_refused);
}

void metrics_answer(struct http_exchange *x, void *arg)
{
	struct wire *w = arg;
	if (!may_ask(x)) return;
	struct buf b = {0};
	store_numbers(&b, w->store);
	river_numbers(&b, w->pipeline);
	face_numbers(&b, w);
	http_respond(x, 200, "text/plain; version=0.0.4", buf_str(&b));
	buf_fini(&b);
}
