// SPDX-License-Identifier: Apache-2.0
// The load generator's parts: what is sent and when, the webhook's connections, the agent's live socket.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_AGENTS 16

struct load_options {
	const char *host, *port;
	const char *hook;                // the path that messages are posted to
	const char *headers;             // further header lines of every POST, each ended by \r\n
	const char *cookies[MAX_AGENTS]; // one live socket for each; the first is the one that is measured
	size_t n_cookies;
	const char *after; // where the live sockets begin
	const char *run;   // stands in every id and text, so that runs do not meet
	unsigned contacts, connections, text_bytes;
	unsigned open_every; // every so many messages one opens a conversation; 0: none
	bool is_first;       // messages 0, 1, 2 … are of contact 0, 1, 2 …: makes them known
	double rate;         // a second; 0: as fast as they are answered (closed loop)
	double seconds, warmup;
	uint64_t count;     // as many at most; 0: no end
	const char *cpu[8]; // NAME=PID or NAME=@PID (cpu.h): whose CPU time is told
	size_t n_cpu;
};

_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
int64_t now_ns(void);
int dial(const struct load_options *o);

// ---- load_ledger.c: every message, from its scheduled time on
// -----------------------------------------------------------

struct ledger {
	int64_t *due_ns;         // of each message
	float *ack_ms, *seen_ms; // 0: not yet
	uint64_t n, cap;
	int64_t from_ns, until_ns; // what is due in between is measured
	uint64_t n_acked, n_failed, n_seen, n_repeated;
	uint64_t n_opened,
		n_assigned; // conversations that acknowledged messages opened, and events that gave one to somebody
	uint64_t acked_in_time, seen_in_time; // that came between from_ns and until_ns
	int64_t last_ack_ns, last_seen_ns;
};

void ledger_init(struct ledger *l, uint64_t cap);
uint64_t ledger_add(struct ledger *l, int64_t due_ns);
void ledger_ack(struct ledger *l, uint64_t n, int64_t now);
void ledger_see(struct ledger *l, uint64_t n, int64_t now);
// How many were acknowledged but not seen.
uint64_t ledger_missing(const struct ledger *l);

struct figures {
	uint64_t n;
	double p50, p99, max;
};
// Of the messages that were due in the time that is measured.
struct figures ledger_figures(const struct ledger *l, const float *ms);

// ---- load_hook.c: posting
// -----------------------------------------------------------------------------------------------

struct hook;

struct poster {
	int fd;
	bool is_busy;
	uint64_t n;       // the message under way
	int64_t again_ns; // when it is posted again, after a 503
	size_t n_in;
	char in[2048];
};

struct hook {
	const struct load_options *o;
	struct ledger *ledger;
	int epoll;
	struct poster *posters;
	size_t *idle; // stack of posters
	size_t n_idle;
	size_t *refused; // ring of posters that wait to post again, in the order of their time
	size_t first_refused, n_refused;
	uint64_t n_reconnects, n_busy; // n_busy: answers 503
	char text[4096];
};

void hook_open(struct hook *h, const struct load_options *o, struct ledger *l, int epoll);
// Posts the ledger's message n on an idle connection.
void hook_post(struct hook *h, uint64_t n);
// Posts again what a 503 put off until now.
void hook_post_again(struct hook *h, int64_t now);
// Its answer can be read.
void hook_read(struct hook *h, struct poster *p);

// ---- load_live.c: the agent's side
// --------------------------------------------------------------------------------------

struct live {
	int fd;
	bool is_counted; // the others only read
	struct ledger *ledger;
	char mark[64]; // before a message's number in its text
	size_t n_mark, n_in, cap;
	char *in;
};

void live_open(struct live *v, const struct load_options *o, size_t agent, struct ledger *l);
void live_read(struct live *v);
