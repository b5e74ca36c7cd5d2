// SPDX-License-Identifier: Apache-2.0
// Users, teams and queues: the people who answer.
#pragma once
#include "base/err.h"
#include "base/str.h"
#include <stdbool.h>
#include <stdint.h>

#define ROLES(X) X(AGENT, 0, "agent") X(SUPERVISOR, 1, "supervisor") X(ADMIN, 2, "admin")
enum role {
#define X(name, number, text) ROLE_##name = number,
	ROLES(X)
#undef X
};
const char *role_name(enum role r);
MUST_USE int role_parse(struct str s, enum role *r_r);

#define USER_TEAMS 64

struct user {
	uint64_t id;
	struct str name, email; // email in lower case, unique
	enum role role;
	bool takes_work, is_disabled;
	uint64_t teams[USER_TEAMS];
	size_t n_teams;
};

struct team {
	uint64_t id;
	struct str name;
};

struct queue {
	uint64_t id;
	struct str name;
	uint64_t teams[USER_TEAMS]; // served by, in this order
	size_t n_teams;
};

// Lower-cases the domain and ASCII letters; E_INVALID when it cannot be an address (not one @, blanks, controls, signs
// that only a quoted or bracketed address has, over 320 bytes). The result lives in *a.
struct arena;
MUST_USE int user_clean_email(struct arena *a, struct str email, struct str *email_r);
