/* SPDX-License-Identifier: GPL-2.0 */
/* Tunnels: the local ends on a link. */
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

#define FTCP_TTL		64	/* of packets that begin here */

/* For what is allocated in softirq because of a flow.  Not GFP_ATOMIC: that is never
 * refused for a control group's limit, and may take what is kept for the worst case;
 * a new flow is not that important.
 */
#define FTCP_GFP_FLOW (GFP_NOWAIT | __GFP_NOWARN | __GFP_ACCOUNT)

struct ftcp_peer;
struct ftcp_port;

/**
 * struct ftcp_tunnel_config - what a user may change while a tunnel lives
 * @wire: enum ftcp_wire, default of new peers
 * @idle: seconds
 * @keepalive: seconds, 0: off
 * @keepalive_interval: ms
 * @keepalive_probes: 0: as befits the flow
 * @max_age: seconds, 0: off
 * @fwmark: mark of segments sent and of datagrams delivered
 * @max_flows: most flows at a time
 * @queue: most datagrams that wait for one connection
 * @max_per_source: most flows of one source address at a time
 * @queue_bytes: most memory of datagrams that wait, in all flows together
 * @df: enum ftcp_df, of segments over IPv4
 * @max_bytes: bytes, 0: off
 * @unreachable: enum ftcp_unreachable, mode forward
 * @coalesce: us, longest that a datagram waits for those behind it, 0: never
 *
 * Written under RTNL, read anywhere, each member by itself.
 */
struct ftcp_tunnel_config {
	u32 wire;
	u32 idle;
	u32 keepalive;
	u32 keepalive_interval;
	u32 keepalive_probes;
	u32 max_age;
	u32 fwmark;
	u32 max_flows;
	u32 queue;
	u32 max_per_source;
	u32 queue_bytes;
	u32 df;
	u64 max_bytes;
	u32 unreachable;
	u32 coalesce;
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
 * @peers: list of struct ftcp_peer, RCU; changed under RTNL
 * @allowed: the peers' allowed IPs; RCU, changed under RTNL
 * @from: the addresses that may connect, and as which peer; likewise
 * @ranges_seq: changes between what a peer is given and what is taken away from it
 * @lock: protects the flows of @peers, how many they are, and their sources;
 *	innermost but for those of rhashtable
 * @nflows: how many flows, of all peers, that are not doomed
 * @queued: memory of datagrams that wait in any flow, in bytes of truesize
 * @stats: counters
 * @memcg: control group of whoever made it; it pays for the flows, see limit.c
 * @refs: of those who made it and of its peers
 * @dev_tracker: of the reference to the link's device
 * @rcu: for freeing
 *
 * Members without a remark are constant while the tunnel lives.
 *
 * Lifetime.  ftcp_tunnel_new() makes it, ftcp_tunnel_del() takes it out of wherever
 * it is found, dooms its flows, gives its ports back, and drops the first reference;
 * both under RTNL, and neither waits.  Each peer has a reference to its tunnel, and
 * each flow has one to its peer until its teardown has ended.  With the last of them
 * the tunnel is freed after a grace period: RCU readers of a tunnel, a peer or a flow
 * found it while it was published.
 *
 * The tunnel in turn keeps what its flows need: the link's device, by a reference,
 * which is dropped when the tunnel is freed, so that `ip link del` waits for that,
 * without RTNL; and both network namespaces, which before anything of theirs goes
 * wait for all tunnels that count in ftcp_net.refs, without RTNL as well, then for
 * readers by a grace period.  To unload the module is to delete all links and to
 * leave all namespaces, hence there is neither tunnel nor flow when their workqueues are
 * destroyed, and after rcu_barrier() no memory of theirs either.
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
void ftcp_drop_tx(struct ftcp_tunnel *tunnel, enum ftcp_drop_attr reason,
		  struct sk_buff *skb);
void ftcp_drop_rx(struct ftcp_tunnel *tunnel, enum ftcp_drop_attr reason,
		  struct sk_buff *skb);

struct ftcp_tunnel *ftcp_tunnel_accepting(struct ftcp_net *fn,
					  const struct ftcp_end *local);
struct ftcp_tunnel *ftcp_tunnel_listening(struct ftcp_net *fn,
					  const struct ftcp_end *dst);

/* TTL of what leaves a tunnel, in either direction, when it entered with @ttl.  In
 * mode routed it is a hop of the way, and who forwarded to it has counted it, so
 * that a loop ends.  A proxy's packets begin anew.
 */
static inline u8 ftcp_tunnel_ttl(const struct ftcp_tunnel *tunnel, u8 ttl)
{
	return tunnel->mode->proxy ? FTCP_TTL : ttl;
}

/* The core's view of a tunnel's configuration, for a flow that can, or cannot,
 * be replaced by another one.
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
