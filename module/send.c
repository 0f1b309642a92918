// SPDX-License-Identifier: GPL-2.0
/*
 * The way out: datagram in, segment out, in the order of a datagram's travel.
 *
 *	routed			ip_output -> ftcp_xmit()
 *	ip			the same, -> encap.c
 *	listen, forward		LOCAL_IN or LOCAL_OUT hook -> ftcp_intercept()
 *	all			session by the datagram's ends, or a new one; its flow
 *				-> send_on() -> coalesce.c
 *				-> send_datagram() -> gso.c
 *				-> ftcp_output() -> ip_local_out()
 *
 * Everything runs under RCU with bottom halves disabled.  A flow that is
 * established costs one look-up, one atomic addition for its sequence numbers
 * and the counters; the only lock is the one of its own batch, in a stream.
 */
#include <linux/bpf-cgroup.h>
#include <linux/netdevice.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/route.h>

#include "coalesce.h"
#include "datapath.h"
#include "flow.h"
#include "gso.h"
#include "icmp.h"
#include "input.h"
#include "packet.h"
#include "peer.h"
#include "queue.h"
#include "renew.h"
#include "route.h"
#include "session.h"
#include "super.h"
#include "table.h"
#include "tunnel.h"

/* ---- the datagram ---- */

/* Of a UDP packet: whether it is a whole datagram that can be carried. */
static bool check_datagram(struct sk_buff *skb, unsigned int ip_hlen,
			   enum ftcp_drop_attr *reason)
{
	unsigned int len = ntohs(((struct udphdr *)(skb->data + ip_hlen))->len);
	unsigned int room = skb->len - ip_hlen;

	*reason = FTCP_DROP_PROTOCOL;
	/* An empty datagram would be a segment without payload, which is an
	 * acknowledgement and nothing else.
	 */
	if (room == sizeof(struct udphdr) || len == sizeof(struct udphdr))
		return false;
	if (!skb_is_gso(skb)) {
		*reason = FTCP_DROP_MALFORMED;
		if (len < sizeof(struct udphdr) || len > room ||
		    pskb_trim_rcsum(skb, ip_hlen + len))
			return false;
	}
	/* A tunnel in UDP may have left another checksum than UDP's to the device:
	 * that of a packet within, of which the segment knows nothing.  From here on
	 * it is a datagram like any other.
	 */
	*reason = FTCP_DROP_MEMORY;
	if (!skb_is_gso(skb)) {
		if (skb->ip_summed == CHECKSUM_PARTIAL &&
		    unlikely(skb_checksum_start_offset(skb) != ip_hlen) &&
		    skb_checksum_help(skb))
			return false;
		skb->encapsulation = 0;
	}
	*reason = FTCP_DROP_CHECKSUM;
	skb_set_transport_header(skb, ip_hlen);
	ftcp_packet_cb(skb)->hlen = ip_hlen + sizeof(struct udphdr);
	return ftcp_packet_checksum_ok(skb, IPPROTO_UDP, ip_hlen);
}

/* Of a whole UDP datagram the ends; false if it cannot be carried. */
static bool read_datagram(struct sk_buff *skb, struct ftcp_pair *pair,
			  enum ftcp_drop_attr *reason)
{
	unsigned int ip_hlen;

	*reason = FTCP_DROP_PROTOCOL;
	return ftcp_packet_read(skb, IPPROTO_UDP, sizeof(struct udphdr),
				&pair->local, &pair->remote, &ip_hlen) &&
	       check_datagram(skb, ip_hlen, reason);
}

/* ---- the segment ---- */

/**
 * ftcp_output_begin() - make a finished packet a new one of this host
 * @dst: its route; no reference is taken, RCU keeps it
 * @skb: the packet, its data at the network header
 * @mark: its fwmark
 */
void ftcp_output_begin(struct dst_entry *dst, struct sk_buff *skb, u32 mark)
{
	skb_scrub_packet(skb, true);
	skb->mark = mark;
	skb_dst_set_noref(skb, dst);
	if (skb->protocol == htons(ETH_P_IP))
		memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	else
		memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
}

/**
 * ftcp_output() - hand a finished packet to the stack
 * @net: network namespace
 * @dst: its route; no reference is taken, RCU keeps it
 * @skb: the packet, its data at the network header; consumed
 * @mark: its fwmark
 *
 * To netfilter it is a new packet of this host.
 */
void ftcp_output(struct net *net, struct dst_entry *dst, struct sk_buff *skb,
		 u32 mark)
{
	ftcp_output_begin(dst, skb, mark);
	ftcp_gso_label(net, skb);
	/* A datagram that is larger than the route allows is let be fragmented;
	 * a segment over IPv6 never is, which has no bit in the header to say so.
	 */
	skb->ignore_df = skb->protocol == htons(ETH_P_IPV6) &&
			 ipv6_hdr(skb)->nexthdr == IPPROTO_UDP;
	if (skb->protocol == htons(ETH_P_IP))
		ip_local_out(net, NULL, skb);
	else
		ip6_local_out(net, NULL, skb);
}

/* Whether segments have to fit the path as they are; over IPv4 the user may
 * have them cut instead.
 */
static bool segments_whole(const struct ftcp_tunnel *tunnel,
			   const struct ftcp_pair *outer)
{
	return outer->local.family != AF_INET ||
	       READ_ONCE(tunnel->config.df) == FTCP_DF_SET;
}

static bool send_on(struct ftcp_session *session, struct sk_buff *skb);

static void send_split(struct ftcp_session *session, struct sk_buff *skb)
{
	bool packets = session->tunnel->mode->packets;
	struct sk_buff *segs = packets ? ftcp_super_packets(skb) :
					  ftcp_gso_split(skb);
	struct sk_buff *next;
	struct ftcp_pair pair;
	enum ftcp_drop_attr reason;

	if (!segs) {
		ftcp_drop_tx(session->tunnel, FTCP_DROP_MEMORY, NULL);
		return;
	}
	skb_list_walk_safe(segs, skb, next) {
		skb_mark_not_on_list(skb);
		skb_reset_network_header(skb);
		if (!packets && !read_datagram(skb, &pair, &reason))
			ftcp_drop_tx(session->tunnel, reason, skb);
		else if (!send_on(session, skb))
			ftcp_drop_tx(session->tunnel, FTCP_DROP_REFUSED, skb);
	}
}

/* If the route that a flow had does not hold any more, the flow may be about to be
 * replaced.
 */
static struct dst_entry *sending_route(struct ftcp_flow *flow)
{
	struct dst_entry *dst = ftcp_route_kept(&flow->outer_route);

	if (likely(dst))
		return dst;
	if (rcu_access_pointer(flow->outer_route.dst))
		ftcp_flow_way_changed(flow, false);
	return ftcp_flow_find_route(flow);
}

/* A datagram, or a super-packet, for a flow on which it cannot leave: another processor
 * has taken the room that there was, or another flow, not yet established, carries the
 * session now; or the flow was closed a moment ago.
 */
static void send_later(struct ftcp_session *session, struct sk_buff *skb)
{
	if (session->dialled && skb_is_gso(skb) &&
	    ftcp_packet_len(skb) > FTCP_FIRST_FLIGHT)
		send_split(session, skb);
	else if (!session->dialled || !ftcp_session_enqueue(session, skb))
		ftcp_drop_tx(session->tunnel, FTCP_DROP_REFUSED, skb);
}

static void too_big(struct ftcp_session *session, struct sk_buff *skb,
		    u32 largest)
{
	if (session->tunnel->mode->packets) {
		ftcp_encap_too_big(session, skb, largest);
		return;
	}
	ftcp_icmp_too_big(skb, largest + ftcp_packet_hlen(skb));
	ftcp_drop_tx(session->tunnel, FTCP_DROP_TOO_BIG, skb);
}

/* One datagram, or a super-packet, on an established flow.  Sequence numbers
 * are taken when nothing can go wrong any more.
 */
static void send_datagram(struct ftcp_session *session, struct ftcp_flow *flow,
			  struct sk_buff *skb)
{
	struct ftcp_tunnel *tunnel = session->tunnel;
	unsigned int hlen = ftcp_packet_hlen(skb), new_hlen, len, largest;
	struct ftcp_data data;
	struct dst_entry *dst;
	enum ftcp_sent sent;
	bool whole;
	u32 count;
	u64 now;

	if (unlikely(!ftcp_gso_udp_whole(skb))) {
		send_split(session, skb);
		return;
	}
	/* Before it is its ends, and its route with them, are not complete. */
	if (unlikely(ftcp_load(flow->conn.state) != FTCP_ESTABLISHED)) {
		send_later(session, skb);
		return;
	}
	whole = segments_whole(tunnel, &flow->outer);
	dst = sending_route(flow);
	if (unlikely(!dst)) {
		ftcp_icmp_tell(skb, FTCP_TELL_HOST);
		ftcp_drop_tx(tunnel, FTCP_DROP_NO_ROUTE, skb);
		return;
	}

	len = skb->len - hlen;
	new_hlen = ftcp_ip_hlen(flow->outer.local.family) + FTCP_HLEN;
	largest = max(whole ? dst_mtu(dst) : IP_MAX_MTU, new_hlen) - new_hlen;
	if (unlikely((skb_is_gso(skb) ? skb_shinfo(skb)->gso_size : len) >
		     largest)) {
		too_big(session, skb, largest);
		return;
	}
	if (unlikely(ftcp_gso_make_room(skb, hlen,
					new_hlen + LL_RESERVED_SPACE(dst->dev)))) {
		ftcp_drop_tx(tunnel, FTCP_DROP_MEMORY, skb);
		return;
	}
	count = ftcp_gso_count(skb, len);
	now = ftcp_now();
	sent = ftcp_conn_send(&flow->conn, len, now, count > 1, &data);
	if (unlikely(sent == FTCP_SENT_NO)) {
		send_later(session, skb);
		return;
	}
	if (sent == FTCP_SENT_ARM)
		ftcp_flow_arm(flow, now + FTCP_UNANSWERED);

	ftcp_gso_udp_to_tcp(skb, hlen, &flow->outer, &data,
			    ftcp_tunnel_ttl(tunnel, ftcp_gso_ttl(skb)));
	if (unlikely(!whole))
		ftcp_gso_allow_fragments(tunnel->underlay, skb);
	atomic64_add(count, &session->tx_packets);
	atomic64_add(len, &session->tx_bytes);
	ftcp_stats_tx(tunnel->stats, count, len);
	dev_sw_netstats_tx_add(tunnel->link->dev, count, len);
	ftcp_output(tunnel->underlay, dst, skb,
		    READ_ONCE(tunnel->config.fwmark));
}

/* Send on the session's flow, or, if this end dials, have it wait for the connection,
 * or for the first acknowledgement on it.  A super-packet that is larger than what may
 * be on the way until then could wait for that only in parts.  What waits in an
 * accepted session are segments, and a datagram must not be taken for one: if there is
 * no room, nobody is hearing, and the timer ends the flow.  False, and @skb is
 * still the caller's, if the session is about to end.
 */
static bool send_on(struct ftcp_session *session, struct sk_buff *skb)
{
	/* with what was written before the wait ended: see ftcp_session_flush() */
	bool waiting = session->dialled && smp_load_acquire(&session->waiting);
	struct ftcp_flow *flow = rcu_dereference(session->active);
	unsigned int len = ftcp_packet_len(skb);
	u64 now = ftcp_now();

	if (unlikely(!flow))
		return false;
	if (unlikely(!waiting &&
		     ftcp_load(flow->conn.state) != FTCP_ESTABLISHED)) {
		/* Another flow may carry it since a moment: then the wait has begun
		 * before.  Pairs with the assignment in ftcp_session_activate().
		 */
		smp_rmb();
		waiting = session->dialled && READ_ONCE(session->waiting);
		if (!waiting)
			return false;
	}
	if (likely(!waiting))
		waiting = !ftcp_conn_room(&flow->conn, len, now);
	if (likely(!waiting)) {
		if (likely(ftcp_gso_udp_whole(skb)))
			ftcp_batch_send(session, flow, skb);
		else
			send_split(session, skb);
	} else if (unlikely(!session->dialled)) {
		ftcp_flow_arm(flow, now);
		ftcp_drop_tx(session->tunnel, FTCP_DROP_QUEUE_FULL, skb);
	} else if (skb_is_gso(skb) && len > FTCP_FIRST_FLIGHT) {
		send_split(session, skb);
	} else {
		return ftcp_session_enqueue(session, skb);
	}
	return true;
}

/**
 * ftcp_send_now() - send a packet that waited for a flow, or for others
 * @session: its session
 * @skb: a datagram or a super-packet; consumed
 *
 * By the flow that carries the session now.
 *
 * Context: RCU, bottom halves disabled.
 */
void ftcp_send_now(struct ftcp_session *session, struct sk_buff *skb)
{
	struct ftcp_flow *flow = rcu_dereference(session->active);

	if (likely(flow))
		send_datagram(session, flow, skb);
	else
		ftcp_drop_tx(session->tunnel, FTCP_DROP_REFUSED, skb);
}

static void dial_and_send(struct ftcp_tunnel *tunnel, struct ftcp_peer *peer,
			  const struct ftcp_inner_key *key,
			  struct sk_buff *skb)
{
	enum ftcp_drop_attr reason = FTCP_DROP_REFUSED;
	struct ftcp_session *session;

	session = ftcp_session_dial(tunnel, peer, key, &reason);
	if (session && send_on(session, skb))
		return;
	if (!session)
		ftcp_icmp_tell(skb, reason == FTCP_DROP_REFUSED &&
						    !tunnel->mode->packets ?
					    ftcp_backoff_tell(&peer->backoff) :
					    FTCP_TELL_HOST);
	ftcp_drop_tx(tunnel, reason, skb);
}

/**
 * ftcp_send_to() - send to a peer, on a session or a new one
 * @tunnel: the tunnel
 * @peer: the peer
 * @session: the session, or NULL
 * @key: the conversation, should it begin
 * @skb: a datagram, a packet of mode ip, or a super-packet of either; consumed
 *
 * Context: RCU, bottom halves disabled.
 */
void ftcp_send_to(struct ftcp_tunnel *tunnel, struct ftcp_peer *peer,
		  struct ftcp_session *session, const struct ftcp_inner_key *key,
		  struct sk_buff *skb)
{
	if (unlikely(!session || !send_on(session, skb)))
		dial_and_send(tunnel, peer, key, skb);
}

/* ---- routed: the link's transmit function ---- */

/* Which tunnel of the link, and which of its peers, a datagram of a new
 * conversation belongs to: a tunnel whose port is the datagram's source port
 * comes before those that take any.
 */
static struct ftcp_peer *route_datagram(struct ftcp_link *link,
					const struct ftcp_pair *pair)
{
	struct ftcp_peer *peer, *found = NULL;
	struct ftcp_tunnel *tunnel;

	list_for_each_entry_rcu(tunnel, &link->tunnels, list) {
		bool own = tunnel->accept.port == pair->local.port;

		if (tunnel->mode->proxy || (found && !own))
			continue;
		peer = ftcp_peer_by_destination(tunnel, &pair->remote,
						NULL);
		if (peer && own)
			return peer;
		if (peer)
			found = peer;
	}
	return found;
}

static void xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct ftcp_link *link = netdev_priv(dev);
	struct net *underlay = rcu_dereference(link->underlay);
	struct ftcp_inner_key key = { .link = link };
	struct ftcp_session *session;
	enum ftcp_drop_attr reason;
	struct ftcp_peer *peer;

	/* What came out of the link does not go back into it: it would circle
	 * between both ends until its TTL is used up.
	 */
	if (unlikely(!underlay || skb->skb_iif == dev->ifindex))
		goto drop;
	if (unlikely(!read_datagram(skb, &key.pair, &reason)))
		goto unreachable;

	session = ftcp_session_by_inner(ftcp_net(underlay), &key);
	if (likely(session && send_on(session, skb)))
		return;

	peer = route_datagram(link, &key.pair);
	if (!peer)
		goto unreachable;
	dial_and_send(peer->tunnel, peer, &key, skb);
	return;

unreachable:
	ftcp_icmp_tell(skb, FTCP_TELL_HOST);
drop:
	DEV_STATS_INC(dev, tx_dropped);
	kfree_skb(skb);
}

/**
 * ftcp_xmit() - transmit function of a link: what was routed into it
 * @skb: the packet; consumed
 * @dev: the link
 *
 * Context: bottom halves disabled.  RCU is taken here: a packet socket that
 * passes the queues by comes without it.
 * Return: NETDEV_TX_OK, whatever becomes of the packet.
 */
netdev_tx_t ftcp_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct ftcp_link *link = netdev_priv(dev);

	rcu_read_lock();
	if (READ_ONCE(link->packets))
		ftcp_encap(link, skb);
	else
		xmit(skb, dev);
	rcu_read_unlock();
	return NETDEV_TX_OK;
}

/* ---- listen and forward: datagrams to an address of ours ---- */

/**
 * ftcp_intercept() - take a datagram to an address of this host, if it is ours
 * @fn: network namespace
 * @skb: a packet at LOCAL_IN, or one at LOCAL_OUT that would arrive there
 * @state: the hook that it is in, or NULL if it has passed LOCAL_IN
 *
 * Ours is what comes from the target of a session to the session's own port, and
 * what anyone sends to an address that a tunnel listens on.
 *
 * Return: whether it was consumed.
 */
bool ftcp_intercept(struct ftcp_net *fn, struct sk_buff *skb,
		    const struct nf_hook_state *state)
{
	struct ftcp_inner_key key = { };
	struct ftcp_session *session;
	enum ftcp_drop_attr reason;
	struct ftcp_tunnel *tunnel;
	struct ftcp_peer *peer;
	unsigned int ip_hlen;

	if (!ftcp_packet_read(skb, IPPROTO_UDP, sizeof(struct udphdr),
			      &key.pair.local, &key.pair.remote, &ip_hlen))
		return false;
	session = ftcp_session_by_inner(fn, &key);
	tunnel = session ? session->tunnel :
			   ftcp_tunnel_listening(fn, &key.pair.remote);
	if (!tunnel || !netif_running(tunnel->link->dev) ||
	    ftcp_pair_link_local(&key.pair))
		return false;
	/* not at LOCAL_OUT */
	if (skb->skb_iif && !ftcp_packet_for_socket(fn->net, skb, IPPROTO_UDP))
		return false;
	if (state && unlikely(!ftcp_hooks_passed(skb, state)))
		return true;

	if (unlikely(!check_datagram(skb, ip_hlen, &reason))) {
		ftcp_drop_tx(tunnel, reason, skb);
		return true;
	}
	if (likely(session && send_on(session, skb)))
		return true;
	if (!tunnel->listen.port) {
		ftcp_drop_tx(tunnel, FTCP_DROP_REFUSED, skb);
		return true;
	}
	peer = ftcp_peer_only(tunnel);
	if (!peer) {
		ftcp_drop_tx(tunnel, FTCP_DROP_NO_PEER, skb);
		return true;
	}
	dial_and_send(tunnel, peer, &key, skb);
	return true;
}

/* The filters of a socket's cgroup are asked behind the hooks, and may count or
 * refuse what it sends.
 */
static bool filtered_by_cgroup(struct sock *sk)
{
#ifdef CONFIG_CGROUP_BPF
	return cgroup_bpf_enabled(CGROUP_INET_EGRESS) &&
	       cgroup_bpf_sock_enabled(sk, CGROUP_INET_EGRESS);
#else
	return false;
#endif
}

/**
 * ftcp_hook_local_out() - packets that this host sends
 * @priv: unused
 * @skb: the packet
 * @state: names the network namespace, and the socket
 *
 * What an application sends to an address of this host would arrive at LOCAL_IN
 * by the loopback device.  It is taken here, after all filters of OUTPUT, which
 * saves it that trip.
 *
 * Return: NF_STOLEN if the packet was a tunnel's, else NF_ACCEPT.
 */
unsigned int ftcp_hook_local_out(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	struct net_device *dev = skb->dev;
	struct sock *sk = state->sk;
	bool ours;

	if (ftcp_packet_protocol(skb) != IPPROTO_UDP ||
	    !sk || !sk_fullsock(sk) || !ftcp_route_by_loopback(skb_dst(skb)) ||
	    filtered_by_cgroup(sk))
		return NF_ACCEPT;
	/* the one that it would arrive by, for an ICMP error about it */
	skb->dev = skb_dst(skb)->dev;
	local_bh_disable();
	ours = ftcp_intercept(ftcp_net(state->net), skb, state);
	local_bh_enable();
	if (ours)
		return NF_STOLEN;
	skb->dev = dev;
	return NF_ACCEPT;
}

/* ---- segments without payload ---- */

/**
 * ftcp_send_control() - send a segment without payload
 * @tunnel: on whose behalf
 * @dst: route, kept by RCU; NULL: one is looked up
 * @pair: TCP ends; local is ours
 * @ctl: what to send; nothing, if its flags are 0
 *
 * Context: process or softirq, no session's lock held.
 */
void ftcp_send_control(struct ftcp_tunnel *tunnel, struct dst_entry *dst,
		       const struct ftcp_pair *pair,
		       const struct ftcp_control *ctl)
{
	u32 mark = READ_ONCE(tunnel->config.fwmark), hlen;
	struct dst_entry *own = NULL;
	struct sk_buff *skb;
	u8 hdr[FTCP_SYN_HLEN];

	if (!ctl->flags)
		return;
	rcu_read_lock();
	local_bh_disable();
	if (!dst) {
		struct ftcp_pair copy = *pair;

		dst = own = ftcp_route(tunnel->underlay, &copy, IPPROTO_TCP,
				       mark);
		if (!dst)
			goto out;
	}
	skb = alloc_skb(LL_MAX_HEADER + sizeof(struct ipv6hdr) + sizeof(hdr),
			GFP_ATOMIC);
	if (!skb)
		goto out;
	skb_reserve(skb, LL_MAX_HEADER + sizeof(struct ipv6hdr));
	hlen = ftcp_control_write(hdr, ntohs(pair->local.port),
				  ntohs(pair->remote.port),
				  dst_mtu(dst) - FTCP_HLEN -
					  ftcp_ip_hlen(pair->local.family),
				  ctl);
	skb_put_data(skb, hdr, hlen);
	ftcp_gso_write_ip(skb, &pair->local, &pair->remote, IPPROTO_TCP, 0,
			  FTCP_TTL);
	if (!segments_whole(tunnel, pair))
		ftcp_gso_allow_fragments(tunnel->underlay, skb);
	ftcp_gso_partial_tcp(skb, &pair->local, &pair->remote);
	ftcp_output(tunnel->underlay, dst, skb, mark);
out:
	dst_release(own);
	local_bh_enable();
	rcu_read_unlock();
}
