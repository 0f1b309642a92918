/* SPDX-License-Identifier: GPL-2.0 */
/* Read the headers of packets; nothing is trusted before it is checked. */
#ifndef FTCP_PACKET_H
#define FTCP_PACKET_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>

#include "addr.h"

/* In skb->cb of our packets, from when they were read and have passed all hooks
 * until they leave: ftcp_output_begin() clears it, or the IP layer that gets what
 * mode routed delivers.  skb_gso_segment(), which uses the end of skb->cb, gives
 * each packet a copy.
 */
struct ftcp_packet_cb {
	struct sk_buff *more;	/* in a batch only, see coalesce.c */
	u16 hlen;		/* of IP and transport header, in bytes */
};

static inline struct ftcp_packet_cb *ftcp_packet_cb(const struct sk_buff *skb)
{
	return (struct ftcp_packet_cb *)skb->cb;
}

static inline unsigned int ftcp_packet_hlen(const struct sk_buff *skb)
{
	return ftcp_packet_cb(skb)->hlen;
}

/* Payload of all its datagrams, in bytes */
static inline unsigned int ftcp_packet_len(const struct sk_buff *skb)
{
	return skb->len - ftcp_packet_hlen(skb);
}

/* The protocol in the IP header; for IPv6 it may be an extension header */
static inline u8 ftcp_packet_protocol(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IP) ? ip_hdr(skb)->protocol :
						  ipv6_hdr(skb)->nexthdr;
}

bool ftcp_packet_read(struct sk_buff *skb, u8 protocol, unsigned int l4_hlen,
		      struct ftcp_end *src, struct ftcp_end *dst,
		      unsigned int *ip_hlen);
bool ftcp_packet_read_addresses(const struct sk_buff *skb, unsigned int offset,
				unsigned int len, struct ftcp_end *src,
				struct ftcp_end *dst);
bool ftcp_packet_whole(struct sk_buff *skb);
bool ftcp_packet_read_extended(const struct sk_buff *skb, struct ftcp_end *src,
			       struct ftcp_end *dst);
bool ftcp_packet_vrf_ok(const struct net *net, const struct sk_buff *skb,
			u8 protocol);
bool ftcp_packet_for_socket(const struct net *net, struct sk_buff *skb,
			    u8 protocol);
bool ftcp_packet_checksum_ok(struct sk_buff *skb, u8 protocol,
			     unsigned int ip_hlen);

#endif /* FTCP_PACKET_H */
