// SPDX-License-Identifier: Apache-2.0
// The words of a message, and the const table of a delivery's steps.
#include "domain/message.h"
#include "names.h"
#include "base/mem.h"

#define X(name, number, text) [number] = text,
static const char *const author_kinds[] = {AUTHOR_KINDS(X)};
static const char *const origins[] = {ORIGINS(X)};
static const char *const audiences[] = {AUDIENCES(X)};
static const char *const deliveries[] = {DELIVERIES(X)};
#undef X

const char *author_kind_name(enum author_kind k) { return names_get(author_kinds, ARRAY_LEN(author_kinds), k); }
const char *audience_name(enum audience a) { return names_get(audiences, ARRAY_LEN(audiences), a); }
const char *delivery_name(enum delivery d) { return names_get(deliveries, ARRAY_LEN(deliveries), d); }

int author_kind_parse(struct str s, enum author_kind *k_r)
{
	size_t number;
	int rc = names_find(author_kinds, ARRAY_LEN(author_kinds), s, &number);
	if (!rc) *k_r = (enum author_kind)number;
	return rc;
}

int origin_parse(struct str s, enum origin *o_r)
{
	size_t number;
	int rc = names_find(origins, ARRAY_LEN(origins), s, &number);
	if (!rc) *o_r = (enum origin)number;
	return rc;
}

int audience_parse(struct str s, enum audience *a_r)
{
	size_t number;
	int rc = names_find(audiences, ARRAY_LEN(audiences), s, &number);
	if (!rc) *a_r = (enum audience)number;
	return rc;
}

bool audience_is_for_customer(enum audience a) { return a == AUDIENCE_CUSTOMER || a == AUDIENCE_PUBLIC; }

// The steps that each delivery may take. Receipts may skip: they can come before the answer to the send, and, after a
// resend, before the second attempt.
#define TO(name) (1U << DELIVERY_##name)
static const uint8_t steps[] = {
	[DELIVERY_NONE] = TO(QUEUED),
	[DELIVERY_QUEUED] = TO(SENDING) | TO(ACCEPTED) | TO(DELIVERED) | TO(READ) | TO(FAILED),
	[DELIVERY_SENDING] = TO(ACCEPTED) | TO(DELIVERED) | TO(READ) | TO(FAILED) | TO(UNKNOWN),
	[DELIVERY_ACCEPTED] = TO(DELIVERED) | TO(READ) | TO(FAILED),
	[DELIVERY_DELIVERED] = TO(READ),
	[DELIVERY_READ] = 0,
	[DELIVERY_FAILED] = TO(QUEUED),
	[DELIVERY_UNKNOWN] = TO(QUEUED) | TO(ACCEPTED) | TO(DELIVERED) | TO(READ) | TO(FAILED),
};

bool delivery_move(enum delivery *d, enum delivery to)
{
	if ((size_t)*d >= ARRAY_LEN(steps) || (size_t)to >= ARRAY_LEN(steps)) return false;
	if (!(steps[*d] & 1U << to)) return false;
	*d = to;
	return true;
}

static bool is_key_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool message_key_is_valid(struct str key)
{
	if (key.n < 8 || key.n > MESSAGE_KEY) return false;
	for (size_t i = 0; i < key.n; i++)
		if (!is_key_char(key.p[i])) return false;
	return true;
}
