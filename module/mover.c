// SPDX-License-Identifier: GPL-2.0
/*
 * Dial flows again after their peer was given another endpoint or wire format.
 *
 * There may be tens of thousands.  Each needs a successor, and the successor a
 * port, until the predecessor is closed.  So this runs without RTNL, some flows
 * at a time, and only as fast as ports and places for flows become free.  If
 * none does, one flow is tried now and then, perhaps in vain.
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

#define BATCH		128	/* flows looked at between pauses */
#define PAUSE		(HZ / 4) /* until others may have closed */
#define PATIENCE	20	/* pauses; longer than a predecessor lasts */

/* Whether another flow would find no port or exceed a limit.  The last @dialled
 * flows may not have their ports yet.
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

/* Move what can be moved, and one flow even without resources if @force.
 * Return: whether there was any flow to move.
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
		if (IS_ERR(flow))	/* resized: starts again */
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
		ftcp_peer_put(peer);	/* had been asked already */
}

/* The peers of a namespace take turns. */
static void mover(struct work_struct *work)
{
	struct ftcp_peer *peer = container_of(to_delayed_work(work),
					      struct ftcp_peer, mover);

	if (READ_ONCE(peer->gone))
		goto out;
	if (xchg(&peer->move_all, false))
		peer->moving_all = true;
	/* whoever still saw the old endpoint has dialled by then */
	synchronize_rcu();
	if (move(peer, peer->moving_all, ++peer->rounds % PATIENCE == 0))
		ask(peer, PAUSE);
	else
		peer->moving_all = false;
out:
	ftcp_peer_put(peer);
}

/**
 * ftcp_mover_init() - initialise a new peer
 * @peer: the peer
 */
void ftcp_mover_init(struct ftcp_peer *peer)
{
	INIT_DELAYED_WORK(&peer->mover, mover);
}

/**
 * ftcp_mover_ask() - have the flows that were dialled to a peer replaced
 * @peer: the peer, its new configuration published
 * @all: also flows to the present endpoint
 *
 * Context: RTNL.
 */
void ftcp_mover_ask(struct ftcp_peer *peer, bool all)
{
	ASSERT_RTNL();
	/* whoever sees this sees the new configuration */
	smp_store_release(&peer->moves, peer->moves + 1);
	if (all)
		WRITE_ONCE(peer->move_all, true);
	ask(peer, 0);
}
