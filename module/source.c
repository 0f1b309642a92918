// SPDX-License-Identifier: GPL-2.0
/*
 * Count the flows of each source address in a tunnel, so that none takes them
 * all.  The source is the application for flows that this end dials, the far
 * end for flows that it accepts; core/policy.c says which part of the address
 * counts.
 *
 * A source exists while it has flows.  Those of one tunnel are found, made,
 * counted and removed under the tunnel's lock, which linking a flow needs
 * anyway, so no two processors count the same source.  The table is shared by
 * all tunnels: RCU protects lookups that pass other tunnels' sources.  The key
 * can hold a pointer to the tunnel, which outlives its flows.
 *
 * In mode forward, a source also lists accepted sessions whose target has not
 * answered.  When ports run out, the oldest one of the source with the most
 * flows gives way, see ftcp_source_victim().  To avoid a search, sources are
 * ranked in each namespace by the logarithm of their number of flows.
 */
#include <linux/log2.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "session.h"
#include "source.h"
#include "tunnel.h"

/* What is counted together; without padding, as it is hashed as memory */
struct source_key {
	const struct ftcp_tunnel *tunnel;
	unsigned long dialled;	/* by this end: 1, accepted: 0 */
	struct in6_addr addr;	/* IPv6 address or prefix, or IPv4-mapped */
};

struct ftcp_source {
	struct rhash_head node;
	struct source_key key;
	u32 flows;		/* at least 1; ftcp_tunnel.lock */
	struct list_head fresh;	/* struct ftcp_session that may give way,
				 * oldest first; ftcp_tunnel.lock
				 */
	struct list_head rank;	/* in ftcp_net.ranks of the targets' namespace,
				 * if fresh is not empty; ranks_lock
				 */
	struct rcu_head rcu;
};

static struct rhashtable sources;

static const struct rhashtable_params params = {
	.key_len = sizeof(struct source_key),
	.key_offset = offsetof(struct ftcp_source, key),
	.head_offset = offsetof(struct ftcp_source, node),
	.automatic_shrinking = true,
};

static struct source_key key_of(const struct ftcp_session *session,
				const struct ftcp_end *remote)
{
	/* who sends; in mode ip that is many, and where they send to counts */
	const struct ftcp_end *end =
		session->dialled && !session->tunnel->mode->packets ?
			&session->key.pair.local : remote;
	struct source_key key = {
		.tunnel = session->tunnel,
		.dialled = session->dialled,
		.addr = end->addr,
	};

	BUILD_BUG_ON(sizeof(key) != 2 * sizeof(long) + sizeof(key.addr));
	ftcp_source_of(key.addr.s6_addr, end->family == AF_INET,
		       session->dialled);
	return key;
}

/* Update the rank after a change of flows or fresh. */
static void rank(struct ftcp_source *source)
{
	const struct ftcp_tunnel *tunnel = source->key.tunnel;
	struct ftcp_net *fn;

	lockdep_assert_held(&tunnel->lock);
	if (list_empty(&source->fresh) && list_empty(&source->rank))
		return;
	fn = ftcp_net(tunnel->inner_net);
	spin_lock(&fn->ranks_lock);
	if (list_empty(&source->fresh))
		list_del_init(&source->rank);
	else if (list_empty(&source->rank) || is_power_of_2(source->flows) ||
		 is_power_of_2(source->flows + 1))
		list_move_tail(&source->rank,
			       &fn->ranks[ilog2(source->flows)]);
	spin_unlock(&fn->ranks_lock);
}

/**
 * ftcp_source_get() - count another flow for a session's source
 * @session: the session
 * @remote: the far end of the flow
 *
 * Context: bottom halves disabled, ftcp_tunnel.lock held.
 * Return: 0, -EDQUOT if the source has reached its limit, or another error.
 */
int ftcp_source_get(struct ftcp_session *session, const struct ftcp_end *remote)
{
	u32 limit = READ_ONCE(session->tunnel->config.max_per_source);
	struct source_key key = key_of(session, remote);
	struct ftcp_source *source = session->source;
	struct mem_cgroup *memcg;
	int err;

	lockdep_assert_held(&session->tunnel->lock);
	if (!source)
		source = rhashtable_lookup_fast(&sources, &key, params);
	if (source) {
		if (source->flows >= limit)
			return -EDQUOT;
		source->flows++;
		session->source = source;
		rank(source);
		return 0;
	}

	memcg = set_active_memcg(session->tunnel->memcg);
	source = kmalloc(sizeof(*source), FTCP_GFP_FLOW);
	set_active_memcg(memcg);
	if (!source)
		return -ENOMEM;
	source->key = key;
	source->flows = 1;
	INIT_LIST_HEAD(&source->fresh);
	INIT_LIST_HEAD(&source->rank);
	err = rhashtable_insert_fast(&sources, &source->node, params);
	if (err) {
		kfree(source);
		return err;
	}
	session->source = source;
	return 0;
}

/**
 * ftcp_source_put() - undo ftcp_source_get()
 * @session: the session
 * @last: it has no other flow
 *
 * Context: bottom halves disabled, ftcp_tunnel.lock held.
 */
void ftcp_source_put(struct ftcp_session *session, bool last)
{
	struct ftcp_source *source = session->source;

	lockdep_assert_held(&session->tunnel->lock);
	if (last) {
		session->source = NULL;
		list_del_init(&session->fresh);
	}
	source->flows--;
	rank(source);
	if (source->flows)
		return;
	rhashtable_remove_fast(&sources, &source->node, params);
	kfree_rcu(source, rcu);
}

/**
 * ftcp_source_flows() - get the number of flows of a session's source
 * @session: the session
 *
 * Return: the number; 0 if the session has ended.
 */
u32 ftcp_source_flows(const struct ftcp_session *session)
{
	u32 flows = 0;

	spin_lock_bh(&session->tunnel->lock);
	if (session->source)
		flows = session->source->flows;
	spin_unlock_bh(&session->tunnel->lock);
	return flows;
}

/**
 * ftcp_source_may_yield() - let a session give way to others
 * @session: a session that has a port of a kind that may run out
 */
void ftcp_source_may_yield(struct ftcp_session *session)
{
	spin_lock_bh(&session->tunnel->lock);
	if (session->source) {
		list_add_tail(&session->fresh, &session->source->fresh);
		rank(session->source);
	}
	spin_unlock_bh(&session->tunnel->lock);
}

/* The source with the most flows; RCU protects it. */
static struct ftcp_source *fullest(struct ftcp_net *fn, u32 least)
{
	struct ftcp_source *source = NULL;
	int i, end = ilog2(max(least, 1u));

	spin_lock_bh(&fn->ranks_lock);
	for (i = FTCP_RANKS; i-- > end && !source;)
		source = list_first_entry_or_null(&fn->ranks[i],
						  struct ftcp_source, rank);
	spin_unlock_bh(&fn->ranks_lock);
	return source;
}

/* The oldest session of a source without an answer from its target; forget
 * those that have one by now.
 */
static struct ftcp_session *oldest_fresh(struct ftcp_net *fn,
					 struct ftcp_source *source)
{
	/* RCU protects it, as its sources */
	struct ftcp_tunnel *tunnel = (struct ftcp_tunnel *)source->key.tunnel;
	struct ftcp_session *session, *next, *found = NULL;

	spin_lock_bh(&tunnel->lock);
	list_for_each_entry_safe(session, next, &source->fresh, fresh) {
		if (!atomic64_read(&session->tx_packets)) {
			found = session;
			break;
		}
		list_del_init(&session->fresh);
	}
	if (!found) {
		spin_lock(&fn->ranks_lock);
		list_del_init(&source->rank);
		spin_unlock(&fn->ranks_lock);
	}
	spin_unlock_bh(&tunnel->lock);
	return found;
}

/**
 * ftcp_source_victim() - find the session that is missed least
 * @fn: network namespace of the targets
 * @least: ignore sources that have (roughly) fewer flows
 *
 * Context: RCU read-side critical section, which protects the session.
 * Return: a session, or NULL if the target of each has answered.
 */
struct ftcp_session *ftcp_source_victim(struct ftcp_net *fn, u32 least)
{
	struct ftcp_session *session;
	struct ftcp_source *source;

	while ((source = fullest(fn, least))) {
		session = oldest_fresh(fn, source);
		if (session)
			return session;
	}
	return NULL;
}

/**
 * ftcp_source_net_init() - initialise a network namespace
 * @fn: the namespace
 */
void ftcp_source_net_init(struct ftcp_net *fn)
{
	int i;

	spin_lock_init(&fn->ranks_lock);
	for (i = 0; i < FTCP_RANKS; i++)
		INIT_LIST_HEAD(&fn->ranks[i]);
}

/**
 * ftcp_source_init() - initialise the table of sources
 *
 * Return: 0 or a negative error.
 */
int __init ftcp_source_init(void)
{
	return rhashtable_init(&sources, &params);
}

/**
 * ftcp_source_exit() - clean up when no flow is left
 */
void ftcp_source_exit(void)
{
	rhashtable_destroy(&sources);
}
