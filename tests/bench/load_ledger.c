// SPDX-License-Identifier: Apache-2.0
// The ledger: when each message was due, acknowledged and seen, and the figures made of that.
#include "load.h"
#include <stdlib.h>
#include <sys/mman.h>

static void *reserve(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED) die("no memory for the ledger");
	return p;
}

void ledger_init(struct ledger *l, uint64_t cap)
{
	*l = (struct ledger){.cap = cap};
	l->due_ns = reserve(cap * sizeof *l->due_ns);
	l->ack_ms = reserve(cap * sizeof *l->ack_ms);
	l->seen_ms = reserve(cap * sizeof *l->seen_ms);
}

uint64_t ledger_add(struct ledger *l, int64_t due_ns)
{
	if (l->n == l->cap) die("more than %llu messages in one run", (unsigned long long)l->cap);
	l->due_ns[l->n] = due_ns;
	return l->n++;
}

static bool is_in_time(const struct ledger *l, int64_t at) { return at >= l->from_ns && at < l->until_ns; }

// Never 0, which says "not yet".
static float ms_since(int64_t then, int64_t now) { return now > then ? (float)(now - then) / 1e6f : 1e-6f; }

void ledger_ack(struct ledger *l, uint64_t n, int64_t now)
{
	l->ack_ms[n] = ms_since(l->due_ns[n], now);
	l->n_acked++;
	l->acked_in_time += is_in_time(l, now);
	l->last_ack_ns = now;
}

void ledger_see(struct ledger *l, uint64_t n, int64_t now)
{
	if (n >= l->n) die("the live socket showed message %llu, which was not sent", (unsigned long long)n);
	if (l->seen_ms[n] > 0) {
		l->n_repeated++;
		return;
	}
	l->seen_ms[n] = ms_since(l->due_ns[n], now);
	l->n_seen++;
	l->seen_in_time += is_in_time(l, now);
	l->last_seen_ns = now;
}

uint64_t ledger_missing(const struct ledger *l)
{
	uint64_t missing = 0;
	for (uint64_t i = 0; i < l->n; i++)
		missing += l->ack_ms[i] > 0 && l->seen_ms[i] == 0;
	return missing;
}

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return x < y ? -1 : x > y;
}

struct figures ledger_figures(const struct ledger *l, const float *ms)
{
	struct figures f = {0};
	float *sorted = malloc((l->n + 1) * sizeof *sorted);
	if (!sorted) die("no memory for the figures");
	for (uint64_t i = 0; i < l->n; i++)
		if (ms[i] > 0 && is_in_time(l, l->due_ns[i])) sorted[f.n++] = ms[i];
	if (f.n) {
		qsort(sorted, f.n, sizeof *sorted, by_value);
		f.p50 = sorted[f.n / 2];
		f.p99 = sorted[f.n - 1 - f.n / 100];
		f.max = sorted[f.n - 1];
	}
	free(sorted);
	return f;
}
