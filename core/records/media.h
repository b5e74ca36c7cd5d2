// SPDX-License-Identifier: Apache-2.0
// Media: files as the rest of the server sees them. Bytes lie in the blobs, a row says whose they are.
#pragma once
#include "records/rows.h"
#include "store/blob.h"

struct media;

MUST_USE int media_open(struct media **m_r, struct store *s, struct loop *l, const char *folder, struct err *e);
void media_close(struct media **m);

// A new file from pieces. `owner` says who may put it in a message ("user:7", "inbox:5:thread"); a file that no message
// uses within 24 h is removed. Name and type are the sender's claim: cleaned here (no path, no controls, a plain type
// or application/octet-stream).
struct media_put;
struct media_put *media_put_open(struct media *m, uint64_t inbox, struct str owner, struct str name, struct str mime,
				 size_t max_bytes);
MUST_USE int media_put_piece(struct media_put *p, struct str piece, bool *full_r);
void media_put_on_drained(struct media_put *p, loop_cb cb, void *arg);
// status 0: bytes and row are durable.
typedef void (*media_put_cb)(int status, const struct file_row *f, const struct err *why, void *arg);
void media_put_commit(struct media_put *p, media_put_cb cb, void *arg);
void media_put_abort(struct media_put *p);

// The row and its bytes. status E_MISSING; fd is the callback's.
typedef void (*media_get_cb)(int status, const struct file_row *f, int fd, void *arg);
void media_get(struct media *m, uint64_t file, media_get_cb cb, void *arg);

// Rows past their time, then blobs that no row names (mechanics: a sweep, 24 h).
void media_sweep(struct media *m, int64_t now_ms);

// May a browser show it inside the page? Only raster pictures whose bytes cannot run anything.
bool media_is_safe_inline(struct str mime);
