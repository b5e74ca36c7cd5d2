// SPDX-License-Identifier: Apache-2.0
// Blobs: bytes kept by their SHA-256 in a folder; written beside the loop, durable before the name is given.
#pragma once
#include "base/str.h"
#include "loop/loop.h"

struct blobs;
struct blob_put;

#define BLOB_NAME_LEN 64 // lower-case hex of SHA-256

// Makes the folder and its marker file when they are missing; blocking, start-up only.
MUST_USE int blobs_open(struct blobs **b_r, struct loop *l, const char *folder, struct err *e);
void blobs_close(struct blobs **b);

// Writing: tmp/ → hash while writing → fsync → rename to ab/cd… → fsync the folder → done.
struct blob_put *blob_put_open(struct blobs *b, size_t max_bytes);
// Copies the piece. E_TOO_LARGE past max_bytes. True in *full_r: wait for `drained` before the next piece.
MUST_USE int blob_put_piece(struct blob_put *p, struct str piece, bool *full_r);
void blob_put_on_drained(struct blob_put *p, loop_cb cb, void *arg);
// status 0: the bytes are durable under `name`.
typedef void (*blob_put_cb)(int status, const char *name, uint64_t size, const struct err *why, void *arg);
void blob_put_commit(struct blob_put *p, blob_put_cb cb, void *arg);
void blob_put_abort(struct blob_put *p);

// Opens for reading, beside the loop. fd is the callback's; -1 with E_MISSING.
typedef void (*blob_get_cb)(int status, int fd, uint64_t size, void *arg);
void blob_get(struct blobs *b, struct str name, blob_get_cb cb, void *arg);

// Removes files older than age_ms of which is_used says no. Runs beside the loop, asks on the loop in portions of 500
// names: `ask` answers by calling blob_sweep_go with the ones in use.
struct blob_sweep;
typedef void (*blob_ask_cb)(struct blob_sweep *sw, const struct str *names, size_t n, void *arg);
void blob_sweep(struct blobs *b, int64_t age_ms, blob_ask_cb ask, void *arg, loop_cb done);
void blob_sweep_go(struct blob_sweep *sw, const struct str *used, size_t n);
