// SPDX-License-Identifier: GPL-2.0
/*
 * How many flows are due to one source address, as in the module (source.c):
 * on a client the application's, on a server the far end's.
 *
 * All threads count here, since the flows of one address belong to different
 * ones.  The lock is taken where a flow begins and where it ends, not for
 * packets.  An address is here as long as it has flows.
 */
#include "origin.h"

#include <stdlib.h>

#define CHAINS_MAX 65536

/**
 * origins_init() - prepare for counting
 * @o: the result
 * @flows: most flows at a time, and so most addresses
 * @max: most flows of one address
 * @key: for hashing; has to outlive @o
 *
 * Return: 0, or -1 without memory.
 */
int origins_init(struct origins *o, u32 flows, u32 max,
		 const struct siphash_key *key)
{
	u32 chains = 1;

	while (chains < flows && chains < CHAINS_MAX)
		chains *= 2;
	*o = (struct origins){
		.mask = chains - 1,
		.max = max,
		.flows_max = flows,
		.key = key,
	};
	pthread_mutex_init(&o->lock, NULL);
	o->chains = calloc(chains, sizeof(struct origin *));
	return o->chains ? 0 : -1;
}

/** origins_free() - when no flow is left */
void origins_free(struct origins *o)
{
	free(o->chains);
}

static struct origin **find(const struct origins *o, const struct addr *addr)
{
	struct origin **p;

	p = &o->chains[siphash(o->key, addr, sizeof(*addr)) & o->mask];
	while (*p && !addr_equal(&(*p)->addr, addr))
		p = &(*p)->next;
	return p;
}

/**
 * origin_get() - count a flow for its source
 * @o: all sources
 * @addr: its address
 * @origin: the source; NULL if the flow was not counted
 *
 * Return: 0, or what it is counted as if there can be no such flow.
 */
enum ftcp_drop_attr origin_get(struct origins *o, const struct addr *addr,
			       struct origin **origin)
{
	enum ftcp_drop_attr why;
	struct origin **p, *found;

	pthread_mutex_lock(&o->lock);
	p = find(o, addr);
	found = *p;
	why = ftcp_flow_quota(o->flows, o->flows_max, found ? found->flows : 0,
			      o->max);
	if (!why && !found) {
		found = calloc(1, sizeof(*found));
		if (found) {
			found->addr = *addr;
			*p = found;
		} else {
			why = FTCP_DROP_MEMORY;
		}
	}
	if (why) {
		found = NULL;
	} else {
		found->flows++;
		o->flows++;
	}
	pthread_mutex_unlock(&o->lock);
	*origin = found;
	return why;
}

/** origin_put() - undo origin_get() */
void origin_put(struct origins *o, struct origin *origin)
{
	struct origin **p;

	pthread_mutex_lock(&o->lock);
	o->flows--;
	if (!--origin->flows) {
		p = find(o, &origin->addr);
		*p = origin->next;
		free(origin);
	}
	pthread_mutex_unlock(&o->lock);
}
