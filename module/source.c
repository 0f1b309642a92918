// SPDX-License-Identifier: GPL-2.0
/*
 * How many flows of a tunnel are due to one source address, so that no source
 * takes them all: the application's address for flows that this end dials, the
 * far end's for those that it accepts.
 *
 * An IPv6 host chooses freely within its /64, so for accepted flows that is what
 * counts; an application is mostly of this host or of a LAN that it routes for,
 * and each address counts.
 *
 * A source exists as long as it has flows.  Those of one tunnel are looked up,
 * made, counted and removed under that tunnel's lock, where flows are linked and
 * unlinked anyway: two processors never count the same source at once, and a
 * count that falls to 0 cannot be found by somebody who is about to raise it.
 * The table is shared by all tunnels, whose locks differ, so its buckets are
 * walked under RCU past sources of other tunnels, and a source is freed after a
 * grace period.  A tunnel's address in the key is never stale, since a tunnel
 * outlives its flows.
 */
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "flow.h"
#include "source.h"
#include "tunnel.h"

/**
 * struct source_key - what is counted together
 * @tunnel: the tunnel
 * @dialled: 1 for flows that this end dialled, 0 for accepted ones
 * @addr: IPv6 address or prefix, or IPv4 address in its mapped form
 *
 * Without padding, so that it can be hashed and compared as memory.
 */
struct source_key {
	const struct ftcp_tunnel *tunnel;
	unsigned long dialled;
	struct in6_addr addr;
};

/**
 * struct ftcp_source - a source address of a tunnel's flows
 * @node: in sources
 * @key: which one
 * @flows: how many flows, at least 1; under ftcp_tunnel.lock
 * @rcu: for freeing
 */
struct ftcp_source {
	struct rhash_head node;
	struct source_key key;
	u32 flows;
	struct rcu_head rcu;
};

static struct rhashtable sources;

static const struct rhashtable_params params = {
	.key_len = sizeof(struct source_key),
	.key_offset = offsetof(struct ftcp_source, key),
	.head_offset = offsetof(struct ftcp_source, node),
	.automatic_shrinking = true,
};

static struct source_key key_of(const struct ftcp_flow *flow)
{
	const struct ftcp_end *end = flow->dialled ? &flow->inner.pair.local :
						     &flow->outer.remote;
	struct source_key key = {
		.tunnel = flow->tunnel,
		.dialled = flow->dialled,
		.addr = end->addr,
	};

	BUILD_BUG_ON(sizeof(key) != 2 * sizeof(long) + sizeof(key.addr));
	if (!flow->dialled && end->family == AF_INET6)
		ipv6_addr_prefix(&key.addr, &end->addr, 64);
	return key;
}

/**
 * ftcp_source_get() - count a flow for its source
 * @flow: the flow; not counted yet, its source's address known
 * @limit: most flows of one source
 *
 * Context: bottom halves disabled, ftcp_tunnel.lock held.
 * Return: 0, -EDQUOT if the source has as many as it may, or another error.
 */
int ftcp_source_get(struct ftcp_flow *flow, u32 limit)
{
	struct source_key key = key_of(flow);
	struct ftcp_source *source;
	int err;

	lockdep_assert_held(&flow->tunnel->lock);
	source = rhashtable_lookup_fast(&sources, &key, params);
	if (source) {
		if (source->flows >= limit)
			return -EDQUOT;
		source->flows++;
		flow->source = source;
		return 0;
	}

	source = kmalloc(sizeof(*source), GFP_ATOMIC | __GFP_ACCOUNT);
	if (!source)
		return -ENOMEM;
	source->key = key;
	source->flows = 1;
	err = rhashtable_insert_fast(&sources, &source->node, params);
	if (err) {
		kfree(source);
		return err;
	}
	flow->source = source;
	return 0;
}

/**
 * ftcp_source_put() - undo ftcp_source_get()
 * @flow: the flow, counted
 *
 * Context: bottom halves disabled, ftcp_tunnel.lock held.
 */
void ftcp_source_put(struct ftcp_flow *flow)
{
	struct ftcp_source *source = flow->source;

	lockdep_assert_held(&flow->tunnel->lock);
	flow->source = NULL;
	if (--source->flows)
		return;
	rhashtable_remove_fast(&sources, &source->node, params);
	kfree_rcu(source, rcu);
}

/**
 * ftcp_source_init() - prepare for counting
 *
 * Return: 0 or a negative error.
 */
int __init ftcp_source_init(void)
{
	return rhashtable_init(&sources, &params);
}

/**
 * ftcp_source_exit() - when all flows are gone
 */
void ftcp_source_exit(void)
{
	rhashtable_destroy(&sources);
}
