// SPDX-License-Identifier: Apache-2.0
// One accepted connection as a stream: what is read goes to its owner, what is written is queued, gathered and bounded.
// It knows neither HTTP nor WebSocket.
#pragma once
#include "base/list.h"
#include "base/str.h"
#include "loop/uv.h"

struct conn;

// What the owner of a connection is told. None of these is called from inside conn_queue or conn_close.
struct conn_ops {
	const char *name;
	void (*read)(struct conn *c, char *p, size_t n); // p may be written to
	void (*ended)(struct conn *c);   // the other side is gone or takes nothing: give up what waits for it
	void (*tick)(struct conn *c);    // a turn after conn_touch, before what is queued gets written
	void (*drained)(struct conn *c); // everything queued has been written
	void (*leave)(struct conn *c);   // the server closes: end soon
	void (*closed)(struct conn *c);  // the last call; the conn is freed after it
};

// Connections that share a loop, limits and counters.
struct conn_group {
	struct loop *loop;
	struct list conns;
	size_t n;
	struct list touched;
	bool flush_is_planned;
	int64_t write_ms;
	uint64_t bytes_in, bytes_out, dropped_slow;
	void (*emptied)(struct conn_group *g); // may be NULL: the last connection is gone
};
void conn_group_init(struct conn_group *g, struct loop *l, int64_t write_ms);

struct conn_piece;
struct conn_write;

struct conn {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} uv;
	struct conn_group *group;
	struct list at, touched;
	const struct conn_ops *ops;
	void *owner;
	struct loop_timer timer; // the owner's; set by conn_set_timer
	struct conn_piece *first, *last;
	struct conn_write *writing; // handed to libuv because the socket was full
	size_t queued;              // bytes, those in `writing` included
	bool is_reading, is_closing, has_ended;
};

// Takes a connection of `listener`; NULL when there was none. Nothing is read before conn_read_start.
struct conn *conn_accept(struct conn_group *g, uv_stream_t *listener);
void conn_set_owner(struct conn *c, const struct conn_ops *ops, void *owner);
// Nothing on a connection that closes: it is freed with its timer.
void conn_set_timer(struct conn *c, int64_t ms);
void conn_read_start(struct conn *c);
void conn_read_stop(struct conn *c);
// What is queued is dropped. `closed` follows.
void conn_close(struct conn *c);
// Says to the other side that nothing more will come.
void conn_shut_down(struct conn *c);

// A piece with room for n bytes at ->p; set ->n yourself.
struct conn_piece {
	struct conn_piece *next;
	char *p;
	size_t n;
	void *shared;           // the object (mem_ref) that holds the bytes; NULL: they follow the piece itself
	struct conn_file *file; // set: no bytes but a file to send
};
struct conn_piece *conn_piece_new(size_t room);
struct conn_piece *conn_piece_shared(const char *p, size_t n, void *object);
// n bytes of the file from `from` on, read beside the loop while they are sent. Closes fd.
struct conn_piece *conn_piece_file(int fd, uint64_t from, uint64_t n);
void conn_piece_free(struct conn_piece *p);

// The piece becomes the connection's; it is written at the end of this turn or by conn_flush.
void conn_queue(struct conn *c, struct conn_piece *p);
// Plans a `tick` and a flush for the end of this turn.
void conn_touch(struct conn *c);
// Does so now.
void conn_flush(struct conn *c);
// Forgets queued pieces that the socket has seen nothing of.
void conn_unqueue(struct conn *c);

// For conn.c and conn_file.c only.
enum conn_file_state { CONN_FILE_READING, CONN_FILE_DONE, CONN_FILE_FAILED };
// Reads the next bytes of the file at the queue's head; they will be put before it.
enum conn_file_state conn_file_step(struct conn *c, struct conn_piece *p);
void conn_file_free(struct conn_file **f);
// Writes what is queued; called again by those who wait for a socket or a file.
void conn_write_on(struct conn *c);
void conn_fail(struct conn *c);
