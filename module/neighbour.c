// SPDX-License-Identifier: GPL-2.0
/*
 * The link's neighbours: where IP hands datagrams over to the link.
 *
 * dev_queue_xmit() asks for each packet whether somebody looks at it, delays it,
 * diverts it or has to mend it.  On a link there is hardly ever anyone: it has no
 * queue, and takes packets as they are.  If there is nobody, IP calls the link's
 * transmit function without asking all that, which saves 2.9 % of the instructions of
 * a 1400-byte datagram in a stream (9,230 instead of 9,510), 0.4 % of a lone one's.
 *
 * The neighbour is where this can be done, as IP calls a function of it and has
 * finished with the packet: it is filtered, fragmented and counted.
 */
#include <linux/netdevice.h>
#include <net/neighbour.h>
#include <net/sch_generic.h>
#include <net/xfrm.h>

#include "compat/compat.h"
#include "datapath.h"
#include "neighbour.h"
#include "net.h"

/* Whether the socket has something left to do, as TLS, which leaves it to cards to
 * encrypt: not all of a packet's ways lead to one.
 */
static bool is_unfinished(const struct sk_buff *skb)
{
#ifdef CONFIG_SOCK_VALIDATE_XMIT
	return skb->sk && (!sk_fullsock(skb->sk) ||
			   skb->sk->sk_validate_xmit_skb);
#else
	return false;
#endif
}

/* Whether dev_queue_xmit() would do no more with a packet than call the link: no
 * packet socket and no filter sees it, there is no queueing discipline, nothing
 * that the link does not do, no priority by control group, no time stamp, and
 * its socket and IPsec have nothing left to do.  Trace points, and a largest size of super-packets
 * that is set for the link, are passed by.
 */
static bool nobody_between(struct net_device *dev, const struct sk_buff *skb)
{
	const struct netdev_queue *txq = netdev_get_tx_queue(dev, 0);

	return netif_running(dev) && dev->real_num_tx_queues == 1 &&
	       !rcu_dereference_bh(txq->qdisc)->enqueue &&
	       (dev->features & FTCP_LINK_FEATURES) == FTCP_LINK_FEATURES &&
	       !dev_nit_active(dev) && !ftcp_compat_egress_filtered(dev) &&
	       !skb_shinfo(skb)->tx_flags && !secpath_exists(skb) &&
	       !is_unfinished(skb) &&
	       !(skb_shinfo(skb)->gso_type & ~SKB_GSO_UDP_L4);
}

/* A datagram is under way on this processor.  What becomes of it may be wrapped into
 * another datagram (IPsec in UDP) that is routed into a link: dev_queue_xmit() counts
 * how deep that goes, and ends it.
 */
static DEFINE_PER_CPU(bool, within);

static int output(struct neighbour *neigh, struct sk_buff *skb)
{
	struct net_device *dev = neigh->dev;
	int ret;

	/* a filter of another device may have sent it here (nft fwd) */
	__skb_pull(skb, skb_network_offset(skb));
	local_bh_disable();
	if (likely(skb->dev == dev && !__this_cpu_read(within) &&
		   nobody_between(dev, skb))) {
		__this_cpu_write(within, true);
		skb_reset_mac_header(skb);
		skb_set_queue_mapping(skb, 0);
		ret = ftcp_xmit(skb, dev);
		__this_cpu_write(within, false);
	} else {
		ret = dev_queue_xmit(skb);
	}
	local_bh_enable();
	return ret;
}

static int setup(struct neighbour *neigh)
{
	neigh->output = output;
	return 0;
}

/**
 * ftcp_neighbour_setup() - of a link's neighbours
 * @dev: the link
 * @parms: what neighbours of one address family have in common
 *
 * The link resolves no addresses, so that a neighbour is from the beginning what it
 * will be.  To one that the user changes (`ip neigh replace`) the stack gives a
 * function of its own, which ends in dev_queue_xmit().
 *
 * Return: 0.
 */
int ftcp_neighbour_setup(struct net_device *dev, struct neigh_parms *parms)
{
	parms->neigh_setup = setup;
	return 0;
}
