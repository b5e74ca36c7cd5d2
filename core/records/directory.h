// SPDX-License-Identifier: Apache-2.0
// The directory: users, teams, queues, brands and inboxes in memory, read at the start and after every change of them.
// They are few; everything that routes, shows names or decides access asks here.
#pragma once
#include "domain/access.h"
#include "domain/inbox.h"
#include "domain/user.h"
#include "records/statements.h"

struct directory;

struct brand {
	uint64_t id;
	struct str name, language, zone;
};

MUST_USE int directory_new(struct directory **d_r, struct store *s);
void directory_free(struct directory **d);
// Reads everything anew; what was handed out before is gone when `done` comes (status 0 or E_STORE: the old stays).
void directory_load(struct directory *d, loop_done_cb done, void *arg);
// Grows with every load: whoever keeps something made of it (an access) makes it anew when this moved.
uint64_t directory_version(const struct directory *d);

const struct user *directory_user(const struct directory *d, uint64_t id);
const struct user *directory_users(const struct directory *d, size_t *n_r);
const struct team *directory_teams(const struct directory *d, size_t *n_r);
const struct queue *directory_queue(const struct directory *d, uint64_t id);
const struct queue *directory_queues(const struct directory *d, size_t *n_r);
const struct brand *directory_brand(const struct directory *d, uint64_t id);
const struct brand *directory_brands(const struct directory *d, size_t *n_r);
const struct inbox_record *directory_inbox(const struct directory *d, uint64_t id);
const struct inbox_record *directory_inboxes(const struct directory *d, size_t *n_r);
// The encrypted secrets of an inbox (records/secret.h); STR_NONE.
struct str directory_inbox_secrets(const struct directory *d, uint64_t id);
// Users that serve a queue (through its teams) and take work; at most max. Queue 0: everyone who takes work.
size_t directory_agents(const struct directory *d, uint64_t queue, uint64_t *users_r, size_t max);
// False: no such user, or disabled.
bool directory_access(const struct directory *d, uint64_t user, struct access *a_r);
