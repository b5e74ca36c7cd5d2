// SPDX-License-Identifier: Apache-2.0
// A folder of built files, read into memory; a file x.gz is the packed twin of x.
#pragma once
#include "base/err.h"
#include "base/map.h"

struct asset {
	struct str path;         // "/assets/index-1a2b.js"
	const char *type;        // of the content
	struct str body, packed; // packed: STR_NONE when there is none
	char etag[40];           // with its quotes
	char packed_etag[40];
	bool is_hashed; // the name changes with the content
};

struct folder {
	struct smap *assets; // path -> struct asset
	size_t bytes;
};

MUST_USE int folder_read(struct folder *f, const char *path, struct err *e);
void folder_fini(struct folder *f);
struct asset *folder_find(const struct folder *f, struct str path); // or NULL

// The tag of a content, quotes included: the same after every start, another for another content.
void asset_tag(struct str body, const char *suffix, char tag_r[40]);
