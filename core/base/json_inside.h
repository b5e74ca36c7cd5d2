// SPDX-License-Identifier: Apache-2.0
// What the JSON files share among themselves.
#pragma once
#include "arena_inside.h"
#include "base/json.h"

// Values without content exist once.
extern const struct json json_the_null, json_the_true, json_the_false, json_the_empty_list, json_the_empty_map;

#define JSON_BYTES_KEY "$b64"

// Reading. `at` stands on the next byte to read; the functions leave it behind what they took.
struct json_reader {
	const char *at, *start, *end;
	struct arena *a;
	struct err *e;
	bool mends; // as json_limits
};

int json_fail(struct json_reader *r, const char *at, int code, const char *what);
// At a quote.
MUST_USE int json_read_string(struct json_reader *r, struct str *s_r);
// At a digit or a minus.
MUST_USE int json_read_number(struct json_reader *r, const struct json **v_r);

static inline struct json *json_new(struct arena *a, enum json_kind kind, size_t n)
{
	struct json *v = arena_take(a, sizeof *v);
	v->kind = (uint8_t)kind;
	v->n = (uint32_t)n;
	return v;
}

// Writing.
void json_write_string(struct buf *b, struct str s);
void json_write_bytes(struct buf *b, struct str s);
void json_write_real(struct buf *b, double d);

// An index over the keys of a map that is too long to compare each with each. It only grows.
struct json_keys {
	uint32_t *slots; // 1 + the member's place; 0: free
	uint32_t n_slots;
};
#define JSON_KEYS_FEW 16 // up to here nobody needs an index

// How many zeroed slots belong to an index of n keys.
uint32_t json_keys_slots(uint32_t n);
// The place of the member with this key, or -1.
int64_t json_keys_find(const struct json_keys *k, const struct json_member *members, struct str key);
// Enters member i; -1, or the place of an earlier one with the same key, which stays.
int64_t json_keys_add(struct json_keys *k, const struct json_member *members, uint32_t i);
