// SPDX-License-Identifier: GPL-2.0
/*
 * Joining: of the packets that leave together one is made, which is then sent like any
 * other.  Here that is a super-packet of payloads, datagrams or, in mode ip, whole
 * packets, of which gso.c makes one of segments.  The payloads are copied, see pages.c.
 */
#include <linux/skbuff.h>
#include <net/ip.h>

#include "datapath.h"
#include "gso.h"
#include "packet.h"
#include "pages.h"

/* All of them are charged to one socket, or to none: the new skb takes that over. */
static void take_charges(struct sk_buff *skb, struct sk_buff *list)
{
	unsigned int truesize = 0;
	struct sk_buff *one;

	if (!list->destructor)
		return;
	swap(skb->sk, list->sk);
	swap(skb->destructor, list->destructor);
	for (one = list; one; one = one->next) {
		truesize += one->truesize;
		one->destructor = NULL;
		one->sk = NULL;
	}
	skb->truesize = truesize;
}

/**
 * ftcp_join() - make one packet of several
 * @list: datagrams of a conversation, linked by ->next, that may be one packet, see
 *	append(); consumed
 *
 * Context: RCU, bottom halves disabled, no lock held.
 * Return: the packet; the only one as it is; NULL if there was no memory.
 */
struct sk_buff *ftcp_join(struct sk_buff *list)
{
	unsigned int hlen = ftcp_packet_hlen(list), linear, from, len = 0, n = 0;
	struct sk_buff *skb, *one;
	struct ftcp_place to;

	if (!list->next)
		return list;
	/* the IP header of the first whole packet says how all of them travel */
	linear = hlen ?: ftcp_ip_hlen(list->protocol == htons(ETH_P_IP) ?
					      AF_INET : AF_INET6);
	for (one = list; one; one = one->next)
		len += ftcp_packet_len(one);
	skb = ftcp_pages_skb(list, hlen ? hlen - sizeof(struct udphdr) : linear,
			     linear, hlen + len - linear);
	if (!skb)
		goto failed;
	to = ftcp_pages_begin(skb);
	if (skb_copy_bits(list, 0, skb->data, linear))
		goto failed;
	for (one = list; one; one = one->next, n++) {
		from = n ? ftcp_packet_hlen(one) : linear;
		if (!ftcp_pages_copy(&to, one, from, one->len - from, NULL))
			goto failed;
	}
	skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
	skb_shinfo(skb)->gso_size = ftcp_packet_len(list);
	skb_shinfo(skb)->gso_segs = n;
	take_charges(skb, list);
	skb_list_walk_safe(list, one, list)
		consume_skb(one);
	return skb;
failed:	/* no memory: there is nothing else */
	kfree_skb(skb);
	kfree_skb_list(list);
	return NULL;
}
