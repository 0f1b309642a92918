// SPDX-License-Identifier: GPL-2.0
/* SipHash-2-4; see siphash.h. */
#include "siphash.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

static u64 rotate(u64 x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void rounds(u64 v[4], int n)
{
	while (n--) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

static u64 load(const u8 *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return le64toh(x);
}

/* The last bytes, fewer than 8, and the length modulo 256 */
static u64 load_tail(const u8 *p, size_t len)
{
	size_t n = len & 7;
	u64 x = len;

	x <<= 56;
	while (n--)
		x |= (u64)p[n] << 8 * n;
	return x;
}

/** siphash() - hash a message */
u64 siphash(const struct siphash_key *key, const void *data, size_t len)
{
	u64 v[4] = {
		key->k[0] ^ 0x736f6d6570736575ull,
		key->k[1] ^ 0x646f72616e646f6dull,
		key->k[0] ^ 0x6c7967656e657261ull,
		key->k[1] ^ 0x7465646279746573ull,
	};
	const u8 *p = data, *end = p + (len & ~(size_t)7);
	u64 m;

	for (; p != end; p += 8) {
		m = load(p);
		v[3] ^= m;
		rounds(v, 2);
		v[0] ^= m;
	}
	m = load_tail(p, len);
	v[3] ^= m;
	rounds(v, 2);
	v[0] ^= m;
	v[2] ^= 0xff;
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
