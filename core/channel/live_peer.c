// SPDX-License-Identifier: Apache-2.0
// Budgets by network address. A visitor's own budgets are worth little alone: whoever likes can become a new visitor.
#include "live_inside.h"
#include "base/mem.h"
#include <string.h>

#define PEERS_MAX 20000
#define NEWCOMERS 60                      // at once; then one a second
#define UPLOADS (20 * LIVE_UPLOAD_BUDGET) // bytes; refilled in an hour
#define UPLOADS_A_SECOND (UPLOADS / 3600)

struct peer {
	struct list at; // the least recently used first
	struct str key;
	struct live_bucket newcomers, uploads;
	char text[];
};

int64_t live_bucket_take(struct live_bucket *b, int64_t now, int64_t most, int64_t a_second, int64_t want)
{
	int64_t gained = (now - b->at) * a_second / 1000;
	if (gained > 0) {
		b->level = gained > most - b->level ? most : b->level + gained;
		b->at = now;
	}
	if (b->level >= want) {
		b->level -= want;
		return 0;
	}
	return (want - b->level) * 1000 / a_second + 1;
}

static void drop(struct live *l, struct peer *p)
{
	smap_remove(l->peers, p->key);
	list_remove(&p->at);
	mem_free(p);
}

static struct peer *peer_of(struct live *l, struct str key, int64_t now)
{
	struct peer *p = smap_get(l->peers, key);
	if (!p) {
		if (smap_count(l->peers) == PEERS_MAX) drop(l, list_entry(list_first(&l->peers_used), struct peer, at));
		p = mem_alloc(sizeof *p + key.n);
		memcpy(p->text, key.p, key.n);
		p->key = (struct str){p->text, key.n};
		p->newcomers = (struct live_bucket){NEWCOMERS * 1000, now};
		p->uploads = (struct live_bucket){UPLOADS, now};
		smap_put(l->peers, p->key, p);
	}
	list_remove(&p->at);
	list_append(&l->peers_used, &p->at);
	return p;
}

// A proxy on this machine that nobody has told us to trust stands for everybody.
static bool is_everybody(const char *peer)
{
	return !strncmp(peer, "127.", 4) || !strcmp(peer, "::1") || !strcmp(peer, "unix");
}

static struct peer *bounded(struct live *l, const char *peer, int64_t now)
{
	char text[HTTP_NETWORK_MAX];
	return is_everybody(peer) ? NULL : peer_of(l, http_peer_network(peer, text), now);
}

int64_t live_peer_newcomer(struct live *l, const char *peer)
{
	int64_t now = loop_now_ms(l->channels->loop);
	struct peer *p = bounded(l, peer, now);
	return p ? live_bucket_take(&p->newcomers, now, NEWCOMERS * 1000, 1000, 1000) : 0;
}

int64_t live_peer_upload(struct live *l, const char *peer, int64_t bytes)
{
	int64_t now = loop_now_ms(l->channels->loop);
	struct peer *p = bounded(l, peer, now);
	return p ? live_bucket_take(&p->uploads, now, UPLOADS, UPLOADS_A_SECOND, bytes) : 0;
}

void live_peers_free(struct live *l)
{
	for (struct list *at; (at = list_first(&l->peers_used));)
		drop(l, list_entry(at, struct peer, at));
	smap_free(&l->peers);
}
