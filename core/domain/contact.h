// SPDX-License-Identifier: Apache-2.0
// Contacts and their identities: who writes to us, and how sure we are.
#pragma once
#include "base/err.h"
#include "base/str.h"
#include <stdbool.h>
#include <stdint.h>

// How an identity came to us. Only channel, signed and agent may link, show history, prefill or authorise.
#define PROOFS(X) X(CLAIMED, 0, "claimed") X(CHANNEL, 1, "channel") X(SIGNED, 2, "signed") X(AGENT, 3, "agent")
enum proof {
#define X(name, number, text) PROOF_##name = number,
	PROOFS(X)
#undef X
};
const char *proof_name(enum proof p);
MUST_USE int proof_parse(struct str s, enum proof *p_r);
bool proof_is_proved(enum proof p);

struct contact {
	uint64_t id;
	struct str name;     // STR_NONE: not known
	struct str language; // chosen by the contact; STR_NONE
	int64_t created_at;
	int64_t version;
};

// Unique by (kind, scope, address). The scope says where the address means this person: "" everywhere (a phone in
// E.164), "inbox:<id>", or a provider's portfolio.
struct identity {
	uint64_t id, contact;
	struct str kind, scope, address;
	struct str name; // as the channel gave it
	enum proof proof;
	bool is_shared; // an address of many people: never merged by itself
	int64_t created_at;
};

// A name for people: control characters and bidirectional overrides out, blanks folded, at most 200 bytes. STR_NONE if
// nothing visible is left. The result lives in *a.
#define CONTACT_NAME 200
struct arena;
struct str contact_clean_name(struct arena *a, struct str name);
