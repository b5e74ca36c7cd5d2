// SPDX-License-Identifier: Apache-2.0
// Secrets at rest, on libcrypto.
#include "records/secret.h"
#include "base/log.h"
#include "base/mem.h"
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define NONCE 12
#define TAG 16

void secret_random(void *p, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = getrandom((char *)p + done, n - done, 0);
		if (got < 0 && errno == EINTR) continue;
		if (got <= 0) {
			log_error("secret", "the system gives no random bytes: %s", strerror(errno));
			abort();
		}
		done += (size_t)got;
	}
}

void secret_hash(uint8_t hash_r[32], struct str s)
{
	unsigned n = 0;
	if (EVP_Digest(s.p ? s.p : "", s.n, hash_r, &n, EVP_sha256(), NULL) != 1 || n != 32) {
		log_error("secret", "libcrypto gives no SHA-256");
		abort();
	}
}

// Everything but the bytes: cipher, nonce, key and what the seal is about.
static bool begin(EVP_CIPHER_CTX *c, const uint8_t *key, const uint8_t *nonce, struct str about, int is_seal)
{
	int n;
	return EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce, is_seal) == 1 &&
	       (!about.n || EVP_CipherUpdate(c, NULL, &n, (const uint8_t *)about.p, (int)about.n) == 1);
}

static bool seal(EVP_CIPHER_CTX *c, uint8_t *out, const uint8_t *key, struct str plain, struct str about)
{
	int n = 0;
	uint8_t *text = out + NONCE + TAG;
	secret_random(out, NONCE);
	return begin(c, key, out, about, 1) &&
	       (!plain.n || EVP_CipherUpdate(c, text, &n, (const uint8_t *)plain.p, (int)plain.n) == 1) &&
	       EVP_CipherFinal_ex(c, text + n, &n) == 1 &&
	       EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, out + NONCE) == 1;
}

int secret_seal(struct buf *b, const uint8_t key[SECRET_KEY], struct str plain, struct str about)
{
	if (plain.n > INT_MAX / 2 || about.n > INT_MAX / 2) return E_TOO_LARGE;
	uint8_t *out = (uint8_t *)buf_reserve(b, NONCE + TAG + plain.n);
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	bool ok = c && seal(c, out, key, plain, about);
	EVP_CIPHER_CTX_free(c);
	if (!ok) return E_INTERNAL;
	b->n += NONCE + TAG + plain.n;
	b->p[b->n] = '\0';
	return 0;
}

static bool unseal(EVP_CIPHER_CTX *c, uint8_t *out, const uint8_t *key, struct str sealed, struct str about)
{
	int n = 0;
	const uint8_t *in = (const uint8_t *)sealed.p;
	uint8_t tag[TAG];
	memcpy(tag, in + NONCE, TAG);
	int left = (int)(sealed.n - NONCE - TAG);
	return begin(c, key, in, about, 0) && (!left || EVP_CipherUpdate(c, out, &n, in + NONCE + TAG, left) == 1) &&
	       EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1 && EVP_CipherFinal_ex(c, out + n, &n) == 1;
}

int secret_open(struct buf *b, const uint8_t key[SECRET_KEY], struct str sealed, struct str about)
{
	if (sealed.n < NONCE + TAG || sealed.n > INT_MAX / 2 || about.n > INT_MAX / 2) return E_DENIED;
	size_t n = sealed.n - NONCE - TAG;
	uint8_t *out = (uint8_t *)buf_reserve(b, n + 1);
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	bool ok = c && unseal(c, out, key, sealed, about);
	EVP_CIPHER_CTX_free(c);
	if (!ok) {
		mem_wipe(out, n); // what was decrypted before the tag was found to be wrong
		*out = '\0';
		return E_DENIED;
	}
	b->n += n;
	b->p[b->n] = '\0';
	return 0;
}

int secret_derive(uint8_t key_r[SECRET_KEY], const uint8_t key[SECRET_KEY], const char *use)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key, SECRET_KEY),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)use, strlen(use)),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *c = hkdf ? EVP_KDF_CTX_new(hkdf) : NULL;
	bool ok = c && EVP_KDF_derive(c, key_r, SECRET_KEY, params) == 1;
	EVP_KDF_CTX_free(c);
	EVP_KDF_free(hkdf);
	return ok ? 0 : E_INTERNAL;
}
