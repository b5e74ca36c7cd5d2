// SPDX-License-Identifier: Apache-2.0
// Borrowed strings with a length, and a growing buffer of bytes.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdarg.h>

// Borrowed bytes; not NUL-terminated unless said. {NULL, 0} is "no string"; {"", 0} is an empty one.
struct str {
	const char *p;
	size_t n;
};

#define STR(lit) ((struct str){"" lit "", sizeof(lit) - 1})
#define STR_NONE ((struct str){0})
// For printf's "%.*s".
#define STR_ARG(s) (int)(s).n, ((s).p ? (s).p : "")

struct str str_of(const char *cstr); // NULL gives STR_NONE
bool str_eq(struct str a, struct str b);
bool str_is(struct str a, const char *cstr);
// ASCII case folded, as HTTP header names want.
bool str_ieq(struct str a, struct str b);
bool str_starts(struct str s, struct str head);
bool str_ends(struct str s, struct str tail);
int str_cmp(struct str a, struct str b);
struct str str_trim(struct str s); // blanks and tabs
// The index of c or of `what`, or -1.
ptrdiff_t str_find(struct str s, char c);
ptrdiff_t str_find_str(struct str s, struct str what);
// Cuts *rest at the next `sep`: returns what stood before it, leaves the rest. False when nothing is left: "a,,b,"
// gives "a", "", "b".
bool str_cut(struct str *rest, char sep, struct str *head_r);
// Whole string a decimal number within its type; no sign for u64, no blanks. 0 or E_INVALID.
int str_to_u64(struct str s, uint64_t *v_r);
int str_to_i64(struct str s, int64_t *v_r);
uint64_t str_hash(struct str s); // keyed once per process (SipHash-1-3 or better), for maps
// Equal in time that depends on the lengths only.
bool str_eq_secret(struct str a, struct str b);
// The nearest of `names` (by edit distance, at most 1/3 of its length) or NULL: "did you mean".
const char *str_nearest(struct str s, const char *const *names, size_t n);

// UTF-8 (RFC 3629): whole string valid, no surrogates, no overlong forms.
bool utf8_valid(struct str s);
// Valid and without NUL: what a database text may hold.
bool utf8_valid_text(struct str s);
// Number of code points; the string must be valid.
size_t utf8_length(struct str s);
// The longest head of s with at most n bytes that ends between code points.
struct str utf8_cut(struct str s, size_t n);

// A growing buffer; all zero is an empty one. It always keeps a NUL behind its end.
struct buf {
	char *p;
	size_t n, cap;
};

void buf_fini(struct buf *b);
void buf_reset(struct buf *b); // keeps the memory
// Room for n more bytes and a NUL; returns where they go. Set b->n yourself when they are written; buf_str and every
// buf_add then put the NUL.
char *buf_reserve(struct buf *b, size_t n);
void buf_add(struct buf *b, struct str s);
void buf_add_bytes(struct buf *b, const void *p, size_t n);
void buf_add_char(struct buf *b, char c);
void buf_add_u64(struct buf *b, uint64_t v);
void buf_add_i64(struct buf *b, int64_t v);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap);
// Drops the first n bytes.
void buf_shift(struct buf *b, size_t n);
struct str buf_str(const struct buf *b);
// The bytes become the caller's (mem_free); the buffer is empty after.
char *buf_take(struct buf *b);

// base64 (RFC 4648), standard or URL alphabet, appended to b. Decoding takes both alphabets, with or without padding,
// and refuses everything else (E_INVALID).
void base64_encode(struct buf *b, struct str s);
void base64url_encode(struct buf *b, struct str s);
int base64_decode(struct buf *b, struct str s);
void hex_encode(struct buf *b, struct str s);
int hex_decode(struct buf *b, struct str s);
