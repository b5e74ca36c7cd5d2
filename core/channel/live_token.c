// SPDX-License-Identifier: Apache-2.0
// What visitors prove themselves with: their token, and the short-lived signature in a file's address.
#include "live_inside.h"
#include "base/clock.h"
#include "base/mem.h"
#include "digest.h"

#define TOKEN_LIFE_S ((int64_t)400 * 86400)
#define FILE_LIFE_S 3600
#define MAC_BYTES 20

// "<kind> <inbox> <number> <address>" under the server's key: kinds keep one proof from being used as another.
static struct str mac_of(const struct inbox *in, struct arena *a, const char *kind, const char *numbers,
			 struct str address)
{
	unsigned char raw[DIGEST_MAX];
	struct str text =
		arena_printf(a, "%s %llu %s %.*s", kind, (unsigned long long)in->id, numbers, STR_ARG(address));
	digest_hmac(STR("sha256"), in->plugin->channels->key, text, raw);
	struct buf b = {0};
	base64url_encode(&b, (struct str){(char *)raw, MAC_BYTES});
	struct str mac = arena_str(a, buf_str(&b));
	buf_fini(&b);
	return mac;
}

static struct str encoded(struct arena *a, struct str s)
{
	struct buf b = {0};
	base64url_encode(&b, s);
	struct str r = arena_str(a, buf_str(&b));
	buf_fini(&b);
	return r;
}

// "<address>.<number>.<mac>": false when it is not of this form.
static bool take_apart(struct arena *a, struct str token, struct str *address_r, int64_t *number_r, struct str *mac_r)
{
	struct str address, number;
	struct buf raw = {0};
	if (token.n > 1000 || !str_cut(&token, '.', &address) || !str_cut(&token, '.', &number) ||
	    str_find(token, '.') >= 0)
		return false;
	if (str_to_i64(number, number_r) || base64_decode(&raw, address)) {
		buf_fini(&raw);
		return false;
	}
	*address_r = arena_str(a, buf_str(&raw));
	*mac_r = token;
	buf_fini(&raw);
	return address_r->n > 0 && utf8_valid_text(*address_r);
}

struct str live_token_make(const struct inbox *in, struct arena *a, struct str address)
{
	struct str number = arena_printf(a, "%lld", (long long)(clock_now_ms() / 1000));
	struct str mac = mac_of(in, a, "visitor", number.p, address);
	return arena_printf(a, "%.*s.%s.%.*s", STR_ARG(encoded(a, address)), number.p, STR_ARG(mac));
}

bool live_token_check(const struct inbox *in, struct arena *a, struct str token, struct live_token *t_r)
{
	struct str address, mac;
	int64_t issued;
	if (!take_apart(a, token, &address, &issued, &mac)) return false;
	int64_t now = clock_now_ms() / 1000;
	struct str number = arena_printf(a, "%lld", (long long)issued);
	if (!str_eq_secret(mac, mac_of(in, a, "visitor", number.p, address))) return false;
	*t_r = (struct live_token){address, issued};
	return now - issued <= TOKEN_LIFE_S;
}

bool live_file_check(const struct inbox *in, struct arena *a, struct str t, uint64_t media, struct str *address_r)
{
	struct str mac;
	int64_t until;
	if (!take_apart(a, t, address_r, &until, &mac)) return false;
	struct str numbers = arena_printf(a, "%llu %lld", (unsigned long long)media, (long long)until);
	if (!str_eq_secret(mac, mac_of(in, a, "file", numbers.p, *address_r))) return false;
	return clock_now_ms() / 1000 <= until;
}

// The address under which this visitor may read a file for the next hour or two.
static struct str file_url(const struct inbox *in, struct arena *a, struct str address, uint64_t media)
{
	/* the same address for a while, so that browsers need not fetch it again */
	int64_t until = (clock_now_ms() / 1000 / FILE_LIFE_S + 2) * FILE_LIFE_S;
	struct str numbers = arena_printf(a, "%llu %lld", (unsigned long long)media, (long long)until);
	struct str mac = mac_of(in, a, "file", numbers.p, address);
	return arena_printf(a, "%s/live/%llu/file/%llu?t=%.*s.%lld.%.*s", in->plugin->channels->public_url,
			    (unsigned long long)in->id, (unsigned long long)media, STR_ARG(encoded(a, address)),
			    (long long)until, STR_ARG(mac));
}

// ---- frames for visitors: their files get an address ------------------------------------------------------------

static bool part_wants_url(const struct json *part)
{
	return json_id_of(part, "file") && !json_string_of(part, "url").p;
}

static const struct json *part_with_url(const struct inbox *in, struct arena *a, struct str address,
					const struct json *part)
{
	if (!part_wants_url(part)) return part;
	struct json_builder *b = json_build_map(a);
	for (uint32_t i = 0; i < part->n; i++)
		json_put(b, part->members[i].key, part->members[i].value);
	json_put(b, STR("url"), json_make_string(a, file_url(in, a, address, json_id_of(part, "file"))));
	return json_build(b);
}

struct str live_dress(const struct inbox *in, struct arena *a, struct str address, const struct json *frame,
		      struct str text)
{
	const struct json *parts = json_get(frame, "parts");
	bool is_dressed = true;
	for (size_t i = 0; i < json_count(parts); i++)
		if (part_wants_url(json_at(parts, i))) is_dressed = false;
	if (is_dressed || !json_is(parts, JSON_LIST)) return text;
	struct json_builder *b = json_build_map(a), *list = json_build_list(a);
	for (size_t i = 0; i < json_count(parts); i++)
		json_push(list, part_with_url(in, a, address, json_at(parts, i)));
	const struct json *with = json_build(list);
	for (uint32_t i = 0; i < frame->n; i++) {
		const struct json_member *m = &frame->members[i];
		json_put(b, m->key, str_is(m->key, "parts") ? with : m->value);
	}
	struct buf out = {0};
	json_write(&out, json_build(b));
	struct str dressed = arena_str(a, buf_str(&out));
	buf_fini(&out);
	return dressed;
}
