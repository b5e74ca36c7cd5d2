// SPDX-License-Identifier: Apache-2.0
// Inside the room: whether a channel can carry a message.
#pragma once
#include "base/err.h"
#include "base/json.h"

// parts: as they are kept (schemas/api: media parts say their "bytes"). E_UNSUPPORTED or E_TOO_LARGE with a text for
// the agent. What the manifest says nothing of is carried.
MUST_USE int fit_check(const struct json *manifest, const struct json *parts, struct err *e);
