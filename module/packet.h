/* SPDX-License-Identifier: GPL-2.0 */
/* Reading a packet's headers: nothing is believed before it is checked. */
#ifndef FTCP_PACKET_H
#define FTCP_PACKET_H

#include <linux/skbuff.h>

#include "addr.h"

/* The protocol that the IP header names; for IPv6 perhaps an extension header. */
static inline u8 ftcp_packet_protocol(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IP) ? ip_hdr(skb)->protocol :
						  ipv6_hdr(skb)->nexthdr;
}

bool ftcp_packet_read(struct sk_buff *skb, u8 protocol, unsigned int l4_hlen,
		      struct ftcp_end *src, struct ftcp_end *dst,
		      unsigned int *ip_hlen);
bool ftcp_packet_read_extended(const struct sk_buff *skb, struct ftcp_end *src,
			       struct ftcp_end *dst);
bool ftcp_packet_vrf_ok(const struct net *net, const struct sk_buff *skb,
			u8 protocol);
bool ftcp_packet_for_socket(const struct net *net, struct sk_buff *skb,
			    u8 protocol);
bool ftcp_packet_checksum_ok(struct sk_buff *skb, u8 protocol,
			     unsigned int ip_hlen);

#endif /* FTCP_PACKET_H */
