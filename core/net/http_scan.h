// SPDX-License-Identifier: Apache-2.0
// The strict scan of HTTP/1 framing before the parser sees a byte (RFC 9112). Parsers disagree about loose framing, and
// a disagreement between a proxy and us is a smuggled request: so nothing loose passes here. Each scan takes its bytes
// in any pieces.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Results of a scan; anything from 400 on is the status to refuse with.
#define HTTP_SCAN_MORE 0
#define HTTP_SCAN_END 1

// Header or trailer lines, to the empty line that ends them.
struct http_field_scan {
	uint8_t state;
	size_t n_fields;
};
// *used_r: how many of the n bytes belong to the lines.
int http_field_scan(struct http_field_scan *s, const char *p, size_t n, size_t *used_r);

// A request's head: the request line and the header lines.
struct http_head_scan {
	uint8_t state;
	uint8_t matched; // bytes of "HTTP/1."
	uint8_t method_n;
	size_t line_n; // bytes of the request line
	struct http_field_scan fields;
};
int http_head_scan(struct http_head_scan *s, const char *p, size_t n, size_t *used_r);

// A chunked body with its trailer.
struct http_chunk_scan {
	uint8_t state;
	uint8_t digits;
	uint16_t extension_n; // of the whole message
	uint64_t left;        // bytes of this chunk
	size_t trailer_n;
	struct http_field_scan trailer;
};
#define HTTP_CHUNK_EXTENSIONS 1024 // bytes of chunk extensions in one message
#define HTTP_TRAILER_BYTES 4096
int http_chunk_scan(struct http_chunk_scan *s, const char *p, size_t n, size_t *used_r);

// A character of a token: method, header name (RFC 9110, 5.6.2).
bool http_is_token_char(char c);
// A character that may stand in a header's value.
bool http_is_value_char(char c);
