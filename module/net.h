/* SPDX-License-Identifier: GPL-2.0 */
/* What belongs to a network namespace, and to a link. */
#ifndef FTCP_NET_H
#define FTCP_NET_H

#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/notifier.h>
#include <linux/rhashtable.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "addr.h"
#include "core/listen.h"

#define FTCP_PORT_BUCKETS 64
#define FTCP_RANKS 32

/* A super-packet is taken as it is, and so is a checksum that is not made yet. */
#define FTCP_LINK_FEATURES                                  \
	(NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_RXCSUM |    \
	 NETIF_F_HIGHDMA | NETIF_F_GSO_SOFTWARE)

/**
 * struct ftcp_link - private part of a link's net_device
 * @dev: the device
 * @underlay: network namespace that the segments travel in, the one where the
 *	link was created; NULL once that namespace is gone.  Read under RCU or
 *	RTNL, written under RTNL.  No reference is held: the namespace's exit
 *	clears it and then waits a grace period.
 * @tunnels: list of struct ftcp_tunnel, RCU; changed under RTNL
 * @list: in links, under RTNL
 * @quiet: IPv6 was told not to make addresses, by what it has of the link now; under
 *	RTNL
 */
struct ftcp_link {
	struct net_device *dev;
	struct net __rcu *underlay;
	struct list_head tunnels;
	struct list_head list;
	bool quiet;
};

/**
 * struct ftcp_net - what a network namespace holds for this module
 * @net: the namespace
 * @outer: flows whose segments travel here, by their TCP ends
 * @inner: flows by the ends of their datagrams: those of links whose underlay
 *	is this namespace (mode routed), and those whose applications live here
 *	(modes listen and forward)
 * @accept: struct ftcp_tunnel by local TCP port, RCU, changed under RTNL
 * @listen: struct ftcp_tunnel by UDP port listened on, RCU, changed under RTNL
 * @ports: reserved local ports that serve several flows, see port.c; under
 *	@ports_lock
 * @ephemeral: how many ports are reserved that any would have done for, UDP and
 *	TCP, under @ports_lock
 * @ports_lock: protects the last two and the next two; taken in process context only
 * @numbers: ports that are reserved for single addresses of 127/8, with how many
 *	of these; under @ports_lock
 * @count: how many ports @numbers has
 * @ranks_lock: protects the next; innermost
 * @ranks: struct ftcp_source by the logarithm of how many flows they have, those with
 *	flows whose targets, here, have not answered
 * @flow_wq: for what flows with segments here need a process for, for @reaper and
 *	@look; there from the first of @users on
 * @mover_wq: for their peers' movers, see mover.c; likewise
 * @users: tunnels that need the netfilter hooks here, under RTNL
 * @proxies: those of them that take datagrams to addresses of its own: that
 *	need the hook for what is sent here as well; written under RTNL
 * @refs: tunnels that live, or still have flows that do, by either namespace
 * @used: there was one
 * @flows: how many flows have segments here, until they are unlinked
 * @queued: memory of what waits in these
 * @max_flows: most of the one, see limit.c
 * @max_queue_bytes: most of the other
 * @limits: the files of the last two
 * @sysctl: their registration
 * @reaper_lock: protects @doomed
 * @doomed: struct ftcp_peer whose flows are doomed, see reaper.c
 * @dying: how many of those flows are not gone
 * @resets: how many of them were reset since @doomed was empty
 * @reaper: ends them
 * @routes: is called when routes change; see handover.c
 * @changed: an address, a route or a device of the namespace changed since its
 *	flows were looked at; see handover.c
 * @suspect: the host was asleep since then
 * @looked: jiffies; when they were
 * @look: looks at them
 * @encap6: an IPv6 socket, while there are @proxies: see ftcp_port_encap6()
 * @key: secret of cookies and initial sequence numbers; constant
 */
struct ftcp_net {
	struct net *net;
	struct rhashtable outer;
	struct rhashtable inner;
	struct hlist_head accept[FTCP_PORT_BUCKETS];
	struct hlist_head listen[FTCP_PORT_BUCKETS];
	struct rhashtable ports;
	unsigned int ephemeral[2];
	struct mutex ports_lock;
	struct xarray numbers;
	unsigned int count;
	spinlock_t ranks_lock;
	struct list_head ranks[FTCP_RANKS];
	struct workqueue_struct *flow_wq;
	struct workqueue_struct *mover_wq;
	unsigned int users;
	unsigned int proxies;
	atomic_t refs;
	bool used;
	atomic_t flows;
	atomic_long_t queued;
	int max_flows;
	int max_queue_bytes;
	struct ctl_table *limits;
	struct ctl_table_header *sysctl;
	spinlock_t reaper_lock;
	struct list_head doomed;
	atomic_t dying;
	unsigned int resets;
	struct delayed_work reaper;
	struct notifier_block routes;
	bool changed;
	bool suspect;
	unsigned long looked;
	struct delayed_work look;
	struct socket *encap6;
	siphash_key_t key;
};

extern unsigned int ftcp_net_id;

/**
 * ftcp_net() - what a network namespace holds for this module
 * @net: the namespace
 */
static inline struct ftcp_net *ftcp_net(const struct net *net)
{
	return net_generic(net, ftcp_net_id);
}

u32 ftcp_net_hash(const void *key, const void *ends, enum ftcp_hash what,
		  u32 slot);

/**
 * ftcp_net_secret() - what the core makes numbers with that nobody can guess
 * @fn: whose key
 */
static inline struct ftcp_secret ftcp_net_secret(const struct ftcp_net *fn)
{
	return (struct ftcp_secret){ .hash = ftcp_net_hash, .key = fn };
}

/* A namespace does not go before its tunnels: see net_pre_exit(). */
static inline void ftcp_net_hold(struct net *net)
{
	WRITE_ONCE(ftcp_net(net)->used, true);
	atomic_inc(&ftcp_net(net)->refs);
}

static inline void ftcp_net_release(struct net *net)
{
	struct ftcp_net *fn = ftcp_net(net);

	if (atomic_dec_and_test(&fn->refs))
		wake_up_var(&fn->refs);
}

static inline struct hlist_head *ftcp_port_bucket(struct hlist_head *table,
						  __be16 port)
{
	return &table[ntohs(port) % FTCP_PORT_BUCKETS];
}

#endif /* FTCP_NET_H */
