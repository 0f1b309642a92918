// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps of tunnels, peers and flows over generic netlink, and notifications of
 * what happens to them.
 */
#include <linux/rtnetlink.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "compat/compat.h"
#include "core/conn.h"
#include "device.h"
#include "flow.h"
#include "gso.h"
#include "netlink.h"
#include "netlink_gen.h"
#include "peer.h"
#include "route.h"
#include "tunnel.h"

#define BATCH 1024	/* flows looked at between pauses */
#define PAD 1		/* in each nest of counters */

/* ---- messages ---- */

static int put_end(struct sk_buff *msg, int attr, const struct ftcp_end *end)
{
	struct sockaddr_storage ss;
	int len = ftcp_end_to_sockaddr(end, &ss);

	return nla_put(msg, attr, len, &ss);
}

static int put_tunnel_id(struct sk_buff *msg, const struct ftcp_tunnel *tunnel)
{
	return nla_put_u32(msg, FTCP_A_IFINDEX, tunnel->link->dev->ifindex) ||
	       nla_put_string(msg, FTCP_A_IFNAME, tunnel->link->dev->name) ||
	       nla_put_string(msg, FTCP_A_TUNNEL, tunnel->name);
}

/* Add a nest of counters; the first of its attributes is the padding. */
static int put_counts(struct sk_buff *msg, int attr, const u64 *counts, int max)
{
	struct nlattr *nest = nla_nest_start(msg, attr);
	int i;

	BUILD_BUG_ON(FTCP_STATS_PAD != PAD || FTCP_DROP_PAD != PAD ||
		     FTCP_ENDED_PAD != PAD);
	if (!nest)
		return -EMSGSIZE;
	for (i = PAD + 1; i <= max; i++) {
		if (nla_put_u64_64bit(msg, i, counts[i], PAD))
			return -EMSGSIZE;
	}
	nla_nest_end(msg, nest);
	return 0;
}

static int put_tunnel_stats(struct sk_buff *msg,
			    const struct ftcp_tunnel *tunnel)
{
	u64 sum[FTCP_COUNTS];

	ftcp_stats_read(tunnel->stats, sum);
	return put_counts(msg, FTCP_A_STATS, sum + FTCP_COUNT_STATS,
			  FTCP_STATS_MAX) ?:
	       put_counts(msg, FTCP_A_DROPS, sum + FTCP_COUNT_DROPS,
			  FTCP_DROP_MAX) ?:
	       put_counts(msg, FTCP_A_ENDED, sum + FTCP_COUNT_ENDED,
			  FTCP_ENDED_MAX);
}

/* The counters belong to the session.  Only the flow that carries it reports
 * them, so that those of all flows add up.
 */
static int put_flow_stats(struct sk_buff *msg, const struct ftcp_flow *flow)
{
	const struct ftcp_session *session = flow->session;
	u64 counts[FTCP_STATS_RX_BYTES + 1] = { };

	if (READ_ONCE(flow->carrier)) {
		counts[FTCP_STATS_TX_PACKETS] =
			atomic64_read(&session->tx_packets);
		counts[FTCP_STATS_TX_BYTES] = atomic64_read(&session->tx_bytes);
		counts[FTCP_STATS_RX_PACKETS] =
			atomic64_read(&session->rx_packets);
		counts[FTCP_STATS_RX_BYTES] = atomic64_read(&session->rx_bytes);
	}
	return put_counts(msg, FTCP_A_STATS, counts, FTCP_STATS_RX_BYTES);
}

static int put_options(struct sk_buff *msg, const struct ftcp_tunnel *tunnel)
{
	const u8 *config = (const u8 *)&tunnel->config;
	const struct ftcp_tunnel_option *o;

	for (o = ftcp_tunnel_options; o->attr; o++) {
		if (o->attr == FTCP_A_UNREACHABLE && !tunnel->target.port)
			continue;
		if (nla_put_u32(msg, o->attr,
				*(const u32 *)(config + o->offset)))
			return -EMSGSIZE;
	}
	return nla_put_u64_64bit(msg, FTCP_A_MAX_BYTES,
				 tunnel->config.max_bytes, FTCP_A_PAD);
}

static int fill_tunnel(struct sk_buff *msg, const struct ftcp_tunnel *tunnel,
		       u32 portid, u32 seq, int flags, u8 cmd)
{
	struct ftcp_end local = tunnel->accept;
	void *hdr = genlmsg_put(msg, portid, seq, &ftcp_netlink_family, flags,
				cmd);

	if (!hdr)
		return -EMSGSIZE;
	local.port = 0;
	if (put_tunnel_id(msg, tunnel) ||
	    nla_put_u32(msg, FTCP_A_MODE, tunnel->mode - ftcp_modes) ||
	    (tunnel->accept.port &&
	     nla_put_u16(msg, FTCP_A_PORT, ntohs(tunnel->accept.port))) ||
	    (!ftcp_end_is_any(&local) && put_end(msg, FTCP_A_LOCAL, &local)) ||
	    (tunnel->listen.port &&
	     put_end(msg, FTCP_A_LISTEN, &tunnel->listen)) ||
	    (tunnel->target.port &&
	     put_end(msg, FTCP_A_TARGET, &tunnel->target)) ||
	    put_options(msg, tunnel) ||
	    nla_put_u32(msg, FTCP_A_FLOWS, READ_ONCE(tunnel->nflows)) ||
	    put_tunnel_stats(msg, tunnel)) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return 0;
}

static int put_range(struct sk_buff *msg, int attr, u16 family,
		     const struct ftcp_prefix *prefix)
{
	struct nlattr *nest = nla_nest_start(msg, attr);
	struct in6_addr addr;

	ftcp_range_addr(prefix, &addr);
	if (!nest ||
	    (family == AF_INET ?
		     nla_put_in_addr(msg, FTCP_ALLOWED_IP_ADDR,
				     addr.s6_addr32[0]) :
		     nla_put_in6_addr(msg, FTCP_ALLOWED_IP_ADDR, &addr)) ||
	    nla_put_u8(msg, FTCP_ALLOWED_IP_PREFIX, prefix->len))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* Add the ranges of a list that fit.  @n counts those of all lists, the first
 * *@done of which are done.
 */
static int put_ranges(struct sk_buff *msg, int attr,
		      const struct list_head *list, unsigned int *n,
		      unsigned int *done)
{
	const struct ftcp_range *range;
	void *mark;

	list_for_each_entry(range, list, list) {
		if ((*n)++ < *done)
			continue;
		mark = skb_tail_pointer(msg);
		if (put_range(msg, attr, range->family, &range->node.prefix)) {
			nlmsg_trim(msg, mark);
			return -EMSGSIZE;
		}
		++*done;
	}
	return 0;
}

/* The same for those that are in the peer's configuration. */
static int put_from(struct sk_buff *msg, const struct ftcp_peer_config *c,
		    unsigned int *n, unsigned int *done)
{
	unsigned int i;
	void *mark;

	for (i = 0; i < c->n_from; i++) {
		if ((*n)++ < *done)
			continue;
		mark = skb_tail_pointer(msg);
		if (put_range(msg, FTCP_A_FROM, c->from[i].family,
			      &c->from[i].prefix)) {
			nlmsg_trim(msg, mark);
			return -EMSGSIZE;
		}
		++*done;
	}
	return 0;
}

/* Add the ranges of a peer that fit, after the first *@done.  A peer with more
 * takes several messages.
 */
static int fill_peer(struct sk_buff *msg, const struct ftcp_peer *peer,
		     u32 portid, u32 seq, unsigned int *done)
{
	const struct ftcp_peer_config *c = rtnl_dereference(peer->config);
	void *hdr = genlmsg_put(msg, portid, seq, &ftcp_netlink_family,
				NLM_F_MULTI, FAKETCP_CMD_PEER_GET);
	unsigned int first = *done, n = 0;

	if (!hdr)
		return -EMSGSIZE;
	if (put_tunnel_id(msg, peer->tunnel) ||
	    nla_put_string(msg, FTCP_A_PEER, peer->name) ||
	    nla_put_u32(msg, FTCP_A_ENDPOINT_KIND, c->kind) ||
	    (c->kind == FTCP_ENDPOINT_ADDR &&
	     put_end(msg, FTCP_A_ENDPOINT, &c->endpoint)) ||
	    (c->endpoint_name[0] &&
	     nla_put_string(msg, FTCP_A_ENDPOINT_NAME, c->endpoint_name)) ||
	    (c->tentative && nla_put_flag(msg, FTCP_A_ENDPOINT_TENTATIVE)) ||
	    nla_put_u32(msg, FTCP_A_WIRE, c->wire) ||
	    (!peer->tunnel->mode->no_from &&
	     nla_put_u32(msg, FTCP_A_FROM_KIND, c->from_kind)) ||
	    (peer->tunnel->mode->packets &&
	     nla_put_u32(msg, FTCP_A_PERSISTENT, c->persistent)) ||
	    nla_put_u32(msg, FTCP_A_FLOWS, READ_ONCE(peer->nflows)))
		goto cancel;
	if (put_ranges(msg, FTCP_A_ALLOWED_IP, &peer->allowed, &n, done) ||
	    put_ranges(msg, FTCP_A_FROM, &peer->from, &n, done) ||
	    put_from(msg, c, &n, done)) {
		if (*done == first)
			goto cancel;
		genlmsg_end(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	*done = 0;
	return 0;

cancel:
	genlmsg_cancel(msg, hdr);
	return -EMSGSIZE;
}

/* The largest datagram that fits, its payload */
static u32 max_payload(const struct ftcp_flow *flow)
{
	u32 mtu = ftcp_flow_path_mtu(flow);

	return mtu ? mtu - FTCP_HLEN - ftcp_ip_hlen(flow->outer.local.family) :
		     0;
}

/* @reason: why it ended; 0: it has not */
static int fill_flow(struct sk_buff *msg, struct ftcp_flow *flow, u32 portid,
		     u32 seq, int flags, u8 cmd, u32 reason)
{
	void *hdr = genlmsg_put(msg, portid, seq, &ftcp_netlink_family, flags,
				cmd);
	const struct ftcp_session *session = flow->session;
	const struct ftcp_pair *inner = &session->key.pair;
	u64 now = ftcp_now();

	if (!hdr)
		return -EMSGSIZE;
	if (put_tunnel_id(msg, session->tunnel) ||
	    nla_put_string(msg, FTCP_A_PEER, session->peer->name) ||
	    nla_put_u32(msg, FTCP_A_STATE, ftcp_load(flow->conn.state)) ||
	    put_end(msg, FTCP_A_LOCAL, &flow->outer.local) ||
	    put_end(msg, FTCP_A_REMOTE, &flow->outer.remote) ||
	    (inner->local.port &&
	     (put_end(msg, FTCP_A_INNER_LOCAL, &inner->local) ||
	      put_end(msg, FTCP_A_INNER_REMOTE, &inner->remote))) ||
	    nla_put_u32(msg, FTCP_A_WIRE, flow->conn.zero_iss ?
						  FTCP_WIRE_PHANTUN :
						  FTCP_WIRE_NATIVE) ||
	    nla_put_u64_64bit(msg, FTCP_A_AGE, now - flow->created,
			      FTCP_A_PAD) ||
	    nla_put_u64_64bit(msg, FTCP_A_RX_AGE,
			      now - min(now, ftcp_load(flow->conn.rx.last)),
			      FTCP_A_PAD) ||
	    nla_put_u32(msg, FTCP_A_MAX_PAYLOAD, max_payload(flow)) ||
	    put_flow_stats(msg, flow) ||
	    (reason && nla_put_u32(msg, FTCP_A_REASON, reason))) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return 0;
}

/* ---- dumps ---- */

/* The ifindex of the link that a dump is restricted to, 0: none, or an error */
static int only_link(struct net *net, struct nlattr **attrs)
{
	const struct net_device *dev;
	int ret;

	if (!attrs[FTCP_A_IFINDEX] && !attrs[FTCP_A_IFNAME])
		return 0;
	rcu_read_lock();
	dev = ftcp_netlink_device(net, attrs);
	ret = !dev			? -ENODEV :
	      !ftcp_device_check(dev)	? -EOPNOTSUPP :
					  dev->ifindex;
	rcu_read_unlock();
	return ret;
}

/* Position of a dump: how many objects to skip, and how many are done */
struct dump {
	struct sk_buff *msg;
	struct netlink_callback *cb;
	unsigned long skip;
	unsigned long done;
};

typedef int (*dump_tunnel_fn)(struct dump *d, struct ftcp_tunnel *tunnel);

static int dump(struct sk_buff *msg, struct netlink_callback *cb,
		dump_tunnel_fn fn)
{
	struct nlattr **attrs = ftcp_compat_dump_attrs(cb);
	struct net *net = sock_net(cb->skb->sk);
	struct dump d = { msg, cb, cb->args[0], 0 };
	struct ftcp_tunnel *tunnel;
	struct net_device *dev;
	int ifindex, err = 0;

	rtnl_lock();
	ifindex = only_link(net, attrs);
	if (ifindex < 0) {
		err = ifindex;
		goto out;
	}
	for_each_netdev(net, dev) {
		struct ftcp_link *link = netdev_priv(dev);

		if (!ftcp_device_check(dev) ||
		    (ifindex && dev->ifindex != ifindex))
			continue;
		list_for_each_entry(tunnel, &link->tunnels, list) {
			if (attrs[FTCP_A_TUNNEL] &&
			    nla_strcmp(attrs[FTCP_A_TUNNEL], tunnel->name))
				continue;
			err = fn(&d, tunnel);
			if (err)
				goto full;
		}
	}
full:
	cb->args[0] = d.done;
	err = msg->len ?: (err == -EMSGSIZE ? err : 0);
out:
	rtnl_unlock();
	return err;
}

static int dump_tunnel(struct dump *d, struct ftcp_tunnel *tunnel)
{
	int err = 0;

	if (d->done >= d->skip)
		err = fill_tunnel(d->msg, tunnel, NETLINK_CB(d->cb->skb).portid,
				  d->cb->nlh->nlmsg_seq, NLM_F_MULTI,
				  FAKETCP_CMD_TUNNEL_GET);
	d->done += !err;
	return err;
}

static int dump_peers(struct dump *d, struct ftcp_tunnel *tunnel)
{
	struct ftcp_peer *peer;
	int err = 0;

	list_for_each_entry(peer, &tunnel->peers, list) {
		unsigned int range = d->cb->args[1];

		if (d->done >= d->skip) {
			err = fill_peer(d->msg, peer,
					NETLINK_CB(d->cb->skb).portid,
					d->cb->nlh->nlmsg_seq, &range);
			d->cb->args[1] = range;
		}
		if (err)
			break;
		d->done++;
	}
	return err;
}

int faketcp_nl_tunnel_get_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb)
{
	return dump(skb, cb, dump_tunnel);
}

int faketcp_nl_peer_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump(skb, cb, dump_peers);
}

/* Position of a dump of flows, in netlink_callback.args */
struct flow_cursor {
	long net;	/* number of the namespace being read */
	long table;	/* which of its tables: it may be resized */
	long bucket;	/* of that table */
	long done;	/* flows of that bucket */
};

/* Get the namespace with the lowest number from @least on in which segments of
 * links in @net travel, with a reference; or NULL.
 */
static struct net *next_underlay(struct net *net, long least)
{
	struct net *underlay, *next = NULL;
	struct net_device *dev;

	rcu_read_lock();
again:
	next = NULL;
	for_each_netdev_rcu(net, dev) {
		if (!ftcp_device_check(dev))
			continue;
		underlay = rcu_dereference(
			((struct ftcp_link *)netdev_priv(dev))->underlay);
		if (underlay && underlay->ns.inum >= least &&
		    (!next || underlay->ns.inum < next->ns.inum))
			next = underlay;
	}
	if (next && !maybe_get_net(next)) {
		/* it is about to go */
		least = (long)next->ns.inum + 1;
		goto again;
	}
	rcu_read_unlock();
	return next;
}

static int dump_flow(struct sk_buff *msg, struct netlink_callback *cb,
		     struct ftcp_flow *flow, int ifindex)
{
	const struct ftcp_tunnel *tunnel = flow->session->tunnel;
	const struct net_device *dev = tunnel->link->dev;
	struct nlattr **attrs = ftcp_compat_dump_attrs(cb);
	void *at = skb_tail_pointer(msg);
	int err;

	if (ftcp_flow_doomed(flow) ||
	    !net_eq(dev_net(dev), sock_net(cb->skb->sk)) ||
	    (ifindex && dev->ifindex != ifindex) ||
	    (attrs[FTCP_A_TUNNEL] &&
	     nla_strcmp(attrs[FTCP_A_TUNNEL], tunnel->name)))
		return 0;
	err = fill_flow(msg, flow, NETLINK_CB(cb->skb).portid,
			cb->nlh->nlmsg_seq, NLM_F_MULTI, FAKETCP_CMD_FLOW_GET,
			0);
	if (!err)
		nl_dump_check_consistent(cb, at);
	return err;
}

/* Add the flows of a table that fit.  They are listed by whole buckets, so that
 * flows which come and go neither hide others nor show them twice.  If the
 * table is resized, it starts again and tells the reader of the interruption.
 */
static int dump_table(struct sk_buff *msg, struct netlink_callback *cb,
		      struct ftcp_net *fn, int ifindex)
{
	struct flow_cursor *at = (struct flow_cursor *)cb->args;
	unsigned int bucket = at->bucket, done = 0, seen = 0, len = msg->len;
	struct rhashtable_iter iter;
	struct ftcp_flow *flow;
	int err = 0;

	rhashtable_walk_enter(&fn->outer, &iter);
	if (at->table && at->table != (long)iter.walker.tbl) {
		bucket = 0;
		at->done = 0;
		cb->seq++;
	}
	at->table = (long)iter.walker.tbl;
	at->bucket = bucket;
	iter.slot = bucket;
	rhashtable_walk_start(&iter);
	while ((flow = rhashtable_walk_next(&iter))) {
		if (IS_ERR(flow)) {
			cb->seq++;
			at->done = 0;
			continue;
		}
		if (iter.slot != bucket) {
			bucket = iter.slot;
			at->bucket = bucket;
			at->done = 0;
			done = 0;
			len = msg->len;
		}
		if (done++ >= at->done)
			err = dump_flow(msg, cb, flow, ifindex);
		if (err)
			break;
		if (++seen % BATCH)
			continue;
		/* there may be many flows of others */
		rhashtable_walk_stop(&iter);
		cond_resched();
		rhashtable_walk_start(&iter);
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	if (err && len)
		nlmsg_trim(msg, msg->data + len);
	else if (err)
		at->done = done - 1;
	return err;
}

int faketcp_nl_flow_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	struct flow_cursor *at = (struct flow_cursor *)cb->args;
	struct net *net = sock_net(cb->skb->sk), *underlay;
	int ifindex = only_link(net, ftcp_compat_dump_attrs(cb)), err = 0;

	BUILD_BUG_ON(sizeof(*at) > sizeof(cb->args));
	if (ifindex < 0)
		return ifindex;
	if (!cb->seq)
		cb->seq = 1;
	while (!err && (underlay = next_underlay(net, at->net))) {
		if (at->net != underlay->ns.inum)
			*at = (struct flow_cursor){ .net = underlay->ns.inum };
		err = dump_table(msg, cb, ftcp_net(underlay), ifindex);
		if (!err)
			*at = (struct flow_cursor){
				.net = (long)underlay->ns.inum + 1,
			};
		put_net(underlay);
	}
	return msg->len ?: err;
}

/* ---- events ---- */

static bool silent;

/**
 * ftcp_netlink_silence() - stop notifications
 *
 * Once the family is unregistered, its multicast groups' numbers may be reused,
 * but links are deleted later.
 */
void ftcp_netlink_silence(void)
{
	WRITE_ONCE(silent, true);
	synchronize_net();
}

static struct sk_buff *new_event(const struct ftcp_tunnel *tunnel, gfp_t gfp)
{
	if (READ_ONCE(silent))
		return NULL;
	if (!genl_has_listeners(&ftcp_netlink_family,
				dev_net(tunnel->link->dev),
				FAKETCP_NLGRP_EVENTS))
		return NULL;
	return genlmsg_new(NLMSG_DEFAULT_SIZE, gfp);
}

static void send_event(const struct ftcp_tunnel *tunnel, struct sk_buff *msg,
		       int err, gfp_t gfp)
{
	if (err)
		nlmsg_free(msg);
	else
		genlmsg_multicast_netns(&ftcp_netlink_family,
					dev_net(tunnel->link->dev), msg, 0,
					FAKETCP_NLGRP_EVENTS, gfp);
}

/**
 * ftcp_netlink_tunnel_event() - notify listeners about a tunnel
 * @tunnel: the tunnel
 * @cmd: FAKETCP_CMD_TUNNEL_ADD_NTF or FAKETCP_CMD_TUNNEL_DEL_NTF
 *
 * Context: RTNL, sleeps.
 */
void ftcp_netlink_tunnel_event(struct ftcp_tunnel *tunnel, u8 cmd)
{
	struct sk_buff *msg = new_event(tunnel, GFP_KERNEL);

	if (msg)
		send_event(tunnel, msg, fill_tunnel(msg, tunnel, 0, 0, 0, cmd),
			   GFP_KERNEL);
}

/**
 * ftcp_netlink_flow_event() - tell listeners that a flow is established, or has ended
 * @flow: the flow
 * @reason: why it has ended; 0: it is established
 *
 * Context: RCU read-side critical section.
 */
void ftcp_netlink_flow_event(struct ftcp_flow *flow, enum ftcp_reason reason)
{
	const struct ftcp_tunnel *tunnel = flow->session->tunnel;
	struct sk_buff *msg = new_event(tunnel, GFP_ATOMIC);

	if (msg)
		send_event(tunnel, msg,
			   fill_flow(msg, flow, 0, 0, 0,
				     reason ? FAKETCP_CMD_FLOW_DEL_NTF :
					      FAKETCP_CMD_FLOW_ADD_NTF,
				     reason),
			   GFP_ATOMIC);
}
