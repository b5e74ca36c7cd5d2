// SPDX-License-Identifier: Apache-2.0
// Config schemas: type, properties, required, enum, bounds, items, default; and for the form: title, help, order,
// secret, public, show_if. Unknown words of a schema are left to newer servers; unknown keys of a config are mistakes.
#include "config.h"
#include "base/mem.h"
#include <string.h>

#define SCHEMA_DEPTH 8
#define PROPERTIES_MAX 200

enum type { TYPE_OBJECT, TYPE_STRING, TYPE_INTEGER, TYPE_NUMBER, TYPE_BOOLEAN, TYPE_ARRAY, TYPE_NONE };
static const char *const TYPES[] = {"object", "string", "integer", "number", "boolean", "array"};
static const char *const TYPE_WORDS[] = {"a map", "a string", "a whole number", "a number", "true or false", "a list"};

// "verify.token": where the walk stands.
struct place {
	const struct place *up;
	struct str key;
};

static void place_write(struct buf *b, const struct place *p)
{
	if (!p) return;
	place_write(b, p->up);
	if (b->n) buf_add_char(b, '.');
	buf_add(b, p->key);
}

static int wrong(const struct place *p, struct err *e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int wrong(const struct place *p, struct err *e, const char *fmt, ...)
{
	struct buf text = {0};
	place_write(&text, p);
	if (text.n) buf_add(&text, STR(": "));
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	err_set(e, E_INVALID, "%s", text.p);
	buf_fini(&text);
	return E_INVALID;
}

static enum type type_of(const struct json *schema)
{
	struct str name = json_string_of(schema, "type");
	for (size_t i = 0; i < ARRAY_LEN(TYPES); i++)
		if (str_is(name, TYPES[i])) return (enum type)i;
	return TYPE_NONE;
}

static const struct json *property_of(const struct json *schema, struct str key)
{
	return json_get_str(json_get(schema, "properties"), key);
}

// ---- the schema itself ------------------------------------------------------------------------------------------

static int schema_walk(const struct json *s, const struct place *at, int depth, struct err *e);

static int schema_object(const struct json *s, const struct place *at, int depth, struct err *e)
{
	const struct json *properties = json_get(s, "properties");
	if (!json_is(properties, JSON_MAP)) return wrong(at, e, "an object needs \"properties\"");
	if (properties->n > PROPERTIES_MAX) return wrong(at, e, "more than %d properties", PROPERTIES_MAX);
	for (uint32_t i = 0; i < properties->n; i++) {
		struct place below = {at, properties->members[i].key};
		if (!below.key.n || str_find(below.key, '.') >= 0 || below.key.p[0] == '$')
			return wrong(&below, e, "a key is not empty, has no dot and does not begin with $");
		if (!at && str_is(below.key, "net"))
			return wrong(&below, e, "\"net\" is the server's own; choose another name");
		int r = schema_walk(properties->members[i].value, &below, depth + 1, e);
		if (r) return r;
	}
	const struct json *required = json_get(s, "required");
	if (required && !json_is(required, JSON_LIST)) return wrong(at, e, "\"required\" should be a list of keys");
	for (size_t i = 0; i < json_count(required); i++)
		if (!property_of(s, json_string(json_at(required, i))))
			return wrong(at, e, "\"required\" names %.*s, which is no property",
				     STR_ARG(json_string(json_at(required, i))));
	return 0;
}

static int value_check(const struct json *schema, const struct json *v, const struct place *at, struct err *e);

static bool holds_secret(const struct json *s)
{
	if (json_bool_of(s, "secret", false)) return true;
	const struct json *properties = json_get(s, "properties");
	for (size_t i = 0; i < json_count(properties); i++)
		if (holds_secret(properties->members[i].value)) return true;
	const struct json *items = json_get(s, "items");
	return items && holds_secret(items);
}

static int schema_walk(const struct json *s, const struct place *at, int depth, struct err *e)
{
	if (depth > SCHEMA_DEPTH) return wrong(at, e, "more than %d levels", SCHEMA_DEPTH);
	enum type type = type_of(s);
	if (type == TYPE_NONE)
		return wrong(at, e, "\"type\" should be one of object, string, integer, number, boolean, array");
	if (json_bool_of(s, "secret", false) && type != TYPE_STRING)
		return wrong(at, e, "only a string can be a secret");
	if (json_bool_of(s, "secret", false) && json_get(s, "default")) return wrong(at, e, "a secret has no default");
	if (json_bool_of(s, "public", false) && holds_secret(s))
		return wrong(at, e, "what holds a secret is not public");
	if (type == TYPE_ARRAY && holds_secret(s)) return wrong(at, e, "a list cannot hold secrets");
	if (json_get(s, "enum") && !json_count(json_get(s, "enum")))
		return wrong(at, e, "\"enum\" should be a list of values");
	int r = 0;
	if (type == TYPE_OBJECT)
		r = schema_object(s, at, depth, e);
	else if (type == TYPE_ARRAY)
		r = schema_walk(json_get(s, "items"), &(struct place){at, STR("items")}, depth + 1, e);
	if (!r && json_get(s, "default")) r = value_check(s, json_get(s, "default"), at, e);
	return r;
}

int schema_check(const struct json *schema, struct err *e)
{
	if (type_of(schema) != TYPE_OBJECT) return err_set(e, E_INVALID, "the outermost \"type\" should be \"object\"");
	return schema_walk(schema, NULL, 1, e);
}

// ---- a config against its schema --------------------------------------------------------------------------------

static bool json_same(const struct json *a, const struct json *b)
{
	struct buf x = {0}, y = {0};
	json_write(&x, a);
	json_write(&y, b);
	bool is_same = str_eq(buf_str(&x), buf_str(&y));
	buf_fini(&x);
	buf_fini(&y);
	return is_same;
}

static bool enum_has(const struct json *list, const struct json *v)
{
	for (size_t i = 0; i < json_count(list); i++)
		if (json_same(json_at(list, i), v)) return true;
	return false;
}

// {"show_if":{"mode":"push"}}: the property counts only when its neighbours have these values.
static bool is_shown(const struct json *property, const struct json *object_schema, const struct json *config)
{
	const struct json *show_if = json_get(property, "show_if");
	for (size_t i = 0; json_is(show_if, JSON_MAP) && i < show_if->n; i++) {
		struct str key = show_if->members[i].key;
		const struct json *v = json_get_str(config, key);
		if (!v) v = json_get(property_of(object_schema, key), "default");
		if (!v || !json_same(v, show_if->members[i].value)) return false;
	}
	return true;
}

static int unknown_key(const struct json *schema, struct str key, const struct place *at, struct err *e)
{
	const struct json *properties = json_get(schema, "properties");
	const char *names[PROPERTIES_MAX];
	size_t n = json_count(properties);
	for (size_t i = 0; i < n; i++)
		names[i] = properties->members[i].key.p;
	const char *near = str_nearest(key, names, n);
	const struct place here = {at, key};
	if (near) return wrong(&here, e, "no such setting; did you mean %s?", near);
	return wrong(&here, e, "no such setting");
}

static int net_check(const struct json *net, struct err *e)
{
	const struct place at = {NULL, STR("net")}, hosts = {&at, STR("allow_hosts")};
	if (!json_is(net, JSON_MAP)) return wrong(&at, e, "should be a map");
	for (uint32_t i = 0; i < net->n; i++)
		if (!str_is(net->members[i].key, "allow_hosts"))
			return wrong(&(struct place){&at, net->members[i].key}, e, "no such setting");
	const struct json *list = json_get(net, "allow_hosts");
	if (list && (!json_is(list, JSON_LIST) || list->n > 100))
		return wrong(&hosts, e, "should be a list of at most 100 hosts");
	for (size_t i = 0; i < json_count(list); i++) {
		struct str host = json_string(json_at(list, i));
		if (!host.n || host.n > 255 || str_find(host, '/') >= 0 || str_find(host, ' ') >= 0)
			return wrong(&hosts, e,
				     "a host is a name or an address, with a port or without, and nothing else");
	}
	return 0;
}

static int object_check(const struct json *schema, const struct json *v, const struct place *at, struct err *e)
{
	for (uint32_t i = 0; i < v->n; i++) {
		const struct place below = {at, v->members[i].key};
		if (!at && str_is(below.key, "net")) {
			if (net_check(v->members[i].value, e)) return E_INVALID;
			continue;
		}
		const struct json *property = property_of(schema, below.key);
		if (!property) return unknown_key(schema, below.key, at, e);
		if (value_check(property, v->members[i].value, &below, e)) return E_INVALID;
	}
	const struct json *required = json_get(schema, "required");
	for (size_t i = 0; i < json_count(required); i++) {
		struct str key = json_string(json_at(required, i));
		const struct json *property = property_of(schema, key);
		if (!json_get_str(v, key) && !json_get(property, "default") && is_shown(property, schema, v))
			return wrong(&(struct place){at, key}, e, "is missing");
	}
	return 0;
}

static int array_check(const struct json *schema, const struct json *v, const struct place *at, struct err *e)
{
	int64_t least = json_int_of(schema, "minItems", 0), most = json_int_of(schema, "maxItems", 1000);
	if (v->n < least || v->n > most)
		return wrong(at, e, "should have %lld to %lld items", (long long)least, (long long)most);
	for (uint32_t i = 0; i < v->n; i++)
		if (value_check(json_get(schema, "items"), v->items[i], at, e)) return E_INVALID;
	return 0;
}

static int string_check(const struct json *schema, struct str s, const struct place *at, struct err *e)
{
	int64_t least = json_int_of(schema, "minLength", 0), most = json_int_of(schema, "maxLength", 10000);
	int64_t n = (int64_t)utf8_length(s);
	if (n < least || n > most)
		return wrong(at, e, "should have %lld to %lld characters", (long long)least, (long long)most);
	struct str format = json_string_of(schema, "format");
	if (n && str_is(format, "uri") && !str_starts(s, STR("https://")) && !str_starts(s, STR("http://")))
		return wrong(at, e, "should be an address that begins with https:// or http://");
	return 0;
}

static int number_check(const struct json *schema, const struct json *v, const struct place *at, struct err *e)
{
	const struct json *min = json_get(schema, "minimum"), *max = json_get(schema, "maximum");
	double x = json_real(v, 0);
	if (min && x < json_real(min, x)) return wrong(at, e, "should be at least %g", json_real(min, 0));
	if (max && x > json_real(max, x)) return wrong(at, e, "should be at most %g", json_real(max, 0));
	return 0;
}

static bool type_fits(enum type type, const struct json *v)
{
	switch (type) {
	case TYPE_OBJECT: return json_is(v, JSON_MAP);
	case TYPE_STRING: return json_is(v, JSON_STRING);
	case TYPE_INTEGER: return json_is(v, JSON_INT);
	case TYPE_NUMBER: return json_is(v, JSON_INT) || json_is(v, JSON_REAL);
	case TYPE_BOOLEAN: return json_is(v, JSON_BOOL);
	case TYPE_ARRAY: return json_is(v, JSON_LIST);
	case TYPE_NONE: break;
	}
	return false;
}

static int value_check(const struct json *schema, const struct json *v, const struct place *at, struct err *e)
{
	enum type type = type_of(schema);
	if (!type_fits(type, v))
		return wrong(at, e, "should be %s", type == TYPE_NONE ? "something else" : TYPE_WORDS[type]);
	const struct json *words = json_get(schema, "enum");
	if (words && !enum_has(words, v)) return wrong(at, e, "is none of the values that may stand there");
	switch (type) {
	case TYPE_OBJECT: return object_check(schema, v, at, e);
	case TYPE_ARRAY: return array_check(schema, v, at, e);
	case TYPE_STRING: return string_check(schema, json_string(v), at, e);
	case TYPE_INTEGER:
	case TYPE_NUMBER: return number_check(schema, v, at, e);
	default: return 0;
	}
}

int config_check(const struct json *schema, const struct json *config, struct err *e)
{
	if (!json_is(config, JSON_MAP)) return err_set(e, E_INVALID, "the settings should be a map");
	return object_check(schema, config, NULL, e);
}
