// SPDX-License-Identifier: Apache-2.0
// Reading a manifest: what the host acts on is checked here; the rest is for people and newer servers.
#include "manifest.h"
#include "config.h"
#include "doc.h"

#define LIST_MAX 64

static bool word_is(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }

int manifest_channel(struct str id, struct str *channel_r, struct err *e)
{
	struct str rest = id, word = STR_NONE;
	size_t n = 0;
	bool is_right = id.n && id.n <= 100 && !str_starts(id, STR(".")) && !str_ends(id, STR("."));
	while (is_right && str_cut(&rest, '.', &word)) {
		is_right = word.n && word.p[0] >= 'a' && word.p[0] <= 'z';
		for (size_t i = 0; i < word.n; i++)
			is_right = is_right && word_is(word.p[i]);
		n++;
	}
	if (!is_right || n < 2 || word.n > 32)
		return err_set(e, E_INVALID,
			       "id: \"%.*s\" is no reverse DNS name; write it like org.example.pigeon, in lower case",
			       STR_ARG(id));
	*channel_r = word;
	return 0;
}

static int list_of_names(const struct json *list, const char *what, size_t most, struct err *e)
{
	if (!json_is(list, JSON_LIST) || list->n > most)
		return err_set(e, E_INVALID, "%s: should be a list of at most %zu names", what, most);
	for (size_t i = 0; i < list->n; i++) {
		struct str s = json_string(list->items[i]);
		if (!s.n || s.n > 64) return err_set(e, E_INVALID, "%s: should hold names of 1 to 64 bytes", what);
	}
	return 0;
}

static bool list_has(const struct json *list, const char *name)
{
	for (size_t i = 0; i < json_count(list); i++)
		if (str_is(json_string(list->items[i]), name)) return true;
	return false;
}

bool manifest_has_verb(const struct manifest *m, const char *verb) { return list_has(m->verbs, verb); }

// A whole number within bounds; `otherwise` when it is not there.
static int bounded(const struct json *map, const char *key, const int64_t bounds[3], int64_t *v_r, struct err *e)
{
	const struct json *v = json_get(map, key);
	*v_r = json_int(v, bounds[2]);
	if ((v && !json_is(v, JSON_INT)) || *v_r < bounds[0] || *v_r > bounds[1])
		return err_set(e, E_INVALID, "%s: should be a whole number from %lld to %lld", key,
			       (long long)bounds[0], (long long)bounds[1]);
	return 0;
}

static int read_recipes(struct arena *a, const struct json *list, struct webhook_plan *w, struct err *e)
{
	if (!json_count(list) || !json_is(list, JSON_LIST) || list->n > 16)
		return err_set(e, E_INVALID,
			       "webhook.verify: should be a list of 1 to 16 recipes; [{\"type\":\"none\"}] "
			       "says that nothing is verified");
	w->recipes = arena_array(a, struct recipe, list->n);
	w->n_recipes = list->n;
	for (size_t i = 0; i < list->n; i++) {
		struct err why;
		if (recipe_parse(a, list->items[i], &w->recipes[i], &why))
			return err_set(e, E_INVALID, "webhook.verify[%zu]: %s", i, why.text);
	}
	return 0;
}

static int read_webhook(struct arena *a, const struct json *doc, struct manifest *m, struct err *e)
{
	struct webhook_plan *w = &m->webhook;
	m->has_webhook = true;
	if (!json_is(doc, JSON_MAP)) return err_set(e, E_INVALID, "webhook: should be a map");
	if (!manifest_has_verb(m, "webhook.request"))
		return err_set(e, E_INVALID, "webhook: needs the verb webhook.request in \"verbs\"");
	w->methods = json_get(doc, "methods");
	if (w->methods && list_of_names(w->methods, "webhook.methods", LIST_MAX, e)) return E_INVALID;
	w->headers = json_get(doc, "headers");
	if (w->headers && list_of_names(w->headers, "webhook.headers", LIST_MAX, e)) return E_INVALID;
	int64_t max_bytes, deadline_ms;
	if (bounded(doc, "max_bytes", (const int64_t[]){1, 4 << 20, 1 << 20}, &max_bytes, e) ||
	    bounded(doc, "deadline_ms", (const int64_t[]){100, 60000, 10000}, &deadline_ms, e))
		return E_INVALID;
	w->max_bytes = (size_t)max_bytes;
	w->deadline_ms = deadline_ms;
	struct str body = json_string_of(doc, "body");
	if (body.n && !str_is(body, "json") && !str_is(body, "bytes"))
		return err_set(e, E_INVALID, "webhook.body: should be \"json\" or \"bytes\"");
	w->body = str_is(body, "bytes") ? WEBHOOK_BYTES : WEBHOOK_JSON;
	return read_recipes(a, json_get(doc, "verify"), w, e);
}

static int read_live(const struct json *doc, struct manifest *m, struct err *e)
{
	m->has_live = true;
	if (!json_is(doc, JSON_MAP)) return err_set(e, E_INVALID, "live: should be a map");
	if (!manifest_has_verb(m, "live.hello") || !manifest_has_verb(m, "live.frame"))
		return err_set(e, E_INVALID, "live: needs the verbs live.hello and live.frame in \"verbs\"");
	int64_t frame, upload, burst, rate;
	if (bounded(doc, "frame_bytes", (const int64_t[]){256, 65536, 65536}, &frame, e) ||
	    bounded(doc, "upload_bytes", (const int64_t[]){0, 10 << 20, 10 << 20}, &upload, e) ||
	    bounded(doc, "burst", (const int64_t[]){1, 100, 20}, &burst, e) ||
	    bounded(doc, "per_second", (const int64_t[]){1, 20, 2}, &rate, e))
		return E_INVALID;
	m->live = (struct live_plan){(size_t)frame, (size_t)upload, (int)burst, (int)rate};
	return 0;
}

int manifest_parse(struct arena *a, struct str text, struct manifest *m_r, struct err *e)
{
	struct manifest m = {0};
	struct err why = {0};
	if (json_parse(a, text, &JSON_OURS, &m.doc, &why)) return err_set(e, E_INVALID, "it is no JSON: %s", why.text);
	if (!json_is(m.doc, JSON_MAP)) return err_set(e, E_INVALID, "it should be a map");
	if (!json_string_of(m.doc, "name").n) return err_set(e, E_INVALID, "name: is missing");
	m.verbs = json_get(m.doc, "verbs");
	if (!m.verbs) return err_set(e, E_INVALID, "verbs: is missing; list what the plugin can do");
	if (list_of_names(m.verbs, "verbs", LIST_MAX, e)) return E_INVALID;
	struct str lanes = json_string_of(m.doc, "lanes");
	if (lanes.n && !str_is(lanes, "plugin") && !str_is(lanes, "inbox"))
		return err_set(e, E_INVALID, "lanes: should be \"plugin\" or \"inbox\"");
	m.lane_for_each_inbox = str_is(lanes, "inbox");
	m.config = json_get(m.doc, "config");
	if (m.config && schema_check(m.config, &why)) return err_set(e, E_INVALID, "config: %s", why.text);
	if (json_get(m.doc, "webhook") && read_webhook(a, json_get(m.doc, "webhook"), &m, e)) return E_INVALID;
	if (json_get(m.doc, "live") && read_live(json_get(m.doc, "live"), &m, e)) return E_INVALID;
	for (size_t i = 0; i < m.webhook.n_recipes; i++) {
		struct str secret = m.webhook.recipes[i].secret;
		if (secret.n && !config_is_secret(m.config, secret))
			return err_set(e, E_INVALID, "webhook.verify[%zu]: %.*s is no secret of \"config\"", i,
				       STR_ARG(secret));
	}
	*m_r = m;
	return 0;
}
