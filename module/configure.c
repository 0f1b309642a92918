// SPDX-License-Identifier: GPL-2.0
/* Tunnels are made and deleted. */
#include <linux/ip.h>
#include <linux/memcontrol.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "configure.h"
#include "device.h"
#include "netlink.h"
#include "peer.h"
#include "port.h"
#include "tunnel.h"

static bool overlap(const struct ftcp_end *a, const struct ftcp_end *b)
{
	return ftcp_end_matches(a, b) || ftcp_end_matches(b, a);
}

/* A reserved port excludes other tunnels, too, but no port is reserved for an
 * address that this host does not have, and one for all addresses does not
 * cover that.
 */
static bool port_accepted(struct ftcp_net *fn, const struct ftcp_end *end)
{
	const struct ftcp_tunnel *other;

	ASSERT_RTNL();
	hlist_for_each_entry(other, ftcp_port_bucket(fn->accept, end->port),
			     accept_node) {
		if (overlap(&other->accept, end))
			return true;
	}
	return false;
}

static int report_port(int err, const char *what, __be16 port,
		       struct netlink_ext_ack *extack)
{
	switch (err) {
	case -EADDRINUSE:
		ftcp_netlink_error(extack, "%s port %u is in use", what,
				   ntohs(port));
		break;
	case -EADDRNOTAVAIL:
		ftcp_netlink_error(extack,
				   "the address for %s port %u is not one of this host",
				   what, ntohs(port));
		break;
	default:
		ftcp_netlink_error(extack, "cannot reserve %s port %u", what,
				   ntohs(port));
	}
	return err;
}

static int reserve_ports(struct ftcp_tunnel *tunnel,
			 struct netlink_ext_ack *extack)
{
	struct ftcp_port *port;

	if (tunnel->accept.port) {
		if (port_accepted(ftcp_net(tunnel->underlay), &tunnel->accept))
			return report_port(-EADDRINUSE, "TCP",
					   tunnel->accept.port, extack);
		port = ftcp_port_get(tunnel->underlay, IPPROTO_TCP,
				     &tunnel->accept, false);
		/* a router accepts for an address behind it */
		if (port == ERR_PTR(-EADDRNOTAVAIL) &&
		    tunnel->mode->same_ends)
			port = NULL;
		if (IS_ERR(port))
			return report_port(PTR_ERR(port), "TCP",
					   tunnel->accept.port, extack);
		tunnel->accept_port = port;
	}
	if (tunnel->listen.port) {
		port = ftcp_port_get(tunnel->inner_net, IPPROTO_UDP,
				     &tunnel->listen, false);
		if (IS_ERR(port))
			return report_port(PTR_ERR(port), "UDP",
					   tunnel->listen.port, extack);
		tunnel->listen_port = port;
	}
	return 0;
}

/* Release a tunnel that nobody finds any more, or nobody has found yet. */
static void let_go(struct ftcp_tunnel *tunnel)
{
	ftcp_peer_del_all(tunnel);
	ftcp_port_put(tunnel->accept_port);
	ftcp_port_put(tunnel->listen_port);
	ftcp_tunnel_put(tunnel);
}

/* Packets to addresses of this host are allocated with the loopback device's
 * headroom.  A segment needs more than a datagram: longer headers, perhaps IPv6
 * instead of IPv4, and what its device wants.  Without this each datagram would
 * be copied.  It remains, as it is only a hint.
 */
static void want_headroom(struct net_device *lo)
{
	const unsigned short more = FTCP_HLEN - sizeof(struct udphdr) +
				    sizeof(struct ipv6hdr) -
				    sizeof(struct iphdr) + HH_DATA_MOD;

	ASSERT_RTNL();
	if (lo->needed_headroom < more)
		WRITE_ONCE(lo->needed_headroom, more);
}

/* A link carries datagrams that are routed into it, or whole packets: of either its
 * transmit function knows what to do with, and how long the headers are.
 */
static int check_link(const struct ftcp_link *link,
		      const struct ftcp_mode_desc *mode,
		      struct netlink_ext_ack *extack)
{
	const struct ftcp_tunnel *other;

	ASSERT_RTNL();
	list_for_each_entry(other, &link->tunnels, list) {
		if (mode->proxy || other->mode->proxy ||
		    other->mode->packets == mode->packets)
			continue;
		ftcp_netlink_error(extack,
				   "the link has a tunnel of mode %s, besides which it takes none of mode %s",
				   other->mode->name, mode->name);
		return -EBUSY;
	}
	return 0;
}

/* A tunnel that nobody knows of yet, with all that it holds but ports, or NULL. */
static struct ftcp_tunnel *make_tunnel(struct ftcp_link *link, struct net *underlay,
				       const struct ftcp_tunnel_params *p)
{
	struct ftcp_tunnel *tunnel;

	tunnel = kzalloc(sizeof(*tunnel), GFP_KERNEL_ACCOUNT);
	if (!tunnel)
		return NULL;
	tunnel->stats = __netdev_alloc_pcpu_stats(struct ftcp_stats,
						  GFP_KERNEL_ACCOUNT);
	if (!tunnel->stats) {
		kfree(tunnel);
		return NULL;
	}
	tunnel->link = link;
	tunnel->underlay = underlay;
	/* a link in mode routed may move, so do not keep where it is now */
	tunnel->inner_net = p->mode->proxy ? dev_net(link->dev) : underlay;
	strscpy(tunnel->name, p->name, sizeof(tunnel->name));
	tunnel->mode = p->mode;
	tunnel->accept = p->accept;
	tunnel->listen = p->listen;
	tunnel->target = p->target;
	tunnel->config = p->config;
	tunnel->memcg = get_mem_cgroup_from_mm(current->mm);
	INIT_LIST_HEAD(&tunnel->peers);
	INIT_HLIST_NODE(&tunnel->accept_node);
	INIT_HLIST_NODE(&tunnel->listen_node);
	seqcount_init(&tunnel->ranges_seq);
	spin_lock_init(&tunnel->lock);
	refcount_set(&tunnel->refs, 1);
	netdev_hold(link->dev, &tunnel->dev_tracker, GFP_KERNEL);
	ftcp_net_hold(underlay);
	ftcp_net_hold(tunnel->inner_net);
	return tunnel;
}

/**
 * ftcp_tunnel_new() - add a tunnel to a link
 * @link: the link
 * @p: the tunnel's parameters, each checked by the caller
 * @extack: for an error message
 *
 * Context: RTNL, sleeps.
 * Return: 0, or a negative error; nothing has changed then.
 */
int ftcp_tunnel_new(struct ftcp_link *link, const struct ftcp_tunnel_params *p,
		    struct netlink_ext_ack *extack)
{
	struct net *underlay = rtnl_dereference(link->underlay);
	bool proxy = p->mode->proxy;
	struct net *inner_net;
	struct ftcp_tunnel *tunnel;
	int err;

	if (!underlay) {
		NL_SET_ERR_MSG(extack,
			       "the network namespace of the link's underlay is gone");
		return -ENOLINK;
	}
	if (ftcp_tunnel_find(link, p->name)) {
		NL_SET_ERR_MSG(extack, "a tunnel of this name exists on the link");
		return -EEXIST;
	}

	err = check_link(link, p->mode, extack);
	if (err)
		return err;

	tunnel = make_tunnel(link, underlay, p);
	if (!tunnel)
		return -ENOMEM;
	inner_net = tunnel->inner_net;
	err = reserve_ports(tunnel, extack);
	if (err)
		goto err_free;
	if (p->mode->first_peer)
		err = ftcp_peer_add_any(tunnel, p->mode->first_peer,
					p->endpoint.port ? &p->endpoint : NULL,
					p->endpoint_name);
	if (err)
		goto err_free;
	err = ftcp_net_get(underlay, false);
	if (err)
		goto err_free;
	err = ftcp_net_get(inner_net, proxy);
	if (err)
		goto err_put;
	/* last, as users see it */
	if (p->mode->packets)
		err = ftcp_device_want_packets(link);
	if (err)
		goto err_put_inner;

	if (proxy)
		want_headroom(inner_net->loopback_dev);
	list_add_tail_rcu(&tunnel->list, &link->tunnels);
	WRITE_ONCE(link->packets, link->packets + p->mode->packets);
	if (tunnel->accept.port)
		hlist_add_head_rcu(&tunnel->accept_node,
				   ftcp_port_bucket(ftcp_net(underlay)->accept,
						    tunnel->accept.port));
	if (tunnel->listen.port)
		hlist_add_head_rcu(&tunnel->listen_node,
				   ftcp_port_bucket(ftcp_net(inner_net)->listen,
						    tunnel->listen.port));
	ftcp_device_pin(link);
	ftcp_netlink_tunnel_event(tunnel, FAKETCP_CMD_TUNNEL_ADD_NTF);
	return 0;

err_put_inner:
	ftcp_net_put(inner_net, proxy);
err_put:
	ftcp_net_put(underlay, false);
err_free:
	let_go(tunnel);
	return err;
}

/**
 * ftcp_tunnel_del() - delete a tunnel and reset its flows
 * @tunnel: the tunnel
 *
 * Afterwards its ports are free, nobody finds it or its flows, and nobody who
 * found it before can add a flow.  The flows are torn down and free their ports
 * later, see reaper.c.
 *
 * Context: RTNL, sleeps.
 */
void ftcp_tunnel_del(struct ftcp_tunnel *tunnel)
{
	struct net *underlay = tunnel->underlay, *inner_net = tunnel->inner_net;
	bool proxy = tunnel->mode->proxy;

	ASSERT_RTNL();
	WRITE_ONCE(tunnel->link->packets,
		   tunnel->link->packets - tunnel->mode->packets);
	list_del_rcu(&tunnel->list);
	hlist_del_init_rcu(&tunnel->accept_node);
	hlist_del_init_rcu(&tunnel->listen_node);
	ftcp_device_pin(tunnel->link);
	/* before the flows' events: a tunnel of the same name may follow at
	 * once
	 */
	ftcp_netlink_tunnel_event(tunnel, FAKETCP_CMD_TUNNEL_DEL_NTF);
	let_go(tunnel);
	ftcp_net_put(inner_net, proxy);
	ftcp_net_put(underlay, false);
}

/**
 * ftcp_tunnel_del_all() - delete the tunnels of a link
 * @link: the link
 *
 * Context: RTNL, sleeps.
 */
void ftcp_tunnel_del_all(struct ftcp_link *link)
{
	struct ftcp_tunnel *tunnel, *next;

	list_for_each_entry_safe(tunnel, next, &link->tunnels, list)
		ftcp_tunnel_del(tunnel);
}
