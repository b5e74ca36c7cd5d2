// SPDX-License-Identifier: Apache-2.0
// Files come in: streamed to the blobs while they arrive, given a row when they are whole.
#include "inside.h"
#include "base/log.h"
#include "base/mem.h"

#define UPLOADS_AT_ONCE 64
#define FILE_NAME 255

// Head and body arrive while the caller is still being admitted: reading waits for that.
struct upload {
	struct call *call;
	struct media_put *put; // NULL: not admitted yet, or over
	int failed;
	bool is_counted, is_complete, is_committed, is_over;
};

static void finish(struct upload *u)
{
	u->is_over = true;
	if (u->is_counted) u->call->api->n_uploads--;
	u->is_counted = false;
	http_on_gone(u->call->x, NULL, NULL);
}

static void abort_upload(struct upload *u)
{
	if (u->put) media_put_abort(u->put);
	u->put = NULL;
	finish(u);
}

static void on_stored(int status, const struct file_row *f, const struct err *why, void *arg)
{
	struct upload *u = arg;
	struct call *c = u->call;
	u->put = NULL;
	finish(u);
	if (status) {
		call_fail_status(c, status, why);
		return;
	}
	struct json_out *o = call_open(c);
	json_out_map(o);
	json_out_key(o, "file");
	encode_file(o, f);
	json_out_map_end(o);
	call_end(c, 201);
}

static void commit_when_ready(struct upload *u)
{
	if (!u->is_complete || !u->put || u->is_committed) return;
	u->is_committed = true;
	media_put_commit(u->put, on_stored, u);
}

static void on_gone(struct http_exchange *x, void *arg)
{
	struct upload *u = arg;
	if (u->is_over || u->is_committed || !u->put) return; // what runs finds out by itself
	abort_upload(u);
	call_forget(u->call);
}

static void on_drained(void *arg)
{
	struct upload *u = arg;
	if (!u->is_over) http_body_resume(u->call->x);
}

static int on_piece(struct http_exchange *x, struct str piece, void *arg)
{
	struct upload *u = arg;
	bool is_full = false;
	if (!u->put) return E_CANCELLED;
	int rc = media_put_piece(u->put, piece, &is_full);
	if (rc) {
		struct call *c = u->call;
		abort_upload(u);
		call_fail_status(c, rc, NULL);
		return rc;
	}
	if (is_full) {
		http_body_pause(x);
		media_put_on_drained(u->put, on_drained, u);
	}
	return 0;
}

void handle_upload_head(struct call *c, struct http_body_plan *plan)
{
	struct upload *u = arena_new_of(c->arena, struct upload);
	u->call = c;
	c->own = u;
	*plan = (struct http_body_plan){.max_bytes = c->api->o.upload_bytes, .piece = on_piece, .arg = u};
	http_body_pause(c->x);
}

// Admitted.
void handle_upload(struct call *c)
{
	struct upload *u = c->own;
	struct api *a = c->api;
	struct str name = call_query(c, "name");
	if (!name.n || name.n > FILE_NAME || !utf8_valid_text(name)) {
		call_fail_field(c, "name", "name must have 1 to %d bytes", FILE_NAME);
		return;
	}
	if (a->n_uploads >= UPLOADS_AT_ONCE) {
		call_refuse(c, 503, "busy", "too many files arrive at this moment; try again");
		return;
	}
	if (http_is_gone(c->x)) {
		call_forget(c);
		return;
	}
	a->n_uploads++;
	u->is_counted = true;
	struct str owner = arena_printf(c->arena, "user:%llu", (unsigned long long)c->session.user);
	struct str type = http_request_header(http_request(c->x), "content-type");
	u->put = media_put_open(a->o.media, 0, owner, name, type, a->o.upload_bytes);
	http_on_gone(c->x, on_gone, u);
	http_body_resume(c->x);
	commit_when_ready(u);
}

void handle_upload_complete(struct call *c)
{
	struct upload *u = c->own;
	u->is_complete = true;
	commit_when_ready(u);
}
