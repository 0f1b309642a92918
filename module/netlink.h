/* SPDX-License-Identifier: GPL-2.0 */
/* The generic netlink family; see Documentation/netlink/specs/faketcp.yaml. */
#ifndef FTCP_NETLINK_H
#define FTCP_NETLINK_H

#include <linux/netlink.h>
#include <uapi/linux/faketcp.h>

struct ftcp_flow;
struct ftcp_tunnel;

__printf(2, 3) void ftcp_netlink_error(struct netlink_ext_ack *extack,
				       const char *fmt, ...);

void ftcp_netlink_tunnel_event(struct ftcp_tunnel *tunnel, u8 cmd);
void ftcp_netlink_flow_added(struct ftcp_flow *flow);
void ftcp_netlink_flow_ended(struct ftcp_flow *flow, enum ftcp_reason reason);

int ftcp_netlink_init(void);
void ftcp_netlink_exit(void);

#endif /* FTCP_NETLINK_H */
