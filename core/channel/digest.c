// SPDX-License-Identifier: Apache-2.0
// Digests and HMACs by name.
#include "digest.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>

static const EVP_MD *md_of(struct str algo)
{
	if (str_is(algo, "sha256")) return EVP_sha256();
	if (str_is(algo, "sha1")) return EVP_sha1();
	if (str_is(algo, "sha512")) return EVP_sha512();
	return NULL;
}

bool digest_is_known(struct str algo) { return md_of(algo) != NULL; }

size_t digest_hash(struct str algo, struct str data, unsigned char out_r[DIGEST_MAX])
{
	const EVP_MD *md = md_of(algo);
	unsigned int n = 0;
	return md && EVP_Digest(data.p ? data.p : "", data.n, out_r, &n, md, NULL) ? n : 0;
}

size_t digest_hmac(struct str algo, struct str key, struct str data, unsigned char out_r[DIGEST_MAX])
{
	const EVP_MD *md = md_of(algo);
	unsigned int n = 0;
	const unsigned char *bytes = (const unsigned char *)(data.p ? data.p : "");
	if (!md || key.n > INT32_MAX || !HMAC(md, key.p ? key.p : "", (int)key.n, bytes, data.n, out_r, &n)) return 0;
	return n;
}
