// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams of a burst leave together.
 *
 * What an skb costs on its way through the stack hardly depends on its size, so
 * datagrams of one flow that come in quick succession are put into one
 * super-packet, which leaves as one TCP super-segment: the device, or the last
 * step before it, makes single segments of it again, and on a virtual link
 * nobody has to.  Nothing on the wire is different but the time.
 *
 * The first datagram of a burst always leaves at once, and so does a lone one.
 * One that comes so soon after its predecessor that more may be expected waits
 * for them: "so soon" and "waits" are multiples of what it takes to send a
 * packet here, which is measured, so that the wait is never much longer than
 * the work that it saves, on fast machines and slow ones; and the user's limit
 * holds besides.
 *
 * A flow's packets leave in the order in which they came.  Whoever sends does
 * so without the lock and is marked as the flow's sender; packets of other
 * processors queue up behind, and the sender takes them along.  Only a lone
 * packet that finds nothing under way leaves without queue and mark.
 */
#include <linux/ktime.h>
#include <net/dsfield.h>
#include <net/sock.h>

#include "coalesce.h"
#include "compat/compat.h"
#include "datapath.h"
#include "flow.h"
#include "gso.h"
#include "packet.h"
#include "tunnel.h"

#define SOON		16	/* costs: the next datagram is expected */
#define WAIT		64	/* costs: and waited for */
#define COST_MAX	(50 * NSEC_PER_USEC)	/* more was an interruption */
#define MEASURED	8	/* of so many lone datagrams one */
#define VAIN_MIN	8	/* datagrams: excused after a wait in vain */
#define VAIN_MAX	256
#define DATAGRAMS_MAX	64	/* UDP_MAX_SEGMENTS: a receiver may want it so */
#define QUEUE_MAX	256	/* packets, while another processor sends */
#define NOBODY		(-1)

/* What a packet costs, in ns, as the processor's last sender found: a new flow
 * begins with it, and need not find out by bursts that leave in pieces.
 */
static DEFINE_PER_CPU(u32, usual_cost);

static u8 dsfield(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IP) ?
		       ipv4_get_dsfield(ip_hdr(skb)) :
		       ipv6_get_dsfield(ipv6_hdr(skb));
}

/* ---- building a super-packet ---- */

/* Whether its sender has said when a datagram is to leave (SO_TXTIME), and it is
 * not yet that time; a TCP within says when it should have left.
 */
static bool is_early(const struct sk_buff *skb, u64 now)
{
	return skb->tstamp != skb_tstamp(skb) && skb->tstamp > now;
}

/* Whether a datagram can be part of one.  Not if its sender is to be told when it
 * leaves.
 */
static bool fits(struct sk_buff *skb, u64 now)
{
	return !skb_is_gso(skb) && !skb_has_frag_list(skb) &&
	       !skb_zcopy(skb) && !skb_shinfo(skb)->tx_flags &&
	       !is_early(skb, now);
}

/**
 * ftcp_batch_detach() - have a packet wait
 * @session: the session
 * @skb: the packet
 *
 * What it may keep of where it came from is the socket that it is charged to, so that
 * a sender feels that its datagrams have not left; but not what another protocol
 * attached to their departure.
 */
void ftcp_batch_detach(struct ftcp_session *session, struct sk_buff *skb)
{
	if (skb->destructor != sock_wfree)
		skb_orphan(skb);
	/* The device that it came from may be gone by the time; ours is not. */
	skb->dev = session->tunnel->link->dev;
}

/* The last packet of the queue is one that others may be added to.  It needs
 * its data for itself, as theirs will hang on it; and what is too large for the
 * path goes alone, so that the answer is to it alone; as does what is too small for
 * a device to make segments of.
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
	    skb_unclone(skb, GFP_ATOMIC) || !skb_dst_force(skb))
		return false;
	ftcp_batch_detach(session, skb);
	b->tail = skb;
	b->size = size;
	b->count = 1;
	b->room = FTCP_GSO_LEN_MAX - min_t(u32, skb->len, FTCP_GSO_LEN_MAX);
	b->mixed = false;
	b->since = now;
	return true;
}

/* When the wait of the last packet ends. */
static u64 due(const struct ftcp_session *session)
{
	u64 limit = READ_ONCE(session->tunnel->config.coalesce) * NSEC_PER_USEC;

	return session->batch.since + min(limit, (u64)session->batch.cost * WAIT);
}

/* No more are added to it.  If its time has passed and none were, it waited in vain:
 * as what an application sends on receiving an answer, of which there may be one as
 * soon as the next of a burst.  The following ones do not wait then, and each time
 * more of them.
 */
static void close_last(struct ftcp_session *session, u64 now)
{
	struct ftcp_batch *b = &session->batch;

	lockdep_assert_held(&b->lock);
	/* another processor's clock may have been read before this one waited */
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

/* Add a datagram to the last packet of the queue, if that is open and the
 * datagram goes with it: as large as those before, or smaller, and the last.
 *
 * After one whose data is in part linear and in part in pages, only datagrams of
 * full size: skb_segment(), for a device without scatter-gather, tells members
 * from each other by the length of the linear part, and takes a smaller one for
 * it (BUG_ON(i >= nfrags)).
 */
static bool append(struct ftcp_session *session, struct sk_buff *skb, u64 now)
{
	struct ftcp_batch *b = &session->batch;
	struct sk_buff *head = skb_peek_tail(&b->queue);
	unsigned int hlen = ftcp_packet_hlen(skb), len = skb->len - hlen;

	lockdep_assert_held(&b->lock);
	if (!b->tail || !fits(skb, now) || len > b->size || len > b->room ||
	    (b->mixed && len < b->size) || dsfield(skb) != dsfield(head) ||
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
	b->mixed |= skb_is_nonlinear(skb) && skb_headlen(skb) > hlen;
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

/* The first packet of a queue, with those that leave with it. */
static struct sk_buff *dequeue(struct sk_buff_head *queue)
{
	struct sk_buff *skb = __skb_dequeue(queue);

	if (skb)
		skb->next = ftcp_packet_cb(skb)->more;
	return skb;
}

/* What it took to send a packet. */
static void measured(struct ftcp_batch *b, u64 ns)
{
	int cost = min_t(u64, ns, COST_MAX), old = b->cost;

	lockdep_assert_held(&b->lock);
	WRITE_ONCE(b->cost, old ? old + (cost - old) / 8 : cost);
}

/* Send what is in the queue, and what others add meanwhile, within reason. */
static void drain(struct ftcp_session *session, u64 now)
	__must_hold(&session->batch.lock)
{
	struct ftcp_batch *b = &session->batch;
	unsigned int quota = QUEUE_MAX;
	struct sk_buff *skb;
	u64 begun;

	WRITE_ONCE(b->sender, smp_processor_id());
	smp_wmb();	/* before the queue is empty: is_lone() */
	/* A session that has ended has no timer that would go on with the rest. */
	while (!skb_queue_empty(&b->queue) &&
	       (READ_ONCE(session->ended) || quota--)) {
		close_last(session, now);
		skb = dequeue(&b->queue);
		spin_unlock(&b->lock);
		ftcp_send_now(session, ftcp_join(skb));
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
		;	/* it has left, or is about to */
	else if (b->tail && skb_queue_len(&b->queue) == 1 && now < end)
		hrtimer_start(timer, end - now, HRTIMER_MODE_REL_PINNED_SOFT);
	else
		drain(session, now);
	spin_unlock(&b->lock);
	rcu_read_unlock();
	return HRTIMER_NORESTART;
}

/* Whether a datagram comes so soon after its predecessor that more are expected. */
static bool is_soon(const struct ftcp_batch *b, u64 now)
{
	/* another processor may have been there a moment ago, and later */
	return (s64)(now - READ_ONCE(b->last)) <
	       (s64)READ_ONCE(b->cost) * SOON;
}

/* Whether a packet can leave at once, without the lock: it is a lone one, and what
 * came before it has left.  Of two that are handed in at the same moment either may
 * be the first.  Some take the lock all the same, to find out what sending costs.
 */
static bool is_lone(const struct ftcp_batch *b, u64 now)
{
	if (is_soon(b, now) || !skb_queue_empty_lockless(&b->queue))
		return false;
	smp_rmb();	/* drain(): nothing in the queue, then nobody sends it */
	return READ_ONCE(b->sender) == NOBODY &&
	       (READ_ONCE(b->lone) + 1) % MEASURED;
}

/**
 * ftcp_batch_send() - send on an established flow, perhaps with what follows
 * @session: the session
 * @flow: the flow that carries it
 * @skb: a datagram, or a super-packet; consumed
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

	/* What a young connection has room for is said one packet at a time. */
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
		/* a segment of this session, in another tunnel, in this session; or
		 * more than the processor that sends can take along
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
		/* It is taken along by a processor that knows nothing of what
		 * keeps this one's references alive.
		 */
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
 * ftcp_batch_init() - of a new session
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
 * ftcp_batch_end() - of a session that has ended
 * @session: the session
 *
 * What still waits is lost.  Nothing waits for the timer again afterwards: who
 * takes the lock later sees that the session has ended.
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
	while ((skb = dequeue(&queue)))
		ftcp_drop_tx(session->tunnel, FTCP_DROP_REFUSED,
			     ftcp_join(skb));
	local_bh_enable();
}
