// SPDX-License-Identifier: Apache-2.0
// crypto.hmac {"algo","key","data","encoding"}, crypto.hash {"algo","data","encoding"}, crypto.random
// {"bytes","encoding"}: answer {"value"}. encoding: "hex" (default), "base64", "base64url", "bytes". Keys are secrets,
// strings or bytes.
#include "base/mem.h"
#include "call.h"
#include "digest.h"
#include "secret.h"
#include <sys/random.h>

#define RANDOM_MAX 256

static const struct json *encoded(struct arena *a, struct str raw, struct str encoding)
{
	if (str_is(encoding, "bytes")) return json_make_bytes(a, raw);
	struct buf text = {0};
	if (str_is(encoding, "base64"))
		base64_encode(&text, raw);
	else if (str_is(encoding, "base64url"))
		base64url_encode(&text, raw);
	else
		hex_encode(&text, raw);
	const struct json *v = json_make_string(a, buf_str(&text));
	buf_fini(&text);
	return v;
}

static void answer_value(struct call *c, struct str raw)
{
	struct doc_home *home = call_home(c);
	struct json_builder *b = json_build_map(home->arena);
	json_put(b, STR("value"), encoded(home->arena, raw, json_string_of(c->doc, "encoding")));
	call_answer(c, CHANNEL_NONE, json_build(b), home);
}

static struct str algo_of(const struct call *c)
{
	struct str algo = json_string_of(c->doc, "algo");
	return algo.p ? algo : STR("sha256");
}

static void crypto_hmac(struct call *c)
{
	struct buf key = {0}, data = {0};
	struct err e = {0};
	unsigned char out[DIGEST_MAX];
	if (!secret_bytes(c->in, json_get(c->doc, "key"), &key, &e) &&
	    !secret_bytes(c->in, json_get(c->doc, "data"), &data, &e)) {
		size_t n = digest_hmac(algo_of(c), buf_str(&key), buf_str(&data), out);
		if (n)
			answer_value(c, (struct str){(char *)out, n});
		else
			err_set(&e, E_INVALID, "algo: should be sha256, sha1 or sha512");
	}
	if (e.code) call_fail(c, CHANNEL_INVALID, "%s", e.text);
	secret_wipe(&key);
	secret_wipe(&data);
}

static void crypto_hash(struct call *c)
{
	struct buf data = {0};
	struct err e = {0};
	unsigned char out[DIGEST_MAX];
	if (!secret_bytes(c->in, json_get(c->doc, "data"), &data, &e)) {
		size_t n = digest_hash(algo_of(c), buf_str(&data), out);
		if (n)
			answer_value(c, (struct str){(char *)out, n});
		else
			err_set(&e, E_INVALID, "algo: should be sha256, sha1 or sha512");
	}
	if (e.code) call_fail(c, CHANNEL_INVALID, "%s", e.text);
	secret_wipe(&data);
}

static void crypto_random(struct call *c)
{
	unsigned char out[RANDOM_MAX];
	int64_t n = json_int_of(c->doc, "bytes", 16);
	if (n < 1 || n > RANDOM_MAX) {
		call_fail(c, CHANNEL_INVALID, "bytes: should be 1 to %d", RANDOM_MAX);
		return;
	}
	if (getrandom(out, (size_t)n, 0) != n)
		call_fail(c, CHANNEL_TRANSIENT, "the machine has no random bytes");
	else
		answer_value(c, (struct str){(char *)out, (size_t)n});
	mem_wipe(out, sizeof out);
}

const struct service SERVICE_CRYPTO[] = {
	{"crypto.hmac", crypto_hmac, NULL, false},
	{"crypto.hash", crypto_hash, NULL, false},
	{"crypto.random", crypto_random, NULL, false},
	{0},
};
