// SPDX-License-Identifier: Apache-2.0
// Posts webhook messages at a fixed rate or as fast as they are answered, watches an agent's live socket, and prints
// the figures as one line of JSON.
#include "load.h"
#include "cpu.h"
#include "load_options.h"
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define LEDGER_MAX (32u << 20)
#define DRAIN_NS (20 * 1000000000LL) // what was sent must have come by then
#define N_EVENTS 512

struct load {
	struct load_options o;
	struct ledger ledger;
	struct hook hook;
	struct live lives[MAX_AGENTS];
	int epoll, timer;
	int64_t began_ns, end_ns; // of posting
	uint64_t n_posted;
	double cpu[8], cpu_own, cpu_machine;
	bool is_measuring, is_measured;
};

void die(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	fputs("load: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int dial(const struct load_options *o)
{
	struct addrinfo *list, hints = {.ai_socktype = SOCK_STREAM};
	int rc = getaddrinfo(o->host, o->port, &hints, &list), one = 1;
	if (rc) die("%s: %s", o->host, gai_strerror(rc));
	int fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, list->ai_addr, list->ai_addrlen)) die("connect to %s:%s: %m", o->host, o->port);
	freeaddrinfo(list);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

// ---- the schedule
// -------------------------------------------------------------------------------------------------------

static bool is_open_loop(const struct load *d) { return d->o.rate > 0; }

static int64_t due_at(const struct load *d, uint64_t n) { return d->began_ns + (int64_t)((double)n * 1e9 / d->o.rate); }

static bool is_over(const struct load *d, int64_t now)
{
	return (d->o.count && d->ledger.n >= d->o.count) || now >= d->end_ns;
}

// What is due enters the ledger, also when no connection is free: its time runs from here.
static void schedule(struct load *d, int64_t now)
{
	struct ledger *l = &d->ledger;
	if (is_open_loop(d)) {
		while (!is_over(d, now) && due_at(d, l->n) <= now)
			ledger_add(l, due_at(d, l->n));
	} else {
		for (size_t i = 0; i < d->hook.n_idle && !is_over(d, now); i++)
			ledger_add(l, now);
	}
}

static void post_due(struct load *d)
{
	while (d->n_posted < d->ledger.n && d->hook.n_idle)
		hook_post(&d->hook, d->n_posted++);
}

static void set_timer(struct load *d)
{
	int64_t at = due_at(d, d->ledger.n);
	struct itimerspec t = {.it_value = {at / 1000000000, at % 1000000000}};
	if (timerfd_settime(d->timer, TFD_TIMER_ABSTIME, &t, NULL)) die("timerfd: %m");
}

// ---- CPU time
// -----------------------------------------------------------------------------------------------------------

static void take_cpu(struct load *d, double sign)
{
	for (size_t i = 0; i < d->o.n_cpu; i++)
		d->cpu[i] += sign * cpu_of(d->o.cpu[i]);
	d->cpu_own += sign * cpu_own();
	d->cpu_machine += sign * cpu_machine();
}

static void watch_clock(struct load *d, int64_t now)
{
	if (!d->is_measuring && now >= d->ledger.from_ns) {
		d->is_measuring = true;
		take_cpu(d, -1);
	}
	if (!d->is_measured && now >= d->ledger.until_ns) {
		d->is_measured = true;
		take_cpu(d, 1);
	}
}

// ---- the loop
// -----------------------------------------------------------------------------------------------------------

static void watch(struct load *d, int fd, void *what)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = what};
	if (epoll_ctl(d->epoll, EPOLL_CTL_ADD, fd, &ev)) die("epoll: %m");
}

static void dispatch(struct load *d, void *what)
{
	uint64_t ticks;
	if (what == &d->timer) {
		if (read(d->timer, &ticks, sizeof ticks) < 0 && errno != EAGAIN) die("timerfd: %m");
	} else if ((struct live *)what >= d->lives && (struct live *)what < d->lives + MAX_AGENTS) {
		live_read(what);
	} else {
		hook_read(&d->hook, what);
	}
}

static bool is_drained(const struct load *d)
{
	const struct ledger *l = &d->ledger;
	if (l->n_acked + l->n_failed < l->n) return false;
	return !d->o.n_cookies || (l->n_seen >= l->n_acked && l->n_assigned >= l->n_opened);
}

static void run(struct load *d)
{
	struct epoll_event events[N_EVENTS];
	for (;;) {
		int64_t now = now_ns();
		watch_clock(d, now);
		schedule(d, now);
		post_due(d);
		hook_post_again(&d->hook, now);
		bool over = is_over(d, now);
		if (over && is_drained(d)) break;
		if (over && now > d->end_ns + DRAIN_NS) break;
		if (is_open_loop(d) && !over) set_timer(d);
		int n = epoll_wait(d->epoll, events, N_EVENTS, d->hook.n_refused ? 10 : 100);
		if (n < 0 && errno != EINTR) die("epoll: %m");
		for (int i = 0; i < n; i++)
			dispatch(d, events[i].data.ptr);
	}
	if (!d->is_measured) d->ledger.until_ns = now_ns();
	watch_clock(d, d->ledger.until_ns);
}

static void start(struct load *d)
{
	d->epoll = epoll_create1(EPOLL_CLOEXEC);
	d->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (d->epoll < 0 || d->timer < 0) die("epoll, timerfd: %m");
	ledger_init(&d->ledger, LEDGER_MAX);
	for (size_t i = 0; i < d->o.n_cookies; i++) {
		live_open(&d->lives[i], &d->o, i, &d->ledger);
		watch(d, d->lives[i].fd, &d->lives[i]);
	}
	hook_open(&d->hook, &d->o, &d->ledger, d->epoll);
	watch(d, d->timer, &d->timer);
	d->began_ns = now_ns();
	d->ledger.from_ns = d->began_ns + (int64_t)(d->o.warmup * 1e9);
	d->ledger.until_ns = d->end_ns = d->ledger.from_ns + (int64_t)(d->o.seconds * 1e9);
}

// ---- the figures
// --------------------------------------------------------------------------------------------------------

static void print_figures(const char *name, struct figures f)
{
	printf(",\"%s_p50_ms\":%.3f,\"%s_p99_ms\":%.3f,\"%s_max_ms\":%.3f", name, f.p50, name, f.p99, name, f.max);
}

// Each for one message; what others used meanwhile as a number of cores.
static void print_cpu(const struct load *d, double seconds, double each)
{
	double others = d->cpu_machine - d->cpu_own;
	for (size_t i = 0; i < d->o.n_cpu; i++) {
		printf(",\"%.*s_cpu_us\":%.2f", (int)strcspn(d->o.cpu[i], "="), d->o.cpu[i], d->cpu[i] / each);
		others -= d->cpu[i];
	}
	printf(",\"load_cpu_us\":%.2f,\"other_cores\":%.2f", d->cpu_own / each,
	       others > 0 ? others / 1e6 / seconds : 0);
}

static void report(const struct load *d)
{
	const struct ledger *l = &d->ledger;
	double seconds = (double)(l->until_ns - l->from_ns) / 1e9;
	double each = l->acked_in_time ? (double)l->acked_in_time : 1;
	printf("{\"seconds\":%.3f,\"sent\":%llu,\"acked\":%llu,\"failed\":%llu,\"busy\":%llu,\"reconnects\":%llu",
	       seconds, (unsigned long long)l->n, (unsigned long long)l->n_acked, (unsigned long long)l->n_failed,
	       (unsigned long long)d->hook.n_busy, (unsigned long long)d->hook.n_reconnects);
	printf(",\"seen\":%llu,\"missing\":%llu,\"repeated\":%llu,\"opened\":%llu,\"assigned\":%llu",
	       (unsigned long long)l->n_seen, d->o.n_cookies ? (unsigned long long)ledger_missing(l) : 0,
	       (unsigned long long)l->n_repeated, (unsigned long long)l->n_opened, (unsigned long long)l->n_assigned);
	printf(",\"rate\":%.1f,\"seen_rate\":%.1f,\"behind_ms\":%.1f", (double)l->acked_in_time / seconds,
	       (double)l->seen_in_time / seconds,
	       d->o.n_cookies ? (double)(l->last_seen_ns - l->last_ack_ns) / 1e6 : 0.0);
	print_figures("ack", ledger_figures(l, l->ack_ms));
	print_figures("seen", ledger_figures(l, l->seen_ms));
	print_cpu(d, seconds, each);
	printf("}\n");
}

int main(int argc, char **argv)
{
	static struct load d;
	load_options_read(&d.o, argc, argv);
	start(&d);
	run(&d);
	report(&d);
	return 0;
}
