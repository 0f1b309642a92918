// SPDX-License-Identifier: GPL-2.0
/*
 * Joining: of the packets that leave together one is made, which is then sent like any
 * other.  Here that is a super-packet of payloads, datagrams or, in mode ip, whole
 * packets, of which gso.c makes one of segments.
 */
#include <linux/skbuff.h>

#include "datapath.h"
#include "packet.h"

/**
 * ftcp_join() - make one packet of several
 * @list: datagrams of a conversation, linked by ->next, that may be one packet, see
 *	append(); consumed
 *
 * As GRO does it: the first one keeps its headers, the others hang on it, and nothing
 * is copied.
 *
 * Context: RCU, bottom halves disabled, no lock held.
 * Return: the packet; the only one as it is.
 */
struct sk_buff *ftcp_join(struct sk_buff *list)
{
	struct skb_shared_info *sh = skb_shinfo(list);
	unsigned int len = 0, truesize = 0, n = 1;
	struct sk_buff *skb;

	if (!list->next)
		return list;
	sh->frag_list = list->next;
	for (skb = list->next; skb; skb = skb->next) {
		/* The first stands for all of them with the socket, too. */
		skb->destructor = NULL;
		skb->sk = NULL;
		__skb_pull(skb, ftcp_packet_hlen(skb));
		/* Whoever cuts the super-packet may write headers in front of the
		 * payload without copying it, as after GRO.
		 */
		if (!skb_cloned(skb))
			__skb_header_release(skb);
		len += skb->len;
		truesize += skb->truesize;
		n++;
	}
	sh->gso_type = SKB_GSO_UDP_L4;
	sh->gso_size = ftcp_packet_len(list);
	sh->gso_segs = n;
	skb_mark_not_on_list(list);
	list->len += len;
	list->data_len += len;
	list->truesize += truesize;
	return list;
}

/**
 * ftcp_unjoin() - undo ftcp_join()
 * @skb: what it made, or another packet with a list, which nobody shares
 *
 * The first one stays charged to the socket for all of them.
 *
 * Return: the packets, linked by ->next, as they were.
 */
struct sk_buff *ftcp_unjoin(struct sk_buff *skb)
{
	struct skb_shared_info *sh = skb_shinfo(skb);
	unsigned int len = 0, truesize = 0;
	struct sk_buff *one;

	for (one = sh->frag_list; one; one = one->next) {
		len += one->len;
		truesize += one->truesize;
	}
	skb->next = sh->frag_list;
	sh->frag_list = NULL;
	skb->len -= len;
	skb->data_len -= len;
	if (!skb->destructor)
		skb->truesize -= truesize;
	if (skb_is_gso(skb))
		skb_gso_reset(skb);
	return skb;
}
