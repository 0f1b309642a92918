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
#include <net/gro_cells.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "addr.h"
#include "core/listen.h"

#define FTCP_PORT_BUCKETS 64
#define FTCP_RANKS 32

/* super-packets and packets without a checksum are accepted */
#define FTCP_LINK_FEATURES                                  \
	(NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_RXCSUM |    \
	 NETIF_F_HIGHDMA | NETIF_F_GSO_SOFTWARE)

/* Private part of a link's net_device */
struct ftcp_link {
	struct net_device *dev;
	/* Namespace that the segments travel in, where the link was created;
	 * NULL once that is gone.  RCU, written under RTNL.  No reference is
	 * held: the namespace's exit clears it and waits for a grace period.
	 */
	struct net __rcu *underlay;
	struct list_head tunnels; /* RCU; changed under RTNL */
	struct list_head list;	/* in links, under RTNL */
	bool quiet;		/* IPv6 generates no addresses; under RTNL */
	unsigned int packets;	/* how many tunnels are of mode ip; written under
				 * RTNL
				 */
	struct gro_cells cells;	/* where their packets are merged for the host;
				 * from the first one on
				 */
};

/**
 * struct ftcp_net - the module's data of a network namespace
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
 * @ranks: struct ftcp_source with flows whose targets, here, have not answered,
 *	by the logarithm of their number of flows
 * @flow_wq: runs @reaper, @look, and what flows with segments here need a
 *	process for; exists once there were @users
 * @mover_wq: runs the movers of their peers, see mover.c; likewise
 * @users: tunnels that need the netfilter hooks here, under RTNL
 * @proxies: those that need the hook in LOCAL_OUT, too, as they intercept
 *	datagrams to addresses of this host; written under RTNL
 * @refs: tunnels in or over this namespace, until their last flow is gone
 * @used: @refs was not 0 once
 * @flows: number of flows with segments here, until they are unlinked
 * @queued: memory of packets that wait for these
 * @max_flows: limit of @flows, see limit.c
 * @max_queue_bytes: limit of @queued
 * @limits: sysctl table of these limits
 * @sysctl: its registration
 * @reaper_lock: protects @doomed
 * @doomed: struct ftcp_peer with doomed flows, see reaper.c
 * @dying: number of doomed flows that are not gone yet
 * @resets: how many of them were reset since @doomed was empty
 * @reaper: ends them
 * @routes: notified of routes, see handover.c
 * @changed: an address, a route or a device changed since @looked
 * @suspect: the host was suspended since @looked
 * @looked: jiffies; when flows were last checked, see handover.c
 * @look: checks them
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
 * ftcp_net() - get the module's data of a network namespace
 * @net: the namespace
 */
static inline struct ftcp_net *ftcp_net(const struct net *net)
{
	return net_generic(net, ftcp_net_id);
}

/* dev_sw_netstats_rx_add() would count a super-packet as one. */
static inline void ftcp_link_count_rx(struct net_device *dev, u32 packets,
				      u32 bytes)
{
	struct pcpu_sw_netstats *stats = this_cpu_ptr(dev->tstats);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_add(&stats->rx_packets, packets);
	u64_stats_add(&stats->rx_bytes, bytes);
	u64_stats_update_end(&stats->syncp);
}

u32 ftcp_net_hash(const void *key, const void *ends, enum ftcp_hash what,
		  u32 slot);

/**
 * ftcp_net_secret() - get the secret for numbers that nobody can guess
 * @fn: whose key
 */
static inline struct ftcp_secret ftcp_net_secret(const struct ftcp_net *fn)
{
	return (struct ftcp_secret){ .hash = ftcp_net_hash, .key = fn };
}

/* A namespace waits for its tunnels, see net_pre_exit(). */
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
