/* SPDX-License-Identifier: GPL-2.0 */
/* Flows: fake-TCP connections. */
#ifndef FTCP_FLOW_H
#define FTCP_FLOW_H

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
 * @FTCP_PHASE_DRAINING: another flow carries the conversation; what is under way is
 *	received
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
 * @session: the conversation that it carries, is to carry, or has carried; constant
 * @segment_route: route of the segments that come in, see input.c
 * @segment_iif: index of the device that they came by
 * @moves: that of the peer when the flow was dialled, or was to move; see mover.c
 * @phase: how far it is, see &enum ftcp_phase
 * @reason: enum ftcp_reason, why it is on its way out; 0: it is not
 * @renewable: it was dialled from a port of its own, so that another flow can
 *	take its place; constant
 * @carrier: it carries the session, or was the last to do so: the session's counters
 *	are shown with it
 * @announced: its existence was told to user space
 * @reaped: it was doomed when it died
 * @tcp_port: reservation of the local TCP port, if the flow has its own
 * @node: in ftcp_session.flows
 * @conn: state of the protocol; see core/conn.h for what needs the lock
 * @timer: runs ftcp_conn_timer()
 * @created: ms, see ftcp_now()
 * @asked: mode ip: when its far end was asked because somebody else says he is the
 *	peer, see ftcp_newcomer(); under the lock
 * @setup: what needs a process to begin
 * @teardown: what needs a process to end
 * @rcu: for freeing
 *
 * What is not constant, and has no remark, is changed under the session's lock.
 *
 * Lifetime.  A flow is found under RCU only, by its ends in the table, or as the one
 * that carries its session.  ftcp_flow_kill() takes it from there, to FTCP_PHASE_DEAD,
 * and queues @teardown, once; that waits for @setup, stops the timer for good, gives
 * the port back, drops the reference to the session, and has the flow freed after a
 * grace period.  @setup is queued once, by the flow's creator, under the lock and
 * before anything can kill it.  After @teardown no code of the flow runs but RCU
 * readers, who found it before it was killed.
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
	bool carrier;
	bool announced;
	bool reaped;
	struct ftcp_port *tcp_port;
	struct list_head node;

	struct ftcp_conn conn ____cacheline_aligned;
	struct timer_list timer;
	u64 created;
	u64 asked;
	struct work_struct setup;
	struct work_struct teardown;
	struct rcu_head rcu;
};

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

struct ftcp_flow *ftcp_flow_new(struct ftcp_session *session);
void ftcp_flow_free(struct ftcp_flow *flow);
struct ftcp_flow *ftcp_flow_dial(struct ftcp_session *session,
				 enum ftcp_drop_attr *reason);
void ftcp_flow_adopt(struct ftcp_flow *flow, const struct ftcp_segment *seg);

void ftcp_flow_enter(struct ftcp_flow *flow, enum ftcp_phase phase,
		     enum ftcp_reason reason);
enum ftcp_verdict ftcp_flow_receive(struct ftcp_flow *flow,
				    const struct ftcp_segment *seg);
void ftcp_flow_announce(struct ftcp_flow *flow);
void ftcp_flow_act(struct ftcp_flow *flow, const struct ftcp_result *res);
void ftcp_flow_arm(struct ftcp_flow *flow, u64 deadline);
void ftcp_flow_rearm(struct ftcp_flow *flow);

void ftcp_flow_close(struct ftcp_flow *flow);
bool ftcp_flow_evict(struct ftcp_net *fn, u32 least);
void ftcp_flow_bury(struct ftcp_flow *flow);
void ftcp_flow_kill(struct ftcp_flow *flow, enum ftcp_event event,
		    enum ftcp_reason reason);

int ftcp_flow_init(void);
void ftcp_flow_exit(void);

#endif /* FTCP_FLOW_H */
