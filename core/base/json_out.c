// SPDX-License-Identifier: Apache-2.0
// The append-only JSON writer.
#include "base/clock.h"
#include "json_inside.h"
#include <string.h>

static void begin_value(struct json_out *o)
{
	if (o->comma) buf_add_char(o->b, ',');
	o->comma = true;
}

void json_out_map(struct json_out *o)
{
	begin_value(o);
	buf_add_char(o->b, '{');
	o->comma = false;
}

void json_out_map_end(struct json_out *o)
{
	buf_add_char(o->b, '}');
	o->comma = true;
}

void json_out_list(struct json_out *o)
{
	begin_value(o);
	buf_add_char(o->b, '[');
	o->comma = false;
}

void json_out_list_end(struct json_out *o)
{
	buf_add_char(o->b, ']');
	o->comma = true;
}

static bool is_plain(unsigned char c) { return c >= ' ' && c < 0x7F && c != '"' && c != '\\'; }

// Nearly all keys are short words of ours.
void json_out_key(struct json_out *o, const char *key)
{
	size_t n = 0;
	while (is_plain((unsigned char)key[n]))
		n++;
	if (key[n]) {
		begin_value(o);
		json_write_string(o->b, str_of(key));
		buf_add_char(o->b, ':');
	} else {
		char *start = buf_reserve(o->b, n + 4), *to = start;
		if (o->comma) *to++ = ',';
		*to++ = '"';
		memcpy(to, key, n);
		to += n;
		memcpy(to, "\":", 3);
		o->b->n += (size_t)(to + 2 - start);
	}
	o->comma = false;
}

void json_out_string(struct json_out *o, struct str s)
{
	begin_value(o);
	if (s.p)
		json_write_string(o->b, s);
	else
		buf_add(o->b, STR("null"));
}

void json_out_int(struct json_out *o, int64_t v)
{
	begin_value(o);
	buf_add_i64(o->b, v);
}

void json_out_real(struct json_out *o, double v)
{
	begin_value(o);
	json_write_real(o->b, v);
}

void json_out_bool(struct json_out *o, bool v)
{
	begin_value(o);
	buf_add(o->b, v ? STR("true") : STR("false"));
}

void json_out_null(struct json_out *o)
{
	begin_value(o);
	buf_add(o->b, STR("null"));
}

void json_out_id(struct json_out *o, uint64_t id)
{
	if (!id) {
		json_out_null(o);
		return;
	}
	begin_value(o);
	buf_add_char(o->b, '"');
	buf_add_u64(o->b, id);
	buf_add_char(o->b, '"');
}

void json_out_time(struct json_out *o, int64_t ms)
{
	if (!ms) {
		json_out_null(o);
		return;
	}
	begin_value(o);
	char text[CLOCK_TEXT_MAX];
	size_t n = clock_format(ms, text);
	buf_add_char(o->b, '"');
	buf_add_bytes(o->b, text, n);
	buf_add_char(o->b, '"');
}

void json_out_value(struct json_out *o, const struct json *v)
{
	begin_value(o);
	json_write(o->b, v);
}

void json_out_raw(struct json_out *o, struct str text)
{
	begin_value(o);
	buf_add(o->b, text);
}

void json_out_key_string(struct json_out *o, const char *key, struct str s)
{
	json_out_key(o, key);
	json_out_string(o, s);
}

void json_out_key_int(struct json_out *o, const char *key, int64_t v)
{
	json_out_key(o, key);
	json_out_int(o, v);
}

void json_out_key_bool(struct json_out *o, const char *key, bool v)
{
	json_out_key(o, key);
	json_out_bool(o, v);
}

void json_out_key_id(struct json_out *o, const char *key, uint64_t id)
{
	json_out_key(o, key);
	json_out_id(o, id);
}

void json_out_key_time(struct json_out *o, const char *key, int64_t ms)
{
	json_out_key(o, key);
	json_out_time(o, ms);
}
