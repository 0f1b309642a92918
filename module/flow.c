// SPDX-License-Identifier: GPL-2.0
/*
 * Flows: their tables, their life, their timer.  See flow.h for who protects
 * what.
 *
 * A dialled flow begins with a datagram in softirq: it is put into the table
 * of inner flows at once, so that the datagrams that follow find it and wait
 * in its queue.  What needs a process (to reserve a port) happens in
 * flow_setup_dial(), which then sends the SYN.  An accepted flow begins with a
 * valid third segment: it is put into the table of outer flows at once; in
 * mode forward a port towards the target is reserved in flow_setup_forward().
 */
#include <linux/inetdevice.h>
#include <linux/jhash.h>
#include <linux/siphash.h>
#include <linux/workqueue.h>
#include <net/addrconf.h>
#include <net/ip6_fib.h>
#include <net/route.h>

#include "coalesce.h"
#include "compat/compat.h"
#include "core/conn.h"
#include "datapath.h"
#include "flow.h"
#include "handover.h"
#include "icmp.h"
#include "input.h"
#include "netlink.h"
#include "peer.h"
#include "port.h"
#include "source.h"
#include "tunnel.h"

static struct kmem_cache *flow_cache;
static struct workqueue_struct *flow_wq;

/* ---- tables ---- */

/* All words of an IPv6 address, but only the last one of an IPv4 address: the
 * others are the same for all.  @seed is the table's own, and random.
 */
static u32 hash_pair(const void *data, u32 len, u32 seed)
{
	const struct ftcp_pair *pair = data;

	BUILD_BUG_ON(offsetof(struct ftcp_inner_key, pair));
	if (pair->remote.family == AF_INET)
		return jhash_3words((__force u32)ftcp_end_v4(&pair->local),
				    (__force u32)ftcp_end_v4(&pair->remote),
				    (__force u32)pair->local.port << 16 |
					    (__force u32)pair->remote.port,
				    seed);
	return jhash2(data, sizeof(*pair) / sizeof(u32), seed);
}

static int compare_outer(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct ftcp_flow *flow = obj;

	return !ftcp_pair_equal(arg->key, &flow->outer);
}

static int compare_inner(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct ftcp_inner_key *key = arg->key;
	const struct ftcp_flow *flow = obj;

	return key->link != flow->inner.link ||
	       !ftcp_pair_equal(&key->pair, &flow->inner.pair);
}

static const struct rhashtable_params outer_params = {
	.hashfn = hash_pair,
	.obj_cmpfn = compare_outer,
	.key_len = sizeof(struct ftcp_pair),
	.key_offset = offsetof(struct ftcp_flow, outer),
	.head_offset = offsetof(struct ftcp_flow, outer_node),
	.automatic_shrinking = true,
};

static const struct rhashtable_params inner_params = {
	.hashfn = hash_pair,
	.obj_cmpfn = compare_inner,
	.key_len = sizeof(struct ftcp_inner_key),
	.key_offset = offsetof(struct ftcp_flow, inner),
	.head_offset = offsetof(struct ftcp_flow, inner_node),
	.automatic_shrinking = true,
};

/**
 * ftcp_flow_by_outer() - look a flow up by its TCP ends
 * @fn: network namespace of the segments
 * @pair: the ends; local is ours
 *
 * Context: RCU read-side critical section.
 * Return: the flow, or NULL.
 */
struct ftcp_flow *ftcp_flow_by_outer(struct ftcp_net *fn,
				     const struct ftcp_pair *pair)
{
	return rhashtable_lookup(&fn->outer, pair, outer_params);
}

/**
 * ftcp_flow_by_inner() - look a flow up by the ends of its datagrams
 * @fn: network namespace, see ftcp_flow_inner_net()
 * @key: the ends, as in a datagram that enters the tunnel
 *
 * Context: RCU read-side critical section.
 * Return: the flow, or NULL.
 */
struct ftcp_flow *ftcp_flow_by_inner(struct ftcp_net *fn,
				     const struct ftcp_inner_key *key)
{
	return rhashtable_lookup(&fn->inner, key, inner_params);
}

static int hash_outer(struct ftcp_flow *flow)
{
	int err;

	lockdep_assert_held(&flow->lock);
	err = rhashtable_lookup_insert_fast(&ftcp_net(flow->tunnel->underlay)->outer,
					    &flow->outer_node, outer_params);
	flow->outer_hashed = !err;
	return err;
}

static int hash_inner(struct ftcp_flow *flow)
{
	int err;

	lockdep_assert_held(&flow->lock);
	err = rhashtable_lookup_insert_fast(&ftcp_flow_inner_net(flow->tunnel)->inner,
					    &flow->inner_node, inner_params);
	flow->inner_hashed = !err;
	return err;
}

static void unhash_outer(struct ftcp_flow *flow)
{
	lockdep_assert_held(&flow->lock);
	if (flow->outer_hashed)
		rhashtable_remove_fast(&ftcp_net(flow->tunnel->underlay)->outer,
				       &flow->outer_node, outer_params);
	flow->outer_hashed = false;
}

static void unhash_inner(struct ftcp_flow *flow)
{
	lockdep_assert_held(&flow->lock);
	if (flow->inner_hashed)
		rhashtable_remove_fast(&ftcp_flow_inner_net(flow->tunnel)->inner,
				       &flow->inner_node, inner_params);
	flow->inner_hashed = false;
}

/* ---- routes ---- */

/**
 * ftcp_flow_cached() - a route that a flow keeps
 * @route: one of the flow's
 *
 * Context: RCU read-side critical section, which keeps the route.
 * Return: the route, or NULL if there is none, or it does not hold any more.
 */
struct dst_entry *ftcp_flow_cached(const struct ftcp_route *route)
{
	struct dst_entry *dst = rcu_dereference(route->dst);

	return dst ? dst_check(dst, READ_ONCE(route->cookie)) : NULL;
}

/**
 * ftcp_flow_keep_route() - have a flow keep a route
 * @flow: the flow
 * @route: which of its routes
 * @dst: the new one; the reference is taken over
 *
 * Return: whether it is kept; false if the flow is dead, and @dst was released.
 */
bool ftcp_flow_keep_route(struct ftcp_flow *flow, struct ftcp_route *route,
			  struct dst_entry *dst)
{
	struct dst_entry *old;

	spin_lock_bh(&flow->lock);
	if (flow->dead) {
		/* nobody would release it */
		spin_unlock_bh(&flow->lock);
		dst_release(dst);
		return false;
	}
	if (dst->ops->family == AF_INET6)
		WRITE_ONCE(route->cookie,
			   rt6_get_cookie(container_of(dst, struct rt6_info,
						       dst)));
	old = rcu_replace_pointer(route->dst, dst,
				  lockdep_is_held(&flow->lock));
	spin_unlock_bh(&flow->lock);
	dst_release(old);
	return true;
}

static struct dst_entry *renew_route(struct ftcp_flow *flow,
				     struct ftcp_route *route, struct net *net,
				     const struct ftcp_pair *pair, u8 protocol)
{
	u32 mark = READ_ONCE(flow->tunnel->config.fwmark);
	struct ftcp_pair copy = *pair;
	struct dst_entry *dst;

	dst = ftcp_route(net, &copy, protocol, mark);
	if (!dst)
		return NULL;
	if (dst->dev == flow->tunnel->link->dev && protocol == IPPROTO_TCP) {
		/* into ourselves */
		dst_release(dst);
		return NULL;
	}
	return ftcp_flow_keep_route(flow, route, dst) ? dst : NULL;
}

/**
 * ftcp_flow_outer_dst() - route of a flow's segments
 * @flow: the flow, in the table of outer flows
 *
 * Context: RCU read-side critical section, which keeps the route.
 * Return: the route, or NULL.
 */
struct dst_entry *ftcp_flow_outer_dst(struct ftcp_flow *flow)
{
	struct dst_entry *dst = ftcp_flow_cached(&flow->outer_route);

	if (likely(dst))
		return dst;
	if (rcu_access_pointer(flow->outer_route.dst))
		ftcp_flow_way_changed(flow, false);
	return renew_route(flow, &flow->outer_route, flow->tunnel->underlay,
			   &flow->outer, IPPROTO_TCP);
}

static bool is_own_address(struct net *net, const struct ftcp_end *end)
{
	if (end->family == AF_INET)
		return __ip_dev_find(net, ftcp_end_v4(end), false);
	return ipv6_chk_addr(net, &end->addr, NULL, 0);
}

/**
 * ftcp_flow_inner_dst() - route of a flow's datagrams to application or target
 * @flow: the flow, in the table of inner flows, not of mode routed
 *
 * Context: RCU read-side critical section, which keeps the route.
 * Return: the route, or NULL.
 */
struct dst_entry *ftcp_flow_inner_dst(struct ftcp_flow *flow)
{
	struct dst_entry *dst = ftcp_flow_cached(&flow->inner_route);
	struct ftcp_pair pair = {
		.local = flow->inner.pair.remote,
		.remote = flow->inner.pair.local,
	};

	if (likely(dst))
		return dst;
	/* An address may have gone a while before there is another way. */
	if (!is_own_address(flow->tunnel->inner_net, &flow->inner.pair.remote))
		ftcp_handover_look(flow->tunnel->inner_net);
	return renew_route(flow, &flow->inner_route, flow->tunnel->inner_net,
			   &pair, IPPROTO_UDP);
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

static void flow_kill(struct ftcp_flow *flow, enum ftcp_event event,
		      enum ftcp_reason reason);
static void flow_renew(struct ftcp_flow *flow);
static void flow_follow(struct ftcp_flow *flow);
static bool endpoint_left(const struct ftcp_flow *flow);
static bool flow_inherit(struct ftcp_flow *flow);

static void flow_rearm(struct ftcp_flow *flow)
{
	ftcp_flow_arm(flow, ftcp_conn_deadline(&flow->conn, ftcp_now()));
}

/* Payload of a datagram that waits, in bytes. */
static unsigned int waiting_len(const struct sk_buff *skb)
{
	return skb->len - skb_transport_offset(skb) - sizeof(struct udphdr);
}

/* What waits is charged to the tunnel, by the memory that it takes. */
static bool queue_charge(struct ftcp_tunnel *tunnel, const struct sk_buff *skb)
{
	int limit = READ_ONCE(tunnel->config.queue_bytes);

	if (atomic_add_return(skb->truesize, &tunnel->queued) <= limit)
		return true;
	atomic_sub(skb->truesize, &tunnel->queued);
	return false;
}

static void queue_uncharge(struct ftcp_tunnel *tunnel,
			   const struct sk_buff *skb)
{
	atomic_sub(skb->truesize, &tunnel->queued);
}

/* What waited goes out, in order, and only then does ->waiting end: meanwhile
 * newcomers queue up behind.  A young connection takes only so much; the rest
 * goes on waiting, and the next segment or the timer leads here again.
 */
static void flow_flush(struct ftcp_flow *flow)
{
	struct sk_buff *skb;

	rcu_read_lock();
	spin_lock_bh(&flow->lock);
	while (!flow->flushing && !flow->dead) {
		skb = skb_peek(&flow->queue);
		if (!skb) {
			WRITE_ONCE(flow->waiting, false);
			break;
		}
		if (flow->dialled && !ftcp_conn_room(&flow->conn,
						     waiting_len(skb),
						     ftcp_now()))
			break;
		__skb_unlink(skb, &flow->queue);
		queue_uncharge(flow->tunnel, skb);
		flow->flushing = true;
		spin_unlock(&flow->lock);
		if (flow->dialled)
			ftcp_send_now(flow, skb);
		else
			ftcp_receive_queued(flow, skb);
		spin_lock(&flow->lock);
		flow->flushing = false;
	}
	spin_unlock_bh(&flow->lock);
	rcu_read_unlock();
}

/* Of an event that a connection ends with. */
static enum ftcp_reason reason_of(enum ftcp_event event)
{
	switch (event) {
	case FTCP_EV_REFUSED:
		return FTCP_REASON_REFUSED;
	case FTCP_EV_UNANSWERED:
		return FTCP_REASON_UNANSWERED;
	case FTCP_EV_RESET:
		return FTCP_REASON_RESET;
	case FTCP_EV_DEAD:
		return FTCP_REASON_DEAD;
	default:
		return FTCP_REASON_CLOSED;
	}
}

/* What has to be done after the core was called, outside of ->lock. */
static void flow_act(struct ftcp_flow *flow, const struct ftcp_result *res)
{
	bool stays;

	rcu_read_lock();
	if (res->control.flags) {
		struct dst_entry *dst = ftcp_flow_outer_dst(flow);

		if (dst)
			ftcp_send_control(flow->tunnel, dst, &flow->outer,
					  &res->control);
	}
	switch (res->event) {
	case FTCP_EV_NONE:
	case FTCP_EV_PEER_CLOSED:
		break;
	case FTCP_EV_RENEW:
		flow_renew(flow);
		break;
	case FTCP_EV_ESTABLISHED:
		ftcp_peer_reached(flow->peer);
		stays = !flow->heir || flow_inherit(flow);
		if (stays)
			flow_flush(flow);
		ftcp_netlink_flow_added(flow);
		if (!stays)
			ftcp_flow_close(flow);
		break;
	default:
		flow_kill(flow, res->event, reason_of(res->event));
		rcu_read_unlock();
		return;
	}
	if (unlikely(flow->dialled && READ_ONCE(flow->waiting) &&
		     ftcp_load(flow->conn.state) == FTCP_ESTABLISHED))
		flow_flush(flow);
	flow_rearm(flow);
	rcu_read_unlock();
}

/* Under ->lock, after the core was called: a flow that can carry nothing more
 * is not found by datagrams any more; the next one begins a new flow.
 */
static void flow_settle(struct ftcp_flow *flow, const struct ftcp_result *res)
{
	lockdep_assert_held(&flow->lock);
	if (flow->conn.state == FTCP_FIN_WAIT ||
	    flow->conn.state == FTCP_LAST_ACK) {
		unhash_inner(flow);
		flow->closing = true;
	}
	if (res->event == FTCP_EV_ESTABLISHED)
		flow->announced = true;
}

static void flow_timer(struct timer_list *t)
{
	struct ftcp_flow *flow = timer_container_of(flow, t, timer);
	struct ftcp_result res;

	spin_lock(&flow->lock);
	if (flow->dead) {
		spin_unlock(&flow->lock);
		return;
	}
	ftcp_conn_timer(&flow->conn, ftcp_now(), &res);
	flow_settle(flow, &res);
	spin_unlock(&flow->lock);
	flow_act(flow, &res);

	rcu_read_lock();
	if (flow->renewable && endpoint_left(flow))
		flow_follow(flow);
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
	struct ftcp_tunnel *tunnel = flow->tunnel;

	spin_lock(&flow->lock);
	if (flow->dead) {
		spin_unlock(&flow->lock);
		return false;
	}
	if (!flow->waiting && flow->dialled &&
	    !ftcp_conn_room(&flow->conn, waiting_len(skb), ftcp_now())) {
		WRITE_ONCE(flow->waiting, true);
		flow_rearm(flow);
	}
	if (!flow->waiting) {
		spin_unlock(&flow->lock);
		if (flow->dialled)
			ftcp_send_now(flow, skb);
		else
			ftcp_receive_queued(flow, skb);
		return true;
	}
	if (skb_queue_len(&flow->queue) >= READ_ONCE(tunnel->config.queue) ||
	    !queue_charge(tunnel, skb)) {
		spin_unlock(&flow->lock);
		if (flow->dialled)
			ftcp_drop_tx(tunnel, FTCP_DROP_QUEUE_FULL, skb);
		else
			ftcp_drop_rx(tunnel, FTCP_DROP_QUEUE_FULL, skb);
		return true;
	}
	skb_dst_force(skb);
	skb_orphan(skb);
	/* The device that it came from may be gone by the time; ours is not. */
	skb->dev = tunnel->link->dev;
	__skb_queue_tail(&flow->queue, skb);
	spin_unlock(&flow->lock);
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

	spin_lock(&flow->lock);
	if (flow->dead) {
		spin_unlock(&flow->lock);
		return FTCP_BAD_STATE;
	}
	ftcp_conn_receive(&flow->conn, seg, ftcp_now(), &res);
	flow_settle(flow, &res);
	spin_unlock(&flow->lock);
	flow_act(flow, &res);
	return res.verdict;
}

/* ---- birth ---- */

static void flow_setup(struct work_struct *work);
static void flow_teardown(struct work_struct *work);
static void flow_free_rcu(struct rcu_head *head);

static struct ftcp_flow *flow_alloc(struct ftcp_tunnel *tunnel,
				    struct ftcp_peer *peer)
{
	struct ftcp_flow *flow = kmem_cache_zalloc(flow_cache, GFP_ATOMIC);

	if (!flow)
		return NULL;
	flow->tunnel = tunnel;
	flow->peer = peer;
	flow->created = ftcp_now();
	spin_lock_init(&flow->lock);
	__skb_queue_head_init(&flow->queue);
	ftcp_batch_init(flow);
	timer_setup(&flow->timer, flow_timer, 0);
	INIT_WORK(&flow->setup, flow_setup);
	INIT_WORK(&flow->teardown, flow_teardown);
	return flow;
}

/* Into the tunnel's list; false if it takes no more.  Under ->lock. */
static bool flow_link(struct ftcp_flow *flow, enum ftcp_drop_attr *reason)
{
	struct ftcp_tunnel *tunnel = flow->tunnel;
	int err = -ESHUTDOWN;

	lockdep_assert_held(&flow->lock);
	*reason = FTCP_DROP_LIMIT;
	if (atomic_inc_return(&tunnel->nflows) >
	    READ_ONCE(tunnel->config.max_flows)) {
		atomic_dec(&tunnel->nflows);
		return false;
	}
	spin_lock(&tunnel->lock);
	if (!tunnel->dying)
		err = ftcp_source_get(flow,
				      READ_ONCE(tunnel->config.max_per_source));
	if (!err)
		list_add_tail_rcu(&flow->list, &tunnel->flows);
	spin_unlock(&tunnel->lock);
	if (!err) {
		atomic_inc(&flow->peer->nflows);
		return true;
	}
	*reason = err == -ESHUTDOWN ? FTCP_DROP_REFUSED :
		  err == -EDQUOT    ? FTCP_DROP_SOURCE_LIMIT :
				      FTCP_DROP_MEMORY;
	atomic_dec(&tunnel->nflows);
	return false;
}

/* Out of the tunnel's list, once: whoever found the flow there sees it dead. */
static void flow_unlink(struct ftcp_flow *flow)
{
	struct ftcp_tunnel *tunnel = flow->tunnel;

	lockdep_assert_held(&flow->lock);
	WRITE_ONCE(flow->dead, true);
	spin_lock(&tunnel->lock);
	list_del_rcu(&flow->list);
	ftcp_source_put(flow);
	spin_unlock(&tunnel->lock);
	atomic_dec(&flow->peer->nflows);
	atomic_dec(&tunnel->nflows);
}

/* A flow for a conversation that has none, or, an heir, to take over that of
 * another flow.
 */
static struct ftcp_flow *flow_dial(struct ftcp_tunnel *tunnel,
				   struct ftcp_peer *peer,
				   const struct ftcp_inner_key *key, bool heir,
				   enum ftcp_drop_attr *reason)
{
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
	flow->dialled = true;
	flow->waiting = !heir;
	flow->heir = heir;
	flow->inner = *key;
	flow->outer.local.family = config->endpoint.family;
	flow->outer.remote = config->endpoint;
	if (config->kind == FTCP_ENDPOINT_SAME)
		flow->outer = key->pair;
	flow->renewable = !flow->outer.local.port;

	spin_lock(&flow->lock);
	if (!flow_link(flow, reason))
		goto err_free;
	*reason = FTCP_DROP_REFUSED;
	if (!heir && hash_inner(flow)) {
		flow_unlink(flow);
		spin_unlock(&flow->lock);
		call_rcu(&flow->rcu, flow_free_rcu);
		return ftcp_flow_by_inner(ftcp_flow_inner_net(tunnel), key);
	}
	queue_work(flow_wq, &flow->setup);
	spin_unlock(&flow->lock);
	return flow;

err_free:
	spin_unlock(&flow->lock);
	kmem_cache_free(flow_cache, flow);
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

/* Whatever has the ends of the conversation that @flow is about to have: a
 * flow that began to dial while the far end's handshake was under way.  Not the
 * flow of the same connection that another processor has just accepted.
 */
static void evict_inner(struct ftcp_flow *flow)
{
	struct ftcp_flow *old;

	old = ftcp_flow_by_inner(ftcp_flow_inner_net(flow->tunnel),
				 &flow->inner);
	if (old && (old->dialled ||
		    memcmp(&old->outer, &flow->outer, sizeof(flow->outer))))
		flow_kill(old, FTCP_EV_CLOSED, FTCP_REASON_REPLACED);
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
	bool routed = tunnel->mode == FTCP_MODE_ROUTED;
	struct ftcp_flow *flow;

	*reason = FTCP_DROP_MEMORY;
	flow = flow_alloc(tunnel, peer);
	if (!flow)
		return NULL;
	flow->outer = *outer;
	ftcp_conn_accept(&flow->conn, &config, seg, ftcp_now());
	if (routed) {
		flow->inner.pair = *outer;
		flow->inner.link = tunnel->link;
		evict_inner(flow);
	} else {
		flow->waiting = true;
	}

	spin_lock(&flow->lock);
	if (!flow_link(flow, reason)) {
		spin_unlock(&flow->lock);
		kmem_cache_free(flow_cache, flow);
		return NULL;
	}
	/* The first segments of a connection may come on several processors at
	 * once: whoever is slower has to find the other's flow by its TCP ends.
	 */
	*reason = FTCP_DROP_STATE;
	if (hash_outer(flow) || (routed && hash_inner(flow))) {
		unhash_outer(flow);
		flow_unlink(flow);
		spin_unlock(&flow->lock);
		call_rcu(&flow->rcu, flow_free_rcu);
		return NULL;
	}
	flow->announced = true;
	if (!routed)
		queue_work(flow_wq, &flow->setup);
	spin_unlock(&flow->lock);
	flow_rearm(flow);
	if (routed)
		ftcp_netlink_flow_added(flow);
	return flow;
}

/**
 * ftcp_flow_adopt() - complete a handshake from the other side
 * @flow: a flow whose SYN is out
 * @seg: a segment with a cookie that is valid for the same two ends
 *
 * Context: RCU, bottom halves disabled.
 */
void ftcp_flow_adopt(struct ftcp_flow *flow, const struct ftcp_segment *seg)
{
	struct ftcp_result res = { .event = FTCP_EV_ESTABLISHED };
	struct ftcp_conn_config config;

	spin_lock(&flow->lock);
	if (flow->dead || flow->conn.state != FTCP_SYN_SENT) {
		spin_unlock(&flow->lock);
		return;
	}
	config = flow->conn.config;
	ftcp_conn_accept(&flow->conn, &config, seg, ftcp_now());
	flow_settle(flow, &res);
	spin_unlock(&flow->lock);
	flow_act(flow, &res);
}

/* RFC 6528: a clock of 64 ns and a keyed hash of the ends. */
static u32 initial_sequence(struct ftcp_net *fn, const struct ftcp_pair *pair)
{
	struct {
		struct ftcp_pair pair;
		u64 isn;
	} __aligned(SIPHASH_ALIGNMENT) input = { .pair = *pair, .isn = 1 };

	return (u32)siphash(&input, sizeof(input), &fn->key) +
	       (u32)(ktime_get_real_ns() >> 6);
}

/* The local TCP port.  In mode routed it is the datagram's own, if the far end
 * is the datagram's own as well: reserved by the tunnel, or by the flow if the
 * address is one of this host's.
 */
static struct ftcp_port *dial_port(struct ftcp_flow *flow)
{
	struct ftcp_tunnel *tunnel = flow->tunnel;
	struct ftcp_port *port;
	struct ftcp_end end;

	ftcp_end_set_any(&end, flow->outer.remote.family, 0);
	if (flow->outer.local.port) {
		if (flow->outer.local.port == tunnel->accept.port)
			return NULL;
		end = flow->outer.local;
	}
	port = ftcp_port_get(tunnel->underlay, IPPROTO_TCP, &end,
			     flow->outer.local.port);
	if (port == ERR_PTR(-EADDRNOTAVAIL))
		return NULL;	/* an address that this host routes for */
	return port;
}

/* The far end's port and ours may be those of a flow that is on its way out:
 * it is hurried along.
 */
static int hash_outer_again(struct ftcp_flow *flow) __acquires(&flow->lock)
{
	struct ftcp_flow *old;

	rcu_read_lock();
	old = ftcp_flow_by_outer(ftcp_net(flow->tunnel->underlay),
				 &flow->outer);
	if (old && ftcp_load(old->conn.state) != FTCP_ESTABLISHED &&
	    ftcp_load(old->conn.state) != FTCP_SYN_SENT)
		flow_kill(old, FTCP_EV_CLOSED, FTCP_REASON_CLOSED);
	rcu_read_unlock();

	spin_lock_bh(&flow->lock);
	return flow->dead ? -EEXIST : hash_outer(flow);
}

static void drop_waiting(struct ftcp_flow *flow, enum ftcp_drop_attr reason,
			 void (*tell)(struct sk_buff *));

/* A flow cannot be dialled.  Want of a port is as bad for an heir as no answer:
 * its predecessor, if dead, gives up, and with that its own port.
 */
static void not_dialled(struct ftcp_flow *flow, enum ftcp_drop_attr reason)
{
	drop_waiting(flow, reason, ftcp_icmp_unreachable);
	if (flow->heir) {
		local_bh_disable();
		ftcp_stats_drop(flow->tunnel->stats, reason);
		local_bh_enable();
	}
	flow_kill(flow, reason == FTCP_DROP_PORT_TAKEN ? FTCP_EV_UNANSWERED :
							 FTCP_EV_CLOSED,
		  FTCP_REASON_FAILED);
}

/* Whether the tunnel is of another user namespace, which was given the link: what
 * comes from this host's own addresses is trusted by its services, and payload of
 * datagrams is a byte stream to a TCP server.
 */
static bool stranger(const struct ftcp_tunnel *tunnel)
{
	return dev_net(tunnel->link->dev)->user_ns != tunnel->underlay->user_ns;
}

static void flow_setup_dial(struct ftcp_flow *flow)
{
	struct ftcp_tunnel *tunnel = flow->tunnel;
	struct ftcp_conn_config config;
	struct ftcp_result res;
	struct ftcp_port *port;
	struct ftcp_pair pair;
	struct dst_entry *dst;
	struct ftcp_net *fn = ftcp_net(tunnel->underlay);
	u32 wire;
	int err;

	port = dial_port(flow);
	if (IS_ERR(port)) {
		not_dialled(flow, FTCP_DROP_PORT_TAKEN);
		return;
	}
	pair = flow->outer;
	if (port)
		pair.local.port = ftcp_port_number(port);
	dst = ftcp_route(tunnel->underlay, &pair, IPPROTO_TCP,
			 READ_ONCE(tunnel->config.fwmark));
	if (!dst || (stranger(tunnel) && ftcp_input_by_loopback(dst))) {
		dst_release(dst);
		ftcp_port_put(port);
		not_dialled(flow, FTCP_DROP_NO_ROUTE);
		return;
	}
	dst_release(dst);

	rcu_read_lock();
	wire = rcu_dereference(flow->peer->config)->wire;
	rcu_read_unlock();
	config = ftcp_tunnel_conn_config(tunnel, wire, flow->renewable);

	spin_lock_bh(&flow->lock);
	flow->tcp_port = port;
	flow->outer = pair;
	err = flow->dead ? -EEXIST : hash_outer(flow);
	if (err == -EEXIST && !flow->dead) {
		spin_unlock_bh(&flow->lock);
		err = hash_outer_again(flow);
	}
	if (err) {
		spin_unlock_bh(&flow->lock);
		not_dialled(flow, FTCP_DROP_PORT_TAKEN);
		return;
	}
	ftcp_conn_open(&flow->conn, &config, initial_sequence(fn, &pair),
		       ftcp_now(), &res);
	spin_unlock_bh(&flow->lock);
	flow_act(flow, &res);
}

/* Whether what is sent from one end can be answered by the other: while IPv6 makes
 * sure that a new address is nobody else's, a link-local one stands in for it.
 */
static bool answerable(const struct ftcp_pair *pair)
{
	return pair->local.family != AF_INET6 ||
	       ipv6_addr_src_scope(&pair->local.addr) >=
		       ipv6_addr_src_scope(&pair->remote.addr) ||
	       ipv6_addr_loopback(&pair->remote.addr);
}

static void flow_setup_forward(struct ftcp_flow *flow)
{
	struct ftcp_tunnel *tunnel = flow->tunnel;
	struct ftcp_pair pair = { .remote = tunnel->target };
	enum ftcp_drop_attr reason = FTCP_DROP_PORT_TAKEN;
	struct ftcp_port *port;
	struct dst_entry *dst;
	int err;

	ftcp_end_set_any(&pair.local, pair.remote.family, 0);
	port = ftcp_port_get(tunnel->inner_net, IPPROTO_UDP, &pair.local, false);
	if (IS_ERR(port))
		goto refuse;
	pair.local.port = ftcp_port_number(port);
	dst = ftcp_route(tunnel->inner_net, &pair, IPPROTO_UDP,
			 READ_ONCE(tunnel->config.fwmark));
	dst_release(dst);
	if (!dst || !answerable(&pair)) {
		ftcp_port_put(port);
		reason = FTCP_DROP_NO_ROUTE;
		goto refuse;
	}

	spin_lock_bh(&flow->lock);
	flow->udp_port = port;
	flow->inner.pair.local = pair.remote;
	flow->inner.pair.remote = pair.local;
	err = flow->dead ? -EEXIST : hash_inner(flow);
	spin_unlock_bh(&flow->lock);
	if (err)
		goto abort;
	flow_flush(flow);
	rcu_read_lock();
	ftcp_netlink_flow_added(flow);
	rcu_read_unlock();
	return;

refuse:
	/* the connection itself, whose first datagram may be on its way still */
	local_bh_disable();
	ftcp_drop_rx(tunnel, reason, NULL);
	local_bh_enable();
	drop_waiting(flow, reason, ftcp_icmp_unreachable);
abort:
	flow_kill(flow, FTCP_EV_DEAD, FTCP_REASON_FAILED);
}

static void flow_setup(struct work_struct *work)
{
	struct ftcp_flow *flow = container_of(work, struct ftcp_flow, setup);

	if (flow->dialled)
		flow_setup_dial(flow);
	else
		flow_setup_forward(flow);
}

/* ---- replacement ---- */

/* Whether the peer of a flow that was dialled has been given another endpoint, or
 * none, meanwhile.
 */
static bool endpoint_left(const struct ftcp_flow *flow)
{
	const struct ftcp_peer_config *config =
		rcu_dereference(flow->peer->config);

	switch (config->kind) {
	case FTCP_ENDPOINT_NONE:
		return true;
	case FTCP_ENDPOINT_SAME:
		return flow->renewable;
	default:
		return !flow->renewable ||
		       !ftcp_end_equal(&config->endpoint, &flow->outer.remote);
	}
}

/* A flow to where its peer no longer is does not stay there, if the user said
 * so.  A name may stand for an address too early, or by mistake, and nobody
 * watches: what works goes on, and flow_timer() tries again.  Under RCU.
 */
static void renewal_failed(struct ftcp_flow *flow, bool in_vain)
{
	u64 again = ftcp_now() + (in_vain ? FTCP_RENEW_AGAIN : FTCP_PROBE_MAX);
	struct ftcp_result res;

	spin_lock_bh(&flow->lock);
	if (flow->dead) {
		spin_unlock_bh(&flow->lock);
		return;
	}
	ftcp_conn_renew_failed(&flow->conn, in_vain, again, &res);
	spin_unlock_bh(&flow->lock);
	flow_act(flow, &res);
	if (!endpoint_left(flow))
		return;
	if (rcu_dereference(flow->peer->config)->endpoint_name[0])
		ftcp_flow_arm(flow, again);
	else
		ftcp_flow_close(flow);
}

/* Have an heir dialled, towards where the peer is now.  Under RCU. */
static void flow_renew(struct ftcp_flow *flow)
{
	enum ftcp_drop_attr reason;
	struct ftcp_flow *heir;

	local_bh_disable();
	heir = flow_dial(flow->tunnel, flow->peer, &flow->inner, true, &reason);
	if (!heir) {
		ftcp_stats_drop(flow->tunnel->stats, reason);
		/* What is dead gives its place to others, and to itself. */
		renewal_failed(flow, reason == FTCP_DROP_LIMIT ||
					     reason == FTCP_DROP_SOURCE_LIMIT);
	}
	local_bh_enable();
}

/* An heir has ended before it took over: who has the conversation is told.  Where
 * the peer no longer is the heir has learnt nothing of where the peer is, and
 * another one goes there.
 */
static void disinherited(struct ftcp_flow *heir, enum ftcp_event event)
{
	struct ftcp_flow *flow;
	bool renewing;

	flow = ftcp_flow_by_inner(ftcp_flow_inner_net(heir->tunnel),
				  &heir->inner);
	if (!flow)
		return;
	if (!endpoint_left(heir)) {
		renewal_failed(flow, event == FTCP_EV_UNANSWERED ||
					     event == FTCP_EV_REFUSED);
		return;
	}
	spin_lock_bh(&flow->lock);
	renewing = !flow->dead && flow->conn.renewing;
	spin_unlock_bh(&flow->lock);
	if (renewing)
		flow_renew(flow);
}

/* The conversation moves to @flow, an heir that is established; false if it has
 * ended meanwhile, or been closed, or began anew.  Under RCU.
 */
static bool flow_inherit(struct ftcp_flow *flow)
{
	struct ftcp_net *fn = ftcp_flow_inner_net(flow->tunnel);
	struct ftcp_flow *old;

	spin_lock_bh(&flow->lock);
	old = ftcp_flow_by_inner(fn, &flow->inner);
	if (old && !flow->dead &&
	    ftcp_load(flow->conn.state) == FTCP_ESTABLISHED) {
		spin_lock_nested(&old->lock, SINGLE_DEPTH_NESTING);
		if (old->inner_hashed && old->conn.renewing &&
		    !rhashtable_replace_fast(&fn->inner, &old->inner_node,
					     &flow->inner_node, inner_params)) {
			old->inner_hashed = false;
			flow->inner_hashed = true;
			flow->inherited = true;
			ftcp_conn_retire(&old->conn, &flow->conn, ftcp_now());
		}
		spin_unlock(&old->lock);
	}
	spin_unlock_bh(&flow->lock);
	if (flow->inherited)
		flow_rearm(old);
	return flow->inherited;
}

/* Replace a flow before the core asks for it; @now: not if that failed a moment
 * ago.
 */
static void flow_renew_now(struct ftcp_flow *flow, u64 now)
{
	bool wanted;

	spin_lock_bh(&flow->lock);
	wanted = !flow->dead && ftcp_conn_renew(&flow->conn, now);
	spin_unlock_bh(&flow->lock);
	if (wanted)
		flow_renew(flow);
}

/* To where the peer is now, when it is time: the timer runs for other reasons as
 * well.  Under RCU.
 */
static void flow_follow(struct ftcp_flow *flow)
{
	u64 now = ftcp_now(), again;

	spin_lock_bh(&flow->lock);
	again = flow->conn.renew_at;
	spin_unlock_bh(&flow->lock);
	if (again > now)
		ftcp_flow_arm(flow, again);
	else
		flow_renew_now(flow, now);
}

/**
 * ftcp_flow_redial() - move the flows that were dialled to a peer
 * @tunnel: the tunnel
 * @peer: the peer, whose endpoint has changed
 * @moved: not only the way to dial it
 *
 * What is established goes on until a flow to the new endpoint is; if that
 * cannot be had it is closed, but goes on if the endpoint has a name.  What
 * cannot be replaced is closed; what is still dialling the old endpoint ends, and
 * the next datagram dials the new one, or, if it was to replace another flow,
 * another is dialled at once.
 *
 * Context: process.
 */
void ftcp_flow_redial(struct ftcp_tunnel *tunnel, const struct ftcp_peer *peer,
		      bool moved)
{
	u64 begun = ftcp_now();
	struct ftcp_flow *flow;
	bool none;

	rcu_read_lock();
	none = rcu_dereference(peer->config)->kind == FTCP_ENDPOINT_NONE;
	list_for_each_entry_rcu(flow, &tunnel->flows, list) {
		if (flow->peer == peer && flow->dialled &&
		    (none || !flow->renewable ||
		     ftcp_load(flow->conn.state) != FTCP_ESTABLISHED) &&
		    (!moved || endpoint_left(flow)))
			ftcp_flow_close(flow);
	}
	/* Those that are dialled now are met as well, and go to the right place. */
	list_for_each_entry_rcu(flow, &tunnel->flows, list) {
		if (flow->peer == peer && flow->dialled &&
		    flow->created <= begun)
			flow_renew_now(flow, U64_MAX);
	}
	rcu_read_unlock();
}

/* Whether a flow that can be replaced would be dialled from another address
 * now; *@dev is the device that it would leave by, not to be dereferenced.
 */
static bool source_changed(const struct ftcp_flow *flow,
			   const struct net_device **dev)
{
	struct ftcp_pair pair = flow->outer;
	struct dst_entry *dst;

	if (flow->renewable)
		ftcp_end_set_any(&pair.local, pair.local.family,
				 pair.local.port);
	dst = ftcp_route(flow->tunnel->underlay, &pair, IPPROTO_TCP,
			 READ_ONCE(flow->tunnel->config.fwmark));
	*dev = dst ? dst->dev : NULL;
	dst_release(dst);
	return dst && !ftcp_end_equal(&pair.local, &flow->outer.local);
}

/**
 * ftcp_flow_way_changed() - addresses, routes or devices have changed
 * @flow: the flow
 * @suspect: the far end is to be asked even if the way looks the same
 *
 * A flow that would be dialled from another address now is replaced; one whose
 * segments leave by another device, or cannot leave, is probed.
 *
 * Context: RCU read-side critical section.
 */
void ftcp_flow_way_changed(struct ftcp_flow *flow, bool suspect)
{
	const struct net_device *dev;
	struct dst_entry *dst;

	/* Before it has established, a flow repeats its SYN anyway. */
	if (ftcp_load(flow->conn.state) != FTCP_ESTABLISHED)
		return;
	if (flow->dialled) {
		if (source_changed(flow, &dev)) {
			flow_renew_now(flow, ftcp_now());
			return;
		}
		dst = rcu_dereference(flow->outer_route.dst);
		if (!dst || dst->dev != dev)
			suspect = true;
	}
	if (!suspect)
		return;
	spin_lock_bh(&flow->lock);
	if (!flow->dead) {
		ftcp_conn_suspect(&flow->conn, ftcp_now());
		flow_rearm(flow);
	}
	spin_unlock_bh(&flow->lock);
}

/**
 * ftcp_flow_target_way_changed() - the same, where the datagrams are
 * @flow: the flow, in the table of inner flows
 *
 * What a flow of mode forward sends its target from an address that this host
 * has no more is not answered, and from another address it would be another
 * conversation: it is reset, and the far end dials again.  As long as there is no
 * other address from which the target can answer, that one may come back.
 *
 * Context: RCU read-side critical section.
 */
void ftcp_flow_target_way_changed(struct ftcp_flow *flow)
{
	struct ftcp_tunnel *tunnel = flow->tunnel;
	struct ftcp_pair pair = { .remote = flow->inner.pair.local };
	struct dst_entry *dst;

	if (tunnel->mode != FTCP_MODE_FORWARD ||
	    is_own_address(tunnel->inner_net, &flow->inner.pair.remote))
		return;
	ftcp_end_set_any(&pair.local, pair.remote.family,
			 flow->inner.pair.remote.port);
	dst = ftcp_route(tunnel->inner_net, &pair, IPPROTO_UDP,
			 READ_ONCE(tunnel->config.fwmark));
	dst_release(dst);
	if (dst && answerable(&pair) &&
	    !ftcp_end_equal(&pair.local, &flow->inner.pair.remote))
		ftcp_flow_reset(flow);
}

/* ---- death ---- */

static void flow_free_rcu(struct rcu_head *head)
{
	struct ftcp_flow *flow = container_of(head, struct ftcp_flow, rcu);

	dst_release(rcu_dereference_protected(flow->outer_route.dst, 1));
	dst_release(rcu_dereference_protected(flow->inner_route.dst, 1));
	dst_release(rcu_dereference_protected(flow->segment_route.dst, 1));
	kmem_cache_free(flow_cache, flow);
}

static void flow_teardown(struct work_struct *work)
{
	struct ftcp_flow *flow = container_of(work, struct ftcp_flow, teardown);

	cancel_work_sync(&flow->setup);
	timer_shutdown_sync(&flow->timer);
	ftcp_batch_end(flow);
	ftcp_port_put(flow->tcp_port);
	ftcp_port_put(flow->udp_port);
	call_rcu(&flow->rcu, flow_free_rcu);
}

/* What waits is lost; its senders are told. */
static void drop_waiting(struct ftcp_flow *flow, enum ftcp_drop_attr reason,
			 void (*tell)(struct sk_buff *))
{
	struct sk_buff_head list;
	struct sk_buff *skb;

	__skb_queue_head_init(&list);
	spin_lock_bh(&flow->lock);
	skb_queue_splice_tail_init(&flow->queue, &list);
	spin_unlock_bh(&flow->lock);

	local_bh_disable();
	while ((skb = __skb_dequeue(&list))) {
		queue_uncharge(flow->tunnel, skb);
		if (flow->dialled) {
			tell(skb);
			ftcp_drop_tx(flow->tunnel, reason, skb);
		} else {
			ftcp_drop_rx(flow->tunnel, reason, skb);
		}
	}
	local_bh_enable();
}

/* The flow is found by nobody any more, and freed in time.  A far end that
 * still knows the connection is sent a RST if the core has not ended it.  One
 * that was on its way out, closed or replaced, ends for that reason.
 */
static void flow_kill(struct ftcp_flow *flow, enum ftcp_event event,
		      enum ftcp_reason reason)
{
	struct ftcp_result res = { };
	bool announced, tell;

	rcu_read_lock();
	spin_lock_bh(&flow->lock);
	if (flow->dead) {
		spin_unlock_bh(&flow->lock);
		rcu_read_unlock();
		return;
	}
	if (flow->outer_hashed)
		ftcp_conn_abort(&flow->conn, &res);
	/* Who waits hears by what waits; a conversation that another flow has
	 * taken over has lost nothing.
	 */
	tell = flow->dialled && flow->inner_hashed &&
	       (event == FTCP_EV_RESET || event == FTCP_EV_DEAD) &&
	       skb_queue_empty(&flow->queue);
	unhash_outer(flow);
	unhash_inner(flow);
	flow_unlink(flow);
	announced = flow->announced;
	if (flow->conn.retire_at)
		reason = FTCP_REASON_REPLACED;
	else if (flow->closing)
		reason = FTCP_REASON_CLOSED;
	ftcp_stats_ended(flow->tunnel->stats, reason);
	spin_unlock_bh(&flow->lock);

	ftcp_send_control(flow->tunnel, NULL, &flow->outer, &res.control);
	drop_waiting(flow, FTCP_DROP_REFUSED,
		     event == FTCP_EV_REFUSED ? ftcp_icmp_refused :
						ftcp_icmp_unreachable);
	if (tell)
		ftcp_icmp_lost(flow, event == FTCP_EV_RESET);
	if (announced)
		ftcp_netlink_flow_ended(flow, reason);
	if (flow->renewable && (reason == FTCP_REASON_REFUSED ||
				reason == FTCP_REASON_UNANSWERED))
		ftcp_peer_failed(flow->peer, event == FTCP_EV_REFUSED);
	if (flow->heir && !flow->inherited)
		disinherited(flow, event);
	queue_work(flow_wq, &flow->teardown);
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

	spin_lock_bh(&flow->lock);
	if (flow->dead || !flow->outer_hashed) {
		spin_unlock_bh(&flow->lock);
		flow_kill(flow, FTCP_EV_CLOSED, FTCP_REASON_CLOSED);
		return;
	}
	ftcp_conn_close(&flow->conn, ftcp_now(), &res);
	flow_settle(flow, &res);
	spin_unlock_bh(&flow->lock);
	flow_act(flow, &res);
}

/**
 * ftcp_flow_reset() - end a flow with a RST, as its target cannot be reached
 * @flow: the flow, of mode forward
 *
 * Context: RCU read-side critical section.
 */
void ftcp_flow_reset(struct ftcp_flow *flow)
{
	flow_kill(flow, FTCP_EV_CLOSED, FTCP_REASON_UNREACHABLE);
}

#define KILL_BATCH	256

/* Some at a time: each is sent a RST that is not repeated, and thousands at once
 * would be more than a queue on this host holds (netdev_max_backlog).
 */
static unsigned int kill_some(struct ftcp_tunnel *tunnel,
			      const struct ftcp_peer *peer)
{
	struct ftcp_flow *flow;
	unsigned int n = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(flow, &tunnel->flows, list) {
		if (peer && flow->peer != peer)
			continue;
		flow_kill(flow, FTCP_EV_CLOSED, FTCP_REASON_CLOSED);
		if (++n == KILL_BATCH)
			break;
	}
	rcu_read_unlock();
	return n;
}

/**
 * ftcp_flow_kill_all() - end the flows of a tunnel at once
 * @tunnel: the tunnel
 * @peer: those of this peer only, or NULL for all
 *
 * When it returns, no code but RCU readers touches any of them, provided that
 * none can be added meanwhile.
 *
 * Context: process, sleeps.
 */
void ftcp_flow_kill_all(struct ftcp_tunnel *tunnel,
			const struct ftcp_peer *peer)
{
	/* Asleep, so that whoever empties those queues has the processor: it may be
	 * a process (ksoftirqd), to which cond_resched() need not yield.
	 */
	while (kill_some(tunnel, peer) == KILL_BATCH)
		schedule_timeout_uninterruptible(1);
	/* Others may have unlinked a flow, and not yet queued its teardown. */
	synchronize_net();
	flush_workqueue(flow_wq);
}

/* ---- module ---- */

/**
 * ftcp_flow_tables_init() - the tables of a network namespace
 * @fn: the namespace
 *
 * Return: 0 or a negative error.
 */
int ftcp_flow_tables_init(struct ftcp_net *fn)
{
	int err = rhashtable_init(&fn->outer, &outer_params);

	if (err)
		return err;
	err = rhashtable_init(&fn->inner, &inner_params);
	if (err)
		rhashtable_destroy(&fn->outer);
	return err;
}

/**
 * ftcp_flow_tables_exit() - give the tables back; they are empty
 * @fn: the namespace
 */
void ftcp_flow_tables_exit(struct ftcp_net *fn)
{
	rhashtable_destroy(&fn->outer);
	rhashtable_destroy(&fn->inner);
}

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
	flow_wq = alloc_workqueue("faketcp", WQ_UNBOUND, 0);
	if (!flow_wq) {
		kmem_cache_destroy(flow_cache);
		return -ENOMEM;
	}
	return 0;
}

/**
 * ftcp_flow_exit() - when all links are gone
 */
void ftcp_flow_exit(void)
{
	destroy_workqueue(flow_wq);
	rcu_barrier();
	kmem_cache_destroy(flow_cache);
}
