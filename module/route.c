// SPDX-License-Identifier: GPL-2.0
/*
 * Routes by which packets leave: looked up, and kept by flows.  Those of what this
 * host receives are in input.c.
 */
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <net/addrconf.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/route.h>

#include "flow.h"
#include "route.h"
#include "tunnel.h"

/* ---- look-up ---- */

/**
 * ftcp_route() - look a route up
 * @net: network namespace
 * @pair: source and destination; a source address of any is filled in
 * @protocol: IPPROTO_TCP or IPPROTO_UDP
 * @mark: fwmark
 *
 * The source may be an address of another host, for which this one routes.
 *
 * Return: the route with a reference, or NULL.
 */
struct dst_entry *ftcp_route(struct net *net, struct ftcp_pair *pair,
			     u8 protocol, u32 mark)
{
	bool any = ftcp_end_is_any(&pair->local);

	if (pair->remote.family == AF_INET) {
		struct flowi4 fl4 = {
			.saddr = ftcp_end_v4(&pair->local),
			.daddr = ftcp_end_v4(&pair->remote),
			.flowi4_proto = protocol,
			.flowi4_mark = mark,
			.flowi4_flags = any ? 0 : FLOWI_FLAG_ANYSRC,
			.fl4_sport = pair->local.port,
			.fl4_dport = pair->remote.port,
		};
		struct rtable *rt = ip_route_output_flow(net, &fl4, NULL);

		if (IS_ERR(rt))
			return NULL;
		if (rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)) {
			ip_rt_put(rt);
			return NULL;
		}
		if (any)
			ftcp_end_set_v4(&pair->local, fl4.saddr,
					pair->local.port);
		return &rt->dst;
	} else {
		struct flowi6 fl6 = {
			.saddr = pair->local.addr,
			.daddr = pair->remote.addr,
			.flowi6_proto = protocol,
			.flowi6_mark = mark,
			.flowi6_flags = any ? 0 : FLOWI_FLAG_ANYSRC,
			.fl6_sport = pair->local.port,
			.fl6_dport = pair->remote.port,
		};
		struct dst_entry *dst;

		if (!ipv6_mod_enabled() ||
		    ipv6_addr_is_multicast(&pair->remote.addr))
			return NULL;
		dst = ip6_dst_lookup_flow(net, NULL, &fl6, NULL);
		if (IS_ERR(dst))
			return NULL;
		if (any)
			pair->local.addr = fl6.saddr;
		return dst;
	}
}

/**
 * ftcp_own_address() - whether an address is one of this host's
 * @net: network namespace
 * @end: the address; its port does not matter
 *
 * Context: RCU read-side critical section.
 */
bool ftcp_own_address(struct net *net, const struct ftcp_end *end)
{
	if (end->family == AF_INET)
		return __ip_dev_find(net, ftcp_end_v4(end), false);
	return ipv6_chk_addr(net, &end->addr, NULL, 0);
}

/**
 * ftcp_route_is_local() - whether a route leads to this host itself
 * @dst: the route
 */
bool ftcp_route_is_local(const struct dst_entry *dst)
{
	return dst->ops->family == AF_INET ?
		       container_of(dst, struct rtable, dst)->rt_flags &
			       RTCF_LOCAL :
		       container_of(dst, struct rt6_info, dst)->rt6i_flags &
			       RTF_LOCAL;
}

/**
 * ftcp_route_by_loopback() - whether what is sent comes back to this host
 * @dst: its route, or NULL
 *
 * A route that leads to the loopback device may as well lead nowhere.
 */
bool ftcp_route_by_loopback(const struct dst_entry *dst)
{
	return dst && dst->dev->flags & IFF_LOOPBACK &&
	       ftcp_route_is_local(dst);
}

/* ---- routes that sessions and flows keep ---- */

/**
 * ftcp_route_kept() - a route that is kept
 * @route: one of a session, or of a flow
 *
 * Context: RCU read-side critical section, which keeps the route.
 * Return: the route, or NULL if there is none, or it does not hold any more.
 */
struct dst_entry *ftcp_route_kept(const struct ftcp_route *route)
{
	struct dst_entry *dst = rcu_dereference(route->dst);

	return dst ? dst_check(dst, READ_ONCE(route->cookie)) : NULL;
}

/**
 * ftcp_session_keep_route() - keep a route for a session or a flow of it
 * @session: the session
 * @route: which of its routes, or of those of its flow
 * @dst: the new one; the reference is taken over
 *
 * Context: RCU read-side critical section, by which session and flow were found, so
 * that they are freed later, and the route with them.
 */
void ftcp_session_keep_route(struct ftcp_session *session,
			     struct ftcp_route *route, struct dst_entry *dst)
{
	struct dst_entry *old;

	spin_lock_bh(&session->lock);
	if (dst->ops->family == AF_INET6)
		WRITE_ONCE(route->cookie,
			   rt6_get_cookie(container_of(dst, struct rt6_info,
						       dst)));
	old = rcu_replace_pointer(route->dst, dst,
				  lockdep_is_held(&session->lock));
	spin_unlock_bh(&session->lock);
	dst_release(old);
}

static struct dst_entry *find_route(struct ftcp_session *session,
				    struct ftcp_route *route, struct net *net,
				    const struct ftcp_pair *pair, u8 protocol)
{
	u32 mark = READ_ONCE(session->tunnel->config.fwmark);
	struct ftcp_pair copy = *pair;
	struct dst_entry *dst;

	dst = ftcp_route(net, &copy, protocol, mark);
	if (!dst)
		return NULL;
	if (dst->dev == session->tunnel->link->dev && protocol == IPPROTO_TCP) {
		/* into ourselves */
		dst_release(dst);
		return NULL;
	}
	ftcp_session_keep_route(session, route, dst);
	return dst;
}

/**
 * ftcp_flow_find_route() - look the route of a flow's segments up, and keep it
 * @flow: the flow, in the table of outer flows
 *
 * Context: RCU read-side critical section, which keeps the route.
 * Return: the route, or NULL.
 */
struct dst_entry *ftcp_flow_find_route(struct ftcp_flow *flow)
{
	return find_route(flow->session, &flow->outer_route,
			  flow->session->tunnel->underlay, &flow->outer,
			  IPPROTO_TCP);
}

/**
 * ftcp_flow_path_mtu() - MTU of a flow's path, as it is known now
 * @flow: a flow that is, or was, in the table of outer flows
 *
 * What the flow remembers may be older than what an ICMP error said meanwhile; it
 * stays as it is.
 *
 * Context: RCU read-side critical section.
 * Return: the MTU, or 0 if there is no route.
 */
u32 ftcp_flow_path_mtu(const struct ftcp_flow *flow)
{
	struct dst_entry *dst = ftcp_route_kept(&flow->outer_route);
	struct ftcp_pair pair = flow->outer;
	u32 mtu;

	if (dst)
		return dst_mtu(dst);
	dst = ftcp_route(flow->session->tunnel->underlay, &pair, IPPROTO_TCP,
			 READ_ONCE(flow->session->tunnel->config.fwmark));
	mtu = dst ? dst_mtu(dst) : 0;
	dst_release(dst);
	return mtu;
}

/**
 * ftcp_session_find_route() - the same of a session's datagrams
 * @session: the session, its ends complete, of a tunnel that is a proxy
 *
 * Context: RCU read-side critical section, which keeps the route.
 * Return: the route to application or target, or NULL.
 */
struct dst_entry *ftcp_session_find_route(struct ftcp_session *session)
{
	const struct ftcp_pair pair = {
		.local = session->key.pair.remote,
		.remote = session->key.pair.local,
	};

	return find_route(session, &session->inner_route,
			  session->tunnel->inner_net, &pair, IPPROTO_UDP);
}
