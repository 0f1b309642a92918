// SPDX-License-Identifier: GPL-2.0
/*
 * Joining: of the packets that leave together one is made, which is then sent like any
 * other.  Here that is a super-packet of payloads, datagrams or, in mode ip, whole
 * packets, of which gso.c makes one of segments.  The payloads are copied, see pages.c.
 */
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/sock.h>

#include "datapath.h"
#include "gso.h"
#include "packet.h"
#include "pages.h"

/* All of them are charged to one socket, or to none: the new skb takes that over, and is
 * charged for what it is, if that is more.
 */
static void take_charges(struct sk_buff *skb, struct sk_buff *list)
{
	unsigned int charged = 0;
	struct sk_buff *one;

	if (!list->destructor)
		return;
	swap(skb->sk, list->sk);
	swap(skb->destructor, list->destructor);
	for (one = list; one; one = one->next) {
		charged += one->truesize;
		one->destructor = NULL;
		one->sk = NULL;
	}
	if (skb->truesize > charged)
		refcount_add(skb->truesize - charged, &skb->sk->sk_wmem_alloc);
	else
		skb->truesize = charged;
}

/* Copy the headers of the first, and the payloads of all. */
static bool copy_all(struct sk_buff *skb, const struct sk_buff *list,
		     unsigned int linear)
{
	struct ftcp_place to = ftcp_pages_begin(skb);
	unsigned int from = linear;
	const struct sk_buff *one;

	if (skb_copy_bits(list, 0, skb->data, linear))
		return false;
	for (one = list; one; one = one->next) {
		if (one != list)
			from = ftcp_packet_hlen(one);
		if (!ftcp_pages_copy(&to, one, from, one->len - from, NULL))
			return false;
	}
	return true;
}

/* It may have to be split into datagrams again, if it has to wait for a connection. */
static void write_udp(struct sk_buff *skb)
{
	unsigned int len = skb->len - skb_transport_offset(skb);
	struct udphdr *uh = udp_hdr(skb);

	uh->len = htons(len);
	if (skb->protocol == htons(ETH_P_IP))
		uh->check = ~csum_tcpudp_magic(ip_hdr(skb)->saddr,
					       ip_hdr(skb)->daddr, len,
					       IPPROTO_UDP, 0);
	else
		uh->check = ~csum_ipv6_magic(&ipv6_hdr(skb)->saddr,
					     &ipv6_hdr(skb)->daddr, len,
					     IPPROTO_UDP, 0);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct udphdr, check);
}

/**
 * ftcp_join() - make one packet of several
 * @list: datagrams of a conversation, linked by ->next, that may be one packet, see
 *	append(); consumed
 *
 * Context: RCU, bottom halves disabled, no lock held.
 * Return: the packet, or, without memory for it, the list as it was.
 */
struct sk_buff *ftcp_join(struct sk_buff *list)
{
	unsigned int hlen = ftcp_packet_hlen(list), linear, len = 0, n = 0;
	struct sk_buff *skb, *one;

	if (!list->next)
		return list;
	/* the IP header of the first whole packet says how all of them travel */
	linear = hlen ?: ftcp_ip_hlen(list->protocol == htons(ETH_P_IP) ?
					      AF_INET : AF_INET6);
	for (one = list; one; one = one->next, n++)
		len += ftcp_packet_len(one);
	skb = ftcp_pages_skb(list, hlen ? hlen - sizeof(struct udphdr) : linear,
			     linear, hlen + len - linear);
	if (!skb)
		return list;
	if (!copy_all(skb, list, linear)) {
		kfree_skb(skb);
		return list;
	}
	if (hlen)
		write_udp(skb);
	skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
	skb_shinfo(skb)->gso_size = ftcp_packet_len(list);
	skb_shinfo(skb)->gso_segs = n;
	take_charges(skb, list);
	skb_list_walk_safe(list, one, list)
		consume_skb(one);
	return skb;
}
