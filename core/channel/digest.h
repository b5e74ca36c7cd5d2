// SPDX-License-Identifier: Apache-2.0
// Digests and HMACs by name, on libcrypto.
#pragma once
#include "base/str.h"

#define DIGEST_MAX 64

bool digest_is_known(struct str algo); // "sha256", "sha1", "sha512"
// Bytes written, or 0 when the algorithm is unknown.
size_t digest_hash(struct str algo, struct str data, unsigned char out_r[DIGEST_MAX]);
size_t digest_hmac(struct str algo, struct str key, struct str data, unsigned char out_r[DIGEST_MAX]);
