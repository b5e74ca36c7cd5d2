// SPDX-License-Identifier: Apache-2.0
// Failed sign-ins: each address and each account has some free tries, then waits that double.
#include "inside.h"
#include "base/clock.h"
#include "base/mem.h"
#include <stdio.h>
#include <string.h>

#define ENTRIES 20000
#define FORGET_MS (3600 * 1000LL) // after an hour without a failure

// An address may stand for a whole office. An account's wait stays short: whoever locks it out by guessing must not
// keep its owner away for long.
struct rule {
	int free_tries;
	int64_t longest_ms;
};
static const struct rule of_address = {20, 15 * 60 * 1000};
static const struct rule of_account = {5, 60 * 1000};

struct entry {
	struct list at; // the least recently used first
	struct str key;
	int n_failed;
	int64_t last_ms, until_ms;
	char text[];
};

struct throttle {
	struct smap *entries;
	struct list used;
};

struct throttle *throttle_new(void)
{
	struct throttle *t = mem_new(struct throttle);
	t->entries = smap_new();
	list_init(&t->used);
	return t;
}

static void drop(struct throttle *t, struct entry *e)
{
	smap_remove(t->entries, e->key);
	list_remove(&e->at);
	mem_free(e);
}

void throttle_free(struct throttle **t)
{
	if (!*t) return;
	for (struct list *l; (l = list_first(&(*t)->used));)
		drop(*t, list_entry(l, struct entry, at));
	smap_free(&(*t)->entries);
	mem_free(*t);
	*t = NULL;
}

static struct entry *find(struct throttle *t, struct str key, int64_t now)
{
	struct entry *e = smap_get(t->entries, key);
	if (!e || now - e->last_ms < FORGET_MS) return e;
	drop(t, e);
	return NULL;
}

static int64_t wait_of(const struct entry *e, int64_t now) { return e && e->until_ms > now ? e->until_ms - now : 0; }

static struct entry *make(struct throttle *t, struct str key)
{
	if (smap_count(t->entries) == ENTRIES) drop(t, list_entry(list_first(&t->used), struct entry, at));
	struct entry *e = mem_alloc(sizeof *e + key.n);
	memcpy(e->text, key.p, key.n);
	e->key = (struct str){e->text, key.n};
	smap_put(t->entries, e->key, e);
	list_append(&t->used, &e->at);
	return e;
}

static void set_wait(struct entry *e, const struct rule *rule)
{
	int over = e->n_failed - rule->free_tries;
	int64_t wait = over < 0 ? 0 : over < 20 ? 1000LL << over : rule->longest_ms;
	e->until_ms = wait ? e->last_ms + (wait < rule->longest_ms ? wait : rule->longest_ms) : 0;
}

static void count(struct throttle *t, struct str key, const struct rule *rule, int64_t now)
{
	struct entry *e = find(t, key, now);
	if (!e) e = make(t, key);
	list_remove(&e->at);
	list_append(&t->used, &e->at);
	e->last_ms = now;
	e->n_failed++;
	set_wait(e, rule);
}

#define KEY_MAX 400

static struct str address_key(const char *peer, char text[KEY_MAX])
{
	char network[HTTP_NETWORK_MAX];
	struct str of = http_peer_network(peer, network);
	int k = snprintf(text, KEY_MAX, "a:%.*s", STR_ARG(of));
	return (struct str){text, (size_t)k};
}

static struct str account_key(struct str account, char text[KEY_MAX])
{
	int k = snprintf(text, KEY_MAX, "u:%.320s", account.p ? account.p : "");
	return (struct str){text, (size_t)k};
}

int64_t throttle_wait(struct throttle *t, const char *peer, struct str account)
{
	char a[KEY_MAX], u[KEY_MAX];
	int64_t now = clock_mono_ms();
	int64_t of_peer = wait_of(find(t, address_key(peer, a), now), now);
	int64_t of_user = wait_of(find(t, account_key(account, u), now), now);
	return of_peer > of_user ? of_peer : of_user;
}

void throttle_begin(struct throttle *t, const char *peer, struct str account)
{
	char a[KEY_MAX], u[KEY_MAX];
	int64_t now = clock_mono_ms();
	count(t, address_key(peer, a), &of_address, now);
	count(t, account_key(account, u), &of_account, now);
}

static void take_back(struct throttle *t, struct str key, const struct rule *rule)
{
	struct entry *e = find(t, key, clock_mono_ms());
	if (!e || !e->n_failed) return;
	e->n_failed--;
	set_wait(e, rule);
}

void throttle_undo(struct throttle *t, const char *peer, struct str account)
{
	char a[KEY_MAX], u[KEY_MAX];
	take_back(t, address_key(peer, a), &of_address);
	take_back(t, account_key(account, u), &of_account);
}

void throttle_succeeded(struct throttle *t, const char *peer, struct str account)
{
	char a[KEY_MAX], u[KEY_MAX];
	struct entry *e = find(t, account_key(account, u), clock_mono_ms());
	if (e) drop(t, e);
	take_back(t, address_key(peer, a), &of_address);
}
