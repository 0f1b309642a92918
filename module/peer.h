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

struct ftcp_session;

#define FTCP_FROM_MAX 1024	/* ranges in ftcp_peer_config.from */

/* What a user sets */
struct ftcp_peer_config {
	struct rcu_head rcu;
	u32 kind;		/* enum ftcp_endpoint_kind */
	u32 wire;		/* enum ftcp_wire */
	u32 from_kind;		/* enum ftcp_from_kind */
	struct ftcp_end endpoint; /* TCP, with FTCP_ENDPOINT_ADDR */
	char endpoint_name[FAKETCP_ENDPOINT_NAME_MAX + 1]; /* if by name */
	bool tentative;		/* keep flows until endpoint answers */
	bool persistent;	/* see persist.c */
	unsigned int n_from;	/* mode ip: with FTCP_FROM_LIST, */
	struct ftcp_range_key from[]; /* ... who may connect */
};

/**
 * struct ftcp_peer - a remote end
 * @list: in ftcp_tunnel.peers, RCU
 * @node: in a table of all tunnels' peers by @key, see peer.c
 * @key: the following two
 * @tunnel: the tunnel
 * @name: unique in the tunnel, padded with zeroes
 * @config: RCU, replaced under RTNL
 * @allowed: its allowed IPs, struct ftcp_range; under RTNL
 * @from: addresses that may connect, likewise; in mode ip they are in @config, since
 *	several peers may be behind one
 * @sessions: struct ftcp_session, doomed ones first; under ftcp_tunnel.lock, as
 *	the next three
 * @session: mode ip: the one that carries what is sent to the peer, or NULL; RCU,
 *	chosen by claim.c under ftcp_tunnel.lock
 * @nflows: number of their flows that are not doomed
 * @epoch: incremented to doom all sessions, see session.h
 * @gone: no flow may be added
 * @doomed: in ftcp_net.doomed, with a reference, while there are doomed flows
 * @mover: dials its flows again; holds a reference, see mover.c
 * @move_all: dial those again that are where they belong, too
 * @moving_all: @move_all for the present run; only for the mover, as @rounds
 * @rounds: how often the mover looked at the flows
 * @moves: how often the mover was asked; written under RTNL
 * @persist: dials when there is no session; holds a reference, see persist.c
 * @refs: of the tunnel's list and of each session
 * @backoff: of the endpoint, if that is fixed
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
	struct ftcp_session __rcu *session;
	u32 nflows;
	u32 epoch;
	bool gone;
	struct list_head doomed;
	struct delayed_work mover;
	bool move_all;
	bool moving_all;
	u8 rounds;
	u32 moves;
	struct delayed_work persist;
	refcount_t refs;
	struct ftcp_backoff backoff;
	struct rcu_head rcu;
};

/* What to set of a peer */
struct ftcp_peer_change {
	struct ftcp_peer_config *config; /* whole; freed after an error */
	const struct ftcp_range_list *allowed; /* NULL: do not change */
	const struct ftcp_range_list *from; /* NULL: do not change */
};

int ftcp_peer_init(void);
void ftcp_peer_exit(void);
struct ftcp_peer *ftcp_peer_find(struct ftcp_tunnel *tunnel, const char *name);
struct ftcp_peer *ftcp_peer_by_destination(struct ftcp_tunnel *tunnel,
					   const struct ftcp_end *end, u8 *len);
struct ftcp_peer *ftcp_peer_of_link(struct ftcp_link *link,
				    const struct ftcp_end *dst,
				    struct ftcp_tunnel **tunnel);
bool ftcp_peer_has(const struct ftcp_peer *peer, const struct ftcp_end *src);
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
