// SPDX-License-Identifier: Apache-2.0
// Verification of webhooks on their raw bytes, by recipes of the manifest.
#pragma once
#include "base/json.h"

enum recipe_kind { RECIPE_NONE, RECIPE_HMAC, RECIPE_TOKEN, RECIPE_BASIC };
enum recipe_encoding { RECIPE_HEX, RECIPE_BASE64 };

// Names are of headers (any case), query parameters, and settings that are secrets ("verify.token").
struct recipe {
	enum recipe_kind kind;
	const struct json *methods; // only for these; NULL: for all
	struct str secret, header, query, user;
	// HMAC
	struct str algo; // "sha256", "sha1", "sha512"
	enum recipe_encoding encoding;
	struct str prefix;    // before the signature: "sha256="
	char separator;       // 0: the header is one signature; else a list, of which one must be right
	struct str over;      // template: {body} {timestamp} {url} {header:name}
	struct str timestamp; // header with seconds since 1970, or an empty string
	int64_t tolerance_s;
};

// Checks and reads one recipe of a manifest. Everything lives in a.
MUST_USE int recipe_parse(struct arena *a, const struct json *doc, struct recipe *r_r, struct err *e);

// A request as verification sees it, before anything of it is parsed.
struct verify_request {
	struct arena *arena;
	struct str method, url, query, body;
	struct str (*header)(void *arg, const char *name);
	struct str (*secret)(void *arg, struct str name); // STR_NONE or "": not set
	void *arg;
};
// Of the recipes for this method, the first whose secret is set decides (NONE always does). True: the request is
// genuine.
bool verify_request(const struct recipe *recipes, size_t n, const struct verify_request *rq);
