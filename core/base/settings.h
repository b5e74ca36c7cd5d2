// SPDX-License-Identifier: Apache-2.0
// A table of settings: one const row says name, type, bounds, default and help; reader, sample file and docs come from
// it.
#pragma once
#include "base/err.h"
#include "base/str.h"

enum setting_type {
	SETTING_STRING,
	SETTING_INT,
	SETTING_BOOL,
	SETTING_SIZE,
	SETTING_DURATION,
	SETTING_ENUM,
	SETTING_SECRET
};

// One setting. `name` is dotted: "http.listen". `offset` is where the value stands in the caller's struct:
// char * (mem_strdup'd) for STRING and SECRET; int64_t for INT, SIZE (bytes), DURATION (ms); bool for BOOL; int for
// ENUM.
struct setting {
	const char *name;
	enum setting_type type;
	size_t offset;
	const char *standard;      // the default, as it would stand in the file; NULL: none, must be given
	int64_t min, max;          // INT, SIZE, DURATION; both 0: no bound
	const char *const *values; // ENUM: names, NULL at the end
	const char *help;          // one sentence
};

// Where a value came from, for messages: file, line and column (0 where they mean nothing).
struct setting_place {
	const char *file;
	int line, column;
};

// A table and the struct that it describes.
struct settings {
	const struct setting *table;
	size_t n;
	void *values;
};

// Sets every field to its default.
void settings_init(const struct settings *s);
void settings_fini(const struct settings *s);
// Sets one by name. On an error *e reads "beseda.yaml:12:3: http.lisen: no such setting; did you mean http.listen?" or
// "beseda.yaml:4:9: store.kind: expected one of sqlite, postgres; got mysql". Sizes: 64k, 10m; durations: 500ms, 5s,
// 2m, 1h, 7d.
MUST_USE int settings_set(const struct settings *s, struct str name, struct str value,
			  const struct setting_place *place, struct err *e);
// The commented sample file: every row with its help and default, as YAML. Nested names become nested maps.
void settings_sample(const struct setting *table, size_t n, struct buf *yaml);
