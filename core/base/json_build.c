// SPDX-License-Identifier: Apache-2.0
// Building JSON trees.
#include "base/mem.h"
#include "json_inside.h"
#include "scan.h"
#include <assert.h>
#include <math.h>
#include <string.h>

const struct json *json_make_null(void) { return &json_the_null; }

const struct json *json_make_bool(bool v) { return v ? &json_the_true : &json_the_false; }

const struct json *json_make_int(struct arena *a, int64_t v)
{
	struct json *node = json_new(a, JSON_INT, 0);
	node->i = v;
	return node;
}

const struct json *json_make_real(struct arena *a, double v)
{
	if (!isfinite(v)) return &json_the_null;
	struct json *node = json_new(a, JSON_REAL, 0);
	node->d = v;
	return node;
}

static const struct json *make_text(struct arena *a, enum json_kind kind, struct str s)
{
	assert(s.n <= UINT32_MAX);
	struct json *node = json_new(a, kind, s.n);
	node->s = arena_cstr(a, s);
	return node;
}

const struct json *json_make_string(struct arena *a, struct str s)
{
	return utf8_valid_text(s) ? make_text(a, JSON_STRING, s) : NULL;
}

const struct json *json_make_bytes(struct arena *a, struct str s) { return make_text(a, JSON_BYTES, s); }

#define FIRST_CAP 8

struct json_builder {
	struct arena *a;
	bool is_map;
	uint32_t n, cap;
	const struct json **items;
	struct json_member *members;
	struct json_keys keys; // none while the keys are few
};

static struct json_builder *builder_new(struct arena *a, bool is_map)
{
	struct json_builder *b = arena_new_of(a, struct json_builder);
	b->a = a;
	b->is_map = is_map;
	return b;
}

struct json_builder *json_build_list(struct arena *a) { return builder_new(a, false); }

struct json_builder *json_build_map(struct arena *a) { return builder_new(a, true); }

// Room for one more; the arena keeps the old array, which doubling bounds.
static void *make_room(struct json_builder *b, void *array, size_t size)
{
	if (b->n < b->cap) return array;
	assert(b->cap <= UINT32_MAX / 4);
	b->cap = b->cap ? 2 * b->cap : FIRST_CAP;
	void *larger = arena_take(b->a, b->cap * size);
	return b->n ? memcpy(larger, array, b->n * size) : larger;
}

void json_push(struct json_builder *list, const struct json *v)
{
	assert(!list->is_map);
	list->items = make_room(list, list->items, sizeof *list->items);
	list->items[list->n++] = v ? v : &json_the_null;
}

static void index_keys(struct json_builder *map)
{
	map->keys.n_slots = json_keys_slots(2 * map->n);
	map->keys.slots = arena_array(map->a, uint32_t, map->keys.n_slots);
	for (uint32_t i = 0; i < map->n; i++)
		json_keys_add(&map->keys, map->members, i);
}

static int64_t place_of_key(const struct json_builder *map, struct str key)
{
	if (map->keys.slots) return json_keys_find(&map->keys, map->members, key);
	for (uint32_t i = 0; i < map->n; i++)
		if (str_eq(map->members[i].key, key)) return i;
	return -1;
}

// A key is text like any other: what is not UTF-8, and NUL, becomes U+FFFD.
static struct str clean_key(struct arena *a, struct str key)
{
	if (utf8_valid_text(key)) return arena_str(a, key);
	char *text = arena_take_bytes(a, 3 * key.n + 1), *to = text;
	for (const char *p = key.p, *end = key.p + key.n; p < end;) {
		size_t n = *p ? scan_utf8(p, end) : 0;
		memcpy(to, n ? p : "\xef\xbf\xbd", n ? n : 3);
		to += n ? n : 3;
		p += n ? n : 1;
	}
	*to = 0;
	return (struct str){text, (size_t)(to - text)};
}

void json_put(struct json_builder *map, struct str key, const struct json *v)
{
	assert(map->is_map);
	if (!v) v = &json_the_null;
	key = clean_key(map->a, key);
	int64_t at = place_of_key(map, key);
	if (at >= 0) {
		map->members[at].value = v;
		return;
	}
	map->members = make_room(map, map->members, sizeof *map->members);
	map->members[map->n++] = (struct json_member){key, v};
	if (map->n <= JSON_KEYS_FEW) return;
	if (map->keys.n_slots / 2 < map->n)
		index_keys(map);
	else
		json_keys_add(&map->keys, map->members, map->n - 1);
}

const struct json *json_build(struct json_builder *b)
{
	struct json *v = json_new(b->a, b->is_map ? JSON_MAP : JSON_LIST, b->n);
	if (b->is_map)
		v->members = b->members;
	else
		v->items = b->items;
	return v;
}

// A list or map whose members are being copied.
struct copying {
	const struct json *from;
	const struct json **items;
	struct json_member *members;
	uint32_t next;
};

struct copier {
	struct arena *a;
	struct copying *open; // not the C stack: a tree may be deep
	size_t n, cap;
};

static const struct json *begin_copy(struct copier *c, const struct json *v)
{
	struct copying part = {.from = v};
	struct json *copy = json_new(c->a, v->kind, v->n);
	if (v->kind == JSON_LIST)
		copy->items = part.items = arena_take(c->a, v->n * sizeof *part.items);
	else
		copy->members = part.members = arena_take(c->a, v->n * sizeof *part.members);
	if (c->n == c->cap) {
		c->cap = c->cap ? 2 * c->cap : 16;
		c->open = mem_realloc(c->open, c->cap * sizeof *c->open);
	}
	c->open[c->n++] = part;
	return copy;
}

static const struct json *copy_one(struct copier *c, const struct json *v)
{
	switch ((enum json_kind)v->kind) {
	case JSON_NULL: return &json_the_null;
	case JSON_BOOL: return json_make_bool(v->i);
	case JSON_INT: return json_make_int(c->a, v->i);
	case JSON_REAL: return json_make_real(c->a, v->d);
	case JSON_STRING:
	case JSON_BYTES: return make_text(c->a, v->kind, (struct str){v->s, v->n});
	case JSON_LIST:
	case JSON_MAP: return begin_copy(c, v);
	}
	return &json_the_null;
}

const struct json *json_copy(struct arena *a, const struct json *v)
{
	if (!v) return NULL;
	struct copier c = {.a = a};
	const struct json *copy = copy_one(&c, v);
	while (c.n) {
		struct copying *part = &c.open[c.n - 1];
		uint32_t i = part->next++;
		if (i == part->from->n) {
			c.n--;
			continue;
		}
		// copy_one may move the stack: what it fills in stands in the arena and stays.
		if (part->items) {
			const struct json **to = &part->items[i];
			*to = copy_one(&c, part->from->items[i]);
		} else {
			struct json_member *to = &part->members[i];
			const struct json_member *from = &part->from->members[i];
			to->key = arena_str(a, from->key);
			to->value = copy_one(&c, from->value);
		}
	}
	mem_free(c.open);
	return copy;
}
