// SPDX-License-Identifier: Apache-2.0
// The parts of ops that the host table and the closing of inboxes use.
#pragma once
#include "host.h"

// For host.complete: 0 or a BESEDA_E_… .
int32_t op_complete(struct plugin *p, uint64_t id, uint32_t class_, const struct json *doc, struct doc_home *home);
const char *op_verb(const struct op *op);
// The inbox closes: ops that wait end with E_CLOSED, those in the plugin with E_TIMEOUT; those that commit go on.
void ops_cut(struct inbox *in);
