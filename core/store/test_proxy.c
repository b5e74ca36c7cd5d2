// SPDX-License-Identifier: Apache-2.0
// The man in the middle: one thread, pairs of sockets.
#include "test_proxy.h"
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PAIRS 64

struct pair {
	int client, server;
	bool is_late, is_told;
	char late[1 << 16];
	ssize_t n_late;
};

struct test_proxy {
	char folder[64], path[100], server[100];
	int listener;
	pthread_t thread;
	atomic_int fault;
	atomic_bool is_over, is_released;
	struct pair pairs[PAIRS];
	pthread_mutex_t lock;
	char heard[1 << 16]; // what the server said to what came late, without NULs
};

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	return a;
}

static void shut(int *fd)
{
	if (*fd >= 0) close(*fd);
	*fd = -1;
}

static void take_client(struct test_proxy *p)
{
	struct sockaddr_un a = address_of(p->server);
	int client = accept(p->listener, NULL, NULL), server = socket(AF_UNIX, SOCK_STREAM, 0);
	if (client < 0 || connect(server, (struct sockaddr *)&a, sizeof a)) {
		shut(&client);
		shut(&server);
		return;
	}
	for (int i = 0; i < PAIRS; i++) {
		if (p->pairs[i].client >= 0 || p->pairs[i].server >= 0) continue;
		p->pairs[i] = (struct pair){.client = client, .server = server};
		return;
	}
	abort();
}

static void pass(int from, int to, const char *bytes, ssize_t n, struct pair *pair)
{
	if (n > 0 && write(to, bytes, (size_t)n) == n) return;
	shut(&pair->client);
	shut(&pair->server);
}

static void from_client(struct test_proxy *p, struct pair *pair)
{
	ssize_t n = read(pair->client, pair->late, sizeof pair->late);
	bool is_farewell = n > 0 && pair->late[0] == 'X'; // of a connection that was closed before
	if (n > 0 && !is_farewell && p->fault == PROXY_LATE) {
		p->fault = PROXY_PASS;
		pair->is_late = true;
		pair->n_late = n;
		shut(&pair->client);
		return;
	}
	pass(pair->client, pair->server, pair->late, n, pair);
}

static void keep_heard(struct test_proxy *p, const char *bytes, ssize_t n)
{
	pthread_mutex_lock(&p->lock);
	size_t at = strlen(p->heard);
	for (ssize_t i = 0; i < n && at + 1 < sizeof p->heard; i++)
		if (bytes[i]) p->heard[at++] = bytes[i];
	p->heard[at] = 0;
	pthread_mutex_unlock(&p->lock);
}

static void from_server(struct test_proxy *p, struct pair *pair)
{
	static char bytes[1 << 16];
	ssize_t n = read(pair->server, bytes, sizeof bytes);
	if (pair->is_late) {
		if (n > 0)
			keep_heard(p, bytes, n);
		else
			shut(&pair->server);
		return;
	}
	if (n > 0 && p->fault == PROXY_DEAF) {
		p->fault = PROXY_PASS;
		n = 0;
	}
	pass(pair->server, pair->client, bytes, n, pair);
}

static void turn(struct test_proxy *p)
{
	struct pollfd fds[1 + 2 * PAIRS] = {{.fd = p->listener, .events = POLLIN}};
	for (int i = 0; i < PAIRS; i++) {
		fds[1 + 2 * i] = (struct pollfd){.fd = p->pairs[i].client, .events = POLLIN};
		fds[2 + 2 * i] = (struct pollfd){.fd = p->pairs[i].server, .events = POLLIN};
	}
	poll(fds, 1 + 2 * PAIRS, 10);
	for (int i = 0; i < PAIRS; i++) {
		struct pair *pair = &p->pairs[i];
		if (pair->is_late && !pair->is_told && p->is_released) {
			pair->is_told = write(pair->server, pair->late, (size_t)pair->n_late) == pair->n_late;
			shutdown(pair->server, SHUT_WR);
		}
		if (fds[1 + 2 * i].revents && pair->client >= 0) from_client(p, pair);
		if (fds[2 + 2 * i].revents && pair->server >= 0) from_server(p, pair);
	}
	if (fds[0].revents) take_client(p);
}

static void *run(void *arg)
{
	struct test_proxy *p = arg;
	while (!p->is_over)
		turn(p);
	return NULL;
}

struct test_proxy *test_proxy_open(const char *folder, char *address_r, int n)
{
	struct test_proxy *p = calloc(1, sizeof *p);
	if (!p) abort();
	for (int i = 0; i < PAIRS; i++)
		p->pairs[i].client = p->pairs[i].server = -1;
	strcpy(p->folder, "/tmp/beseda-proxy-XXXXXX");
	if (!mkdtemp(p->folder)) abort();
	snprintf(p->path, sizeof p->path, "%s/.s.PGSQL.5432", p->folder);
	snprintf(p->server, sizeof p->server, "%s/.s.PGSQL.5432", folder);
	struct sockaddr_un a = address_of(p->path);
	p->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(p->listener, (struct sockaddr *)&a, sizeof a) || listen(p->listener, 16)) abort();
	pthread_mutex_init(&p->lock, NULL);
	pthread_create(&p->thread, NULL, run, p);
	snprintf(address_r, (size_t)n, "host=%s user=beseda dbname=postgres", p->folder);
	return p;
}

void test_proxy_close(struct test_proxy *p)
{
	p->is_over = true;
	pthread_join(p->thread, NULL);
	for (int i = 0; i < PAIRS; i++) {
		shut(&p->pairs[i].client);
		shut(&p->pairs[i].server);
	}
	shut(&p->listener);
	unlink(p->path);
	rmdir(p->folder);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void test_proxy_set(struct test_proxy *p, enum proxy_fault fault) { p->fault = (int)fault; }

void test_proxy_release(struct test_proxy *p) { p->is_released = true; }

bool test_proxy_heard(struct test_proxy *p, const char *text)
{
	pthread_mutex_lock(&p->lock);
	bool is_there = strstr(p->heard, text) != NULL;
	pthread_mutex_unlock(&p->lock);
	return is_there;
}
