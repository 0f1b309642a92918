/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012): the keyed hash behind cookies, initial
 * sequence numbers and hash tables.  Its forty lines are here because no library
 * that is on every system has it.
 */
#ifndef FTCPTUN_SIPHASH_H
#define FTCPTUN_SIPHASH_H

#include <stddef.h>

#include "../../module/core/types.h"

/**
 * struct siphash_key - the secret
 * @k: its two words
 */
struct siphash_key {
	u64 k[2];
};

u64 siphash(const struct siphash_key *key, const void *data, size_t len);

#endif /* FTCPTUN_SIPHASH_H */
