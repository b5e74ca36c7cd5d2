// SPDX-License-Identifier: Apache-2.0
// The one predicate of who may see a conversation.
#include "domain/access.h"
#include <assert.h>

static bool is_served_by(const struct queue *q, const struct user *u)
{
	for (size_t i = 0; i < q->n_teams; i++)
		for (size_t k = 0; k < u->n_teams; k++)
			if (q->teams[i] == u->teams[k]) return true;
	return false;
}

void access_of(struct access *a_r, const struct user *u, const struct queue *queues, size_t n_queues)
{
	assert(u->n_teams <= USER_TEAMS);
	*a_r = (struct access){0};
	if (u->is_disabled) return;
	a_r->user = u->id;
	a_r->sees_all = u->role == ROLE_ADMIN || u->role == ROLE_SUPERVISOR;
	for (size_t i = 0; i < n_queues && a_r->n_queues < ACCESS_QUEUES; i++) {
		assert(queues[i].n_teams <= USER_TEAMS);
		if (is_served_by(&queues[i], u)) a_r->queues[a_r->n_queues++] = (int64_t)queues[i].id;
	}
}

static bool has_queue(const struct access *a, uint64_t queue)
{
	for (size_t i = 0; i < a->n_queues; i++)
		if ((uint64_t)a->queues[i] == queue) return true;
	return false;
}

bool access_may_see(const struct access *a, const struct access_set *s)
{
	if (!a->user) return false;
	if (s->assignee == a->user) return true;
	if (s->queue && has_queue(a, s->queue)) return true;
	return !s->restricted && (a->sees_all || !s->queue);
}

struct access_set access_set_of(const struct conversation *c)
{
	return (struct access_set){.queue = c->queue, .assignee = c->assignee, .restricted = c->restricted};
}

bool access_is_admin(const struct user *u) { return u->role == ROLE_ADMIN && !u->is_disabled; }
