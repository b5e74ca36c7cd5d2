// SPDX-License-Identifier: Apache-2.0
// The table "beseda.doc/1": each function finds the plugin's handles, then works on the json tree itself.
#include "base/mem.h"
#include "host.h"

// The handles of the plugin whose callback runs; NULL outside of one.
static struct docs *docs_of(const struct beseda_host *h)
{
	struct plugin *p = host_plugin(h, "a function of documents");
	return p ? &p->docs : NULL;
}

static const struct json *value_at(const struct beseda_host *h, beseda_doc d, const char *path)
{
	struct docs *docs = d ? docs_of(h) : NULL;
	const struct json *v = docs ? docs_get(docs, d, NULL) : NULL;
	if (docs && !v) plugin_misused(host_plugin(h, ""), "reads a document that it does not hold");
	return v && path && *path ? json_pointer(v, str_of(path)) : v;
}

static beseda_doc add_from(const struct beseda_host *h, beseda_doc d, const struct json *v)
{
	if (!v) return 0;
	struct docs *docs = docs_of(h);
	struct doc_home *home = NULL;
	docs_get(docs, d, &home);
	return docs_add(docs, v, home);
}

static uint32_t doc_kind(const struct beseda_host *h, beseda_doc d, const char *path)
{
	static const uint8_t KINDS[] = {
		[JSON_NULL] = BESEDA_NULL, [JSON_BOOL] = BESEDA_BOOL,     [JSON_INT] = BESEDA_INT,
		[JSON_REAL] = BESEDA_REAL, [JSON_STRING] = BESEDA_STRING, [JSON_BYTES] = BESEDA_BYTES,
		[JSON_LIST] = BESEDA_LIST, [JSON_MAP] = BESEDA_MAP,
	};
	const struct json *v = value_at(h, d, path);
	return v ? KINDS[v->kind] : BESEDA_NOTHING;
}

static uint64_t doc_count(const struct beseda_host *h, beseda_doc d, const char *path)
{
	return json_count(value_at(h, d, path));
}

static beseda_doc doc_at(const struct beseda_host *h, beseda_doc d, const char *path)
{
	return add_from(h, d, value_at(h, d, path));
}

static beseda_doc doc_item(const struct beseda_host *h, beseda_doc d, const char *path, uint64_t i)
{
	const struct json *v = value_at(h, d, path);
	if (i >= json_count(v)) return 0;
	return add_from(h, d, v->kind == JSON_MAP ? v->members[i].value : v->items[i]);
}

static struct beseda_str to_plugin(struct str s) { return (struct beseda_str){s.p, s.n}; }

static struct beseda_str doc_key(const struct beseda_host *h, beseda_doc d, const char *path, uint64_t i)
{
	const struct json *v = value_at(h, d, path);
	if (!json_is(v, JSON_MAP) || i >= v->n) return (struct beseda_str){0};
	return to_plugin(v->members[i].key);
}

static struct beseda_str doc_string(const struct beseda_host *h, beseda_doc d, const char *path)
{
	return to_plugin(json_string(value_at(h, d, path)));
}

static struct beseda_str doc_bytes(const struct beseda_host *h, beseda_doc d, const char *path)
{
	const struct json *v = value_at(h, d, path);
	if (!json_is(v, JSON_BYTES) && !json_is(v, JSON_STRING)) return (struct beseda_str){0};
	return (struct beseda_str){v->s, v->n};
}

static int64_t doc_integer(const struct beseda_host *h, beseda_doc d, const char *path, int64_t otherwise)
{
	return json_int(value_at(h, d, path), otherwise);
}

static double doc_real(const struct beseda_host *h, beseda_doc d, const char *path, double otherwise)
{
	return json_real(value_at(h, d, path), otherwise);
}

static uint32_t doc_boolean(const struct beseda_host *h, beseda_doc d, const char *path, uint32_t otherwise)
{
	return json_bool(value_at(h, d, path), otherwise != 0);
}

// ---- building ---------------------------------------------------------------------------------------------------

static beseda_build doc_build(const struct beseda_host *h)
{
	struct docs *docs = docs_of(h);
	return docs ? docs_build(docs) : 0;
}

static void doc_map(const struct beseda_host *h, beseda_build b, const char *key)
{
	struct docs *docs = docs_of(h);
	if (docs) docs_build_open(docs, b, key, true);
}

static void doc_list(const struct beseda_host *h, beseda_build b, const char *key)
{
	struct docs *docs = docs_of(h);
	if (docs) docs_build_open(docs, b, key, false);
}

static void doc_end(const struct beseda_host *h, beseda_build b)
{
	struct docs *docs = docs_of(h);
	if (docs) docs_build_end(docs, b);
}

static void doc_put_null(const struct beseda_host *h, beseda_build b, const char *key)
{
	struct docs *docs = docs_of(h);
	if (docs) docs_build_put(docs, b, key, json_make_null());
}

static void doc_put_boolean(const struct beseda_host *h, beseda_build b, const char *key, uint32_t v)
{
	struct docs *docs = docs_of(h);
	if (docs) docs_build_put(docs, b, key, json_make_bool(v != 0));
}

static void doc_put_integer(const struct beseda_host *h, beseda_build b, const char *key, int64_t v)
{
	struct docs *docs = docs_of(h);
	if (docs) docs_build_put(docs, b, key, json_make_int(docs->home->arena, v));
}

static void doc_put_real(const struct beseda_host *h, beseda_build b, const char *key, double v)
{
	struct docs *docs = docs_of(h);
	if (docs && (v != v || v - v != 0))
		docs_build_wrong(docs, b, "a number that JSON has no form for");
	else if (docs)
		docs_build_put(docs, b, key, json_make_real(docs->home->arena, v));
}

static void doc_put_string(const struct beseda_host *h, beseda_build b, const char *key, struct beseda_str v)
{
	struct docs *docs = v.p ? docs_of(h) : NULL;
	if (!docs) return;
	if (v.n > JSON_PROVIDER.bytes)
		docs_build_wrong(docs, b, "a string that is too large");
	else if (!utf8_valid_text((struct str){v.p, v.n}))
		docs_build_wrong(docs, b, "a string that is not valid UTF-8, or holds a NUL");
	else
		docs_build_put(docs, b, key, json_make_string(docs->home->arena, (struct str){v.p, v.n}));
}

static void doc_put_bytes(const struct beseda_host *h, beseda_build b, const char *key, struct beseda_str v)
{
	struct docs *docs = v.p ? docs_of(h) : NULL;
	if (!docs) return;
	if (v.n > JSON_PROVIDER.bytes)
		docs_build_wrong(docs, b, "bytes that are too many");
	else
		docs_build_put(docs, b, key, json_make_bytes(docs->home->arena, (struct str){v.p, v.n}));
}

static void doc_put_doc(const struct beseda_host *h, beseda_build b, const char *key, beseda_doc v)
{
	struct docs *docs = v ? docs_of(h) : NULL;
	if (!docs) return;
	struct doc_home *home = NULL;
	const struct json *value = docs_get(docs, v, &home);
	if (!value) {
		docs_build_wrong(docs, b, "a document that is not held");
		return;
	}
	/* what is built must not point into a home that may go before it */
	if (home != docs->home) value = json_copy(docs->home->arena, value);
	docs_build_put(docs, b, key, value);
}

static beseda_doc doc_done(const struct beseda_host *h, beseda_build b)
{
	struct docs *docs = docs_of(h);
	if (!docs) return 0;
	const char *why = NULL;
	beseda_doc d = docs_build_done(docs, b, &why);
	if (!d)
		plugin_misused(host_plugin(h, ""), "builds a document with a mistake: %s",
			       why ? why : "too many are held");
	return d;
}

// ---- text and life ----------------------------------------------------------------------------------------------

static struct beseda_str doc_to_json(const struct beseda_host *h, beseda_doc d, const char *path)
{
	const struct json *v = value_at(h, d, path);
	if (!v) return (struct beseda_str){0};
	struct docs *docs = docs_of(h);
	buf_reset(&docs->scratch);
	json_write(&docs->scratch, v);
	return to_plugin(arena_str(docs->home->arena, buf_str(&docs->scratch)));
}

static beseda_doc doc_from_json(const struct beseda_host *h, struct beseda_str text)
{
	struct docs *docs = text.p ? docs_of(h) : NULL;
	const struct json *v;
	if (!docs || json_parse(docs->home->arena, (struct str){text.p, text.n}, &JSON_PROVIDER, &v, NULL)) return 0;
	return docs_add(docs, v, docs->home);
}

static beseda_doc doc_keep(const struct beseda_host *h, beseda_doc d)
{
	struct docs *docs = d ? docs_of(h) : NULL;
	return docs ? docs_keep(docs, d) : 0;
}

static void doc_drop(const struct beseda_host *h, beseda_doc d)
{
	struct docs *docs = d ? docs_of(h) : NULL;
	if (docs && docs_drop(docs, d)) plugin_misused(host_plugin(h, ""), "drops a document that it does not keep");
}

const struct beseda_doc_v1 host_doc_table = {
	.size = sizeof host_doc_table,
	.kind = doc_kind,
	.count = doc_count,
	.at = doc_at,
	.item = doc_item,
	.key = doc_key,
	.string = doc_string,
	.bytes = doc_bytes,
	.integer = doc_integer,
	.real = doc_real,
	.boolean = doc_boolean,
	.build = doc_build,
	.map = doc_map,
	.list = doc_list,
	.end = doc_end,
	.put_null = doc_put_null,
	.put_boolean = doc_put_boolean,
	.put_integer = doc_put_integer,
	.put_real = doc_put_real,
	.put_string = doc_put_string,
	.put_bytes = doc_put_bytes,
	.put_doc = doc_put_doc,
	.done = doc_done,
	.to_json = doc_to_json,
	.from_json = doc_from_json,
	.keep = doc_keep,
	.drop = doc_drop,
};
