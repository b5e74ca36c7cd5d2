// SPDX-License-Identifier: Apache-2.0
// kv.get {"key"} answers {"value"}; kv.put {"key","value"} is part of its cause (no value, or null: deleted).
#include "call.h"

#define KEY_MAX 255

static bool key_is_right(struct call *c, struct str *key_r)
{
	*key_r = json_string_of(c->doc, "key");
	if (key_r->n && key_r->n <= KEY_MAX) return true;
	call_fail(c, CHANNEL_INVALID, "key: should be a string of 1 to %d bytes", KEY_MAX);
	return false;
}

static void kv_got(int status, const struct json *value, void *arg)
{
	struct call *c = arg;
	if (status) {
		call_fail(c, class_of(status), "%s", err_text(status));
		return;
	}
	struct doc_home *home = call_home(c);
	struct json_builder *b = json_build_map(home->arena);
	if (value) json_put(b, STR("value"), json_copy(home->arena, value));
	call_answer(c, CHANNEL_NONE, json_build(b), home);
}

static void kv_get(struct call *c)
{
	const struct channel_ports *ports = &c->in->plugin->channels->ports;
	struct str key;
	if (key_is_right(c, &key)) ports->kv_get(ports->ctx, c->in->id, key, kv_got, c);
}

static void kv_put(struct call *c)
{
	struct cause *cause = c->cause;
	struct err why = {0};
	struct str key;
	const struct json *value = json_get(c->doc, "value");
	if (json_is(value, JSON_NULL)) value = NULL;
	if (!key_is_right(c, &key))
		err_set(&why, E_INVALID, "kv.put: the key should have 1 to %d bytes", KEY_MAX);
	else if (doc_check(value, &why) || cause_put(cause, key, value, c->home))
		call_fail(c, CHANNEL_TOO_LARGE, "too large, or the cause has failed already");
	/* what the plugin wanted kept would be lost: nothing of the cause must count */
	if (why.code) cause_fail(cause, &why);
}

const struct service SERVICE_KV[] = {{"kv.get", kv_get, NULL, false}, {"kv.put", kv_put, NULL, true}, {0}};
