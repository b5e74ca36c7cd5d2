// SPDX-License-Identifier: Apache-2.0
// media.put {"bytes","name","mime","owner"} answers {"media","bytes"}; media.read {"media","offset","length"} answers
// {"bytes","offset","size","mime","name"}: files in pieces that fit into a document.
#include "base/mem.h"
#include "call.h"
#include <errno.h>
#include <unistd.h>

#define PIECE_MAX ((int64_t)256 << 10)

// ---- put --------------------------------------------------------------------------------------------------------

static const struct json *make_id(struct arena *a, uint64_t id)
{
	return json_make_string(a, arena_printf(a, "%llu", (unsigned long long)id));
}

static void media_stored(int status, uint64_t media, uint64_t size, const struct err *why, void *arg)
{
	struct call *c = arg;
	if (status) {
		call_fail(c, class_of(status), "%s", why ? why->text : err_text(status));
		return;
	}
	struct doc_home *home = call_home(c);
	struct json_builder *b = json_build_map(home->arena);
	json_put(b, STR("media"), make_id(home->arena, media));
	json_put(b, STR("bytes"), json_make_int(home->arena, (int64_t)size));
	call_answer(c, CHANNEL_NONE, json_build(b), home);
}

static void media_put(struct call *c)
{
	const struct channel_ports *ports = &c->in->plugin->channels->ports;
	const struct json *bytes = json_get(c->doc, "bytes");
	if (!json_is(bytes, JSON_BYTES) && !json_is(bytes, JSON_STRING)) {
		call_fail(c, CHANNEL_INVALID, "bytes: should be bytes or a string");
		return;
	}
	void *put = ports->media_put(ports->ctx, c->in->id, json_string_of(c->doc, "owner"),
				     json_string_of(c->doc, "mime"), json_string_of(c->doc, "name"), bytes->n);
	bool is_full = false;
	int r = put ? ports->media_piece(ports->ctx, put, (struct str){bytes->s, bytes->n}, &is_full) : E_BUSY;
	if (!r) {
		ports->media_commit(ports->ctx, put, media_stored, c);
		return;
	}
	if (put) ports->media_abort(ports->ctx, put);
	call_fail(c, class_of(r), "%s", err_text(r));
}

// ---- read -------------------------------------------------------------------------------------------------------

struct reading {
	struct call *call;
	int fd;
	uint64_t offset, size;
	ssize_t n;
	int error;
	char *bytes;
	size_t want;
	char *mime, *name;
};

static void reading_work(void *arg)
{
	struct reading *r = arg;
	r->bytes = mem_alloc(r->want);
	size_t got = 0;
	while (got < r->want) {
		ssize_t n = pread(r->fd, r->bytes + got, r->want - got, (off_t)(r->offset + got));
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) r->error = errno;
		if (n <= 0) break;
		got += (size_t)n;
	}
	r->n = (ssize_t)got;
}

static void reading_done(int status, void *arg)
{
	struct reading *r = arg;
	struct call *c = r->call;
	if (status || r->error) {
		call_fail(c, CHANNEL_TRANSIENT, "the file could not be read");
	} else {
		struct doc_home *home = call_home(c);
		struct arena *a = home->arena;
		struct json_builder *b = json_build_map(a);
		json_put(b, STR("bytes"), json_make_bytes(a, (struct str){r->bytes, (size_t)r->n}));
		json_put(b, STR("offset"), json_make_int(a, (int64_t)r->offset));
		json_put(b, STR("size"), json_make_int(a, (int64_t)r->size));
		json_put(b, STR("mime"), json_make_string(a, str_of(r->mime)));
		json_put(b, STR("name"), json_make_string(a, str_of(r->name)));
		call_answer(c, CHANNEL_NONE, json_build(b), home);
	}
	close(r->fd);
	mem_free(r->bytes);
	mem_free(r->mime);
	mem_free(r->name);
	mem_free(r);
}

static void media_found(int status, int fd, uint64_t size, struct str type, struct str name, void *arg)
{
	struct call *c = arg;
	if (status) {
		call_fail(c, CHANNEL_MEDIA_UNAVAILABLE, "%s", err_text(status));
		return;
	}
	struct reading *r = mem_new(struct reading);
	r->call = c;
	r->fd = fd;
	r->size = size;
	r->offset = (uint64_t)json_int_of(c->doc, "offset", 0);
	int64_t length = json_int_of(c->doc, "length", PIECE_MAX);
	uint64_t left = r->offset < size ? size - r->offset : 0;
	r->want = left < (uint64_t)length ? (size_t)left : (size_t)length;
	r->mime = mem_strndup(type.p ? type.p : "", type.n);
	r->name = mem_strndup(name.p ? name.p : "", name.n);
	loop_work(c->in->plugin->channels->loop, "media.read", reading_work, reading_done, r);
}

static void media_read(struct call *c)
{
	const struct channel_ports *ports = &c->in->plugin->channels->ports;
	uint64_t media = json_id_of(c->doc, "media");
	int64_t offset = json_int_of(c->doc, "offset", 0), length = json_int_of(c->doc, "length", PIECE_MAX);
	if (!media || offset < 0 || length < 1 || length > PIECE_MAX)
		call_fail(c, CHANNEL_INVALID, "media, offset or length: an id, and at most %lld bytes at once",
			  (long long)PIECE_MAX);
	else
		ports->media_get(ports->ctx, c->in->id, media, media_found, c);
}

const struct service SERVICE_MEDIA[] = {
	{"media.put", media_put, NULL, false}, {"media.read", media_read, NULL, false}, {0}};
