// SPDX-License-Identifier: Apache-2.0
// Reads settings into a struct, as their table says.
#include "base/settings.h"
#include "base/mem.h"
#include "settings_inside.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	const char *name;
	int64_t worth;
};

// The largest first; what has no name stands for a number alone.
static const struct unit SIZES[] = {{"g", 1 << 30}, {"m", 1 << 20}, {"k", 1 << 10}, {"", 1}};
static const struct unit TIMES[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
static const struct unit PLAIN[] = {{"", 1}};

static const struct unit *units_of(enum setting_type type, size_t *n_r)
{
	*n_r = type == SETTING_SIZE ? ARRAY_LEN(SIZES) : type == SETTING_DURATION ? ARRAY_LEN(TIMES) : 1;
	return type == SETTING_SIZE ? SIZES : type == SETTING_DURATION ? TIMES : PLAIN;
}

void settings_number(struct buf *b, enum setting_type type, int64_t v)
{
	size_t n;
	const struct unit *u = units_of(type, &n);
	while (n > 1 && (!v || v % u->worth)) {
		u++;
		n--;
	}
	buf_add_i64(b, v / u->worth);
	if (v) buf_add(b, str_of(u->name));
}

// "10m": the unit that the text ends with, and the number before it.
static int parse_number(enum setting_type type, struct str text, int64_t *v_r)
{
	size_t n, n_digits = 0;
	const struct unit *u = units_of(type, &n);
	while (n_digits < text.n && (text.p[n_digits] == '-' || (text.p[n_digits] >= '0' && text.p[n_digits] <= '9')))
		n_digits++;
	int64_t v;
	if (str_to_i64((struct str){text.p, n_digits}, &v)) return E_INVALID;
	struct str name = {text.p + n_digits, text.n - n_digits};
	for (; n; u++, n--)
		if (str_is(name, u->name)) return __builtin_mul_overflow(v, u->worth, v_r) ? E_INVALID : 0;
	if (v || name.n) return E_INVALID;
	*v_r = 0; // needs no unit
	return 0;
}

static bool has_bounds(const struct setting *s) { return s->min || s->max; }

void settings_expected(struct buf *b, const struct setting *s)
{
	static const char *const forms[] = {
		[SETTING_STRING] = "text",
		[SETTING_SECRET] = "text",
		[SETTING_INT] = "a whole number",
		[SETTING_BOOL] = "true or false",
		[SETTING_SIZE] = "a size like 64k or 10m",
		[SETTING_DURATION] = "a duration like 500ms, 5s, 2m, 1h or 7d",
		[SETTING_ENUM] = "one of ",
	};
	buf_add(b, str_of(forms[s->type]));
	for (size_t i = 0; s->type == SETTING_ENUM && s->values[i]; i++)
		buf_printf(b, "%s%s", i ? ", " : "", s->values[i]);
	if (!has_bounds(s)) return;
	buf_add(b, STR(" from "));
	settings_number(b, s->type, s->min);
	buf_add(b, STR(" to "));
	settings_number(b, s->type, s->max);
}

static int set_number(const struct setting *s, void *field, struct str value)
{
	int64_t v;
	if (parse_number(s->type, value, &v)) return E_INVALID;
	if (s->type != SETTING_INT && v < 0) return E_INVALID;
	if (has_bounds(s) && (v < s->min || v > s->max)) return E_INVALID;
	*(int64_t *)field = v;
	return 0;
}

static int set_bool(void *field, struct str value)
{
	bool is_true = str_is(value, "true");
	if (!is_true && !str_is(value, "false")) return E_INVALID;
	*(bool *)field = is_true;
	return 0;
}

static int set_enum(const struct setting *s, void *field, struct str value)
{
	for (int i = 0; s->values[i]; i++) {
		if (!str_is(value, s->values[i])) continue;
		*(int *)field = i;
		return 0;
	}
	return E_INVALID;
}

static void drop_text(const struct setting *s, char **field)
{
	if (*field && s->type == SETTING_SECRET) mem_wipe(*field, strlen(*field));
	mem_free(*field);
	*field = NULL;
}

static int set_text(const struct setting *s, char **field, struct str value)
{
	if (!utf8_valid_text(value)) return E_INVALID;
	// Copied first: the value may be the one that stands there.
	char *copy = value.n ? mem_strndup(value.p, value.n) : mem_strdup("");
	drop_text(s, field);
	*field = copy;
	return 0;
}

static int set_field(const struct setting *s, void *values, struct str value)
{
	void *field = (char *)values + s->offset;
	switch (s->type) {
	case SETTING_STRING:
	case SETTING_SECRET: return set_text(s, field, value);
	case SETTING_INT:
	case SETTING_SIZE:
	case SETTING_DURATION: return set_number(s, field, value);
	case SETTING_BOOL: return set_bool(field, value);
	case SETTING_ENUM: return set_enum(s, field, value);
	}
	return E_INTERNAL;
}

static void clear_field(const struct setting *s, void *values)
{
	void *field = (char *)values + s->offset;
	switch (s->type) {
	case SETTING_STRING:
	case SETTING_SECRET: *(char **)field = NULL; break;
	case SETTING_INT:
	case SETTING_SIZE:
	case SETTING_DURATION: *(int64_t *)field = 0; break;
	case SETTING_BOOL: *(bool *)field = false; break;
	case SETTING_ENUM: *(int *)field = 0; break;
	}
}

void settings_init(const struct settings *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct setting *row = &s->table[i];
		clear_field(row, s->values);
		if (!row->standard || !set_field(row, s->values, str_of(row->standard))) continue;
		fprintf(stderr, "the table of settings is wrong: %s cannot be %s\n", row->name, row->standard);
		abort();
	}
}

void settings_fini(const struct settings *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct setting *row = &s->table[i];
		if (row->type == SETTING_STRING || row->type == SETTING_SECRET)
			drop_text(row, (char **)((char *)s->values + row->offset));
	}
}

// "beseda.yaml:12:3: ", as far as it is known.
static void add_place(struct buf *b, const struct setting_place *place)
{
	if (!place || !place->file) return;
	buf_add(b, str_of(place->file));
	if (place->line) buf_printf(b, ":%d", place->line);
	if (place->line && place->column) buf_printf(b, ":%d", place->column);
	buf_add(b, STR(": "));
}

static const char *nearest_name(const struct settings *s, struct str name)
{
	const char **names = mem_calloc(s->n, sizeof *names);
	for (size_t i = 0; i < s->n; i++)
		names[i] = s->table[i].name;
	const char *nearest = str_nearest(name, names, s->n);
	mem_free(names);
	return nearest;
}

#define SHOWN 80 // bytes of a wrong name or value in a message

static int fail_unknown(const struct settings *s, struct str name, struct buf *text, struct err *e)
{
	const char *nearest = nearest_name(s, name);
	buf_add(text, utf8_cut(name, SHOWN));
	buf_add(text, STR(": no such setting"));
	if (nearest) buf_printf(text, "; did you mean %s?", nearest);
	return err_set(e, E_MISSING, "%s", text->p);
}

static int fail_value(const struct setting *s, struct str value, struct buf *text, struct err *e)
{
	buf_printf(text, "%s: expected ", s->name);
	settings_expected(text, s);
	if (s->type == SETTING_STRING || s->type == SETTING_SECRET) {
		buf_add(text, STR("; got something that is not UTF-8 or holds a NUL"));
	} else {
		buf_add(text, STR("; got "));
		buf_add(text, value.n ? utf8_cut(value, SHOWN) : STR("nothing"));
	}
	return err_set(e, E_INVALID, "%s", text->p);
}

int settings_set(const struct settings *s, struct str name, struct str value, const struct setting_place *place,
		 struct err *e)
{
	size_t i = 0;
	while (i < s->n && !str_is(name, s->table[i].name))
		i++;
	bool is_known = i < s->n;
	if (is_known && !set_field(&s->table[i], s->values, value)) return 0;
	struct buf text = {0};
	add_place(&text, place);
	int rc = is_known ? fail_value(&s->table[i], value, &text, e) : fail_unknown(s, name, &text, e);
	buf_fini(&text);
	return rc;
}
