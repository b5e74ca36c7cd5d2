// SPDX-License-Identifier: Apache-2.0
// What different eyes see of a config: with defaults, without secrets, only what is public.
#include "config.h"

static bool is_object(const struct json *schema) { return str_is(json_string_of(schema, "type"), "object"); }

const struct json *config_fill(struct arena *a, const struct json *schema, const struct json *config)
{
	struct json_builder *b = json_build_map(a);
	for (size_t i = 0; i < json_count(config); i++)
		json_put(b, config->members[i].key, config->members[i].value);
	const struct json *properties = json_get(schema, "properties");
	for (size_t i = 0; i < json_count(properties); i++) {
		struct str key = properties->members[i].key;
		const struct json *property = properties->members[i].value;
		const struct json *v = json_get_str(config, key);
		if (is_object(property))
			json_put(b, key, config_fill(a, property, v));
		else if (!v && json_get(property, "default"))
			json_put(b, key, json_copy(a, json_get(property, "default")));
	}
	return json_build(b);
}

// What config_hide carries along.
struct hiding {
	struct arena *a;
	config_handle_cb handle;
	const void *arg;
};

static const struct json *handle_for(const struct hiding *h, struct str name)
{
	struct json_builder *b = json_build_map(h->a);
	json_put(b, STR("$secret"), json_make_string(h->a, str_of(h->handle(h->a, name, h->arg))));
	return json_build(b);
}

static const struct json *hide_below(const struct hiding *h, const struct json *schema, const struct json *v,
				     struct str prefix)
{
	struct json_builder *b = json_build_map(h->a);
	for (size_t i = 0; i < json_count(v); i++) {
		struct str key = v->members[i].key;
		const struct json *member = v->members[i].value;
		const struct json *property = json_get_str(json_get(schema, "properties"), key);
		struct str name = prefix.n ? arena_printf(h->a, "%.*s.%.*s", STR_ARG(prefix), STR_ARG(key)) : key;
		if (json_bool_of(property, "secret", false) && json_string(member).n)
			json_put(b, key, handle_for(h, name));
		else if (is_object(property))
			json_put(b, key, hide_below(h, property, member, name));
		else
			json_put(b, key, member);
	}
	return json_build(b);
}

const struct json *config_hide(struct arena *a, const struct json *schema, const struct json *filled,
			       config_handle_cb handle, const void *arg)
{
	const struct hiding h = {a, handle, arg};
	return hide_below(&h, schema, filled, STR_NONE);
}

const struct json *config_public(struct arena *a, const struct json *schema, const struct json *filled)
{
	struct json_builder *b = json_build_map(a);
	for (size_t i = 0; i < json_count(filled); i++) {
		struct str key = filled->members[i].key;
		const struct json *property = json_get_str(json_get(schema, "properties"), key);
		if (json_bool_of(property, "public", false))
			json_put(b, key, filled->members[i].value);
		else if (is_object(property))
			json_put(b, key, config_public(a, property, filled->members[i].value));
	}
	return json_build(b);
}

const struct json *config_at(const struct json *config, struct str name)
{
	struct str key;
	while (config && str_cut(&name, '.', &key))
		config = json_get_str(config, key);
	return config;
}

bool config_is_secret(const struct json *schema, struct str name)
{
	struct str key;
	while (schema && str_cut(&name, '.', &key))
		schema = json_get_str(json_get(schema, "properties"), key);
	return json_bool_of(schema, "secret", false);
}
