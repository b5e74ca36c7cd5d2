// SPDX-License-Identifier: Apache-2.0
// Who may see what: the one predicate of lists, counts, search, history, feed, REST and notifications.
#pragma once
#include "domain/conversation.h"
#include "domain/user.h"

#define ACCESS_QUEUES 256

// What a user may see, worked out once from the user, the teams and the queues; worked out anew when one of them
// changes. user 0: a disabled user, who sees nothing.
struct access {
	uint64_t user;
	bool sees_all; // admin, supervisor: every conversation that is not restricted
	int64_t queues[ACCESS_QUEUES];
	size_t n_queues; // queues served by the user's teams; those beyond ACCESS_QUEUES are not seen
};

// What a conversation carries.
struct access_set {
	uint64_t queue, assignee, restricted;
};

void access_of(struct access *a_r, const struct user *u, const struct queue *queues, size_t n_queues);
// Not restricted: assigned to me, or sees_all, or without a queue, or in one of my queues.
// Restricted: assigned to me, or in one of my queues; no role opens it. A disabled user sees nothing.
bool access_may_see(const struct access *a, const struct access_set *s);
struct access_set access_set_of(const struct conversation *c);
// May this user do what the role decides?
bool access_is_admin(const struct user *u);
