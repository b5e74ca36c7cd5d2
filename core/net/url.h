// SPDX-License-Identifier: Apache-2.0
// URLs (RFC 3986), as far as a server needs them.
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct url {
	struct str scheme, host, path, query; // host without brackets, lower case; path at least "/"
	int port;                             // of the scheme when none is given
};

// http, https, ws and wss only; no user info, no fragment. Everything lives in a.
MUST_USE int url_parse(struct arena *a, struct str text, struct url *u_r, struct err *e);
// Percent-decodes; plus_is_blank for forms. STR_NONE when an escape is broken.
struct str url_decode(struct arena *a, struct str s, bool plus_is_blank);
void url_encode(struct buf *b, struct str s); // everything but unreserved characters
// "scheme://host[:port]" in lower case, the default port left out, as browsers send Origin.
struct str url_origin(struct arena *a, const struct url *u);
