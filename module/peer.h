/* SPDX-License-Identifier: GPL-2.0 */
/* Peers: the remote ends of a tunnel. */
#ifndef FTCP_PEER_H
#define FTCP_PEER_H

#include <linux/atomic.h>
#include <linux/netlink.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/stddef.h>

#include "addr.h"
#include "allowed.h"
#include "tunnel.h"

/**
 * struct ftcp_peer_config - what a user sets of a peer
 * @rcu: for freeing
 * @kind: enum ftcp_endpoint_kind
 * @wire: enum ftcp_wire
 * @from_kind: enum ftcp_from_kind
 * @endpoint: TCP address and port, with FTCP_ENDPOINT_ADDR
 * @endpoint_name: what the user wrote for @endpoint, if it was a name
 * @tentative: flows that are up stay while @endpoint does not answer
 */
struct ftcp_peer_config {
	struct rcu_head rcu;
	u32 kind;
	u32 wire;
	u32 from_kind;
	struct ftcp_end endpoint;
	char endpoint_name[FAKETCP_ENDPOINT_NAME_MAX + 1];
	bool tentative;
};

/**
 * struct ftcp_peer - a remote end
 * @list: in ftcp_tunnel.peers, RCU
 * @node: by @key in a table of all tunnels' peers, see peer.c
 * @key: the following two
 * @tunnel: the tunnel
 * @name: unique in the tunnel, padded with zeroes
 * @config: see there; RCU, replaced under RTNL
 * @allowed: list of struct ftcp_range, its allowed IPs; under RTNL
 * @from: the same of addresses that may connect
 * @sessions: list of struct ftcp_session, those that are doomed first; under
 *	ftcp_tunnel.lock, like the following three
 * @nflows: how many flows they have, of those that are not doomed
 * @epoch: raised to doom all that there are, see session.h
 * @gone: no flow may be added any more
 * @doomed: in ftcp_net.doomed, with a reference, while there are doomed flows
 * @mover: has its flows dialled anew; holds a reference, see mover.c
 * @move_all: those that are where they belong as well
 * @moving_all: so it does, and this and the next are only for it
 * @rounds: how often it has looked at the flows
 * @moves: how often they were to move; written under RTNL
 * @refs: of the tunnel's list and of each session
 * @backoff: of its endpoint, if that is fixed
 * @rcu: for freeing
 *
 * A session keeps its peer, and the peer its tunnel: see tunnel.h.
 */
struct ftcp_peer {
	struct list_head list;
	struct rhash_head node;
	struct_group_tagged(ftcp_peer_key, key,
		struct ftcp_tunnel *tunnel;
		char name[FAKETCP_NAME_MAX + 1];
	);
	struct ftcp_peer_config __rcu *config;
	struct list_head allowed;
	struct list_head from;
	struct list_head sessions;
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

/**
 * struct ftcp_peer_change - what a peer is to be like
 * @config: all of it; taken over, also if the change is refused
 * @allowed: its allowed IPs; NULL: as they are
 * @from: the addresses that may connect; NULL: as they are
 */
struct ftcp_peer_change {
	struct ftcp_peer_config *config;
	const struct ftcp_range_list *allowed;
	const struct ftcp_range_list *from;
};

int ftcp_peer_init(void);
void ftcp_peer_exit(void);
struct ftcp_peer *ftcp_peer_find(struct ftcp_tunnel *tunnel, const char *name);
struct ftcp_peer *ftcp_peer_by_destination(struct ftcp_tunnel *tunnel,
					   const struct ftcp_end *end);
struct ftcp_peer *ftcp_peer_by_source(struct ftcp_tunnel *tunnel,
				      const struct ftcp_end *end);
struct ftcp_peer *ftcp_peer_only(struct ftcp_tunnel *tunnel);
void ftcp_peer_failed(struct ftcp_peer *peer, bool refused);
void ftcp_peer_reached(struct ftcp_peer *peer);
bool ftcp_peer_pauses(const struct ftcp_peer *peer);
int ftcp_peer_set(struct ftcp_tunnel *tunnel, const char *name,
		  const struct ftcp_peer_change *change,
		  struct netlink_ext_ack *extack);
int ftcp_peer_add_any(struct ftcp_tunnel *tunnel, const char *name,
		      const struct ftcp_end *endpoint,
		      const char *endpoint_name);
void ftcp_peer_del(struct ftcp_peer *peer);
void ftcp_peer_del_all(struct ftcp_tunnel *tunnel);
void ftcp_peer_put(struct ftcp_peer *peer);

static inline void ftcp_peer_hold(struct ftcp_peer *peer)
{
	refcount_inc(&peer->refs);
}

#endif /* FTCP_PEER_H */
