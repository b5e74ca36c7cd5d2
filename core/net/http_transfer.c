// SPDX-License-Identifier: Apache-2.0
// A call as a libcurl transfer: its options, its callbacks, and what its end means.
#include "base/mem.h"
#include "http_client_inside.h"
#include "http_guard.h"
#include "http_scan.h"
#include <unistd.h>

#define ANSWER_HEADS ((size_t)64 << 10) // all header lines of one answer

// The guard, where a connection is made ...
static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct http_call *call = arg;
	bool is_allowed = http_guard_is_public(&to->addr) ||
			  http_guard_allows(call->fetch.allow_hosts, call->url.host, call->url.port);
	if (is_allowed) return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
	call->was_guarded = true;
	return CURL_SOCKET_BAD;
}

static bool may_repeat(struct str method) { return !str_is(method, "POST") && !str_is(method, "PATCH"); }

// ... and where one is used again: it may have been made for a call that was allowed more. libcurl comes here each time
// before a request leaves, also when a kept connection broke and it wants to try again on a new one: what may not be
// repeated ends then.
static int on_request(void *arg, char *address, char *local, int port, int local_port)
{
	struct http_call *call = arg;
	call->was_guarded = !http_guard_is_public_text(address) &&
			    !http_guard_allows(call->fetch.allow_hosts, call->url.host, call->url.port);
	if (call->was_guarded) return CURL_PREREQFUNC_ABORT;
	if (call->n_sent++ && !may_repeat(call->fetch.method)) {
		call->status = http_call_fail(call, E_CLOSED, "the connection broke after the request was sent");
		return CURL_PREREQFUNC_ABORT;
	}
	call->was_sent = true;
	return CURL_PREREQFUNC_OK;
}

static bool is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void take_header(struct http_call *call, struct str line)
{
	ptrdiff_t colon = str_find(line, ':');
	if (colon <= 0) return;
	struct http_header h = {
		.name = arena_str(call->arena, (struct str){line.p, (size_t)colon}),
		.value = arena_str(call->arena, str_trim((struct str){line.p + colon + 1, line.n - (size_t)colon - 1})),
	};
	buf_add_bytes(&call->header_list, &h, sizeof h);
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct http_call *call = arg;
	struct str line = {p, n};
	while (line.n && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
		line.n--;
	call->head_bytes += n;
	if (call->head_bytes > ANSWER_HEADS) {
		call->status =
			http_call_fail(call, E_TOO_LARGE, "the answer's header is larger than %zu bytes", ANSWER_HEADS);
		return 0;
	}
	if (str_starts(line, STR("HTTP/")))
		buf_reset(&call->header_list); // 100 Continue came before
	else
		take_header(call, line);
	long status = 0;
	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	call->will_redirect = call->redirects_left > 0 && is_redirect(status);
	return n;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct http_call *call = arg;
	struct str piece = {p, n};
	if (call->status) return 0; // cancelled
	if (call->will_redirect) return n;
	call->body_bytes += n;
	if (call->body_bytes > call->fetch.max_bytes) {
		call->status =
			http_call_fail(call, E_TOO_LARGE, "the answer is larger than %zu bytes", call->fetch.max_bytes);
		return 0;
	}
	if (!call->fetch.piece) {
		buf_add(&call->body, piece);
		return n;
	}
	int failed = call->fetch.piece(piece, call->fetch.piece_arg);
	if (failed && !call->status) call->status = http_call_fail(call, failed, "the answer could not be stored");
	return call->status ? 0 : n;
}

static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!http_is_token_char(s.p[i])) return false;
	return s.n > 0;
}

static bool is_listed(struct str name, const char *const *names)
{
	for (; *names; names++)
		if (str_ieq(name, str_of(*names))) return true;
	return false;
}

static bool is_clients_own(struct str name)
{
	static const char *const own[] = {
		"host", "content-length", "transfer-encoding", "connection", "expect", "te", "upgrade", NULL};
	return is_listed(name, own);
}

static int check_request(struct http_call *call)
{
	const struct http_fetch *f = &call->fetch;
	if (!is_token(f->method) || f->method.n > 32)
		return http_call_fail(call, E_INVALID, "the method is no HTTP method");
	for (size_t i = 0; i < f->n_headers; i++) {
		const struct http_header *h = &f->headers[i];
		bool is_good = is_token(h->name);
		for (size_t k = 0; k < h->value.n; k++)
			is_good = is_good && http_is_value_char(h->value.p[k]);
		if (!is_good) return http_call_fail(call, E_INVALID, "request header %zu is broken", i + 1);
		if (is_clients_own(h->name))
			return http_call_fail(call, E_INVALID, "header %.*s is set by the client itself",
					      STR_ARG(h->name));
	}
	int failed = url_parse(call->arena, f->url, &call->url, &call->why);
	if (failed) return failed;
	if (str_starts(call->url.scheme, STR("http"))) return 0;
	return http_call_fail(call, E_INVALID, "only http and https URLs can be fetched");
}

static void add_header(struct http_call *call, struct str name, struct str value)
{
	// libcurl's signs: "Name;" is an empty header, "Name:" takes its own one out
	const char *line = value.n ? "%.*s: %.*s" : "%.*s;";
	struct str text = arena_printf(call->arena, line, STR_ARG(name), STR_ARG(value));
	call->headers = curl_slist_append(call->headers, text.p);
}

static void set_headers(struct http_call *call)
{
	bool has_type = false, has_agent = false;
	curl_slist_free_all(call->headers);
	call->headers = curl_slist_append(NULL, "Expect:");
	for (size_t i = 0; i < call->fetch.n_headers; i++) {
		const struct http_header *h = &call->fetch.headers[i];
		add_header(call, h->name, h->value);
		has_type |= str_ieq(h->name, STR("content-type"));
		has_agent |= str_ieq(h->name, STR("user-agent"));
	}
	if (!has_type) call->headers = curl_slist_append(call->headers, "Content-Type:");
	if (!has_agent) call->headers = curl_slist_append(call->headers, "User-Agent: Beseda");
	curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
}

static void set_method(struct http_call *call)
{
	CURL *easy = call->easy;
	struct str method = call->fetch.method, body = call->fetch.body;
	bool wants_body = body.n || str_is(method, "POST") || str_is(method, "PUT") || str_is(method, "PATCH");
	if (str_is(method, "HEAD"))
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else if (wants_body)
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
	else
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, str_is(method, "HEAD") ? NULL : arena_cstr(call->arena, method));
	if (!wants_body) return;
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.p);
}

static void set_callbacks(struct http_call *call)
{
	CURL *easy = call->easy;
	curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->curl_error);
}

static void set_options(struct http_call *call)
{
	CURL *easy = call->easy;
	curl_easy_setopt(easy, CURLOPT_URL, call->fetch.url.p);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, ""); // none, whatever the environment says
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); // a name that is still being resolved does not hold up the loop
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	// libcurl's folder of the system's authorities stays.
	if (call->client->ca_file) curl_easy_setopt(easy, CURLOPT_CAINFO, call->client->ca_file);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)call->fetch.connect_ms);
	curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
}

int http_transfer_prepare(struct http_call *call)
{
	int failed = check_request(call);
	if (failed) return failed;
	if (call->easy)
		curl_easy_reset(call->easy);
	else
		call->easy = curl_easy_init();
	if (!call->easy) return http_call_fail(call, E_IO, "libcurl has no memory");
	call->was_guarded = call->will_redirect = false;
	call->head_bytes = 0;
	call->n_sent = 0;
	call->curl_error[0] = 0;
	buf_reset(&call->header_list);
	set_options(call);
	set_callbacks(call);
	set_method(call);
	set_headers(call);
	return 0;
}

static bool is_same_origin(const struct url *a, const struct url *b)
{
	return a->port == b->port && str_eq(a->host, b->host) && str_eq(a->scheme, b->scheme);
}

// Another host gets nothing that could be a secret, whatever the header is called; a body that is not sent again takes
// its description along.
static void drop_headers(struct http_call *call, bool is_other_host, bool drops_body)
{
	static const char *const harmless[] = {"accept",     "accept-language", "content-type",
					       "user-agent", "range",           NULL};
	static const char *const of_body[] = {"content-type", "content-encoding", "content-language", NULL};
	struct http_header *kept = (struct http_header *)call->fetch.headers; // our own copy
	size_t n = 0;
	for (size_t i = 0; i < call->fetch.n_headers; i++) {
		bool drops = (is_other_host && !is_listed(kept[i].name, harmless)) ||
			     (drops_body && is_listed(kept[i].name, of_body));
		if (!drops) kept[n++] = kept[i];
	}
	call->fetch.n_headers = n;
}

// True: the next request is prepared. False: the answer stands, or call->status says why there is none.
static bool follow(struct http_call *call, long status)
{
	char *to = NULL;
	struct url next;
	curl_easy_getinfo(call->easy, CURLINFO_REDIRECT_URL, &to);
	if (!to) return false;
	struct str text = arena_str(call->arena, str_of(to));
	if (url_parse(call->arena, text, &next, &call->why)) {
		call->status = http_call_fail(call, E_DENIED, "redirected to a URL that is not taken");
		return false;
	}
	if (str_is(call->url.scheme, "https") && !str_is(next.scheme, "https")) {
		call->status = http_call_fail(call, E_DENIED, "redirected from https to %.*s", STR_ARG(next.scheme));
		return false;
	}
	bool is_post = str_is(call->fetch.method, "POST"), is_head = str_is(call->fetch.method, "HEAD");
	bool becomes_get = (status == 303 && !is_head) || (status < 303 && is_post);
	if (becomes_get) {
		call->fetch.method = STR("GET");
		call->fetch.body = STR("");
	}
	drop_headers(call, !is_same_origin(&call->url, &next), becomes_get);
	call->fetch.url = text;
	call->redirects_left--;
	return true;
}

static const struct {
	CURLcode result;
	int status;
} endings[] = {
	{CURLE_OPERATION_TIMEDOUT, E_TIMEOUT}, {CURLE_COULDNT_CONNECT, E_CLOSED}, {CURLE_SEND_ERROR, E_CLOSED},
	{CURLE_RECV_ERROR, E_CLOSED},          {CURLE_GOT_NOTHING, E_CLOSED},     {CURLE_PARTIAL_FILE, E_CLOSED},
	{CURLE_SEND_FAIL_REWIND, E_CLOSED},    {CURLE_HTTP2, E_CLOSED},           {CURLE_HTTP2_STREAM, E_CLOSED},
};

static void fail_with(struct http_call *call, CURLcode result)
{
	int status = E_IO;
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (endings[i].result == result) status = endings[i].status;
	bool is_guards = result == CURLE_COULDNT_CONNECT || result == CURLE_ABORTED_BY_CALLBACK;
	if (is_guards && call->was_guarded) {
		call->status = http_call_fail(call, E_DENIED,
					      "its address is private and the host is not among those allowed");
		return;
	}
	call->status =
		http_call_fail(call, status, "%s", call->curl_error[0] ? call->curl_error : curl_easy_strerror(result));
}

bool http_transfer_conclude(struct http_call *call, CURLcode result)
{
	if (call->status) return false;
	if (result != CURLE_OK) {
		fail_with(call, result);
		return false;
	}
	long status = 0;
	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	call->answer.status = (int)status;
	return call->will_redirect && follow(call, status);
}
