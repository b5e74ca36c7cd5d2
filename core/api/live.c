// SPDX-License-Identifier: Apache-2.0
// Live: one follower of the feed for everybody who has caught up; each event is encoded once, and goes to whoever may
// see it.
#include "live.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include <string.h>

#define TICK_MS 1000
#define CHECK_MS (60 * 1000LL)
#define CHECKS_A_TICK 100

// ---- events ---------------------------------------------------------------------------------------------------------

bool live_may_see(const struct viewer *v, const struct feed_event *e)
{
	return event_is_visible(v->live->api, &v->access, &e->event, e->has_conversation ? &e->conversation : NULL);
}

static void free_face(void *face) { mem_unref(face); }

struct ws_frame *event_frame(struct live *l, struct feed_event *e)
{
	if (e->face) return e->face;
	buf_reset(&l->frame);
	struct json_out o = json_out_init(&l->frame);
	struct event_view view = {.event = &e->event,
				  .conversation = e->has_conversation ? &e->conversation : NULL,
				  .message = e->has_message ? &e->message : NULL,
				  .contact_name = e->contact_name,
				  .with_card = true};
	json_out_map(&o);
	json_out_key_string(&o, "type", STR("event"));
	encode_event(l->api, &o, &view);
	json_out_map_end(&o);
	e->face = ws_frame_text(buf_str(&l->frame));
	e->face_free = free_face;
	return e->face;
}

static void on_common(struct feed_event *e, void *arg);

static void follow(struct live *l)
{
	l->head = feed_head(l->api->o.pipeline);
	l->follower = feed_follow(l->api->o.pipeline, l->head, on_common, l);
}

// Calls `with` for every socket that is open.
static void each_socket(struct live *l, void (*with)(struct socket *s, void *arg), void *arg)
{
	uint64_t user;
	void *v;
	for (size_t at = 0; map_next(l->viewers, &at, &user, &v);) {
		list_each (it, &((struct viewer *)v)->sockets) {
			struct socket *s = list_entry(it, struct socket, at);
			if (s->ws && !s->is_ending) with(s, arg);
		}
	}
}

static void give(struct socket *s, void *arg)
{
	if (s->has_caught_up) socket_event(s, arg);
}

static void reset_common(struct socket *s, void *arg)
{
	if (s->has_caught_up) socket_reset(s);
}

static void on_common(struct feed_event *e, void *arg)
{
	struct live *l = arg;
	live_refresh(l);
	if (!e) {
		each_socket(l, reset_common, NULL);
		follow(l);
		return;
	}
	l->head = e->event.seq;
	each_socket(l, give, e);
}

// ---- who may see what -----------------------------------------------------------------------------------------------

static bool is_same(const struct access *a, const struct access *b)
{
	return a->user == b->user && a->sees_all == b->sees_all && a->n_queues == b->n_queues &&
	       !memcmp(a->queues, b->queues, a->n_queues * sizeof *a->queues);
}

static void each_of_viewer(struct viewer *v, void (*with)(struct socket *s))
{
	list_each (it, &v->sockets) {
		struct socket *s = list_entry(it, struct socket, at);
		if (s->ws && !s->is_ending) with(s);
	}
}

void live_refresh(struct live *l)
{
	struct directory *d = l->api->o.directory;
	uint64_t user;
	void *found;
	if (directory_version(d) == l->version) return;
	l->version = directory_version(d);
	for (size_t at = 0; map_next(l->viewers, &at, &user, &found);) {
		struct viewer *v = found;
		struct access now;
		if (!directory_access(d, user, &now)) {
			each_of_viewer(v, socket_sign_out);
		} else if (!is_same(&now, &v->access)) {
			v->access = now;
			each_of_viewer(v, socket_reset);
		}
	}
}

// ---- signals --------------------------------------------------------------------------------------------------------

static struct ws_frame *signal_frame(const struct feed_signal *s)
{
	struct buf b = {0};
	struct json_out o = json_out_init(&b);
	json_out_map(&o);
	json_out_key_string(&o, "type", STR("signal"));
	json_out_key_string(&o, "kind", s->kind);
	json_out_key_id(&o, "conversation", s->conversation);
	json_out_key(&o, "by");
	json_out_map(&o);
	json_out_key_string(&o, "kind", str_of(actor_kind_name(s->by.kind)));
	json_out_key_id(&o, "id", s->by.id);
	json_out_map_end(&o);
	json_out_map_end(&o);
	struct ws_frame *f = ws_frame_text(buf_str(&b));
	buf_fini(&b);
	return f;
}

struct signalling {
	const struct feed_signal *signal;
	struct ws_frame *frame;
};

static void give_signal(struct socket *s, void *arg)
{
	const struct signalling *g = arg;
	bool is_own = g->signal->by.kind == ACTOR_USER && g->signal->by.id == s->viewer->user;
	if (!is_own && access_may_see(&s->viewer->access, &g->signal->access)) ws_send(s->ws, g->frame);
}

static void on_signal(const struct feed_signal *s, void *arg)
{
	struct live *l = arg;
	if (!l->n_sockets) return;
	live_refresh(l);
	struct signalling g = {s, signal_frame(s)};
	each_socket(l, give_signal, &g);
	mem_unref(g.frame);
}

// ---- every second ---------------------------------------------------------------------------------------------------

static void give_trouble(struct socket *s, void *arg) { socket_tell_trouble(s); }

static void check_some(struct socket *s, void *arg)
{
	int *left = arg;
	int64_t now = clock_mono_ms();
	if (now < s->check_at_ms || !*left) return;
	s->check_at_ms = now + CHECK_MS;
	--*left;
	socket_check(s);
}

// True: it is another one than before.
static bool note_trouble(struct live *l)
{
	const char *trouble = store_trouble(l->api->o.store);
	if (!strcmp(trouble, l->trouble)) return false;
	mem_free(l->trouble);
	l->trouble = mem_strdup(trouble);
	return true;
}

static void on_tick(void *arg)
{
	struct live *l = arg;
	int left = CHECKS_A_TICK;
	live_refresh(l);
	if (note_trouble(l)) each_socket(l, give_trouble, NULL);
	each_socket(l, check_some, &left);
	if (l->n_sockets) loop_timer_set(&l->tick, TICK_MS);
}

// ---- settling -------------------------------------------------------------------------------------------------------

static void settle_viewer(struct viewer *v)
{
	list_each (it, &v->sockets) {
		struct socket *s = list_entry(it, struct socket, at);
		if (s->own && (s->has_caught_up || s->is_ending || !s->ws)) feed_unfollow(&s->own);
		if (!socket_is_over(s)) continue;
		list_remove(&s->at);
		v->n_sockets--;
		v->live->n_sockets--;
		mem_free(s);
	}
}

static void settle(void *arg)
{
	struct live *l = arg;
	uint64_t user;
	void *found;
	l->is_settling = false;
	for (size_t at = 0; map_next(l->viewers, &at, &user, &found);) {
		struct viewer *v = found;
		settle_viewer(v);
		if (v->n_sockets) continue;
		map_remove(l->viewers, user);
		act_presence(l->api->o.pipeline, user, false);
		mem_free(v);
	}
	if (l->n_sockets) return;
	feed_unfollow(&l->follower);
	loop_timer_clear(&l->tick);
	if (l->is_closing && l->closed) {
		loop_cb closed = l->closed;
		l->closed = NULL;
		closed(l->closed_arg);
	}
}

void live_settle_later(struct live *l)
{
	if (l->is_settling) return;
	l->is_settling = true;
	loop_defer(l->api->o.loop, settle, l);
}

// ---- from the room --------------------------------------------------------------------------------------------------

void live_begin(struct live *l)
{
	if (!l->follower) {
		follow(l);
		note_trouble(l);
	}
	if (!loop_timer_is_set(&l->tick)) loop_timer_set(&l->tick, TICK_MS);
}

struct ending {
	const uint8_t *hash, *but;
	uint64_t user;
};

static void end_matching(struct socket *s, void *arg)
{
	const struct ending *e = arg;
	if (e->hash && memcmp(s->hash, e->hash, TOKEN_HASH)) return;
	if (e->user && s->viewer->user != e->user) return;
	if (e->but && !memcmp(s->hash, e->but, TOKEN_HASH)) return;
	socket_sign_out(s);
}

void live_end_session(struct live *l, const uint8_t hash[TOKEN_HASH])
{
	each_socket(l, end_matching, &(struct ending){.hash = hash});
}

void live_end_user(struct live *l, uint64_t user, const uint8_t *but)
{
	each_socket(l, end_matching, &(struct ending){.user = user, .but = but});
}

size_t live_sockets(const struct live *l) { return l->n_sockets; }

struct live *sockets_new(struct api *a)
{
	struct live *l = mem_new(struct live);
	l->api = a;
	l->viewers = map_new();
	l->trouble = mem_strdup("");
	l->version = directory_version(a->o.directory);
	loop_timer_init(&l->tick, a->o.loop, "live tick", on_tick, l);
	feed_on_signal(a->o.pipeline, on_signal, l);
	return l;
}

static void say_goodbye(struct socket *s, void *arg)
{
	s->is_ending = true;
	ws_close(s->ws, 1001, "the server is closing");
}

void live_close(struct live *l, loop_cb done, void *arg)
{
	l->is_closing = true;
	l->closed = done;
	l->closed_arg = arg;
	feed_on_signal(l->api->o.pipeline, NULL, NULL);
	each_socket(l, say_goodbye, NULL);
	live_settle_later(l);
}

void sockets_free(struct live **l)
{
	if (!*l) return;
	map_free(&(*l)->viewers);
	mem_free((*l)->trouble);
	buf_fini(&(*l)->frame);
	mem_free(*l);
	*l = NULL;
}
