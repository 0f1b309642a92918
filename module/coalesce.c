// SPDX-License-Identifier: GPL-2.0
/*
 * Send the datagrams of a burst together.
 *
 * What an skb costs on its way through the stack hardly depends on its size.
 * So datagrams of a flow that come in quick succession become one super-packet,
 * which leaves as one TCP super-segment.  The device, or the last step before
 * it, cuts it into segments; on a virtual link nobody has to.  On the wire,
 * only the timing differs.
 *
 * The first datagram of a burst leaves at once, and so does a lone one.  If one
 * comes soon after another, more are expected, and it waits for them.  Both
 * times are multiples of the measured cost of sending a packet, so that the
 * wait is not much longer than the work it saves, on fast and slow machines.
 * The user's limit applies as well.
 *
 * The packets of a flow stay in order.  Whoever sends does so without the lock
 * and is marked as the sender; packets of other CPUs queue up, and the sender
 * takes them along.  Only a lone packet that finds nothing in progress bypasses
 * queue and mark.
 */
#include <linux/ktime.h>
#include <net/sock.h>

#include "coalesce.h"
#include "compat/compat.h"
#include "datapath.h"
#include "flow.h"
#include "gso.h"
#include "packet.h"
#include "tunnel.h"

#define SOON		16	/* costs: expect another datagram */
#define WAIT		64	/* costs: wait for it */
#define COST_MAX	(50 * NSEC_PER_USEC)	/* more was an interruption */
#define MEASURED	8	/* one of so many lone datagrams */
#define VAIN_MIN	8	/* datagrams excused after one in vain */
#define VAIN_MAX	256
#define DATAGRAMS_MAX	64	/* UDP_MAX_SEGMENTS: limit of some receivers */
#define QUEUE_MAX	256	/* packets, while another CPU sends */
#define NOBODY		(-1)

/* ns that a packet cost this CPU's last sender: a start for new flows, which
 * need not find out by bursts that leave in pieces
 */
static DEFINE_PER_CPU(u32, usual_cost);

/* ---- building a super-packet ---- */

/* Whether the sender set a time to leave (SO_TXTIME) that has not come yet.  A
 * TCP inside the tunnel sets the time at which it should have left.
 */
static bool is_early(const struct sk_buff *skb, u64 now)
{
	return skb->tstamp != skb_tstamp(skb) && skb->tstamp > now;
}

/* Whether a datagram may be part of one; not if the sender wants a timestamp */
static bool fits(struct sk_buff *skb, u64 now)
{
	return !skb_is_gso(skb) && !skb_zcopy(skb) &&
	       !skb_shinfo(skb)->tx_flags && !is_early(skb, now);
}

/**
 * ftcp_batch_detach() - prepare a packet for waiting
 * @session: the session
 * @skb: the packet
 *
 * It stays charged to its socket, so that the sender notices that it has not
 * left.  Anything else that a protocol attached is released.
 */
void ftcp_batch_detach(struct ftcp_session *session, struct sk_buff *skb)
{
	if (skb->destructor != sock_wfree)
		skb_orphan(skb);
	/* its device may be gone by then, ours is not */
	skb->dev = session->tunnel->link->dev;
}

/* Make the last packet of the queue one that others may be added to.  One that is
 * too large for the path stays alone, as it causes an error of its own, and so does
 * one too small for a device to segment.
 */
static bool open_last(struct ftcp_session *session,
		      const struct ftcp_flow *flow, struct sk_buff *skb,
		      u64 now)
{
	unsigned int size = ftcp_packet_len(skb);
	struct ftcp_batch *b = &session->batch;
	struct dst_entry *dst;

	lockdep_assert_held(&b->lock);
	dst = ftcp_route_kept(&flow->outer_route);
	if (!dst || size + ftcp_ip_hlen(flow->outer.local.family) + FTCP_HLEN >
			    dst_mtu(dst))
		return false;
	if (size < FTCP_GSO_SIZE_MIN || !fits(skb, now) ||
	    !skb_dst_force(skb))
		return false;
	ftcp_batch_detach(session, skb);
	b->tail = skb;
	b->size = size;
	b->count = 1;
	b->room = FTCP_GSO_LEN_MAX - min_t(u32, skb->len, FTCP_GSO_LEN_MAX);
	b->since = now;
	return true;
}

/* When the last packet's wait ends */
static u64 due(const struct ftcp_session *session)
{
	u64 limit = READ_ONCE(session->tunnel->config.coalesce) * NSEC_PER_USEC;

	return session->batch.since + min(limit, (u64)session->batch.cost * WAIT);
}

/* Add no more to the last packet.  If its time is over and none came, it waited
 * in vain: an application may send one datagram after each answer, and answers
 * come as quickly as datagrams of a burst.  Then the next ones do not wait, more
 * of them each time.
 */
static void close_last(struct ftcp_session *session, u64 now)
{
	struct ftcp_batch *b = &session->batch;

	lockdep_assert_held(&b->lock);
	/* another CPU may have read the clock before this one waited */
	if (b->count)
		ftcp_stats_held(session->tunnel->stats, b->count,
				now > b->since ? now - b->since : 0);
	if (b->count == 1 && now >= due(session))
		b->excused = b->vain = clamp(b->vain * 2, VAIN_MIN, VAIN_MAX);
	else if (b->count > 1)
		b->vain = 0;
	b->count = 0;
	b->tail = NULL;
}

/* Add a datagram to the last packet of the queue, if that is open and of the
 * same kind.  It must be as large as those before, or smaller and then the
 * last.
 */
static bool append(struct ftcp_session *session, struct sk_buff *skb, u64 now)
{
	struct ftcp_batch *b = &session->batch;
	struct sk_buff *head = skb_peek_tail(&b->queue);
	unsigned int len = ftcp_packet_len(skb);

	lockdep_assert_held(&b->lock);
	if (!b->tail || !fits(skb, now) || len > b->size || len > b->room ||
	    ftcp_gso_tos(skb) != ftcp_gso_tos(head) ||
	    ftcp_gso_ttl(skb) != ftcp_gso_ttl(head) ||
	    skb->priority != head->priority)
		return false;
	ftcp_batch_detach(session, skb);
	if (skb->sk != head->sk)
		return false;

	skb_scrub_packet(skb, true);
	skb_mark_not_on_list(skb);
	if (b->tail == head)
		ftcp_packet_cb(head)->more = skb;
	else
		b->tail->next = skb;
	b->tail = skb;
	b->room -= len;
	b->count++;
	if (len < b->size || b->count == DATAGRAMS_MAX || b->room < b->size)
		close_last(session, now);
	return true;
}

/* ---- sending ---- */

static void enqueue(struct ftcp_batch *b, struct sk_buff *skb)
{
	ftcp_packet_cb(skb)->more = NULL;
	__skb_queue_tail(&b->queue, skb);
}

/* Send the first packet of a queue, with those that leave together with it. */
static void send_first(struct ftcp_session *session, struct sk_buff *skb)
{
	struct sk_buff *list, *next;

	skb->next = ftcp_packet_cb(skb)->more;
	list = ftcp_join(skb);
	skb_list_walk_safe(list, skb, next) {
		skb_mark_not_on_list(skb);
		ftcp_send_now(session, skb);
	}
}

/* Update the cost of sending a packet. */
static void measured(struct ftcp_batch *b, u64 ns)
{
	int cost = min_t(u64, ns, COST_MAX), old = b->cost;

	lockdep_assert_held(&b->lock);
	WRITE_ONCE(b->cost, old ? old + (cost - old) / 8 : cost);
}

/* Send the queue and what others add meanwhile, within limits. */
static void drain(struct ftcp_session *session, u64 now)
	__must_hold(&session->batch.lock)
{
	struct ftcp_batch *b = &session->batch;
	unsigned int quota = QUEUE_MAX;
	struct sk_buff *skb;
	u64 begun;

	WRITE_ONCE(b->sender, smp_processor_id());
	smp_wmb();	/* before the queue is empty, see is_lone() */
	/* an ended session has no timer to send the rest */
	while (!skb_queue_empty(&b->queue) &&
	       (READ_ONCE(session->ended) || quota--)) {
		close_last(session, now);
		skb = __skb_dequeue(&b->queue);
		spin_unlock(&b->lock);
		send_first(session, skb);
		begun = now;
		now = ktime_get_ns();
		spin_lock(&b->lock);
		measured(b, now - begun);
	}
	__this_cpu_write(usual_cost, b->cost);
	WRITE_ONCE(b->sender, NOBODY);
	if (unlikely(!skb_queue_empty(&b->queue)))
		hrtimer_start(&b->timer, 0, HRTIMER_MODE_REL_PINNED_SOFT);
}

static enum hrtimer_restart batch_timer(struct hrtimer *timer)
{
	struct ftcp_session *session = container_of(timer, struct ftcp_session,
						    batch.timer);
	struct ftcp_batch *b = &session->batch;
	u64 now, end;

	rcu_read_lock();
	spin_lock(&b->lock);
	now = ktime_get_ns();
	end = due(session);
	if (b->sender != NOBODY || skb_queue_empty(&b->queue))
		;	/* it has left or is about to */
	else if (b->tail && skb_queue_len(&b->queue) == 1 && now < end)
		hrtimer_start(timer, end - now, HRTIMER_MODE_REL_PINNED_SOFT);
	else
		drain(session, now);
	spin_unlock(&b->lock);
	rcu_read_unlock();
	return HRTIMER_NORESTART;
}

/* Whether a datagram comes so soon after another that more are expected */
static bool is_soon(const struct ftcp_batch *b, u64 now)
{
	/* another CPU may have set a later time */
	return (s64)(now - READ_ONCE(b->last)) <
	       (s64)READ_ONCE(b->cost) * SOON;
}

/* Whether a packet can leave at once, without the lock: it is a lone one, and
 * everything before it has left.  If two come at the same moment, either may be
 * first.  Some take the lock nevertheless to measure the cost.
 */
static bool is_lone(const struct ftcp_batch *b, u64 now)
{
	if (is_soon(b, now) || !skb_queue_empty_lockless(&b->queue))
		return false;
	smp_rmb();	/* drain(): an empty queue, then no sender */
	return READ_ONCE(b->sender) == NOBODY &&
	       (READ_ONCE(b->lone) + 1) % MEASURED;
}

/**
 * ftcp_batch_send() - send on an established flow, perhaps with what follows
 * @session: the session
 * @flow: the flow that carries it
 * @skb: a datagram or a super-packet; consumed
 *
 * Context: RCU, bottom halves disabled.
 */
void ftcp_batch_send(struct ftcp_session *session, struct ftcp_flow *flow,
		     struct sk_buff *skb)
{
	bool wanted = READ_ONCE(session->tunnel->config.coalesce);
	struct ftcp_batch *b = &session->batch;
	bool soon, opened = false;
	u64 now;

	/* a young connection's room is checked packet by packet */
	if ((!wanted || unlikely(ftcp_load(flow->conn.first_until))) &&
	    skb_queue_empty_lockless(&b->queue)) {
		ftcp_send_now(session, skb);
		return;
	}
	now = ktime_get_ns();
	if (is_lone(b, now)) {
		WRITE_ONCE(b->last, now);
		WRITE_ONCE(b->lone, READ_ONCE(b->lone) + 1);
		ftcp_send_now(session, skb);
		return;
	}

	spin_lock(&b->lock);
	if (unlikely(b->sender == smp_processor_id() ||
		     skb_queue_len(&b->queue) >= QUEUE_MAX ||
		     (b->sender != NOBODY && skb_orphan_frags(skb, GFP_ATOMIC)))) {
		/* a segment of this session that was routed into a tunnel and
		 * comes here again, or more than the sending CPU can take along
		 */
		enum ftcp_drop_attr reason = b->sender == smp_processor_id() ?
						     FTCP_DROP_NO_ROUTE :
						     FTCP_DROP_QUEUE_FULL;

		spin_unlock(&b->lock);
		ftcp_drop_tx(session->tunnel, reason, skb);
		return;
	}
	now = ktime_get_ns();
	soon = is_soon(b, now);
	WRITE_ONCE(b->last, now);
	WRITE_ONCE(b->lone, 0);
	if (!append(session, skb, now)) {
		close_last(session, now);
		enqueue(b, skb);
		if (soon && b->excused)
			b->excused--;
		else if (soon && wanted && !READ_ONCE(session->ended))
			opened = open_last(session, flow, skb, now);
	}
	if (b->sender != NOBODY) {
		/* the sending CPU does not keep what this one's context does */
		skb_dst_force(skb);
		ftcp_batch_detach(session, skb);
	} else if (!b->tail || skb_queue_len(&b->queue) > 1) {
		drain(session, now);
	} else if (opened) {
		hrtimer_start(&b->timer, due(session) - now,
			      HRTIMER_MODE_REL_PINNED_SOFT);
	}
	spin_unlock(&b->lock);
}

/* ---- life ---- */

/**
 * ftcp_batch_init() - initialise a new session
 * @session: the session
 */
void ftcp_batch_init(struct ftcp_session *session)
{
	struct ftcp_batch *b = &session->batch;

	spin_lock_init(&b->lock);
	__skb_queue_head_init(&b->queue);
	b->sender = NOBODY;
	b->cost = raw_cpu_read(usual_cost);
	hrtimer_setup(&b->timer, batch_timer, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_PINNED_SOFT);
}

/**
 * ftcp_batch_end() - clean up a session that has ended
 * @session: the session
 *
 * Drops what still waits.  The timer is not started again: whoever takes the
 * lock later sees that the session has ended.
 *
 * Context: process, sleeps.
 */
void ftcp_batch_end(struct ftcp_session *session)
{
	struct ftcp_batch *b = &session->batch;
	struct sk_buff_head queue;
	struct sk_buff *skb;

	__skb_queue_head_init(&queue);
	spin_lock_bh(&b->lock);
	close_last(session, ktime_get_ns());
	skb_queue_splice_tail_init(&b->queue, &queue);
	spin_unlock_bh(&b->lock);
	hrtimer_cancel(&b->timer);

	local_bh_disable();
	while ((skb = __skb_dequeue(&queue))) {
		kfree_skb_list(ftcp_packet_cb(skb)->more);
		ftcp_drop_tx(session->tunnel, FTCP_DROP_REFUSED, skb);
	}
	local_bh_enable();
}
