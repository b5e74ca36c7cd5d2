// SPDX-License-Identifier: Apache-2.0
// Secrets leave the host in requests only: their handles are replaced while a request is written.
#include "secret.h"
#include "base/mem.h"
#include "config.h"
#include "digest.h"
#include "net/url.h"
#include <stdio.h>

// The tag of an inbox's handles: nobody outside knows the server's key.
static void tag_of(const struct channels *c, uint64_t inbox, char tag_r[SECRET_TAG + 1])
{
	char text[64];
	int n = snprintf(text, sizeof text, "secret handles of %llu", (unsigned long long)inbox);
	unsigned char raw[DIGEST_MAX] = {0};
	digest_hmac(STR("sha256"), c->key, (struct str){text, (size_t)n}, raw);
	for (int i = 0; i < SECRET_TAG / 2; i++)
		snprintf(tag_r + 2 * i, 3, "%02x", raw[i]);
}

struct str secret_handle(const struct channels *c, uint64_t inbox, struct arena *a, struct str name)
{
	char tag[SECRET_TAG + 1];
	tag_of(c, inbox, tag);
	return arena_printf(a, "%.*s@%s", STR_ARG(name), tag);
}

static int secret_find(struct inbox *in, struct str handle, struct buf *b, struct err *e)
{
	struct str name, tag = handle;
	char right[SECRET_TAG + 1];
	tag_of(in->plugin->channels, in->id, right);
	if (!str_cut(&tag, '@', &name) || !str_eq_secret(tag, str_of(right)))
		return err_set(e, E_INVALID, "a $secret that is no handle of this inbox");
	if (!config_is_secret(in->plugin->manifest.config, name))
		return err_set(e, E_INVALID, "a $secret that names no secret of the settings");
	buf_add(b, json_string(config_at(in->plain, name)));
	return 0;
}

static bool is_special(const struct json *v)
{
	return json_is(v, JSON_MAP) && v->n == 1 && v->members[0].key.n > 1 && v->members[0].key.p[0] == '$';
}

static int special_text(struct inbox *in, struct str name, const struct json *v, struct buf *b, struct err *e)
{
	if (str_is(name, "$secret")) return secret_find(in, json_string(v), b, e);
	if (str_is(name, "$join")) {
		for (size_t i = 0; i < json_count(v); i++) {
			int r = secret_text(in, json_at(v, i), b, e);
			if (r) return r;
		}
		return 0;
	}
	struct buf inner = {0};
	int r = secret_text(in, v, &inner, e);
	if (!r && str_is(name, "$base64"))
		base64_encode(b, buf_str(&inner));
	else if (!r && str_is(name, "$url"))
		url_encode(b, buf_str(&inner));
	else if (!r)
		r = err_set(e, E_INVALID, "%.*s: there are $secret, $join, $base64 and $url", STR_ARG(name));
	secret_wipe(&inner);
	return r;
}

int secret_text(struct inbox *in, const struct json *v, struct buf *b, struct err *e)
{
	if (json_is(v, JSON_STRING))
		buf_add(b, json_string(v));
	else if (json_is(v, JSON_INT))
		buf_add_i64(b, v->i);
	else if (is_special(v))
		return special_text(in, v->members[0].key, v->members[0].value, b, e);
	else
		return err_set(e, E_INVALID, "a string, or one with a $secret, is wanted");
	return 0;
}

int secret_bytes(struct inbox *in, const struct json *v, struct buf *b, struct err *e)
{
	if (!json_is(v, JSON_BYTES)) return secret_text(in, v, b, e);
	buf_add_bytes(b, v->s, v->n);
	return 0;
}

// Is this one of ours, and not data of the same look?
static bool is_ours(const struct json *v)
{
	if (!is_special(v)) return false;
	struct str name = v->members[0].key;
	return str_is(name, "$secret") || str_is(name, "$join") || str_is(name, "$base64") || str_is(name, "$url");
}

static int write_value(struct inbox *in, const struct json *v, struct json_out *o, struct err *e)
{
	if (is_ours(v)) {
		struct buf text = {0};
		int r = secret_text(in, v, &text, e);
		if (!r) json_out_string(o, buf_str(&text));
		secret_wipe(&text);
		return r;
	}
	if (!json_is(v, JSON_MAP) && !json_is(v, JSON_LIST)) {
		json_out_value(o, v);
		return 0;
	}
	bool is_map = v->kind == JSON_MAP;
	if (is_map)
		json_out_map(o);
	else
		json_out_list(o);
	for (uint32_t i = 0; i < v->n; i++) {
		if (is_map) json_out_key(o, v->members[i].key.p);
		int r = write_value(in, is_map ? v->members[i].value : v->items[i], o, e);
		if (r) return r;
	}
	if (is_map)
		json_out_map_end(o);
	else
		json_out_list_end(o);
	return 0;
}

int secret_json(struct inbox *in, const struct json *v, struct buf *b, struct err *e)
{
	struct json_out o = json_out_init(b);
	return write_value(in, v, &o, e);
}

void secret_wipe(struct buf *b)
{
	if (b->p) mem_wipe(b->p, b->cap);
	buf_fini(b);
}
