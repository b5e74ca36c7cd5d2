// SPDX-License-Identifier: Apache-2.0
// Settings of inboxes: the subset of JSON Schema that manifests describe them with, and what becomes of secrets.
#pragma once
#include "base/json.h"

// A schema, as a manifest gives it, is one that we understand? 0 or E_INVALID; *e names the place.
MUST_USE int schema_check(const struct json *schema, struct err *e);
// A config fits the schema (NULL: it may have no settings but the host's own "net")? 0 or E_INVALID; *e names the key.
MUST_USE int config_check(const struct json *schema, const struct json *config, struct err *e);
// The config with the schema's defaults filled in. Shares what it can with `config`, which must live as long.
const struct json *config_fill(struct arena *a, const struct json *schema, const struct json *config);
// As above, with {"$secret":handle} in place of each secret that is set: what the plugin sees.
typedef const char *(*config_handle_cb)(struct arena *a, struct str name, const void *arg);
const struct json *config_hide(struct arena *a, const struct json *schema, const struct json *filled,
			       config_handle_cb handle, const void *arg);
// Only what the schema marks "public": what the outside may see.
const struct json *config_public(struct arena *a, const struct json *schema, const struct json *filled);
// The value of a setting by its dotted name; NULL when it is not set.
const struct json *config_at(const struct json *config, struct str name);
// Is this setting a secret by the schema?
bool config_is_secret(const struct json *schema, struct str name);
