// SPDX-License-Identifier: GPL-2.0
/*
 * The tables by which packets are told to belong together: flows by the two ends of
 * their connection, sessions by those of their conversation.
 *
 * Read under RCU; changed under the session's lock, which also says what is in them.
 */
#include <linux/jhash.h>
#include <linux/rhashtable.h>

#include "flow.h"
#include "table.h"
#include "tunnel.h"

static struct rhashtable *inner_table(const struct ftcp_session *session)
{
	return &ftcp_net(session->tunnel->inner_net)->inner;
}

/* All words of an IPv6 address, but only the last one of an IPv4 address: the
 * others are the same for all.  @seed is the table's own, and random.
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
 * ftcp_flow_by_outer() - look a flow up by its TCP ends
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
 * ftcp_session_by_inner() - look a session up by the ends of its datagrams
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
 * ftcp_table_make_way_outer() - end a doomed flow that has the ends of another one
 * @flow: the flow, about to be added to the table; the lock is not held
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
 * ftcp_table_make_way_inner() - end a doomed session that has the ends of another one
 * @session: the session, about to be added to the table; its lock is not held
 *
 * Context: process or softirq.
 */
void ftcp_table_make_way_inner(const struct ftcp_session *session)
{
	struct ftcp_session *old;

	rcu_read_lock();
	old = rhashtable_lookup(inner_table(session), &session->key,
				inner_params);
	if (old)
		kill_doomed(rcu_dereference(old->active));
	rcu_read_unlock();
}

/**
 * ftcp_table_add_outer() - let a flow be found by its TCP ends
 * @flow: the flow, its @outer complete; if it is found, it has to be in the next
 *	phase before the lock is released
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
 * ftcp_table_add_inner() - let a session be found by its conversation
 * @session: the session, its @key complete
 *
 * Context: bottom halves disabled, ftcp_session.lock held.
 * Return: 0, -EEXIST if another one has the conversation, or another error.
 */
int ftcp_table_add_inner(struct ftcp_session *session)
{
	int err;

	lockdep_assert_held(&session->lock);
	err = rhashtable_lookup_insert_fast(inner_table(session),
					    &session->node, inner_params);
	session->hashed = !err;
	return err;
}

/**
 * ftcp_table_del_outer() - let a flow not be found by its TCP ends any more
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
 * ftcp_table_del_inner() - let a session not be found by its conversation any more
 * @session: the session
 *
 * Context: bottom halves disabled, ftcp_session.lock held.
 */
void ftcp_table_del_inner(struct ftcp_session *session)
{
	lockdep_assert_held(&session->lock);
	if (session->hashed)
		rhashtable_remove_fast(inner_table(session), &session->node,
				       inner_params);
	session->hashed = false;
}

/**
 * ftcp_table_pause() - leave the processor to others in a walk of a long table
 * @iter: of the walk; what was met last is not kept by RCU any more
 *
 * Asleep, as whoever sends what the walk gives rise to may be a process as well.
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
 * ftcp_table_init() - the tables of a network namespace
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
 * ftcp_table_exit() - give the tables back; they are empty
 * @fn: the namespace
 */
void ftcp_table_exit(struct ftcp_net *fn)
{
	rhashtable_destroy(&fn->outer);
	rhashtable_destroy(&fn->inner);
}
