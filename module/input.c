// SPDX-License-Identifier: GPL-2.0
/*
 * Routes of received packets: the segments of flows, and in mode routed the
 * datagrams that the link receives.
 *
 * All packets of a flow have the same addresses, so one lookup is enough if
 * they are for this host.  With rules for ports, as `ftcpctl add rules' makes
 * them, each lookup dissects the packet.  TCP does the same for connected
 * sockets (sk_rx_dst, tcp_v4_early_demux()) and with the same restriction to
 * this host: for forwarded packets, a filter in PREROUTING may change the route
 * by a mark.  If one changes the address, the stack looks the route up again
 * anyway.
 */
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "flow.h"
#include "input.h"
#include "packet.h"
#include "route.h"
#include "table.h"
#include "tunnel.h"

/* ---- segments ---- */

/* As the stack does for TCP sockets, if the user allows it */
static bool early_demux(const struct net *net)
{
	return READ_ONCE(net->ipv4.sysctl_ip_early_demux) &&
	       READ_ONCE(net->ipv4.sysctl_tcp_early_demux);
}

/**
 * ftcp_input_keep() - cache the route of a received segment
 * @flow: its flow
 * @skb: the segment, accepted, at LOCAL_IN
 *
 * Context: RCU, bottom halves disabled.
 */
void ftcp_input_keep(struct ftcp_flow *flow, const struct sk_buff *skb)
{
	struct dst_entry *dst = skb_dst(skb);

	if (likely(dst == rcu_access_pointer(flow->segment_route.dst) &&
		   skb->skb_iif == READ_ONCE(flow->segment_iif)))
		return;
	/* there may be a route per CPU or per packet */
	if (skb->skb_iif == READ_ONCE(flow->segment_iif) &&
	    ftcp_route_kept(&flow->segment_route))
		return;
	if (!dst || !ftcp_route_is_local(dst) || !early_demux(flow->session->tunnel->underlay) ||
	    !dst_hold_safe(dst))
		return;
	ftcp_session_keep_route(flow->session, &flow->segment_route, dst);
	WRITE_ONCE(flow->segment_iif, skb->skb_iif);
}

/**
 * ftcp_hook_pre_routing() - received packets
 * @priv: unused
 * @skb: the packet
 * @state: has the network namespace
 *
 * Sets the route of a flow's segment, once nothing can change its addresses any
 * more.  Without one the stack looks it up.
 *
 * Return: NF_ACCEPT.
 */
unsigned int ftcp_hook_pre_routing(void *priv, struct sk_buff *skb,
				   const struct nf_hook_state *state)
{
	const struct ftcp_flow *flow;
	struct dst_entry *dst;
	struct ftcp_pair pair;
	unsigned int ip_hlen;

	if (skb_dst(skb) || ftcp_packet_protocol(skb) != IPPROTO_TCP ||
	    skb->pkt_type != PACKET_HOST || !early_demux(state->net) ||
	    netif_is_l3_slave(skb->dev) ||
	    !ftcp_packet_read(skb, IPPROTO_TCP, FTCP_HLEN, &pair.remote,
			      &pair.local, &ip_hlen))
		return NF_ACCEPT;
	flow = ftcp_flow_by_outer(ftcp_net(state->net), &pair);
	if (!flow || READ_ONCE(flow->segment_iif) != skb->skb_iif)
		return NF_ACCEPT;
	dst = ftcp_route_kept(&flow->segment_route);
	if (dst)
		skb_dst_set_noref(skb, dst);
	return NF_ACCEPT;
}

/* ---- datagrams ---- */

static struct dst_entry *find_v4(struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	struct dst_entry *dst;

	if (ip_route_input_noref(skb, iph->daddr, iph->saddr, iph->tos,
				 skb->dev))
		return NULL;
	dst = skb_dst(skb);
	if (!ftcp_route_is_local(dst) || !dst_hold_safe(dst))
		dst = NULL;
	skb_dst_drop(skb);
	return dst;
}

static struct dst_entry *find_v6(struct sk_buff *skb)
{
	const struct ipv6hdr *ip6 = ipv6_hdr(skb);
	struct flowi6 fl6 = {
		.flowi6_iif = skb->dev->ifindex,
		.daddr = ip6->daddr,
		.saddr = ip6->saddr,
		.flowlabel = ip6_flowinfo(ip6),
		.flowi6_mark = skb->mark,
		.flowi6_proto = ip6->nexthdr,
	};
	struct dst_entry *dst;

	dst = ip6_route_input_lookup(dev_net(skb->dev), skb->dev, &fl6, skb,
				     RT6_LOOKUP_F_HAS_SADDR);
	if (dst->error || !ftcp_route_is_local(dst)) {
		dst_release(dst);
		return NULL;
	}
	return dst;
}

/**
 * ftcp_input_route() - set the route of a datagram, if it is known
 * @session: its session, of a tunnel in mode routed
 * @skb: the datagram, its device and mark set
 *
 * Without a route the stack looks it up.
 *
 * Context: RCU, bottom halves disabled.
 */
void ftcp_input_route(struct ftcp_session *session, struct sk_buff *skb)
{
	struct dst_entry *dst = ftcp_route_kept(&session->inner_route);

	if (unlikely(!dst)) {
		if (READ_ONCE(session->forwarded) || netif_is_l3_slave(skb->dev))
			return;
		dst = skb->protocol == htons(ETH_P_IP) ? find_v4(skb) :
							 find_v6(skb);
		if (!dst) {
			WRITE_ONCE(session->forwarded, true);
			return;
		}
		ftcp_session_keep_route(session, &session->inner_route, dst);
	}
	skb_dst_set_noref(skb, dst);
	/* it may wait for another CPU, see RPS */
	skb_dst_force(skb);
}
