// SPDX-License-Identifier: Apache-2.0
// Asks jansson.
#include "json_oracle.h"
#include <jansson.h>

static const json_t *value(const struct oracle *o) { return (const json_t *)o; }

struct oracle *oracle_parse(const char *text, size_t n, bool *is_dialect_r)
{
	json_error_t e;
	json_t *v = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
	enum json_error_code code = v ? json_error_unknown : json_error_code(&e);
	*is_dialect_r = code == json_error_numeric_overflow || code == json_error_stack_overflow;
	return (struct oracle *)v;
}

void oracle_free(struct oracle *o) { json_decref((json_t *)o); }

char oracle_kind(const struct oracle *o)
{
	switch (json_typeof(value(o))) {
	case JSON_NULL: return 'n';
	case JSON_TRUE:
	case JSON_FALSE: return 'b';
	case JSON_INTEGER: return 'i';
	case JSON_REAL: return 'r';
	case JSON_STRING: return 's';
	case JSON_ARRAY: return 'l';
	case JSON_OBJECT: return 'm';
	}
	return '?';
}

int64_t oracle_int(const struct oracle *o)
{
	return json_is_boolean(value(o)) ? json_is_true(value(o)) : json_integer_value(value(o));
}

double oracle_real(const struct oracle *o) { return json_real_value(value(o)); }

const char *oracle_string(const struct oracle *o, size_t *n_r)
{
	*n_r = json_string_length(value(o));
	return json_string_value(value(o));
}

size_t oracle_count(const struct oracle *o)
{
	return json_is_array(value(o)) ? json_array_size(value(o)) : json_object_size(value(o));
}

const struct oracle *oracle_at(const struct oracle *list, size_t i)
{
	return (const struct oracle *)json_array_get(value(list), i);
}

const struct oracle *oracle_get(const struct oracle *map, const char *key, size_t n)
{
	return (const struct oracle *)json_object_getn(value(map), key, n);
}
