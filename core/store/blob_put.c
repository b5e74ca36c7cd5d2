// SPDX-License-Identifier: Apache-2.0
// Writing a blob: pieces are hashed and written beside the loop, one portion at a time.
#include "base/clock.h"
#include "blob_inside.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

// Bytes waiting to be written.
#define FULL_ABOVE ((size_t)1 << 20)
#define DRAINED_BELOW ((size_t)256 << 10)

struct blob_put {
	struct blobs *blobs;
	size_t max_bytes;
	uint64_t size;
	struct buf waiting;
	bool is_full, is_working, is_aborted, is_committing;
	loop_cb drained;
	void *drained_arg;
	blob_put_cb cb;
	void *arg;

	// The worker's, while is_working.
	struct buf writing;
	bool is_last;
	int fd;
	char tmp[64];
	EVP_MD_CTX *hash;
	char name[BLOB_NAME_LEN + 1];
	int status;
	struct err why;
};

static void work(struct blob_put *p);

struct blob_put *blob_put_open(struct blobs *b, size_t max_bytes)
{
	struct blob_put *p = mem_new(struct blob_put);
	*p = (struct blob_put){.blobs = b, .max_bytes = max_bytes, .fd = -1};
	snprintf(p->tmp, sizeof p->tmp, "%ld-%" PRIx64 "-%" PRIu64, (long)getpid(), (uint64_t)clock_mono_ns(),
		 b->n_tmp++);
	blobs_enter(b);
	return p;
}

static void put_free(struct blob_put *p)
{
	struct blobs *b = p->blobs;
	EVP_MD_CTX_free(p->hash);
	buf_fini(&p->waiting);
	buf_fini(&p->writing);
	mem_free(p);
	blobs_leave(b);
}

// Beside the loop.

static int fail(struct blob_put *p, const char *what)
{
	p->status = err_set(&p->why, E_IO, "cannot %s a blob: %s", what, strerror(errno));
	return p->status;
}

static int begin(struct blob_put *p)
{
	p->fd = openat(p->blobs->tmp, p->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (p->fd < 0) return fail(p, "create");
	flock(p->fd, LOCK_EX | LOCK_NB); // tells another server's cleaning that it is alive
	p->hash = EVP_MD_CTX_new();
	if (!p->hash || !EVP_DigestInit_ex(p->hash, EVP_sha256(), NULL)) return fail(p, "hash");
	return 0;
}

static int write_all(struct blob_put *p)
{
	if (p->fd < 0 && begin(p)) return p->status;
	EVP_DigestUpdate(p->hash, p->writing.p, p->writing.n);
	for (size_t at = 0; at < p->writing.n;) {
		ssize_t n = write(p->fd, p->writing.p + at, p->writing.n - at);
		if (n < 0 && errno != EINTR) return fail(p, "write");
		if (n > 0) at += (size_t)n;
	}
	return 0;
}

static void name_it(struct blob_put *p)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	EVP_DigestFinal_ex(p->hash, sum, NULL);
	for (int i = 0; i < BLOB_NAME_LEN / 2; i++)
		snprintf(p->name + 2 * i, 3, "%02x", sum[i]);
}

static int sync_folder(struct blobs *b, const char *path)
{
	int fd = openat(b->folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) return -1;
	int failed = fsync(fd);
	close(fd);
	return failed;
}

// Also when the same bytes stand there already: the new file is young, so that no sweep takes it before its row is
// committed.
static int move_to_place(struct blob_put *p)
{
	struct blobs *b = p->blobs;
	char place[BLOB_PLACE_LEN + 1], folder[3] = {p->name[0], p->name[1]};
	if (blob_place((struct str){p->name, BLOB_NAME_LEN}, place)) return fail(p, "name");
	if (mkdirat(b->folder, folder, 0700) == 0) {
		if (fsync(b->folder)) return fail(p, "keep");
	} else if (errno != EEXIST) {
		return fail(p, "place");
	}
	pthread_mutex_lock(&b->places);
	int failed = renameat(b->tmp, p->tmp, b->folder, place);
	pthread_mutex_unlock(&b->places);
	if (failed) return fail(p, "place");
	return sync_folder(b, folder) ? fail(p, "keep") : 0;
}

static int finish(struct blob_put *p)
{
	int64_t now = clock_now_ms(); // the sweep goes by the same clock
	struct timespec t = {.tv_sec = now / 1000, .tv_nsec = now % 1000 * 1000000};
	name_it(p);
	if (futimens(p->fd, (struct timespec[]){t, t}) || fsync(p->fd)) return fail(p, "keep");
	return move_to_place(p);
}

static void drop_file(struct blob_put *p)
{
	if (p->fd < 0) return;
	close(p->fd);
	p->fd = -1;
	unlinkat(p->blobs->tmp, p->tmp, 0);
}

static void do_write(void *arg)
{
	struct blob_put *p = arg;
	if (!p->status) write_all(p);
	if (!p->status && p->is_last) finish(p);
}

static void do_drop(void *arg) { drop_file(arg); }

// On the loop.

static void dropped(int status, void *arg) { put_free(arg); }

static void committed(struct blob_put *p)
{
	p->cb(p->status, p->name, p->size, p->status ? &p->why : NULL, p->arg);
	if (p->status) {
		loop_work(p->blobs->loop, "blob drop", do_drop, dropped, p);
		return;
	}
	close(p->fd);
	put_free(p);
}

static void written(int status, void *arg)
{
	struct blob_put *p = arg;
	p->is_working = false;
	if (status && !p->status) p->status = err_set(&p->why, status, "%s", err_text(status));
	if (p->is_aborted) {
		loop_work(p->blobs->loop, "blob drop", do_drop, dropped, p);
		return;
	}
	if (p->is_last) {
		committed(p);
		return;
	}
	if (p->waiting.n || p->is_committing) work(p);
	if (!p->is_full || p->waiting.n > DRAINED_BELOW) return;
	p->is_full = false;
	if (p->drained) p->drained(p->drained_arg);
}

static void work(struct blob_put *p)
{
	struct buf empty = p->writing;
	buf_reset(&empty);
	p->writing = p->waiting;
	p->waiting = empty;
	p->is_last = p->is_committing;
	p->is_working = true;
	loop_work(p->blobs->loop, "blob put", do_write, written, p);
}

int blob_put_piece(struct blob_put *p, struct str piece, bool *full_r)
{
	assert(!p->is_committing);
	*full_r = p->is_full;
	if (p->size + piece.n > p->max_bytes) return E_TOO_LARGE;
	p->size += piece.n;
	buf_add(&p->waiting, piece);
	if (!p->is_working) work(p);
	p->is_full = p->waiting.n > FULL_ABOVE;
	*full_r = p->is_full;
	return 0;
}

void blob_put_on_drained(struct blob_put *p, loop_cb cb, void *arg)
{
	p->drained = cb;
	p->drained_arg = arg;
}

void blob_put_commit(struct blob_put *p, blob_put_cb cb, void *arg)
{
	p->cb = cb;
	p->arg = arg;
	p->drained = NULL;
	p->is_committing = true;
	if (!p->is_working) work(p);
}

void blob_put_abort(struct blob_put *p)
{
	assert(!p->is_committing);
	p->is_aborted = true;
	p->drained = NULL;
	if (p->is_working) return;
	p->is_working = true;
	loop_work(p->blobs->loop, "blob drop", do_drop, dropped, p);
}
