/* SPDX-License-Identifier: GPL-2.0 */
/* Tunnels: the local ends on a link */
#ifndef FTCP_TUNNEL_H
#define FTCP_TUNNEL_H

#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>

#include "addr.h"
#include "allowed.h"
#include "core/policy.h"
#include "mode.h"
#include "net.h"
#include "stats.h"

#define FTCP_DEFAULT_COALESCE	1000

#define FTCP_TTL		64	/* of packets from this host */

/* For allocations in softirq because of a flow.  Not GFP_ATOMIC, which ignores
 * the limit of a control group and may use emergency reserves: a new flow is
 * not that important.
 */
#define FTCP_GFP_FLOW (GFP_NOWAIT | __GFP_NOWARN | __GFP_ACCOUNT)

struct ftcp_peer;
struct ftcp_port;

/* What a user may change while a tunnel exists; written under RTNL, read
 * anywhere, each member by itself
 */
struct ftcp_tunnel_config {
	u32 wire;		/* enum ftcp_wire, default of new peers */
	u32 idle;		/* seconds */
	u32 keepalive;		/* seconds, 0: off */
	u32 keepalive_interval;	/* ms */
	u32 keepalive_probes;	/* 0: depends on the flow */
	u32 max_age;		/* seconds, 0: off */
	u32 fwmark;		/* of segments sent and datagrams delivered */
	u32 max_flows;
	u32 queue;		/* datagrams that may wait for a connection */
	u32 max_per_source;	/* flows of one source address */
	u32 queue_bytes;	/* memory of datagrams that wait, all flows */
	u32 df;			/* enum ftcp_df, of segments over IPv4 */
	u64 max_bytes;		/* 0: off */
	u32 unreachable;	/* enum ftcp_unreachable, mode forward */
	u32 coalesce;		/* us a datagram may wait for others, 0: off */
};

/**
 * struct ftcp_tunnel - a local end
 * @list: in ftcp_link.tunnels, RCU
 * @accept_node: in ftcp_net.accept of the underlay, if @accept.port is set
 * @listen_node: in ftcp_net.listen of @inner_net, if @listen.port is set
 * @link: the link it belongs to
 * @underlay: network namespace of the segments
 * @inner_net: network namespace of the datagrams; mode routed: @underlay
 * @name: unique on the link
 * @mode: what kind of tunnel it is, see mode.c
 * @accept: local TCP address (perhaps any) and port that connections are
 *	accepted on; port 0 if none are
 * @listen: UDP address and port taken over, mode listen; else port 0
 * @target: UDP address and port delivered to, mode forward; else port 0
 * @config: see there
 * @accept_port: reservation of @accept
 * @listen_port: reservation of @listen
 * @peers: struct ftcp_peer, RCU; changed under RTNL
 * @allowed: the peers' allowed IPs, RCU; changed under RTNL
 * @from: the addresses that may connect; likewise
 * @ranges_seq: changes between adding ranges to a peer and removing others
 * @lock: protects the flows of @peers, their number and their sources;
 *	innermost but for locks of rhashtable
 * @nflows: flows of all peers that are not doomed
 * @queued: truesize of datagrams that wait for any flow
 * @stats: counters
 * @memcg: control group that made the tunnel and pays for flows, see limit.c
 * @refs: of its maker and of its peers
 * @dev_tracker: of the reference to the link's device
 * @rcu: for freeing
 *
 * Members are constant unless noted.
 *
 * Lifetime.  ftcp_tunnel_new() makes a tunnel.  ftcp_tunnel_del() unpublishes
 * it, dooms its flows, frees its ports and drops the first reference.  Both run
 * under RTNL and do not wait.  Each peer holds its tunnel, and each flow its
 * peer until its teardown has ended.  After the last reference the tunnel is
 * freed by RCU: readers found it, its peers and its flows while it was
 * published.
 *
 * A tunnel holds the link's device until it is freed, so `ip link del` waits
 * for it, without RTNL.  Both network namespaces wait on exit until
 * ftcp_net.refs has no tunnel, also without RTNL, and then for a grace period.
 * Unloading the module deletes all links and leaves all namespaces, so no
 * tunnel or flow is left when their workqueues are destroyed, and no memory of
 * theirs after rcu_barrier().
 */
struct ftcp_tunnel {
	struct list_head list;
	struct hlist_node accept_node;
	struct hlist_node listen_node;
	struct ftcp_link *link;
	struct net *underlay;
	struct net *inner_net;
	char name[FAKETCP_NAME_MAX + 1];
	const struct ftcp_mode_desc *mode;
	struct ftcp_end accept;
	struct ftcp_end listen;
	struct ftcp_end target;
	struct ftcp_tunnel_config config;
	struct ftcp_port *accept_port;
	struct ftcp_port *listen_port;
	struct list_head peers;
	struct ftcp_ranges allowed;
	struct ftcp_ranges from;
	seqcount_t ranges_seq;
	spinlock_t lock;
	u32 nflows;
	atomic_t queued;
	struct ftcp_stats __percpu *stats;
	struct mem_cgroup *memcg;
	refcount_t refs;
	netdevice_tracker dev_tracker;
	struct rcu_head rcu;
};

struct ftcp_tunnel *ftcp_tunnel_find(struct ftcp_link *link, const char *name);
void ftcp_tunnel_doom_flows(struct ftcp_tunnel *tunnel);
void ftcp_tunnel_put(struct ftcp_tunnel *tunnel);
void ftcp_drop_count(struct ftcp_tunnel *tunnel, enum ftcp_drop_attr reason);
void ftcp_drop_tx(struct ftcp_tunnel *tunnel, enum ftcp_drop_attr reason,
		  struct sk_buff *skb);
void ftcp_drop_rx(struct ftcp_tunnel *tunnel, enum ftcp_drop_attr reason,
		  struct sk_buff *skb);

struct ftcp_tunnel *ftcp_tunnel_accepting(struct ftcp_net *fn,
					  const struct ftcp_end *local);
struct ftcp_tunnel *ftcp_tunnel_listening(struct ftcp_net *fn,
					  const struct ftcp_end *dst);

/* TTL of a packet that leaves a tunnel which it entered with @ttl.  A tunnel in
 * mode routed is a hop that the sender has counted, so that loops end.  Packets
 * of a proxy start anew, and so do segments around whole packets, which keep theirs.
 */
static inline u8 ftcp_tunnel_ttl(const struct ftcp_tunnel *tunnel, u8 ttl)
{
	return tunnel->mode->same_ends ? ttl : FTCP_TTL;
}

/* The core's view of the configuration, for a flow that can be replaced or not
 */
static inline struct ftcp_conn_config
ftcp_tunnel_conn_config(const struct ftcp_tunnel *tunnel, u32 wire,
			bool renewable)
{
	const struct ftcp_tunnel_config *c = &tunnel->config;
	u32 probes = READ_ONCE(c->keepalive_probes);

	if (!probes)
		probes = renewable ? FTCP_PROBES : FTCP_PROBES_PATIENT;
	return (struct ftcp_conn_config){
		.health = {
			.idle = READ_ONCE(c->idle) * 1000ULL,
			.keepalive = READ_ONCE(c->keepalive) * 1000ULL,
			.interval = READ_ONCE(c->keepalive_interval),
			.probes = probes,
			.max_age = READ_ONCE(c->max_age) * 1000ULL,
			.max_bytes = READ_ONCE(c->max_bytes),
			.renewable = renewable,
		},
		.phantun = wire == FTCP_WIRE_PHANTUN,
		.native = wire == FTCP_WIRE_NATIVE,
	};
}

#endif /* FTCP_TUNNEL_H */
