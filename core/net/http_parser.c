// SPDX-License-Identifier: Apache-2.0
// The parser: every byte goes through the scan first; llhttp must then agree with it about names, values and lengths.
#include "http_parser.h"
#include <string.h>

static struct http_parser *parser_of(llhttp_t *llhttp) { return llhttp->data; }

static int on_url(llhttp_t *llhttp, const char *at, size_t n)
{
	parser_of(llhttp)->head.target = (struct str){at, n};
	return 0;
}

static int on_header_field(llhttp_t *llhttp, const char *at, size_t n)
{
	struct http_parser *p = parser_of(llhttp);
	if (p->stage != HTTP_STAGE_HEAD) return 0; // a trailer: checked, and dropped
	if (p->head.n_headers == p->scan.head.fields.n_fields) return HPE_USER;
	p->head.headers[p->head.n_headers++] = (struct http_header){{at, n}, STR("")};
	return 0;
}

static int on_header_value(llhttp_t *llhttp, const char *at, size_t n)
{
	struct http_parser *p = parser_of(llhttp);
	if (p->stage != HTTP_STAGE_HEAD) return 0;
	struct str *value = p->head.n_headers ? &p->head.headers[p->head.n_headers - 1].value : NULL;
	if (!value || value->n) return HPE_USER; // the head lies in one piece: a value comes once
	*value = str_trim((struct str){at, n});
	return 0;
}

static int on_headers_complete(llhttp_t *llhttp)
{
	struct http_parser *p = parser_of(llhttp);
	p->head.is_old = llhttp->http_minor == 0;
	p->head.keeps_alive = llhttp_should_keep_alive(llhttp); // llhttp forgets it with the message's end
	return 0;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t n)
{
	struct http_parser *p = parser_of(llhttp);
	p->body_result = p->events->body((struct str){at, n}, p->arg);
	return p->body_result ? HPE_USER : 0;
}

static int on_message_complete(llhttp_t *llhttp)
{
	parser_of(llhttp)->is_complete = true;
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_url = on_url,
	.on_header_field = on_header_field,
	.on_header_value = on_header_value,
	.on_headers_complete = on_headers_complete,
	.on_body = on_body,
	.on_message_complete = on_message_complete,
};

static void begin_message(struct http_parser *p)
{
	p->stage = HTTP_STAGE_HEAD;
	p->scan.head = (struct http_head_scan){0};
	p->head = (struct http_head){.content_length = -1};
	p->is_complete = false;
}

void http_parser_init(struct http_parser *p, const struct http_limits *limits, const struct http_parser_events *events,
		      void *arg)
{
	*p = (struct http_parser){.events = events, .arg = arg};
	p->head_bytes = limits->head_bytes;
	p->headers_max = limits->headers;
	begin_message(p);
}

void http_parser_fini(struct http_parser *p) { buf_fini(&p->held); }

bool http_parser_is_inside(const struct http_parser *p) { return p->stage != HTTP_STAGE_HEAD || p->scan.head.state; }

static int take_length(struct http_parser *p, struct str value)
{
	uint64_t n;
	if (p->head.content_length >= 0) return 400; // repeated, even with the same value
	if (value.n > 18 || str_to_u64(value, &n)) return 400;
	p->head.content_length = (int64_t)n;
	return 0;
}

static int take_coding(struct http_parser *p, struct str value)
{
	if (p->head.is_chunked || p->head.is_old || !str_ieq(value, STR("chunked"))) return 400;
	p->head.is_chunked = true;
	return 0;
}

static bool is_host(struct str value)
{
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] <= ' ' || value.p[i] >= 0x7f || strchr("/\\@?#,", value.p[i])) return false;
	return true;
}

// What no parser can see in one line: which headers stand together (RFC 9112, 3.2 and 6.3).
static int check_head(struct http_parser *p)
{
	int n_hosts = 0, status = 0;
	for (size_t i = 0; i < p->head.n_headers && !status; i++) {
		const struct http_header *h = &p->head.headers[i];
		if (str_ieq(h->name, STR("content-length")))
			status = take_length(p, h->value);
		else if (str_ieq(h->name, STR("transfer-encoding")))
			status = take_coding(p, h->value);
		else if (str_ieq(h->name, STR("host")))
			status = n_hosts++ || !is_host(h->value) ? 400 : 0;
	}
	if (status) return status;
	if (p->head.is_chunked && p->head.content_length >= 0) return 400;
	if (!n_hosts && !p->head.is_old) return 400;
	return 0;
}

static struct str method_of(struct str text)
{
	struct str method = text;
	while (method.n && (method.p[0] == '\r' || method.p[0] == '\n'))
		method = (struct str){method.p + 1, method.n - 1};
	method.n = (size_t)str_find(method, ' ');
	return method;
}

// The head is whole: read it where it will stay.
static int read_head(struct http_parser *p, struct str text)
{
	struct arena *a = p->events->begin(p->arg);
	size_t n_fields = p->scan.head.fields.n_fields;
	text = arena_str(a, text);
	p->head.headers = arena_array(a, struct http_header, n_fields + 1);
	llhttp_init(&p->llhttp, HTTP_REQUEST, &settings);
	p->llhttp.data = p;
	llhttp_errno_t got = llhttp_execute(&p->llhttp, text.p, text.n);
	if (got != HPE_OK && !p->is_complete) return 400;
	if (p->llhttp.method == HTTP_CONNECT || p->head.n_headers != n_fields) return 400;
	p->head.method = method_of(text);
	int status = check_head(p);
	if (status) return status;
	bool has_body = p->head.is_chunked || p->head.content_length > 0;
	if (p->is_complete == has_body) return 400;
	return p->events->head(&p->head, p->arg);
}

static int end_message(struct http_parser *p)
{
	p->events->complete(p->arg);
	begin_message(p);
	return 0;
}

static int begin_body(struct http_parser *p)
{
	if (p->is_complete) return end_message(p);
	if (p->head.is_chunked) {
		p->stage = HTTP_STAGE_CHUNKED;
		p->scan.chunk = (struct http_chunk_scan){0};
	} else {
		p->stage = HTTP_STAGE_LENGTH;
		p->scan.left = (uint64_t)p->head.content_length;
	}
	return 0;
}

static struct str cut(struct str *rest, size_t n)
{
	struct str head = {rest->p, n};
	*rest = (struct str){rest->p + n, rest->n - n};
	return head;
}

static int too_large(const struct http_parser *p) { return p->scan.head.line_n > p->head_bytes ? 414 : 431; }

static int feed_head(struct http_parser *p, struct str *rest)
{
	size_t used;
	int result = http_head_scan(&p->scan.head, rest->p, rest->n, &used);
	if (result >= 400) return result;
	if (p->held.n + used > p->head_bytes) return too_large(p);
	if (p->scan.head.fields.n_fields > p->headers_max) return 431;
	struct str head = cut(rest, used);
	if (result == HTTP_SCAN_MORE || p->held.n) buf_add(&p->held, head);
	if (result == HTTP_SCAN_MORE) return 0;
	result = read_head(p, p->held.n ? buf_str(&p->held) : head);
	buf_fini(&p->held);
	return result ? result : begin_body(p);
}

// The scan has said which bytes are the body's and whether they end it; llhttp must say the same.
static int feed_llhttp(struct http_parser *p, struct str bytes, bool ends)
{
	llhttp_errno_t got = llhttp_execute(&p->llhttp, bytes.p, bytes.n);
	if (p->body_result) return p->body_result;
	if (got != HPE_OK && !p->is_complete) return 400;
	if (p->is_complete != ends) return 400;
	return ends ? end_message(p) : 0;
}

static int feed_length(struct http_parser *p, struct str *rest)
{
	size_t n = p->scan.left < rest->n ? (size_t)p->scan.left : rest->n;
	p->scan.left -= n;
	return feed_llhttp(p, cut(rest, n), p->scan.left == 0);
}

static int feed_chunked(struct http_parser *p, struct str *rest)
{
	size_t used;
	int result = http_chunk_scan(&p->scan.chunk, rest->p, rest->n, &used);
	if (result >= 400) return result;
	return feed_llhttp(p, cut(rest, used), result == HTTP_SCAN_END);
}

int http_parser_feed(struct http_parser *p, struct str *rest)
{
	if (!rest->n) return 0;
	switch (p->stage) {
	case HTTP_STAGE_HEAD: return feed_head(p, rest);
	case HTTP_STAGE_LENGTH: return feed_length(p, rest);
	default: return feed_chunked(p, rest);
	}
}
