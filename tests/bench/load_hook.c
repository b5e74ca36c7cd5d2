// SPDX-License-Identifier: Apache-2.0
// Posts messages to a webhook over connections that are kept, one request at a time on each.
#include "load.h"
#include "spread.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define AGAIN_NS 50000000

static const char WORDS[] = "Good morning, my order has still not come and the page says it was delivered on Monday; "
			    "could you please look where it is? I am at home until noon. ";

static void poster_dial(struct hook *h, struct poster *p)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = p};
	p->fd = dial(h->o);
	p->n_in = 0;
	if (epoll_ctl(h->epoll, EPOLL_CTL_ADD, p->fd, &ev)) die("epoll: %m");
}

void hook_open(struct hook *h, const struct load_options *o, struct ledger *l, int epoll)
{
	*h = (struct hook){.o = o, .ledger = l, .epoll = epoll};
	h->posters = calloc(o->connections, sizeof *h->posters);
	h->idle = calloc(o->connections, sizeof *h->idle);
	h->refused = calloc(o->connections, sizeof *h->refused);
	if (!h->posters || !h->idle || !h->refused) die("no memory for connections");
	for (size_t i = 0; i < sizeof h->text - 1; i++)
		h->text[i] = WORDS[i % (sizeof WORDS - 1)];
	for (size_t i = 0; i < o->connections; i++) {
		poster_dial(h, &h->posters[i]);
		h->idle[h->n_idle++] = o->connections - 1 - i;
	}
}

static bool opens(const struct load_options *o, uint64_t n)
{
	return o->open_every && n % o->open_every == o->open_every - 1;
}

// One of them is rarely under way twice.
static unsigned contact_of(const struct load_options *o, uint64_t n)
{
	return (unsigned)(o->is_first ? n % o->contacts : spread(n, o->contacts));
}

static size_t write_body(const struct hook *h, uint64_t n, char *out, size_t max)
{
	const struct load_options *o = h->o;
	char thread[80] = "", mark[64];
	unsigned contact = contact_of(o, n);
	int n_mark = snprintf(mark, sizeof mark, "%s#%010llu ", o->run, (unsigned long long)n);
	int n_text = (int)o->text_bytes > n_mark ? (int)o->text_bytes - n_mark : 0;
	if (opens(o, n)) snprintf(thread, sizeof thread, ",\"thread\":\"%s-%llu\"", o->run, (unsigned long long)n);
	int len = snprintf(
		out, max,
		"{\"messages\":[{\"id\":\"%s-%llu\",\"from\":\"contact-%05u\",\"name\":\"Contact %05u\",\"text\":\""
		"%s%.*s\"%s}]}",
		o->run, (unsigned long long)n, contact, contact, mark, n_text, h->text, thread);
	return (size_t)len;
}

static void send_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
		if (sent > 0) {
			p += sent;
			n -= (size_t)sent;
		} else if (errno == EAGAIN) {
			poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 1000);
		} else if (errno == EPIPE || errno == ECONNRESET) {
			return; // read sees it, and dials anew
		} else if (errno != EINTR) {
			die("send: %m");
		}
	}
}

static void post(struct hook *h, struct poster *p)
{
	char body[5000], request[6000];
	size_t n_body = write_body(h, p->n, body, sizeof body);
	int n = snprintf(
		request, sizeof request,
		"POST %s HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n%s",
		h->o->hook, h->o->host, h->o->port, h->o->headers, n_body, body);
	p->n_in = 0;
	send_all(p->fd, request, (size_t)n);
}

void hook_post(struct hook *h, uint64_t n)
{
	struct poster *p = &h->posters[h->idle[--h->n_idle]];
	p->is_busy = true;
	p->n = n;
	post(h, p);
}

// A whole answer gives its status, a part 0.
static int parse_answer(const struct poster *p)
{
	const char *end = memmem(p->in, p->n_in, "\r\n\r\n", 4);
	if (!end) return 0;
	size_t head = (size_t)(end - p->in) + 4, length = 0;
	static const char NAME[] = "\r\nContent-Length: ";
	const char *at = memmem(p->in, head, NAME, sizeof NAME - 1);
	if (at) length = strtoul(at + sizeof NAME - 1, NULL, 10);
	if (memcmp(p->in, "HTTP/1.1 ", 9)) die("not an HTTP answer: %.40s", p->in);
	if (head + length > sizeof p->in - 1) die("an answer of %zu bytes", head + length);
	return p->n_in >= head + length ? atoi(p->in + 9) : 0;
}

// What was under way is posted again with the same id, as a provider does.
static void dial_again(struct hook *h, struct poster *p)
{
	if (++h->n_reconnects > 10 * h->o->connections) die("the server closes every connection");
	close(p->fd);
	poster_dial(h, p);
	if (p->is_busy) post(h, p);
}

// A provider waits for as long as Retry-After says; here shorter, for the sake of the figures.
static void put_off(struct hook *h, struct poster *p)
{
	h->n_busy++;
	p->again_ns = now_ns() + AGAIN_NS;
	h->refused[(h->first_refused + h->n_refused++) % h->o->connections] = (size_t)(p - h->posters);
}

void hook_post_again(struct hook *h, int64_t now)
{
	while (h->n_refused) {
		struct poster *p = &h->posters[h->refused[h->first_refused]];
		if (p->again_ns > now) return;
		h->first_refused = (h->first_refused + 1) % h->o->connections;
		h->n_refused--;
		post(h, p);
	}
}

static void take_answer(struct hook *h, struct poster *p, int status)
{
	if (status == 503) {
		put_off(h, p);
		return;
	}
	if (status >= 200 && status < 300) {
		ledger_ack(h->ledger, p->n, now_ns());
		h->ledger->n_opened += h->o->is_first || opens(h->o, p->n);
	} else if (!h->ledger->n_failed++) {
		fprintf(stderr, "load: the first refusal: %.200s\n", p->in);
	}
	p->is_busy = false;
	h->idle[h->n_idle++] = (size_t)(p - h->posters);
}

void hook_read(struct hook *h, struct poster *p)
{
	ssize_t got = recv(p->fd, p->in + p->n_in, sizeof p->in - 1 - p->n_in, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
	if (got <= 0) {
		dial_again(h, p);
		return;
	}
	p->n_in += (size_t)got;
	p->in[p->n_in] = 0;
	int status = parse_answer(p);
	if (status && p->is_busy) take_answer(h, p, status);
}
