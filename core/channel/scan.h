// SPDX-License-Identifier: Apache-2.0
// The first look at a plugin, in a child process that is thrown away.
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct scan_report {
	struct str id, version, manifest;
};

// Loads the library in a child and asks it what it is. Blocks for at most ms. *e names the rule and the remedy.
MUST_USE int scan_plugin(struct arena *a, const char *path, int64_t ms, struct scan_report *r_r, struct err *e);
