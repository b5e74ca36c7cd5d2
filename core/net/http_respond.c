// SPDX-License-Identifier: Apache-2.0
// Responses: headers checked, the head written, the body copied behind it.
#include "base/clock.h"
#include "base/log.h"
#include "http_inside.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STATUSES(X)                                                                                                    \
	X(101, "Switching Protocols")                                                                                  \
	X(200, "OK")                                                                                                   \
	X(201, "Created")                                                                                              \
	X(202, "Accepted")                                                                                             \
	X(204, "No Content")                                                                                           \
	X(206, "Partial Content")                                                                                      \
	X(301, "Moved Permanently")                                                                                    \
	X(302, "Found")                                                                                                \
	X(303, "See Other")                                                                                            \
	X(304, "Not Modified")                                                                                         \
	X(307, "Temporary Redirect")                                                                                   \
	X(308, "Permanent Redirect")                                                                                   \
	X(400, "Bad Request")                                                                                          \
	X(401, "Unauthorized")                                                                                         \
	X(403, "Forbidden")                                                                                            \
	X(404, "Not Found")                                                                                            \
	X(405, "Method Not Allowed")                                                                                   \
	X(406, "Not Acceptable")                                                                                       \
	X(408, "Request Timeout")                                                                                      \
	X(409, "Conflict")                                                                                             \
	X(410, "Gone")                                                                                                 \
	X(411, "Length Required")                                                                                      \
	X(412, "Precondition Failed")                                                                                  \
	X(413, "Content Too Large")                                                                                    \
	X(414, "URI Too Long")                                                                                         \
	X(415, "Unsupported Media Type")                                                                               \
	X(416, "Range Not Satisfiable")                                                                                \
	X(417, "Expectation Failed")                                                                                   \
	X(422, "Unprocessable Content")                                                                                \
	X(426, "Upgrade Required")                                                                                     \
	X(428, "Precondition Required")                                                                                \
	X(429, "Too Many Requests")                                                                                    \
	X(431, "Request Header Fields Too Large")                                                                      \
	X(500, "Internal Server Error")                                                                                \
	X(501, "Not Implemented")                                                                                      \
	X(502, "Bad Gateway")                                                                                          \
	X(503, "Service Unavailable")                                                                                  \
	X(504, "Gateway Timeout")

const char *http_reason(int status)
{
	switch (status) {
#define X(number, text)                                                                                                \
	case number: return text;
		STATUSES(X)
#undef X
	default: return "Status";
	}
}

static bool is_ours(struct str name)
{
	static const char *const ours[] = {"date", "content-length", "connection", "transfer-encoding"};
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (str_ieq(name, str_of(ours[i]))) return true;
	return false;
}

static bool is_good_header(struct str name, struct str value)
{
	if (!name.n || is_ours(name)) return false;
	for (size_t i = 0; i < name.n; i++)
		if (!http_is_token_char(name.p[i])) return false;
	for (size_t i = 0; i < value.n; i++)
		if (!http_is_value_char(value.p[i])) return false;
	return true;
}

void http_header_add(struct http_exchange *x, const char *name, struct str value)
{
	if (!is_good_header(str_of(name), value)) {
		log_error("http", "response header %s is not allowed or has a bad value", name);
		return;
	}
	buf_add(&x->headers, str_of(name));
	buf_add(&x->headers, STR(": "));
	buf_add(&x->headers, value);
	buf_add(&x->headers, STR("\r\n"));
}

// Made at most four times a second.
static const char *date_line(struct http_server *s)
{
	int64_t now = loop_now_ms(s->group.loop);
	if (now < s->date_until_ms && now >= s->date_until_ms - 250) return s->date;
	static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t seconds = (time_t)(clock_now_ms() / 1000);
	struct tm t;
	gmtime_r(&seconds, &t); // strftime would speak the locale's language
	snprintf(s->date, sizeof s->date, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[t.tm_wday], t.tm_mday % 100,
		 months[t.tm_mon], (t.tm_year + 1900) % 10000, t.tm_hour % 100, t.tm_min % 100, t.tm_sec % 100);
	s->date_until_ms = now + 250;
	return s->date;
}

static char *put(char *at, const char *text)
{
	size_t n = strlen(text);
	memcpy(at, text, n);
	return at + n;
}

static char *put_number(char *at, uint64_t v)
{
	char digits[20];
	int n = 0;
	do
		digits[n++] = (char)('0' + v % 10);
	while (v /= 10);
	while (n)
		*at++ = digits[--n];
	return at;
}

// The connection ends with this response when no request is read after it.
static const char *connection_line(const struct http_exchange *x)
{
	const struct http_conn *h = x->conn;
	if (h->is_last && h->exchanges.prev == &x->at) return "Connection: close\r\n";
	return x->is_old ? "Connection: keep-alive\r\n" : "";
}

#define HEAD_ROOM 320 // status line, date, length and connection; the type and the handler's headers come on top

static struct conn_piece *write_head(struct http_exchange *x, int status, const char *type, uint64_t length,
				     size_t room)
{
	size_t type_n = type ? strlen(type) : 0;
	struct conn_piece *p = conn_piece_new(HEAD_ROOM + type_n + x->headers.n + room);
	char *at = put(p->p, "HTTP/1.1 ");
	at = put_number(at, (uint64_t)status);
	*at++ = ' ';
	at = put(put(put(at, http_reason(status)), "\r\nDate: "), date_line(x->server));
	at = put(at, "\r\n");
	if (type) at = put(put(put(at, "Content-Type: "), type), "\r\n");
	if (status >= 200 && status != 204 && status != 304) {
		at = put_number(put(at, "Content-Length: "), length);
		at = put(at, "\r\n");
	}
	at = put(at, connection_line(x));
	if (x->headers.n) memcpy(at, x->headers.p, x->headers.n);
	at = put(at + x->headers.n, "\r\n");
	p->n = (size_t)(at - p->p);
	return p;
}

// False: nobody waits for a response.
static bool begin_response(struct http_exchange *x)
{
	if (x->is_answered) log_error("http", "an exchange was answered twice");
	if (x->is_answered || !x->conn) return false;
	x->is_answered = true;
	if (x->awaits_body) x->conn->is_deaf = x->conn->is_last = true; // what comes of the body is not read
	return true;
}

static bool has_no_body(const struct http_exchange *x, int status)
{
	return x->is_head_method || status < 200 || status == 204 || status == 304;
}

void http_respond(struct http_exchange *x, int status, const char *type, struct str body)
{
	if (!begin_response(x)) return;
	size_t n = has_no_body(x, status) ? 0 : body.n;
	x->out = write_head(x, status, type, body.n, n);
	if (n) memcpy(x->out->p + x->out->n, body.p, n);
	x->out->n += n;
	conn_touch(x->conn->conn);
}

void http_respond_file(struct http_exchange *x, int status, const char *type, int fd, uint64_t from, uint64_t n)
{
	if (!begin_response(x)) {
		close(fd);
		return;
	}
	x->out = write_head(x, status, type, n, 0);
	if (has_no_body(x, status) || !n)
		close(fd);
	else
		x->out_file = conn_piece_file(fd, from, n);
	conn_touch(x->conn->conn);
}

void http_respond_status(struct http_exchange *x, int status)
{
	char text[64];
	int n = snprintf(text, sizeof text, "%d %s\n", status, http_reason(status));
	http_respond(x, status, "text/plain", (struct str){text, (size_t)n});
}
