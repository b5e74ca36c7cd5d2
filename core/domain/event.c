// SPDX-License-Identifier: Apache-2.0
// The names of events and actors.
#include "domain/event.h"
#include "names.h"
#include "base/mem.h"

#define X(name, number, text) [number] = text,
static const char *const event_kinds[] = {EVENT_KINDS(X)};
static const char *const actor_kinds[] = {ACTOR_KINDS(X)};
#undef X

const char *event_kind_name(enum event_kind k) { return names_get(event_kinds, ARRAY_LEN(event_kinds), k); }

int event_kind_parse(struct str s, enum event_kind *k_r)
{
	size_t number;
	int rc = names_find(event_kinds, ARRAY_LEN(event_kinds), s, &number);
	if (!rc) *k_r = (enum event_kind)number;
	return rc;
}

const char *actor_kind_name(enum actor_kind k) { return names_get(actor_kinds, ARRAY_LEN(actor_kinds), k); }
