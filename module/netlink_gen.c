// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/faketcp.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink_gen.h"

#include <uapi/linux/faketcp.h>

/* Integer value ranges */
static const struct netlink_range_validation ftcp_a_idle_range = {
	.min	= 1ULL,
	.max	= 2678400ULL,
};

static const struct netlink_range_validation ftcp_a_keepalive_range = {
	.max	= 86400ULL,
};

static const struct netlink_range_validation ftcp_a_max_flows_range = {
	.min	= 1ULL,
	.max	= 1048576ULL,
};

static const struct netlink_range_validation ftcp_a_max_flows_per_source_range = {
	.min	= 1ULL,
	.max	= 1048576ULL,
};

static const struct netlink_range_validation ftcp_a_queue_bytes_range = {
	.min	= 65536ULL,
	.max	= 1073741824ULL,
};

static const struct netlink_range_validation ftcp_a_keepalive_interval_range = {
	.min	= 10ULL,
	.max	= 3600000ULL,
};

static const struct netlink_range_validation ftcp_a_max_age_range = {
	.max	= 2678400ULL,
};

/* Common nested types */
const struct nla_policy faketcp_allowed_ip_nl_policy[FTCP_ALLOWED_IP_PREFIX + 1] = {
	[FTCP_ALLOWED_IP_ADDR] = { .type = NLA_BINARY, },
	[FTCP_ALLOWED_IP_PREFIX] = NLA_POLICY_MAX(NLA_U8, 128),
};

/* Global operation policy for faketcp */
const struct nla_policy faketcp_nl_policy[FTCP_A_PERSISTENT + 1] = {
	[FTCP_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[FTCP_A_IFNAME] = { .type = NLA_NUL_STRING, .len = 15, },
	[FTCP_A_TUNNEL] = { .type = NLA_NUL_STRING, .len = 31, },
	[FTCP_A_MODE] = NLA_POLICY_MAX(NLA_U32, 3),
	[FTCP_A_PORT] = NLA_POLICY_MIN(NLA_U16, 1),
	[FTCP_A_LOCAL] = { .type = NLA_BINARY, },
	[FTCP_A_LISTEN] = { .type = NLA_BINARY, },
	[FTCP_A_TARGET] = { .type = NLA_BINARY, },
	[FTCP_A_WIRE] = NLA_POLICY_MAX(NLA_U32, 2),
	[FTCP_A_IDLE] = NLA_POLICY_FULL_RANGE(NLA_U32, &ftcp_a_idle_range),
	[FTCP_A_KEEPALIVE] = NLA_POLICY_FULL_RANGE(NLA_U32, &ftcp_a_keepalive_range),
	[FTCP_A_FWMARK] = { .type = NLA_U32, },
	[FTCP_A_MAX_FLOWS] = NLA_POLICY_FULL_RANGE(NLA_U32, &ftcp_a_max_flows_range),
	[FTCP_A_QUEUE] = NLA_POLICY_RANGE(NLA_U32, 1, 1024),
	[FTCP_A_PEER] = { .type = NLA_NUL_STRING, .len = 31, },
	[FTCP_A_ENDPOINT] = { .type = NLA_BINARY, },
	[FTCP_A_ENDPOINT_KIND] = NLA_POLICY_MAX(NLA_U32, 2),
	[FTCP_A_ALLOWED_IP] = NLA_POLICY_NESTED(faketcp_allowed_ip_nl_policy),
	[FTCP_A_REMOTE] = { .type = NLA_BINARY, },
	[FTCP_A_DF] = NLA_POLICY_MAX(NLA_U32, 1),
	[FTCP_A_MAX_FLOWS_PER_SOURCE] = NLA_POLICY_FULL_RANGE(NLA_U32, &ftcp_a_max_flows_per_source_range),
	[FTCP_A_QUEUE_BYTES] = NLA_POLICY_FULL_RANGE(NLA_U32, &ftcp_a_queue_bytes_range),
	[FTCP_A_KEEPALIVE_INTERVAL] = NLA_POLICY_FULL_RANGE(NLA_U32, &ftcp_a_keepalive_interval_range),
	[FTCP_A_KEEPALIVE_PROBES] = NLA_POLICY_MAX(NLA_U32, 100),
	[FTCP_A_MAX_AGE] = NLA_POLICY_FULL_RANGE(NLA_U32, &ftcp_a_max_age_range),
	[FTCP_A_MAX_BYTES] = { .type = NLA_U64, },
	[FTCP_A_UNREACHABLE] = NLA_POLICY_MAX(NLA_U32, 1),
	[FTCP_A_ENDPOINT_NAME] = { .type = NLA_NUL_STRING, .len = 259, },
	[FTCP_A_NO_ALLOWED_IP] = { .type = NLA_FLAG, },
	[FTCP_A_COALESCE] = NLA_POLICY_MAX(NLA_U32, 1000),
	[FTCP_A_ENDPOINT_TENTATIVE] = { .type = NLA_FLAG, },
	[FTCP_A_FROM] = NLA_POLICY_NESTED(faketcp_allowed_ip_nl_policy),
	[FTCP_A_FROM_KIND] = NLA_POLICY_MAX(NLA_U32, 2),
	[FTCP_A_PERSISTENT] = NLA_POLICY_MAX(NLA_U32, 1),
};

/* Ops table for faketcp */
const struct genl_small_ops faketcp_nl_ops[9] = {
	{
		.cmd		= FAKETCP_CMD_TUNNEL_NEW,
		.validate	= GENL_DONT_VALIDATE_DUMP_STRICT,
		.doit		= faketcp_nl_tunnel_new_doit,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= FAKETCP_CMD_TUNNEL_SET,
		.validate	= GENL_DONT_VALIDATE_DUMP_STRICT,
		.doit		= faketcp_nl_tunnel_set_doit,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= FAKETCP_CMD_TUNNEL_DEL,
		.validate	= GENL_DONT_VALIDATE_DUMP_STRICT,
		.doit		= faketcp_nl_tunnel_del_doit,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= FAKETCP_CMD_TUNNEL_GET,
		.validate	= GENL_DONT_VALIDATE_DUMP_STRICT,
		.dumpit		= faketcp_nl_tunnel_get_dumpit,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= FAKETCP_CMD_PEER_SET,
		.validate	= GENL_DONT_VALIDATE_DUMP_STRICT,
		.doit		= faketcp_nl_peer_set_doit,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= FAKETCP_CMD_PEER_DEL,
		.validate	= GENL_DONT_VALIDATE_DUMP_STRICT,
		.doit		= faketcp_nl_peer_del_doit,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= FAKETCP_CMD_PEER_GET,
		.validate	= GENL_DONT_VALIDATE_DUMP_STRICT,
		.dumpit		= faketcp_nl_peer_get_dumpit,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= FAKETCP_CMD_FLOW_DEL,
		.validate	= GENL_DONT_VALIDATE_DUMP_STRICT,
		.doit		= faketcp_nl_flow_del_doit,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= FAKETCP_CMD_FLOW_GET,
		.validate	= GENL_DONT_VALIDATE_DUMP_STRICT,
		.dumpit		= faketcp_nl_flow_get_dumpit,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
};

static const struct genl_multicast_group faketcp_nl_mcgrps[] = {
	[FAKETCP_NLGRP_EVENTS] = { "events", },
};
