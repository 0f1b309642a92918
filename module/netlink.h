/* SPDX-License-Identifier: GPL-2.0 */
/* The generic netlink family; see Documentation/netlink/specs/faketcp.yaml. */
#ifndef FTCP_NETLINK_H
#define FTCP_NETLINK_H

#include <linux/netlink.h>
#include <net/genetlink.h>
#include <uapi/linux/faketcp.h>

struct ftcp_flow;
struct ftcp_tunnel;

/* netlink.c, netlink_tunnel.c, netlink_peer.c, request.c: requests */
extern struct genl_family ftcp_netlink_family;
struct net_device *ftcp_netlink_device(struct net *net, struct nlattr **attrs);
__printf(2, 3) void ftcp_netlink_error(struct netlink_ext_ack *extack,
				       const char *fmt, ...);
int ftcp_netlink_init(void);
void ftcp_netlink_exit(void);

/* netlink_tunnel.c: options of tunnels, up to one with attr 0 */
extern const struct ftcp_tunnel_option {
	u16 attr;
	u16 offset;
} ftcp_tunnel_options[];

/* netlink_tell.c: replies and notifications */
void ftcp_netlink_silence(void);
void ftcp_netlink_tunnel_event(struct ftcp_tunnel *tunnel, u8 cmd);
void ftcp_netlink_flow_event(struct ftcp_flow *flow, enum ftcp_reason reason);

#endif /* FTCP_NETLINK_H */
