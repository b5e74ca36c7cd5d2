// SPDX-License-Identifier: Apache-2.0
// SipHash-1-3 (Aumasson, Bernstein 2012; one round a word, three at the end) under a random key of the process.
#include "hash.h"
#include "base/str.h"
#include "scan.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

static struct hash_key the_key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static void make_key(void)
{
	ssize_t n;
	do
		n = getrandom(&the_key, sizeof the_key, 0);
	while (n < 0 && errno == EINTR);
	if (n != sizeof the_key) abort();
}

const struct hash_key *hash_key(void)
{
	pthread_once(&key_once, make_key);
	return &the_key;
}

static inline uint64_t rotl(uint64_t x, int n) { return x << n | x >> (64 - n); }

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] = rotl(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] = rotl(v[2], 32);
}

static inline void sip_word(uint64_t v[4], uint64_t w)
{
	v[3] ^= w;
	sip_round(v);
	v[0] ^= w;
}

uint64_t str_hash(struct str s)
{
	const struct hash_key *k = hash_key();
	uint64_t v[4] = {k->k0 ^ 0x736f6d6570736575ULL, k->k1 ^ 0x646f72616e646f6dULL, k->k0 ^ 0x6c7967656e657261ULL,
			 k->k1 ^ 0x7465646279746573ULL};
	size_t i = 0;
	for (; s.n - i >= 8; i += 8)
		sip_word(v, scan_word(s.p + i));
	uint64_t last = (uint64_t)s.n << 56;
	for (int shift = 0; i < s.n; i++, shift += 8)
		last |= (uint64_t)(unsigned char)s.p[i] << shift;
	sip_word(v, last);
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
