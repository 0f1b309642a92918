// SPDX-License-Identifier: GPL-2.0
/*
 * Flows go to where their peer is now, after it was given another endpoint, or is to
 * be dialled in another way.
 *
 * There may be tens of thousands, and each needs a successor, which has a port besides
 * that of its predecessor until that one is closed.  So it is done without RTNL, some
 * flows at a time, and no faster than ports and places among the flows become free.
 * Where that does not happen one flow has its turn in a while: it may come to nothing.
 */
#include <linux/rhashtable.h>
#include <linux/rtnetlink.h>
#include <linux/workqueue.h>

#include "flow.h"
#include "limit.h"
#include "mover.h"
#include "peer.h"
#include "port.h"
#include "renew.h"
#include "source.h"
#include "table.h"
#include "tunnel.h"

#define BATCH		128	/* flows looked at without a pause */
#define PAUSE		(HZ / 4) /* until others may have been closed */
#define PATIENCE	20	/* pauses; longer than a predecessor lasts */

/* Whether one more flow would find no port, or no place; the last @dialled may not
 * have their ports yet.
 */
static bool is_tight(const struct ftcp_session *session, unsigned int dialled)
{
	const struct ftcp_tunnel *tunnel = session->tunnel;

	return ftcp_port_spare(tunnel->underlay, IPPROTO_TCP) <= dialled ||
	       ftcp_limit_reached(ftcp_net(tunnel->underlay)) ||
	       READ_ONCE(tunnel->nflows) >=
		       READ_ONCE(tunnel->config.max_flows) ||
	       ftcp_source_flows(session) >=
		       READ_ONCE(tunnel->config.max_per_source);
}

/* Move what may be moved, and one flow in any case if @force.
 * Return: whether there was something to be moved.
 */
static bool move(struct ftcp_peer *peer, bool all, bool force)
{
	struct ftcp_net *fn = ftcp_net(peer->tunnel->underlay);
	unsigned int dialled = 0, seen = 0;
	struct rhashtable_iter iter;
	struct ftcp_flow *flow;
	bool found = false;

	rhashtable_walk_enter(&fn->outer, &iter);
	rhashtable_walk_start(&iter);
	while (!READ_ONCE(peer->gone) &&
	       (flow = rhashtable_walk_next(&iter))) {
		if (IS_ERR(flow))	/* resized: it begins anew */
			continue;
		if (flow->session->peer == peer && ftcp_flow_to_move(flow, all)) {
			found = true;
			if (ftcp_redial_closes(flow)) {
				ftcp_flow_redial(flow);
			} else if (force || !is_tight(flow->session, dialled)) {
				ftcp_flow_redial(flow);
				force = false;
				dialled++;
			}
		}
		if (++seen % BATCH)
			continue;
		ftcp_table_pause(&iter);
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	return found;
}

static void ask(struct ftcp_peer *peer, unsigned long pause)
{
	struct ftcp_net *fn = ftcp_net(peer->tunnel->underlay);

	ftcp_peer_hold(peer);
	if (mod_delayed_work(fn->mover_wq, &peer->mover, pause))
		ftcp_peer_put(peer);	/* it had been asked */
}

/* Peers of a namespace are seen to one after the other: between two rounds of one it
 * is the others' turn.
 */
static void mover(struct work_struct *work)
{
	struct ftcp_peer *peer = container_of(to_delayed_work(work),
					      struct ftcp_peer, mover);

	if (READ_ONCE(peer->gone))
		goto out;
	if (xchg(&peer->move_all, false))
		peer->moving_all = true;
	/* Whoever was about to dial the old endpoint has done so. */
	synchronize_rcu();
	if (move(peer, peer->moving_all, ++peer->rounds % PATIENCE == 0))
		ask(peer, PAUSE);
	else
		peer->moving_all = false;
out:
	ftcp_peer_put(peer);
}

/**
 * ftcp_mover_init() - of a new peer
 * @peer: the peer
 */
void ftcp_mover_init(struct ftcp_peer *peer)
{
	INIT_DELAYED_WORK(&peer->mover, mover);
}

/**
 * ftcp_mover_ask() - have the flows that were dialled to a peer replaced
 * @peer: the peer, whose new configuration is published
 * @all: also those that are where the peer is now
 *
 * Context: RTNL.
 */
void ftcp_mover_ask(struct ftcp_peer *peer, bool all)
{
	ASSERT_RTNL();
	/* who sees this sees the new configuration */
	smp_store_release(&peer->moves, peer->moves + 1);
	if (all)
		WRITE_ONCE(peer->move_all, true);
	ask(peer, 0);
}
