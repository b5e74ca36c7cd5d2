// SPDX-License-Identifier: Apache-2.0
// A file as the body of a response: read in slabs beside the loop, the next one when the socket has taken the last.
#include "conn.h"
#include "base/log.h"
#include <unistd.h>

#define SLAB ((size_t)128 << 10)

struct conn_file {
	uv_fs_t req;
	struct conn *conn; // NULL: the connection is gone while a read is under way
	struct conn_piece *slab;
	int fd;
	uint64_t at, left;
	bool is_reading, has_failed;
};

struct conn_piece *conn_piece_file(int fd, uint64_t from, uint64_t n)
{
	struct conn_piece *p = conn_piece_new(0);
	p->file = mem_new(struct conn_file);
	*p->file = (struct conn_file){.fd = fd, .at = from, .left = n};
	return p;
}

void conn_file_free(struct conn_file **fp)
{
	struct conn_file *f = *fp;
	*fp = NULL;
	f->conn = NULL;
	if (f->is_reading) return; // its callback comes back here
	close(f->fd);
	mem_free(f);
}

// The slab goes before the file, which stands at the queue's head.
static void put_first(struct conn *c, struct conn_piece *slab)
{
	slab->next = c->first;
	c->first = slab;
	c->queued += slab->n;
}

static void on_slab(uv_fs_t *req)
{
	struct conn_file *f = container_of(req, struct conn_file, req);
	struct conn *c = f->conn;
	ssize_t n = req->result;
	uv_fs_req_cleanup(req);
	f->is_reading = false;
	if (!c || n <= 0) conn_piece_free(f->slab);
	if (!c) {
		conn_file_free(&f);
		return;
	}
	int64_t entered = loop_enter(c->group->loop);
	if (n > 0) {
		f->slab->n = (size_t)n;
		f->at += (uint64_t)n;
		f->left -= (uint64_t)n;
		put_first(c, f->slab);
	} else {
		log_warn("http", "a file could not be sent whole: %s",
			 n ? uv_strerror((int)n) : "it is shorter than it was");
		f->has_failed = true;
	}
	conn_write_on(c);
	loop_leave(c->group->loop, "file read", entered);
}

enum conn_file_state conn_file_step(struct conn *c, struct conn_piece *p)
{
	struct conn_file *f = p->file;
	if (f->has_failed) return CONN_FILE_FAILED;
	if (f->is_reading) return CONN_FILE_READING;
	if (!f->left) return CONN_FILE_DONE;
	size_t n = f->left < SLAB ? (size_t)f->left : SLAB;
	f->conn = c;
	f->slab = conn_piece_new(n);
	f->is_reading = true;
	uv_buf_t buf = uv_buf_init(f->slab->p, (unsigned)n);
	if (!uv_fs_read(loop_uv(c->group->loop), &f->req, f->fd, &buf, 1, (int64_t)f->at, on_slab))
		return CONN_FILE_READING;
	f->is_reading = false;
	conn_piece_free(f->slab);
	return CONN_FILE_FAILED;
}
