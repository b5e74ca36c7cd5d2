// SPDX-License-Identifier: Apache-2.0
// The data folder: whose it is, the key that seals secrets, and the first login.
#pragma once
#include "base/err.h"
#include <stdint.h>

struct datadir {
	char *path;
	int lock_fd;
	char instance[33]; // a random name, kept
	uint8_t key[32];
};

// Makes the folder when it is missing (0700), locks it (another besedad on it: E_BUSY, with its pid), reads or makes
// `instance` and `key` (0600; a key that others may read is refused).
MUST_USE int datadir_open(struct datadir *d, const char *path, struct err *e);
void datadir_close(struct datadir *d);
// path/name; mem_free.
char *datadir_path(const struct datadir *d, const char *name);
// Writes a file that only its owner may read, whole or not at all.
MUST_USE int datadir_write(const struct datadir *d, const char *name, const void *bytes, size_t n, struct err *e);
