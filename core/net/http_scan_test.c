// SPDX-License-Identifier: Apache-2.0
// Each loose form that some parser somewhere takes is refused, however the bytes are cut.
#include "http_scan.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static int scan_head(const char *text, size_t n, size_t step, size_t *used)
{
	struct http_head_scan s = {0};
	*used = 0;
	for (size_t at = 0; at < n; at += step) {
		size_t took = 0;
		int result = http_head_scan(&s, text + at, n - at < step ? n - at : step, &took);
		*used += result >= 400 ? 0 : took;
		if (result) return result;
	}
	return HTTP_SCAN_MORE;
}

static int scan_chunks(const char *text, size_t n, size_t step, size_t *used)
{
	struct http_chunk_scan s = {0};
	*used = 0;
	for (size_t at = 0; at < n; at += step) {
		size_t took = 0;
		int result = http_chunk_scan(&s, text + at, n - at < step ? n - at : step, &took);
		*used += result >= 400 ? 0 : took;
		if (result) return result;
	}
	return HTTP_SCAN_MORE;
}

#define HEAD_IS(text, result)                                                                                          \
	for (size_t step = 1; step <= sizeof text; step += sizeof text - 1) {                                          \
		size_t used;                                                                                           \
		assert_int_equal(scan_head(text, sizeof text - 1, step, &used), result);                               \
	}
#define CHUNKS_ARE(text, result)                                                                                       \
	for (size_t step = 1; step <= sizeof text; step += sizeof text - 1) {                                          \
		size_t used;                                                                                           \
		assert_int_equal(scan_chunks(text, sizeof text - 1, step, &used), result);                             \
	}

static void good_heads_pass(void **state)
{
	HEAD_IS("GET / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_SCAN_END);
	HEAD_IS("GET / HTTP/1.0\r\n\r\n", HTTP_SCAN_END);
	HEAD_IS("\r\nPOST /a?b=%20 HTTP/1.1\r\nA:\r\nB: \t x y \t\r\nC:\xc3\xa9\r\n\r\n", HTTP_SCAN_END);
	HEAD_IS("GET / HTTP/1.1\r\nHost: a\r\n", HTTP_SCAN_MORE);
	size_t used;
	assert_int_equal(scan_head("GET / HTTP/1.1\r\n\r\nGET", 21, 21, &used), HTTP_SCAN_END);
	assert_int_equal(used, 18);
}

static void other_versions_are_refused(void **state)
{
	HEAD_IS("GET / HTTP/2.0\r\n\r\n", 400);
	HEAD_IS("GET / HTTP/0.9\r\n\r\n", 400);
	HEAD_IS("GET / HTTP/1.2\r\n\r\n", 400);
	HEAD_IS("GET / HTTP/1.10\r\n\r\n", 400);
	HEAD_IS("GET / http/1.1\r\n\r\n", 400);
	HEAD_IS("GET / ICE/1.0\r\n\r\n", 400);
	HEAD_IS("GET /\r\n\r\n", 400);
	HEAD_IS("GET / HTTP/1.1 \r\n\r\n", 400);
}

static void loose_request_lines_are_refused(void **state)
{
	HEAD_IS("GET  / HTTP/1.1\r\n\r\n", 400);
	HEAD_IS("GET /  HTTP/1.1\r\n\r\n", 400);
	HEAD_IS(" GET / HTTP/1.1\r\n\r\n", 400);
	HEAD_IS("GET\t/ HTTP/1.1\r\n\r\n", 400);
	HEAD_IS("GET /\xc3\xa9 HTTP/1.1\r\n\r\n", 400);
	HEAD_IS("GET /a#b HTTP/1.1\r\n\r\n", 400);
	HEAD_IS("G(T / HTTP/1.1\r\n\r\n", 400);
	HEAD_IS("\r\n\r\nGET / HTTP/1.1\r\n\r\n", 400);
	HEAD_IS("\nGET / HTTP/1.1\r\n\r\n", 400);
	HEAD_IS("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLM / HTTP/1.1\r\n\r\n", 400);
}

static void loose_line_ends_are_refused(void **state)
{
	HEAD_IS("GET / HTTP/1.1\nHost: a\r\n\r\n", 400);
	HEAD_IS("GET / HTTP/1.1\rHost: a\r\n\r\n", 400);
	HEAD_IS("GET / HTTP/1.1\r\nHost: a\n\r\n", 400);
	HEAD_IS("GET / HTTP/1.1\r\nHost: a\r\r\n", 400);
	HEAD_IS("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400);
	HEAD_IS("GET / HTTP/1.1\r\nHost: a\r\n\n", 400);
	HEAD_IS("GET / HTTP/1.1\r\nHost: a\r\n\rX", 400);
}

static void loose_header_lines_are_refused(void **state)
{
	HEAD_IS("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400);
	HEAD_IS("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400);
	HEAD_IS("GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n", 400);
	HEAD_IS("GET / HTTP/1.1\r\n X: a\r\n\r\n", 400);
	HEAD_IS("GET / HTTP/1.1\r\n: a\r\n\r\n", 400);
	HEAD_IS("GET / HTTP/1.1\r\nNoColon\r\n\r\n", 400);
	HEAD_IS("GET / HTTP/1.1\r\nA\0B: c\r\n\r\n", 400);
	HEAD_IS("GET / HTTP/1.1\r\nA: b\0c\r\n\r\n", 400);
	HEAD_IS("GET / HTTP/1.1\r\nA: b\x7f\r\n\r\n", 400);
	HEAD_IS("GET /\0 HTTP/1.1\r\n\r\n", 400);
}

static void good_chunks_pass(void **state)
{
	CHUNKS_ARE("3\r\nabc\r\n0\r\n\r\n", HTTP_SCAN_END);
	CHUNKS_ARE("00A;x=y\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n", HTTP_SCAN_END);
	CHUNKS_ARE("3\r\nabc\r\n", HTTP_SCAN_MORE);
	size_t used;
	assert_int_equal(scan_chunks("0\r\n\r\nGET", 8, 8, &used), HTTP_SCAN_END);
	assert_int_equal(used, 5);
}

static void loose_chunks_are_refused(void **state)
{
	CHUNKS_ARE("3\r\nabc0\r\n\r\n", 400); // no CRLF behind the chunk
	CHUNKS_ARE("3\r\nabc\n0\r\n\r\n", 400);
	CHUNKS_ARE("3\r\nabcd\r\n0\r\n\r\n", 400);
	CHUNKS_ARE("3\nabc\r\n0\r\n\r\n", 400);
	CHUNKS_ARE("3 \r\nabc\r\n0\r\n\r\n", 400);
	CHUNKS_ARE("0x3\r\nabc\r\n0\r\n\r\n", 400);
	CHUNKS_ARE("-1\r\nabc\r\n0\r\n\r\n", 400);
	CHUNKS_ARE("+3\r\nabc\r\n0\r\n\r\n", 400);
	CHUNKS_ARE("\r\nabc\r\n0\r\n\r\n", 400);
	CHUNKS_ARE("g\r\n", 400);
	CHUNKS_ARE("FFFFFFFFFFFFFFFF\r\n", 400);
	CHUNKS_ARE("3;a\nb\r\nabc\r\n0\r\n\r\n", 400);
	CHUNKS_ARE("0\r\nX : y\r\n\r\n", 400);
	CHUNKS_ARE("0\r\nX: y\n\r\n", 400);
	CHUNKS_ARE("0\r\n folded\r\n\r\n", 400);
	CHUNKS_ARE("0\r\n\n", 400);
}

static void chunk_extensions_and_trailers_are_bounded(void **state)
{
	static char text[HTTP_TRAILER_BYTES + HTTP_CHUNK_EXTENSIONS + 100];
	size_t used;
	memset(text, 'e', sizeof text);
	text[0] = '3';
	text[1] = ';';
	assert_int_equal(scan_chunks(text, HTTP_CHUNK_EXTENSIONS + 2, 100, &used), HTTP_SCAN_MORE);
	assert_int_equal(scan_chunks(text, HTTP_CHUNK_EXTENSIONS + 3, 100, &used), 400);
	memcpy(text, "0\r\nX:", 5);
	assert_int_equal(scan_chunks(text, HTTP_TRAILER_BYTES + 3, 100, &used), HTTP_SCAN_MORE);
	assert_int_equal(scan_chunks(text, HTTP_TRAILER_BYTES + 4, 100, &used), 431);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_heads_pass),
		cmocka_unit_test(other_versions_are_refused),
		cmocka_unit_test(loose_request_lines_are_refused),
		cmocka_unit_test(loose_line_ends_are_refused),
		cmocka_unit_test(loose_header_lines_are_refused),
		cmocka_unit_test(good_chunks_pass),
		cmocka_unit_test(loose_chunks_are_refused),
		cmocka_unit_test(chunk_extensions_and_trailers_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
