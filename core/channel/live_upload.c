// SPDX-License-Identifier: Apache-2.0
// Files from visitors: streamed to the media port as they come, within a visitor's budget; 201 when they are durable.
#include "live_inside.h"
#include "base/mem.h"

struct upload {
	struct http_exchange *x;
	struct inbox *in; // a reference
	void *put;        // the port's, until commit or abort
	size_t bytes, max;
	bool is_over; // answered or gone
};

static const struct channel_ports *ports_of(const struct upload *u) { return &u->in->plugin->channels->ports; }

static void upload_free(struct upload *u)
{
	struct inbox *in = u->in;
	struct live *l = in->plugin->channels->live;
	http_release(u->x);
	mem_free(u);
	inbox_release(in);
	live_busy(l, -1);
}

static void upload_abort(struct upload *u)
{
	if (u->put) ports_of(u)->media_abort(ports_of(u)->ctx, u->put);
	u->put = NULL;
}

static void upload_gone(struct http_exchange *x, void *arg)
{
	struct upload *u = arg;
	if (u->is_over) return;
	u->is_over = true;
	/* while the port commits, it answers later */
	if (!u->put) return;
	upload_abort(u);
	upload_free(u);
}

static int upload_refuse(struct upload *u, int status, const char *code)
{
	u->is_over = true;
	upload_abort(u);
	live_refuse(u->x, u->in, status, code);
	upload_free(u);
	return E_TOO_LARGE;
}

static void upload_drained(void *arg)
{
	struct http_exchange *x = arg;
	http_body_resume(x);
	http_release(x);
}

static int upload_piece(struct http_exchange *x, struct str piece, void *arg)
{
	struct upload *u = arg;
	bool is_full = false;
	if (u->is_over) return E_CLOSED;
	u->bytes += piece.n;
	if (u->bytes > u->max) return upload_refuse(u, 413, "too_large");
	if (ports_of(u)->media_piece(ports_of(u)->ctx, u->put, piece, &is_full))
		return upload_refuse(u, 503, "unavailable");
	if (!is_full) return 0;
	http_body_pause(x);
	http_hold(x);
	ports_of(u)->media_drained(ports_of(u)->ctx, u->put, upload_drained, x);
	return 0;
}

// What the head says of the size: 0 is an empty body, -1 one that comes in chunks.
static int64_t announced_bytes(const struct http_request *rq)
{
	int64_t n;
	if (http_request_header(rq, "transfer-encoding").p) return -1;
	return str_to_i64(http_request_header(rq, "content-length"), &n) ? 0 : n;
}

void live_upload_head(struct http_exchange *x, struct inbox *in, struct http_body_plan *plan)
{
	const struct http_request *rq = http_request(x);
	const struct channel_ports *ports = &in->plugin->channels->ports;
	size_t max = in->plugin->manifest.live.upload_bytes;
	int64_t announced = announced_bytes(rq);
	struct str address;
	if (!live_bearer(x, in, &address)) {
		live_refuse(x, in, 401, "token");
		return;
	}
	if (!max || announced > (int64_t)max) {
		live_refuse(x, in, 413, "too_large");
		return;
	}
	if (!announced) {
		live_refuse(x, in, 400, "empty");
		return;
	}
	struct live_thread *t = live_thread_of(in, address, STR_NONE, STR_NONE);
	/* an upload that does not say its size is counted as a whole one */
	int64_t counted = announced > 0 ? announced : (int64_t)max;
	if (live_take_upload(t, counted) || live_peer_upload(in->plugin->channels->live, rq->peer, counted)) {
		live_refuse(x, in, 429, "rate");
		return;
	}
	struct str name = http_param(http_arena(x), rq->query, "name");
	void *put = ports->media_put(ports->ctx, in->id, address, http_request_header(rq, "content-type"),
				     name.p ? name : STR("file"), max);
	if (!put) {
		live_refuse(x, in, 503, "busy");
		return;
	}
	struct upload *u = mem_new(struct upload);
	*u = (struct upload){.x = x, .in = mem_ref(in), .put = put, .max = max};
	live_busy(in->plugin->channels->live, 1);
	http_hold(x);
	http_set_data(x, u);
	http_on_gone(x, upload_gone, u);
	*plan = (struct http_body_plan){.max_bytes = max + 65536, .piece = upload_piece, .arg = u};
}

static void upload_stored(int status, uint64_t media, uint64_t size, const struct err *why, void *arg)
{
	struct upload *u = arg;
	struct arena *a = http_arena(u->x);
	if (status) {
		live_refuse(u->x, u->in, status == E_TOO_LARGE ? 413 : status == E_INVALID ? 400 : 503, "unavailable");
	} else {
		struct str body = arena_printf(a, "{\"file\":\"%llu\",\"bytes\":%llu}", (unsigned long long)media,
					       (unsigned long long)size);
		live_cors(u->x, u->in);
		http_respond(u->x, 201, "application/json", body);
	}
	u->is_over = true;
	upload_free(u);
}

void live_upload_request(struct http_exchange *x)
{
	struct upload *u = http_data(x);
	if (!u || u->is_over) return;
	if (!u->bytes) {
		upload_refuse(u, 400, "empty");
		return;
	}
	void *put = u->put;
	u->put = NULL;
	ports_of(u)->media_commit(ports_of(u)->ctx, put, upload_stored, u);
}
