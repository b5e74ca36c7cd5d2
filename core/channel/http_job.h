// SPDX-License-Identifier: Apache-2.0
// One http.fetch: the request written from its document, and the answer as a document.
#pragma once
#include "call.h"

enum http_want { HTTP_WANT_JSON, HTTP_WANT_TEXT, HTTP_WANT_BYTES, HTTP_WANT_MEDIA };

struct http_job {
	struct call *call;
	struct arena *arena;
	struct http_fetch fetch;
	struct http_header *headers;
	size_t n_headers;
	struct buf url, body, values; // may hold secrets: wiped when sent
	enum http_want want;
	struct http_call *http;
	void *put; // of the media port, while a body goes to a file
	int put_error;
	size_t put_bytes;
	char host[128]; // for the log
	/* of an answer that waits for its file */
	int status;
	struct doc_home *home;
	struct json_builder *answer;
};

// Fills fetch from call->doc. 0 or E_INVALID.
MUST_USE int http_job_write(struct http_job *j, struct err *e);
// {"status","headers"} without the body.
struct json_builder *http_job_answer(struct arena *a, const struct http_answer *answer);
// The body, as the plugin wants it: "json", or "text" when it is none, or "bytes".
void http_job_add_body(struct arena *a, struct json_builder *b, enum http_want want, struct str body);
void http_job_wipe(struct http_job *j);
