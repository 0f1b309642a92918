// SPDX-License-Identifier: GPL-2.0
/*
 * Flows: how they come, what they do with what the core says, and how they go.  See
 * flow.h and session.h for who protects what.
 *
 * A flow that is dialled waits for a process that reserves its port, see setup.c; one
 * that is accepted begins with its session, see session.c.
 */
#include <linux/workqueue.h>

#include "claim.h"
#include "compat/compat.h"
#include "core/conn.h"
#include "core/policy.h"
#include "flow.h"
#include "limit.h"
#include "peer.h"
#include "persist.h"
#include "port.h"
#include "reaper.h"
#include "renew.h"
#include "route.h"
#include "setup.h"
#include "source.h"
#include "table.h"
#include "trace.h"
#include "tunnel.h"
#include "upper.h"

static struct kmem_cache *flow_cache;

/* ---- phases ---- */

/**
 * ftcp_flow_enter() - a flow is further than before
 * @flow: the flow; its lock is held
 * @phase: how far; see &enum ftcp_phase
 * @reason: why, if it is on its way out now; the first one counts
 */
void ftcp_flow_enter(struct ftcp_flow *flow, enum ftcp_phase phase,
		     enum ftcp_reason reason)
{
	/* from which phases */
	static const u8 from[] = {
		[FTCP_PHASE_OPENING] = BIT(FTCP_PHASE_SETUP),
		[FTCP_PHASE_OPEN] = BIT(FTCP_PHASE_SETUP) |
				    BIT(FTCP_PHASE_OPENING),
		[FTCP_PHASE_DRAINING] = BIT(FTCP_PHASE_OPEN),
		[FTCP_PHASE_CLOSING] = BIT(FTCP_PHASE_OPEN) |
				       BIT(FTCP_PHASE_DRAINING),
		[FTCP_PHASE_DEAD] = BIT(FTCP_PHASE_DEAD) - 1,
	};

	lockdep_assert_held(&flow->session->lock);
	WARN_ON_ONCE(!(from[phase] & BIT(flow->phase)));
	WRITE_ONCE(flow->phase, phase);
	if (!flow->reason)
		flow->reason = reason;
}

/* ---- timer ---- */

static unsigned long to_jiffies(u64 deadline)
{
	u64 now = ftcp_now();

	if (deadline <= now)
		return jiffies;
	return jiffies + msecs_to_jiffies(min_t(u64, deadline - now,
						MAX_JIFFY_OFFSET));
}

/**
 * ftcp_flow_arm() - have the timer run no later than
 * @flow: the flow
 * @deadline: ms, see ftcp_now(); 0: never
 *
 * Harmless on a flow that is being torn down: a timer that was shut down
 * stays so.
 */
void ftcp_flow_arm(struct ftcp_flow *flow, u64 deadline)
{
	if (deadline)
		timer_reduce(&flow->timer, to_jiffies(deadline));
}

/**
 * ftcp_flow_rearm() - have the timer run when the core wants it
 * @flow: the flow
 */
void ftcp_flow_rearm(struct ftcp_flow *flow)
{
	ftcp_flow_arm(flow, ftcp_conn_deadline(&flow->conn, ftcp_now()));
}

/* ---- what the core says ---- */

/**
 * ftcp_flow_announce() - tell listeners that a flow is established
 * @flow: the flow, of which both ends are known; its lock is held
 *
 * Before anything is done on it by which it may end: its end is told to those who
 * were told that it began, and after that.
 */
void ftcp_flow_announce(struct ftcp_flow *flow)
{
	lockdep_assert_held(&flow->session->lock);
	if (ftcp_flow_dead(flow))
		return;
	flow->announced = true;
	trace_ftcp_establish(flow);
	ftcp_upper->flow_event(flow, 0);
}

/* In mode ip the far end would take two flows for those of two who say they are the
 * same, see claim.c: the one before is closed first, then this end says who it is.
 */
static void established(struct ftcp_flow *flow)
{
	struct ftcp_session *session = flow->session;
	bool packets = session->tunnel->mode->packets, carries;
	struct ftcp_flow *old;

	ftcp_peer_reached(session->peer);
	spin_lock_bh(&session->lock);
	ftcp_flow_announce(flow);
	old = ftcp_session_active(session);
	carries = ftcp_session_take_over(session, flow);
	if (packets)
		ftcp_claim_choose(session->peer);
	spin_unlock_bh(&session->lock);
	if (!carries) {
		ftcp_flow_close(flow);
		return;
	}
	if (packets && old != flow)
		ftcp_flow_close(old);
	if (packets) {
		ftcp_upper->hello(session);
		ftcp_persist_ask(session->peer, HZ);	/* if that is lost */
	}
	ftcp_upper->flush(session);
}

/**
 * ftcp_flow_act() - do what the core wants done
 * @flow: the flow
 * @res: what that is
 *
 * Context: the flow's lock is not held.
 */
void ftcp_flow_act(struct ftcp_flow *flow, const struct ftcp_result *res)
{
	struct ftcp_session *session = flow->session;

	rcu_read_lock();
	if (res->control.flags) {
		struct dst_entry *dst = ftcp_route_kept(&flow->outer_route);

		dst = dst ?: ftcp_flow_find_route(flow);
		if (dst)
			ftcp_upper->send_control(session->tunnel, dst,
						 &flow->outer, &res->control);
	}
	switch (res->event) {
	case FTCP_EV_NONE:
	case FTCP_EV_PEER_CLOSED:
		break;
	case FTCP_EV_RENEW:
		ftcp_renew(flow);
		break;
	case FTCP_EV_ESTABLISHED:
		established(flow);
		break;
	default:
		ftcp_flow_kill(flow, res->event, 0);
		rcu_read_unlock();
		return;
	}
	if (unlikely(session->dialled && READ_ONCE(session->waiting) &&
		     ftcp_load(flow->conn.state) == FTCP_ESTABLISHED))
		ftcp_upper->flush(session);
	ftcp_flow_rearm(flow);
	rcu_read_unlock();
}

/* After the core was called, under the same lock.  A flow that can carry nothing more
 * leaves its session to the one that is about to replace it, or has it closed.
 */
static void flow_settle(struct ftcp_flow *flow, const struct ftcp_result *res)
{
	struct ftcp_session *session = flow->session;

	lockdep_assert_held(&session->lock);
	if (res->event == FTCP_EV_ESTABLISHED) {
		ftcp_flow_enter(flow, FTCP_PHASE_OPEN, 0);
		session->owes = false;
	}
	if (flow->phase >= FTCP_PHASE_CLOSING ||
	    (flow->conn.state != FTCP_FIN_WAIT &&
	     flow->conn.state != FTCP_LAST_ACK))
		return;
	ftcp_flow_enter(flow, FTCP_PHASE_CLOSING, FTCP_REASON_CLOSED);
	if (flow == ftcp_session_active(session) &&
	    (res->event != FTCP_EV_PEER_CLOSED ||
	     !ftcp_session_succeed(session)))
		ftcp_session_detach(session);
}

static void flow_timer(struct timer_list *t)
{
	struct ftcp_flow *flow = timer_container_of(flow, t, timer);
	struct ftcp_result res;

	spin_lock(&flow->session->lock);
	if (ftcp_flow_dead(flow) || ftcp_flow_doomed(flow)) {
		spin_unlock(&flow->session->lock);
		return;
	}
	if (flow->session->tunnel->mode->packets)
		ftcp_claim_idle(flow);
	ftcp_conn_timer(&flow->conn, ftcp_now(), &res);
	flow_settle(flow, &res);
	spin_unlock(&flow->session->lock);
	ftcp_flow_act(flow, &res);

	rcu_read_lock();
	ftcp_renew_follow(flow);
	rcu_read_unlock();
}

/* ---- segments ---- */

/**
 * ftcp_flow_receive() - a segment that the fast path does not know to handle
 * @flow: its flow
 * @seg: the segment
 *
 * Context: RCU, bottom halves disabled.
 * Return: what becomes of it.
 */
enum ftcp_verdict ftcp_flow_receive(struct ftcp_flow *flow,
				    const struct ftcp_segment *seg)
{
	struct ftcp_result res;

	spin_lock(&flow->session->lock);
	if (ftcp_flow_dead(flow)) {
		spin_unlock(&flow->session->lock);
		return FTCP_BAD_STATE;
	}
	ftcp_conn_receive(&flow->conn, seg, ftcp_now(), &res);
	flow_settle(flow, &res);
	spin_unlock(&flow->session->lock);
	ftcp_flow_act(flow, &res);
	return res.verdict;
}

/* ---- birth ---- */

static void flow_teardown(struct work_struct *work);

/**
 * ftcp_flow_new() - a flow that nobody knows yet
 * @session: its session
 *
 * Return: the flow, or NULL; it is freed by ftcp_flow_free(), or, once it was added to
 * its session, by its teardown.
 */
struct ftcp_flow *ftcp_flow_new(struct ftcp_session *session)
{
	struct mem_cgroup *memcg = set_active_memcg(session->tunnel->memcg);
	struct ftcp_flow *flow = kmem_cache_zalloc(flow_cache, FTCP_GFP_FLOW);

	set_active_memcg(memcg);
	if (!flow)
		return NULL;
	flow->session = session;
	flow->created = ftcp_now();
	timer_setup(&flow->timer, flow_timer, 0);
	INIT_WORK(&flow->setup, ftcp_flow_setup);
	INIT_WORK(&flow->teardown, flow_teardown);
	return flow;
}

/**
 * ftcp_flow_free() - free a flow that was not added to its session
 * @flow: the flow
 */
void ftcp_flow_free(struct ftcp_flow *flow)
{
	kmem_cache_free(flow_cache, flow);
}

/**
 * ftcp_flow_dial() - dial for a session, towards where its peer is now
 * @session: the session; its lock is held
 * @reason: why not, if it fails
 *
 * Context: RCU, bottom halves disabled.
 * Return: the flow, one of the session's, or NULL.
 */
struct ftcp_flow *ftcp_flow_dial(struct ftcp_session *session,
				 enum ftcp_drop_attr *reason)
{
	struct ftcp_tunnel *tunnel = session->tunnel;
	u32 moves = smp_load_acquire(&session->peer->moves); /* before the next */
	const struct ftcp_peer_config *config =
		rcu_dereference(session->peer->config);
	struct ftcp_flow *flow;

	lockdep_assert_held(&session->lock);
	*reason = FTCP_DROP_NO_ENDPOINT;
	if (config->kind == FTCP_ENDPOINT_NONE ||
	    READ_ONCE(session->peer->gone) || !netif_running(tunnel->link->dev))
		return NULL;
	*reason = FTCP_DROP_MEMORY;
	flow = ftcp_flow_new(session);
	if (!flow)
		return NULL;
	flow->moves = moves;
	flow->outer.local.family = config->endpoint.family;
	flow->outer.remote = config->endpoint;
	if (config->kind == FTCP_ENDPOINT_SAME)
		flow->outer = session->key.pair;
	flow->renewable = !flow->outer.local.port;
	if (!ftcp_session_add(session, flow, reason)) {
		ftcp_flow_free(flow);
		return NULL;
	}
	queue_work(ftcp_net(tunnel->underlay)->flow_wq, &flow->setup);
	return flow;
}

/**
 * ftcp_flow_adopt() - complete a handshake from the other side
 * @flow: a flow whose SYN is out, and perhaps an answer to another, of the far end
 *	or forged
 * @seg: a segment with a cookie that is valid for the same two ends
 *
 * Context: RCU, bottom halves disabled.
 */
void ftcp_flow_adopt(struct ftcp_flow *flow, const struct ftcp_segment *seg)
{
	struct ftcp_result res = { .event = FTCP_EV_ESTABLISHED };
	struct ftcp_conn_config config;

	spin_lock(&flow->session->lock);
	if (flow->phase != FTCP_PHASE_OPENING ||
	    flow->conn.state == FTCP_CLOSED) {
		spin_unlock(&flow->session->lock);
		return;
	}
	config = flow->conn.config;
	ftcp_conn_accept(&flow->conn, &config, seg, ftcp_now());
	flow_settle(flow, &res);
	spin_unlock(&flow->session->lock);
	ftcp_flow_act(flow, &res);
}

/* ---- death ---- */

static void flow_free_rcu(struct rcu_head *head)
{
	struct ftcp_flow *flow = container_of(head, struct ftcp_flow, rcu);

	dst_release(rcu_dereference_protected(flow->outer_route.dst, 1));
	dst_release(rcu_dereference_protected(flow->segment_route.dst, 1));
	kmem_cache_free(flow_cache, flow);
}

static void flow_teardown(struct work_struct *work)
{
	struct ftcp_flow *flow = container_of(work, struct ftcp_flow, teardown);
	struct ftcp_peer *peer = flow->session->peer;
	struct ftcp_net *fn = ftcp_net(peer->tunnel->underlay);

	cancel_work_sync(&flow->setup);
	timer_shutdown_sync(&flow->timer);
	ftcp_port_put(flow->tcp_port);
	ftcp_peer_hold(peer);	/* and with it the namespace */
	ftcp_session_put(flow->session);
	ftcp_limit_give_flow(fn);
	if (flow->reaped)
		ftcp_reaper_gone(fn);
	call_rcu(&flow->rcu, flow_free_rcu);
	ftcp_peer_put(peer);
}

static void queue_teardown(struct ftcp_flow *flow)
{
	queue_work(ftcp_net(flow->session->tunnel->underlay)->flow_wq,
		   &flow->teardown);
}

/* Found by nobody any more, but as the one that carries its session. */
static void take_out(struct ftcp_flow *flow)
{
	ftcp_table_del_outer(flow);
	ftcp_flow_enter(flow, FTCP_PHASE_DEAD, 0);
	ftcp_session_remove(flow->session, flow);
}

/* Nor as that. */
static void leave_session(struct ftcp_session *session)
{
	ftcp_session_detach(session);
	RCU_INIT_POINTER(session->active, NULL);
}

/**
 * ftcp_flow_bury() - undo the beginning of a session and its flow
 * @flow: the only flow of its session, about which nothing was told; the lock is held
 */
void ftcp_flow_bury(struct ftcp_flow *flow)
{
	take_out(flow);
	leave_session(flow->session);
	ftcp_session_end(flow->session);
	queue_teardown(flow);
}

/* What a flow's end means; @over: its session has none in its place. */
static void end_policy(const struct ftcp_flow *flow, enum ftcp_event event,
		       enum ftcp_reason reason, bool over,
		       struct ftcp_end_policy *policy)
{
	const struct ftcp_session *session = flow->session;
	const struct ftcp_end_facts end = {
		.event = event,
		.reason = reason,
		.retired = flow->reason == FTCP_REASON_REPLACED,
		.closing = flow->reason == FTCP_REASON_CLOSED,
		.dialled = session->dialled,
		.carries = over && session->hashed,
		.worked = ftcp_load(flow->conn.snd_nxt) != flow->conn.iss + 1,
		.waits = !skb_queue_empty(&session->queue),
		.owes = session->owes,
	};

	lockdep_assert_held(&session->lock);
	ftcp_end_policy(&end, policy);
}

/**
 * ftcp_flow_kill() - end a flow
 * @flow: the flow
 * @event: what happened, for those who wait
 * @reason: why, if it is this host that ends it; else 0
 *
 * The flow is found by nobody any more, and freed in time.  A far end that still
 * knows the connection is sent a RST if the core has not ended it.  If it carried its
 * session and was lost, the standby does from now on; what else follows is said by
 * core/policy.c.
 *
 * Context: the session's lock is not held.
 */
void ftcp_flow_kill(struct ftcp_flow *flow, enum ftcp_event event,
		    enum ftcp_reason reason)
{
	struct ftcp_session *session = flow->session;
	struct ftcp_end_policy policy;
	struct ftcp_result res = { };
	bool over, standby, silent;

	rcu_read_lock();
	spin_lock_bh(&session->lock);
	if (ftcp_flow_dead(flow)) {
		spin_unlock_bh(&session->lock);
		rcu_read_unlock();
		return;
	}
	if (ftcp_flow_in_outer(flow))
		ftcp_conn_abort(&flow->conn, &res);
	standby = session->standby == flow;
	if (standby)
		session->standby = NULL;
	take_out(flow);
	over = flow == ftcp_session_active(session) &&
	       !(ftcp_end_is_loss(event) && ftcp_session_succeed(session));
	end_policy(flow, event, reason, over, &policy);
	if (policy.dial && ftcp_session_dial_again(session))
		over = false;
	if (over)
		leave_session(session);
	if (list_empty(&session->flows))
		ftcp_session_end(session);
	silent = session->silent;
	ftcp_stats_ended(session->tunnel->stats, policy.reason);
	trace_ftcp_end(flow, policy.reason);
	spin_unlock_bh(&session->lock);

	if (!silent)
		ftcp_upper->send_control(session->tunnel, NULL, &flow->outer,
					 &res.control);
	if (over) {
		/* who sent what still waits, or else whoever sent before */
		ftcp_upper->drop_waiting(session, FTCP_DROP_REFUSED,
					 policy.waiting);
		ftcp_upper->tell_lost(session, policy.tell);
	}
	if (flow->announced)
		ftcp_upper->flow_event(flow, policy.reason);
	if (flow->renewable && (policy.reason == FTCP_REASON_REFUSED ||
				policy.reason == FTCP_REASON_UNANSWERED))
		ftcp_peer_failed(session->peer, event == FTCP_EV_REFUSED);
	if (standby)
		ftcp_renew_ended(flow, event);
	queue_teardown(flow);
	rcu_read_unlock();
}

/**
 * ftcp_flow_close() - close a flow in order
 * @flow: the flow
 *
 * Context: RCU read-side critical section.
 */
void ftcp_flow_close(struct ftcp_flow *flow)
{
	struct ftcp_result res;

	spin_lock_bh(&flow->session->lock);
	if (!ftcp_flow_in_outer(flow)) {
		spin_unlock_bh(&flow->session->lock);
		ftcp_flow_kill(flow, FTCP_EV_CLOSED, FTCP_REASON_CLOSED);
		return;
	}
	ftcp_conn_close(&flow->conn, ftcp_now(), &res);
	flow_settle(flow, &res);
	spin_unlock_bh(&flow->session->lock);
	ftcp_flow_act(flow, &res);
}

/**
 * ftcp_flow_evict() - end a flow to have its port
 * @fn: network namespace of the targets
 * @least: of a source that has about so many flows, or more
 *
 * Context: process, sleeps.
 * Return: whether there was one.
 */
bool ftcp_flow_evict(struct ftcp_net *fn, u32 least)
{
	struct ftcp_port *port = NULL;
	struct ftcp_session *session;
	struct ftcp_flow *flow;

	rcu_read_lock();
	session = ftcp_source_victim(fn, least);
	if (session) {
		flow = rcu_dereference(session->active);
		if (flow)
			ftcp_flow_kill(flow, FTCP_EV_CLOSED,
				       FTCP_REASON_EVICTED);
		/* It is wanted now, and not when the flow's teardown has its turn. */
		port = xchg(&session->udp_port, NULL);
	}
	rcu_read_unlock();
	ftcp_port_put(port);
	return session;
}

/* ---- module ---- */

/**
 * ftcp_flow_init() - prepare for flows
 *
 * Return: 0 or a negative error.
 */
int __init ftcp_flow_init(void)
{
	flow_cache = KMEM_CACHE(ftcp_flow, SLAB_HWCACHE_ALIGN | SLAB_ACCOUNT);
	if (!flow_cache)
		return -ENOMEM;
	return 0;
}

/**
 * ftcp_flow_exit() - when all links are gone
 */
void ftcp_flow_exit(void)
{
	rcu_barrier();
	kmem_cache_destroy(flow_cache);
}
