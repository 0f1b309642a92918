/* SPDX-License-Identifier: GPL-2.0 */
/* Flows: fake-TCP connections, each with one conversation of datagrams. */
#ifndef FTCP_FLOW_H
#define FTCP_FLOW_H

#include <linux/jiffies.h>
#include <linux/rhashtable.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include "addr.h"
#include "core/conn.h"
#include "route.h"
#include "session.h"
#include "tunnel.h"

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
 * @outer_route: route of the segments
 * @session: the conversation that it carries, constant
 * @segment_route: route of the segments that come in, see input.c
 * @segment_iif: index of the device that they came by
 * @moves: that of the peer when the flow was dialled, or was to move; see mover.c
 * @phase: how far it is, see &enum ftcp_phase; changed under the session's lock, like
 *	all below without a remark
 * @reason: enum ftcp_reason, why it is on its way out; 0: it is not
 * @renewable: it was dialled from a port of its own, so that another flow can
 *	take its conversation over; constant
 * @heir: it was dialled to take a conversation over; constant
 * @announced: its existence was told to user space
 * @inherited: it has taken over
 * @reaped: it was doomed when it was unlinked
 * @tcp_port: reservation of the local TCP port, if the flow has its own
 * @created: ms, see ftcp_now()
 * @conn: state of the protocol; see core/conn.h for what needs the lock
 * @timer: runs ftcp_conn_timer()
 * @setup: what needs a process to begin
 * @teardown: what needs a process to end
 * @successor: the heir that is being dialled, while this flow has the conversation
 * @list: in ftcp_peer.flows, RCU, under ftcp_tunnel.lock
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
	struct ftcp_route outer_route;

	struct ftcp_session *session;
	struct ftcp_route segment_route;
	int segment_iif;
	u32 moves;
	u8 phase;
	u8 reason;
	bool renewable;
	bool heir;
	bool announced;
	bool inherited;
	bool reaped;
	struct ftcp_port *tcp_port;
	u64 created;

	struct ftcp_conn conn ____cacheline_aligned;
	struct timer_list timer;
	struct work_struct setup;
	struct work_struct teardown;
	struct ftcp_flow *successor;
	struct list_head list;
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
	return ftcp_session_doomed(flow->session);
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
