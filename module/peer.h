/* SPDX-License-Identifier: GPL-2.0 */
/* Peers: the remote ends of a tunnel, and which addresses are behind them. */
#ifndef FTCP_PEER_H
#define FTCP_PEER_H

#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/netlink.h>
#include <linux/overflow.h>
#include <linux/refcount.h>

#include "addr.h"
#include "tunnel.h"

/**
 * struct ftcp_range - a range of inner addresses
 * @addr: IPv6 address, or IPv4 address in its mapped form
 * @prefix: bits of @addr that count, 0 to 128; 96 more than in IPv4's notation
 *	for an IPv4 range
 * @family: AF_INET or AF_INET6
 */
struct ftcp_range {
	struct in6_addr addr;
	u8 prefix;
	u16 family;
};

/**
 * struct ftcp_allowed_entry - whose a range is
 * @range: the range
 * @peer: the peer
 */
struct ftcp_allowed_entry {
	struct ftcp_range range;
	struct ftcp_peer *peer;
};

/**
 * struct ftcp_allowed - the ranges of all peers of a tunnel
 * @rcu: for freeing
 * @count: length of @entries
 * @entries: longest prefix first
 *
 * Consulted when a flow begins, and for packets that have none: never for a
 * datagram of a flow, and a sorted array, in which each length is halved, is all it
 * takes.
 */
struct ftcp_allowed {
	struct rcu_head rcu;
	unsigned int count;
	struct ftcp_allowed_entry entries[];
};

/**
 * struct ftcp_peer_config - what a user sets of a peer
 * @rcu: for freeing
 * @kind: enum ftcp_endpoint_kind
 * @wire: enum ftcp_wire
 * @endpoint: TCP address and port, with FTCP_ENDPOINT_ADDR
 * @endpoint_name: what the user wrote for @endpoint, if it was a name
 * @tentative: flows that are up stay while @endpoint does not answer
 * @nranges: length of @ranges
 * @ranges: allowed IPs
 */
struct ftcp_peer_config {
	struct rcu_head rcu;
	u32 kind;
	u32 wire;
	struct ftcp_end endpoint;
	char endpoint_name[FAKETCP_ENDPOINT_NAME_MAX + 1];
	bool tentative;
	unsigned int nranges;
	struct ftcp_range ranges[];
};

#define FTCP_RANGES_MAX 65536	/* allowed IPs of one tunnel */

/**
 * struct ftcp_peer - a remote end
 * @list: in ftcp_tunnel.peers, RCU
 * @tunnel: the tunnel
 * @name: unique in the tunnel
 * @config: see there; RCU, replaced under RTNL
 * @flows: list of struct ftcp_flow, those that are doomed first; RCU, changed under
 *	ftcp_tunnel.lock, like the following three
 * @nflows: how many of them are not doomed
 * @epoch: raised to doom all flows that there are, see flow.h
 * @gone: no flow may be added any more
 * @doomed: in ftcp_net.doomed, with a reference, while there are doomed flows
 * @mover: has its flows dialled anew; holds a reference, see mover.c
 * @move_all: those that are where they belong as well
 * @moving_all: so it does, and this and the next are only for it
 * @rounds: how often it has looked at the flows
 * @moves: how often they were to move; written under RTNL
 * @refs: of the tunnel's list and of each flow
 * @backoff: of its endpoint, if that is fixed
 * @rcu: for freeing
 *
 * A flow keeps its peer, and the peer its tunnel: see tunnel.h.
 */
struct ftcp_peer {
	struct list_head list;
	struct ftcp_tunnel *tunnel;
	char name[FAKETCP_NAME_MAX + 1];
	struct ftcp_peer_config __rcu *config;
	struct list_head flows;
	u32 nflows;
	u32 epoch;
	bool gone;
	struct list_head doomed;
	struct delayed_work mover;
	bool move_all;
	bool moving_all;
	u8 rounds;
	u32 moves;
	refcount_t refs;
	struct ftcp_backoff backoff;
	struct rcu_head rcu;
};

static inline struct ftcp_peer_config *ftcp_peer_config_alloc(unsigned int n)
{
	return kvzalloc(struct_size((struct ftcp_peer_config *)NULL, ranges, n),
			GFP_KERNEL_ACCOUNT);
}

struct ftcp_peer *ftcp_peer_find(struct ftcp_tunnel *tunnel, const char *name);
struct ftcp_peer *ftcp_peer_by_address(struct ftcp_tunnel *tunnel,
				       const struct ftcp_end *end);
struct ftcp_peer *ftcp_peer_only(struct ftcp_tunnel *tunnel);
void ftcp_peer_failed(struct ftcp_peer *peer, bool refused);
void ftcp_peer_reached(struct ftcp_peer *peer);
bool ftcp_peer_pauses(const struct ftcp_peer *peer);
int ftcp_peer_set(struct ftcp_tunnel *tunnel, const char *name,
		  struct ftcp_peer_config *config,
		  struct netlink_ext_ack *extack);
int ftcp_peer_add_any(struct ftcp_tunnel *tunnel, const char *name,
		      const struct ftcp_end *endpoint,
		      const char *endpoint_name);
int ftcp_peer_del(struct ftcp_peer *peer, struct netlink_ext_ack *extack);
void ftcp_peer_del_all(struct ftcp_tunnel *tunnel);
void ftcp_peer_put(struct ftcp_peer *peer);

static inline void ftcp_peer_hold(struct ftcp_peer *peer)
{
	refcount_inc(&peer->refs);
}

#endif /* FTCP_PEER_H */
