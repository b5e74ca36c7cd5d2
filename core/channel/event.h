// SPDX-License-Identifier: Apache-2.0
// Events that plugins emit: their names, and the shape of their documents (schemas/plugin/).
#pragma once
#include "base/json.h"

enum event_way { EVENT_COMMITTED, EVENT_SIGNAL, EVENT_STATE };

struct event_fields;
struct event_type {
	const char *name;
	enum event_way way;
	const struct event_fields *fields;
	int (*also)(const struct json *doc, struct err *e); // what a table cannot say; may be NULL
};

const struct event_type *event_find(struct str name); // NULL: this server knows no such event
// Well-formed and bounded? 0, E_INVALID or E_TOO_LARGE; *e names the member: "message.in: parts[3].text: …".
MUST_USE int event_check(const struct event_type *t, const struct json *doc, struct err *e);
