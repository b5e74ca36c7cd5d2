// SPDX-License-Identifier: Apache-2.0
// besedad: options, settings, and the loop.
#include "base/log.h"
#include "server/wire.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char USAGE[] =
	"usage: besedad [--config FILE] [--data DIR] [--set NAME=VALUE]... [--check] [--sample] [--version]\n"
	"\n"
	"  --config FILE     settings in YAML (besedad --sample prints a commented file)\n"
	"  --data DIR        where everything is kept: database, files, keys (default ./data)\n"
	"  --set NAME=VALUE  one setting, stronger than the file\n"
	"  --check           say whether the settings are right, and end\n"
	"  --sample          print all settings with their defaults, and end\n";

enum { OPT_CONFIG = 1, OPT_DATA, OPT_SET, OPT_CHECK, OPT_SAMPLE, OPT_VERSION, OPT_HELP };

static const struct option OPTIONS[] = {
	{"config", required_argument, NULL, OPT_CONFIG}, {"data", required_argument, NULL, OPT_DATA},
	{"set", required_argument, NULL, OPT_SET},       {"check", no_argument, NULL, OPT_CHECK},
	{"sample", no_argument, NULL, OPT_SAMPLE},       {"version", no_argument, NULL, OPT_VERSION},
	{"help", no_argument, NULL, OPT_HELP},           {NULL, 0, NULL, 0},
};

struct command {
	const char *config, *data;
	const char *sets[64];
	size_t n_sets;
	bool is_check;
};

static int print_sample(void)
{
	struct buf b = {0};
	settings_sample(SERVER_SETTINGS, N_SERVER_SETTINGS, &b);
	fwrite(b.p, 1, b.n, stdout);
	buf_fini(&b);
	return 0;
}

// -1: go on; else the exit code.
static int read_command(int argc, char **argv, struct command *c)
{
	for (int opt; (opt = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1;) {
		switch (opt) {
		case OPT_CONFIG: c->config = optarg; break;
		case OPT_DATA: c->data = optarg; break;
		case OPT_SET:
			if (c->n_sets == ARRAY_LEN(c->sets)) return fputs("besedad: too many --set\n", stderr), 2;
			c->sets[c->n_sets++] = optarg;
			break;
		case OPT_CHECK: c->is_check = true; break;
		case OPT_SAMPLE: return print_sample();
		case OPT_VERSION: return puts("besedad " BESEDA_VERSION), 0;
		case OPT_HELP: return fputs(USAGE, stdout), 0;
		default: return fputs(USAGE, stderr), 2;
		}
	}
	if (optind < argc) return fprintf(stderr, "besedad: what is \"%s\"?\n%s", argv[optind], USAGE), 2;
	return -1;
}

static int read_settings(struct server_settings *s, const struct command *c, struct err *e)
{
	struct settings all = server_settings(s);
	settings_init(&all);
	int r = c->config ? server_settings_read(s, c->config, e) : 0;
	for (size_t i = 0; !r && i < c->n_sets; i++)
		r = server_settings_assign(s, c->sets[i], e);
	return r;
}

static int run(const struct server_settings *s, const char *folder)
{
	struct err e = {0};
	struct datadir data;
	struct wire w = {.settings = s, .data = &data};
	if (datadir_open(&data, folder, &e)) {
		log_error("server", "cannot start: %s", e.text);
		return 1;
	}
	if (wire_open(&w, &e)) {
		log_error("server", "cannot start: %s", e.text);
		exit(1); // what is open belongs to a loop that never ran; the system closes it
	}
	loop_run(w.loop);
	wire_free(&w);
	datadir_close(&data);
	if (!w.exit_code) log_info("server", "stopped");
	return w.exit_code;
}

int main(int argc, char **argv)
{
	struct command c = {.data = "data"};
	struct server_settings s = {0};
	struct err e = {0};
	int code = read_command(argc, argv, &c);
	if (code >= 0) return code;
	if (read_settings(&s, &c, &e)) {
		fprintf(stderr, "besedad: %s\n", e.text);
		code = 2;
	} else if (c.is_check) {
		puts("the settings are right");
		code = 0;
	} else {
		log_set_level((enum log_level)s.log_level);
		code = run(&s, c.data);
	}
	struct settings all = server_settings(&s);
	settings_fini(&all);
	return code;
}
