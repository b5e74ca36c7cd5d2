// SPDX-License-Identifier: Apache-2.0
// The strict scan: three small state machines over bytes.
#include "http_scan.h"

#define METHOD_MAX 32
#define CHUNK_DIGITS 15

static const uint8_t token_chars[256] = {
	['!'] = 1,         ['#' ... '\''] = 1, ['*'] = 1, ['+'] = 1, ['-'] = 1,         ['.'] = 1, ['0' ... '9'] = 1,
	['A' ... 'Z'] = 1, ['^'] = 1,          ['_'] = 1, ['`'] = 1, ['a' ... 'z'] = 1, ['|'] = 1, ['~'] = 1,
};
static const uint8_t value_chars[256] = {['\t'] = 1, [' ' ... '~'] = 1, [0x80 ... 0xff] = 1};

bool http_is_token_char(char c) { return token_chars[(uint8_t)c]; }

bool http_is_value_char(char c) { return value_chars[(uint8_t)c]; }

enum { LINE_START, FIELD_NAME, FIELD_VALUE, FIELD_LF, FIELDS_LF, FIELDS_END };

// One byte of a header line; the next state, or the status to refuse with.
static int field_step(struct http_field_scan *s, char c)
{
	switch (s->state) {
	case LINE_START:
		if (c == '\r') return FIELDS_LF;
		if (!http_is_token_char(c)) return 400; // a folded line begins with a blank
		s->n_fields++;
		return FIELD_NAME;
	case FIELD_NAME:
		if (c == ':') return FIELD_VALUE;
		return http_is_token_char(c) ? FIELD_NAME : 400; // a blank before the colon is none either
	case FIELD_VALUE:
		if (c == '\r') return FIELD_LF;
		return http_is_value_char(c) ? FIELD_VALUE : 400;
	case FIELD_LF: return c == '\n' ? LINE_START : 400;
	default: return c == '\n' ? FIELDS_END : 400;
	}
}

int http_field_scan(struct http_field_scan *s, const char *p, size_t n, size_t *used_r)
{
	size_t i = 0;
	while (i < n) {
		if (s->state == FIELD_NAME)
			while (i < n && token_chars[(uint8_t)p[i]])
				i++;
		else if (s->state == FIELD_VALUE)
			while (i < n && value_chars[(uint8_t)p[i]])
				i++;
		if (i == n) break;
		int next = field_step(s, p[i++]);
		if (next >= 400) return next;
		s->state = (uint8_t)next;
		if (next != FIELDS_END) continue;
		*used_r = i;
		return HTTP_SCAN_END;
	}
	*used_r = n;
	return HTTP_SCAN_MORE;
}

enum { HEAD_START, HEAD_EMPTY_LF, METHOD, TARGET_START, TARGET, VERSION, MINOR, HEAD_CR, HEAD_LF, HEAD_FIELDS };

static int method_step(struct http_head_scan *s, char c)
{
	if (c == ' ' && s->state == METHOD) return TARGET_START;
	if (!http_is_token_char(c) || ++s->method_n > METHOD_MAX) return 400;
	return METHOD;
}

static int version_step(struct http_head_scan *s, char c)
{
	static const char wanted[] = "HTTP/1.";
	if (c != wanted[s->matched++]) return 400;
	return wanted[s->matched] ? VERSION : MINOR;
}

static bool is_target_char(char c) { return c > ' ' && c < 0x7f && c != '#'; }

// One byte of the request line; the next state, or the status to refuse with.
static int line_step(struct http_head_scan *s, char c)
{
	switch (s->state) {
	case HEAD_START: // one empty line before a request is forgiven (RFC 9112, 2.2)
		return c == '\r' ? HEAD_EMPTY_LF : method_step(s, c);
	case HEAD_EMPTY_LF: return c == '\n' ? METHOD : 400;
	case METHOD: return s->method_n || c != ' ' ? method_step(s, c) : 400;
	case TARGET_START: return is_target_char(c) ? TARGET : 400;
	case TARGET: return c == ' ' ? VERSION : is_target_char(c) ? TARGET : 400;
	case VERSION: return version_step(s, c);
	case MINOR: return c == '0' || c == '1' ? HEAD_CR : 400;
	case HEAD_CR: return c == '\r' ? HEAD_LF : 400;
	default: return c == '\n' ? HEAD_FIELDS : 400;
	}
}

int http_head_scan(struct http_head_scan *s, const char *p, size_t n, size_t *used_r)
{
	size_t i = 0, used;
	for (; i < n && s->state != HEAD_FIELDS; i++) {
		int next = line_step(s, p[i]);
		if (next >= 400) return next;
		s->state = (uint8_t)next;
	}
	s->line_n += i;
	int result = HTTP_SCAN_MORE;
	if (s->state == HEAD_FIELDS) {
		result = http_field_scan(&s->fields, p + i, n - i, &used);
		i += result >= 400 ? 0 : used;
	}
	*used_r = i;
	return result;
}

enum { SIZE_START, SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER };

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9') return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int size_step(struct http_chunk_scan *s, char c)
{
	if (s->state == SIZE && c == '\r') return SIZE_LF;
	if (s->state == SIZE && c == ';') return EXTENSION;
	int digit = hex_digit(c);
	if (digit < 0 || s->digits == CHUNK_DIGITS) return 400;
	s->left = s->left << 4 | (uint64_t)digit;
	s->digits++;
	return SIZE;
}

// One byte of a chunk's frame; the next state, or the status to refuse with.
static int chunk_step(struct http_chunk_scan *s, char c)
{
	switch (s->state) {
	case SIZE_START: s->left = s->digits = 0; return size_step(s, c);
	case SIZE: return size_step(s, c);
	case EXTENSION:
		if (c == '\r') return SIZE_LF;
		return http_is_value_char(c) && ++s->extension_n <= HTTP_CHUNK_EXTENSIONS ? EXTENSION : 400;
	case SIZE_LF:
		if (c != '\n') return 400;
		return s->left ? DATA : TRAILER;
	case DATA_CR: return c == '\r' ? DATA_LF : 400;
	default: return c == '\n' ? SIZE_START : 400;
	}
}

int http_chunk_scan(struct http_chunk_scan *s, const char *p, size_t n, size_t *used_r)
{
	size_t i = 0, used;
	while (i < n && s->state != TRAILER) {
		if (s->state == DATA) {
			size_t step = s->left < n - i ? (size_t)s->left : n - i;
			i += step;
			s->left -= step;
			if (!s->left) s->state = DATA_CR;
			continue;
		}
		int next = chunk_step(s, p[i++]);
		if (next >= 400) return next;
		s->state = (uint8_t)next;
	}
	int result = HTTP_SCAN_MORE;
	if (s->state == TRAILER) {
		result = http_field_scan(&s->trailer, p + i, n - i, &used);
		if (result >= 400) return result;
		i += used;
		s->trailer_n += used;
		if (s->trailer_n > HTTP_TRAILER_BYTES) return 431;
	}
	*used_r = i;
	return result;
}
