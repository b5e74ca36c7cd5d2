// SPDX-License-Identifier: Apache-2.0
// Secrets at rest: AES-256-GCM under the server's key file.
#pragma once
#include "base/err.h"
#include "base/str.h"

#define SECRET_KEY 32

// Appends nonce, tag and ciphertext. `about` is bound to it ("inbox:5"), so that a row cannot be moved to another.
MUST_USE int secret_seal(struct buf *b, const uint8_t key[SECRET_KEY], struct str plain, struct str about);
// E_DENIED when the key, the bytes or `about` are not the ones of the seal.
MUST_USE int secret_open(struct buf *b, const uint8_t key[SECRET_KEY], struct str sealed, struct str about);
// Keys derived for a use, so that one file serves all (HKDF-SHA256).
MUST_USE int secret_derive(uint8_t key_r[SECRET_KEY], const uint8_t key[SECRET_KEY], const char *use);
// Random bytes of the system; aborts when it has none.
void secret_random(void *p, size_t n);
// SHA-256.
void secret_hash(uint8_t hash_r[32], struct str s);
