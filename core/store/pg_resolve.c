// SPDX-License-Identifier: Apache-2.0
// The address of a PostgreSQL server: parsed, completed, and its names resolved beside the loop.
#include "pg.h"
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

struct pg_resolve {
	char *url;
	struct pg_address address;
	struct err why;
	int status;
	pg_resolve_cb cb; // NULL: cancelled
	void *arg;
};

// Short, so that a server cut off gives its locks back, and a lost one is noticed.
static const char *const OURS[][2] = {
	{"client_encoding", "UTF8"}, {"keepalives", "1"},
	{"keepalives_idle", "2"},    {"keepalives_interval", "1"},
	{"keepalives_count", "3"},   {"tcp_user_timeout", "5000"},
	{"connect_timeout", "10"},   {"fallback_application_name", "besedad"},
};

static char **address_value(struct pg_address *a, const char *key)
{
	for (size_t i = 0; i < a->n; i++)
		if (!strcmp(a->keys[i], key)) return &a->values[i];
	return NULL;
}

static void address_set(struct pg_address *a, const char *key, char *value)
{
	char **at = address_value(a, key);
	if (at) {
		mem_free(*at);
		*at = value;
		return;
	}
	if (a->n + 1 >= ARRAY_LEN(a->keys)) abort();
	a->keys[a->n] = mem_strdup(key);
	a->values[a->n++] = value;
	a->keys[a->n] = NULL;
}

void pg_address_fini(struct pg_address *a)
{
	for (size_t i = 0; i < a->n; i++) {
		mem_free((void *)a->keys[i]);
		mem_free(a->values[i]);
	}
	a->n = 0;
}

static int parse(const char *url, struct pg_address *a, struct err *e)
{
	char *wrong = NULL;
	PQconninfoOption *options = PQconninfoParse(url, &wrong);
	if (!options) {
		int status = err_set(e, E_INVALID, "the store's address: %s", wrong ? wrong : "no memory");
		PQfreemem(wrong);
		return status;
	}
	for (PQconninfoOption *o = options; o->keyword; o++)
		if (o->val) address_set(a, o->keyword, mem_strdup(o->val));
	PQconninfoFree(options);
	for (size_t i = 0; i < ARRAY_LEN(OURS); i++)
		if (!address_value(a, OURS[i][0])) address_set(a, OURS[i][0], mem_strdup(OURS[i][1]));
	const char *host = getenv("PGHOST");
	if (host && !address_value(a, "host") && !address_value(a, "hostaddr"))
		address_set(a, "host", mem_strdup(host));
	return 0;
}

// libpq's lists, one entry for each address of each host.
struct hosts {
	struct buf host, hostaddr, port;
	size_t n;
};

static void hosts_add(struct hosts *h, struct str host, const char *addr, struct str port)
{
	if (h->n++) {
		buf_add_char(&h->host, ',');
		buf_add_char(&h->hostaddr, ',');
		buf_add_char(&h->port, ',');
	}
	buf_add(&h->host, host);
	buf_add(&h->hostaddr, str_of(addr));
	buf_add(&h->port, port);
}

static bool is_socket(struct str host) { return !host.n || host.p[0] == '/' || host.p[0] == '@'; }

static int resolve_host(struct hosts *h, struct str host, struct str port, struct err *e)
{
	if (is_socket(host)) {
		hosts_add(h, host, "", port);
		return 0;
	}
	char *name = mem_strndup(host.p, host.n);
	struct addrinfo *found = NULL, hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	int failed = getaddrinfo(name, NULL, &hints, &found);
	int status = failed ? err_set(e, E_STORE, "cannot find the host %s: %s", name, gai_strerror(failed)) : 0;
	mem_free(name);
	if (failed) return status;
	for (struct addrinfo *ai = found; ai; ai = ai->ai_next) {
		char addr[NI_MAXHOST];
		if (getnameinfo(ai->ai_addr, ai->ai_addrlen, addr, sizeof addr, NULL, 0, NI_NUMERICHOST)) continue;
		hosts_add(h, host, addr, port);
	}
	freeaddrinfo(found);
	return 0;
}

static int resolve_all(struct pg_address *a, struct err *e)
{
	char **host = address_value(a, "host"), **ports = address_value(a, "port");
	if (!host || address_value(a, "hostaddr")) return 0;
	struct hosts h = {0};
	struct str rest = str_of(*host), name, port_rest = ports ? str_of(*ports) : STR(""), port = STR("");
	int status = 0, last = E_STORE;
	while (str_cut(&rest, ',', &name)) {
		str_cut(&port_rest, ',', &port); // one port serves all
		status = resolve_host(&h, name, port, e);
		if (!status) last = 0;
	}
	if (!last && h.n) { // one that can be found is enough
		address_set(a, "host", buf_take(&h.host));
		address_set(a, "hostaddr", buf_take(&h.hostaddr));
		address_set(a, "port", buf_take(&h.port));
	}
	buf_fini(&h.host);
	buf_fini(&h.hostaddr);
	buf_fini(&h.port);
	return last && status ? status : 0;
}

int pg_resolve_now(const char *url, struct pg_address *a_r, struct err *e)
{
	*a_r = (struct pg_address){0};
	int status = parse(url, a_r, e);
	if (!status) status = resolve_all(a_r, e);
	if (status) pg_address_fini(a_r);
	return status;
}

static void work(void *arg)
{
	struct pg_resolve *r = arg;
	r->status = pg_resolve_now(r->url, &r->address, &r->why);
}

static void done(int status, void *arg)
{
	struct pg_resolve *r = arg;
	if (status) r->status = status;
	if (r->cb) r->cb(r->status ? NULL : &r->address, &r->why, r->arg);
	pg_address_fini(&r->address);
	mem_free(r->url);
	mem_free(r);
}

struct pg_resolve *pg_resolve(struct loop *l, const char *url, pg_resolve_cb cb, void *arg)
{
	struct pg_resolve *r = mem_new(struct pg_resolve);
	*r = (struct pg_resolve){.url = mem_strdup(url), .cb = cb, .arg = arg};
	loop_work(l, "resolve", work, done, r);
	return r;
}

void pg_resolve_cancel(struct pg_resolve **r)
{
	if (*r) (*r)->cb = NULL;
	*r = NULL;
}
