// SPDX-License-Identifier: Apache-2.0
// What the settings files share.
#pragma once
#include "base/settings.h"

// "64k", "2m", "500ms": as a person would write v. For INT the plain number.
void settings_number(struct buf *b, enum setting_type type, int64_t v);
// "one of sqlite, postgres", "a size like 64k or 10m": what may stand there.
void settings_expected(struct buf *b, const struct setting *s);
