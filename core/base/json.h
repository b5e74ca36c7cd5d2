// SPDX-License-Identifier: Apache-2.0
// JSON (RFC 8259): an immutable tree in an arena, and an append-only writer. The tree is also what a document of the
// plugin ABI is in-process.
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum json_kind { JSON_NULL, JSON_BOOL, JSON_INT, JSON_REAL, JSON_STRING, JSON_BYTES, JSON_LIST, JSON_MAP };

// Made once, never changed, so that threads may share it. A map keeps the order of its keys.
struct json {
	uint8_t kind;
	uint32_t n; // members of a list or map; bytes of a string
	union {
		int64_t i; // JSON_BOOL too: 0 or 1
		double d;
		const char *s;             // JSON_STRING (valid UTF-8, NUL behind its end), JSON_BYTES
		const struct json **items; // JSON_LIST
		const struct json_member *members;
	};
};

struct json_member {
	struct str key;
	const struct json *value;
};

// What a reader takes at most.
struct json_limits {
	uint32_t depth; // nesting of lists and maps
	size_t bytes;   // of the text
	bool mends;     // \u0000 and half a surrogate pair become U+FFFD: some providers cut texts anywhere
};
extern const struct json_limits JSON_PROVIDER; // depth 64, 4 MiB, mends: a provider's JSON
extern const struct json_limits JSON_OURS;     // depth 16, 1 MiB: our own documents and requests

// Strict: valid UTF-8, no NUL in strings, no duplicate keys, no lone surrogates, nothing behind the value. A number
// without fraction and exponent is JSON_INT when int64 holds it, else JSON_REAL; a number that no double holds is
// refused. {"$b64": "..."} is JSON_BYTES; what is not base64 there is refused. Everything lives in `a`. E_INVALID, or
// E_TOO_LARGE beyond the limits; *e says what and at which byte, counted from 0.
MUST_USE int json_parse(struct arena *a, struct str text, const struct json_limits *limits, const struct json **v_r,
			struct err *e);

// Readers never fail: NULL, a wrong kind or a missing member give the "nothing" value.
const struct json *json_get(const struct json *v, const char *key);
const struct json *json_get_str(const struct json *v, struct str key);
const struct json *json_at(const struct json *v, size_t i);
// RFC 6901, "/a/b/0"; "" is v itself. NULL where nothing stands.
const struct json *json_pointer(const struct json *v, struct str pointer);
size_t json_count(const struct json *v);      // members of a list or map, else 0
struct str json_string(const struct json *v); // STR_NONE
struct str json_bytes(const struct json *v);  // STR_NONE
int64_t json_int(const struct json *v, int64_t otherwise);
double json_real(const struct json *v, double otherwise); // also of a JSON_INT
bool json_bool(const struct json *v, bool otherwise);
bool json_is(const struct json *v, enum json_kind kind);
struct str json_string_of(const struct json *map, const char *key);
int64_t json_int_of(const struct json *map, const char *key, int64_t otherwise);
bool json_bool_of(const struct json *map, const char *key, bool otherwise);
// An id is a decimal string (or an int); 0 when it is not.
uint64_t json_id_of(const struct json *map, const char *key);

// Building trees; all in the arena, strings copied. Items and members may be given in any number.
struct json_builder; // lists and maps under construction
struct json_builder *json_build_list(struct arena *a);
struct json_builder *json_build_map(struct arena *a);
// Here and in json_put a value of NULL is null.
void json_push(struct json_builder *list, const struct json *v);
// A key that stands already keeps its place and gets this value. What is not UTF-8 in a key, or NUL, becomes U+FFFD.
void json_put(struct json_builder *map, struct str key, const struct json *v);
const struct json *json_build(struct json_builder *b); // the builder must not be used after
const struct json *json_make_null(void);
const struct json *json_make_bool(bool v);
const struct json *json_make_int(struct arena *a, int64_t v);
const struct json *json_make_real(struct arena *a, double v);       // not finite: null
const struct json *json_make_string(struct arena *a, struct str s); // invalid UTF-8, or a NUL in it, gives NULL
const struct json *json_make_bytes(struct arena *a, struct str s);
// A deep copy into another arena.
const struct json *json_copy(struct arena *a, const struct json *v);

// The canonical text: no blanks, key order kept, shortest number that reads back the same.
void json_write(struct buf *b, const struct json *v);

// The writer: appends to a buffer, places commas itself. Strings that are not valid UTF-8 get U+FFFD for each bad byte,
// also for NUL, so that json_parse takes whatever was written.
struct json_out {
	struct buf *b;
	bool comma;
};
static inline struct json_out json_out_init(struct buf *b) { return (struct json_out){b, false}; }
void json_out_map(struct json_out *o);      // {
void json_out_map_end(struct json_out *o);  // }
void json_out_list(struct json_out *o);     // [
void json_out_list_end(struct json_out *o); // ]
void json_out_key(struct json_out *o, const char *key);
void json_out_string(struct json_out *o, struct str s); // STR_NONE: null
void json_out_int(struct json_out *o, int64_t v);
void json_out_real(struct json_out *o, double v);
void json_out_bool(struct json_out *o, bool v);
void json_out_null(struct json_out *o);
void json_out_id(struct json_out *o, uint64_t id);  // "123"; 0: null
void json_out_time(struct json_out *o, int64_t ms); // RFC 3339; 0: null
void json_out_value(struct json_out *o, const struct json *v);
void json_out_raw(struct json_out *o, struct str text); // JSON text that is known to be right
// Key and value at once.
void json_out_key_string(struct json_out *o, const char *key, struct str s);
void json_out_key_int(struct json_out *o, const char *key, int64_t v);
void json_out_key_bool(struct json_out *o, const char *key, bool v);
void json_out_key_id(struct json_out *o, const char *key, uint64_t id);
void json_out_key_time(struct json_out *o, const char *key, int64_t ms);
