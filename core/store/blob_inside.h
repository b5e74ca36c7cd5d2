// SPDX-License-Identifier: Apache-2.0
// What writing, reading and sweeping blobs share.
#pragma once
#include "base/str.h"
#include "store/blob.h"
#include <pthread.h>

struct blobs {
	struct loop *loop;
	int folder; // descriptors
	int tmp;
	// A file is renamed into its place, or removed from it, by one thread at a time: else a sweep could remove what
	// was put a moment ago under the name of an old one.
	pthread_mutex_t places;
	uint64_t n_tmp;
	size_t n_users; // operations under way
	bool is_closed;
};

void blobs_enter(struct blobs *b);
void blobs_leave(struct blobs *b); // may free it

#define BLOB_PLACE_LEN (BLOB_NAME_LEN + 1)
// "ab/cd…" of "abcd…"; E_INVALID when the name is none.
int blob_place(struct str name, char place_r[BLOB_PLACE_LEN + 1]);
