// SPDX-License-Identifier: Apache-2.0
// What the files of the HTTP server share: server, connection, exchange.
#pragma once
#include "conn.h"
#include "http_parser.h"
#include "net/http_server.h"

struct http_server {
	struct conn_group group;
	struct http_limits limits;
	struct http_handler handler;
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} listener;
	bool is_unix, is_listening, is_closing;
	int port;
	const char *const *proxies;
	struct list spare; // exchanges to be used again
	size_t n_spare;
	char date[32];
	int64_t date_until_ms; // of loop_now_ms
	uint64_t connections_total, requests_total, refused_total, ws_open;
	int64_t accept_logged_ms;
	struct loop_timer close_timer;
	loop_cb done;
	void *done_arg;
};

// The HTTP state of a connection; freed when a WebSocket takes it.
struct http_conn {
	struct conn *conn;
	struct http_server *server;
	struct http_parser parser;
	struct list exchanges; // in the order of the requests, answered ones behind others included
	size_t n_exchanges;
	struct http_exchange *receiving; // the one whose body is arriving
	struct http_exchange *upgrading; // asked for a WebSocket: what follows may not be HTTP
	struct buf rest;                 // arrived, not yet parsed
	char peer[64];
	bool is_parsing, is_paused, is_taken;
	bool is_last;     // no further request is read
	bool is_deaf;     // nothing is read any more, not even the rest of a body
	bool has_surplus; // bytes came that nobody read
	bool head_is_timed, is_lingering;
};

struct http_exchange {
	struct list at;             // among the connection's, or the spare ones
	struct http_server *server; // mem_ref
	struct http_conn *conn;     // NULL: the client is gone, or the response is on its way
	struct arena *arena;
	struct http_request request;
	struct http_body_plan plan;
	struct buf body;
	size_t body_n, body_max;
	void *data;
	void (*gone_cb)(struct http_exchange *x, void *arg);
	void *gone_arg;
	struct buf headers; // of the response
	struct conn_piece *out, *out_file;
	int holds;
	bool is_old, is_head_method, awaits_body, wants_continue, is_answered, is_gone;
};

extern const struct conn_ops http_conn_ops;
extern const struct http_parser_events http_receive_events;

// http_conn.c
void http_conn_new(struct http_server *s, struct conn *c);
// Refuses what is being received (or the bytes that are no request) and lets the connection end after that.
void http_conn_refuse(struct http_conn *h, int status);
// Hands the connection over: the HTTP state goes, bytes that were read too far are left in *early.
struct conn *http_conn_take(struct http_exchange *x, struct buf *early);

// http_exchange.c
struct http_exchange *http_exchange_new(struct http_conn *h);
// The connection is done with it: answered, or gone (then the handler is told).
void http_exchange_drop(struct http_exchange *x, bool is_gone);
void http_server_free_spare(struct http_server *s);

// http_respond.c
// The server's own answer.
void http_respond_status(struct http_exchange *x, int status);
const char *http_reason(int status);

// http_target.c: path and query of a request's target; 0 or the status to refuse with.
int http_target_read(struct arena *a, struct str target, struct http_request *r);

// http_peer.c
void http_peer_text(struct conn *c, bool is_unix, char text_r[64]);
// Who asks, behind the trusted proxies.
void http_peer_read(const struct http_conn *h, struct http_request *r);

// http_listen.c: also when it fails, the listener is a handle to be closed.
MUST_USE int http_listen(struct http_server *s, const char *address, uv_connection_cb cb, struct err *e);
