// SPDX-License-Identifier: Apache-2.0
// The load generator's command line.
#include "load.h"
#include "load_options.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char USAGE[] =
	"usage: load --port N --hook /hooks/ID [options]\n"
	"  --host A --port N         the server (127.0.0.1)\n"
	"  --hook PATH               where messages are posted\n"
	"  --headers TEXT            further header lines, each ended by \\r\\n\n"
	"  --cookie TEXT --after SEQ an agent's live socket; the first one is measured\n"
	"  --run NAME                stands in ids and texts (new for every run on one store)\n"
	"  --contacts N              who writes (5000)\n"
	"  --first                   message n is of contact n: makes them known\n"
	"  --open-every N            every so many messages one opens a conversation; 0: none (10)\n"
	"  --text BYTES              of each message (200)\n"
	"  --connections N           (400)\n"
	"  --rate N                  messages a second (open loop); without it as fast as they are answered\n"
	"  --seconds S --warmup S    measured, after a time that is not (5, 1)\n"
	"  --count N                 at most so many messages\n"
	"  --cpu NAME=[@]PID         CPU time of a process (@: of its children), told for each message\n";

enum {
	HOST = 1,
	PORT,
	HOOK,
	HEADERS,
	COOKIE,
	AFTER,
	RUN,
	CONTACTS,
	FIRST,
	OPEN_EVERY,
	TEXT,
	CONNECTIONS,
	RATE,
	SECONDS,
	WARMUP,
	COUNT,
	CPU
};

static const struct option OPTIONS[] = {
	{"host", 1, NULL, HOST},     {"port", 1, NULL, PORT},
	{"hook", 1, NULL, HOOK},     {"headers", 1, NULL, HEADERS},
	{"cookie", 1, NULL, COOKIE}, {"after", 1, NULL, AFTER},
	{"run", 1, NULL, RUN},       {"contacts", 1, NULL, CONTACTS},
	{"first", 0, NULL, FIRST},   {"open-every", 1, NULL, OPEN_EVERY},
	{"text", 1, NULL, TEXT},     {"connections", 1, NULL, CONNECTIONS},
	{"rate", 1, NULL, RATE},     {"seconds", 1, NULL, SECONDS},
	{"warmup", 1, NULL, WARMUP}, {"count", 1, NULL, COUNT},
	{"cpu", 1, NULL, CPU},       {0},
};

static unsigned number(const char *text, unsigned least, unsigned most)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);
	if (*end || v < least || v > most) die("%s: expected a number from %u to %u", text, least, most);
	return (unsigned)v;
}

static double fraction(const char *text)
{
	char *end;
	double v = strtod(text, &end);
	if (*end || v < 0) die("%s: expected a number", text);
	return v;
}

static void take(struct load_options *o, int option, const char *v)
{
	switch (option) {
	case HOST: o->host = v; break;
	case PORT: o->port = v; break;
	case HOOK: o->hook = v; break;
	case HEADERS: o->headers = v; break;
	case COOKIE:
		if (o->n_cookies == MAX_AGENTS) die("at most %d agents", MAX_AGENTS);
		o->cookies[o->n_cookies++] = v;
		break;
	case AFTER: o->after = v; break;
	case RUN: o->run = v; break;
	case CONTACTS: o->contacts = number(v, 1, 100000); break;
	case FIRST: o->is_first = true; break;
	case OPEN_EVERY: o->open_every = number(v, 0, 1000000); break;
	case TEXT: o->text_bytes = number(v, 32, 4000); break;
	case CONNECTIONS: o->connections = number(v, 1, 10000); break;
	case RATE: o->rate = fraction(v); break;
	case SECONDS: o->seconds = fraction(v); break;
	case WARMUP: o->warmup = fraction(v); break;
	case COUNT: o->count = number(v, 1, 100000000); break;
	case CPU:
		if (o->n_cpu == sizeof o->cpu / sizeof *o->cpu) die("too many --cpu");
		if (!strchr(v, '=')) die("--cpu %s: expected NAME=PID", v);
		o->cpu[o->n_cpu++] = v;
		break;
	default: fputs(USAGE, stderr); exit(2);
	}
}

void load_options_read(struct load_options *o, int argc, char **argv)
{
	*o = (struct load_options){.host = "127.0.0.1",
				   .headers = "",
				   .after = "0",
				   .run = "load",
				   .contacts = 5000,
				   .connections = 400,
				   .text_bytes = 200,
				   .open_every = 10,
				   .seconds = 5,
				   .warmup = 1};
	for (int option; (option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1;)
		take(o, option, optarg);
	if (!o->port || !o->hook || optind < argc) take(o, 0, NULL);
	if (strlen(o->run) > 32) die("--run: at most 32 letters");
}
