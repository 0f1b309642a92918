// SPDX-License-Identifier: GPL-2.0
/*
 * The link, a virtual netdev, and the module's data of a network namespace.
 *
 * A link is created in the namespace where its segments travel, the underlay,
 * and may be moved to another one, where its datagrams are.
 */
#include <linux/if_arp.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>
#include <net/addrconf.h>
#include <net/ip_tunnels.h>
#include <net/rtnetlink.h>
#include <net/udp.h>

#include "compat/compat.h"
#include "configure.h"
#include "core/segment.h"
#include "datapath.h"
#include "device.h"
#include "flow.h"
#include "handover.h"
#include "input.h"
#include "limit.h"
#include "neighbour.h"
#include "persist.h"
#include "port.h"
#include "reaper.h"
#include "source.h"
#include "table.h"
#include "tunnel.h"

#define WORKERS 16	/* threads for the flows of a namespace */

/* how much longer a segment is than its datagram */
#define OVERHEAD (FTCP_HLEN - sizeof(struct udphdr))

/* ... in mode ip, at most */
#define PACKET_OVERHEAD (FTCP_HLEN + sizeof(struct ipv6hdr))

/* an inner super-packet of which, cut, one of segments can be made; of small ones, with a
 * header in front of each, two
 */
#define PACKETS_MAX 60000

static LIST_HEAD(links);	/* under RTNL */

/* ---- the device ---- */

/* A link has no addresses unless somebody adds some, so IPv6 must not generate
 * any.  IPv6 starts anew in each namespace, and when the MTU becomes
 * sufficient.  Do not override what the user sets later.
 */
static void quieten(struct net_device *dev)
{
#if IS_ENABLED(CONFIG_IPV6)
	struct ftcp_link *link = netdev_priv(dev);
	struct inet6_dev *dev_v6 = __in6_dev_get(dev);

	if (dev_v6 && !link->quiet)
		WRITE_ONCE(dev_v6->cnf.addr_gen_mode,
			   IN6_ADDR_GEN_MODE_NONE);
	link->quiet = dev_v6;
#endif
}

static int link_open(struct net_device *dev)
{
	quieten(dev);
	ftcp_persist_link_up(netdev_priv(dev));
	return 0;
}

static int link_stop(struct net_device *dev)
{
	struct ftcp_link *link = netdev_priv(dev);
	struct ftcp_tunnel *tunnel;

	/* the device is down: no new flows */
	list_for_each_entry(tunnel, &link->tunnels, list)
		ftcp_tunnel_doom_flows(tunnel);
	return 0;
}

static void link_uninit(struct net_device *dev)
{
	struct ftcp_link *link = netdev_priv(dev);

	ftcp_tunnel_del_all(link);
	list_del_init(&link->list);
}

static const struct net_device_ops link_netdev_ops = {
	.ndo_uninit		= link_uninit,
	.ndo_open		= link_open,
	.ndo_stop		= link_stop,
	.ndo_start_xmit		= ftcp_xmit,
	.ndo_neigh_setup	= ftcp_neighbour_setup,
	.ndo_get_stats64	= dev_get_tstats64,
};

static const struct device_type link_type = { .name = KBUILD_MODNAME };

/**
 * ftcp_device_check() - check whether a device is a link of this module
 * @dev: the device
 */
bool ftcp_device_check(const struct net_device *dev)
{
	return dev->netdev_ops == &link_netdev_ops;
}

/**
 * ftcp_device_pin() - keep a link in its namespace if its tunnels require it
 * @link: the link
 *
 * Tunnels that listen or forward hold ports in the namespace, routed ones do
 * not.
 *
 * Context: RTNL.
 */
void ftcp_device_pin(struct ftcp_link *link)
{
	struct ftcp_tunnel *tunnel;
	bool pin = false;

	ASSERT_RTNL();
	list_for_each_entry(tunnel, &link->tunnels, list)
		pin |= tunnel->mode->proxy;
	ftcp_compat_set_netns_immutable(link->dev, pin);
}

/**
 * ftcp_device_want_packets() - prepare a link for tunnels of mode ip
 * @link: the link
 *
 * A segment is longer than its packet by two headers, so with the first such tunnel the
 * MTU, if it was not changed, becomes what is left over IPv6.  What a super-packet of
 * segments takes has to be left by one of the packets.
 *
 * Context: RTNL, sleeps.
 * Return: 0, or a negative error; then nothing that users see has changed.
 */
int ftcp_device_want_packets(struct ftcp_link *link)
{
	struct net_device *dev = link->dev;
	int err = 0;

	ASSERT_RTNL();
	if (!link->cells.cells)
		err = gro_cells_init(&link->cells, dev);
	if (!err && !link->packets && dev->mtu == ETH_DATA_LEN - OVERHEAD)
		err = dev_set_mtu(dev, ETH_DATA_LEN - PACKET_OVERHEAD);
	if (err)
		return err;
	dev->needed_headroom = LL_MAX_HEADER + PACKET_OVERHEAD;
	netif_set_tso_max_size(dev, PACKETS_MAX);
	return 0;
}

static void link_free(struct net_device *dev)
{
	struct ftcp_link *link = netdev_priv(dev);

	gro_cells_destroy(&link->cells);
}

static int device_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct ftcp_link *link = netdev_priv(dev);

	if (!ftcp_device_check(dev))
		return NOTIFY_DONE;
	switch (event) {
	case NETDEV_REGISTER:
		link->quiet = false;
		fallthrough;
	case NETDEV_CHANGEMTU:
		quieten(dev);
	}
	return NOTIFY_DONE;
}

/* after IPv6 */
static struct notifier_block device_nb = {
	.notifier_call = device_event,
	.priority = INT_MIN,
};

static void link_setup(struct net_device *dev)
{
	struct ftcp_link *link = netdev_priv(dev);

	dev->netdev_ops = &link_netdev_ops;
	dev->header_ops = &ip_tunnel_header_ops;
	dev->type = ARPHRD_NONE;
	dev->flags = IFF_POINTOPOINT | IFF_NOARP;
	dev->priv_flags |= IFF_NO_QUEUE;
	ftcp_compat_set_lltx(dev);
	dev->features |= FTCP_LINK_FEATURES;
	dev->hw_features |= FTCP_LINK_FEATURES;
	dev->hw_enc_features |= FTCP_LINK_FEATURES;
	dev->needed_headroom = LL_MAX_HEADER + OVERHEAD +
			       sizeof(struct ipv6hdr) - sizeof(struct iphdr);
	dev->mtu = ETH_DATA_LEN - OVERHEAD;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = IP_MAX_MTU - OVERHEAD;
	dev->needs_free_netdev = true;
	dev->priv_destructor = link_free;
	dev->pcpu_stat_type = NETDEV_PCPU_STAT_TSTATS;
	SET_NETDEV_DEVTYPE(dev, &link_type);
	/* ICMP errors need the route of the datagram */
	netif_keep_dst(dev);

	link->dev = dev;
	INIT_LIST_HEAD(&link->tunnels);
	INIT_LIST_HEAD(&link->list);
}

static int link_new(FTCP_NEWLINK_ARGS)
{
	struct ftcp_link *link = netdev_priv(dev);
	int err;

	rcu_assign_pointer(link->underlay, ftcp_compat_newlink_net());
	err = register_netdevice(dev);
	if (!err)
		list_add(&link->list, &links);
	return err;
}

static struct net *link_get_link_net(const struct net_device *dev)
{
	const struct ftcp_link *link = netdev_priv(dev);

	return rtnl_dereference(link->underlay) ?: dev_net(dev);
}

static struct rtnl_link_ops link_ops __read_mostly = {
	.kind		= KBUILD_MODNAME,
	.priv_size	= sizeof(struct ftcp_link),
	.setup		= link_setup,
	.newlink	= link_new,
	.get_link_net	= link_get_link_net,
};

/* ---- network namespaces ---- */

/* After all filters.  Conntrack's own hooks come later, or earlier by order of
 * registration, see ftcp_hooks_passed().
 */
#define HOOK_PRIORITY (NF_IP_PRI_CONNTRACK_CONFIRM - 1)

#define HOOK(family, at, when, function) {	\
	.hook		= (function),		\
	.pf		= NFPROTO_##family,	\
	.hooknum	= NF_INET_##at,		\
	.priority	= (when),		\
}

static const struct nf_hook_ops hooks[] = {
	HOOK(IPV4, PRE_ROUTING, NF_IP_PRI_LAST, ftcp_hook_pre_routing),
	HOOK(IPV4, LOCAL_IN, HOOK_PRIORITY, ftcp_hook_receive),
	HOOK(IPV4, FORWARD, HOOK_PRIORITY, ftcp_hook_receive),
#if IS_ENABLED(CONFIG_IPV6)
	HOOK(IPV6, PRE_ROUTING, NF_IP_PRI_LAST, ftcp_hook_pre_routing),
	HOOK(IPV6, LOCAL_IN, HOOK_PRIORITY, ftcp_hook_receive),
	HOOK(IPV6, FORWARD, HOOK_PRIORITY, ftcp_hook_receive),
#endif
};

/* To intercept datagrams */
static const struct nf_hook_ops proxy_hooks[] = {
	HOOK(IPV4, LOCAL_OUT, NF_IP_PRI_LAST, ftcp_hook_local_out),
#if IS_ENABLED(CONFIG_IPV6)
	HOOK(IPV6, LOCAL_OUT, NF_IP_PRI_LAST, ftcp_hook_local_out),
#endif
};

/* Each namespace has its own queues, so that none delays the flows of others.
 * Most work takes ftcp_net.ports_lock: without WORKERS, thousands of kernel
 * threads would wait for it and stay for minutes.  Movers sleep, so they have a
 * queue of their own.
 */
static int get_queues(struct ftcp_net *fn)
{
	if (!fn->flow_wq)
		fn->flow_wq = alloc_workqueue("faketcp", WQ_UNBOUND, WORKERS);
	if (!fn->mover_wq)
		fn->mover_wq = alloc_ordered_workqueue("faketcp_move", 0);
	return fn->flow_wq && fn->mover_wq ? 0 : -ENOMEM;
}

static void destroy_queues(struct ftcp_net *fn)
{
	if (fn->mover_wq)
		destroy_workqueue(fn->mover_wq);
	if (fn->flow_wq)
		destroy_workqueue(fn->flow_wq);
}

/**
 * ftcp_net_get() - process packets of a namespace
 * @net: the namespace
 * @proxy: also datagrams to addresses of this host
 *
 * Context: RTNL, sleeps.
 * Return: 0 or a negative error.
 */
int ftcp_net_get(struct net *net, bool proxy)
{
	struct ftcp_net *fn = ftcp_net(net);
	int err;

	ASSERT_RTNL();
	err = get_queues(fn);
	if (err)
		return err;
	if (!fn->users) {
		err = nf_register_net_hooks(net, hooks, ARRAY_SIZE(hooks));
		if (err)
			return err;
	}
	if (proxy && !fn->proxies) {
		err = nf_register_net_hooks(net, proxy_hooks,
					    ARRAY_SIZE(proxy_hooks));
		if (err) {
			if (!fn->users)
				nf_unregister_net_hooks(net, hooks,
							ARRAY_SIZE(hooks));
			return err;
		}
		/* The sockets of forwarded flows need this.  Each change stops
		 * all CPUs, so do it here, not per flow.  IPv6 has another
		 * switch.
		 */
		udp_encap_enable();
		fn->encap6 = ftcp_port_encap6(net);
	}
	WRITE_ONCE(fn->proxies, fn->proxies + proxy);
	smp_store_release(&fn->users, fn->users + 1);	/* after the queues */
	return 0;
}

/**
 * ftcp_net_put() - undo ftcp_net_get()
 * @net: the namespace
 * @proxy: as in ftcp_net_get()
 *
 * Context: RTNL, sleeps.
 */
void ftcp_net_put(struct net *net, bool proxy)
{
	struct ftcp_net *fn = ftcp_net(net);

	ASSERT_RTNL();
	WRITE_ONCE(fn->users, fn->users - 1);
	WRITE_ONCE(fn->proxies, fn->proxies - proxy);
	if (proxy && !fn->proxies) {
		if (fn->encap6)
			sock_release(fn->encap6);
		fn->encap6 = NULL;
		udp_encap_disable();
		nf_unregister_net_hooks(net, proxy_hooks,
					ARRAY_SIZE(proxy_hooks));
	}
	if (!fn->users)
		nf_unregister_net_hooks(net, hooks, ARRAY_SIZE(hooks));
}

static int __net_init net_init(struct net *net)
{
	struct ftcp_net *fn = ftcp_net(net);
	int err;

	fn->net = net;
	get_random_bytes(&fn->key, sizeof(fn->key));
	err = ftcp_limit_init(fn);
	if (err)
		return err;
	err = ftcp_port_table_init(fn);
	if (err)
		goto err_limit;
	err = ftcp_table_init(fn);
	if (err)
		goto err_port;
	ftcp_source_net_init(fn);
	ftcp_reaper_init(fn);
	ftcp_handover_watch(net);
	return 0;

err_port:
	ftcp_port_table_exit(fn);
err_limit:
	ftcp_limit_exit(fn);
	return err;
}

/* The namespace is going.  Delete the tunnels of links in it and of links whose
 * underlay it is while its sockets and devices still exist: the far ends of
 * their flows have to be told.
 */
static void __net_exit net_pre_exit(struct net *net)
{
	struct ftcp_net *fn = ftcp_net(net);
	struct ftcp_link *link;

	rtnl_lock();
	list_for_each_entry(link, &links, list) {
		bool underlay = rtnl_dereference(link->underlay) == net;

		if (!underlay && !net_eq(dev_net(link->dev), net))
			continue;
		ftcp_tunnel_del_all(link);
		if (underlay) {
			netif_carrier_off(link->dev);
			RCU_INIT_POINTER(link->underlay, NULL);
		}
	}
	rtnl_unlock();
	wait_var_event(&fn->refs, !atomic_read(&fn->refs));
	/* Flows' routes, which hold devices of the namespace, are released
	 * after the grace periods of flows and tunnels.
	 */
	if (fn->used)
		rcu_barrier();
}

static void __net_exit net_exit(struct net *net)
{
	struct ftcp_net *fn = ftcp_net(net);

	ftcp_handover_unwatch(net);
	ftcp_reaper_exit(fn);
	destroy_queues(fn);
	WARN_ON_ONCE(fn->users || atomic_read(&fn->refs));
	ftcp_table_exit(fn);
	ftcp_port_table_exit(fn);
	ftcp_limit_exit(fn);
}

static struct pernet_operations net_ops = {
	.init		= net_init,
	.pre_exit	= net_pre_exit,
	.exit		= net_exit,
	.id		= &ftcp_net_id,
	.size		= sizeof(struct ftcp_net),
};

/**
 * ftcp_device_init() - register the link type
 *
 * Return: 0 or a negative error.
 */
int __init ftcp_device_init(void)
{
	int err = register_pernet_subsys(&net_ops);

	if (err)
		return err;
	err = register_netdevice_notifier(&device_nb);
	if (err)
		goto err_pernet;
	err = rtnl_link_register(&link_ops);
	if (err)
		goto err_notifier;
	return 0;

err_notifier:
	unregister_netdevice_notifier(&device_nb);
err_pernet:
	unregister_pernet_subsys(&net_ops);
	return err;
}

/**
 * ftcp_device_exit() - delete all links
 */
void ftcp_device_exit(void)
{
	rtnl_link_unregister(&link_ops);
	unregister_netdevice_notifier(&device_nb);
	unregister_pernet_subsys(&net_ops);
}
