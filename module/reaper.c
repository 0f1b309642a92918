// SPDX-License-Identifier: GPL-2.0
/*
 * End many flows at once: when a tunnel, a peer or a link is deleted, or a link
 * is set down.
 *
 * Others decide how many flows there are, and the whole host waits for RTNL.
 * So only the sessions of a peer are doomed under RTNL, which takes the same
 * time for one and for a million (see session.h).  A work item of the
 * underlay's network namespace then kills them from the head of the peer's
 * list, where doomed sessions are.
 *
 * Each flow sends one RST, and thousands at once would overflow a queue on this
 * host (netdev_max_backlog), so there are pauses.  After RESETS_MAX the rest
 * ends silently, as if the host had been switched off.
 */
#include <linux/rtnetlink.h>
#include <linux/wait_bit.h>

#include "peer.h"
#include "reaper.h"
#include "session.h"
#include "tunnel.h"

#define BATCH		256	/* flows and RSTs between pauses */
#define RESETS_MAX	16384	/* RSTs of one namespace in a row */
#define MOMENT		(HZ / 2)

/**
 * ftcp_reaper_doom() - end all flows of a peer
 * @peer: the peer
 *
 * Afterwards nobody finds them; they are torn down later.  The caller decides
 * whether new flows may be added.
 *
 * Context: any but hard interrupts.
 */
void ftcp_reaper_doom(struct ftcp_peer *peer)
{
	struct ftcp_tunnel *tunnel = peer->tunnel;
	struct ftcp_net *fn = ftcp_net(tunnel->underlay);
	unsigned int n;

	spin_lock_bh(&tunnel->lock);
	n = peer->nflows;
	if (n) {
		WRITE_ONCE(peer->epoch, peer->epoch + 1);
		WRITE_ONCE(tunnel->nflows, tunnel->nflows - n);
		WRITE_ONCE(peer->nflows, 0);
		atomic_add(n, &fn->dying);
	}
	spin_unlock_bh(&tunnel->lock);
	if (!n)
		return;

	spin_lock_bh(&fn->reaper_lock);
	if (list_empty(&fn->doomed))
		fn->resets = 0;
	if (list_empty(&peer->doomed)) {
		ftcp_peer_hold(peer);
		list_add_tail(&peer->doomed, &fn->doomed);
	}
	spin_unlock_bh(&fn->reaper_lock);
	queue_delayed_work(fn->flow_wq, &fn->reaper, 0);
}

/**
 * ftcp_reaper_gone() - note that a doomed flow has ended and freed its ports
 * @fn: network namespace of its segments
 */
void ftcp_reaper_gone(struct ftcp_net *fn)
{
	if (atomic_dec_and_test(&fn->dying))
		wake_up_var(&fn->dying);
}

/**
 * ftcp_reaper_busy() - check for doomed flows, which may hold ports
 * @fn: network namespace of the segments
 */
bool ftcp_reaper_busy(struct ftcp_net *fn)
{
	return atomic_read(&fn->dying);
}

/**
 * ftcp_reaper_wait() - wait for a moment until there are no doomed flows
 * @fn: network namespace of the segments; the caller holds it
 *
 * Not for long: generic netlink holds a lock during a request, and loading a
 * module with another family waits for it, and all further requests for that.
 *
 * Context: process, without RTNL.
 * Return: whether none is left.
 */
bool ftcp_reaper_wait(struct ftcp_net *fn)
{
	return wait_var_event_timeout(&fn->dying, !ftcp_reaper_busy(fn), MOMENT);
}

/* ---- the work ---- */

/* The first of a peer's sessions, if it is doomed; under RCU */
static struct ftcp_session *first_doomed(struct ftcp_peer *peer)
{
	struct ftcp_session *session;

	spin_lock_bh(&peer->tunnel->lock);
	session = list_first_entry_or_null(&peer->sessions,
					   struct ftcp_session, list);
	if (session && !ftcp_session_doomed(session))
		session = NULL;
	spin_unlock_bh(&peer->tunnel->lock);
	return session;
}

/* Kill doomed flows of a peer, about @quota at most.  Return: how many. */
static unsigned int reap(struct ftcp_net *fn, struct ftcp_peer *peer,
			 unsigned int quota)
{
	struct ftcp_session *session;
	unsigned int n = 0, flows;

	while (n < quota) {
		rcu_read_lock();
		session = first_doomed(peer);
		if (session) {
			flows = ftcp_session_kill(session,
						  fn->resets >= RESETS_MAX);
			fn->resets += flows;
			n += flows ?: 1;
		}
		rcu_read_unlock();
		if (!session)
			break;
	}
	return n;
}

/* The next peer with doomed flows, in turn, or NULL */
static struct ftcp_peer *next_peer(struct ftcp_net *fn)
{
	struct ftcp_peer *peer;

	spin_lock_bh(&fn->reaper_lock);
	peer = list_first_entry_or_null(&fn->doomed, struct ftcp_peer, doomed);
	if (peer)
		list_move_tail(&peer->doomed, &fn->doomed);
	spin_unlock_bh(&fn->reaper_lock);
	return peer;
}

/* Release a peer, unless it was doomed again. */
static void done_with(struct ftcp_net *fn, struct ftcp_peer *peer)
{
	bool done;

	rcu_read_lock();
	spin_lock_bh(&fn->reaper_lock);
	done = !first_doomed(peer);
	if (done)
		list_del_init(&peer->doomed);
	spin_unlock_bh(&fn->reaper_lock);
	rcu_read_unlock();
	if (done)
		ftcp_peer_put(peer);
}

/* Sleeps between batches, so that the queues that the RSTs are in are emptied:
 * that may take a process (ksoftirqd), to which cond_resched() need not yield.
 */
static void reaper(struct work_struct *work)
{
	struct ftcp_net *fn = container_of(to_delayed_work(work),
					   struct ftcp_net, reaper);
	unsigned int quota = BATCH, n;
	struct ftcp_peer *peer;

	while (quota) {
		peer = next_peer(fn);
		if (!peer)
			return;
		n = reap(fn, peer, quota);
		if (n < quota)
			done_with(fn, peer);
		quota -= min(n, quota);
		cond_resched();
	}
	queue_delayed_work(fn->flow_wq, &fn->reaper,
			   fn->resets < RESETS_MAX);
}

/* ---- life ---- */

/**
 * ftcp_reaper_init() - initialise a network namespace
 * @fn: the namespace
 */
void ftcp_reaper_init(struct ftcp_net *fn)
{
	spin_lock_init(&fn->reaper_lock);
	INIT_LIST_HEAD(&fn->doomed);
	INIT_DELAYED_WORK(&fn->reaper, reaper);
}

/**
 * ftcp_reaper_exit() - clean up a namespace without tunnels
 * @fn: the namespace
 *
 * The work may still be about to find that nothing is left.
 */
void ftcp_reaper_exit(struct ftcp_net *fn)
{
	cancel_delayed_work_sync(&fn->reaper);
	WARN_ON_ONCE(!list_empty(&fn->doomed) || atomic_read(&fn->dying));
}
