// SPDX-License-Identifier: Apache-2.0
// The settings of besedad: one table, from which the file is read and the sample is written.
#pragma once
#include "base/settings.h"

struct server_settings {
	char *listen, *public_url, *trusted_proxies;
	char *store_url;
	char *plugins_dir, *web_dir;
	char *allow_hosts, *ca_file;
	int log_level;
	bool demo_shop;
	int64_t outbox_life_ms, stop_ms, watchdog_ms, upload_bytes;
};

extern const struct setting SERVER_SETTINGS[];
extern const size_t N_SERVER_SETTINGS;

struct settings server_settings(struct server_settings *s);
// Reads a YAML file. *e says file:line:column, what was expected and the nearest right name.
MUST_USE int server_settings_read(struct server_settings *s, const char *file, struct err *e);
// "name=value" of the command line.
MUST_USE int server_settings_assign(struct server_settings *s, const char *assignment, struct err *e);
// A comma-separated list as pointers into *copy_r (mem_free both); NULL at the end.
const char **server_list(const char *text, char **copy_r);
