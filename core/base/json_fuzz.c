// SPDX-License-Identifier: Apache-2.0
// The JSON reader against jansson, and the writer against the reader.
#include "base/json.h"
#include "base/mem.h"
#include "json_oracle.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(truth) require(truth, #truth, __LINE__)

static void require(bool is_true, const char *what, int line)
{
	if (is_true) return;
	fprintf(stderr, "json_fuzz.c:%d: not so: %s\n", line, what);
	abort();
}

static bool is_same_bytes(const struct json *v, const struct oracle *o)
{
	size_t n;
	const struct oracle *text = oracle_kind(o) == 'm' ? oracle_get(o, "$b64", 4) : NULL;
	if (!text || oracle_count(o) != 1) return false;
	const char *p = oracle_string(text, &n);
	struct buf bytes = {0};
	bool is_same = !base64_decode(&bytes, (struct str){p, n}) && str_eq(buf_str(&bytes), json_bytes(v));
	buf_fini(&bytes);
	return is_same;
}

static bool is_same_text(const struct json *v, const struct oracle *o)
{
	size_t n;
	const char *p = oracle_string(o, &n);
	return p && str_eq(json_string(v), (struct str){p, n}) && v->s[v->n] == 0;
}

static bool is_judged_same(const struct json *v, const struct oracle *o);

static bool are_members_same(const struct json *v, const struct oracle *o)
{
	if (oracle_count(o) != v->n) return false;
	for (uint32_t i = 0; i < v->n; i++) {
		const struct json_member *m = &v->members[i];
		const struct oracle *theirs = oracle_get(o, m->key.p, m->key.n);
		if (!theirs || !is_judged_same(m->value, theirs)) return false;
	}
	return true;
}

static bool are_items_same(const struct json *v, const struct oracle *o)
{
	if (oracle_count(o) != v->n) return false;
	for (uint32_t i = 0; i < v->n; i++)
		if (!is_judged_same(v->items[i], oracle_at(o, i))) return false;
	return true;
}

static bool is_judged_same(const struct json *v, const struct oracle *o)
{
	char kind = oracle_kind(o);
	switch ((enum json_kind)v->kind) {
	case JSON_NULL: return kind == 'n';
	case JSON_BOOL: return kind == 'b' && v->i == oracle_int(o);
	case JSON_INT: return kind == 'i' && v->i == oracle_int(o);
	case JSON_REAL: return kind == 'r' && v->d == oracle_real(o);
	case JSON_STRING: return kind == 's' && is_same_text(v, o);
	case JSON_BYTES: return is_same_bytes(v, o);
	case JSON_LIST: return kind == 'l' && are_items_same(v, o);
	case JSON_MAP: return kind == 'm' && are_members_same(v, o);
	}
	return false;
}

static bool is_same(const struct json *a, const struct json *b)
{
	if (a->kind != b->kind || a->n != b->n) return false;
	switch ((enum json_kind)a->kind) {
	case JSON_NULL: return true;
	case JSON_BOOL:
	case JSON_INT: return a->i == b->i;
	case JSON_REAL: return !memcmp(&a->d, &b->d, sizeof a->d);
	case JSON_STRING:
	case JSON_BYTES: return !memcmp(a->s, b->s, a->n + 1);
	case JSON_LIST:
	case JSON_MAP: break;
	}
	for (uint32_t i = 0; i < a->n; i++) {
		bool is_map = a->kind == JSON_MAP;
		if (is_map && !str_eq(a->members[i].key, b->members[i].key)) return false;
		if (is_map ? !is_same(a->members[i].value, b->members[i].value) : !is_same(a->items[i], b->items[i]))
			return false;
	}
	return true;
}

static const struct json_limits LIMITS = {1000, 4 << 20}; // jansson stops at 2048 levels

static void check_verdict(int rc, const struct json *v, const struct err *e, struct str text)
{
	if (text.n && memchr(text.p, 0, text.n)) {
		REQUIRE(rc); // jansson 2.14 overlooks a NUL behind a number or a word
		return;
	}
	bool is_dialect;
	struct oracle *o = oracle_parse(text.p, text.n, &is_dialect);
	bool is_ours = rc == E_TOO_LARGE || (rc && strstr(e->text, "base64"));
	if (o && rc)
		REQUIRE(is_ours);
	else if (!o && !rc)
		REQUIRE(is_dialect);
	else if (o)
		REQUIRE(is_judged_same(v, o));
	if (rc) REQUIRE(e->code == rc && e->text[0]);
	oracle_free(o);
}

// What is written reads back the same, and is written the same again; a copy is the same.
static void check_round_trip(struct arena *a, const struct json *v)
{
	struct buf once = {0}, twice = {0};
	const struct json *again;
	json_write(&once, v);
	REQUIRE(json_parse(a, buf_str(&once), &LIMITS, &again, NULL) == 0);
	REQUIRE(is_same(v, again));
	json_write(&twice, json_copy(a, again));
	REQUIRE(str_eq(buf_str(&once), buf_str(&twice)));
	buf_fini(&once);
	buf_fini(&twice);
}

// What is strict means the same to who mends; what he takes beside is as good as any other.
static void check_mending(struct arena *a, struct str text, const struct json *strict)
{
	static const struct json_limits MENDS = {1000, 4 << 20, true};
	const struct json *v;
	bool is_taken = json_parse(a, text, &MENDS, &v, NULL) == 0;
	if (strict) REQUIRE(is_taken && is_same(strict, v));
	if (is_taken) check_round_trip(a, v);
}

// Whatever bytes a string holds, the text written can be read.
static void check_writer(struct arena *a, struct str any)
{
	struct buf b = {0};
	struct json_out o = json_out_init(&b);
	const struct json *v;
	json_out_list(&o);
	json_out_string(&o, any.n ? any : STR(""));
	json_out_list_end(&o);
	REQUIRE(json_parse(a, buf_str(&b), &JSON_PROVIDER, &v, NULL) == 0);
	if (utf8_valid_text(any)) REQUIRE(str_eq(json_string(json_at(v, 0)), any));
	buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct arena *a = arena_new(0);
	const struct json *v = NULL;
	struct err e = {0};
	int rc = json_parse(a, text, &LIMITS, &v, &e);
	check_verdict(rc, v, &e, text);
	check_mending(a, text, rc ? NULL : v);
	if (!rc) {
		check_round_trip(a, v);
		json_pointer(v, text);
		json_pointer(v, STR("/0/a~1/1"));
	}
	check_writer(a, text);
	arena_free(&a);
	return 0;
}
