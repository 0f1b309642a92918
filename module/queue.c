// SPDX-License-Identifier: GPL-2.0
/*
 * Packets that wait for a session, in order and for whichever flow carries it
 * then: datagrams for a connection or its first ACK, segments for the port
 * towards the target.
 */
#include "coalesce.h"
#include "core/conn.h"
#include "datapath.h"
#include "flow.h"
#include "icmp.h"
#include "limit.h"
#include "packet.h"
#include "queue.h"
#include "session.h"
#include "tunnel.h"

/* Waiting packets are charged to the tunnel and its namespace by truesize. */
static bool queue_charge(struct ftcp_tunnel *tunnel, const struct sk_buff *skb,
			 enum ftcp_drop_attr *reason)
{
	int limit = READ_ONCE(tunnel->config.queue_bytes);

	*reason = FTCP_DROP_QUEUE_FULL;
	if (atomic_add_return(skb->truesize, &tunnel->queued) > limit)
		goto undo;
	*reason = FTCP_DROP_NAMESPACE_LIMIT;
	if (ftcp_limit_take_bytes(ftcp_net(tunnel->underlay), skb->truesize))
		return true;
undo:
	atomic_sub(skb->truesize, &tunnel->queued);
	return false;
}

static void queue_uncharge(struct ftcp_tunnel *tunnel,
			   const struct sk_buff *skb)
{
	atomic_sub(skb->truesize, &tunnel->queued);
	ftcp_limit_give_bytes(ftcp_net(tunnel->underlay), skb->truesize);
}

/* Send or deliver a packet, whether it has waited or not. */
static void pass(struct ftcp_session *session, struct sk_buff *skb)
{
	if (session->dialled)
		ftcp_send_now(session, skb);
	else
		ftcp_deliver(session, skb);
}

static void drop(struct ftcp_session *session, enum ftcp_drop_attr reason,
		 struct sk_buff *skb)
{
	if (session->dialled)
		ftcp_drop_tx(session->tunnel, reason, skb);
	else
		ftcp_drop_rx(session->tunnel, reason, skb);
}

/**
 * ftcp_session_enqueue() - let a packet wait
 * @session: a session that seemed to wait, or to lack room for the datagram
 * @skb: the packet
 *
 * If the wait is over by now, the packet is sent or delivered.
 *
 * Context: RCU, bottom halves disabled.
 * Return: whether it was consumed; false if no flow carries the session any
 * more.
 */
bool ftcp_session_enqueue(struct ftcp_session *session, struct sk_buff *skb)
{
	enum ftcp_drop_attr reason = FTCP_DROP_QUEUE_FULL;
	struct ftcp_tunnel *tunnel = session->tunnel;
	struct ftcp_flow *flow;

	spin_lock(&session->lock);
	flow = ftcp_session_active(session);
	if (!flow || (!session->waiting && session->dialled &&
		      flow->conn.state != FTCP_ESTABLISHED)) {
		spin_unlock(&session->lock);
		return false;
	}
	if (!session->waiting && session->dialled &&
	    !ftcp_conn_room(&flow->conn, ftcp_packet_len(skb), ftcp_now())) {
		WRITE_ONCE(session->waiting, true);
		ftcp_flow_rearm(flow);
	}
	if (!session->waiting) {
		spin_unlock(&session->lock);
		pass(session, skb);
		return true;
	}
	/* zerocopy: the sender may reuse its memory once it is notified */
	if (skb_queue_len(&session->queue) >= READ_ONCE(tunnel->config.queue) ||
	    skb_orphan_frags(skb, GFP_ATOMIC) ||
	    !queue_charge(tunnel, skb, &reason)) {
		spin_unlock(&session->lock);
		drop(session, reason, skb);
		return true;
	}
	skb_dst_force(skb);
	ftcp_batch_detach(session, skb);
	__skb_queue_tail(&session->queue, skb);
	spin_unlock(&session->lock);
	return true;
}

/* Whether the first waiting packet, if any, may go on */
static bool may_pass(const struct ftcp_session *session,
		     const struct sk_buff *skb)
{
	const struct ftcp_flow *flow = ftcp_session_active(session);

	if (!flow || session->flushing)
		return false;
	if (!session->dialled)
		return true;
	return flow->conn.state == FTCP_ESTABLISHED &&
	       (!skb || ftcp_conn_room(&flow->conn, ftcp_packet_len(skb),
				       ftcp_now()));
}

/**
 * ftcp_session_flush() - pass waiting packets on
 * @session: the session
 *
 * ->waiting ends when all are gone; until then newcomers queue up behind.  If a
 * young connection has no room for the rest, the next segment or the timer
 * calls this again.
 */
void ftcp_session_flush(struct ftcp_session *session)
{
	struct sk_buff *skb;

	rcu_read_lock();
	spin_lock_bh(&session->lock);
	while (may_pass(session, skb = skb_peek(&session->queue))) {
		if (!skb) {
			/* after the conversation's ends, if they were not known
			 * before
			 */
			smp_store_release(&session->waiting, false);
			break;
		}
		__skb_unlink(skb, &session->queue);
		queue_uncharge(session->tunnel, skb);
		session->flushing = true;
		spin_unlock(&session->lock);
		pass(session, skb);
		spin_lock(&session->lock);
		session->flushing = false;
	}
	spin_unlock_bh(&session->lock);
	rcu_read_unlock();
}

/**
 * ftcp_session_drop_waiting() - drop waiting packets
 * @session: the session
 * @reason: which counter
 * @tell: what the sender of a datagram is told
 */
void ftcp_session_drop_waiting(struct ftcp_session *session,
			       enum ftcp_drop_attr reason,
			       enum ftcp_tell tell)
{
	struct sk_buff_head list;
	struct sk_buff *skb;

	/* It was not the packet's destination that refused. */
	if (session->tunnel->mode->packets && tell == FTCP_TELL_PORT)
		tell = FTCP_TELL_HOST;
	__skb_queue_head_init(&list);
	spin_lock_bh(&session->lock);
	skb_queue_splice_tail_init(&session->queue, &list);
	spin_unlock_bh(&session->lock);

	local_bh_disable();
	while ((skb = __skb_dequeue(&list))) {
		queue_uncharge(session->tunnel, skb);
		if (session->dialled)
			ftcp_icmp_tell(skb, tell);
		drop(session, reason, skb);
	}
	local_bh_enable();
}
