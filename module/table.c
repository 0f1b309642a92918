// SPDX-License-Identifier: GPL-2.0
/*
 * The tables of flows by the two ends of their connection, and of sessions by
 * those of their conversation.
 *
 * RCU; changed under the session's lock, which also protects whether an object
 * is in the table.
 */
#include <linux/jhash.h>
#include <linux/rhashtable.h>

#include "claim.h"
#include "flow.h"
#include "table.h"
#include "tunnel.h"

static struct rhashtable *inner_table(const struct ftcp_session *session)
{
	return &ftcp_net(session->tunnel->inner_net)->inner;
}

/* Hash all words of IPv6 addresses, but only the last of IPv4 ones: the others
 * are the same for all.  @seed is random for each table.
 */
static u32 hash_pair(const void *data, u32 len, u32 seed)
{
	const struct ftcp_pair *pair = data;

	BUILD_BUG_ON(offsetof(struct ftcp_inner_key, pair));
	if (pair->remote.family == AF_INET)
		return jhash_3words((__force u32)ftcp_end_v4(&pair->local),
				    (__force u32)ftcp_end_v4(&pair->remote),
				    (__force u32)pair->local.port << 16 |
					    (__force u32)pair->remote.port,
				    seed);
	return jhash2(data, sizeof(*pair) / sizeof(u32), seed);
}

static int compare_outer(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct ftcp_flow *flow = obj;

	return !ftcp_pair_equal(arg->key, &flow->outer);
}

static int compare_inner(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct ftcp_inner_key *key = arg->key;
	const struct ftcp_session *session = obj;

	return key->link != session->key.link ||
	       !ftcp_pair_equal(&key->pair, &session->key.pair);
}

static const struct rhashtable_params outer_params = {
	.hashfn = hash_pair,
	.obj_cmpfn = compare_outer,
	.key_len = sizeof(struct ftcp_pair),
	.key_offset = offsetof(struct ftcp_flow, outer),
	.head_offset = offsetof(struct ftcp_flow, outer_node),
	.automatic_shrinking = true,
};

static const struct rhashtable_params inner_params = {
	.hashfn = hash_pair,
	.obj_cmpfn = compare_inner,
	.key_len = sizeof(struct ftcp_inner_key),
	.key_offset = offsetof(struct ftcp_session, key),
	.head_offset = offsetof(struct ftcp_session, node),
	.automatic_shrinking = true,
};

/**
 * ftcp_flow_by_outer() - find a flow by its TCP ends
 * @fn: network namespace of the segments
 * @pair: the ends; local is ours
 *
 * Context: RCU read-side critical section.
 * Return: the flow, or NULL.
 */
struct ftcp_flow *ftcp_flow_by_outer(struct ftcp_net *fn,
				     const struct ftcp_pair *pair)
{
	struct ftcp_flow *flow = rhashtable_lookup(&fn->outer, pair,
						   outer_params);

	return flow && !ftcp_flow_doomed(flow) ? flow : NULL;
}

/**
 * ftcp_session_by_inner() - find a session by the ends of its datagrams
 * @fn: network namespace, ftcp_tunnel.inner_net
 * @key: the ends, as in a datagram that enters the tunnel
 *
 * Context: RCU read-side critical section.
 * Return: the session, or NULL.
 */
struct ftcp_session *ftcp_session_by_inner(struct ftcp_net *fn,
					   const struct ftcp_inner_key *key)
{
	struct ftcp_session *session = rhashtable_lookup(&fn->inner, key,
							 inner_params);

	return session && !ftcp_session_doomed(session) ? session : NULL;
}

static void kill_doomed(struct ftcp_flow *flow)
{
	if (flow && ftcp_flow_doomed(flow))
		ftcp_flow_kill(flow, FTCP_EV_CLOSED, FTCP_REASON_CLOSED);
}

/**
 * ftcp_table_make_way_outer() - end a doomed flow with the same ends
 * @flow: a flow to be added to the table; the lock is not held
 *
 * Context: process or softirq.
 */
void ftcp_table_make_way_outer(const struct ftcp_flow *flow)
{
	struct ftcp_net *fn = ftcp_net(flow->session->tunnel->underlay);

	rcu_read_lock();
	kill_doomed(rhashtable_lookup(&fn->outer, &flow->outer, outer_params));
	rcu_read_unlock();
}

/**
 * ftcp_table_make_way_inner() - end a doomed session with the same ends
 * @session: a session to be added to the table; its lock is not held
 *
 * Context: process or softirq.
 */
void ftcp_table_make_way_inner(const struct ftcp_session *session)
{
	struct ftcp_session *old;

	if (session->tunnel->mode->packets)
		return;		/* several may have one peer */
	rcu_read_lock();
	old = rhashtable_lookup(inner_table(session), &session->key,
				inner_params);
	if (old)
		kill_doomed(rcu_dereference(old->active));
	rcu_read_unlock();
}

/**
 * ftcp_table_add_outer() - add a flow to the table of TCP ends
 * @flow: the flow, its @outer complete; enter the next phase before the lock is
 *	released
 *
 * Context: bottom halves disabled, ftcp_session.lock held.
 * Return: 0, -EEXIST if another one has these ends, or another error.
 */
int ftcp_table_add_outer(struct ftcp_flow *flow)
{
	struct ftcp_net *fn = ftcp_net(flow->session->tunnel->underlay);

	lockdep_assert_held(&flow->session->lock);
	return rhashtable_lookup_insert_fast(&fn->outer, &flow->outer_node,
					     outer_params);
}

/**
 * ftcp_table_add_inner() - add a session to the table of conversations
 * @session: the session, its @key complete
 *
 * Context: bottom halves disabled, ftcp_session.lock held.
 * Return: 0, -EEXIST if another one has the conversation, or another error.
 */
int ftcp_table_add_inner(struct ftcp_session *session)
{
	int err;

	lockdep_assert_held(&session->lock);
	if (session->tunnel->mode->packets)
		return ftcp_claim_add(session);
	err = rhashtable_lookup_insert_fast(inner_table(session),
					    &session->node, inner_params);
	session->hashed = !err;
	return err;
}

/**
 * ftcp_table_del_outer() - remove a flow from the table of TCP ends
 * @flow: the flow
 *
 * Context: bottom halves disabled, ftcp_session.lock held.
 */
void ftcp_table_del_outer(struct ftcp_flow *flow)
{
	struct ftcp_net *fn = ftcp_net(flow->session->tunnel->underlay);

	lockdep_assert_held(&flow->session->lock);
	if (ftcp_flow_in_outer(flow))
		rhashtable_remove_fast(&fn->outer, &flow->outer_node,
				       outer_params);
}

/**
 * ftcp_table_del_inner() - remove a session from the table of conversations
 * @session: the session
 *
 * Context: bottom halves disabled, ftcp_session.lock held.
 */
void ftcp_table_del_inner(struct ftcp_session *session)
{
	lockdep_assert_held(&session->lock);
	if (session->tunnel->mode->packets) {
		ftcp_claim_del(session);
		return;
	}
	if (session->hashed)
		rhashtable_remove_fast(inner_table(session), &session->node,
				       inner_params);
	session->hashed = false;
}

/**
 * ftcp_table_pause() - yield the processor during the walk of a long table
 * @iter: of the walk; RCU no longer protects the last object met
 *
 * Sleeps, as cond_resched() need not yield to a process (ksoftirqd) that sends
 * what the walk causes.
 *
 * Context: process, in the walk's RCU read-side critical section.
 */
void ftcp_table_pause(struct rhashtable_iter *iter)
{
	rhashtable_walk_stop(iter);
	schedule_timeout_uninterruptible(1);
	rhashtable_walk_start(iter);
}

/**
 * ftcp_table_init() - initialise the tables of a network namespace
 * @fn: the namespace
 *
 * Return: 0 or a negative error.
 */
int ftcp_table_init(struct ftcp_net *fn)
{
	int err = rhashtable_init(&fn->outer, &outer_params);

	if (err)
		return err;
	err = rhashtable_init(&fn->inner, &inner_params);
	if (err)
		rhashtable_destroy(&fn->outer);
	return err;
}

/**
 * ftcp_table_exit() - free the tables, which are empty
 * @fn: the namespace
 */
void ftcp_table_exit(struct ftcp_net *fn)
{
	rhashtable_destroy(&fn->outer);
	rhashtable_destroy(&fn->inner);
}
