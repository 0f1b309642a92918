// SPDX-License-Identifier: GPL-2.0
/*
 * Replacement: why a session is to be carried by another flow, its standby, which is
 * dialled while the present one goes on.  See session.h for how it takes over.
 *
 * The core asks for it (silence, age, volume), or the peer has been given another
 * endpoint, or the way of the segments has changed.
 */
#include <net/dst.h>

#include "core/policy.h"
#include "flow.h"
#include "peer.h"
#include "renew.h"
#include "route.h"
#include "setup.h"
#include "tunnel.h"

/**
 * ftcp_renew_left() - whether a flow's peer is elsewhere by now, or nowhere
 * @flow: a flow that was dialled
 *
 * Context: RCU read-side critical section.
 */
bool ftcp_renew_left(const struct ftcp_flow *flow)
{
	const struct ftcp_peer_config *config =
		rcu_dereference(flow->session->peer->config);

	switch (config->kind) {
	case FTCP_ENDPOINT_NONE:
		return true;
	case FTCP_ENDPOINT_SAME:
		return flow->renewable;
	default:
		return !flow->renewable ||
		       !ftcp_end_equal(&config->endpoint, &flow->outer.remote);
	}
}

/* A flow to where its peer no longer is does not stay there, unless the new endpoint
 * is tentative: a name may stand for an address too early, or by mistake, and nobody
 * watches.  Then what works goes on, and the timer tries again.  Under RCU.
 */
static void renewal_failed(struct ftcp_flow *flow, bool in_vain)
{
	u64 again = ftcp_renew_again(in_vain, ftcp_now());
	struct ftcp_result res;

	spin_lock_bh(&flow->session->lock);
	if (ftcp_flow_dead(flow)) {
		spin_unlock_bh(&flow->session->lock);
		return;
	}
	ftcp_conn_renew_failed(&flow->conn, in_vain, again, &res);
	spin_unlock_bh(&flow->session->lock);
	ftcp_flow_act(flow, &res);
	if (!ftcp_renew_left(flow))
		return;
	if (rcu_dereference(flow->session->peer->config)->tentative)
		ftcp_flow_arm(flow, again);
	else
		ftcp_flow_close(flow);
}

/**
 * ftcp_renew() - have a standby dialled, towards where the peer is now
 * @flow: the flow, whose core wants to be replaced
 *
 * Context: RCU read-side critical section.
 */
void ftcp_renew(struct ftcp_flow *flow)
{
	enum ftcp_drop_attr reason;

	local_bh_disable();
	if (!ftcp_session_dial_standby(flow, &reason)) {
		ftcp_drop_count(flow->session->tunnel, reason);
		renewal_failed(flow, ftcp_no_place(reason));
	}
	local_bh_enable();
}

/**
 * ftcp_renew_ended() - a standby has ended before it took over
 * @standby: the flow, dead
 * @event: why
 *
 * Which flow carries the session is told.  Where the peer no longer is the standby has
 * learnt nothing of where the peer is, and another one goes there.
 *
 * Context: RCU read-side critical section.
 */
void ftcp_renew_ended(struct ftcp_flow *standby, enum ftcp_event event)
{
	struct ftcp_session *session = standby->session;
	struct ftcp_flow *flow = rcu_dereference(session->active);
	bool renewing;

	if (!flow)
		return;
	if (!ftcp_renew_left(standby)) {
		renewal_failed(flow, ftcp_dialled_in_vain(event));
		return;
	}
	spin_lock_bh(&session->lock);
	renewing = !ftcp_flow_dead(flow) && flow->conn.health.renewing;
	spin_unlock_bh(&session->lock);
	if (renewing)
		ftcp_renew(flow);
}

/* Replace a flow before the core asks for it; @now: not if that failed a moment
 * ago.
 */
static void renew_now(struct ftcp_flow *flow, u64 now)
{
	bool wanted;

	spin_lock_bh(&flow->session->lock);
	wanted = !ftcp_flow_dead(flow) && ftcp_conn_renew(&flow->conn, now);
	spin_unlock_bh(&flow->session->lock);
	if (wanted)
		ftcp_renew(flow);
}

/* Whether the mover is about to come to a flow. */
static bool to_be_asked(const struct ftcp_flow *flow)
{
	return READ_ONCE(flow->moves) != READ_ONCE(flow->session->peer->moves);
}

/**
 * ftcp_renew_follow() - go to where the peer is now, if it is time
 * @flow: a flow whose timer has run, for this or another reason
 *
 * Context: RCU read-side critical section.
 */
void ftcp_renew_follow(struct ftcp_flow *flow)
{
	u64 now = ftcp_now(), again;

	if (!flow->renewable || to_be_asked(flow) || !ftcp_renew_left(flow))
		return;
	spin_lock_bh(&flow->session->lock);
	again = flow->conn.health.renew_at;
	spin_unlock_bh(&flow->session->lock);
	if (again > now)
		ftcp_flow_arm(flow, again);
	else
		renew_now(flow, now);
}

/* Whether the far end, which dialled, is not where its peer is now, and may connect from
 * there alone.  It would be taken for the peer as long as it answers.
 */
static bool is_elsewhere(const struct ftcp_flow *flow)
{
	const struct ftcp_peer_config *config =
		rcu_dereference(flow->session->peer->config);

	return config->from_kind == FTCP_FROM_ENDPOINT &&
	       config->kind == FTCP_ENDPOINT_ADDR &&
	       !ipv6_addr_equal(&config->endpoint.addr, &flow->outer.remote.addr);
}

/**
 * ftcp_flow_to_move() - whether a flow is to move to where its peer is now
 * @flow: the flow
 * @all: even if it is there, as it is to be dialled in another way
 *
 * Context: RCU read-side critical section.
 */
bool ftcp_flow_to_move(const struct ftcp_flow *flow, bool all)
{
	if (ftcp_flow_doomed(flow) || !to_be_asked(flow))
		return false;
	return flow->session->dialled ? all || ftcp_renew_left(flow) :
					is_elsewhere(flow);
}

/**
 * ftcp_redial_closes() - whether to move a flow is to close it
 * @flow: the flow, which is to move
 *
 * Context: RCU read-side critical section.
 */
bool ftcp_redial_closes(const struct ftcp_flow *flow)
{
	return !flow->session->dialled || !flow->renewable ||
	       rcu_dereference(flow->session->peer->config)->kind == FTCP_ENDPOINT_NONE ||
	       ftcp_load(flow->conn.state) != FTCP_ESTABLISHED;
}

/**
 * ftcp_flow_redial() - move a flow to where its peer is now
 * @flow: the flow, which is to move
 *
 * What is established goes on until a flow to the new endpoint is; if that
 * cannot be had it is closed, but goes on if the endpoint is tentative.  What
 * cannot be replaced is closed; what is still dialling the old endpoint ends, and
 * the next datagram dials the new one, or, if it was to replace another flow,
 * another is dialled at once.
 *
 * Context: RCU read-side critical section.
 */
void ftcp_flow_redial(struct ftcp_flow *flow)
{
	WRITE_ONCE(flow->moves, READ_ONCE(flow->session->peer->moves));
	if (ftcp_redial_closes(flow))
		ftcp_flow_close(flow);
	else
		renew_now(flow, U64_MAX);
}

/* Whether a flow would be dialled from another address now; *@dev is the device that
 * it would leave by, not to be dereferenced.  From @any address, or, where there are
 * several ways that goes by their source, from the one that it has.
 */
static bool source_changed(const struct ftcp_flow *flow, bool any,
			   const struct net_device **dev)
{
	struct ftcp_pair pair = flow->outer;
	struct dst_entry *dst;

	if (any)
		ftcp_end_set_any(&pair.local, pair.local.family,
				 pair.local.port);
	dst = ftcp_route(flow->session->tunnel->underlay, &pair, IPPROTO_TCP,
			 READ_ONCE(flow->session->tunnel->config.fwmark));
	*dev = dst ? dst->dev : NULL;
	dst_release(dst);
	return dst && !ftcp_end_equal(&pair.local, &flow->outer.local);
}

/**
 * ftcp_flow_way_changed() - addresses, routes or devices have changed
 * @flow: the flow
 * @suspect: the far end is to be asked even if the way looks the same
 *
 * A flow that would be dialled from another address now is replaced; one whose
 * segments leave by another device, or cannot leave, is probed.
 *
 * Context: RCU read-side critical section.
 */
void ftcp_flow_way_changed(struct ftcp_flow *flow, bool suspect)
{
	const struct net_device *dev;
	struct dst_entry *dst;

	/* Before it has established, a flow repeats its SYN anyway. */
	if (ftcp_load(flow->conn.state) != FTCP_ESTABLISHED)
		return;
	if (flow->session->dialled) {
		if (source_changed(flow, flow->renewable, &dev)) {
			renew_now(flow, ftcp_now());
			return;
		}
		dst = rcu_dereference(flow->outer_route.dst);
		if (dst && dst->dev != dev)
			source_changed(flow, false, &dev);
		if (!dst || dst->dev != dev)
			suspect = true;
	}
	if (!suspect)
		return;
	spin_lock_bh(&flow->session->lock);
	if (!ftcp_flow_dead(flow)) {
		ftcp_conn_suspect(&flow->conn, ftcp_now());
		ftcp_flow_rearm(flow);
	}
	spin_unlock_bh(&flow->session->lock);
}

/**
 * ftcp_session_way_changed() - the same, where the datagrams are
 * @session: the session, found by their ends
 *
 * What a session of mode forward sends its target from an address that this host
 * has no more is not answered, and from another address it would be another
 * conversation: its flow is reset, and the far end dials again.  As long as there is
 * no other address from which the target can answer, that one may come back.
 *
 * Context: RCU read-side critical section.
 */
void ftcp_session_way_changed(struct ftcp_session *session)
{
	const struct ftcp_end *end = &session->key.pair.remote;
	struct ftcp_pair pair = { .remote = session->key.pair.local };
	struct ftcp_flow *flow = rcu_dereference(session->active);
	struct ftcp_tunnel *tunnel = session->tunnel;
	struct dst_entry *dst;

	if (!tunnel->target.port ||
	    ftcp_own_address(tunnel->inner_net, end))
		return;
	ftcp_end_set_any(&pair.local, pair.remote.family, end->port);
	dst = ftcp_route(tunnel->inner_net, &pair, IPPROTO_UDP,
			 READ_ONCE(tunnel->config.fwmark));
	dst_release(dst);
	if (flow && dst && ftcp_answerable(&pair) &&
	    !ftcp_end_equal(&pair.local, end))
		ftcp_flow_kill(flow, FTCP_EV_CLOSED, FTCP_REASON_UNREACHABLE);
}
