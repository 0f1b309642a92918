/* SPDX-License-Identifier: GPL-2.0 */
/* How many flows there are, and how many are due to one source address, so that
 * none takes them all.
 */
#ifndef FTCPTUN_ORIGIN_H
#define FTCPTUN_ORIGIN_H

#include <pthread.h>

#include "../../module/core/policy.h"
#include "addr.h"
#include "siphash.h"

/**
 * struct origin - a source address that has flows
 * @next: next in its chain
 * @addr: the address, or the first of an IPv6 network
 * @flows: how many flows, at least 1
 */
struct origin {
	struct origin *next;
	struct addr addr;
	u32 flows;
};

/**
 * struct origins - all source addresses that have flows
 * @lock: protects all that is in the chains
 * @chains: by address
 * @mask: number of chains, less one
 * @max: most flows of one of them
 * @flows: how many flows there are, of all
 * @flows_max: most of these
 * @key: for hashing
 */
struct origins {
	pthread_mutex_t lock;
	struct origin **chains;
	u32 mask;
	u32 max;
	u32 flows;
	u32 flows_max;
	const struct siphash_key *key;
};

int origins_init(struct origins *o, u32 flows, u32 max,
		 const struct siphash_key *key);
void origins_free(struct origins *o);
enum ftcp_drop_attr origin_get(struct origins *o, const struct addr *addr,
			       struct origin **origin);
void origin_put(struct origins *o, struct origin *origin);

#endif /* FTCPTUN_ORIGIN_H */
