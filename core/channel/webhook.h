// SPDX-License-Identifier: Apache-2.0
// Webhooks: /hooks/<inbox>[/rest].
#pragma once
#include "host.h"

struct http_handler webhook_handler(struct channels *c);
