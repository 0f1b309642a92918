/* SPDX-License-Identifier: GPL-2.0 */
/* Flows: fake-TCP connections, each with one conversation of datagrams. */
#ifndef FTCP_FLOW_H
#define FTCP_FLOW_H

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/rhashtable.h>
#include <linux/skbuff.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include "addr.h"
#include "coalesce.h"
#include "core/conn.h"
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
 * enum ftcp_phase - how far a flow is, from its beginning to its end
 * @FTCP_PHASE_SETUP: it waits for a process, which dials
 * @FTCP_PHASE_OPENING: its SYN is out
 * @FTCP_PHASE_OPEN: the connection is established; one that was accepted begins here
 * @FTCP_PHASE_DRAINING: another flow has taken its conversation over; what is under
 *	way is received
 * @FTCP_PHASE_CLOSING: a FIN is out, of either end
 * @FTCP_PHASE_DEAD: nobody finds it any more
 *
 * It only ever advances, by ftcp_flow_enter().
 */
enum ftcp_phase {
	FTCP_PHASE_SETUP,
	FTCP_PHASE_OPENING,
	FTCP_PHASE_OPEN,
	FTCP_PHASE_DRAINING,
	FTCP_PHASE_CLOSING,
	FTCP_PHASE_DEAD,
};

/**
 * struct ftcp_flow - a connection
 * @outer_node: in ftcp_net.outer of the underlay, see ftcp_flow_in_outer()
 * @outer: the TCP ends; complete once the flow is in @outer_node's table
 * @inner_node: in ftcp_net.inner, if @inner_hashed
 * @inner: the conversation; complete once the flow is in @inner_node's table
 * @tunnel: the tunnel, constant
 * @peer: the peer, constant; a reference is held from flow_link() to @teardown
 * @epoch: that of the peer when the flow was linked, constant from then on
 * @moves: that of the peer when the flow was dialled, or was to move; see mover.c
 * @outer_route: route of the segments
 * @inner_route: route of the datagrams to application or target; mode routed:
 *	their route in this host, see input.c
 * @segment_route: route of the segments that come in, see input.c
 * @segment_iif: index of the device that they came by
 * @source: whom it is counted for, see source.c; under ftcp_tunnel.lock
 * @fresh: in ftcp_source.fresh, if it may give way to others, likewise
 * @waiting: datagrams have to queue, for the connection or for the first
 *	acknowledgement on it; changed under @lock, cleared when @queue is empty
 * @dialled: this end opened the connection; constant
 * @renewable: it was dialled from a port of its own, so that another flow can
 *	take its conversation over; constant
 * @heir: it was dialled to take a conversation over; constant
 * @owes: the connection that had the conversation before was lost, and the
 *	application hears of it if this one cannot be had; changed under @lock
 * @forwarded: mode routed: its datagrams are for other hosts
 * @batch: what leaves together; see there for who protects it
 * @conn: state of the protocol; see core/conn.h for what needs @lock
 * @lock: protects @conn's slow path and the members below
 * @phase: how far it is, see &enum ftcp_phase
 * @reason: enum ftcp_reason, why it is on its way out; 0: it is not
 * @silent: the far end is not told of the end
 * @reaped: it was doomed when it was unlinked
 * @inner_hashed: in the table of inner flows
 * @flushing: somebody is sending the first of what was in @queue
 * @announced: its existence was told to user space
 * @inherited: it has taken over
 * @successor: the heir that is being dialled, while this flow has the conversation
 * @queue: dialled: datagrams that wait for the connection; accepted: segments
 *	that wait for the UDP port towards the target
 * @timer: runs ftcp_conn_timer()
 * @setup: what needs a process to begin
 * @teardown: what needs a process to end
 * @tcp_port: reservation of the local TCP port, if the flow has its own
 * @udp_port: reservation of the UDP port towards the target, until @teardown or
 *	ftcp_flow_evict() takes it
 * @list: in ftcp_peer.flows, RCU, under ftcp_tunnel.lock
 * @created: ms, see ftcp_now()
 * @tx_packets: datagrams sent
 * @tx_bytes: bytes of their payload
 * @rx_packets: datagrams received
 * @rx_bytes: bytes of their payload
 * @rcu: for freeing
 *
 * Lifetime.  A flow is found under RCU only, through one of the tables or the
 * peer's list.  ftcp_flow_kill() takes it out of all three, to FTCP_PHASE_DEAD, and queues
 * @teardown, once; that waits for @setup, stops both timers for good, gives the
 * ports back, has the flow freed after a grace period, and drops the flow's
 * reference to its peer, whose own one keeps the tunnel (see tunnel.h).  @setup is
 * queued once, by the flow's creator, under @lock and before anything can kill it.
 * After @teardown no code of the flow runs but RCU readers, who found it before it
 * was killed: peer and tunnel are freed a grace period after their last reference
 * at the earliest, so they last as long as such a reader.
 *
 * Doom.  To end all flows of a peer at once (ftcp_reaper_doom(), under RTNL)
 * nothing is done but to raise the peer's epoch.  A flow of an earlier one is
 * doomed, for ever: look-ups and dumps pass it over, its timer and its setup do
 * nothing any more, and it is not among the flows of the tunnel.  It is still in the
 * tables and in the list, where all doomed flows come before all others, until the
 * reaper kills it; or, before that, whoever makes a flow that needs its place in a
 * table (ftcp_table_make_way()): two flows with the same ends never exist together,
 * and what is said of the first's end is said before the second begins.
 *
 * Replacement.  A flow that the core wants replaced goes on, and an heir is
 * dialled for the same conversation, which only one of them has in the table of
 * inner flows.  When the heir is established it takes the other's place there
 * in one step, under both locks; the other receives for a while what is under
 * way, and closes.  A flow that ends before that, other than by this end's will,
 * leaves the conversation to the heir as it is.  An heir that comes to nothing tells
 * whoever has the conversation: a flow that points to an heir hears of its end.
 *
 * Lock order: a flow's @lock, then that of its heir, which is younger; then
 * ftcp_tunnel.lock.  No packet is sent under @lock, or under that of
 * @batch, which is not taken together with any other.
 */
struct ftcp_flow {
	struct rhash_head outer_node;
	struct ftcp_pair outer;
	struct rhash_head inner_node;
	struct ftcp_inner_key inner;
	struct ftcp_tunnel *tunnel;
	struct ftcp_peer *peer;
	u32 epoch;
	u32 moves;
	struct ftcp_route outer_route;
	struct ftcp_route inner_route;
	struct ftcp_route segment_route;
	int segment_iif;
	struct ftcp_source *source;
	struct list_head fresh;
	bool waiting;
	bool dialled;
	bool renewable;
	bool heir;
	bool owes;
	bool forwarded;

	struct ftcp_conn conn ____cacheline_aligned;
	atomic64_t tx_packets;
	atomic64_t tx_bytes;
	atomic64_t rx_packets;
	atomic64_t rx_bytes;
	struct ftcp_batch batch;

	spinlock_t lock ____cacheline_aligned;
	u8 phase;
	u8 reason;
	bool silent;
	bool reaped;
	bool inner_hashed;
	bool flushing;
	bool announced;
	bool inherited;
	struct ftcp_flow *successor;
	struct sk_buff_head queue;
	struct timer_list timer;
	struct work_struct setup;
	struct work_struct teardown;
	struct ftcp_port *tcp_port;
	struct ftcp_port *udp_port;
	struct list_head list;
	u64 created;
	struct rcu_head rcu;
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

static inline bool ftcp_flow_dead(const struct ftcp_flow *flow)
{
	return READ_ONCE(flow->phase) == FTCP_PHASE_DEAD;
}

/* Whether a flow is in the table of outer flows; its lock is held. */
static inline bool ftcp_flow_in_outer(const struct ftcp_flow *flow)
{
	return flow->phase > FTCP_PHASE_SETUP && flow->phase < FTCP_PHASE_DEAD;
}

/* Whether nobody but the reaper is to find a flow any more. */
static inline bool ftcp_flow_doomed(const struct ftcp_flow *flow)
{
	return unlikely(flow->epoch != READ_ONCE(flow->peer->epoch));
}

static inline struct ftcp_net *ftcp_flow_inner_net(const struct ftcp_tunnel *t)
{
	return ftcp_net(t->mode == FTCP_MODE_ROUTED ? t->underlay :
						      t->inner_net);
}

void ftcp_flow_enter(struct ftcp_flow *flow, enum ftcp_phase phase,
		     enum ftcp_reason reason);
struct ftcp_flow *ftcp_flow_dial(struct ftcp_tunnel *tunnel,
				 struct ftcp_peer *peer,
				 const struct ftcp_inner_key *key,
				 enum ftcp_drop_attr *reason);
struct ftcp_flow *ftcp_flow_dial_heir(struct ftcp_flow *flow,
				      enum ftcp_drop_attr *reason);
struct ftcp_flow *ftcp_flow_accept(struct ftcp_tunnel *tunnel,
				   struct ftcp_peer *peer,
				   const struct ftcp_pair *outer,
				   const struct ftcp_segment *seg,
				   enum ftcp_drop_attr *reason);
void ftcp_flow_adopt(struct ftcp_flow *flow, const struct ftcp_segment *seg);

bool ftcp_flow_enqueue(struct ftcp_flow *flow, struct sk_buff *skb);
enum ftcp_verdict ftcp_flow_receive(struct ftcp_flow *flow,
				    const struct ftcp_segment *seg);
void ftcp_flow_announce(struct ftcp_flow *flow);
void ftcp_flow_act(struct ftcp_flow *flow, const struct ftcp_result *res);
void ftcp_flow_flush(struct ftcp_flow *flow);
void ftcp_flow_arm(struct ftcp_flow *flow, u64 deadline);
void ftcp_flow_rearm(struct ftcp_flow *flow);

void ftcp_flow_close(struct ftcp_flow *flow);
void ftcp_flow_reset(struct ftcp_flow *flow);
bool ftcp_flow_evict(struct ftcp_net *fn, u32 least);
void ftcp_flow_drop_waiting(struct ftcp_flow *flow, enum ftcp_drop_attr reason,
			    void (*tell)(struct sk_buff *));
void ftcp_flow_kill(struct ftcp_flow *flow, enum ftcp_event event,
		    enum ftcp_reason reason);

int ftcp_flow_init(void);
void ftcp_flow_exit(void);

#endif /* FTCP_FLOW_H */
