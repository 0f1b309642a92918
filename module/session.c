// SPDX-License-Identifier: GPL-2.0
/*
 * Sessions: how they come and go, and which flow carries them.  See session.h for who
 * protects what.
 *
 * One that this end dials begins with a datagram, in softirq: it is put into the table
 * at once, so that the datagrams that follow find it and wait in its queue.  One that
 * is accepted begins with a valid third segment: its flow is put into the table at
 * once, and in mode forward segments wait until there is a port towards the target.
 * What needs a process follows in setup.c.
 */
#include "claim.h"
#include "core/conn.h"
#include "flow.h"
#include "limit.h"
#include "peer.h"
#include "port.h"
#include "session.h"
#include "source.h"
#include "table.h"
#include "trace.h"
#include "tunnel.h"
#include "upper.h"

const struct ftcp_upper_ops *ftcp_upper __ro_after_init;

static struct kmem_cache *session_cache;

/* ---- its flows ---- */

/* Whether a flow may be added, and counted for its namespace and its source. */
static int may_add(struct ftcp_session *session, const struct ftcp_flow *flow)
{
	struct ftcp_tunnel *tunnel = session->tunnel;
	int err;

	lockdep_assert_held(&tunnel->lock);
	/* A link that goes down says so before its sessions are doomed. */
	if (session->peer->gone || !netif_running(tunnel->link->dev) ||
	    (!list_empty(&session->list) && ftcp_session_doomed(session)))
		return -ESHUTDOWN;
	if (tunnel->nflows >= READ_ONCE(tunnel->config.max_flows))
		return -EMLINK;
	if (!ftcp_limit_take_flow(ftcp_net(tunnel->underlay)))
		return -ENFILE;
	err = ftcp_source_get(session, &flow->outer.remote);
	if (err)
		ftcp_limit_give_flow(ftcp_net(tunnel->underlay));
	return err;
}

/**
 * ftcp_session_add() - a session has another flow, or its first one
 * @session: the session; its lock is held
 * @flow: the flow, which has to be buried from now on: see ftcp_flow_bury()
 * @reason: why not, if it fails
 *
 * With the first flow the session is its peer's.
 *
 * Return: whether there was room for it.
 */
bool ftcp_session_add(struct ftcp_session *session, struct ftcp_flow *flow,
		      enum ftcp_drop_attr *reason)
{
	struct ftcp_tunnel *tunnel = session->tunnel;
	struct ftcp_peer *peer = session->peer;
	int err;

	lockdep_assert_held(&session->lock);
	spin_lock(&tunnel->lock);
	err = may_add(session, flow);
	if (!err) {
		if (list_empty(&session->list)) {
			ftcp_peer_hold(peer);
			session->epoch = peer->epoch;
			list_add_tail(&session->list, &peer->sessions);
		} else {
			refcount_inc(&session->refs);
		}
		WRITE_ONCE(peer->nflows, peer->nflows + 1);
		WRITE_ONCE(tunnel->nflows, tunnel->nflows + 1);
		list_add_tail(&flow->node, &session->flows);
	}
	spin_unlock(&tunnel->lock);
	*reason = err == -ESHUTDOWN ? FTCP_DROP_REFUSED :
		  err == -EMLINK    ? FTCP_DROP_LIMIT :
		  err == -ENFILE    ? FTCP_DROP_NAMESPACE_LIMIT :
		  err == -EDQUOT    ? FTCP_DROP_SOURCE_LIMIT :
				      FTCP_DROP_MEMORY;
	return !err;
}

/**
 * ftcp_session_remove() - undo ftcp_session_add(), but for the reference
 * @session: the session; its lock is held
 * @flow: the flow
 *
 * A flow that is doomed is not counted any more.
 */
void ftcp_session_remove(struct ftcp_session *session, struct ftcp_flow *flow)
{
	struct ftcp_tunnel *tunnel = session->tunnel;
	struct ftcp_peer *peer = session->peer;

	lockdep_assert_held(&session->lock);
	spin_lock(&tunnel->lock);
	list_del(&flow->node);
	ftcp_source_put(session, list_empty(&session->flows));
	flow->reaped = ftcp_session_doomed(session);
	if (!flow->reaped) {
		WRITE_ONCE(peer->nflows, peer->nflows - 1);
		WRITE_ONCE(tunnel->nflows, tunnel->nflows - 1);
	}
	spin_unlock(&tunnel->lock);
}

/**
 * ftcp_session_end() - a session has lost its last flow
 * @session: the session; its lock is held
 */
void ftcp_session_end(struct ftcp_session *session)
{
	struct ftcp_tunnel *tunnel = session->tunnel;

	lockdep_assert_held(&session->lock);
	WRITE_ONCE(session->ended, true);
	spin_lock(&tunnel->lock);
	list_del_init(&session->list);
	spin_unlock(&tunnel->lock);
}

/* ---- which one carries it ---- */

/**
 * ftcp_session_activate() - a flow carries the session from now on
 * @session: the session; its lock is held
 * @flow: one of its flows
 *
 * Whatever was to take over from the flow that did is not awaited any more.
 */
void ftcp_session_activate(struct ftcp_session *session, struct ftcp_flow *flow)
{
	struct ftcp_flow *old = ftcp_session_active(session);

	if (old) {
		old->carrier = false;
		trace_ftcp_replace(flow, old);
	}
	flow->carrier = true;
	session->standby = NULL;
	rcu_assign_pointer(session->active, flow);
}

/* One that may not be established yet: datagrams wait; and the application hears if
 * there can be none.
 */
static void activate_waiting(struct ftcp_session *session,
			     struct ftcp_flow *flow)
{
	/* before datagrams are sent on it */
	WRITE_ONCE(session->waiting, true);
	session->owes = true;
	ftcp_session_activate(session, flow);
	if (session->tunnel->mode->packets)
		ftcp_claim_choose(session->peer);
}

/**
 * ftcp_session_succeed() - the standby, if there is one, carries the session from now
 * @session: the session, whose flow can carry nothing more; its lock is held
 *
 * If it is not established yet datagrams wait for it.
 *
 * Return: whether there is one.
 */
bool ftcp_session_succeed(struct ftcp_session *session)
{
	struct ftcp_flow *standby = session->standby;

	lockdep_assert_held(&session->lock);
	/* In the first phase nothing has happened to the connection yet; later it
	 * may just have come to nothing.
	 */
	if (!standby || (standby->phase != FTCP_PHASE_SETUP &&
			 standby->conn.state == FTCP_CLOSED))
		return false;
	activate_waiting(session, standby);
	return true;
}

/**
 * ftcp_session_dial_again() - dial for a session whose flow the far end forgot
 * @session: the session; its lock is held
 *
 * Context: RCU, bottom halves disabled.
 * Return: whether another flow carries it.
 */
bool ftcp_session_dial_again(struct ftcp_session *session)
{
	enum ftcp_drop_attr reason = FTCP_DROP_REFUSED;
	struct ftcp_flow *flow = NULL;

	lockdep_assert_held(&session->lock);
	if (!ftcp_peer_pauses(session->peer))
		flow = ftcp_flow_dial(session, &reason);
	if (!flow) {
		ftcp_drop_count(session->tunnel, reason);
		return false;
	}
	activate_waiting(session, flow);
	return true;
}

/**
 * ftcp_session_take_over() - a flow was established
 * @session: its session; the lock is held
 * @flow: the flow
 *
 * Return: whether it carries the session; false if that is closed, or has ended.
 */
bool ftcp_session_take_over(struct ftcp_session *session,
			    struct ftcp_flow *flow)
{
	struct ftcp_flow *old = ftcp_session_active(session);

	if (old == flow)
		return true;
	if (session->standby != flow ||
	    flow->conn.state != FTCP_ESTABLISHED)
		return false;
	/* it may just have come to its end */
	if (ftcp_conn_retire(&old->conn, &flow->conn, ftcp_now()))
		ftcp_flow_enter(old, FTCP_PHASE_DRAINING,
				FTCP_REASON_REPLACED);
	ftcp_session_activate(session, flow);
	ftcp_flow_rearm(old);
	return true;
}

/**
 * ftcp_session_detach() - a session is found by datagrams no more
 * @session: the session, whose flow is being closed, or has ended; its lock is held
 *
 * The next datagram begins another one.
 */
void ftcp_session_detach(struct ftcp_session *session)
{
	lockdep_assert_held(&session->lock);
	ftcp_table_del_inner(session);
	session->standby = NULL;
}

/**
 * ftcp_session_dial_standby() - dial a flow that is to take another one's place
 * @flow: the flow that carries its session
 * @reason: why not, if it fails
 *
 * Context: RCU, bottom halves disabled.
 * Return: false if it fails; true also if @flow carries nothing, or has a standby.
 * One that carries nothing may do so in a moment, and is to ask again then.
 */
bool ftcp_session_dial_standby(struct ftcp_flow *flow,
			       enum ftcp_drop_attr *reason)
{
	struct ftcp_session *session = flow->session;
	struct ftcp_result nothing;
	bool done = true;

	spin_lock(&session->lock);
	if (flow != ftcp_session_active(session)) {
		ftcp_conn_renew_failed(&flow->conn, false, ftcp_now(), &nothing);
	} else if (session->hashed && !session->standby) {
		session->standby = ftcp_flow_dial(session, reason);
		done = session->standby;
	}
	spin_unlock(&session->lock);
	return done;
}

/* ---- life ---- */

/**
 * ftcp_session_new() - a session that nobody knows yet
 * @tunnel: the tunnel
 * @peer: the peer
 * @dialled: whether this end dials
 *
 * Return: the session, or NULL; until a flow is added it is freed by
 * ftcp_session_free(), then as in session.h.
 */
struct ftcp_session *ftcp_session_new(struct ftcp_tunnel *tunnel,
				      struct ftcp_peer *peer, bool dialled)
{
	struct mem_cgroup *memcg = set_active_memcg(tunnel->memcg);
	struct ftcp_session *session = kmem_cache_zalloc(session_cache,
							 FTCP_GFP_FLOW);

	set_active_memcg(memcg);
	if (!session)
		return NULL;
	session->tunnel = tunnel;
	session->peer = peer;
	session->dialled = dialled;
	refcount_set(&session->refs, 1);
	spin_lock_init(&session->lock);
	__skb_queue_head_init(&session->queue);
	INIT_LIST_HEAD(&session->flows);
	INIT_LIST_HEAD(&session->fresh);
	INIT_LIST_HEAD(&session->list);
	ftcp_upper->batch_init(session);
	return session;
}

/**
 * ftcp_session_free() - free a session that never had a flow
 * @session: the session
 */
void ftcp_session_free(struct ftcp_session *session)
{
	kmem_cache_free(session_cache, session);
}

/**
 * ftcp_session_dial() - begin a session for a datagram
 * @tunnel: the tunnel
 * @peer: the peer
 * @key: the conversation
 * @reason: why not, if it fails
 *
 * Context: RCU, bottom halves disabled.
 * Return: the session, which waits for its connection; or the one that another
 * processor just made for the same conversation; or NULL.
 */
struct ftcp_session *ftcp_session_dial(struct ftcp_tunnel *tunnel,
				       struct ftcp_peer *peer,
				       const struct ftcp_inner_key *key,
				       enum ftcp_drop_attr *reason)
{
	struct ftcp_session *session;
	struct ftcp_flow *flow;

	*reason = FTCP_DROP_REFUSED;
	if (ftcp_peer_pauses(peer))
		return NULL;
	*reason = FTCP_DROP_MEMORY;
	session = ftcp_session_new(tunnel, peer, true);
	if (!session)
		return NULL;
	session->key = *key;
	session->waiting = true;
	ftcp_table_make_way_inner(session);

	spin_lock(&session->lock);
	flow = ftcp_flow_dial(session, reason);
	if (!flow) {
		spin_unlock(&session->lock);
		ftcp_session_free(session);
		return NULL;
	}
	ftcp_session_activate(session, flow);
	if (ftcp_table_add_inner(session)) {
		ftcp_flow_bury(flow);
		spin_unlock(&session->lock);
		*reason = FTCP_DROP_REFUSED;
		return tunnel->mode->packets ?
			       ftcp_peer_session(peer) :
			       ftcp_session_by_inner(ftcp_net(tunnel->inner_net),
						     key);
	}
	spin_unlock(&session->lock);
	return session;
}

/* Whatever has the ends of the conversation that an accepted flow is about to have: a
 * session that began to dial while the far end's handshake was under way.  Not that of
 * the same connection, which another processor has just accepted.
 */
static void evict_inner(const struct ftcp_flow *flow)
{
	struct ftcp_session *session = flow->session, *old;
	struct ftcp_flow *active;

	old = ftcp_session_by_inner(ftcp_net(session->tunnel->inner_net),
				    &session->key);
	active = old ? rcu_dereference(old->active) : NULL;
	if (active && (old->dialled || memcmp(&active->outer, &flow->outer,
					      sizeof(flow->outer))))
		ftcp_flow_kill(active, FTCP_EV_CLOSED, FTCP_REASON_REPLACED);
}

/* Under the session's lock: into the tables. */
static bool publish_accepted(struct ftcp_flow *flow)
{
	struct ftcp_session *session = flow->session;

	if (ftcp_table_add_outer(flow))
		return false;
	ftcp_flow_enter(flow, FTCP_PHASE_OPEN, 0);
	if (session->waiting) {
		queue_work(ftcp_net(session->tunnel->underlay)->flow_wq,
			   &flow->setup);
		return true;
	}
	if (ftcp_table_add_inner(session))
		return false;
	ftcp_flow_announce(flow);
	return true;
}

/**
 * ftcp_session_accept() - begin a session for a connection from outside
 * @tunnel: the tunnel whose port was dialled
 * @peer: the peer
 * @outer: the TCP ends
 * @seg: the segment that completed the handshake
 * @reason: why not, if it fails
 *
 * Context: RCU, bottom halves disabled.
 * Return: its flow, or NULL, also when another processor was faster: then the
 * connection's flow can be looked up.
 */
struct ftcp_flow *ftcp_session_accept(struct ftcp_tunnel *tunnel,
				      struct ftcp_peer *peer,
				      const struct ftcp_pair *outer,
				      const struct ftcp_segment *seg,
				      enum ftcp_drop_attr *reason)
{
	const struct ftcp_peer_config *peer_config =
		rcu_dereference(peer->config);
	struct ftcp_conn_config config =
		ftcp_tunnel_conn_config(tunnel, peer_config->wire, false);
	struct ftcp_session *session;
	struct ftcp_flow *flow;

	*reason = FTCP_DROP_MEMORY;
	session = ftcp_session_new(tunnel, peer, false);
	if (!session)
		return NULL;
	flow = ftcp_flow_new(session);
	if (!flow) {
		ftcp_session_free(session);
		return NULL;
	}
	flow->outer = *outer;
	ftcp_conn_accept(&flow->conn, &config, seg, ftcp_now());
	if (tunnel->mode->proxy) {
		session->waiting = true;
	} else if (tunnel->mode->same_ends) {
		session->key.pair = *outer;
		session->key.link = tunnel->link;
		evict_inner(flow);
		ftcp_table_make_way_inner(session);
	}
	ftcp_table_make_way_outer(flow);

	spin_lock(&session->lock);
	if (!ftcp_session_add(session, flow, reason)) {
		spin_unlock(&session->lock);
		ftcp_flow_free(flow);
		ftcp_session_free(session);
		return NULL;
	}
	ftcp_session_activate(session, flow);
	/* The first segments of a connection may come on several processors at
	 * once: whoever is slower has to find the other's flow by its TCP ends.
	 */
	*reason = FTCP_DROP_STATE;
	if (!publish_accepted(flow)) {
		ftcp_flow_bury(flow);
		flow = NULL;
	}
	spin_unlock(&session->lock);
	if (flow)
		ftcp_flow_rearm(flow);
	return flow;
}

/**
 * ftcp_session_kill() - end a session, with all its flows
 * @session: the session
 * @silent: the far end is not told
 *
 * Context: RCU read-side critical section.
 * Return: how many flows it had.
 */
unsigned int ftcp_session_kill(struct ftcp_session *session, bool silent)
{
	struct ftcp_flow *flow;
	unsigned int n = 0;

	spin_lock_bh(&session->lock);
	session->silent |= silent;
	while ((flow = list_first_entry_or_null(&session->flows,
						struct ftcp_flow, node))) {
		spin_unlock_bh(&session->lock);
		ftcp_flow_kill(flow, FTCP_EV_CLOSED, FTCP_REASON_CLOSED);
		n++;
		spin_lock_bh(&session->lock);
	}
	spin_unlock_bh(&session->lock);
	return n;
}

static void session_free_rcu(struct rcu_head *head)
{
	struct ftcp_session *session = container_of(head, struct ftcp_session,
						    rcu);

	dst_release(rcu_dereference_protected(session->inner_route.dst, 1));
	kmem_cache_free(session_cache, session);
}

/**
 * ftcp_session_put() - a flow of a session is gone
 * @session: the session
 *
 * Context: process, sleeps.
 */
void ftcp_session_put(struct ftcp_session *session)
{
	struct ftcp_peer *peer = session->peer;

	if (!refcount_dec_and_test(&session->refs))
		return;
	ftcp_upper->batch_end(session);
	ftcp_port_put(xchg(&session->udp_port, NULL));
	call_rcu(&session->rcu, session_free_rcu);
	ftcp_peer_put(peer);
}

/**
 * ftcp_session_init() - prepare for sessions
 * @upper: the layers above
 *
 * Return: 0 or a negative error.
 */
int __init ftcp_session_init(const struct ftcp_upper_ops *upper)
{
	ftcp_upper = upper;
	session_cache = KMEM_CACHE(ftcp_session,
				   SLAB_HWCACHE_ALIGN | SLAB_ACCOUNT);
	return session_cache ? 0 : -ENOMEM;
}

/**
 * ftcp_session_exit() - when all links are gone
 */
void ftcp_session_exit(void)
{
	rcu_barrier();
	kmem_cache_destroy(session_cache);
}
