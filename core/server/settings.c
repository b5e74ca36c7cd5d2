// SPDX-License-Identifier: Apache-2.0
// The table of settings, and what reads it from a YAML file or the command line.
#include "server/settings.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#define DEPTH 4

static const char *const LEVELS[] = {"error", "warn", "info", "debug", NULL};

#define AT(field) offsetof(struct server_settings, field)
const struct setting SERVER_SETTINGS[] = {
	{"http.listen", SETTING_STRING, AT(listen), "127.0.0.1:8080", 0, 0, NULL,
	 "Address and port to listen on, or unix:/path. A reverse proxy in front gives TLS (etc/nginx.conf)."},
	{"http.public_url", SETTING_STRING, AT(public_url), "", 0, 0, NULL,
	 "How browsers and providers reach this server, for links, cookies and origins; empty: http:// and "
	 "http.listen."},
	{"http.trusted_proxies", SETTING_STRING, AT(trusted_proxies), "", 0, 0, NULL,
	 "Addresses (prefixes, comma-separated) whose X-Forwarded-For and X-Forwarded-Proto are believed."},
	{"store.url", SETTING_STRING, AT(store_url), "sqlite", 0, 0, NULL,
	 "sqlite (a file in the data folder), sqlite:/path or postgres:///name?host=/run/postgresql."},
	{"plugins.dir", SETTING_STRING, AT(plugins_dir), "/usr/lib/beseda/plugins", 0, 0, NULL,
	 "The folder of channel plugins (.so)."},
	{"plugins.allow_hosts", SETTING_STRING, AT(allow_hosts), "", 0, 0, NULL,
	 "Hosts (comma-separated, host or host:port) that channels may call although their address is private."},
	{"plugins.ca_file", SETTING_STRING, AT(ca_file), "", 0, 0, NULL,
	 "A PEM file of authorities that channels trust beside the system's, for peers with certificates of your own."},
	{"web.dir", SETTING_STRING, AT(web_dir), BESEDA_WEB_DIR, 0, 0, NULL, "The folder of the built agent page."},
	{"demo.shop", SETTING_BOOL, AT(demo_shop), "false", 0, 0, NULL,
	 "Make a web chat inbox at the first start, and show a shop page with its widget at /demo/."},
	{"log.level", SETTING_ENUM, AT(log_level), "info", 0, 0, LEVELS, "How much the log says."},
	{"outbox.life", SETTING_DURATION, AT(outbox_life_ms), "1h", 1000, 7 * 24 * 3600 * 1000LL, NULL,
	 "How long a message may wait for its channel before it counts as failed."},
	{"files.max", SETTING_SIZE, AT(upload_bytes), "25m", 1024, 1LL << 32, NULL,
	 "The largest file that an agent may upload."},
	{"server.stop", SETTING_DURATION, AT(stop_ms), "10s", 100, 600000, NULL,
	 "How long a stop waits for what is under way."},
	{"server.watchdog", SETTING_DURATION, AT(watchdog_ms), "2s", 0, 600000, NULL,
	 "A turn of the loop that lasts longer is logged with its stack; 0s: never."},
};
const size_t N_SERVER_SETTINGS = ARRAY_LEN(SERVER_SETTINGS);

struct settings server_settings(struct server_settings *s)
{
	return (struct settings){SERVER_SETTINGS, N_SERVER_SETTINGS, s};
}

int server_settings_assign(struct server_settings *s, const char *assignment, struct err *e)
{
	const char *eq = strchr(assignment, '=');
	if (!eq) return err_set(e, E_INVALID, "--set %s: expected name=value", assignment);
	struct setting_place place = {.file = "--set"};
	struct settings all = server_settings(s);
	return settings_set(&all, (struct str){assignment, (size_t)(eq - assignment)}, str_of(eq + 1), &place, e);
}

const char **server_list(const char *text, char **copy_r)
{
	char *copy = *copy_r = mem_strdup(text ? text : "");
	const char **list = mem_calloc(strlen(copy) / 2 + 2, sizeof *list);
	size_t n = 0;
	for (char *at = strtok(copy, ", "); at; at = strtok(NULL, ", "))
		list[n++] = at;
	return list;
}

// ---- YAML
// --------------------------------------------------------------------------------------------------------------------

struct reader {
	yaml_parser_t yaml;
	struct server_settings *s;
	const char *file;
	struct err *e;
	struct buf name;       // dotted, of the map that is open
	size_t lengths[DEPTH]; // of name, before each open map
	int depth;
};

static int wrong(struct reader *r, const yaml_mark_t *at, const char *what)
{
	return err_set(r->e, E_INVALID, "%s:%zu:%zu: %s", r->file, at->line + 1, at->column + 1, what);
}

static int next(struct reader *r, yaml_event_t *ev)
{
	if (yaml_parser_parse(&r->yaml, ev)) return 0;
	return wrong(r, &r->yaml.problem_mark, r->yaml.problem ? r->yaml.problem : "cannot be read as YAML");
}

// A list is given to its setting as one comma-separated text.
static int read_list(struct reader *r, struct buf *value)
{
	for (;;) {
		yaml_event_t ev;
		int status = next(r, &ev);
		if (status) return status;
		bool is_end = ev.type == YAML_SEQUENCE_END_EVENT;
		if (ev.type == YAML_SCALAR_EVENT) {
			if (value->n) buf_add_char(value, ',');
			buf_add(value, (struct str){(const char *)ev.data.scalar.value, ev.data.scalar.length});
		} else if (!is_end) {
			status = wrong(r, &ev.start_mark, "a list of plain values was expected");
		}
		yaml_event_delete(&ev);
		if (status || is_end) return status;
	}
}

static bool is_known(struct str name)
{
	for (size_t i = 0; i < N_SERVER_SETTINGS; i++)
		if (str_is(name, SERVER_SETTINGS[i].name)) return true;
	return false;
}

// A wrong name is shown where it stands, a wrong value where that does.
static int assign(struct reader *r, const yaml_mark_t *key_at, const yaml_mark_t *value_at, struct str value)
{
	const yaml_mark_t *at = is_known(buf_str(&r->name)) ? value_at : key_at;
	struct setting_place place = {r->file, (int)at->line + 1, (int)at->column + 1};
	struct settings all = server_settings(r->s);
	return settings_set(&all, buf_str(&r->name), value, &place, r->e);
}

static int open_map(struct reader *r, const yaml_mark_t *at, size_t length_before)
{
	if (r->depth == DEPTH) return wrong(r, at, "maps nest too deeply here");
	r->lengths[r->depth++] = length_before;
	return 0;
}

static void close_map(struct reader *r)
{
	r->name.n = r->lengths[--r->depth];
	if (r->name.p) r->name.p[r->name.n] = 0;
}

// One key with its value; a map as value stays open.
static int read_pair(struct reader *r, const yaml_event_t *key)
{
	size_t before = r->name.n;
	if (before) buf_add_char(&r->name, '.');
	buf_add(&r->name, (struct str){(const char *)key->data.scalar.value, key->data.scalar.length});
	yaml_event_t ev;
	struct buf list = {0};
	int status = next(r, &ev);
	if (status) return status;
	if (ev.type == YAML_MAPPING_START_EVENT) {
		status = open_map(r, &ev.start_mark, before);
		yaml_event_delete(&ev);
		return status;
	}
	if (ev.type == YAML_SCALAR_EVENT)
		status = assign(r, &key->start_mark, &ev.start_mark,
				(struct str){(const char *)ev.data.scalar.value, ev.data.scalar.length});
	else if (ev.type == YAML_SEQUENCE_START_EVENT && !(status = read_list(r, &list)))
		status = assign(r, &key->start_mark, &ev.start_mark, buf_str(&list));
	else if (!status)
		status = wrong(r, &ev.start_mark, "a value, a list or a map was expected");
	yaml_event_delete(&ev);
	buf_fini(&list);
	r->name.n = before;
	return status;
}

static int read_document(struct reader *r)
{
	bool began = false;
	for (;;) {
		yaml_event_t ev;
		int status = next(r, &ev);
		if (status) return status;
		bool is_end = ev.type == YAML_STREAM_END_EVENT;
		switch (ev.type) {
		case YAML_MAPPING_START_EVENT:
			status = began ? wrong(r, &ev.start_mark, "a name was expected")
				       : open_map(r, &ev.start_mark, 0);
			began = true;
			break;
		case YAML_MAPPING_END_EVENT: close_map(r); break;
		case YAML_SCALAR_EVENT:
			if (r->depth)
				status = read_pair(r, &ev);
			else if (ev.data.scalar.length)
				status = wrong(r, &ev.start_mark, "a map of settings was expected (name: value)");
			break;
		case YAML_SEQUENCE_START_EVENT:
		case YAML_ALIAS_EVENT:
			status = wrong(r, &ev.start_mark, "a map of settings was expected (name: value)");
			break;
		default: break;
		}
		yaml_event_delete(&ev);
		if (status || is_end) return status;
	}
}

int server_settings_read(struct server_settings *s, const char *file, struct err *e)
{
	FILE *f = fopen(file, "rb");
	if (!f) return err_set(e, E_IO, "%s: %s", file, strerror(errno));
	struct reader r = {.s = s, .file = file, .e = e};
	int status = E_INTERNAL;
	if (yaml_parser_initialize(&r.yaml)) {
		yaml_parser_set_input_file(&r.yaml, f);
		status = read_document(&r);
		yaml_parser_delete(&r.yaml);
	}
	buf_fini(&r.name);
	fclose(f);
	return status;
}
