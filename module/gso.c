// SPDX-License-Identifier: GPL-2.0
/*
 * Rewriting UDP to TCP and back, in place.
 *
 * Besides the files that make new skbs (join.c, super.c) the only one that changes headers,
 * checksums and offload state.  The payload is neither moved nor read: its checksum is left to the
 * device (CHECKSUM_PARTIAL), and a super-packet keeps its gso_size, so that
 * whoever splits it makes one segment of each datagram.
 *
 * An skb that is not fit for that (ftcp_gso_udp_whole(), ftcp_gso_tcp_whole())
 * is split into single datagrams first.
 */
#include <linux/netdevice.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>
#include <net/udp.h>

#include "compat/compat.h"
#include "gso.h"

static bool whole(const struct sk_buff *skb, unsigned int types)
{
	const struct skb_shared_info *sh = skb_shinfo(skb);

	if (!skb_is_gso(skb))
		return true;
	return !(sh->gso_type & ~types) && sh->gso_size != GSO_BY_FRAGS &&
	       !skb->encapsulation && skb->len <= FTCP_GSO_LEN_MAX;
}

/**
 * ftcp_gso_udp_whole() - whether a UDP skb can be converted as it is
 * @skb: one datagram, or a super-packet
 */
bool ftcp_gso_udp_whole(const struct sk_buff *skb)
{
	if (skb_is_gso(skb) && skb_shinfo(skb)->gso_size < FTCP_GSO_SIZE_MIN)
		return false;
	return whole(skb, SKB_GSO_UDP_L4 | SKB_GSO_DODGY);
}

/**
 * ftcp_gso_tcp_whole() - whether a TCP skb can be converted as it is
 * @skb: one segment, or a super-packet
 */
bool ftcp_gso_tcp_whole(const struct sk_buff *skb)
{
	return whole(skb, SKB_GSO_TCPV4 | SKB_GSO_TCPV6 | SKB_GSO_TCP_ECN |
				  SKB_GSO_TCP_FIXEDID | SKB_GSO_DODGY);
}

static struct sk_buff *split(struct sk_buff *skb, netdev_features_t features)
{
	struct sk_buff *segs = skb_gso_segment(skb, features);

	if (IS_ERR_OR_NULL(segs)) {
		kfree_skb(skb);
		return NULL;
	}
	consume_skb(skb);
	return segs;
}

/**
 * ftcp_gso_split() - split a super-packet into single packets
 * @skb: the super-packet, its data at the network header; consumed
 *
 * Return: a list linked by ->next, or NULL if there was no memory or nothing
 * sound in it.
 */
struct sk_buff *ftcp_gso_split(struct sk_buff *skb)
{
	return split(skb, NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_HIGHDMA);
}

/**
 * ftcp_gso_cut() - cut an inner super-packet, with the checksums of each packet
 * @skb: any super-packet, its data at the network header; consumed
 *
 * Return: as ftcp_gso_split().
 */
struct sk_buff *ftcp_gso_cut(struct sk_buff *skb)
{
	return split(skb, NETIF_F_SG | NETIF_F_HIGHDMA);
}

/**
 * ftcp_gso_make_room() - have the headers writable, and room for longer ones
 * @skb: the packet, its data at the network header
 * @old: length of the headers that go
 * @new: length of those that come, link layer included
 *
 * Return: 0 or -ENOMEM.
 */
int ftcp_gso_make_room(struct sk_buff *skb, unsigned int old, unsigned int new)
{
	return skb_cow_head(skb, new > old ? new - old : 0);
}

/**
 * ftcp_gso_write_ip() - put an IP header before the transport header
 * @skb: the packet, its data at the transport header
 * @src: source, only the address is used
 * @dst: destination, only the address is used
 * @protocol: IPPROTO_TCP or IPPROTO_UDP
 * @tos: DSCP and ECN
 * @ttl: TTL or hop limit
 *
 * An IPv4 header's checksum is left to ip_local_out(), which makes it in any case;
 * what does not go there needs ip_send_check().
 */
void ftcp_gso_write_ip(struct sk_buff *skb, const struct ftcp_end *src,
		       const struct ftcp_end *dst, u8 protocol, u8 tos, u8 ttl)
{
	unsigned int len = skb->len;

	skb_reset_transport_header(skb);
	__skb_push(skb, ftcp_ip_hlen(src->family));
	skb_reset_network_header(skb);
	skb_reset_mac_header(skb);
	skb->mac_len = 0;

	if (src->family == AF_INET) {
		struct iphdr *iph = ip_hdr(skb);

		/* An unfragmentable packet needs no identification
		 * (RFC 6864, section 4.1).
		 */
		*iph = (struct iphdr){
			.version = 4,
			.ihl = sizeof(*iph) / 4,
			.tos = tos,
			.tot_len = htons(skb->len),
			.frag_off = htons(IP_DF),
			.ttl = ttl,
			.protocol = protocol,
			.saddr = ftcp_end_v4(src),
			.daddr = ftcp_end_v4(dst),
		};
		skb->protocol = htons(ETH_P_IP);
	} else {
		struct ipv6hdr *ip6 = ipv6_hdr(skb);

		*ip6 = (struct ipv6hdr){
			.payload_len = htons(len),
			.nexthdr = protocol,
			.hop_limit = ttl,
			.saddr = src->addr,
			.daddr = dst->addr,
		};
		ip6_flow_hdr(ip6, tos, 0);
		skb->protocol = htons(ETH_P_IPV6);
	}
}

/**
 * ftcp_gso_allow_fragments() - have an IPv4 packet fragmented on its way
 * @net: network namespace
 * @skb: a datagram or segment, its data at the network header
 *
 * For a datagram that is larger than the path to application or target: its
 * sender would not hear of an ICMP error, and a proxy's socket lets IP cut it.
 * And for segments, if the user wants it so.  Does nothing to IPv6, and nothing to
 * the header's checksum, which ip_local_out() makes.
 */
void ftcp_gso_allow_fragments(struct net *net, struct sk_buff *skb)
{
	struct iphdr *iph = ip_hdr(skb);

	if (skb->protocol != htons(ETH_P_IP))
		return;
	iph->frag_off = 0;
	__ip_select_ident(net, iph,
			  max_t(int, skb_shinfo(skb)->gso_segs, 1));
}

/**
 * ftcp_gso_label() - have a packet carry the flow label of its connection
 * @net: network namespace
 * @skb: a datagram or segment, its data at the network header, its ports behind that
 *
 * As the host's own sockets do it, and as the user has told those: routers that choose
 * one of several ways by it (RFC 6437) keep a connection on one, so it is made of the
 * outer ends, whatever was known of what is inside.  Does nothing to IPv4.
 */
void ftcp_gso_label(struct net *net, struct sk_buff *skb)
{
	struct ipv6hdr *ip6 = ipv6_hdr(skb);
	const __be16 *ports = (const __be16 *)skb_transport_header(skb);
	struct flowi6 fl6;

	if (skb->protocol != htons(ETH_P_IPV6))
		return;
	fl6 = (struct flowi6){
		.flowi6_proto = ip6->nexthdr,
		.saddr = ip6->saddr,
		.daddr = ip6->daddr,
		.fl6_sport = ports[0],
		.fl6_dport = ports[1],
	};
	skb_clear_hash(skb);
	ip6_flow_hdr(ip6, ipv6_get_dsfield(ip6),
		     ip6_make_flowlabel(net, skb, 0,
					ip6_default_np_autolabel(net), &fl6));
}

/* Leave the checksum, @offset bytes behind the transport header, to the device. */
static __always_inline void partial(struct sk_buff *skb,
				    const struct ftcp_end *src,
				    const struct ftcp_end *dst, u8 protocol,
				    unsigned int offset)
{
	unsigned int len = skb->len - skb_transport_offset(skb);
	__sum16 *check = (__sum16 *)(skb_transport_header(skb) + offset);

	if (src->family == AF_INET)
		*check = ~csum_tcpudp_magic(ftcp_end_v4(src), ftcp_end_v4(dst),
					    len, protocol, 0);
	else
		*check = ~csum_ipv6_magic(&src->addr, &dst->addr, len, protocol,
					  0);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_headroom(skb) + skb_transport_offset(skb);
	skb->csum_offset = offset;
}

/**
 * ftcp_gso_partial_tcp() - leave the checksum of a segment to the device
 * @skb: the packet, its data at the network header
 * @src: source
 * @dst: destination
 */
void ftcp_gso_partial_tcp(struct sk_buff *skb, const struct ftcp_end *src,
			  const struct ftcp_end *dst)
{
	partial(skb, src, dst, IPPROTO_TCP, offsetof(struct tcphdr, check));
}

static void set_gso_type(struct sk_buff *skb, unsigned int type, u32 len)
{
	struct skb_shared_info *sh = skb_shinfo(skb);

	if (!skb_is_gso(skb))
		return;
	if (len <= sh->gso_size) {
		/* one datagram only: no longer a super-packet */
		skb_gso_reset(skb);
		return;
	}
	sh->gso_type = type | (sh->gso_type & SKB_GSO_DODGY);
	sh->gso_segs = DIV_ROUND_UP(len, sh->gso_size);
}

/**
 * ftcp_gso_udp_to_tcp() - make a segment of a datagram
 * @skb: IP and UDP header and payload, all headers writable, with room as by
 *	ftcp_gso_make_room()
 * @hlen: length of IP and UDP header together
 * @outer: ends of the flow
 * @data: the flow's contribution to the header
 * @ttl: TTL or hop limit
 *
 * A super-packet becomes a super-packet.
 */
void ftcp_gso_udp_to_tcp(struct sk_buff *skb, unsigned int hlen,
			 const struct ftcp_pair *outer,
			 const struct ftcp_data *data, u8 ttl)
{
	u8 tos = ftcp_gso_tos(skb);

	__skb_pull(skb, hlen);
	set_gso_type(skb, outer->local.family == AF_INET ? SKB_GSO_TCPV4 :
							   SKB_GSO_TCPV6,
		     skb->len);
	ftcp_header_write(__skb_push(skb, FTCP_HLEN), ntohs(outer->local.port),
			  ntohs(outer->remote.port), data->seq, data->ack,
			  data->flags, FTCP_WINDOW);
	ftcp_gso_write_ip(skb, &outer->local, &outer->remote, IPPROTO_TCP, tos,
			  ttl);
	ftcp_gso_partial_tcp(skb, &outer->local, &outer->remote);
	skb->encapsulation = 0;
}

/**
 * ftcp_gso_tcp_to_udp() - make a datagram of a segment
 * @skb: IP and TCP header and payload, all headers writable
 * @hlen: length of IP and TCP header together
 * @src: source of the datagram
 * @dst: destination of the datagram
 * @ttl: TTL or hop limit
 *
 * A super-packet becomes a super-packet.  The checksum, if it had not been
 * verified by the device, was by the caller; it is made anew because the old
 * one, whatever its state, covered other headers.
 */
void ftcp_gso_tcp_to_udp(struct sk_buff *skb, unsigned int hlen,
			 const struct ftcp_end *src,
			 const struct ftcp_end *dst, u8 ttl)
{
	u8 tos = ftcp_gso_tos(skb);
	struct udphdr *uh;

	__skb_pull(skb, hlen);
	set_gso_type(skb, SKB_GSO_UDP_L4, skb->len);
	uh = __skb_push(skb, sizeof(*uh));
	*uh = (struct udphdr){
		.source = src->port,
		.dest = dst->port,
		.len = htons(skb->len),
	};
	ftcp_gso_write_ip(skb, src, dst, IPPROTO_UDP, tos, ttl);
	if (src->family == AF_INET)
		ip_send_check(ip_hdr(skb));
	partial(skb, src, dst, IPPROTO_UDP, offsetof(struct udphdr, check));
	skb->encapsulation = 0;
}
