/* SPDX-License-Identifier: GPL-2.0 */
/* Rewriting UDP to TCP and back, in place. */
#ifndef FTCP_GSO_H
#define FTCP_GSO_H

#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "addr.h"
#include "core/policy.h"

/* What an skb may have, and still be IP behind the largest header we write. */
#define FTCP_GSO_LEN_MAX (IP_MAX_MTU - sizeof(struct ipv6hdr) - FTCP_HLEN)

/* Length of an IP header as this module writes it, without options. */
static inline unsigned int ftcp_ip_hlen(u16 family)
{
	return family == AF_INET ? sizeof(struct iphdr) :
				   sizeof(struct ipv6hdr);
}

/* DSCP and ECN, which go over unchanged in both directions, as through a NAT. */
static inline u8 ftcp_gso_tos(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IP) ?
		       ip_hdr(skb)->tos : ipv6_get_dsfield(ipv6_hdr(skb));
}

/* What is left of the way that a packet may take. */
static inline u8 ftcp_gso_ttl(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IP) ? ip_hdr(skb)->ttl :
						  ipv6_hdr(skb)->hop_limit;
}

/* Number of datagrams in an skb whose payload is @len bytes. */
static inline u32 ftcp_gso_count(const struct sk_buff *skb, u32 len)
{
	return skb_is_gso(skb) ? DIV_ROUND_UP(len, skb_shinfo(skb)->gso_size) :
				 1;
}

bool ftcp_gso_udp_whole(const struct sk_buff *skb);
bool ftcp_gso_tcp_whole(const struct sk_buff *skb);
struct sk_buff *ftcp_gso_split(struct sk_buff *skb);
struct sk_buff *ftcp_gso_cut(struct sk_buff *skb);

int ftcp_gso_make_room(struct sk_buff *skb, unsigned int old, unsigned int new);
void ftcp_gso_udp_to_tcp(struct sk_buff *skb, unsigned int hlen,
			 const struct ftcp_pair *outer,
			 const struct ftcp_data *data, u8 ttl);
void ftcp_gso_tcp_to_udp(struct sk_buff *skb, unsigned int hlen,
			 const struct ftcp_end *src,
			 const struct ftcp_end *dst, u8 ttl);
void ftcp_gso_write_ip(struct sk_buff *skb, const struct ftcp_end *src,
		       const struct ftcp_end *dst, u8 protocol, u8 tos, u8 ttl);
void ftcp_gso_allow_fragments(struct net *net, struct sk_buff *skb);
void ftcp_gso_label(struct net *net, struct sk_buff *skb);
void ftcp_gso_partial_tcp(struct sk_buff *skb, const struct ftcp_end *src,
			  const struct ftcp_end *dst);

#endif /* FTCP_GSO_H */
