// SPDX-License-Identifier: Apache-2.0
// The live sockets from the inside: viewers (users who look on), their sockets, and the one follower that serves them
// all.
#pragma once
#include "inside.h"
#include "net/ws.h"
#include "pipeline/feed.h"

#define SOCKETS_OF_USER 64

struct live {
	struct api *api;
	struct map *viewers; // user → struct viewer
	size_t n_sockets;
	struct feed_follower *follower; // NULL while nobody looks on
	int64_t head;                   // the last seq it gave
	uint64_t version;               // of the directory that the accesses were made of
	char *trouble;                  // as it was told last
	struct loop_timer tick;
	struct buf frame; // the event that is being encoded; its memory is kept
	bool is_settling, is_closing;
	loop_cb closed;
	void *closed_arg;
};

struct viewer {
	struct live *live;
	uint64_t user;
	struct access access;
	struct list sockets;
	size_t n_sockets;
};

struct socket {
	struct list at;
	struct viewer *viewer;
	struct ws *ws;             // NULL: closed
	struct feed_follower *own; // while it catches up, and until it is settled
	int64_t seq;               // it has had everything up to here
	uint8_t hash[TOKEN_HASH];  // of its session
	int64_t check_at_ms, typing_at_ms;
	size_t n_reads; // that come back to it
	bool has_caught_up, is_ending;
};

// live.c
// What needs no hurry, and must not happen under somebody's feet: done at the end of the turn.
void live_settle_later(struct live *l);
// Does this user's access show the event?
bool live_may_see(const struct viewer *v, const struct feed_event *e);
// The event as everybody gets it: made once.
struct ws_frame *event_frame(struct live *l, struct feed_event *e);
// Makes the accesses anew when the directory moved; who sees other things now is told to load everything anew.
void live_refresh(struct live *l);
// Somebody comes: follows the feed from now on.
void live_begin(struct live *l);

// live_socket.c
void socket_tell_trouble(struct socket *s);
void socket_event(struct socket *s, struct feed_event *e);
void socket_reset(struct socket *s);
void socket_sign_out(struct socket *s);
// Looks whether its session still stands.
void socket_check(struct socket *s);
// True: nothing will come back to it, it may be freed.
bool socket_is_over(const struct socket *s);
