// SPDX-License-Identifier: GPL-2.0
/*
 * Flows: how they come, what they do with what the core says, and how they go.  See
 * flow.h for who protects what.
 *
 * A dialled flow begins with a datagram in softirq: it is put into the table of
 * inner flows at once, so that the datagrams that follow find it and wait in its
 * queue.  An accepted flow begins with a valid third segment: it is put into the
 * table of outer flows at once.  What needs a process follows in setup.c.
 */
#include <linux/udp.h>
#include <linux/workqueue.h>

#include "coalesce.h"
#include "compat/compat.h"
#include "core/conn.h"
#include "core/policy.h"
#include "datapath.h"
#include "flow.h"
#include "icmp.h"
#include "limit.h"
#include "netlink.h"
#include "peer.h"
#include "port.h"
#include "reaper.h"
#include "renew.h"
#include "route.h"
#include "setup.h"
#include "source.h"
#include "table.h"
#include "tunnel.h"

static struct kmem_cache *flow_cache, *session_cache;

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

/* ---- what waits ---- */

/* Payload of a datagram that waits, in bytes. */
static unsigned int waiting_len(const struct sk_buff *skb)
{
	return skb->len - skb_transport_offset(skb) - sizeof(struct udphdr);
}

/* What waits is charged to the tunnel and its namespace, by the memory that it
 * takes.
 */
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

/**
 * ftcp_flow_flush() - have what waits go on
 * @flow: the flow
 *
 * In order, and only then does ->waiting end: meanwhile newcomers queue up behind.
 * A young connection takes only so much; the rest goes on waiting, and the next
 * segment or the timer leads here again.
 */
void ftcp_flow_flush(struct ftcp_flow *flow)
{
	struct sk_buff *skb;

	rcu_read_lock();
	spin_lock_bh(&flow->session->lock);
	while (!flow->session->flushing && !ftcp_flow_dead(flow)) {
		skb = skb_peek(&flow->session->queue);
		if (!skb) {
			/* after the conversation's ends, if they had to be found */
			smp_store_release(&flow->session->waiting, false);
			break;
		}
		if (flow->session->dialled && !ftcp_conn_room(&flow->conn,
						     waiting_len(skb),
						     ftcp_now()))
			break;
		__skb_unlink(skb, &flow->session->queue);
		queue_uncharge(flow->session->tunnel, skb);
		flow->session->flushing = true;
		spin_unlock(&flow->session->lock);
		if (flow->session->dialled)
			ftcp_send_now(flow, skb);
		else
			ftcp_receive_queued(flow, skb);
		spin_lock(&flow->session->lock);
		flow->session->flushing = false;
	}
	spin_unlock_bh(&flow->session->lock);
	rcu_read_unlock();
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
	ftcp_netlink_flow_added(flow);
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
	bool stays;

	rcu_read_lock();
	if (res->control.flags) {
		struct dst_entry *dst = ftcp_flow_outer_dst(flow);

		if (dst)
			ftcp_send_control(flow->session->tunnel, dst, &flow->outer,
					  &res->control);
	}
	switch (res->event) {
	case FTCP_EV_NONE:
	case FTCP_EV_PEER_CLOSED:
		break;
	case FTCP_EV_RENEW:
		ftcp_renew(flow);
		break;
	case FTCP_EV_ESTABLISHED:
		ftcp_peer_reached(flow->session->peer);
		spin_lock_bh(&flow->session->lock);
		ftcp_flow_announce(flow);
		spin_unlock_bh(&flow->session->lock);
		stays = !flow->heir || ftcp_renew_inherit(flow);
		if (stays)
			ftcp_flow_flush(flow);
		else
			ftcp_flow_close(flow);
		break;
	default:
		ftcp_flow_kill(flow, res->event, 0);
		rcu_read_unlock();
		return;
	}
	if (unlikely(flow->session->dialled && READ_ONCE(flow->session->waiting) &&
		     ftcp_load(flow->conn.state) == FTCP_ESTABLISHED))
		ftcp_flow_flush(flow);
	ftcp_flow_rearm(flow);
	rcu_read_unlock();
}

/* Under ->lock, after the core was called: a flow that can carry nothing more
 * is not found by datagrams any more; the next one begins a new flow.
 */
static void flow_settle(struct ftcp_flow *flow, const struct ftcp_result *res)
{
	lockdep_assert_held(&flow->session->lock);
	if (res->event == FTCP_EV_PEER_CLOSED)
		ftcp_renew_bequeath(flow);
	if (res->event == FTCP_EV_ESTABLISHED) {
		ftcp_flow_enter(flow, FTCP_PHASE_OPEN, 0);
		flow->session->owes = false;
	}
	if (flow->phase < FTCP_PHASE_CLOSING &&
	    (flow->conn.state == FTCP_FIN_WAIT ||
	     flow->conn.state == FTCP_LAST_ACK)) {
		ftcp_flow_enter(flow, FTCP_PHASE_CLOSING, FTCP_REASON_CLOSED);
		ftcp_table_del_inner(flow);
	}
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
	ftcp_conn_timer(&flow->conn, ftcp_now(), &res);
	flow_settle(flow, &res);
	spin_unlock(&flow->session->lock);
	ftcp_flow_act(flow, &res);

	rcu_read_lock();
	ftcp_renew_follow(flow);
	rcu_read_unlock();
}

/* ---- datagrams and segments ---- */

/**
 * ftcp_flow_enqueue() - have a packet wait for the flow
 * @flow: a flow that was seen waiting, or without room for the datagram
 * @skb: the packet
 *
 * If the wait is over by now the packet is sent, or delivered.
 *
 * Context: RCU, bottom halves disabled.
 * Return: whether it was consumed; false if the flow is dead.
 */
bool ftcp_flow_enqueue(struct ftcp_flow *flow, struct sk_buff *skb)
{
	enum ftcp_drop_attr reason = FTCP_DROP_QUEUE_FULL;
	struct ftcp_tunnel *tunnel = flow->session->tunnel;

	spin_lock(&flow->session->lock);
	if (ftcp_flow_dead(flow)) {
		spin_unlock(&flow->session->lock);
		return false;
	}
	if (!flow->session->waiting && flow->session->dialled &&
	    !ftcp_conn_room(&flow->conn, waiting_len(skb), ftcp_now())) {
		WRITE_ONCE(flow->session->waiting, true);
		ftcp_flow_rearm(flow);
	}
	if (!flow->session->waiting) {
		spin_unlock(&flow->session->lock);
		if (flow->session->dialled)
			ftcp_send_now(flow, skb);
		else
			ftcp_receive_queued(flow, skb);
		return true;
	}
	/* Its sender may use the memory again as soon as it is told. */
	if (skb_queue_len(&flow->session->queue) >= READ_ONCE(tunnel->config.queue) ||
	    skb_orphan_frags(skb, GFP_ATOMIC) ||
	    !queue_charge(tunnel, skb, &reason)) {
		spin_unlock(&flow->session->lock);
		if (flow->session->dialled)
			ftcp_drop_tx(tunnel, reason, skb);
		else
			ftcp_drop_rx(tunnel, reason, skb);
		return true;
	}
	skb_dst_force(skb);
	ftcp_batch_detach(flow, skb);
	__skb_queue_tail(&flow->session->queue, skb);
	spin_unlock(&flow->session->lock);
	return true;
}

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
static void flow_free_rcu(struct rcu_head *head);

static void flow_unalloc(struct ftcp_flow *flow)
{
	kmem_cache_free(session_cache, flow->session);
	kmem_cache_free(flow_cache, flow);
}

static struct ftcp_flow *flow_alloc(struct ftcp_tunnel *tunnel,
				    struct ftcp_peer *peer)
{
	struct mem_cgroup *memcg = set_active_memcg(tunnel->memcg);
	struct ftcp_flow *flow = kmem_cache_zalloc(flow_cache, FTCP_GFP_FLOW);
	struct ftcp_session *session;

	session = kmem_cache_zalloc(session_cache, FTCP_GFP_FLOW);
	set_active_memcg(memcg);
	if (!flow || !session)
		goto err;
	session->tunnel = tunnel;
	session->peer = peer;
	session->active = flow;
	spin_lock_init(&session->lock);
	__skb_queue_head_init(&session->queue);
	INIT_LIST_HEAD(&session->fresh);
	flow->session = session;
	flow->created = ftcp_now();
	ftcp_batch_init(flow);
	timer_setup(&flow->timer, flow_timer, 0);
	INIT_WORK(&flow->setup, ftcp_flow_setup);
	INIT_WORK(&flow->teardown, flow_teardown);
	return flow;

err:
	if (session)
		kmem_cache_free(session_cache, session);
	if (flow)
		kmem_cache_free(flow_cache, flow);
	return NULL;
}

/* Whether a flow may be added, and counted for its namespace and its source. */
static int may_link(struct ftcp_flow *flow)
{
	struct ftcp_tunnel *tunnel = flow->session->tunnel;
	int err;

	lockdep_assert_held(&tunnel->lock);
	/* A link that goes down says so before its flows are doomed. */
	if (flow->session->peer->gone || !netif_running(tunnel->link->dev))
		return -ESHUTDOWN;
	if (tunnel->nflows >= READ_ONCE(tunnel->config.max_flows))
		return -EMLINK;
	if (!ftcp_limit_take_flow(ftcp_net(tunnel->underlay)))
		return -ENFILE;
	err = ftcp_source_get(flow, READ_ONCE(tunnel->config.max_per_source));
	if (err)
		ftcp_limit_give_flow(ftcp_net(tunnel->underlay));
	return err;
}

/* Into the peer's list; false if it takes no more.  Under ->lock. */
static bool flow_link(struct ftcp_flow *flow, enum ftcp_drop_attr *reason)
{
	struct ftcp_tunnel *tunnel = flow->session->tunnel;
	struct ftcp_peer *peer = flow->session->peer;
	int err;

	lockdep_assert_held(&flow->session->lock);
	spin_lock(&tunnel->lock);
	err = may_link(flow);
	if (!err) {
		/* with that it has to be unlinked, and torn down */
		ftcp_peer_hold(peer);
		flow->session->epoch = peer->epoch;
		WRITE_ONCE(peer->nflows, peer->nflows + 1);
		WRITE_ONCE(tunnel->nflows, tunnel->nflows + 1);
		list_add_tail_rcu(&flow->list, &peer->flows);
	}
	spin_unlock(&tunnel->lock);
	*reason = err == -ESHUTDOWN ? FTCP_DROP_REFUSED :
		  err == -EMLINK    ? FTCP_DROP_LIMIT :
		  err == -ENFILE    ? FTCP_DROP_NAMESPACE_LIMIT :
		  err == -EDQUOT    ? FTCP_DROP_SOURCE_LIMIT :
				      FTCP_DROP_MEMORY;
	return !err;
}

/* Out of the peer's list, once: whoever found the flow there sees it dead.  One
 * that is doomed is not counted any more.
 */
static void flow_unlink(struct ftcp_flow *flow)
{
	struct ftcp_tunnel *tunnel = flow->session->tunnel;
	struct ftcp_peer *peer = flow->session->peer;

	lockdep_assert_held(&flow->session->lock);
	ftcp_flow_enter(flow, FTCP_PHASE_DEAD, 0);
	spin_lock(&tunnel->lock);
	list_del_rcu(&flow->list);
	ftcp_source_put(flow);
	flow->reaped = ftcp_flow_doomed(flow);
	if (!flow->reaped) {
		WRITE_ONCE(peer->nflows, peer->nflows - 1);
		WRITE_ONCE(tunnel->nflows, tunnel->nflows - 1);
	}
	spin_unlock(&tunnel->lock);
}

/* Of a flow that was unlinked, and that neither setup nor timer knows any more. */
static void flow_free(struct ftcp_flow *flow)
{
	struct ftcp_net *fn = ftcp_net(flow->session->tunnel->underlay);
	struct ftcp_peer *peer = flow->session->peer;

	ftcp_limit_give_flow(fn);
	if (flow->reaped)
		ftcp_reaper_gone(fn);
	call_rcu(&flow->rcu, flow_free_rcu);
	ftcp_peer_put(peer);
}

/* A flow for a conversation that has none, or, an heir, to take over that of
 * another flow.
 */
static struct ftcp_flow *flow_dial(struct ftcp_tunnel *tunnel,
				   struct ftcp_peer *peer,
				   const struct ftcp_inner_key *key, bool heir,
				   enum ftcp_drop_attr *reason)
{
	u32 moves = smp_load_acquire(&peer->moves);	/* before the next */
	const struct ftcp_peer_config *config = rcu_dereference(peer->config);
	struct ftcp_flow *flow;

	*reason = FTCP_DROP_NO_ENDPOINT;
	if (config->kind == FTCP_ENDPOINT_NONE || READ_ONCE(peer->gone) ||
	    !netif_running(tunnel->link->dev))
		return NULL;
	*reason = FTCP_DROP_REFUSED;
	if (!heir && ftcp_peer_pauses(peer))
		return NULL;
	*reason = FTCP_DROP_MEMORY;
	flow = flow_alloc(tunnel, peer);
	if (!flow)
		return NULL;
	flow->session->dialled = true;
	flow->moves = moves;
	flow->session->waiting = !heir;
	flow->heir = heir;
	flow->session->key = *key;
	flow->outer.local.family = config->endpoint.family;
	flow->outer.remote = config->endpoint;
	if (config->kind == FTCP_ENDPOINT_SAME)
		flow->outer = key->pair;
	flow->renewable = !flow->outer.local.port;
	if (!heir)
		ftcp_table_make_way(flow);

	spin_lock(&flow->session->lock);
	if (!flow_link(flow, reason))
		goto err_free;
	*reason = FTCP_DROP_REFUSED;
	if (!heir && ftcp_table_add_inner(flow)) {
		flow_unlink(flow);
		spin_unlock(&flow->session->lock);
		flow_free(flow);
		return ftcp_flow_by_inner(ftcp_flow_inner_net(tunnel), key);
	}
	queue_work(ftcp_net(tunnel->underlay)->flow_wq, &flow->setup);
	spin_unlock(&flow->session->lock);
	return flow;

err_free:
	spin_unlock(&flow->session->lock);
	flow_unalloc(flow);
	return NULL;
}

/**
 * ftcp_flow_dial() - begin a flow for a datagram
 * @tunnel: the tunnel
 * @peer: the peer
 * @key: the conversation
 * @reason: why not, if it fails
 *
 * Context: RCU, bottom halves disabled.
 * Return: the flow, which waits for its connection; or the one that another
 * processor just made for the same conversation; or NULL.
 */
struct ftcp_flow *ftcp_flow_dial(struct ftcp_tunnel *tunnel,
				 struct ftcp_peer *peer,
				 const struct ftcp_inner_key *key,
				 enum ftcp_drop_attr *reason)
{
	return flow_dial(tunnel, peer, key, false, reason);
}

/**
 * ftcp_flow_dial_heir() - begin a flow that is to take a conversation over
 * @flow: the flow that has it
 * @reason: why not, if it fails
 *
 * Context: RCU, bottom halves disabled.
 * Return: the flow, or NULL.
 */
struct ftcp_flow *ftcp_flow_dial_heir(struct ftcp_flow *flow,
				      enum ftcp_drop_attr *reason)
{
	struct ftcp_flow *heir = flow_dial(flow->session->tunnel, flow->session->peer,
					   &flow->session->key, true, reason);

	if (!heir)
		return NULL;
	/* It may have ended already, or even taken over. */
	spin_lock(&flow->session->lock);
	spin_lock_nested(&heir->session->lock, SINGLE_DEPTH_NESTING);
	if (flow->session->hashed && !ftcp_flow_dead(heir))
		flow->successor = heir;
	spin_unlock(&heir->session->lock);
	spin_unlock(&flow->session->lock);
	return heir;
}

/* Whatever has the ends of the conversation that @flow is about to have: a
 * flow that began to dial while the far end's handshake was under way.  Not the
 * flow of the same connection that another processor has just accepted.
 */
static void evict_inner(struct ftcp_flow *flow)
{
	struct ftcp_flow *old;

	old = ftcp_flow_by_inner(ftcp_flow_inner_net(flow->session->tunnel),
				 &flow->session->key);
	if (old && (old->session->dialled ||
		    memcmp(&old->outer, &flow->outer, sizeof(flow->outer))))
		ftcp_flow_kill(old, FTCP_EV_CLOSED, FTCP_REASON_REPLACED);
}

/**
 * ftcp_flow_accept() - begin a flow for a connection from outside
 * @tunnel: the tunnel whose port was dialled
 * @peer: the peer
 * @outer: the TCP ends
 * @seg: the segment that completed the handshake
 * @reason: why not, if it fails
 *
 * Context: RCU, bottom halves disabled.
 * Return: the flow, or NULL, also when another processor was faster: then the
 * connection's flow can be looked up.
 */
struct ftcp_flow *ftcp_flow_accept(struct ftcp_tunnel *tunnel,
				   struct ftcp_peer *peer,
				   const struct ftcp_pair *outer,
				   const struct ftcp_segment *seg,
				   enum ftcp_drop_attr *reason)
{
	const struct ftcp_peer_config *peer_config =
		rcu_dereference(peer->config);
	struct ftcp_conn_config config =
		ftcp_tunnel_conn_config(tunnel, peer_config->wire, false);
	bool routed = tunnel->mode == FTCP_MODE_ROUTED, added = false;
	struct ftcp_flow *flow;

	*reason = FTCP_DROP_MEMORY;
	flow = flow_alloc(tunnel, peer);
	if (!flow)
		return NULL;
	flow->outer = *outer;
	ftcp_conn_accept(&flow->conn, &config, seg, ftcp_now());
	if (routed) {
		flow->session->key.pair = *outer;
		flow->session->key.link = tunnel->link;
		evict_inner(flow);
	} else {
		flow->session->waiting = true;
	}
	ftcp_table_make_way(flow);

	spin_lock(&flow->session->lock);
	if (!flow_link(flow, reason)) {
		spin_unlock(&flow->session->lock);
		flow_unalloc(flow);
		return NULL;
	}
	/* The first segments of a connection may come on several processors at
	 * once: whoever is slower has to find the other's flow by its TCP ends.
	 */
	*reason = FTCP_DROP_STATE;
	if (!ftcp_table_add_outer(flow)) {
		ftcp_flow_enter(flow, FTCP_PHASE_OPEN, 0);
		added = !routed || !ftcp_table_add_inner(flow);
	}
	if (!added) {
		ftcp_table_del_outer(flow);
		flow_unlink(flow);
		/* whoever found it may have armed its timer */
		queue_work(ftcp_net(tunnel->underlay)->flow_wq, &flow->teardown);
		spin_unlock(&flow->session->lock);
		return NULL;
	}
	if (routed)
		ftcp_flow_announce(flow);
	else
		queue_work(ftcp_net(tunnel->underlay)->flow_wq, &flow->setup);
	spin_unlock(&flow->session->lock);
	ftcp_flow_rearm(flow);
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
	dst_release(rcu_dereference_protected(flow->session->inner_route.dst, 1));
	dst_release(rcu_dereference_protected(flow->segment_route.dst, 1));
	flow_unalloc(flow);
}

static void flow_teardown(struct work_struct *work)
{
	struct ftcp_flow *flow = container_of(work, struct ftcp_flow, teardown);

	cancel_work_sync(&flow->setup);
	timer_shutdown_sync(&flow->timer);
	ftcp_batch_end(flow);
	ftcp_port_put(flow->tcp_port);
	ftcp_port_put(xchg(&flow->session->udp_port, NULL));
	flow_free(flow);
}

/**
 * ftcp_flow_drop_waiting() - what waits is lost
 * @flow: the flow
 * @reason: which counter
 * @tell: tells the sender of a datagram, or NULL
 */
void ftcp_flow_drop_waiting(struct ftcp_flow *flow, enum ftcp_drop_attr reason,
			    void (*tell)(struct sk_buff *))
{
	struct sk_buff_head list;
	struct sk_buff *skb;

	__skb_queue_head_init(&list);
	spin_lock_bh(&flow->session->lock);
	skb_queue_splice_tail_init(&flow->session->queue, &list);
	spin_unlock_bh(&flow->session->lock);

	local_bh_disable();
	while ((skb = __skb_dequeue(&list))) {
		queue_uncharge(flow->session->tunnel, skb);
		if (flow->session->dialled) {
			if (tell)
				tell(skb);
			ftcp_drop_tx(flow->session->tunnel, reason, skb);
		} else {
			ftcp_drop_rx(flow->session->tunnel, reason, skb);
		}
	}
	local_bh_enable();
}

/* What a flow's end means.  Under ->lock. */
static void end_policy(const struct ftcp_flow *flow, enum ftcp_event event,
		       enum ftcp_reason reason, struct ftcp_end_policy *policy)
{
	const struct ftcp_end_facts end = {
		.event = event,
		.reason = reason,
		.retired = flow->reason == FTCP_REASON_REPLACED,
		.closing = flow->reason == FTCP_REASON_CLOSED,
		.dialled = flow->session->dialled,
		.carries = flow->session->hashed,
		.worked = !!atomic64_read(&flow->session->tx_packets),
		.waits = !skb_queue_empty(&flow->session->queue),
		.owes = flow->session->owes,
	};

	lockdep_assert_held(&flow->session->lock);
	ftcp_end_policy(&end, policy);
}

/**
 * ftcp_flow_kill() - end a flow
 * @flow: the flow
 * @event: what happened, for those who wait
 * @reason: why, if it is this host that ends it; else 0
 *
 * The flow is found by nobody any more, and freed in time.  A far end that still
 * knows the connection is sent a RST if the core has not ended it.  The conversation
 * of one that was lost goes on in its heir; what else follows is said by
 * core/policy.c.
 *
 * Context: the flow's lock is not held.
 */
void ftcp_flow_kill(struct ftcp_flow *flow, enum ftcp_event event,
		    enum ftcp_reason reason)
{
	struct ftcp_end_policy policy;
	struct ftcp_result res = { };
	bool announced;

	rcu_read_lock();
	spin_lock_bh(&flow->session->lock);
	if (ftcp_flow_dead(flow)) {
		spin_unlock_bh(&flow->session->lock);
		rcu_read_unlock();
		return;
	}
	if (ftcp_flow_in_outer(flow))
		ftcp_conn_abort(&flow->conn, &res);
	if (ftcp_end_is_loss(event))
		ftcp_renew_bequeath(flow);
	end_policy(flow, event, reason, &policy);
	ftcp_table_del_outer(flow);
	ftcp_table_del_inner(flow);
	flow_unlink(flow);
	announced = flow->announced;
	ftcp_stats_ended(flow->session->tunnel->stats, policy.reason);
	spin_unlock_bh(&flow->session->lock);

	if (!flow->session->silent)
		ftcp_send_control(flow->session->tunnel, NULL, &flow->outer,
				  &res.control);
	if (policy.dial && ftcp_renew_anew(flow))
		policy.tell = FTCP_TELL_NOTHING;
	ftcp_flow_drop_waiting(flow, FTCP_DROP_REFUSED,
			       policy.waiting == FTCP_TELL_NOTHING ? NULL :
			       policy.waiting == FTCP_TELL_PORT ?
								     ftcp_icmp_refused :
								     ftcp_icmp_unreachable);
	if (policy.tell != FTCP_TELL_NOTHING)
		ftcp_icmp_lost(flow, policy.tell == FTCP_TELL_PORT);
	if (announced)
		ftcp_netlink_flow_ended(flow, policy.reason);
	if (flow->renewable && (policy.reason == FTCP_REASON_REFUSED ||
				policy.reason == FTCP_REASON_UNANSWERED))
		ftcp_peer_failed(flow->session->peer, event == FTCP_EV_REFUSED);
	if (flow->heir && !flow->inherited)
		ftcp_renew_ended(flow, event);
	queue_work(ftcp_net(flow->session->tunnel->underlay)->flow_wq, &flow->teardown);
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
 * ftcp_flow_reset() - end a flow with a RST, as its target cannot be reached
 * @flow: the flow, of mode forward
 *
 * Context: RCU read-side critical section.
 */
void ftcp_flow_reset(struct ftcp_flow *flow)
{
	ftcp_flow_kill(flow, FTCP_EV_CLOSED, FTCP_REASON_UNREACHABLE);
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
	struct ftcp_flow *flow;

	rcu_read_lock();
	flow = ftcp_source_victim(fn, least);
	if (flow) {
		ftcp_flow_kill(flow, FTCP_EV_CLOSED, FTCP_REASON_EVICTED);
		/* It is wanted now, and not when the flow's teardown has its turn. */
		port = xchg(&flow->session->udp_port, NULL);
	}
	rcu_read_unlock();
	ftcp_port_put(port);
	return flow;
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
	session_cache = KMEM_CACHE(ftcp_session,
				   SLAB_HWCACHE_ALIGN | SLAB_ACCOUNT);
	if (session_cache)
		return 0;
	kmem_cache_destroy(flow_cache);
	return -ENOMEM;
}

/**
 * ftcp_flow_exit() - when all links are gone
 */
void ftcp_flow_exit(void)
{
	rcu_barrier();
	kmem_cache_destroy(session_cache);
	kmem_cache_destroy(flow_cache);
}
