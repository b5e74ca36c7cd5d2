// SPDX-License-Identifier: Apache-2.0
// The JSON reader. It does not recurse: what is open stands on a stack of levels, what they hold so far on one of
// words.
#include "base/mem.h"
#include "json_inside.h"
#include <string.h>

const struct json_limits JSON_PROVIDER = {64, 4 << 20, true};
const struct json_limits JSON_OURS = {16, 1 << 20};

// A list's item is one word, a map's member three: as in struct json_member.
union word {
	const char *p;
	size_t n;
	const struct json *value;
};
_Static_assert(sizeof(struct json_member) == 3 * sizeof(union word), "a member is copied as three words");

struct level {
	size_t first; // its first word
	const char *at;
	bool is_map;
};

#define FIRST_WORDS 384
#define FIRST_LEVELS 16

struct tree_reader {
	struct json_reader r;
	uint32_t max_depth;
	union word *words;
	struct level *levels;
	size_t n_words, cap_words, n_levels, cap_levels;
	union word first_words[FIRST_WORDS];
	struct level first_levels[FIRST_LEVELS];
};

int json_fail(struct json_reader *r, const char *at, int code, const char *what)
{
	return err_set(r->e, code, "JSON, byte %zu: %s", (size_t)(at - r->start), what);
}

// Doubles an array that began on the stack.
static void *grow(void *p, const void *first, size_t *cap, size_t size)
{
	size_t n = *cap * size;
	*cap *= 2;
	if (p != first) return mem_realloc(p, 2 * n);
	return memcpy(mem_realloc(NULL, 2 * n), first, n);
}

static inline union word *push_words(struct tree_reader *t, size_t n)
{
	if (__builtin_expect(t->cap_words - t->n_words < n, 0))
		t->words = grow(t->words, t->first_words, &t->cap_words, sizeof *t->words);
	t->n_words += n;
	return t->words + t->n_words - n;
}

static inline void skip_blanks(struct json_reader *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
		r->at++;
}

// At the place of a key.
static int read_key(struct tree_reader *t)
{
	struct json_reader *r = &t->r;
	skip_blanks(r);
	if (r->at == r->end || *r->at != '"') return json_fail(r, r->at, E_INVALID, "expected a key");
	struct str key;
	int rc = json_read_string(r, &key);
	if (rc) return rc;
	skip_blanks(r);
	if (r->at == r->end || *r->at != ':') return json_fail(r, r->at, E_INVALID, "expected a colon");
	r->at++;
	union word *w = push_words(t, 2);
	w[0].p = key.p;
	w[1].n = key.n;
	return 0;
}

// At [ or {. *v_r stays NULL unless it is closed at once.
static int open_level(struct tree_reader *t, const struct json **v_r)
{
	struct json_reader *r = &t->r;
	bool is_map = *r->at == '{';
	if (t->n_levels == t->max_depth) return json_fail(r, r->at, E_TOO_LARGE, "nested too deep");
	if (t->n_levels == t->cap_levels)
		t->levels = grow(t->levels, t->first_levels, &t->cap_levels, sizeof *t->levels);
	t->levels[t->n_levels++] = (struct level){t->n_words, r->at, is_map};
	r->at++;
	skip_blanks(r);
	if (r->at == r->end || *r->at != (is_map ? '}' : ']')) return is_map ? read_key(t) : 0;
	r->at++;
	t->n_levels--;
	*v_r = is_map ? &json_the_empty_map : &json_the_empty_list;
	return 0;
}

// Compares each key with each, but only where a cheap sum of both is the same.
static bool few_keys_repeat(const struct json_member *members, uint32_t n)
{
	uint64_t seen = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct str k = members[i].key;
		unsigned sum = (unsigned)k.n * 5;
		if (k.n) sum += (unsigned char)k.p[0] + 3u * (unsigned char)k.p[k.n - 1];
		uint64_t bit = 1ULL << (sum & 63);
		for (uint32_t j = 0; (seen & bit) && j < i; j++)
			if (str_eq(members[j].key, k)) return true;
		seen |= bit;
	}
	return false;
}

static bool many_keys_repeat(const struct json_member *members, uint32_t n)
{
	struct json_keys keys = {.n_slots = json_keys_slots(n)};
	keys.slots = mem_calloc(keys.n_slots, sizeof *keys.slots);
	uint32_t i = 0;
	while (i < n && json_keys_add(&keys, members, i) < 0)
		i++;
	mem_free(keys.slots);
	return i < n;
}

// {"$b64": "..."}: *v_r stays NULL when it is no such map.
static int bytes_of_map(struct tree_reader *t, const struct level *l, const struct json_member *m,
			const struct json **v_r)
{
	if (!str_eq(m->key, STR(JSON_BYTES_KEY)) || m->value->kind != JSON_STRING) return 0;
	struct buf bytes = {0};
	int rc = base64_decode(&bytes, json_string(m->value));
	if (rc)
		json_fail(&t->r, l->at, rc, "what stands under " JSON_BYTES_KEY " is not base64");
	else
		*v_r = json_make_bytes(t->r.a, buf_str(&bytes));
	buf_fini(&bytes);
	return rc;
}

static int close_map(struct tree_reader *t, const struct level *l, const struct json **v_r)
{
	size_t n_words = t->n_words - l->first;
	uint32_t n = (uint32_t)(n_words / 3);
	struct json_member *members = arena_take(t->r.a, n * sizeof *members);
	memcpy(members, t->words + l->first, n_words * sizeof *t->words);
	if (n <= JSON_KEYS_FEW ? few_keys_repeat(members, n) : many_keys_repeat(members, n))
		return json_fail(&t->r, l->at, E_INVALID, "a map with the same key twice");
	*v_r = NULL;
	if (n == 1) {
		int rc = bytes_of_map(t, l, members, v_r);
		if (rc || *v_r) return rc;
	}
	struct json *v = json_new(t->r.a, JSON_MAP, n);
	v->members = members;
	*v_r = v;
	return 0;
}

static int close_list(struct tree_reader *t, const struct level *l, const struct json **v_r)
{
	size_t n = t->n_words - l->first;
	const struct json **items = arena_take(t->r.a, n * sizeof *items);
	memcpy(items, t->words + l->first, n * sizeof *t->words);
	struct json *v = json_new(t->r.a, JSON_LIST, n);
	v->items = items;
	*v_r = v;
	return 0;
}

// Behind a value: a comma (and the next key), or the end of the level, which is then the value.
static int go_on(struct tree_reader *t, const struct json **v_r)
{
	struct json_reader *r = &t->r;
	const struct level *l = &t->levels[t->n_levels - 1];
	*v_r = NULL;
	skip_blanks(r);
	char c = r->at < r->end ? *r->at : 0;
	if (c == ',') {
		r->at++;
		return l->is_map ? read_key(t) : 0;
	}
	if (c != (l->is_map ? '}' : ']'))
		return json_fail(r, r->at, E_INVALID, l->is_map ? "expected a comma or }" : "expected a comma or ]");
	r->at++;
	int rc = l->is_map ? close_map(t, l, v_r) : close_list(t, l, v_r);
	t->n_words = l->first;
	t->n_levels--;
	return rc;
}

static int read_word(struct json_reader *r, struct str word, const struct json *means, const struct json **v_r)
{
	if (!str_starts((struct str){r->at, (size_t)(r->end - r->at)}, word))
		return json_fail(r, r->at, E_INVALID, "expected a value");
	r->at += word.n;
	*v_r = means;
	return 0;
}

static int read_text(struct json_reader *r, const struct json **v_r)
{
	struct json *v = json_new(r->a, JSON_STRING, 0);
	struct str s;
	int rc = json_read_string(r, &s);
	if (rc) return rc;
	v->n = (uint32_t)s.n;
	v->s = s.p;
	*v_r = v;
	return 0;
}

// *v_r stays NULL where a list or map has only begun.
static int read_value(struct tree_reader *t, const struct json **v_r)
{
	struct json_reader *r = &t->r;
	skip_blanks(r);
	if (r->at == r->end) return json_fail(r, r->at, E_INVALID, "expected a value, not the end");
	switch (*r->at) {
	case '"': return read_text(r, v_r);
	case '{':
	case '[': return open_level(t, v_r);
	case 't': return read_word(r, STR("true"), &json_the_true, v_r);
	case 'f': return read_word(r, STR("false"), &json_the_false, v_r);
	case 'n': return read_word(r, STR("null"), &json_the_null, v_r);
	case '-':
	case '0' ... '9': return json_read_number(r, v_r);
	}
	return json_fail(r, r->at, E_INVALID, "expected a value");
}

static int read_tree(struct tree_reader *t, const struct json **v_r)
{
	for (;;) {
		const struct json *v = NULL;
		int rc = read_value(t, &v);
		while (!rc && v && t->n_levels) {
			push_words(t, 1)->value = v;
			rc = go_on(t, &v);
		}
		if (rc) return rc;
		if (!v) continue;
		*v_r = v;
		skip_blanks(&t->r);
		return t->r.at == t->r.end ? 0
					   : json_fail(&t->r, t->r.at, E_INVALID, "something stands behind the value");
	}
}

int json_parse(struct arena *a, struct str text, const struct json_limits *limits, const struct json **v_r,
	       struct err *e)
{
	if (text.n > limits->bytes || text.n > UINT32_MAX)
		return err_set(e, E_TOO_LARGE, "JSON of %zu bytes, the limit is %zu", text.n, limits->bytes);
	if (!text.n) text = STR("");
	struct tree_reader t;
	t.r = (struct json_reader){
		.at = text.p, .start = text.p, .end = text.p + text.n, .a = a, .e = e, .mends = limits->mends};
	t.max_depth = limits->depth;
	t.words = t.first_words;
	t.levels = t.first_levels;
	t.n_words = t.n_levels = 0;
	t.cap_words = FIRST_WORDS;
	t.cap_levels = FIRST_LEVELS;
	int rc = read_tree(&t, v_r);
	if (t.words != t.first_words) mem_free(t.words);
	if (t.levels != t.first_levels) mem_free(t.levels);
	return rc;
}
