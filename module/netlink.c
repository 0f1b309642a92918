// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family, and requests about flows.  Those about tunnels
 * and peers are in netlink_tunnel.c and netlink_peer.c, shared parsing in
 * request.c, dumps and notifications in netlink_tell.c.
 *
 * Every handler takes RTNL, which serialises all changes of configuration, so
 * generic netlink's own lock, shared by many families, is not needed.
 */
#include <linux/rtnetlink.h>
#include <net/genetlink.h>

#include "compat/compat.h"
#include "device.h"
#include "flow.h"
#include "netlink.h"
#include "netlink_gen.h"
#include "request.h"
#include "table.h"
#include "tunnel.h"

/**
 * ftcp_netlink_error() - set the error message for a request
 * @extack: the request's, or NULL
 * @fmt: as for printf()
 *
 * Context: RTNL.
 */
void ftcp_netlink_error(struct netlink_ext_ack *extack, const char *fmt, ...)
{
	va_list args;

	ASSERT_RTNL();
	if (!extack)
		return;
	va_start(args, fmt);
	ftcp_compat_extack_vfmt(extack, fmt, args);
	va_end(args);
}

/* ---- flows ---- */

int faketcp_nl_flow_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ftcp_flow *flow = NULL;
	struct ftcp_link *link;
	struct ftcp_pair pair;
	struct net *underlay;
	int err;

	rtnl_lock();
	link = ftcp_req_link(info);
	err = PTR_ERR_OR_ZERO(link);
	if (err)
		goto out;
	if (!info->attrs[FTCP_A_LOCAL] || !info->attrs[FTCP_A_REMOTE]) {
		NL_SET_ERR_MSG(info->extack, "local and remote are required");
		err = -EINVAL;
		goto out;
	}
	err = ftcp_req_end(info, FTCP_A_LOCAL, FTCP_WANT_PORT | FTCP_WANT_ADDR,
			   &pair.local);
	if (!err)
		err = ftcp_req_end(info, FTCP_A_REMOTE,
				   FTCP_WANT_PORT | FTCP_WANT_ADDR,
				   &pair.remote);
	if (err)
		goto out;

	underlay = rtnl_dereference(link->underlay);
	rcu_read_lock();
	if (underlay)
		flow = ftcp_flow_by_outer(ftcp_net(underlay), &pair);
	if (flow && flow->session->tunnel->link == link) {
		ftcp_flow_close(flow);
	} else {
		NL_SET_ERR_MSG(info->extack, "no such flow on the link");
		err = -ENOENT;
	}
	rcu_read_unlock();
out:
	rtnl_unlock();
	return err;
}

/* ---- module ---- */

static const struct genl_multicast_group mcgrps[] = {
	/* flows are confidential, as in a dump */
	[FAKETCP_NLGRP_EVENTS] = {
		.name = FAKETCP_MCGRP_EVENTS,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

struct genl_family ftcp_netlink_family __ro_after_init = {
	.name		= FTCP_GENL_NAME,
	.version	= FTCP_GENL_VERSION,
	.maxattr	= ARRAY_SIZE(faketcp_nl_policy) - 1,
	.policy		= faketcp_nl_policy,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.small_ops	= faketcp_nl_ops,
	.n_small_ops	= ARRAY_SIZE(faketcp_nl_ops),
	.resv_start_op	= FAKETCP_CMD_FLOW_GET + 1,
	.mcgrps		= mcgrps,
	.n_mcgrps	= ARRAY_SIZE(mcgrps),
};

/**
 * ftcp_netlink_init() - register the family
 *
 * Return: 0 or a negative error.
 */
int __init ftcp_netlink_init(void)
{
	return genl_register_family(&ftcp_netlink_family);
}

/**
 * ftcp_netlink_exit() - unregister the family
 */
void ftcp_netlink_exit(void)
{
	ftcp_netlink_silence();
	genl_unregister_family(&ftcp_netlink_family);
}
