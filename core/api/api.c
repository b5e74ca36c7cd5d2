// SPDX-License-Identifier: Apache-2.0
// The room's life: made, asked, closed.
#include "inside.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/url.h"
#include <string.h>

#define UPLOAD_BYTES ((size_t)50 << 20)
#define HOUR_MS (3600 * 1000LL)
#define PATIENCE_MS 2000

static void on_hour(void *arg)
{
	struct api *a = arg;
	session_prune(a);
	loop_timer_set(&a->hourly, HOUR_MS);
}

// "https://desk.example/" → without the slash, and as a browser names it in Origin.
static int take_url(struct api *a, const char *public_url, struct err *e)
{
	struct arena *arena = arena_new(0);
	struct url url;
	int rc = url_parse(arena, str_of(public_url), &url, e);
	if (!rc) {
		struct str text = str_of(public_url);
		while (text.n && text.p[text.n - 1] == '/')
			text.n--;
		struct str origin = url_origin(arena, &url);
		a->public_url = mem_strndup(text.p, text.n);
		a->origin = mem_strndup(origin.p, origin.n);
	}
	arena_free(&arena);
	return rc;
}

static void destroy(struct api *a)
{
	uint64_t id;
	void *health;
	for (size_t at = 0; a->inbox_states && map_next(a->inbox_states, &at, &id, &health);)
		mem_free(health);
	map_free(&a->inbox_states);
	sockets_free(&a->live);
	throttle_free(&a->throttle);
	hashing_free(&a->hashing);
	mem_wipe(a->inbox_key, sizeof a->inbox_key);
	mem_free(a->public_url);
	mem_free(a->origin);
	mem_free(a);
}

int api_new(struct api **a_r, const struct api_options *o, struct err *e)
{
	struct api *a = mem_new(struct api);
	a->o = *o;
	if (!a->o.upload_bytes) a->o.upload_bytes = UPLOAD_BYTES;
	int rc = take_url(a, o->public_url, e);
	if (!rc) rc = secret_derive(a->inbox_key, o->key, "inbox secrets");
	if (rc) {
		destroy(a);
		return rc;
	}
	a->o.key = NULL;
	a->o.public_url = a->public_url;
	a->handler = (struct http_handler){.head = router_head, .request = router_request, .arg = a};
	a->inbox_states = map_new();
	a->throttle = throttle_new();
	a->hashing = hashing_new(a);
	a->live = sockets_new(a);
	list_init(&a->gate);
	loop_timer_init(&a->hourly, o->loop, "api hourly", on_hour, a);
	loop_timer_set(&a->hourly, HOUR_MS);
	*a_r = a;
	return 0;
}

const struct http_handler *api_handler(struct api *a) { return &a->handler; }

static void tell_closed(void *arg)
{
	struct api *a = arg;
	a->is_told = true;
	loop_timer_clear(&a->patience);
	a->closed(a->closed_arg);
	api_leave(a);
}

void api_enter(struct api *a) { a->n_calls++; }

void api_leave(struct api *a)
{
	if (--a->n_calls || !a->is_closing || !a->live_is_closed) return;
	if (a->is_told) {
		destroy(a);
		return;
	}
	api_enter(a); // nothing else begins
	loop_defer(a->o.loop, tell_closed, a);
}

// What still runs waits for a database that is away: it gets its answer when the store is closed, and frees.
static void on_impatient(void *arg)
{
	struct api *a = arg;
	if (!a->live_is_closed) return;
	log_warn("api", "closes while %zu requests wait for the database", a->n_calls);
	api_enter(a);
	tell_closed(a);
}

static void on_live_closed(void *arg)
{
	struct api *a = arg;
	a->live_is_closed = true;
	api_leave(a);
}

void api_close(struct api *a, loop_cb done, void *arg)
{
	a->is_closing = true;
	a->closed = done;
	a->closed_arg = arg;
	loop_timer_clear(&a->hourly);
	loop_timer_init(&a->patience, a->o.loop, "api patience", on_impatient, a);
	loop_timer_set(&a->patience, PATIENCE_MS);
	api_enter(a); // for the sockets
	live_close(a->live, on_live_closed, a);
}

void api_stats(const struct api *a, struct api_stats *r)
{
	*r = a->stats;
	r->live_sockets = live_sockets(a->live);
}
