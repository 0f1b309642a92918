/* SPDX-License-Identifier: GPL-2.0 */
/* Sessions: conversations of datagrams, each carried by a flow. */
#ifndef FTCP_SESSION_H
#define FTCP_SESSION_H

#include <linux/atomic.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>

#include "addr.h"
#include "peer.h"
#include "route.h"
#include "tunnel.h"

struct ftcp_flow;
struct ftcp_upper_ops;

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
 * struct ftcp_batch - what a session has to send, see coalesce.c
 * @lock: protects the members below; nothing is sent under it.  Without it @sender,
 *	@cost, @last and @lone are read, and the last two written
 * @queue: packets that are to leave, in order; usually none or one
 * @sender: processor that is sending what was in @queue, -1: none
 * @tail: last of the datagrams that are to leave with the last packet in @queue, if
 *	there may be more; else NULL
 * @size: payload of that packet's first datagram, in bytes
 * @count: number of these datagrams
 * @room: bytes that there is room for
 * @excused: how many datagrams do not wait, as others did in vain
 * @vain: how many it was the last time; 0 if that wait was not in vain
 * @cost: ns that it takes to send a packet, running mean
 * @lone: datagrams since the lock was taken last, which were all lone ones
 * @last: ns, when a datagram was last handed in
 * @since: ns, when the open packet began to wait
 * @timer: ends the wait
 *
 * Begins and ends with the session.
 */
struct ftcp_batch {
	spinlock_t lock;
	int sender;
	struct sk_buff_head queue;
	struct sk_buff *tail;
	u16 size;
	u16 count;
	u16 room;
	u16 excused;
	u16 vain;
	u8 lone;
	u32 cost;
	u64 last;
	u64 since;
	struct hrtimer timer;
};

/**
 * struct ftcp_session - a conversation
 * @node: in ftcp_net.inner, if @hashed
 * @key: its ends; complete once the session is in @node's table
 * @active: the flow that carries it, or, once that has ended and no other one took
 *	its place, NULL; RCU, changed under @lock
 * @tunnel: the tunnel, constant
 * @peer: the peer, constant; a reference is held from the first flow to the last
 * @epoch: that of the peer when the session began, constant
 * @dialled: this end opens the connections; constant
 * @waiting: datagrams have to queue, for a connection or for the first
 *	acknowledgement on it; changed under @lock, cleared when @queue is empty
 * @forwarded: mode routed: its datagrams are for other hosts
 * @owes: the connection that carried it before was lost, and the application hears
 *	of it if another one cannot be had; under @lock
 * @inner_route: route of the datagrams to application or target; mode routed:
 *	their route in this host, see input.c
 * @source: whom its flows are counted for, see source.c; under ftcp_tunnel.lock
 * @standby: the flow that is being dialled to take @active's place, or NULL; under
 *	@lock
 * @udp_port: reservation of the UDP port towards the target, until the end or
 *	ftcp_flow_evict() takes it
 * @tx_packets: datagrams sent
 * @tx_bytes: bytes of their payload
 * @batch: what leaves together; see there for who protects it
 * @fresh: in ftcp_source.fresh, if it may give way to others, under ftcp_tunnel.lock
 * @rcu: for freeing, when it has no @source any more
 * @list: in ftcp_peer.sessions, under ftcp_tunnel.lock
 * @refs: of the flows, each until its teardown
 * @hashed: in the table of sessions, in mode ip among those that may be their peer's,
 *	until it ends or is being closed; under @lock
 * @flushing: somebody is sending the first of what was in @queue; under @lock
 * @silent: the far end is not told of the end; under @lock
 * @ended: its last flow is dead
 * @rx_packets: datagrams received
 * @rx_bytes: bytes of their payload
 * @lock: protects what is said so, and the flows: the slow path of their connections,
 *	their phases, their membership in the table
 * @queue: dialled: datagrams that wait for a connection; accepted: segments that
 *	wait for the UDP port towards the target; under @lock
 * @flows: list of struct ftcp_flow; usually one, and while one is replaced two or
 *	more; under @lock
 *
 * A sender finds the session by the datagram's ends and goes on to the flow that
 * carries it; a receiver finds a flow by the segment's ends and goes on to its
 * session.  What the one reads is in the first two cache lines, with those of the
 * flow; so is what the other reads.
 *
 * Lifetime.  A session begins with its first flow and ends with its last.  It is
 * found under RCU only, by the table or by one of its flows.  Each flow holds a
 * reference, until its teardown; the last of these stops the timer of @batch, gives
 * the port back, and has the session freed after a grace period.  So flows that were
 * found under RCU have their session.  It keeps its peer, which keeps the tunnel (see
 * tunnel.h).
 *
 * Replacement.  A flow that the core wants replaced goes on, and @standby is dialled.
 * When that is established, @active is assigned, and nothing else happens to the
 * conversation: what waits in @queue or @batch leaves by the new flow.  The old one
 * receives for a while what is under way, and closes.  If it is lost before, other
 * than by this end's will, @standby is made @active as it is, and datagrams wait.  A
 * standby that comes to nothing is told to @active.
 *
 * Doom.  To end all sessions of a peer at once (ftcp_reaper_doom(), under RTNL)
 * nothing is done but to raise the peer's epoch.  A session of an earlier one is
 * doomed, for ever, with its flows: look-ups and dumps pass them over, their timers
 * and their setup do nothing any more, no flow is added, and they are not among the
 * flows of the tunnel.  They are still in the tables, and the session in the peer's
 * list, where all that are doomed come before all others, until the reaper kills them;
 * or, before that, whoever needs their place in a table (ftcp_table_make_way_outer()): two
 * with the same ends never exist together, and what is said of the first's end is said
 * before the second begins.
 *
 * Lock order: @lock, then ftcp_tunnel.lock.  Never two sessions' locks.  No packet is
 * sent under @lock, or under that of @batch, which is not taken together with any
 * other.
 */
struct ftcp_session {
	struct rhash_head node;
	struct ftcp_inner_key key;
	struct ftcp_flow __rcu *active;

	struct ftcp_tunnel *tunnel;
	struct ftcp_peer *peer;
	u32 epoch;
	bool dialled;
	bool waiting;
	bool forwarded;
	bool owes;
	struct ftcp_route inner_route;
	struct ftcp_source *source;
	struct ftcp_flow *standby;
	struct ftcp_port *udp_port;

	/* what a sender writes */
	atomic64_t tx_packets ____cacheline_aligned;
	atomic64_t tx_bytes;
	struct ftcp_batch batch;
	union {
		struct list_head fresh;
		struct rcu_head rcu;
	};
	struct list_head list;
	refcount_t refs;
	bool hashed;
	bool flushing;
	bool silent;
	bool ended;

	/* what a receiver writes */
	atomic64_t rx_packets ____cacheline_aligned;
	atomic64_t rx_bytes;
	spinlock_t lock;
	struct sk_buff_head queue;
	struct list_head flows;
};

extern u64 ftcp_asleep;	/* ms, see handover.c */

/* The core's clock: milliseconds, never 0.  It goes on while the host is suspended,
 * see core/policy.h, which jiffies do not; to read a clock that does would cost more
 * than to add what it is ahead.
 */
static inline u64 ftcp_now(void)
{
	return jiffies64_to_msecs(get_jiffies_64()) + ftcp_load(ftcp_asleep);
}

/* Whether nobody but the reaper is to find a session any more. */
static inline bool ftcp_session_doomed(const struct ftcp_session *session)
{
	return unlikely(session->epoch != READ_ONCE(session->peer->epoch));
}

/* Mode ip: the session that carries what is sent to a peer, or NULL; under RCU. */
static inline struct ftcp_session *ftcp_peer_session(const struct ftcp_peer *peer)
{
	struct ftcp_session *session = rcu_dereference(peer->session);

	return session && !ftcp_session_doomed(session) ? session : NULL;
}

/* The flow that carries a session, under its lock. */
static inline struct ftcp_flow *
ftcp_session_active(const struct ftcp_session *session)
{
	return rcu_dereference_protected(session->active,
					 lockdep_is_held(&session->lock));
}

struct ftcp_session *ftcp_session_new(struct ftcp_tunnel *tunnel,
				      struct ftcp_peer *peer, bool dialled);
void ftcp_session_free(struct ftcp_session *session);
struct ftcp_session *ftcp_session_dial(struct ftcp_tunnel *tunnel,
				       struct ftcp_peer *peer,
				       const struct ftcp_inner_key *key,
				       enum ftcp_drop_attr *reason);
struct ftcp_flow *ftcp_session_accept(struct ftcp_tunnel *tunnel,
				      struct ftcp_peer *peer,
				      const struct ftcp_pair *outer,
				      const struct ftcp_segment *seg,
				      enum ftcp_drop_attr *reason);
bool ftcp_session_dial_standby(struct ftcp_flow *flow,
			       enum ftcp_drop_attr *reason);

bool ftcp_session_add(struct ftcp_session *session, struct ftcp_flow *flow,
		      enum ftcp_drop_attr *reason);
void ftcp_session_remove(struct ftcp_session *session, struct ftcp_flow *flow);
void ftcp_session_activate(struct ftcp_session *session,
			   struct ftcp_flow *flow);
bool ftcp_session_succeed(struct ftcp_session *session);
bool ftcp_session_dial_again(struct ftcp_session *session);
bool ftcp_session_take_over(struct ftcp_session *session,
			    struct ftcp_flow *flow);
void ftcp_session_end(struct ftcp_session *session);
void ftcp_session_detach(struct ftcp_session *session);
unsigned int ftcp_session_kill(struct ftcp_session *session, bool silent);
void ftcp_session_put(struct ftcp_session *session);

int ftcp_session_init(const struct ftcp_upper_ops *upper);
void ftcp_session_exit(void);

#endif /* FTCP_SESSION_H */
