// SPDX-License-Identifier: Apache-2.0
// Values that may hold secrets, as services take them: {"$secret":"handle"}, as the plugin found it in its config,
// {"$join":[…]} of strings and such values, {"$base64":…}, {"$url":…} (percent-encoded).
//
// A handle names the setting and carries a tag that only this inbox's config has, so that a document from outside that
// a plugin passes on cannot name a secret.
#pragma once
#include "host.h"

#define SECRET_TAG 16

// "name@0123456789abcdef", in a. Needs in->id only.
struct str secret_handle(const struct channels *c, uint64_t inbox, struct arena *a, struct str name);
// Appends the text of a value; E_INVALID with *e when it is none, or names no secret of this inbox.
MUST_USE int secret_text(struct inbox *in, const struct json *v, struct buf *b, struct err *e);
// Appends a document as JSON text, with such values replaced by what they stand for.
MUST_USE int secret_json(struct inbox *in, const struct json *v, struct buf *b, struct err *e);
// The bytes of a key or of data: a value as above, or bytes.
MUST_USE int secret_bytes(struct inbox *in, const struct json *v, struct buf *b, struct err *e);
// Overwrites and frees.
void secret_wipe(struct buf *b);
