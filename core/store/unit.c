// SPDX-License-Identifier: Apache-2.0
// Units: rows that commit together, copied into one arena; used ones are kept for the next.
#include "base/clock.h"
#include "base/json.h"
#include "inside.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SPARE_MAX 512
#define FIRST_BLOCK 2048
#define FIRST_ROWS 8
// What a parked row keeps of one value and in all.
#define KEEP_VALUE 65536
#define KEEP_ROWS ((size_t)4 << 20)

struct unit *unit_new(struct store *s)
{
	struct list *at = list_pop(&s->spare);
	struct unit *u = at ? list_entry(at, struct unit, at) : mem_new(struct unit);
	if (at)
		s->n_spare--;
	else
		*u = (struct unit){.arena = arena_new(FIRST_BLOCK)};
	u->store = s;
	list_init(&u->at);
	return u;
}

static void unit_destroy(struct unit *u)
{
	arena_free(&u->arena);
	mem_free(u);
}

void unit_put_back(struct unit *u)
{
	struct store *s = u->store;
	list_remove(&u->at);
	if (s->n_spare >= SPARE_MAX) {
		unit_destroy(u);
		return;
	}
	struct arena *a = u->arena;
	arena_reset(a);
	*u = (struct unit){.arena = a};
	list_prepend(&s->spare, &u->at);
	s->n_spare++;
}

void unit_free(struct unit **u)
{
	if (!*u) return;
	unit_put_back(*u);
	*u = NULL;
}

static struct db_value copy_value(struct unit *u, struct db_value v)
{
	assert(v.type != 'I' && v.type != 'T');
	if (v.type != 't' && v.type != 'b') return v;
	u->bytes += v.s.n;
	v.s = arena_str(u->arena, v.s);
	return v;
}

static void grow(struct unit *u)
{
	uint32_t cap = u->cap ? u->cap * 2 : FIRST_ROWS;
	struct unit_row *rows = arena_array(u->arena, struct unit_row, cap);
	if (u->n_rows) memcpy(rows, u->rows, u->n_rows * sizeof *rows);
	u->rows = rows;
	u->cap = cap;
}

uint16_t unit_add(struct unit *u, int stmt, const struct db_value *row)
{
	const struct store *s = u->store;
	assert(stmt >= 0 && (size_t)stmt < s->n_stmts && s->stmts[stmt].kind != DB_READ);
	assert(u->n_rows < UINT16_MAX);
	size_t n = strlen(s->stmts[stmt].params);
	struct db_value *values = arena_array(u->arena, struct db_value, n ? n : 1);
	for (size_t i = 0; i < n; i++)
		values[i] = copy_value(u, row[i]);
	u->bytes += n * sizeof *values;
	if (u->n_rows == u->cap) grow(u);
	u->rows[u->n_rows] = (struct unit_row){.values = values, .stmt = (uint16_t)stmt};
	return (uint16_t)u->n_rows++;
}

size_t unit_rows(const struct unit *u) { return u->n_rows; }

void unit_name(struct unit *u, const char *name) { snprintf(u->name, sizeof u->name, "%s", name); }

static void describe_value(struct json_out *o, const struct db_value *v)
{
	switch (v->type) {
	case 'i': json_out_int(o, v->i); break;
	case 'r': json_out_real(o, v->r); break;
	case 't': json_out_string(o, v->s.n > KEEP_VALUE ? (struct str){v->s.p, KEEP_VALUE} : v->s); break;
	case 'b': {
		struct buf b = {0};
		base64_encode(&b, v->s.n > KEEP_VALUE ? (struct str){v->s.p, KEEP_VALUE} : v->s);
		json_out_map(o);
		json_out_key_string(o, "$b64", buf_str(&b));
		json_out_map_end(o);
		buf_fini(&b);
		break;
	}
	default: json_out_null(o);
	}
}

void unit_describe(const struct unit *u, struct buf *json)
{
	struct json_out o = json_out_init(json);
	json_out_list(&o);
	for (uint32_t i = 0; i < u->n_rows && json->n < KEEP_ROWS; i++) {
		const struct db_stmt *st = &u->store->stmts[u->rows[i].stmt];
		json_out_map(&o);
		json_out_key_string(&o, "stmt", str_of(st->name));
		json_out_key(&o, "row");
		json_out_list(&o);
		for (size_t k = 0; st->params[k]; k++)
			describe_value(&o, &u->rows[i].values[k]);
		json_out_list_end(&o);
		json_out_map_end(&o);
	}
	json_out_list_end(&o);
}

// Text that every database takes.
static struct str clean(struct unit *u, struct str text)
{
	if (utf8_valid_text(text)) return text;
	char *s = arena_cstr(u->arena, text);
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)s[i] - 1 >= 127) s[i] = '?';
	return (struct str){s, text.n};
}

void unit_add_parked(struct unit *u, uint64_t id, const char *name, struct str reason, struct str json)
{
	struct buf cut = {0};
	if (json.n > KEEP_ROWS + KEEP_VALUE) {
		struct json_out o = json_out_init(&cut);
		json_out_string(&o, utf8_cut(json, KEEP_VALUE));
		json = buf_str(&cut);
	}
	unit_add(u, u->store->own + OWN_PARK,
		 (struct db_value[]){DB_INT(id), DB_INT(clock_now_ms()), DB_TEXT(str_of(name)),
				     DB_TEXT(clean(u, reason)), DB_TEXT(json)});
	buf_fini(&cut);
}

int unit_park(struct unit *u, const char *name, struct str reason, struct str json)
{
	uint64_t id = store_id(u->store);
	if (!id) return E_BUSY;
	unit_add_parked(u, id, name, reason, json);
	return 0;
}

static bool is_same(const struct db_value *a, const struct db_value *b)
{
	if (!a->type || a->type != b->type) return false;
	if (a->type == 'i') return a->i == b->i;
	if (a->type == 'r') return a->r == b->r;
	return str_eq(a->s, b->s);
}

// Two rows can only want the same target when they agree in some column.
static bool may_meet(const struct db_stmt *st, const struct unit_row *a, const struct unit_row *b)
{
	for (size_t i = 0; st->params[i]; i++)
		if (is_same(&a->values[i], &b->values[i])) return true;
	return false;
}

// Whether a row of `thief` may have applied, and been the first, in the run in which a guard of `u` did not. Of all
// that fail in a batch the first one of the last run is robbed by nobody, so that doubts always come to an end.
bool unit_may_rob(const struct unit *thief, const struct unit *u)
{
	if (thief->round < u->round || (thief->round == u->round && thief->place >= u->place)) return false;
	for (uint32_t i = 0; i < u->n_rows; i++) {
		if (!u->rows[i].is_refused) continue;
		for (uint32_t k = 0; k < thief->n_rows; k++) {
			const struct unit_row *t = &thief->rows[k];
			bool has_applied = thief->round != u->round || !t->is_refused;
			if (t->stmt == u->rows[i].stmt && has_applied &&
			    may_meet(&u->store->stmts[t->stmt], t, &u->rows[i]))
				return true;
		}
	}
	return false;
}
