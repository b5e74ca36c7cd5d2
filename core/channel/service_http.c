// SPDX-License-Identifier: Apache-2.0
// http.fetch: a request through the house's client. Any answer of the other side is BESEDA_OK with its status; a class
// tells that there was none, and whether the request can have had an effect.
#include "base/log.h"
#include "base/mem.h"
#include "http_job.h"

static void job_free(struct http_job *j)
{
	http_job_wipe(j);
	arena_free(&j->arena);
	mem_free(j);
}

static const struct channel_ports *ports_of(const struct http_job *j) { return &j->call->in->plugin->channels->ports; }

static enum channel_class class_of_fetch(int status, const struct http_answer *answer)
{
	if (status == E_DENIED) return CHANNEL_POLICY;
	if (status == E_INVALID) return CHANNEL_INVALID;
	if (status == E_TOO_LARGE) return CHANNEL_TOO_LARGE;
	return answer && !answer->was_sent ? CHANNEL_TRANSIENT : CHANNEL_UNCERTAIN;
}

// ---- a body that goes to a file ---------------------------------------------------------------------------------

static int file_piece(struct str piece, void *arg)
{
	struct http_job *j = arg;
	const struct channel_ports *ports = ports_of(j);
	const struct json *doc = j->call->doc;
	if (!j->put) {
		struct str mime = json_string_of(doc, "mime");
		j->put = ports->media_put(ports->ctx, j->call->in->id, json_string_of(doc, "owner"),
					  mime.n ? mime : STR("application/octet-stream"), json_string_of(doc, "name"),
					  j->fetch.max_bytes);
		if (!j->put) return j->put_error = E_BUSY;
	}
	bool is_full = false; /* the client cannot pause: what comes is bounded by max_bytes */
	j->put_bytes += piece.n;
	return j->put_error = ports->media_piece(ports->ctx, j->put, piece, &is_full);
}

static void file_stored(int status, uint64_t media, uint64_t size, const struct err *why, void *arg)
{
	struct http_job *j = arg;
	struct doc_home *home = j->home;
	struct arena *a = home->arena;
	if (status) {
		doc_home_unref(home);
		call_fail(j->call, CHANNEL_TRANSIENT, "%s", why ? why->text : err_text(status));
	} else {
		json_put(j->answer, STR("media"),
			 json_make_string(a, arena_printf(a, "%llu", (unsigned long long)media)));
		json_put(j->answer, STR("size"), json_make_int(a, (int64_t)size));
		call_answer(j->call, CHANNEL_NONE, json_build(j->answer), home);
	}
	job_free(j);
}

static void answer_with_file(struct http_job *j, const struct http_answer *answer)
{
	const struct channel_ports *ports = ports_of(j);
	j->home = call_home(j->call);
	j->answer = http_job_answer(j->home->arena, answer);
	void *put = j->put;
	j->put = NULL;
	if (put && answer->status / 100 == 2) {
		ports->media_commit(ports->ctx, put, file_stored, j);
		return;
	}
	if (put) ports->media_abort(ports->ctx, put);
	call_answer(j->call, CHANNEL_NONE, json_build(j->answer), j->home);
	job_free(j);
}

// ---- the call ---------------------------------------------------------------------------------------------------

static void fetch_failed(struct http_job *j, int status, const struct http_answer *answer, const struct err *why)
{
	if (j->put) ports_of(j)->media_abort(ports_of(j)->ctx, j->put);
	if (j->put_error)
		call_fail(j->call, class_of(j->put_error), "the answer could not be stored: %s",
			  err_text(j->put_error));
	else
		call_fail(j->call, class_of_fetch(status, answer), "%s: %s", j->host,
			  why ? why->text : err_text(status));
	job_free(j);
}

static void fetched(int status, const struct http_answer *answer, const struct err *why, void *arg)
{
	struct http_job *j = arg;
	struct call *c = j->call;
	j->http = NULL;
	c->data = NULL;
	if (status) {
		fetch_failed(j, status, answer, why);
		return;
	}
	if (j->want == HTTP_WANT_MEDIA) {
		answer_with_file(j, answer);
		return;
	}
	struct doc_home *home = call_home(c);
	struct json_builder *b = http_job_answer(home->arena, answer);
	http_job_add_body(home->arena, b, j->want, answer->body);
	call_answer(c, CHANNEL_NONE, json_build(b), home);
	job_free(j);
}

static void http_start(struct call *c)
{
	struct err why = {0};
	struct http_job *j = mem_new(struct http_job);
	j->call = c;
	j->arena = arena_new(0);
	if (http_job_write(j, &why)) {
		call_fail(c, CHANNEL_INVALID, "%s", why.text);
		job_free(j);
		return;
	}
	if (j->want == HTTP_WANT_MEDIA) {
		j->fetch.piece = file_piece;
		j->fetch.piece_arg = j;
	}
	c->data = j;
	j->http = http_client_fetch(c->in->plugin->channels->client, &j->fetch, fetched, j);
	log_debug(c->in->who, "http.fetch %.*s %s", STR_ARG(j->fetch.method), j->host);
	http_job_wipe(j);
}

static void http_cancel(struct call *c)
{
	struct http_job *j = c->data;
	if (j && j->http) http_call_cancel(j->http);
}

const struct service SERVICE_HTTP[] = {{"http.fetch", http_start, http_cancel, false}, {0}};
