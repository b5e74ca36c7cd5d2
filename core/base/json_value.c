// SPDX-License-Identifier: Apache-2.0
// Looking into a JSON tree.
#include "base/id.h"
#include "json_inside.h"

const struct json json_the_null = {.kind = JSON_NULL};
const struct json json_the_true = {.kind = JSON_BOOL, .i = 1};
const struct json json_the_false = {.kind = JSON_BOOL};
const struct json json_the_empty_list = {.kind = JSON_LIST};
const struct json json_the_empty_map = {.kind = JSON_MAP};

const struct json *json_get(const struct json *v, const char *key) { return json_get_str(v, str_of(key)); }

const struct json *json_get_str(const struct json *v, struct str key)
{
	if (!json_is(v, JSON_MAP)) return NULL;
	for (uint32_t i = 0; i < v->n; i++)
		if (str_eq(v->members[i].key, key)) return v->members[i].value;
	return NULL;
}

const struct json *json_at(const struct json *v, size_t i)
{
	return json_is(v, JSON_LIST) && i < v->n ? v->items[i] : NULL;
}

// A pointer's token has ~1 for a slash and ~0 for a tilde.
static bool token_is(struct str token, struct str key)
{
	size_t at = 0;
	for (size_t i = 0; i < token.n; i++, at++) {
		char c = token.p[i];
		if (c == '~') {
			if (++i == token.n || (token.p[i] != '0' && token.p[i] != '1')) return false;
			c = token.p[i] == '0' ? '~' : '/';
		}
		if (at == key.n || key.p[at] != c) return false;
	}
	return at == key.n;
}

static const struct json *follow(const struct json *v, struct str token)
{
	if (json_is(v, JSON_LIST)) {
		uint64_t i;
		bool has_leading_zero = token.n > 1 && token.p[0] == '0';
		return has_leading_zero || str_to_u64(token, &i) ? NULL : json_at(v, i);
	}
	if (!json_is(v, JSON_MAP)) return NULL;
	for (uint32_t i = 0; i < v->n; i++)
		if (token_is(token, v->members[i].key)) return v->members[i].value;
	return NULL;
}

const struct json *json_pointer(const struct json *v, struct str pointer)
{
	while (v && pointer.n) {
		if (pointer.p[0] != '/') return NULL;
		pointer.p++;
		pointer.n--;
		ptrdiff_t slash = str_find(pointer, '/');
		size_t n = slash < 0 ? pointer.n : (size_t)slash;
		v = follow(v, (struct str){pointer.p, n});
		pointer.p += n;
		pointer.n -= n;
	}
	return v;
}

size_t json_count(const struct json *v) { return json_is(v, JSON_LIST) || json_is(v, JSON_MAP) ? v->n : 0; }

struct str json_string(const struct json *v) { return json_is(v, JSON_STRING) ? (struct str){v->s, v->n} : STR_NONE; }

struct str json_bytes(const struct json *v) { return json_is(v, JSON_BYTES) ? (struct str){v->s, v->n} : STR_NONE; }

int64_t json_int(const struct json *v, int64_t otherwise) { return json_is(v, JSON_INT) ? v->i : otherwise; }

double json_real(const struct json *v, double otherwise)
{
	if (json_is(v, JSON_INT)) return (double)v->i;
	return json_is(v, JSON_REAL) ? v->d : otherwise;
}

bool json_bool(const struct json *v, bool otherwise) { return json_is(v, JSON_BOOL) ? v->i != 0 : otherwise; }

bool json_is(const struct json *v, enum json_kind kind) { return v && v->kind == kind; }

struct str json_string_of(const struct json *map, const char *key) { return json_string(json_get(map, key)); }

int64_t json_int_of(const struct json *map, const char *key, int64_t otherwise)
{
	return json_int(json_get(map, key), otherwise);
}

bool json_bool_of(const struct json *map, const char *key, bool otherwise)
{
	return json_bool(json_get(map, key), otherwise);
}

uint64_t json_id_of(const struct json *map, const char *key)
{
	const struct json *v = json_get(map, key);
	if (json_is(v, JSON_INT)) return v->i > 0 ? (uint64_t)v->i : 0;
	uint64_t id;
	return id_parse(json_string(v), &id) ? 0 : id;
}
