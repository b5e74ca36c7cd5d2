// SPDX-License-Identifier: Apache-2.0
// A store that fails on demand (tests): SQLite underneath, with a script of what goes wrong next.
#pragma once
#include "store/store.h"

enum fake_fault {
	FAKE_NONE,
	FAKE_AWAY,        // every call fails as if the server were gone, until FAKE_NONE
	FAKE_FULL,        // as a full disk
	FAKE_LOST_BEFORE, // the next commit: connection lost, not committed; the truth is found out after
	FAKE_LOST_AFTER,  // the next commit: connection lost, although it was committed
	FAKE_LOCKED,      // the next batch: lock timeout on its first unit's rows
	FAKE_POISON,      // the next batch: its first unit is refused
	FAKE_SLOW,        // every commit takes 20 ms
};
void store_fake(struct store *s, enum fake_fault fault);
uint64_t store_fake_commits(const struct store *s);
