// SPDX-License-Identifier: Apache-2.0
// Readers of what a call brings: each checks type and bounds, and ends the call with 400 when they are not kept.
#include "inside.h"
#include "base/id.h"
#include <string.h>

bool call_has(const struct call *c, const char *field) { return json_get(c->body, field) != NULL; }

bool call_text(struct call *c, const char *field, enum presence p, size_t max, struct str *s_r)
{
	const struct json *v = json_get(c->body, field);
	*s_r = STR_NONE;
	if (!v && p == OPTIONAL) return true;
	if (!json_is(v, JSON_STRING)) {
		call_fail_field(c, field, "%s must be a text", field);
		return false;
	}
	*s_r = json_string(v);
	if (s_r->n <= max && utf8_valid_text(*s_r)) return true;
	call_fail_field(c, field, "%s must have at most %zu bytes", field, max);
	return false;
}

bool call_bool(struct call *c, const char *field, bool *is_given_r, bool *v_r)
{
	const struct json *v = json_get(c->body, field);
	*is_given_r = v != NULL;
	if (v && !json_is(v, JSON_BOOL)) {
		call_fail_field(c, field, "%s must be true or false", field);
		return false;
	}
	if (v) *v_r = json_bool(v, false);
	return true;
}

bool call_id(struct call *c, const char *field, enum presence p, uint64_t *id_r)
{
	const struct json *v = json_get(c->body, field);
	*id_r = 0;
	if (v ? json_is(v, JSON_NULL) : p == OPTIONAL) return true;
	if (json_is(v, JSON_STRING) && !id_parse(json_string(v), id_r)) return true;
	call_fail_field(c, field, "%s must be an id: a decimal number as a text", field);
	return false;
}

bool call_ids(struct call *c, const char *field, enum presence p, uint64_t *ids_r, size_t *n_r)
{
	const struct json *v = json_get(c->body, field);
	*n_r = 0;
	if (!v && p == OPTIONAL) return true;
	if (!json_is(v, JSON_LIST) || json_count(v) > USER_TEAMS) {
		call_fail_field(c, field, "%s must be a list of at most %d ids", field, USER_TEAMS);
		return false;
	}
	for (size_t i = 0; i < json_count(v); i++) {
		const struct json *id = json_at(v, i);
		if (!json_is(id, JSON_STRING) || id_parse(json_string(id), &ids_r[*n_r])) {
			call_fail_field(c, field, "%s holds something that is no id", field);
			return false;
		}
		bool is_new = true;
		for (size_t k = 0; k < *n_r; k++)
			is_new &= ids_r[k] != ids_r[*n_r];
		*n_r += is_new;
	}
	return true;
}

bool call_version(struct call *c, int64_t *version_r)
{
	const struct json *v = json_get(c->body, "version");
	*version_r = json_int(v, 0);
	if (!v || (json_is(v, JSON_INT) && *version_r > 0)) return true;
	call_fail_field(c, "version", "version must be a number from 1");
	return false;
}

struct str call_query(struct call *c, const char *name)
{
	return http_param(c->arena, http_request(c->x)->query, name);
}

bool call_query_int(struct call *c, const char *name, const int64_t bounds[2], int64_t *v_r)
{
	struct str text = call_query(c, name);
	int64_t v;
	if (!text.p) return true;
	if (!str_to_i64(text, &v) && v >= bounds[0] && v <= bounds[1]) {
		*v_r = v;
		return true;
	}
	call_fail_field(c, name, "%s must be a number from %lld to %lld", name, (long long)bounds[0],
			(long long)bounds[1]);
	return false;
}

bool call_query_word(struct call *c, const char *name, const char *const *words, size_t *at_r)
{
	struct str text = call_query(c, name);
	if (!text.p) return true;
	struct str list = STR("");
	for (size_t i = 0; words[i]; i++) {
		if (str_is(text, words[i])) {
			*at_r = i;
			return true;
		}
		list = arena_printf(c->arena, "%.*s%s%s", STR_ARG(list), i ? ", " : "", words[i]);
	}
	call_fail_field(c, name, "%s must be one of %.*s", name, STR_ARG(list));
	return false;
}
