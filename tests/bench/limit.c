// SPDX-License-Identifier: Apache-2.0
// What the database can do at most: the statements of ingest in a bare loop, always in full batches, one transaction
// each; prints the figures as one line of JSON. Also fills a store with messages. No server may work on the store
// meanwhile.
#include "limit.h"
#include "base/clock.h"
#include "cpu.h"
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCHES_MAX 1000000

struct limit {
	const char *url, *db_is; // db_is: whose CPU time is the database's (cpu.h)
	struct work work;
	size_t batch, contacts;
	double seconds, warmup;
	uint64_t count;
	struct limit_db *db;
	struct unit unit;
	float *ms; // of each batch
	size_t n_batches;
	uint64_t n_messages;
	int64_t ns;
	double cpu, db_cpu, machine_cpu;
};

void die(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	fputs("limit: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

// ---- options
// ----------------------------------------------------------------------------------------------------------------

static const char USAGE[] =
	"usage: limit --store URL --inbox ID --user ID [--seconds 5] [--warmup 1] [--batch 200]\n"
	"             [--count MESSAGES] [--contacts 5000] [--open-every 10] [--text 200] [--cpu db=[@]PID]\n";

enum { STORE = 1, INBOX, USER, SECONDS, WARMUP, BATCH, COUNT, CONTACTS, OPEN_EVERY, TEXT, CPU };

static const struct option OPTIONS[] = {
	{"store", 1, NULL, STORE},     {"inbox", 1, NULL, INBOX},       {"user", 1, NULL, USER},
	{"seconds", 1, NULL, SECONDS}, {"warmup", 1, NULL, WARMUP},     {"batch", 1, NULL, BATCH},
	{"count", 1, NULL, COUNT},     {"contacts", 1, NULL, CONTACTS}, {"open-every", 1, NULL, OPEN_EVERY},
	{"text", 1, NULL, TEXT},       {"cpu", 1, NULL, CPU},           {0},
};

static void take(struct limit *m, int option, const char *v)
{
	switch (option) {
	case STORE: m->url = v; break;
	case INBOX: m->work.inbox = strtoull(v, NULL, 10); break;
	case USER: m->work.user = strtoull(v, NULL, 10); break;
	case SECONDS: m->seconds = strtod(v, NULL); break;
	case WARMUP: m->warmup = strtod(v, NULL); break;
	case BATCH: m->batch = strtoul(v, NULL, 10); break;
	case COUNT: m->count = strtoull(v, NULL, 10); break;
	case CONTACTS: m->contacts = strtoul(v, NULL, 10); break;
	case OPEN_EVERY: m->work.open_every = (unsigned)strtoul(v, NULL, 10); break;
	case CPU: m->db_is = strchr(v, '=') ? v : NULL; break;
	case TEXT: m->work.text_bytes = (unsigned)strtoul(v, NULL, 10); break;
	default: fputs(USAGE, stderr); exit(2);
	}
}

static void read_options(struct limit *m, int argc, char **argv)
{
	*m = (struct limit){.batch = 200, .contacts = 5000, .seconds = 5, .warmup = 1};
	m->work.open_every = 10;
	m->work.text_bytes = 200;
	for (int option; (option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1;)
		take(m, option, optarg);
	bool is_good =
		m->url && m->work.inbox && m->work.user && m->batch && m->batch <= 1000 && m->work.text_bytes <= 4000;
	if (!is_good || optind < argc) take(m, 0, NULL);
}

// ---- the loop
// ---------------------------------------------------------------------------------------------------------------

static void open_store(struct limit *m)
{
	bool is_sqlite = !strncmp(m->url, "sqlite:", 7);
	m->db = is_sqlite ? limit_sqlite_open(m->url) : limit_pg_open(m->url);
	struct db_rows node = m->db->query(m->db, "SELECT id, epoch, batch FROM node ORDER BY id", "iii");
	if (node.n_rows != 1) die("one server must have worked on the store before, and only one");
	m->db->node = (struct node_row){db_int(&node, 0, 0), db_int(&node, 0, 1), db_int(&node, 0, 2)};
	work_open(&m->work, m->db, m->contacts);
	if (m->work.n_places < m->batch) die("%zu contacts are too few for batches of %zu", m->work.n_places, m->batch);
	m->ms = calloc(BATCHES_MAX, sizeof *m->ms);
	if (!m->ms) die("no memory");
}

static size_t run_batch(struct limit *m)
{
	unit_clear(&m->unit);
	size_t n = work_fill(&m->work, &m->unit, m->batch);
	work_committed(&m->work, m->db->commit(m->db, &m->unit));
	return n;
}

static double db_cpu(const struct limit *m) { return m->db_is ? cpu_of(m->db_is) : 0; }

static void warm_up(struct limit *m)
{
	int64_t end = clock_mono_ns() + (int64_t)(m->warmup * 1e9);
	while (clock_mono_ns() < end)
		run_batch(m);
}

static void measure(struct limit *m)
{
	m->cpu = -cpu_own();
	m->db_cpu = -db_cpu(m);
	m->machine_cpu = -cpu_machine();
	int64_t began = clock_mono_ns(), end = began + (int64_t)(m->seconds * 1e9), now = began;
	while ((m->count ? m->n_messages < m->count : now < end) && m->n_batches < BATCHES_MAX) {
		m->n_messages += run_batch(m);
		int64_t then = now;
		now = clock_mono_ns();
		m->ms[m->n_batches++] = (float)(now - then) / 1e6f;
	}
	m->ns = now - began;
	m->cpu += cpu_own();
	m->db_cpu += db_cpu(m);
	m->machine_cpu += cpu_machine();
}

// The server need not look at what it did not commit: all of it is planned, but for what the last batch opened.
static void save_cursor(struct limit *m)
{
	struct db_rows head = m->db->query(m->db, "SELECT seq FROM feed_head", "i");
	unit_clear(&m->unit);
	unit_add(&m->unit, STMT_CURSOR_SAVE, (struct db_value[]){DB_TEXT(STR("plan")), *db_at(&head, 0, 0)});
	m->db->commit(m->db, &m->unit);
}

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return x < y ? -1 : x > y;
}

static void report(struct limit *m)
{
	double seconds = (double)m->ns / 1e9, each = m->n_messages ? (double)m->n_messages : 1;
	size_t n = m->n_batches;
	qsort(m->ms, n, sizeof *m->ms, by_value);
	double others = (m->machine_cpu - m->cpu - m->db_cpu) / 1e6 / seconds;
	printf("{\"seconds\":%.3f,\"messages\":%llu,\"batches\":%zu,\"rate\":%.1f,\"batch_p50_ms\":%.3f,\"batch_p99_"
	       "ms\":%.3f,"
	       "\"cpu_us\":%.2f,\"db_cpu_us\":%.2f,\"other_cores\":%.2f}\n",
	       seconds, (unsigned long long)m->n_messages, n, (double)m->n_messages / seconds, n ? m->ms[n / 2] : 0.0,
	       n ? m->ms[n - 1 - n / 100] : 0.0, m->cpu / each, m->db_cpu / each, others > 0 ? others : 0);
}

int main(int argc, char **argv)
{
	static struct limit m;
	read_options(&m, argc, argv);
	open_store(&m);
	if (!m.count) warm_up(&m);
	measure(&m);
	save_cursor(&m);
	if (m.count && m.db->tidy) m.db->tidy(m.db);
	m.db->close(m.db);
	report(&m);
	return 0;
}
