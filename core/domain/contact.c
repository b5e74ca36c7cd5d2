// SPDX-License-Identifier: Apache-2.0
// Proofs of identities, and names that are safe to show.
#include "domain/contact.h"
#include "names.h"
#include "text.h"
#include "base/arena.h"
#include "base/mem.h"

#define X(name, number, text) [number] = text,
static const char *const proofs[] = {PROOFS(X)};
#undef X

const char *proof_name(enum proof p) { return names_get(proofs, ARRAY_LEN(proofs), p); }

int proof_parse(struct str s, enum proof *p_r)
{
	size_t number;
	int rc = names_find(proofs, ARRAY_LEN(proofs), s, &number);
	if (!rc) *p_r = (enum proof)number;
	return rc;
}

bool proof_is_proved(enum proof p) { return p == PROOF_CHANNEL || p == PROOF_SIGNED || p == PROOF_AGENT; }

struct str contact_clean_name(struct arena *a, struct str name)
{
	char line[CONTACT_NAME];
	size_t n = text_line(line, sizeof line, name);
	return n ? arena_str(a, (struct str){line, n}) : STR_NONE;
}
