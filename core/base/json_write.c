// SPDX-License-Identifier: Apache-2.0
// The canonical text of a JSON tree.
#include "base/mem.h"
#include "json_inside.h"
#include "scan.h"

// The end of what can be copied as it is: the first special byte, the first that is not UTF-8, or `end`.
static const char *scan_clean(const char *p, const char *end)
{
	for (;;) {
		p = scan_plain(p, end);
		if (p == end || scan_is_special((unsigned char)*p)) return p;
		size_t n = scan_utf8(p, end);
		if (!n) return p;
		p += n;
	}
}

static void write_escape(struct buf *b, unsigned char c)
{
	static const char letters[' '] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
	// NUL too: whatever we write, we read.
	if (!c || c >= 0x80) {
		buf_add(b, STR("\xef\xbf\xbd"));
		return;
	}
	char letter = c < ' ' ? letters[c] : (char)c;
	if (letter) {
		buf_add_bytes(b, (char[]){'\\', letter}, 2);
		return;
	}
	buf_add(b, STR("\\u00"));
	hex_encode(b, (struct str){(char *)&c, 1});
}

// From the first byte that wants an escape on.
static void write_rest(struct buf *b, const char *p, const char *end)
{
	while (p < end) {
		write_escape(b, (unsigned char)*p++);
		const char *stop = scan_clean(p, end);
		buf_add_bytes(b, p, (size_t)(stop - p));
		p = stop;
	}
}

void json_write_string(struct buf *b, struct str s)
{
	if (!s.n) {
		buf_add(b, STR("\"\""));
		return;
	}
	const char *end = s.p + s.n, *stop = scan_clean(s.p, end);
	size_t n = (size_t)(stop - s.p);
	char *to = buf_reserve(b, s.n + 2);
	to[0] = '"';
	memcpy(to + 1, s.p, n);
	b->n += n + 1;
	write_rest(b, stop, end);
	buf_add_char(b, '"');
}

void json_write_bytes(struct buf *b, struct str s)
{
	buf_add(b, STR("{\"" JSON_BYTES_KEY "\":\""));
	base64_encode(b, s);
	buf_add(b, STR("\"}"));
}

static void write_scalar(struct buf *b, const struct json *v)
{
	switch ((enum json_kind)v->kind) {
	case JSON_NULL: buf_add(b, STR("null")); break;
	case JSON_BOOL: buf_add(b, v->i ? STR("true") : STR("false")); break;
	case JSON_INT: buf_add_i64(b, v->i); break;
	case JSON_REAL: json_write_real(b, v->d); break;
	case JSON_STRING: json_write_string(b, (struct str){v->s, v->n}); break;
	case JSON_BYTES: json_write_bytes(b, (struct str){v->s, v->n}); break;
	case JSON_LIST: buf_add(b, STR("[]")); break;
	case JSON_MAP: buf_add(b, STR("{}")); break;
	}
}

// A list or map of which `next` members are written.
struct part {
	const struct json *v;
	uint32_t next;
};

// Not the C stack: a tree may be deep.
struct parts {
	struct part *p;
	size_t n, cap;
	struct part first[16];
};

static void push(struct parts *open, const struct json *v)
{
	if (open->n == open->cap) {
		open->cap *= 2;
		struct part *old = open->p == open->first ? NULL : open->p;
		open->p = mem_realloc(old, open->cap * sizeof *open->p);
		if (!old) memcpy(open->p, open->first, sizeof open->first);
	}
	open->p[open->n++] = (struct part){v, 0};
}

// Begins v; writes it whole when it has no members.
static void write_begin(struct buf *b, struct parts *open, const struct json *v)
{
	if (!json_count(v)) {
		write_scalar(b, v);
		return;
	}
	buf_add_char(b, v->kind == JSON_MAP ? '{' : '[');
	push(open, v);
}

void json_write(struct buf *b, const struct json *v)
{
	struct parts open;
	open.p = open.first;
	open.n = 0;
	open.cap = sizeof open.first / sizeof open.first[0];
	write_begin(b, &open, v ? v : &json_the_null);
	while (open.n) {
		struct part *top = &open.p[open.n - 1];
		bool is_map = top->v->kind == JSON_MAP;
		if (top->next == top->v->n) {
			buf_add_char(b, is_map ? '}' : ']');
			open.n--;
			continue;
		}
		uint32_t i = top->next++;
		if (i) buf_add_char(b, ',');
		if (is_map) {
			json_write_string(b, top->v->members[i].key);
			buf_add_char(b, ':');
		}
		write_begin(b, &open, is_map ? top->v->members[i].value : top->v->items[i]);
	}
	if (open.p != open.first) mem_free(open.p);
}
