// SPDX-License-Identifier: GPL-2.0
/*
 * The end of many flows at once: of a tunnel, a peer or a link that is deleted, or
 * a link that is set down.
 *
 * How many flows there are is decided by others, and RTNL is the whole host's: what
 * is done under it is to doom the sessions of a peer, which takes the same time for one
 * and for a million (see session.h).  A work item of the underlay's network namespace
 * then kills them one after the other, from the head of the peer's list, where those
 * that are doomed come first.
 *
 * Each is sent a RST that is not repeated, and thousands at once would be more than
 * a queue on this host holds (netdev_max_backlog): so many, and then a pause.  Who
 * has more flows than that can be said in a fraction of a second ends the rest
 * without a word, as a host that is turned off.
 */
#include <linux/rtnetlink.h>
#include <linux/wait_bit.h>

#include "peer.h"
#include "reaper.h"
#include "session.h"
#include "tunnel.h"

#define BATCH		256	/* flows, and RSTs without a pause */
#define RESETS_MAX	16384	/* RSTs of one namespace in a row */
#define MOMENT		(HZ / 2)

/**
 * ftcp_reaper_doom() - end all flows of a peer
 * @peer: the peer
 *
 * When it returns they are found by nobody any more; their end follows.  Whether
 * others may be added is up to the caller.
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
 * ftcp_reaper_gone() - a flow that was doomed is no more, and its ports are free
 * @fn: network namespace of its segments
 */
void ftcp_reaper_gone(struct ftcp_net *fn)
{
	if (atomic_dec_and_test(&fn->dying))
		wake_up_var(&fn->dying);
}

/**
 * ftcp_reaper_busy() - whether there are doomed flows, which may have ports
 * @fn: network namespace of the segments
 */
bool ftcp_reaper_busy(struct ftcp_net *fn)
{
	return atomic_read(&fn->dying);
}

/**
 * ftcp_reaper_wait() - wait until there are none, for a moment
 * @fn: network namespace of the segments; kept by the caller
 *
 * A moment: requests of generic netlink are carried out under a lock that whoever
 * loads a module with another family waits for, and all requests behind him.
 *
 * Context: process, without RTNL.
 * Return: whether there are none.
 */
bool ftcp_reaper_wait(struct ftcp_net *fn)
{
	return wait_var_event_timeout(&fn->dying, !ftcp_reaper_busy(fn), MOMENT);
}

/* ---- the work ---- */

/* The first of a peer's sessions, if it is doomed.  Under RCU. */
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

/* Kill doomed flows of a peer, no more than @quota, or few.  Return: how many. */
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

/* The next peer to be seen to, or NULL; each in its turn. */
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

/* Let go of a peer, if it was not doomed again meanwhile. */
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

/* Asleep between the batches, so that whoever empties the queues that the RSTs
 * are in has the processor: it may be a process (ksoftirqd), to which
 * cond_resched() need not yield.
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
 * ftcp_reaper_init() - of a network namespace that begins
 * @fn: the namespace
 */
void ftcp_reaper_init(struct ftcp_net *fn)
{
	spin_lock_init(&fn->reaper_lock);
	INIT_LIST_HEAD(&fn->doomed);
	INIT_DELAYED_WORK(&fn->reaper, reaper);
}

/**
 * ftcp_reaper_exit() - of one that has no tunnel any more
 * @fn: the namespace
 *
 * A flow of a tunnel has not more to do with it, but the work may still be about
 * to find that nothing is left.
 */
void ftcp_reaper_exit(struct ftcp_net *fn)
{
	cancel_delayed_work_sync(&fn->reaper);
	WARN_ON_ONCE(!list_empty(&fn->doomed) || atomic_read(&fn->dying));
}
