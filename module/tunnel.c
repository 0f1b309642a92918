// SPDX-License-Identifier: GPL-2.0
/* Tunnels: found, and let go; they are made and deleted in configure.c. */
#include <linux/memcontrol.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "peer.h"
#include "reaper.h"
#include "trace.h"
#include "tunnel.h"

/**
 * ftcp_tunnel_find() - look a tunnel up by name
 * @link: where to look
 * @name: its name
 *
 * Context: RTNL.
 * Return: the tunnel, or NULL.
 */
struct ftcp_tunnel *ftcp_tunnel_find(struct ftcp_link *link, const char *name)
{
	struct ftcp_tunnel *tunnel;

	ASSERT_RTNL();
	list_for_each_entry(tunnel, &link->tunnels, list) {
		if (!strcmp(tunnel->name, name))
			return tunnel;
	}
	return NULL;
}

/**
 * ftcp_tunnel_accepting() - find the tunnel that accepts on an address
 * @fn: network namespace of the segments
 * @local: the address and port
 *
 * Context: RCU read-side critical section.
 * Return: the tunnel, or NULL.
 */
struct ftcp_tunnel *ftcp_tunnel_accepting(struct ftcp_net *fn,
					  const struct ftcp_end *local)
{
	struct ftcp_tunnel *tunnel;

	hlist_for_each_entry_rcu(tunnel,
				 ftcp_port_bucket(fn->accept, local->port),
				 accept_node) {
		if (ftcp_end_matches(&tunnel->accept, local))
			return tunnel;
	}
	return NULL;
}

/**
 * ftcp_tunnel_listening() - find the tunnel that listens on an address
 * @fn: network namespace of the datagrams
 * @dst: destination of the datagram
 *
 * Context: RCU read-side critical section.
 * Return: the tunnel, or NULL.
 */
struct ftcp_tunnel *ftcp_tunnel_listening(struct ftcp_net *fn,
					  const struct ftcp_end *dst)
{
	struct ftcp_tunnel *tunnel;

	hlist_for_each_entry_rcu(tunnel,
				 ftcp_port_bucket(fn->listen, dst->port),
				 listen_node) {
		if (ftcp_end_matches(&tunnel->listen, dst))
			return tunnel;
	}
	return NULL;
}

static void free_tunnel_rcu(struct rcu_head *head)
{
	struct ftcp_tunnel *tunnel = container_of(head, struct ftcp_tunnel, rcu);

	netdev_put(tunnel->link->dev, &tunnel->dev_tracker);
	mem_cgroup_put(tunnel->memcg);
	free_percpu(tunnel->stats);
	kfree(tunnel);
}

/**
 * ftcp_tunnel_put() - drop a reference to a tunnel
 * @tunnel: the tunnel
 *
 * Context: any but hard interrupts.
 */
void ftcp_tunnel_put(struct ftcp_tunnel *tunnel)
{
	struct net *underlay = tunnel->underlay, *inner_net = tunnel->inner_net;

	if (!refcount_dec_and_test(&tunnel->refs))
		return;
	call_rcu(&tunnel->rcu, free_tunnel_rcu);
	ftcp_net_release(inner_net);
	ftcp_net_release(underlay);
}

/**
 * ftcp_tunnel_doom_flows() - end the flows of a tunnel that stays
 * @tunnel: the tunnel
 *
 * Context: RTNL.
 */
void ftcp_tunnel_doom_flows(struct ftcp_tunnel *tunnel)
{
	struct ftcp_peer *peer;

	ASSERT_RTNL();
	list_for_each_entry(peer, &tunnel->peers, list)
		ftcp_reaper_doom(peer);
}

/* ---- what is dropped ---- */

/* What the kernel's kfree_skb event calls it, as far as it has a word that says the
 * same.  Others than its own subsystems cannot add words.
 */
static const enum skb_drop_reason kernel_reasons[__FTCP_DROP_MAX] = {
	[FTCP_DROP_MALFORMED] = SKB_DROP_REASON_HDR_TRUNC,
	[FTCP_DROP_PROTOCOL] = SKB_DROP_REASON_UNHANDLED_PROTO,
	[FTCP_DROP_NO_ENDPOINT] = SKB_DROP_REASON_IP_OUTNOROUTES,
	[FTCP_DROP_NO_ROUTE] = SKB_DROP_REASON_IP_OUTNOROUTES,
	[FTCP_DROP_NO_FLOW] = SKB_DROP_REASON_NO_SOCKET,
	[FTCP_DROP_SEQUENCE] = SKB_DROP_REASON_TCP_INVALID_SEQUENCE,
	[FTCP_DROP_STATE] = SKB_DROP_REASON_TCP_FLAGS,
	[FTCP_DROP_QUEUE_FULL] = SKB_DROP_REASON_FULL_RING,
	[FTCP_DROP_TOO_BIG] = SKB_DROP_REASON_PKT_TOO_BIG,
	[FTCP_DROP_MEMORY] = SKB_DROP_REASON_NOMEM,
	[FTCP_DROP_HANDSHAKE] = SKB_DROP_REASON_TCP_INVALID_SEQUENCE,
};

static void drop(const struct ftcp_tunnel *tunnel, enum ftcp_drop_attr reason,
		 struct sk_buff *skb, enum skb_drop_reason checksum)
{
	enum skb_drop_reason why = kernel_reasons[reason];

	if (reason == FTCP_DROP_CHECKSUM)
		why = checksum;
	trace_ftcp_drop(tunnel, reason, skb);
	kfree_skb_reason(skb, why ?: SKB_DROP_REASON_NOT_SPECIFIED);
}

/**
 * ftcp_drop_count() - say why something is not done, or a packet is dropped elsewhere
 * @tunnel: whose counters
 * @reason: which counter
 *
 * Context: bottom halves disabled.
 */
void ftcp_drop_count(struct ftcp_tunnel *tunnel, enum ftcp_drop_attr reason)
{
	ftcp_stats_drop(tunnel->stats, reason);
	trace_ftcp_drop(tunnel, reason, NULL);
}

/**
 * ftcp_drop_tx() - drop a datagram and say why
 * @tunnel: whose counters, NULL if none was found
 * @reason: which counter
 * @skb: the datagram; consumed
 */
void ftcp_drop_tx(struct ftcp_tunnel *tunnel, enum ftcp_drop_attr reason,
		  struct sk_buff *skb)
{
	if (tunnel) {
		ftcp_stats_drop(tunnel->stats, reason);
		DEV_STATS_INC(tunnel->link->dev, tx_dropped);
	}
	drop(tunnel, reason, skb, SKB_DROP_REASON_UDP_CSUM);
}

/**
 * ftcp_drop_rx() - drop a segment and say why
 * @tunnel: whose counters
 * @reason: which counter
 * @skb: the segment; consumed
 */
void ftcp_drop_rx(struct ftcp_tunnel *tunnel, enum ftcp_drop_attr reason,
		  struct sk_buff *skb)
{
	ftcp_stats_drop(tunnel->stats, reason);
	DEV_STATS_INC(tunnel->link->dev, rx_dropped);
	drop(tunnel, reason, skb, SKB_DROP_REASON_TCP_CSUM);
}
