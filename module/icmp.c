// SPDX-License-Identifier: GPL-2.0
/*
 * ICMP errors to the application and from the network.
 *
 * Errors about a segment are passed on to the sender of the datagram in terms
 * of the datagram.  The network's errors find no TCP socket on this host, so
 * they are processed here.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/dst.h>
#include <net/icmp.h>
#include <net/sock.h>
#include <net/xfrm.h>

#include "core/policy.h"
#include "datapath.h"
#include "flow.h"
#include "gso.h"
#include "icmp.h"
#include "packet.h"
#include "route.h"
#include "table.h"

/* As when the stack itself finds a datagram too large: EMSGSIZE, in the error
 * queue if the socket has one.
 */
static void tell_socket(struct sock *sk, struct sk_buff *skb, u32 mtu)
{
	/* a packet socket, for example, lacks the fields written below */
	if ((sk->sk_family != AF_INET && sk->sk_family != AF_INET6) ||
	    sk->sk_protocol != IPPROTO_UDP)
		return;
#if IS_ENABLED(CONFIG_XFRM)
	xfrm_local_error(skb, mtu);
#endif
	if (sk->sk_state == TCP_ESTABLISHED) {
		sk->sk_err = EMSGSIZE;
		sk_error_report(sk);
	}
}

/**
 * ftcp_icmp_too_big() - tell a sender that its datagram is too large
 * @skb: the datagram, its data at the network header
 * @mtu: largest IP packet that would pass, in bytes
 *
 * Sends no ICMP error to this host itself.  If the datagram was routed into the
 * link, the stack would look up the route by address alone, find that of the
 * segments rather than the one that a rule for ports gave the datagram, and
 * lower the path MTU of the segments, more with each error.  If it was sent to
 * an address of this host, the path MTU of that address, for example loopback,
 * would be lowered for everybody.
 */
void ftcp_icmp_too_big(struct sk_buff *skb, u32 mtu)
{
	if (!skb->skb_iif || skb->skb_iif == LOOPBACK_IFINDEX) {
		if (skb->sk && sk_fullsock(skb->sk))
			tell_socket(skb->sk, skb, mtu);
		return;
	}
	if (skb->protocol == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
			      htonl(mtu));
	else
		icmpv6_ndo_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
}

/**
 * ftcp_icmp_packet_too_big() - tell a sender that its packet is too large
 * @skb: any IP packet, its data at the network header
 * @mtu: largest that would pass, in bytes
 *
 * For what is routed into the link by its address alone: who sent it here finds the
 * same route again.
 */
void ftcp_icmp_packet_too_big(struct sk_buff *skb, u32 mtu)
{
	skb_dst_update_pmtu_no_confirm(skb, mtu);
	if (skb->protocol == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
			      htonl(mtu));
	else
		icmpv6_ndo_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
}

/**
 * ftcp_icmp_tell() - tell a sender that its datagram gets nowhere
 * @skb: the datagram, its data at the network header
 * @what: that the host is not reached, or, as a closed UDP port would have
 *	answered, that nobody listens there; or nothing
 */
void ftcp_icmp_tell(struct sk_buff *skb, enum ftcp_tell what)
{
	bool port = what == FTCP_TELL_PORT;

	if (what == FTCP_TELL_NOTHING)
		return;
	if (skb->protocol == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH,
			      port ? ICMP_PORT_UNREACH : ICMP_HOST_UNREACH, 0);
	else if (skb->protocol == htons(ETH_P_IPV6))
		icmpv6_ndo_send(skb, ICMPV6_DEST_UNREACH,
				port ? ICMPV6_PORT_UNREACH :
				       ICMPV6_ADDR_UNREACH,
				0);
}

/* Make a datagram of the conversation for an error to quote: its headers
 * suffice to find the sender.
 */
static struct sk_buff *make_datagram(const struct ftcp_session *session)
{
	struct ftcp_tunnel *tunnel = session->tunnel;
	struct ftcp_pair pair = session->key.pair;
	struct sk_buff *skb;
	struct dst_entry *dst;

	dst = ftcp_route(tunnel->mode->proxy ? tunnel->inner_net :
					       dev_net(tunnel->link->dev),
			 &pair, IPPROTO_UDP, 0);
	if (!dst)
		return NULL;
	skb = alloc_skb(LL_MAX_HEADER + sizeof(struct ipv6hdr) +
				sizeof(struct udphdr), GFP_ATOMIC);
	if (!skb) {
		dst_release(dst);
		return NULL;
	}
	skb_reserve(skb, LL_MAX_HEADER + sizeof(struct ipv6hdr));
	*(struct udphdr *)skb_put(skb, sizeof(struct udphdr)) = (struct udphdr){
		.source = pair.local.port,
		.dest = pair.remote.port,
		.len = htons(sizeof(struct udphdr)),
	};
	ftcp_gso_write_ip(skb, &pair.local, &pair.remote, IPPROTO_UDP, 0,
			  FTCP_TTL);
	if (pair.local.family == AF_INET)
		ip_send_check(ip_hdr(skb));
	skb_dst_set(skb, dst);
	skb->dev = dst->dev;
	return skb;
}

/**
 * ftcp_icmp_lost() - tell an application that its conversation was lost
 * @session: a session that this end dialled
 * @what: as if it had sent another datagram; or nothing
 *
 * Context: any but hard interrupts; the session's lock is not held.
 */
void ftcp_icmp_lost(const struct ftcp_session *session, enum ftcp_tell what)
{
	struct sk_buff *skb;

	if (what == FTCP_TELL_NOTHING || session->tunnel->mode->packets)
		return;
	local_bh_disable();
	skb = make_datagram(session);
	if (skb) {
		ftcp_icmp_tell(skb, what);
		consume_skb(skb);
	}
	local_bh_enable();
}

/* Find the flow that an ICMP error quotes a segment of.  Its ports and sequence
 * number are the first 8 bytes after the quoted IP header, at @offset.  If that
 * segment is not in flight, the error is forged or late, and counted.
 */
static struct ftcp_flow *quoted_flow(struct ftcp_net *fn,
				     const struct sk_buff *skb,
				     unsigned int offset,
				     struct ftcp_pair *pair)
{
	struct ftcp_flow *flow;
	__be32 words[2], *w;

	w = skb_header_pointer(skb, offset, sizeof(words), words);
	if (!w)
		return NULL;
	pair->local.port = htons(ntohl(w[0]) >> 16);
	pair->remote.port = htons(ntohl(w[0]) & 0xffff);
	flow = ftcp_flow_by_outer(fn, pair);
	if (!flow || ftcp_quote_in_flight(&flow->conn, ntohl(w[1])))
		return flow;
	ftcp_drop_count(flow->session->tunnel, FTCP_DROP_ICMP);
	return NULL;
}

/* The target refuses the datagrams of a flow.  @offset is that of the quoted
 * UDP header, @pair its addresses.  UDP has no sequence number to guess, but a
 * target answers from its own address to the quoted source.  That cannot be
 * forged from afar if it is a loopback or private address; if it is public, the
 * port of an active flow has to be guessed.
 */
static void target_unreachable(struct ftcp_net *fn, const struct sk_buff *skb,
			       unsigned int offset, struct ftcp_pair *pair,
			       bool direct)
{
	struct ftcp_inner_key key = { };
	struct ftcp_session *session;
	struct ftcp_tunnel *tunnel;
	struct ftcp_flow *flow;
	__be16 ports[2], *p;

	p = skb_header_pointer(skb, offset, sizeof(ports), ports);
	if (!p || !ftcp_packet_vrf_ok(fn->net, skb, IPPROTO_UDP))
		return;
	key.pair.local = pair->remote;
	key.pair.local.port = p[1];
	key.pair.remote = pair->local;
	key.pair.remote.port = p[0];
	session = ftcp_session_by_inner(fn, &key);
	flow = session ? rcu_dereference(session->active) : NULL;
	if (!flow || !session->tunnel->target.port)
		return;
	tunnel = session->tunnel;
	if (!direct || !ftcp_target_refusal(&flow->conn, ftcp_now()))
		ftcp_drop_count(tunnel, FTCP_DROP_ICMP);
	else if (READ_ONCE(tunnel->config.unreachable) ==
		 FTCP_UNREACHABLE_CLOSE)
		ftcp_flow_kill(flow, FTCP_EV_CLOSED, FTCP_REASON_UNREACHABLE);
}

/* A router says that a segment of a flow is too large.  @offset is that of the
 * quoted IP header.  Use the flow's route: looking it up by the quoted header
 * would miss it if there are rules for marks.
 */
static void segment_too_big(struct ftcp_flow *flow, struct sk_buff *skb,
			    unsigned int offset, u32 mtu)
{
	struct dst_entry *dst = ftcp_route_kept(&flow->outer_route) ?:
				ftcp_flow_find_route(flow);
	struct sk_buff *clone;

	if (!dst)
		return;
	clone = skb_clone(skb, GFP_ATOMIC);
	if (!clone)
		return;
	if (pskb_pull(clone, offset) &&
	    pskb_may_pull(clone, ftcp_ip_hlen(flow->outer.local.family))) {
		/* IPv4 looks up the next hop again by these */
		skb_reset_network_header(clone);
		clone->dev = dst->dev;
		clone->mark = READ_ONCE(flow->session->tunnel->config.fwmark);
		skb_dst_drop(clone);
		skb_dst_set_noref(clone, dst);
		skb_dst_update_pmtu_no_confirm(clone, mtu);
	}
	consume_skb(clone);
}

static void receive_v4(struct ftcp_net *fn, struct sk_buff *skb, bool forwarded)
{
	unsigned int hlen = ip_hdrlen(skb), offset = hlen, behind;
	struct icmphdr _icmph, *icmph;
	struct ftcp_pair pair = { };
	struct iphdr _iph, *iph;
	struct ftcp_flow *flow;

	icmph = skb_header_pointer(skb, hlen, sizeof(_icmph), &_icmph);
	if (!icmph || icmph->type != ICMP_DEST_UNREACH ||
	    (icmph->code != ICMP_FRAG_NEEDED &&
	     icmph->code != ICMP_PORT_UNREACH) ||
	    nf_ip_checksum(skb, NF_INET_LOCAL_IN, hlen, IPPROTO_ICMP))
		return;
	offset += sizeof(*icmph);
	iph = skb_header_pointer(skb, offset, sizeof(_iph), &_iph);
	if (!iph || iph->version != 4 || iph->ihl < 5)
		return;
	ftcp_end_set_v4(&pair.local, iph->saddr, 0);
	ftcp_end_set_v4(&pair.remote, iph->daddr, 0);
	behind = offset + iph->ihl * 4;
	if (!forwarded && icmph->code == ICMP_PORT_UNREACH &&
	    iph->protocol == IPPROTO_UDP)
		target_unreachable(fn, skb, behind, &pair,
				   ip_hdr(skb)->saddr == iph->daddr &&
				   ip_hdr(skb)->daddr == iph->saddr);
	if (icmph->code != ICMP_FRAG_NEEDED || iph->protocol != IPPROTO_TCP ||
	    !ftcp_packet_vrf_ok(fn->net, skb, IPPROTO_TCP))
		return;
	if (READ_ONCE(fn->net->ipv4.sysctl_ip_no_pmtu_disc) == 2)
		return;		/* the user trusts none */
	flow = quoted_flow(fn, skb, behind, &pair);
	if (flow)
		segment_too_big(flow, skb, offset, ntohs(icmph->un.frag.mtu));
}

static void receive_v6(struct ftcp_net *fn, struct sk_buff *skb, bool forwarded)
{
	unsigned int hlen = sizeof(struct ipv6hdr), offset = hlen, behind;
	struct icmp6hdr _icmp6h, *icmp6h;
	struct ipv6hdr _ip6, *ip6;
	struct ftcp_pair pair = { };
	struct ftcp_flow *flow;
	bool too_big;

	icmp6h = skb_header_pointer(skb, hlen, sizeof(_icmp6h), &_icmp6h);
	if (!icmp6h)
		return;
	too_big = icmp6h->icmp6_type == ICMPV6_PKT_TOOBIG;
	if ((!too_big && (icmp6h->icmp6_type != ICMPV6_DEST_UNREACH ||
			  icmp6h->icmp6_code != ICMPV6_PORT_UNREACH)) ||
	    nf_ip6_checksum(skb, NF_INET_LOCAL_IN, hlen, IPPROTO_ICMPV6))
		return;
	offset += sizeof(*icmp6h);
	ip6 = skb_header_pointer(skb, offset, sizeof(_ip6), &_ip6);
	if (!ip6 || ip6->version != 6)
		return;
	ftcp_end_set_v6(&pair.local, &ip6->saddr, 0);
	ftcp_end_set_v6(&pair.remote, &ip6->daddr, 0);
	behind = offset + sizeof(*ip6);
	if (!forwarded && !too_big && ip6->nexthdr == IPPROTO_UDP)
		target_unreachable(fn, skb, behind, &pair,
				   ipv6_addr_equal(&ipv6_hdr(skb)->saddr,
						   &ip6->daddr) &&
				   ipv6_addr_equal(&ipv6_hdr(skb)->daddr,
						   &ip6->saddr));
	if (!too_big || ip6->nexthdr != IPPROTO_TCP ||
	    !ftcp_packet_vrf_ok(fn->net, skb, IPPROTO_TCP))
		return;
	flow = quoted_flow(fn, skb, behind, &pair);
	if (flow)
		segment_too_big(flow, skb, offset, ntohl(icmp6h->icmp6_mtu));
}

/**
 * ftcp_icmp_receive() - process an ICMP message
 * @fn: network namespace
 * @skb: the message; the caller keeps it and passes it on
 * @forwarded: it is for a host behind this one, whose address flows may use
 *
 * A smaller path MTU for a segment is set for the route, so that datagrams
 * which are too large cause ICMP errors.  If the target is gone, the flow is
 * reset, if the user wants that.
 */
void ftcp_icmp_receive(struct ftcp_net *fn, struct sk_buff *skb, bool forwarded)
{
	if (skb->protocol == htons(ETH_P_IP))
		receive_v4(fn, skb, forwarded);
	else
		receive_v6(fn, skb, forwarded);
}
