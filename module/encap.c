// SPDX-License-Identifier: GPL-2.0
/*
 * Mode ip, the way out: whole packets, before send.c.
 *
 *	ftcp_xmit() -> ftcp_encap(): peer by the packet's destination
 *	-> a super-packet is cut: TCP by super.c, others by send_super(), join.c
 *	-> ftcp_send_to(), as datagrams of which nothing is taken off
 *
 * A super-segment's members are of one size, and so are, but for the last, the packets
 * that are cut from one: so they leave as one.  Their own checksums are made here, since
 * nobody who cuts the super-segment knows of them; they are not left to the device for
 * lone ones either, because a NAT that finds a checksum left takes it for the segment's.
 */
#include <linux/if_arp.h>
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <net/addrconf.h>
#include <net/dst_metadata.h>
#include <net/ip.h>

#include "datapath.h"
#include "flow.h"
#include "gso.h"
#include "icmp.h"
#include "packet.h"
#include "peer.h"
#include "session.h"
#include "super.h"
#include "tunnel.h"

/* ---- sending ---- */

static void send_to(struct ftcp_peer *peer, struct sk_buff *skb)
{
	const struct ftcp_inner_key key = { };

	ftcp_send_to(peer->tunnel, peer, ftcp_peer_session(peer), &key, skb);
}

/* Have a packet be nothing but the payload of a segment: the connection's segments leave
 * by one queue, whatever conversations are in them.
 */
static void make_payload(struct sk_buff *skb)
{
	skb->encapsulation = 0;
	skb_clear_hash(skb);
	skb_reset_network_header(skb);
	ftcp_packet_cb(skb)->hlen = 0;
}

/* Make the checksum that was left to a device, SCTP's as well.  Who made the packet, as a
 * virtual machine, says where it is; not in the IP header, which has been looked at.
 */
static bool make_checksum(struct sk_buff *skb, enum ftcp_drop_attr *reason)
{
	unsigned int ip_hlen = skb->protocol == htons(ETH_P_IP) ?
				       ip_hdrlen(skb) : sizeof(struct ipv6hdr);

	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return true;
	*reason = FTCP_DROP_CHECKSUM;
	if (skb_checksum_start_offset(skb) < (int)ip_hlen)
		return false;
	*reason = FTCP_DROP_MEMORY;
	return !skb_csum_hwoffload_help(skb, 0);
}

static void send_one(struct ftcp_peer *peer, struct sk_buff *skb)
{
	enum ftcp_drop_attr reason;

	if (!make_checksum(skb, &reason)) {
		ftcp_drop_tx(peer->tunnel, reason, skb);
		return;
	}
	make_payload(skb);
	send_to(peer, skb);
}

/* What was cut stands with the socket either each for itself, or one for all: then
 * it does not matter any more, as none of them waits for long.
 */
static void settle_owners(struct sk_buff *segs)
{
	struct sk_buff *skb;

	for (skb = segs; skb; skb = skb->next) {
		if (skb->sk != segs->sk || skb->destructor != segs->destructor)
			break;
	}
	if (!skb)
		return;
	for (skb = segs; skb; skb = skb->next)
		skb_orphan(skb);
}

/* The last of the packets that can leave together with the first one */
static struct sk_buff *last_of(struct sk_buff *first)
{
	unsigned int size = first->len, room = FTCP_GSO_LEN_MAX;
	struct sk_buff *skb = first, *next;

	if (size < FTCP_GSO_SIZE_MIN || size > room)
		return first;
	for (room -= size; (next = skb->next); skb = next) {
		if (next->len > size || next->len > room)
			break;
		room -= next->len;
		if (next->len < size)
			return next;
	}
	return skb;
}

static void send_list(struct ftcp_peer *peer, struct sk_buff *list)
{
	struct sk_buff *skb, *next;

	skb_list_walk_safe(list, skb, next) {
		skb_mark_not_on_list(skb);
		send_to(peer, skb);
	}
}

static void send_super(struct ftcp_peer *peer, struct sk_buff *skb)
{
	struct sk_buff *segs, *first, *last;

	segs = ftcp_super_cut(skb);
	if (IS_ERR(segs)) {
		ftcp_drop_tx(peer->tunnel, FTCP_DROP_MEMORY, NULL);
		return;
	}
	if (segs) {
		for (skb = segs; skb; skb = skb->next)
			make_payload(skb);
		send_list(peer, segs);
		return;
	}
	segs = ftcp_gso_cut(skb);
	if (!segs) {
		ftcp_drop_tx(peer->tunnel, FTCP_DROP_MEMORY, NULL);
		return;
	}
	settle_owners(segs);
	for (skb = segs; skb; skb = skb->next)
		make_payload(skb);
	while ((first = segs)) {
		last = last_of(first);
		segs = last->next;
		last->next = NULL;
		send_list(peer, ftcp_join(first));
	}
}

/**
 * ftcp_encap() - carry a packet that was routed into a link
 * @link: the link, with tunnels of mode ip
 * @skb: the packet, or a super-packet; consumed
 *
 * Context: RCU, bottom halves disabled.
 */
void ftcp_encap(struct ftcp_link *link, struct sk_buff *skb)
{
	struct ftcp_end src, dst;
	struct ftcp_tunnel *tunnel;
	struct ftcp_peer *peer;

	if (!ftcp_packet_read_addresses(skb, 0, skb->len, &src, &dst) ||
	    (!skb_is_gso(skb) && !ftcp_packet_whole(skb))) {
		DEV_STATS_INC(link->dev, tx_dropped);
		kfree_skb(skb);
		return;
	}
	peer = ftcp_peer_of_link(link, &dst, &tunnel);
	if (unlikely(!peer)) {
		ftcp_icmp_tell(skb, FTCP_TELL_HOST);
		ftcp_drop_tx(tunnel, FTCP_DROP_NO_PEER, skb);
		return;
	}
	if (skb_is_gso(skb))
		send_super(peer, skb);
	else
		send_one(peer, skb);
}

/* ---- too large for the path ---- */

/* At once: the session's other packets wait for what is in pieces now. */
static int send_piece(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct ftcp_link *link = netdev_priv(skb->dev);
	struct ftcp_session *session = NULL;
	struct ftcp_end src, dst;
	struct ftcp_tunnel *tunnel;
	struct ftcp_peer *peer = NULL;

	if (ftcp_packet_read_addresses(skb, 0, skb->len, &src, &dst))
		peer = ftcp_peer_of_link(link, &dst, &tunnel);
	if (peer)
		session = ftcp_peer_session(peer);
	if (!session) {
		DEV_STATS_INC(link->dev, tx_dropped);
		kfree_skb(skb);
		return 0;
	}
	make_payload(skb);
	ftcp_send_now(session, skb);
	return 0;
}

/* As a router does it, for who did not say that he wants to hear of it instead.  A way on
 * which not eight bytes fit in a fragment is none.
 */
static void fragment(struct ftcp_session *session, struct sk_buff *skb, u32 mtu)
{
	struct net_device *dev = session->tunnel->link->dev;

	if (!skb_valid_dst(skb) || mtu < ip_hdrlen(skb) + 8) {
		ftcp_drop_tx(session->tunnel, FTCP_DROP_TOO_BIG, skb);
		return;
	}
	skb->dev = dev;
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	IPCB(skb)->frag_max_size = mtu;
	if (ip_do_fragment(dev_net(dev), NULL, skb, send_piece))
		ftcp_drop_tx(session->tunnel, FTCP_DROP_TOO_BIG, NULL);
}

/**
 * ftcp_encap_too_big() - a packet does not fit the path
 * @session: its session
 * @skb: the packet, or several that left together; consumed
 * @mtu: largest packet that fits, in bytes
 *
 * Context: RCU, bottom halves disabled.
 */
void ftcp_encap_too_big(struct ftcp_session *session, struct sk_buff *skb,
			u32 mtu)
{
	struct sk_buff *list, *next;
	bool told = false;

	list = ftcp_super_packets(skb);
	if (!list)
		ftcp_drop_tx(session->tunnel, FTCP_DROP_MEMORY, NULL);
	skb_list_walk_safe(list, skb, next) {
		skb_mark_not_on_list(skb);
		if (skb->len <= mtu) {
			ftcp_send_now(session, skb);
			continue;
		}
		if (skb->protocol == htons(ETH_P_IP) &&
		    !(ip_hdr(skb)->frag_off & htons(IP_DF))) {
			fragment(session, skb, mtu);
			continue;
		}
		if (!told)
			ftcp_icmp_packet_too_big(skb, mtu);
		told = true;
		ftcp_drop_tx(session->tunnel, FTCP_DROP_TOO_BIG, skb);
	}
}

/* ---- who this is ---- */

static bool own_v4(const struct net_device *dev, struct ftcp_end *end)
{
	const struct in_device *in_dev = __in_dev_get_rcu(dev);
	const struct in_ifaddr *ifa;

	if (!in_dev)
		return false;
	in_dev_for_each_ifa_rcu(ifa, in_dev) {
		ftcp_end_set_v4(end, ifa->ifa_local, 0);
		return true;
	}
	return false;
}

static bool own_v6(const struct net_device *dev, struct ftcp_end *end)
{
	bool found = false;
#if IS_ENABLED(CONFIG_IPV6)
	struct inet6_dev *idev = __in6_dev_get(dev);
	const struct inet6_ifaddr *ifa;

	if (!idev)
		return false;
	read_lock_bh(&idev->lock);
	list_for_each_entry(ifa, &idev->addr_list, if_list) {
		if (ifa->scope >= RT_SCOPE_LINK)
			continue;
		ftcp_end_set_v6(end, &ifa->addr, 0);
		found = true;
		break;
	}
	read_unlock_bh(&idev->lock);
#endif
	return found;
}

static void send_empty(struct ftcp_session *session, const struct ftcp_end *own)
{
	unsigned int room = LL_MAX_HEADER + FTCP_HLEN +
			    2 * sizeof(struct ipv6hdr);
	struct sk_buff *skb = alloc_skb(room, GFP_ATOMIC);

	if (!skb)
		return;
	skb_reserve(skb, room);
	skb->dev = session->tunnel->link->dev;
	ftcp_gso_write_ip(skb, own, own, IPPROTO_NONE, 0, FTCP_TTL);
	if (own->family == AF_INET)
		ip_send_check(ip_hdr(skb));
	make_payload(skb);
	ftcp_send_now(session, skb);
}

/**
 * ftcp_encap_hello() - say who this end is
 * @session: a session that this end dialled, its flow established
 *
 * By an empty packet from an address of the link.  If it has none, the first packet
 * that is routed into it says so.
 */
void ftcp_encap_hello(struct ftcp_session *session)
{
	const struct net_device *dev = session->tunnel->link->dev;
	struct ftcp_end own;

	rcu_read_lock();
	local_bh_disable();
	if (own_v4(dev, &own))
		send_empty(session, &own);
	if (own_v6(dev, &own))
		send_empty(session, &own);
	local_bh_enable();
	rcu_read_unlock();
}
