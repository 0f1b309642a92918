// SPDX-License-Identifier: GPL-2.0
/*
 * The way in: segment in, verdict, datagram out, in the order of its travel.
 *
 *	LOCAL_IN or FORWARD hook -> receive() -> flow by the segment's ends
 *	-> the core's verdict -> ftcp_deliver() -> gso.c
 *	-> routed: the link receives the datagram
 *	   listen: UDP to the application, from the address it wrote to
 *	   forward: UDP to the target, from the session's own port
 *
 * A segment is taken where the host's own TCP would get it next, so that a
 * packet filter has seen it and connection tracking is told that it arrived.
 * FORWARD matters to a router whose LAN's datagrams leave with the LAN's
 * addresses: the answers are addressed to the LAN.
 */
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <net/netfilter/nf_conntrack.h>

#include "claim.h"
#include "core/listen.h"
#include "datapath.h"
#include "flow.h"
#include "gso.h"
#include "handover.h"
#include "icmp.h"
#include "input.h"
#include "packet.h"
#include "peer.h"
#include "queue.h"
#include "session.h"
#include "table.h"
#include "tunnel.h"

/* The hooks behind ours at LOCAL_IN are those of conntrack and its SYN proxy.  They
 * confirm the packet's entry, and, if the proxy stood in for this host in a handshake,
 * translate the numbers of each segment.  Which of them are behind ours is a matter
 * of who was registered first, so all that are left are called from here.
 */
static bool pass_hooks_behind(struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	const struct netns_nf *nf = &state->net->nf;
	struct nf_hook_state copy = *state;
	const struct nf_hook_entries *entries;
	unsigned int i;

	if (state->pf == NFPROTO_IPV4)
		entries = rcu_dereference(nf->hooks_ipv4[NF_INET_LOCAL_IN]);
	else
		entries = rcu_dereference(nf->hooks_ipv6[NF_INET_LOCAL_IN]);
	for (i = 0; entries && i < entries->num_hook_entries; i++) {
		if (entries->hooks[i].hook == ftcp_hook_receive)
			return nf_hook_slow(skb, &copy, entries, i + 1) == 1;
	}
	return true;
}

/* An entry of conntrack's counts once the packet that made it has passed all hooks;
 * taken out of an earlier one, it would not.  A confirmed entry must not be confirmed
 * again.  The call goes through the hook that bridge netfilter uses
 * (br_nf_local_in()), so that there is no dependency on nf_conntrack.
 */
static bool confirm(struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	enum ip_conntrack_info ctinfo;
	const struct nf_ct_hook *hook;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);

	if (likely(!ct || nf_ct_is_confirmed(ct)))
		return true;
	hook = rcu_dereference(nf_ct_hook);
	if (hook && hook->confirm(skb) != NF_ACCEPT) {
		kfree_skb(skb);
		return false;
	}
#endif
	return true;
}

/**
 * ftcp_hooks_passed() - have a packet that goes no further pass what is left
 * @skb: the packet; its headers may be others afterwards
 * @state: the hook that it is in
 *
 * To netfilter a packet of ours has arrived where it was addressed to.
 *
 * Return: whether it has; if not, it was dropped as by any filter.
 */
bool ftcp_hooks_passed(struct sk_buff *skb, const struct nf_hook_state *state)
{
	return state->hook == NF_INET_LOCAL_IN ? pass_hooks_behind(skb, state) :
						 confirm(skb);
}

/* ---- the datagram ---- */

static void deliver_split(struct ftcp_session *session, struct sk_buff *skb)
{
	struct sk_buff *segs = ftcp_gso_split(skb), *next;

	if (!segs) {
		ftcp_drop_rx(session->tunnel, FTCP_DROP_MEMORY, NULL);
		return;
	}
	skb_list_walk_safe(segs, skb, next) {
		skb_mark_not_on_list(skb);
		ftcp_deliver(session, skb);
	}
}

/* The link receives it.  Called directly: the stack is entered a second time
 * from a hook, once, since what enters is UDP and cannot come back here.
 */
static void deliver_routed(struct ftcp_session *session, struct sk_buff *skb)
{
	struct ftcp_tunnel *tunnel = session->tunnel;

	skb_scrub_packet(skb, true);
	skb_orphan(skb);
	skb->mark = READ_ONCE(tunnel->config.fwmark);
	skb->dev = tunnel->link->dev;
	skb_set_queue_mapping(skb, 0);
	ftcp_input_route(session, skb);
	netif_receive_skb(skb);
}

/* Behind OUTPUT, which may have sent it another way: the loopback device receives
 * it, without having sent it.  For whoever listens there it has a link-layer
 * header.
 */
static int receive_here(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct ethhdr *eth;

	if (!ftcp_route_by_loopback(skb_dst(skb)))
		return dst_output(net, sk, skb);
	if (skb_cow_head(skb, ETH_HLEN)) {
		kfree_skb(skb);
		return -ENOMEM;
	}
	eth = __skb_push(skb, ETH_HLEN);
	*eth = (struct ethhdr){ .h_proto = skb->protocol };
	skb_reset_mac_header(skb);
	__skb_pull(skb, ETH_HLEN);
	skb_reset_mac_len(skb);
	skb->dev = skb_dst(skb)->dev;
	/* it may wait for another CPU, see RPS */
	skb_set_queue_mapping(skb, 0);
	skb_dst_force(skb);
	return netif_receive_skb(skb);
}

/* To an address of this host. */
static void deliver_here(struct ftcp_session *session, struct dst_entry *dst,
			 struct sk_buff *skb)
{
	struct net *net = session->tunnel->inner_net;
	u8 pf = skb->protocol == htons(ETH_P_IP) ? NFPROTO_IPV4 : NFPROTO_IPV6;

	ftcp_output_begin(dst, skb, READ_ONCE(session->tunnel->config.fwmark));
	if (nf_hook(pf, NF_INET_LOCAL_OUT, net, NULL, skb, NULL, dst->dev,
		    receive_here) == 1)
		receive_here(net, NULL, skb);
}

/* Not through the link: to an address of this host, or to that of another one,
 * as a datagram of this host.
 */
static void deliver_local(struct ftcp_session *session, struct dst_entry *dst,
			  struct sk_buff *skb)
{
	struct ftcp_tunnel *tunnel = session->tunnel;
	unsigned int len = skb->len;

	skb_orphan(skb);
	if (ftcp_route_by_loopback(dst)) {
		deliver_here(session, dst, skb);
		return;
	}
	if (skb_is_gso(skb))
		len = skb_transport_offset(skb) + sizeof(struct udphdr) +
		      skb_shinfo(skb)->gso_size;
	if (unlikely(len > dst_mtu(dst)))
		ftcp_gso_allow_fragments(tunnel->inner_net, skb);
	ftcp_output(tunnel->inner_net, dst, skb,
		    READ_ONCE(tunnel->config.fwmark));
}

static struct dst_entry *inner_route(struct ftcp_session *session)
{
	struct dst_entry *dst = ftcp_route_kept(&session->inner_route);
	struct net *net = session->tunnel->inner_net;

	if (likely(dst))
		return dst;
	/* An address may have gone a while before there is another way. */
	if (!ftcp_own_address(net, &session->key.pair.remote))
		ftcp_handover_look(net);
	return ftcp_session_find_route(session);
}

/**
 * ftcp_deliver() - deliver a segment with payload, or a super-packet
 * @session: its session, which has a port towards the target, if it needs one
 * @skb: the segment, which was accepted; consumed
 *
 * Context: RCU, bottom halves disabled.
 */
void ftcp_deliver(struct ftcp_session *session, struct sk_buff *skb)
{
	unsigned int hlen = ftcp_packet_hlen(skb), new_hlen, len;
	struct ftcp_tunnel *tunnel = session->tunnel;
	struct dst_entry *dst = NULL;
	u32 count;

	if (tunnel->mode->packets) {
		ftcp_decap(session, skb);
		return;
	}
	if (unlikely(!ftcp_gso_tcp_whole(skb))) {
		deliver_split(session, skb);
		return;
	}
	new_hlen = ftcp_ip_hlen(session->key.pair.local.family) +
		   sizeof(struct udphdr);
	if (tunnel->mode->proxy) {
		dst = inner_route(session);
		if (unlikely(!dst)) {
			ftcp_drop_rx(tunnel, FTCP_DROP_NO_ROUTE, skb);
			return;
		}
		new_hlen += LL_RESERVED_SPACE(dst->dev);
	}
	if (unlikely(ftcp_gso_make_room(skb, hlen, new_hlen))) {
		ftcp_drop_rx(tunnel, FTCP_DROP_MEMORY, skb);
		return;
	}

	len = skb->len - hlen;
	count = ftcp_gso_count(skb, len);
	ftcp_gso_tcp_to_udp(skb, hlen, &session->key.pair.remote,
			    &session->key.pair.local,
			    ftcp_tunnel_ttl(tunnel, ftcp_gso_ttl(skb)));
	atomic64_add(count, &session->rx_packets);
	atomic64_add(len, &session->rx_bytes);
	ftcp_stats_rx(tunnel->stats, count, len);
	ftcp_link_count_rx(tunnel->link->dev, count, len);
	if (dst)
		deliver_local(session, dst, skb);
	else
		deliver_routed(session, skb);
}

/* The first segments of an accepted session wait for the port towards the target. */
static void deliver_or_wait(struct ftcp_session *session, struct sk_buff *skb)
{
	if (likely(session->dialled || !smp_load_acquire(&session->waiting)))
		ftcp_deliver(session, skb);
	else if (!ftcp_session_enqueue(session, skb))
		ftcp_drop_rx(session->tunnel, FTCP_DROP_REFUSED, skb);
}

/* ---- segments of no flow: the handshake ---- */

static void receive_known(struct ftcp_net *fn, struct ftcp_flow *flow,
			  const struct ftcp_pair *pair,
			  const struct ftcp_segment *seg, struct sk_buff *skb);

/* A handshake is complete; false, and why, if there can be no flow.  Then the segment
 * is not consumed.
 */
static bool accept(struct ftcp_net *fn, struct ftcp_tunnel *tunnel,
		   struct ftcp_peer *peer, const struct ftcp_pair *pair,
		   const struct ftcp_segment *seg, struct sk_buff *skb,
		   enum ftcp_drop_attr *reason)
{
	struct ftcp_flow *flow = ftcp_session_accept(tunnel, peer, pair, seg,
						     reason);

	if (!flow) {
		flow = ftcp_flow_by_outer(fn, pair);
		if (flow)
			receive_known(fn, flow, pair, seg, skb);
		return flow;
	}
	if (!seg->len)
		consume_skb(skb);
	else
		deliver_or_wait(flow->session, skb);
	return true;
}

/* A handshake is complete, and in mode ip its first packet says who dialled.  False if
 * the segment was consumed; else the peer, or NULL and why there can be no flow.
 */
static bool find_peer(struct ftcp_tunnel *tunnel, const struct ftcp_pair *pair,
		      const struct ftcp_segment *seg, struct sk_buff *skb,
		      struct ftcp_peer **peer, enum ftcp_drop_attr *reason)
{
	unsigned int len = skb_is_gso(skb) ? skb_shinfo(skb)->gso_size : seg->len;
	enum ftcp_claim claim = FTCP_CLAIM_IGNORED;
	struct ftcp_end src, dst;

	if (!seg->len) {
		consume_skb(skb);
		return false;
	}
	*reason = FTCP_DROP_MALFORMED;
	if (ftcp_packet_read_addresses(skb, ftcp_packet_hlen(skb), len, &src,
				       &dst))
		claim = ftcp_claim(tunnel, pair, &src, peer, reason);
	if (claim == FTCP_CLAIM_IGNORED)
		ftcp_drop_rx(tunnel, *reason, skb);
	else if (claim == FTCP_CLAIM_REFUSED)
		*peer = NULL;
	return claim != FTCP_CLAIM_IGNORED;
}

/* A segment to a port of @tunnel that belongs to no flow: see core/listen.c. */
static void receive_unknown(struct ftcp_net *fn, struct ftcp_tunnel *tunnel,
			    const struct ftcp_pair *pair,
			    const struct ftcp_segment *seg, struct sk_buff *skb)
{
	const struct ftcp_secret secret = ftcp_net_secret(fn);
	bool packets = tunnel->mode->packets, somebody;
	struct ftcp_peer *peer = NULL;
	enum ftcp_drop_attr reason;
	struct ftcp_unknown u;

	if (!packets)
		peer = ftcp_peer_by_source(tunnel, &pair->remote);
	somebody = peer || (packets && !list_empty(&tunnel->peers));
	ftcp_listen(&secret, pair, somebody, seg, ftcp_now(), &u);
	reason = somebody ? u.drop : FTCP_DROP_NO_PEER;
	if (u.meaning == FTCP_ACCEPT) {
		if (packets &&
		    !find_peer(tunnel, pair, seg, skb, &peer, &reason))
			return;
		if (peer && accept(fn, tunnel, peer, pair, seg, skb, &reason))
			return;
		ftcp_reset_for(seg, &u.control);
	}
	ftcp_send_control(tunnel, NULL, pair, &u.control);
	if (u.meaning == FTCP_ANSWER)
		consume_skb(skb);
	else
		ftcp_drop_rx(tunnel, reason, skb);
}

/* ---- segments of a flow ---- */

static bool is_dialling(const struct ftcp_flow *flow)
{
	u8 state = ftcp_load(flow->conn.state);

	return state == FTCP_SYN_SENT || state == FTCP_SYN_RECEIVED;
}

static void receive_known(struct ftcp_net *fn, struct ftcp_flow *flow,
			  const struct ftcp_pair *pair,
			  const struct ftcp_segment *seg, struct sk_buff *skb)
{
	const struct ftcp_secret secret = ftcp_net_secret(fn);
	struct ftcp_tunnel *tunnel = flow->session->tunnel;
	u64 now = ftcp_now();

	switch (ftcp_conn_receive_fast(&flow->conn, seg, now)) {
	case FTCP_FAST_ARM:
		ftcp_flow_arm(flow, now + FTCP_ACK_DELAY);
		break;
	case FTCP_FAST_YES:
		break;
	case FTCP_FAST_NO:
		/* Both ends dialled, and the far end's SYN was answered before
		 * this end dialled: its handshake is complete, ours is not.
		 */
		if (unlikely(is_dialling(flow) &&
			     tunnel->accept.port == pair->local.port &&
			     ftcp_listen_completes(&secret, pair, seg, now))) {
			ftcp_flow_adopt(flow, seg);
			if (!seg->len) {
				consume_skb(skb);
				return;
			}
			break;
		}
		switch (ftcp_flow_receive(flow, seg)) {
		case FTCP_OK:
			break;
		case FTCP_CONTROL:
			consume_skb(skb);
			return;
		case FTCP_BAD_SEQUENCE:
			ftcp_drop_rx(tunnel, FTCP_DROP_SEQUENCE, skb);
			return;
		default:
			ftcp_drop_rx(tunnel, FTCP_DROP_STATE, skb);
			return;
		}
	}

	ftcp_input_keep(flow, skb);
	deliver_or_wait(flow->session, skb);
}

/* ---- the hooks ---- */

static bool accepts_forwarded(const struct ftcp_tunnel *tunnel)
{
	return tunnel->mode->same_ends && !ftcp_end_is_any(&tunnel->accept);
}

/* The tunnel that a segment belongs to, or NULL, and its flow, if there is one. */
static struct ftcp_tunnel *find(struct sk_buff *skb,
				const struct nf_hook_state *state,
				const struct ftcp_pair *pair,
				struct ftcp_flow **flow)
{
	bool forwarded = state->hook == NF_INET_FORWARD;
	struct ftcp_net *fn = ftcp_net(state->net);
	struct ftcp_tunnel *tunnel;

	*flow = ftcp_flow_by_outer(fn, pair);
	tunnel = *flow ? (*flow)->session->tunnel :
			 ftcp_tunnel_accepting(fn, &pair->local);
	if (!tunnel || (!*flow && forwarded && !accepts_forwarded(tunnel)) ||
	    ftcp_pair_link_local(pair))
		return NULL;
	if (forwarded ? !ftcp_packet_vrf_ok(fn->net, skb, IPPROTO_TCP) :
			!ftcp_packet_for_socket(fn->net, skb, IPPROTO_TCP))
		return NULL;
	return tunnel;
}

/* A segment with extension headers, which no counterpart sends.  TCP, here or at a
 * host behind this one, would answer with a RST, in the flow's name.
 */
static bool receive_extended(struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	struct ftcp_tunnel *tunnel;
	struct ftcp_flow *flow;
	struct ftcp_pair pair;

	if (!ftcp_packet_read_extended(skb, &pair.remote, &pair.local))
		return false;
	tunnel = find(skb, state, &pair, &flow);
	if (!tunnel)
		return false;
	ftcp_drop_rx(tunnel, FTCP_DROP_PROTOCOL, skb);
	return true;
}

/* Who forwards a packet has counted itself before it asks us, and will once more when
 * the datagram is forwarded from the link.  The header's checksum is that of one that
 * is thrown away.
 */
static void uncount_hop(struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		ip_hdr(skb)->ttl++;
	else
		ipv6_hdr(skb)->hop_limit++;
}

/* Whether the segment was ours, and consumed.  Nothing of other connections
 * is touched, and their cost is one look-up here, one at PREROUTING.
 */
static bool receive(struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct ftcp_net *fn = ftcp_net(state->net);
	struct ftcp_tunnel *tunnel;
	struct ftcp_segment seg;
	struct ftcp_flow *flow;
	struct ftcp_pair pair;
	unsigned int ip_hlen, hlen;

	if (!ftcp_packet_read(skb, IPPROTO_TCP, FTCP_HLEN, &pair.remote,
			      &pair.local, &ip_hlen))
		return false;
	tunnel = find(skb, state, &pair, &flow);
	if (!tunnel)
		return false;
	if (unlikely(!ftcp_hooks_passed(skb, state)))
		return true;
	if (state->hook == NF_INET_FORWARD)
		uncount_hop(skb);
	skb_set_transport_header(skb, ip_hlen);
	hlen = ip_hlen + tcp_hdrlen(skb);
	ftcp_packet_cb(skb)->hlen = hlen;
	if (!pskb_may_pull(skb, hlen) ||
	    ftcp_segment_read(&seg, skb->data + ip_hlen,
			      skb_headlen(skb) - ip_hlen,
			      skb->len - ip_hlen)) {
		ftcp_drop_rx(tunnel, FTCP_DROP_MALFORMED, skb);
		return true;
	}
	if (unlikely(!ftcp_packet_checksum_ok(skb, IPPROTO_TCP, ip_hlen))) {
		ftcp_drop_rx(tunnel, FTCP_DROP_CHECKSUM, skb);
		return true;
	}
	if (unlikely(!netif_running(tunnel->link->dev))) {
		ftcp_drop_rx(tunnel, FTCP_DROP_STATE, skb);
		return true;
	}
	if (likely(flow))
		receive_known(fn, flow, &pair, &seg, skb);
	else
		receive_unknown(fn, tunnel, &pair, &seg, skb);
	return true;
}

/**
 * ftcp_hook_receive() - packets addressed to this host, or to one behind it
 * @priv: unused
 * @skb: the packet
 * @state: names the hook, LOCAL_IN or FORWARD, and the network namespace
 *
 * Runs after all filters.
 *
 * Return: NF_STOLEN if the packet was a tunnel's, else NF_ACCEPT.
 */
unsigned int ftcp_hook_receive(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state)
{
	bool forwarded = state->hook == NF_INET_FORWARD, ours = false;
	struct ftcp_net *fn = ftcp_net(state->net);

	/* A packet that user space gave back (NFQUEUE) comes from a process. */
	local_bh_disable();
	switch (ftcp_packet_protocol(skb)) {
	case IPPROTO_TCP:
		ours = receive(skb, state);
		break;
	case IPPROTO_UDP:
		ours = !forwarded && READ_ONCE(fn->proxies) &&
		       ftcp_intercept(fn, skb, state);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		ftcp_icmp_receive(fn, skb, forwarded);
		break;
	default:
		ours = receive_extended(skb, state);
	}
	local_bh_enable();
	return ours ? NF_STOLEN : NF_ACCEPT;
}
