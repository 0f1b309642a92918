/* SPDX-License-Identifier: GPL-2.0 */
/* Sessions: conversations of datagrams, each carried by a flow. */
#ifndef FTCP_SESSION_H
#define FTCP_SESSION_H

#include <linux/atomic.h>
#include <linux/rhashtable.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>

#include "addr.h"
#include "coalesce.h"
#include "peer.h"
#include "route.h"
#include "tunnel.h"

/**
 * struct ftcp_inner_key - a conversation of datagrams
 * @pair: local is the application that hands datagrams in on this side,
 *	remote is the end that it talks to
 * @link: the link in mode routed, where addresses are the link's own affair;
 *	NULL in the other modes, where they are those of a namespace
 */
struct ftcp_inner_key {
	struct ftcp_pair pair;
	const struct ftcp_link *link;
};

/**
 * struct ftcp_session - a conversation
 * @node: in ftcp_net.inner, if @hashed
 * @key: its ends; complete once the session is in @node's table
 * @active: the flow that carries it, constant
 * @tunnel: the tunnel, constant
 * @peer: the peer, constant; a reference is held from the time that the flow is
 *	linked to its teardown
 * @epoch: that of the peer when the flow was linked, constant from then on
 * @dialled: this end opened the connection; constant
 * @waiting: datagrams have to queue, for the connection or for the first
 *	acknowledgement on it; changed under @lock, cleared when @queue is empty
 * @forwarded: mode routed: its datagrams are for other hosts
 * @owes: the connection that had the conversation before was lost, and the
 *	application hears of it if this one cannot be had; changed under @lock
 * @inner_route: route of the datagrams to application or target; mode routed:
 *	their route in this host, see input.c
 * @source: whom it is counted for, see source.c; under ftcp_tunnel.lock
 * @tx_packets: datagrams sent
 * @tx_bytes: bytes of their payload
 * @batch: what leaves together; see there for who protects it
 * @fresh: in ftcp_source.fresh, if it may give way to others, under ftcp_tunnel.lock
 * @rx_packets: datagrams received
 * @rx_bytes: bytes of their payload
 * @lock: protects the slow path of the flow's connection, the flow, and the members
 *	below
 * @hashed: in the table of sessions
 * @flushing: somebody is sending the first of what was in @queue
 * @silent: the far end is not told of the end
 * @queue: dialled: datagrams that wait for the connection; accepted: segments
 *	that wait for the UDP port towards the target
 * @udp_port: reservation of the UDP port towards the target, until the teardown or
 *	ftcp_flow_evict() takes it
 */
struct ftcp_session {
	struct rhash_head node;
	struct ftcp_inner_key key;
	struct ftcp_flow *active;

	struct ftcp_tunnel *tunnel;
	struct ftcp_peer *peer;
	u32 epoch;
	bool dialled;
	bool waiting;
	bool forwarded;
	bool owes;
	struct ftcp_route inner_route;
	struct ftcp_source *source;

	/* what a sender writes */
	atomic64_t tx_packets ____cacheline_aligned;
	atomic64_t tx_bytes;
	struct ftcp_batch batch;
	struct list_head fresh;

	/* what a receiver writes */
	atomic64_t rx_packets ____cacheline_aligned;
	atomic64_t rx_bytes;
	spinlock_t lock;
	bool hashed;
	bool flushing;
	bool silent;
	struct sk_buff_head queue;
	struct ftcp_port *udp_port;
};

/* Whether nobody but the reaper is to find a session any more. */
static inline bool ftcp_session_doomed(const struct ftcp_session *session)
{
	return unlikely(session->epoch != READ_ONCE(session->peer->epoch));
}

#endif /* FTCP_SESSION_H */
