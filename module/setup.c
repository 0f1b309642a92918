// SPDX-License-Identifier: GPL-2.0
/*
 * How flows begin, as far as it takes a process: to reserve a port sleeps.
 *
 * Whoever made the flow, in softirq, has put its session where others find it, so that
 * packets wait in its queue meanwhile; if it comes to nothing here, their senders
 * are told.
 */
#include <linux/workqueue.h>
#include <net/ipv6.h>

#include "core/policy.h"
#include "flow.h"
#include "peer.h"
#include "port.h"
#include "renew.h"
#include "route.h"
#include "session.h"
#include "setup.h"
#include "source.h"
#include "table.h"
#include "trace.h"
#include "tunnel.h"
#include "upper.h"

/* ---- dialling ---- */

/* The local TCP port.  In mode routed it is the datagram's own, if the far end
 * is the datagram's own as well: reserved by the tunnel, or by the flow if the
 * address is one of this host's.
 */
static struct ftcp_port *dial_port(struct ftcp_flow *flow)
{
	struct ftcp_tunnel *tunnel = flow->session->tunnel;
	struct ftcp_port *port;
	struct ftcp_end end;

	ftcp_end_set_any(&end, flow->outer.remote.family, 0);
	if (flow->outer.local.port) {
		if (flow->outer.local.port == tunnel->accept.port)
			return NULL;
		end = flow->outer.local;
	}
	port = ftcp_port_get(tunnel->underlay, IPPROTO_TCP, &end,
			     flow->outer.local.port);
	if (port == ERR_PTR(-EADDRNOTAVAIL))
		return NULL;	/* an address that this host routes for */
	return port;
}

/* The far end's port and ours may be those of a flow that is on its way out:
 * it is hurried along.
 */
static int add_outer_again(struct ftcp_flow *flow) __acquires(&flow->session->lock)
{
	struct ftcp_flow *old;

	ftcp_table_make_way_outer(flow);
	rcu_read_lock();
	old = ftcp_flow_by_outer(ftcp_net(flow->session->tunnel->underlay),
				 &flow->outer);
	if (old && ftcp_load(old->conn.state) != FTCP_ESTABLISHED &&
	    ftcp_load(old->conn.state) != FTCP_SYN_SENT)
		ftcp_flow_kill(old, FTCP_EV_CLOSED, FTCP_REASON_CLOSED);
	rcu_read_unlock();

	spin_lock_bh(&flow->session->lock);
	return ftcp_flow_dead(flow) ? -EEXIST : ftcp_table_add_outer(flow);
}

/* A flow cannot be dialled.  Want of a port is as bad for a standby as no answer. */
static void not_dialled(struct ftcp_flow *flow, enum ftcp_drop_attr reason)
{
	struct ftcp_session *session = flow->session;
	bool carrier, dead;

	spin_lock_bh(&session->lock);
	carrier = flow == ftcp_session_active(session);
	dead = ftcp_flow_dead(flow);
	spin_unlock_bh(&session->lock);
	if (dead)
		return;
	if (carrier) {
		ftcp_upper->drop_waiting(session, reason, FTCP_TELL_HOST);
	} else {
		local_bh_disable();
		ftcp_drop_count(session->tunnel, reason);
		local_bh_enable();
	}
	ftcp_flow_kill(flow,
		       ftcp_no_place(reason) ? FTCP_EV_UNANSWERED :
					       FTCP_EV_CLOSED,
		       FTCP_REASON_FAILED);
}

/* Whether the tunnel is of another user namespace, which was given the link: what
 * comes from this host's own addresses is trusted by its services, and payload of
 * datagrams is a byte stream to a TCP server.
 */
static bool stranger(const struct ftcp_tunnel *tunnel)
{
	return dev_net(tunnel->link->dev)->user_ns != tunnel->underlay->user_ns;
}

static void setup_dial(struct ftcp_flow *flow)
{
	struct ftcp_tunnel *tunnel = flow->session->tunnel;
	struct ftcp_conn_config config;
	struct ftcp_result res;
	struct ftcp_port *port;
	struct ftcp_pair pair;
	struct dst_entry *dst;
	const struct ftcp_secret secret =
		ftcp_net_secret(ftcp_net(tunnel->underlay));
	bool left, refused;
	u32 wire;
	int err;

	port = dial_port(flow);
	if (IS_ERR(port)) {
		not_dialled(flow, FTCP_DROP_PORT_TAKEN);
		return;
	}
	pair = flow->outer;
	if (port)
		pair.local.port = ftcp_port_number(port);
	dst = ftcp_route(tunnel->underlay, &pair, IPPROTO_TCP,
			 READ_ONCE(tunnel->config.fwmark));
	/* The link may move, and devices go, meanwhile. */
	rcu_read_lock();
	refused = dst && stranger(tunnel) && ftcp_route_by_loopback(dst);
	rcu_read_unlock();
	if (!dst || refused) {
		dst_release(dst);
		ftcp_port_put(port);
		not_dialled(flow, FTCP_DROP_NO_ROUTE);
		return;
	}
	dst_release(dst);

	/* Its peer may be elsewhere by now; from when it is in the table on the mover
	 * sees to that, see there.
	 */
	rcu_read_lock();
	wire = rcu_dereference(flow->session->peer->config)->wire;
	config = ftcp_tunnel_conn_config(tunnel, wire, flow->renewable);
	left = ftcp_renew_left(flow);
	spin_lock_bh(&flow->session->lock);
	flow->tcp_port = port;
	flow->outer = pair;
	err = ftcp_flow_dead(flow) || left ? -EEXIST :
					     ftcp_table_add_outer(flow);
	if (err == -EEXIST && !ftcp_flow_dead(flow) && !left) {
		spin_unlock_bh(&flow->session->lock);
		err = add_outer_again(flow);
	}
	rcu_read_unlock();
	if (err) {
		spin_unlock_bh(&flow->session->lock);
		not_dialled(flow, left ? FTCP_DROP_REFUSED :
					 FTCP_DROP_PORT_TAKEN);
		return;
	}
	ftcp_conn_open(&flow->conn, &config,
		       ftcp_listen_isn(&secret, &pair, ktime_get_real_ns()),
		       ftcp_now(), &res);
	ftcp_flow_enter(flow, FTCP_PHASE_OPENING, 0);
	trace_ftcp_dial(flow);
	spin_unlock_bh(&flow->session->lock);
	ftcp_flow_act(flow, &res);
}

/* ---- towards the target ---- */

#define EVICTIONS 3	/* until a port is free: others want one as well */

/**
 * ftcp_answerable() - whether what is sent from one end can be answered by the other
 * @pair: the ends
 *
 * While IPv6 makes sure that a new address is nobody else's, a link-local one stands
 * in for it.
 */
bool ftcp_answerable(const struct ftcp_pair *pair)
{
	return pair->local.family != AF_INET6 ||
	       ipv6_addr_src_scope(&pair->local.addr) >=
		       ipv6_addr_src_scope(&pair->remote.addr) ||
	       ipv6_addr_loopback(&pair->remote.addr);
}

/* For a target on 127/8: the address that stands for a source there, one of 2^24
 * less those that look like a network's or a broadcast address.  The target sees
 * each source come from an address of its own.
 */
static void loopback_of(const struct ftcp_flow *flow, struct ftcp_end *end)
{
	struct ftcp_pair pair = { .remote.addr = flow->outer.remote.addr };
	u32 hash = ftcp_net_hash(ftcp_net(flow->session->tunnel->inner_net), &pair,
				 FTCP_HASH_LOOPBACK, 0);

	ftcp_end_set_v4(end, htonl(INADDR_LOOPBACK & 0xff000000) |
			     htonl((1 + (hash >> 16) % 254) << 16 |
				   (1 + (hash >> 8 & 0xff) % 254) << 8 |
				   (1 + (hash & 0xff) % 254)),
			0);
}

/* A port towards the target, and which address it is one of.  Who has many leaves
 * the last of those that all addresses share to others.  Where these are used up a
 * target on 127/8 is reached from another address there; for other targets a flow
 * of which they never took notice gives way; to who has many, only one of those that
 * have as many.
 */
static struct ftcp_port *target_port(struct ftcp_flow *flow,
				     struct ftcp_end *local)
{
	struct ftcp_tunnel *tunnel = flow->session->tunnel;
	bool v4 = tunnel->target.family == AF_INET;
	struct net *net = tunnel->inner_net;
	struct ftcp_port *port = ERR_PTR(-EADDRINUSE);
	u32 has = ftcp_source_flows(flow->session);
	bool fair = ftcp_port_fair(net, IPPROTO_UDP, has);
	int tries = EVICTIONS;

	ftcp_end_set_any(local, tunnel->target.family, 0);
	if (fair)
		port = ftcp_port_get(net, IPPROTO_UDP, local, false);
	if (port == ERR_PTR(-EADDRINUSE) && v4 &&
	    ipv4_is_loopback(ftcp_end_v4(&tunnel->target))) {
		loopback_of(flow, local);
		port = ftcp_port_get_loopback(net, local);
		if (IS_ERR(port))
			ftcp_end_set_any(local, tunnel->target.family, 0);
	}
	while (port == ERR_PTR(-EADDRINUSE) && tries-- &&
	       ftcp_flow_evict(ftcp_net(net), fair ? 0 : has))
		port = ftcp_port_get(net, IPPROTO_UDP, local, false);
	return port;
}

static void setup_forward(struct ftcp_flow *flow)
{
	struct ftcp_session *session = flow->session;
	struct ftcp_tunnel *tunnel = session->tunnel;
	struct ftcp_pair pair = { .remote = tunnel->target };
	enum ftcp_drop_attr reason = FTCP_DROP_PORT_TAKEN;
	struct ftcp_port *port;
	struct dst_entry *dst;
	bool rare;
	int err;

	port = target_port(flow, &pair.local);
	if (IS_ERR(port))
		goto refuse;
	rare = ftcp_end_is_any(&pair.local);
	pair.local.port = ftcp_port_number(port);
	dst = ftcp_route(tunnel->inner_net, &pair, IPPROTO_UDP,
			 READ_ONCE(tunnel->config.fwmark));
	dst_release(dst);
	if (!dst || !ftcp_answerable(&pair)) {
		ftcp_port_put(port);
		reason = FTCP_DROP_NO_ROUTE;
		goto refuse;
	}

	rcu_read_lock();
	spin_lock_bh(&session->lock);
	session->udp_port = port;
	session->key.pair.local = pair.remote;
	session->key.pair.remote = pair.local;
	err = ftcp_flow_dead(flow) ? -EEXIST : ftcp_table_add_inner(session);
	if (!err)
		ftcp_flow_announce(flow);
	if (!err && rare)
		ftcp_source_may_yield(session);
	spin_unlock_bh(&session->lock);
	rcu_read_unlock();
	if (err)
		goto abort;
	ftcp_upper->flush(session);
	return;

refuse:
	/* the connection itself, whose first datagram may be on its way still */
	local_bh_disable();
	ftcp_drop_rx(tunnel, reason, NULL);
	local_bh_enable();
	ftcp_upper->drop_waiting(session, reason, FTCP_TELL_HOST);
abort:
	ftcp_flow_kill(flow, FTCP_EV_DEAD, FTCP_REASON_FAILED);
}

/**
 * ftcp_flow_setup() - what a flow needs a process for to begin
 * @work: ftcp_flow.setup
 *
 * A dialled flow gets its port and sends its SYN; an accepted one, of mode forward,
 * gets its port towards the target.
 */
void ftcp_flow_setup(struct work_struct *work)
{
	struct ftcp_flow *flow = container_of(work, struct ftcp_flow, setup);

	if (ftcp_flow_doomed(flow) || ftcp_flow_dead(flow))
		return;
	if (flow->session->dialled)
		setup_dial(flow);
	else
		setup_forward(flow);
}
