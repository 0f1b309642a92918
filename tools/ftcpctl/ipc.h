/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FTCPCTL_IPC_H
#define FTCPCTL_IPC_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/faketcp.h>

#include "address.h"

#define NAME_SIZE (FAKETCP_NAME_MAX + 1)
#define ENDPOINT_NAME_SIZE (FAKETCP_ENDPOINT_NAME_MAX + 1)

/* Bit of an attribute in the @has member of the structures below */
#define HAS(attr) (1ULL << FTCP_A_##attr)

/**
 * struct stats - What was carried, in datagrams and bytes of UDP payload.
 * @tx_packets: Datagrams sent to the far end.
 * @tx_bytes: Bytes in them.
 * @rx_packets: Datagrams received from the far end.
 * @rx_bytes: Bytes in them.
 * @tx_held: Datagrams sent together after having waited (of tunnels only).
 * @tx_batches: Super-segments that they were sent in (the same).
 * @tx_hold: Nanoseconds that the first of each waited (the same).
 */
struct stats {
	uint64_t tx_packets;
	uint64_t tx_bytes;
	uint64_t rx_packets;
	uint64_t rx_bytes;
	uint64_t tx_held;
	uint64_t tx_batches;
	uint64_t tx_hold;
};

/**
 * struct tunnel - A tunnel, in a request or as reported.
 * @has: Which members are set, by HAS(); @ifindex and @name always are.
 * @ifindex: The link.
 * @ifname: Its name.
 * @name: Name of the tunnel.
 * @mode: enum ftcp_mode.
 * @wire: enum ftcp_wire.
 * @port: TCP port.
 * @local: Address that connections are accepted on.
 * @listen: UDP address that applications send to.
 * @target: UDP address that datagrams are delivered to.
 * @endpoint: Far end (requests only).
 * @endpoint_name: What was written for it, if that was a name (the same).
 * @idle: Seconds.
 * @keepalive: Seconds, 0 for off.
 * @keepalive_interval: Milliseconds.
 * @keepalive_probes: Number, 0 for what befits the flow.
 * @max_age: Seconds, 0 for off.
 * @max_bytes: Bytes, 0 for off.
 * @fwmark: Mark, 0 for none.
 * @max_flows: Limit.
 * @queue: Datagrams.
 * @df: enum ftcp_df.
 * @unreachable: enum ftcp_unreachable.
 * @max_per_source: Limit.
 * @queue_bytes: Limit.
 * @coalesce: Microseconds, 0 for off.
 * @flows: In existence.
 * @stats: Traffic.
 * @drops: What was dropped, by enum ftcp_drop_attr.
 * @ended: Flows that have ended, by enum ftcp_reason.
 */
struct tunnel {
	uint64_t has;
	unsigned int ifindex;
	char ifname[IF_NAMESIZE];
	char name[NAME_SIZE];
	uint32_t mode;
	uint32_t wire;
	unsigned int port;
	union address local;
	union address listen;
	union address target;
	union address endpoint;
	char endpoint_name[ENDPOINT_NAME_SIZE];
	uint32_t idle;
	uint32_t keepalive;
	uint32_t keepalive_interval;
	uint32_t keepalive_probes;
	uint32_t max_age;
	uint64_t max_bytes;
	uint32_t fwmark;
	uint32_t max_flows;
	uint32_t queue;
	uint32_t df;
	uint32_t unreachable;
	uint32_t max_per_source;
	uint32_t queue_bytes;
	uint32_t coalesce;
	uint32_t flows;
	struct stats stats;
	uint64_t drops[FTCP_DROP_MAX + 1];
	uint64_t ended[FTCP_REASON_MAX + 1];
};

/**
 * struct peer - A peer, in a request or as reported.
 * @has: Which members are set, by HAS(); the names always are.
 * @ifindex: The link.
 * @ifname: Its name.
 * @tunnel: Name of the tunnel.
 * @name: Name of the peer.
 * @kind: enum ftcp_endpoint_kind.
 * @endpoint: Its address.
 * @endpoint_name: What was written for it, if that was a name.
 * @wire: enum ftcp_wire.
 * @flows: In existence.
 * @allowed: Its inner addresses.
 * @n_allowed: How many ranges.
 */
struct peer {
	uint64_t has;
	unsigned int ifindex;
	char ifname[IF_NAMESIZE];
	char tunnel[NAME_SIZE];
	char name[NAME_SIZE];
	uint32_t kind;
	union address endpoint;
	char endpoint_name[ENDPOINT_NAME_SIZE];
	uint32_t wire;
	uint32_t flows;
	struct prefix *allowed;
	size_t n_allowed;
};

/**
 * struct flow - A flow as reported; requests use the addresses only.
 * @has: Which members are set, by HAS().
 * @ifindex: The link.
 * @ifname: Its name.
 * @tunnel: Name of the tunnel.
 * @peer: Name of the peer.
 * @state: enum ftcp_state.
 * @wire: enum ftcp_wire.
 * @local: TCP end here.
 * @remote: TCP end there.
 * @inner_local: UDP end on this side.
 * @inner_remote: UDP end that the application here talks to.
 * @age: Milliseconds of life.
 * @rx_age: Milliseconds since the far end was heard.
 * @mtu: Largest UDP payload in bytes.
 * @stats: Traffic.
 * @reason: enum ftcp_reason, of one that has ended.
 */
struct flow {
	uint64_t has;
	unsigned int ifindex;
	char ifname[IF_NAMESIZE];
	char tunnel[NAME_SIZE];
	char peer[NAME_SIZE];
	uint32_t state;
	uint32_t wire;
	union address local;
	union address remote;
	union address inner_local;
	union address inner_remote;
	uint64_t age;
	uint64_t rx_age;
	uint32_t mtu;
	struct stats stats;
	uint32_t reason;
};

/**
 * struct filter - What a list is limited to.
 * @ifindex: A link, 0 for all.
 * @tunnel: A tunnel, NULL for all.
 */
struct filter {
	unsigned int ifindex;
	const char *tunnel;
};

/**
 * struct event - Something that happened to a tunnel or a flow.
 * @name: Its name, as in the specification, without "-ntf".
 * @is_flow: Whether @flow, as opposed to @tunnel, is set.
 * @lost: Events came faster than they were read; nothing else is set.
 * @tunnel: The tunnel.
 * @flow: The flow.
 */
struct event {
	const char *name;
	bool is_flow;
	bool lost;
	struct tunnel tunnel;
	struct flow flow;
};

struct ipc;

struct ipc *ipc_open(void);
struct ipc *ipc_try_open(void);
void ipc_close(struct ipc *ipc);
int ipc_refused(struct ipc *ipc);

int ipc_tunnel_new(struct ipc *ipc, const struct tunnel *t);
int ipc_tunnel_set(struct ipc *ipc, const struct tunnel *t);
int ipc_tunnel_del(struct ipc *ipc, const struct tunnel *t);
int ipc_peer_set(struct ipc *ipc, const struct peer *p);
int ipc_peer_del(struct ipc *ipc, const struct peer *p);
int ipc_flow_del(struct ipc *ipc, const struct flow *f);

int ipc_tunnels(struct ipc *ipc, const struct filter *filter,
		struct tunnel **list, size_t *n);
int ipc_peers(struct ipc *ipc, const struct filter *filter, struct peer **list,
	      size_t *n);
int ipc_flows(struct ipc *ipc, const struct filter *filter, struct flow **list,
	      size_t *n);
void ipc_free_peers(struct peer *list, size_t n);

int ipc_monitor(struct ipc *ipc, int (*event)(const struct event *ev));

const char *ipc_drop_name(uint32_t drop);

#endif /* FTCPCTL_IPC_H */
