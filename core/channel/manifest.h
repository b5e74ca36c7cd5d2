// SPDX-License-Identifier: Apache-2.0
// What a manifest says (schemas/plugin/manifest.json), checked and ready for use.
#pragma once
#include "base/json.h"
#include "verify.h"

enum webhook_body { WEBHOOK_JSON, WEBHOOK_BYTES };

struct webhook_plan {
	const struct json *methods; // list of names
	const struct json *headers; // list of lower-case names that the plugin wants to see, or NULL
	const struct json *proofs;  // the verification recipes, or NULL
	struct recipe *recipes;
	size_t n_recipes;
	size_t max_bytes;
	int64_t deadline_ms;
	enum webhook_body body;
};

struct live_plan {
	size_t frame_bytes, upload_bytes;
	int burst, per_second; // frames of one visitor
};

struct manifest {
	const struct json *doc;
	const struct json *verbs;  // list of names
	const struct json *config; // the schema, or NULL: no settings
	bool lane_for_each_inbox;
	bool has_webhook, has_live;
	struct webhook_plan webhook;
	struct live_plan live;
};

// Parses and checks; everything lives in a. *e names the member and the rule.
MUST_USE int manifest_parse(struct arena *a, struct str text, struct manifest *m_r, struct err *e);
bool manifest_has_verb(const struct manifest *m, const char *verb);
// "org.beseda.echo" → "echo". E_INVALID when the id is no reverse DNS name of lower-case words.
MUST_USE int manifest_channel(struct str id, struct str *channel_r, struct err *e);
