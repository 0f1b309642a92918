/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/faketcp.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_FAKETCP_GEN_H
#define _LINUX_FAKETCP_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/faketcp.h>

/* Common nested types */
extern const struct nla_policy faketcp_allowed_ip_nl_policy[FTCP_ALLOWED_IP_PREFIX + 1];

/* Global operation policy for faketcp */
extern const struct nla_policy faketcp_nl_policy[FTCP_A_PERSISTENT + 1];

/* Ops table for faketcp */
extern const struct genl_small_ops faketcp_nl_ops[9];

int faketcp_nl_tunnel_new_doit(struct sk_buff *skb, struct genl_info *info);
int faketcp_nl_tunnel_set_doit(struct sk_buff *skb, struct genl_info *info);
int faketcp_nl_tunnel_del_doit(struct sk_buff *skb, struct genl_info *info);
int faketcp_nl_tunnel_get_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb);
int faketcp_nl_peer_set_doit(struct sk_buff *skb, struct genl_info *info);
int faketcp_nl_peer_del_doit(struct sk_buff *skb, struct genl_info *info);
int faketcp_nl_peer_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int faketcp_nl_flow_del_doit(struct sk_buff *skb, struct genl_info *info);
int faketcp_nl_flow_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);

enum {
	FAKETCP_NLGRP_EVENTS,
};

#endif /* _LINUX_FAKETCP_GEN_H */
