// SPDX-License-Identifier: Apache-2.0
// Media: a blob and the row that says whose it is.
#include "records/media.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "domain/contact.h"
#include <string.h>
#include <unistd.h>

#define UNUSED_MS (24 * 3600 * 1000LL)
#define MIME_MAX 100
#define SUFFIX_MAX 16

struct media {
	struct store *store;
	struct blobs *blobs;
	size_t n_users; // pieces of work under way; the last one frees after a close
	bool is_sweeping, is_closed;
};

struct media_put {
	struct media *media;
	struct arena *arena;
	struct blob_put *blob; // NULL once it is committed
	struct file_row row;
	media_put_cb cb;
	void *arg;
};

int media_open(struct media **m_r, struct store *s, struct loop *l, const char *folder, struct err *e)
{
	struct media *m = mem_new(struct media);
	int rc = blobs_open(&m->blobs, l, folder, e);
	if (rc) {
		mem_free(m);
		return rc;
	}
	m->store = s;
	*m_r = m;
	return 0;
}

static void leave(struct media *m)
{
	if (--m->n_users || !m->is_closed) return;
	blobs_close(&m->blobs);
	mem_free(m);
}

void media_close(struct media **m)
{
	if (!*m) return;
	(*m)->is_closed = true;
	(*m)->n_users++;
	leave(*m);
	*m = NULL;
}

// What stands behind the last slash of either kind.
static struct str base_name(struct str name)
{
	for (size_t i = name.n; i > 0; i--)
		if (name.p[i - 1] == '/' || name.p[i - 1] == '\\') return (struct str){name.p + i, name.n - i};
	return name;
}

// The end of a name that says what it is, with its dot; empty when there is none.
static struct str suffix_of(struct str name)
{
	for (size_t i = name.n; i > 1 && name.n - i < SUFFIX_MAX; i--)
		if (name.p[i - 1] == '.') return (struct str){name.p + i - 1, name.n - i + 1};
	return STR("");
}

// One line that can be shown; a long one is cut before its suffix.
static struct str clean_name(struct arena *a, struct str claim)
{
	struct str base = base_name(claim);
	struct str name = contact_clean_name(a, base);
	if (!name.n || str_is(name, ".") || str_is(name, "..")) return STR("file");
	struct str suffix = contact_clean_name(a, suffix_of(base));
	if (!suffix.n || str_ends(name, suffix)) return name;
	return arena_printf(a, "%.*s%.*s", STR_ARG(utf8_cut(name, CONTACT_NAME - suffix.n)), STR_ARG(suffix));
}

static bool is_type_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr("!#$&-^_.+", c));
}

// "Type/Subtype; anything" → "type/subtype"
static struct str clean_mime(struct arena *a, struct str claim)
{
	const struct str plain = STR("application/octet-stream");
	ptrdiff_t end = str_find(claim, ';');
	struct str type = str_trim(end < 0 ? claim : (struct str){claim.p, (size_t)end});
	size_t n_slashes = 0;
	if (type.n < 3 || type.n > MIME_MAX || type.p[0] == '/' || type.p[type.n - 1] == '/') return plain;
	char *low = arena_cstr(a, type);
	for (size_t i = 0; i < type.n; i++) {
		if (low[i] >= 'A' && low[i] <= 'Z') low[i] += 'a' - 'A';
		if (low[i] == '/')
			n_slashes++;
		else if (!is_type_char(low[i]))
			return plain;
	}
	return n_slashes == 1 ? str_of(low) : plain;
}

struct media_put *media_put_open(struct media *m, uint64_t inbox, struct str owner, struct str name, struct str mime,
				 size_t max_bytes)
{
	struct media_put *p = mem_new(struct media_put);
	m->n_users++;
	p->media = m;
	p->arena = arena_new(1024);
	p->blob = blob_put_open(m->blobs, max_bytes);
	p->row = (struct file_row){.inbox = inbox,
				   .owner = arena_str(p->arena, owner),
				   .name = clean_name(p->arena, name),
				   .mime = clean_mime(p->arena, mime),
				   .audience = AUDIENCE_INTERNAL};
	return p;
}

static void put_free(struct media_put *p)
{
	struct media *m = p->media;
	arena_free(&p->arena);
	mem_free(p);
	leave(m);
}

int media_put_piece(struct media_put *p, struct str piece, bool *full_r)
{
	return blob_put_piece(p->blob, piece, full_r);
}

void media_put_on_drained(struct media_put *p, loop_cb cb, void *arg) { blob_put_on_drained(p->blob, cb, arg); }

void media_put_abort(struct media_put *p)
{
	blob_put_abort(p->blob);
	put_free(p);
}

static void put_end(struct media_put *p, int status, const struct err *why)
{
	p->cb(status, status ? NULL : &p->row, why, p->arg);
	put_free(p);
}

static void on_row(const struct unit_result *r, void *arg) { put_end(arg, r->status, r->why); }

static void on_bytes(int status, const char *name, uint64_t size, const struct err *why, void *arg)
{
	struct media_put *p = arg;
	p->blob = NULL;
	if (status) {
		put_end(p, status, why);
		return;
	}
	int64_t now = clock_now_ms();
	p->row.id = store_id(p->media->store);
	if (!p->row.id) {
		put_end(p, E_STORE, NULL);
		return;
	}
	p->row.blob = arena_str(p->arena, str_of(name));
	p->row.bytes = (int64_t)size;
	p->row.created_at = now;
	p->row.expires_at = now + UNUSED_MS;
	struct unit *u = unit_new(p->media->store);
	unit_name(u, "media put");
	unit_add_file(u, &p->row);
	store_submit(p->media->store, u, on_row, p);
}

void media_put_commit(struct media_put *p, media_put_cb cb, void *arg)
{
	p->cb = cb;
	p->arg = arg;
	blob_put_commit(p->blob, on_bytes, p);
}

struct get {
	struct media *media;
	struct arena *arena;
	struct file_row row;
	media_get_cb cb;
	void *arg;
};

static void get_end(struct get *g, int status, int fd)
{
	struct media *m = g->media;
	g->cb(status, status ? NULL : &g->row, fd, g->arg);
	arena_free(&g->arena);
	mem_free(g);
	leave(m);
}

static void on_opened(int status, int fd, uint64_t size, void *arg)
{
	struct get *g = arg;
	if (!status && size != (uint64_t)g->row.bytes) {
		log_error("media", "file %llu has %llu bytes, its row says %lld", (unsigned long long)g->row.id,
			  (unsigned long long)size, (long long)g->row.bytes);
		close(fd);
		status = E_MISSING;
		fd = -1;
	}
	get_end(g, status, fd);
}

static void on_found(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct get *g = arg;
	if (!status && !rows->n_rows) status = E_MISSING;
	if (status) {
		get_end(g, status, -1);
		return;
	}
	file_of_row(rows, 0, &g->row);
	struct str *texts[] = {&g->row.blob, &g->row.name, &g->row.mime, &g->row.owner};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = arena_str(g->arena, *texts[i]);
	blob_get(g->media->blobs, g->row.blob, on_opened, g);
}

void media_get(struct media *m, uint64_t file, media_get_cb cb, void *arg)
{
	struct get *g = mem_new(struct get);
	m->n_users++;
	*g = (struct get){.media = m, .arena = arena_new(1024), .cb = cb, .arg = arg};
	store_read(m->store, STMT_FILE, (struct db_value[]){DB_INT(file)}, on_found, g);
}

// One portion of names that the sweep asks about.
struct asked {
	struct blob_sweep *sweep;
	struct str *names;
	size_t n;
	struct arena *arena;
};

static void on_used(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct asked *q = arg;
	if (status) {
		// Nobody knows: all of them stay until the next sweep.
		blob_sweep_go(q->sweep, q->names, q->n);
	} else {
		struct str *used = arena_array(q->arena, struct str, rows->n_rows + 1);
		for (size_t i = 0; i < rows->n_rows; i++)
			used[i] = db_str(rows, i, 0);
		blob_sweep_go(q->sweep, used, rows->n_rows);
	}
	struct arena *arena = q->arena;
	arena_free(&arena);
}

static void on_ask(struct blob_sweep *sw, const struct str *names, size_t n, void *arg)
{
	struct media *m = arg;
	if (m->is_closed) { // nobody can be asked any more: all of them stay
		blob_sweep_go(sw, names, n);
		return;
	}
	struct arena *a = arena_new(0);
	struct asked *q = arena_new_of(a, struct asked);
	*q = (struct asked){.sweep = sw, .names = arena_array(a, struct str, n + 1), .n = n, .arena = a};
	for (size_t i = 0; i < n; i++)
		q->names[i] = arena_str(a, names[i]);
	store_read(m->store, STMT_BLOBS_USED, (struct db_value[]){DB_TEXTS(q->names, n)}, on_used, q);
}

static void on_swept(void *arg)
{
	struct media *m = arg;
	m->is_sweeping = false;
	leave(m);
}

static void on_pruned(const struct unit_result *r, void *arg)
{
	struct media *m = arg;
	if (r->status || m->is_closed) {
		on_swept(m);
		return;
	}
	blob_sweep(m->blobs, UNUSED_MS, on_ask, m, on_swept);
}

void media_sweep(struct media *m, int64_t now_ms)
{
	if (m->is_sweeping) return;
	m->is_sweeping = true;
	m->n_users++;
	struct unit *u = unit_new(m->store);
	unit_name(u, "media sweep");
	unit_add(u, STMT_FILE_PRUNE, (struct db_value[]){DB_INT(now_ms)});
	store_submit(m->store, u, on_pruned, m);
}

bool media_is_safe_inline(struct str mime)
{
	static const char *const safe[] = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"};
	for (size_t i = 0; i < ARRAY_LEN(safe); i++)
		if (str_is(mime, safe[i])) return true;
	return false;
}
