// SPDX-License-Identifier: GPL-2.0
/* Read the headers of packets; nothing is trusted before it is checked. */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/xfrm.h>

#include "packet.h"

/* UDP and TCP both begin with source and destination port. */
static bool read_ports(struct sk_buff *skb, unsigned int offset,
		       struct ftcp_end *src, struct ftcp_end *dst)
{
	const __be16 *ports = (const __be16 *)(skb->data + offset);

	src->port = ports[0];
	dst->port = ports[1];
	return ports[0] && ports[1];
}

static bool read_v4(struct sk_buff *skb, u8 protocol, unsigned int l4_hlen,
		    struct ftcp_end *src, struct ftcp_end *dst,
		    unsigned int *ip_hlen)
{
	const struct iphdr *iph;
	unsigned int hlen;

	if (!pskb_may_pull(skb, sizeof(*iph)))
		return false;
	iph = ip_hdr(skb);
	hlen = iph->ihl * 4;
	if (iph->version != 4 || hlen < sizeof(*iph) ||
	    iph->protocol != protocol || ip_is_fragment(iph) ||
	    !pskb_may_pull(skb, hlen + l4_hlen))
		return false;
	iph = ip_hdr(skb);
	ftcp_end_set_v4(src, iph->saddr, 0);
	ftcp_end_set_v4(dst, iph->daddr, 0);
	*ip_hlen = hlen;
	return read_ports(skb, hlen, src, dst);
}

static bool read_v6(struct sk_buff *skb, u8 protocol, unsigned int l4_hlen,
		    struct ftcp_end *src, struct ftcp_end *dst,
		    unsigned int *ip_hlen)
{
	const struct ipv6hdr *ip6;

	if (!pskb_may_pull(skb, sizeof(*ip6) + l4_hlen))
		return false;
	ip6 = ipv6_hdr(skb);
	/* Treat an extension header like another protocol: the other end sends
	 * none.  See ftcp_packet_read_extended().
	 */
	if (ip6->version != 6 || ip6->nexthdr != protocol)
		return false;
	ftcp_end_set_v6(src, &ip6->saddr, 0);
	ftcp_end_set_v6(dst, &ip6->daddr, 0);
	*ip_hlen = sizeof(*ip6);
	return read_ports(skb, sizeof(*ip6), src, dst);
}

/**
 * ftcp_packet_read() - get the ends of a packet
 * @skb: the packet, its data at the network header
 * @protocol: IPPROTO_UDP or IPPROTO_TCP; other packets are not for us
 * @l4_hlen: bytes of the transport header that the caller wants to read
 * @src: its source
 * @dst: its destination
 * @ip_hlen: length of its IP header
 *
 * On success, the IP header and the next @l4_hlen bytes are linear.
 *
 * Return: whether it is a whole, unfragmented packet of @protocol.
 */
bool ftcp_packet_read(struct sk_buff *skb, u8 protocol, unsigned int l4_hlen,
		      struct ftcp_end *src, struct ftcp_end *dst,
		      unsigned int *ip_hlen)
{
	switch (skb->protocol) {
	case htons(ETH_P_IP):
		return read_v4(skb, protocol, l4_hlen, src, dst, ip_hlen);
	case htons(ETH_P_IPV6):
		return read_v6(skb, protocol, l4_hlen, src, dst, ip_hlen);
	default:
		return false;
	}
}

/**
 * ftcp_packet_read_addresses() - get the addresses of an IP packet
 * @skb: what the packet is in
 * @offset: where it begins, from the data
 * @len: how long it is at most
 * @src: its source, without a port
 * @dst: its destination, likewise
 *
 * Nothing is moved: skb_segment() relies on it that what GRO has merged is left as it
 * is.
 *
 * Return: whether it begins as a packet of IPv4 or IPv6 does.
 */
bool ftcp_packet_read_addresses(const struct sk_buff *skb, unsigned int offset,
				unsigned int len, struct ftcp_end *src,
				struct ftcp_end *dst)
{
	const struct ipv6hdr *ip6;
	const struct iphdr *iph;
	struct ipv6hdr _ip6;
	struct iphdr _iph;

	if (len < sizeof(_iph))
		return false;
	iph = skb_header_pointer(skb, offset, sizeof(_iph), &_iph);
	if (!iph)
		return false;
	if (iph->version == 4) {
		ftcp_end_set_v4(src, iph->saddr, 0);
		ftcp_end_set_v4(dst, iph->daddr, 0);
		return true;
	}
	if (iph->version != 6 || len < sizeof(_ip6))
		return false;
	ip6 = skb_header_pointer(skb, offset, sizeof(_ip6), &_ip6);
	if (!ip6)
		return false;
	ftcp_end_set_v6(src, &ip6->saddr, 0);
	ftcp_end_set_v6(dst, &ip6->daddr, 0);
	return true;
}

/**
 * ftcp_packet_whole() - check that an IP packet is as long as it says
 * @skb: one packet, its data at the network header; what is behind it is cut off
 *
 * Sets protocol and network header, and makes the latter linear.
 */
bool ftcp_packet_whole(struct sk_buff *skb)
{
	const struct iphdr *iph;
	unsigned int len, hlen;

	if (!pskb_may_pull(skb, sizeof(*iph)))
		return false;
	iph = (const struct iphdr *)skb->data;
	skb_reset_network_header(skb);
	if (iph->version == 4) {
		skb->protocol = htons(ETH_P_IP);
		len = ntohs(iph->tot_len);
		hlen = iph->ihl * 4;
		if (hlen < sizeof(*iph))
			return false;
	} else {
		skb->protocol = htons(ETH_P_IPV6);
		hlen = sizeof(struct ipv6hdr);
		if (iph->version != 6 || !pskb_may_pull(skb, hlen))
			return false;
		len = hlen + ntohs(ipv6_hdr(skb)->payload_len);
	}
	return len >= hlen && len <= skb->len && !pskb_trim_rcsum(skb, len);
}

/**
 * ftcp_packet_read_extended() - the same for IPv6 TCP with extension headers
 * @skb: the packet, its data at the network header
 * @src: its source
 * @dst: its destination
 *
 * Ignores packets that come here again after IPsec or a routing header.
 *
 * Return: whether it is a segment, or the first fragment of one.
 */
bool ftcp_packet_read_extended(const struct sk_buff *skb, struct ftcp_end *src,
			       struct ftcp_end *dst)
{
	int flags = IP6_FH_F_SKIP_RH;
	unsigned int offset = 0;
	unsigned short fragment;
	__be16 ports[2], *p;

	if (skb->protocol != htons(ETH_P_IPV6) ||
	    !ipv6_ext_hdr(ipv6_hdr(skb)->nexthdr) ||
	    ipv6_find_hdr(skb, &offset, NEXTHDR_ROUTING, NULL, &flags) >= 0)
		return false;
	flags = IP6_FH_F_AUTH;
	offset = 0;
	if (ipv6_find_hdr(skb, &offset, -1, &fragment, &flags) != IPPROTO_TCP ||
	    fragment)
		return false;
	p = skb_header_pointer(skb, offset, sizeof(ports), ports);
	if (!p)
		return false;
	ftcp_end_set_v6(src, &ipv6_hdr(skb)->saddr, p[0]);
	ftcp_end_set_v6(dst, &ipv6_hdr(skb)->daddr, p[1]);
	return true;
}

/**
 * ftcp_packet_vrf_ok() - check that a packet is not from a VRF
 * @net: network namespace
 * @skb: the packet, at LOCAL_IN or FORWARD
 * @protocol: IPPROTO_UDP or IPPROTO_TCP
 *
 * As for a socket that is bound to no device, the sysctl can allow it
 * (inet_bound_dev_eq()).  Tenants may use the same addresses.
 */
bool ftcp_packet_vrf_ok(const struct net *net, const struct sk_buff *skb,
			u8 protocol)
{
#if IS_ENABLED(CONFIG_NET_L3_MASTER_DEV)
	int sdif = skb->protocol == htons(ETH_P_IP) ? inet_sdif(skb) :
						      inet6_sdif(skb);

	if (unlikely(sdif))
		return protocol == IPPROTO_TCP ?
			       READ_ONCE(net->ipv4.sysctl_tcp_l3mdev_accept) :
			       READ_ONCE(net->ipv4.sysctl_udp_l3mdev_accept);
#endif
	return true;
}

static bool policy_ok(struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IP) ?
		       xfrm4_policy_check(NULL, XFRM_POLICY_IN, skb) :
		       xfrm6_policy_check(NULL, XFRM_POLICY_IN, skb);
}

/**
 * ftcp_packet_for_socket() - check whether a socket would get a packet
 * @net: network namespace
 * @skb: the packet, at LOCAL_IN
 * @protocol: IPPROTO_UDP or IPPROTO_TCP
 *
 * TCP and UDP check IPsec policies, the VRF and broadcast.  Packets taken
 * before they get there are checked here, and left to them if one fails.
 *
 * Context: RCU, the packet has its route.
 */
bool ftcp_packet_for_socket(const struct net *net, struct sk_buff *skb,
			    u8 protocol)
{
	return skb->pkt_type == PACKET_HOST &&
	       ftcp_packet_vrf_ok(net, skb, protocol) && policy_ok(skb);
}

/**
 * ftcp_packet_checksum_ok() - verify the transport checksum
 * @skb: the packet, its data at the network header
 * @protocol: IPPROTO_UDP or IPPROTO_TCP
 * @ip_hlen: length of its IP header
 *
 * Accepts packets that were never on a wire, or that the device or GRO
 * verified, without reading the payload; and datagrams without a checksum, over
 * IPv6, too, where they are those of a tunnel (RFC 6935).
 */
bool ftcp_packet_checksum_ok(struct sk_buff *skb, u8 protocol,
			     unsigned int ip_hlen)
{
	if (skb->ip_summed == CHECKSUM_PARTIAL ||
	    skb->ip_summed == CHECKSUM_UNNECESSARY || skb_is_gso(skb))
		return true;
	if (protocol == IPPROTO_UDP &&
	    !((struct udphdr *)(skb->data + ip_hlen))->check)
		return true;
	if (skb->protocol == htons(ETH_P_IP))
		return !nf_ip_checksum(skb, NF_INET_LOCAL_IN, ip_hlen,
				       protocol);
	return !nf_ip6_checksum(skb, NF_INET_LOCAL_IN, ip_hlen, protocol);
}
