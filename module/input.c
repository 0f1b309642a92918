// SPDX-License-Identifier: GPL-2.0
/*
 * Routes of datagrams that a link receives for this host.
 *
 * All datagrams of a flow have the same two addresses, so those for this host
 * need one look-up, not one each; rules that match ports, as `ftcpctl add rules'
 * makes them, have the stack dissect a packet for each.  TCP does the same for
 * a connected socket (sk_rx_dst), and under the same condition: only what is
 * addressed to this host, since of what is forwarded a filter in PREROUTING may
 * change the route by a mark.  One that changes the address has the stack look
 * again anyway.
 */
#include <linux/netdevice.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "flow.h"
#include "input.h"
#include "tunnel.h"

static struct dst_entry *find_v4(struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	struct dst_entry *dst;

	if (ip_route_input_noref(skb, iph->daddr, iph->saddr, iph->tos,
				 skb->dev))
		return NULL;
	dst = skb_dst(skb);
	if (!(skb_rtable(skb)->rt_flags & RTCF_LOCAL) || !dst_hold_safe(dst))
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
	if (dst->error ||
	    !(container_of(dst, struct rt6_info, dst)->rt6i_flags & RTF_LOCAL)) {
		dst_release(dst);
		return NULL;
	}
	return dst;
}

/**
 * ftcp_input_route() - give a datagram its route, if that is known
 * @flow: its flow, of a tunnel of mode routed
 * @skb: the datagram, its device and mark set
 *
 * Without a route the stack looks for one.
 *
 * Context: RCU, bottom halves disabled.
 */
void ftcp_input_route(struct ftcp_flow *flow, struct sk_buff *skb)
{
	struct dst_entry *dst = ftcp_flow_cached(&flow->inner_route);

	if (unlikely(!dst)) {
		if (READ_ONCE(flow->forwarded) || netif_is_l3_slave(skb->dev))
			return;
		dst = skb->protocol == htons(ETH_P_IP) ? find_v4(skb) :
							 find_v6(skb);
		if (!dst) {
			WRITE_ONCE(flow->forwarded, true);
			return;
		}
		if (!ftcp_flow_keep_route(flow, &flow->inner_route, dst))
			return;
	}
	skb_dst_set_noref(skb, dst);
}
