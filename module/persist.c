// SPDX-License-Identifier: GPL-2.0
/*
 * Mode ip: peers that are dialled without a packet for them, `persistent on', which is
 * how the other end reaches a host that is quiet and not dialled itself.
 *
 * A peer's work runs when the link is set up and a second after its session was lost.
 * It runs again each second until there is a session of whose packets one has arrived:
 * as long as none has, the far end does not know whose connection it is.
 */
#include <linux/rtnetlink.h>
#include <linux/workqueue.h>

#include "flow.h"
#include "peer.h"
#include "persist.h"
#include "session.h"
#include "tunnel.h"
#include "upper.h"

static bool wanted(const struct ftcp_peer *peer)
{
	return !READ_ONCE(peer->gone) &&
	       netif_running(peer->tunnel->link->dev) &&
	       rcu_dereference(peer->config)->persistent;
}

static void dial(struct ftcp_peer *peer)
{
	const struct ftcp_inner_key key = { };
	enum ftcp_drop_attr reason;

	if (!ftcp_peer_pauses(peer) &&
	    !ftcp_session_dial(peer->tunnel, peer, &key, &reason))
		ftcp_drop_count(peer->tunnel, reason);
}

/* Whether the far end has acknowledged anything */
static bool arrived(const struct ftcp_flow *flow)
{
	return ftcp_load(flow->conn.snd_una) != flow->conn.iss + 1;
}

/* Return: whether to come back. */
static bool look(struct ftcp_peer *peer)
{
	struct ftcp_session *session = ftcp_peer_session(peer);
	struct ftcp_flow *flow = session ? rcu_dereference(session->active) :
					   NULL;

	if (!flow) {
		dial(peer);
		return true;
	}
	if (!session->dialled)
		return false;
	if (ftcp_load(flow->conn.state) != FTCP_ESTABLISHED)
		return true;
	if (arrived(flow))
		return false;
	ftcp_upper->hello(session);
	return true;
}

static void persist(struct work_struct *work)
{
	struct ftcp_peer *peer = container_of(to_delayed_work(work),
					      struct ftcp_peer, persist);

	rcu_read_lock();
	local_bh_disable();
	if (wanted(peer) && look(peer))
		ftcp_persist_ask(peer, HZ);
	local_bh_enable();
	rcu_read_unlock();
	ftcp_peer_put(peer);
}

/**
 * ftcp_persist_init() - initialise a new peer
 * @peer: the peer
 */
void ftcp_persist_init(struct ftcp_peer *peer)
{
	INIT_DELAYED_WORK(&peer->persist, persist);
}

/**
 * ftcp_persist_ask() - see to it that a peer is dialled, if it is to be
 * @peer: the peer
 * @delay: jiffies
 *
 * Context: any but hard interrupts.
 */
void ftcp_persist_ask(struct ftcp_peer *peer, unsigned long delay)
{
	struct ftcp_net *fn = ftcp_net(peer->tunnel->underlay);
	bool asked;

	rcu_read_lock();
	asked = wanted(peer);
	rcu_read_unlock();
	if (!asked)
		return;
	ftcp_peer_hold(peer);
	/* had been asked already? then not later than it would have been */
	if (delay ? !queue_delayed_work(fn->flow_wq, &peer->persist, delay) :
		    mod_delayed_work(fn->flow_wq, &peer->persist, 0))
		ftcp_peer_put(peer);
}

/**
 * ftcp_persist_end() - a peer is deleted
 * @peer: the peer, which is gone
 *
 * Nobody waits for a work that is due later.
 */
void ftcp_persist_end(struct ftcp_peer *peer)
{
	if (cancel_delayed_work(&peer->persist))
		ftcp_peer_put(peer);
}

/**
 * ftcp_persist_link_up() - a link was set up
 * @link: the link
 *
 * Context: RTNL.
 */
void ftcp_persist_link_up(struct ftcp_link *link)
{
	struct ftcp_tunnel *tunnel;
	struct ftcp_peer *peer;

	ASSERT_RTNL();
	list_for_each_entry(tunnel, &link->tunnels, list)
		list_for_each_entry(peer, &tunnel->peers, list)
			ftcp_persist_ask(peer, 0);
}
