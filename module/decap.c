// SPDX-License-Identifier: GPL-2.0
/*
 * Mode ip, the way in: whole packets, after receive.c.
 *
 *	ftcp_deliver() -> ftcp_decap(): a super-segment is taken apart, or becomes a
 *	super-packet of TCP: super.c
 *	-> deliver(): the packet's length, its source, its congestion mark
 *	-> gro_cells, which merge what belongs together -> the link receives it
 */
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <net/gro_cells.h>
#include <net/inet_ecn.h>

#include "datapath.h"
#include "flow.h"
#include "gso.h"
#include "packet.h"
#include "peer.h"
#include "session.h"
#include "super.h"
#include "tunnel.h"

/* ---- one packet ---- */

/* Who dialled says by it who he is (ftcp_encap_hello()); it is for nobody. */
static bool is_hello(const struct sk_buff *skb)
{
	if (ftcp_packet_protocol(skb) != IPPROTO_NONE)
		return false;
	return skb->len == (skb->protocol == htons(ETH_P_IP) ?
				    ip_hdrlen(skb) : sizeof(struct ipv6hdr));
}

/* RFC 6040, section 4.2: a mark of congestion on the way goes over to the packet, which
 * is dropped if nobody at its ends would react to it.
 */
static bool mark_congestion(struct sk_buff *skb, u8 outer)
{
	u8 inner = ftcp_gso_tos(skb);
	bool set_ce = false;

	if (__INET_ECN_decapsulate(outer, inner, &set_ce) > 1)
		return false;
	/* What else changes is ECT(0) to ECT(1); then IPv4's checksum changes, too. */
	if (set_ce || ((outer & INET_ECN_MASK) == INET_ECN_ECT_1 &&
		       (inner & INET_ECN_MASK) == INET_ECN_ECT_0)) {
		if (skb_ensure_writable(skb, skb->protocol == htons(ETH_P_IP) ?
						     sizeof(struct iphdr) :
						     sizeof(struct ipv6hdr)))
			return false;
		INET_ECN_decapsulate(skb, outer, inner);
	}
	return true;
}

/* The packet is received from the link.  What was known of the segment is forgotten. */
static void receive(struct ftcp_tunnel *tunnel, struct sk_buff *skb)
{
	skb_scrub_packet(skb, true);
	skb_orphan(skb);
	skb_clear_hash(skb);
	skb->encapsulation = 0;
	__vlan_hwaccel_clear_tag(skb);
	skb->mark = READ_ONCE(tunnel->config.fwmark);
	skb->dev = tunnel->link->dev;
	skb_set_queue_mapping(skb, 0);
	skb_reset_mac_header(skb);
	skb_reset_mac_len(skb);
	skb_reset_transport_header(skb);
	gro_cells_receive(&tunnel->link->cells, skb);
}

/* @skb: its data at the packet, which the segment's payload is, or at a super-packet;
 * @outer: DSCP and ECN of the segment, whose checksum was right, while the packet's may
 * not be.
 */
static void deliver(struct ftcp_session *session, struct sk_buff *skb, u8 outer)
{
	struct ftcp_tunnel *tunnel = session->tunnel;
	struct ftcp_end src, dst;

	if (!skb_is_gso(skb))
		skb->ip_summed = CHECKSUM_NONE;
	if (!ftcp_packet_read_addresses(skb, 0, skb->len, &src, &dst) ||
	    !ftcp_packet_whole(skb)) {
		ftcp_drop_rx(tunnel, FTCP_DROP_MALFORMED, skb);
		return;
	}
	if (!ftcp_peer_has(session->peer, &src)) {
		ftcp_drop_rx(tunnel, FTCP_DROP_INNER_SOURCE, skb);
		return;
	}
	if (is_hello(skb)) {
		consume_skb(skb);
		return;
	}
	if (!mark_congestion(skb, outer)) {
		ftcp_drop_rx(tunnel, FTCP_DROP_MALFORMED, skb);
		return;
	}
	receive(tunnel, skb);
}

/* ---- several ---- */

/* A super-segment's packets as one super-packet, if the user has not turned GRO off for
 * @dev, or linked by ->next, data at each; NULL if there are none.
 */
static struct sk_buff *take_apart(const struct net_device *dev,
				  struct sk_buff *skb, unsigned int hlen)
{
	struct sk_buff *one = NULL;

	if (!netif_elide_gro(dev))
		one = ftcp_super_merge(skb, hlen);
	if (!one)
		return ftcp_super_split(skb, hlen);
	consume_skb(skb);
	return one;
}

/**
 * ftcp_decap() - deliver a segment's packet, or those of a super-segment
 * @session: its session
 * @skb: the segment, which was accepted, its headers linear; consumed
 *
 * Context: RCU, bottom halves disabled.
 */
void ftcp_decap(struct ftcp_session *session, struct sk_buff *skb)
{
	unsigned int hlen = ftcp_packet_hlen(skb), len = skb->len - hlen;
	struct ftcp_tunnel *tunnel = session->tunnel;
	u32 count = ftcp_gso_count(skb, len);
	u8 outer = ftcp_gso_tos(skb);
	struct sk_buff *next;

	if (skb_is_gso(skb)) {
		skb = take_apart(tunnel->link->dev, skb, hlen);
		if (!skb) {
			ftcp_drop_rx(tunnel, FTCP_DROP_MEMORY, NULL);
			return;
		}
	} else {
		__skb_pull(skb, hlen);
	}
	atomic64_add(count, &session->rx_packets);
	atomic64_add(len, &session->rx_bytes);
	ftcp_stats_rx(tunnel->stats, count, len);
	ftcp_link_count_rx(tunnel->link->dev, count, len);
	skb_list_walk_safe(skb, skb, next) {
		skb_mark_not_on_list(skb);
		deliver(session, skb, outer);
	}
}
