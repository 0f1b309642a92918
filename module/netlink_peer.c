// SPDX-License-Identifier: GPL-2.0
/* Requests about peers, which are checked here and carried out elsewhere. */
#include <linux/rtnetlink.h>
#include <net/genetlink.h>

#include "netlink.h"
#include "netlink_gen.h"
#include "peer.h"
#include "request.h"
#include "tunnel.h"

static int get_range(struct genl_info *info, const struct nlattr *nla,
		     struct ftcp_range *range)
{
	struct nlattr *tb[FTCP_ALLOWED_IP_MAX + 1], *addr;
	unsigned int prefix, bits;
	int err;

	err = nla_parse_nested(tb, FTCP_ALLOWED_IP_MAX, nla,
			       faketcp_allowed_ip_nl_policy, info->extack);
	if (err)
		return err;
	addr = tb[FTCP_ALLOWED_IP_ADDR];
	if (!addr || (nla_len(addr) != 4 && nla_len(addr) != 16)) {
		NL_SET_ERR_MSG_ATTR(
			info->extack, nla,
			"allowed-ips: expected an address of 4 or 16 bytes");
		return -EINVAL;
	}
	bits = nla_len(addr) * 8;
	prefix = tb[FTCP_ALLOWED_IP_PREFIX] ?
			 nla_get_u8(tb[FTCP_ALLOWED_IP_PREFIX]) :
			 bits;
	if (prefix > bits) {
		NL_SET_ERR_MSG_ATTR(
			info->extack, nla,
			"allowed-ips: the prefix is longer than the address");
		return -EINVAL;
	}

	memset(range, 0, sizeof(*range));
	if (bits == 32) {
		struct in6_addr mapped;

		ipv6_addr_set_v4mapped(nla_get_in_addr(addr), &mapped);
		range->family = AF_INET;
		range->prefix = 96 + prefix;
		ipv6_addr_prefix(&range->addr, &mapped, range->prefix);
	} else {
		struct in6_addr in6 = nla_get_in6_addr(addr);

		range->family = AF_INET6;
		range->prefix = prefix;
		ipv6_addr_prefix(&range->addr, &in6, prefix);
	}
	return 0;
}

/* The endpoint as requested, checked against what the mode can do with it. */
static int get_endpoint(struct genl_info *info,
			const struct ftcp_tunnel *tunnel,
			struct ftcp_peer_config *config)
{
	bool tentative = nla_get_flag(info->attrs[FTCP_A_ENDPOINT_TENTATIVE]);
	const char *name;
	int err;

	err = ftcp_req_endpoint_name(info, &name);
	if (err)
		return err;
	if (info->attrs[FTCP_A_ENDPOINT]) {
		err = ftcp_req_end(info, FTCP_A_ENDPOINT,
				   FTCP_WANT_PORT | FTCP_WANT_ADDR,
				   &config->endpoint);
		if (err)
			return err;
		config->kind = FTCP_ENDPOINT_ADDR;
		strscpy(config->endpoint_name, name ?: "",
			sizeof(config->endpoint_name));
		config->tentative = tentative;
	} else if (tentative) {
		return ftcp_req_refuse(
			info, FTCP_A_ENDPOINT_TENTATIVE, -EINVAL,
			"endpoint-tentative has no meaning without endpoint");
	}
	if (info->attrs[FTCP_A_ENDPOINT_KIND]) {
		config->kind = nla_get_u32(info->attrs[FTCP_A_ENDPOINT_KIND]);
		if ((config->kind == FTCP_ENDPOINT_ADDR) !=
		    !!info->attrs[FTCP_A_ENDPOINT])
			return ftcp_req_refuse(
				info, FTCP_A_ENDPOINT_KIND, -EINVAL,
				"kind and presence of the endpoint contradict each other");
	}
	if (config->kind != FTCP_ENDPOINT_ADDR) {
		memset(&config->endpoint, 0, sizeof(config->endpoint));
		config->endpoint_name[0] = '\0';
		config->tentative = false;
	}

	if (tunnel->mode == FTCP_MODE_LISTEN &&
	    config->kind != FTCP_ENDPOINT_ADDR) {
		NL_SET_ERR_MSG(
			info->extack,
			"endpoint: a tunnel that listens needs an address to dial");
		return -EINVAL;
	}
	if (tunnel->mode == FTCP_MODE_FORWARD &&
	    config->kind != FTCP_ENDPOINT_NONE) {
		NL_SET_ERR_MSG(info->extack,
			       "endpoint: a tunnel that forwards dials nobody");
		return -EINVAL;
	}
	return 0;
}

/* @privileged: in the underlay's namespace */
static int set_peer(struct genl_info *info, struct ftcp_tunnel *tunnel,
		    bool privileged)
{
	const char *name = ftcp_req_name(info, FTCP_A_PEER, "peer");
	bool empty = nla_get_flag(info->attrs[FTCP_A_NO_ALLOWED_IP]);
	struct ftcp_peer_config *config;
	const struct ftcp_peer_config *old = NULL;
	struct ftcp_peer *peer;
	unsigned int n = 0, i = 0;
	struct nlattr *nla;
	int rem, err;

	if (!name)
		return -EINVAL;
	peer = ftcp_peer_find(tunnel, name);
	if (peer)
		old = rtnl_dereference(peer->config);
	else if (tunnel->mode == FTCP_MODE_LISTEN &&
		 !list_empty(&tunnel->peers))
		return ftcp_req_refuse(info, FTCP_A_PEER, -EINVAL,
				       "a tunnel that listens has one peer");
	if (old && old->kind == FTCP_ENDPOINT_SAME && !privileged &&
	    info->attrs[FTCP_A_ALLOWED_IP])
		return ftcp_req_refuse(
			info, FTCP_A_ALLOWED_IP, -EPERM,
			"allowed-ips of a peer with endpoint same take CAP_NET_ADMIN in the underlay's namespace");

	nlmsg_for_each_attr(nla, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(nla) == FTCP_A_ALLOWED_IP)
			n++;
	}
	if (n && empty)
		return ftcp_req_refuse(
			info, FTCP_A_NO_ALLOWED_IP, -EINVAL,
			"allowed-ips: some, and none, contradict each other");
	if (n > FTCP_RANGES_MAX)
		return ftcp_req_refuse(info, FTCP_A_ALLOWED_IP, -E2BIG,
				       "allowed-ips: too many ranges");
	config = ftcp_peer_config_alloc(n ?: old && !empty ? old->nranges : 0);
	if (!config)
		return -ENOMEM;
	config->wire = tunnel->config.wire;
	if (old) {
		config->kind = old->kind;
		config->wire = old->wire;
		config->endpoint = old->endpoint;
		config->tentative = old->tentative;
		strscpy(config->endpoint_name, old->endpoint_name,
			sizeof(config->endpoint_name));
	}
	if (n) {
		nlmsg_for_each_attr(nla, info->nlhdr, GENL_HDRLEN, rem) {
			if (nla_type(nla) != FTCP_A_ALLOWED_IP)
				continue;
			err = get_range(info, nla, &config->ranges[i++]);
			if (err)
				goto err_free;
		}
		config->nranges = n;
	} else if (old && !empty) {
		config->nranges = old->nranges;
		memcpy(config->ranges, old->ranges,
		       array_size(old->nranges, sizeof(old->ranges[0])));
	}
	if (info->attrs[FTCP_A_WIRE])
		config->wire = nla_get_u32(info->attrs[FTCP_A_WIRE]);
	err = get_endpoint(info, tunnel, config);
	if (err)
		goto err_free;
	return ftcp_peer_set(tunnel, name, config, info->extack);

err_free:
	kvfree(config);
	return err;
}

int faketcp_nl_peer_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ftcp_tunnel *tunnel;
	int err;

	rtnl_lock();
	tunnel = ftcp_req_tunnel(info);
	err = PTR_ERR_OR_ZERO(tunnel);
	if (!err)
		err = ftcp_req_may_use_underlay(skb, info, tunnel->link);
	if (!err)
		err = set_peer(info, tunnel,
			       ftcp_req_privileged(skb, tunnel->link));
	rtnl_unlock();
	return err;
}

int faketcp_nl_peer_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ftcp_peer *peer = NULL;
	struct ftcp_tunnel *tunnel;
	const char *name;
	int err;

	rtnl_lock();
	tunnel = ftcp_req_tunnel(info);
	err = PTR_ERR_OR_ZERO(tunnel);
	if (err)
		goto out;
	err = -EINVAL;
	name = ftcp_req_name(info, FTCP_A_PEER, "peer");
	if (!name)
		goto out;
	peer = ftcp_peer_find(tunnel, name);
	if (!peer) {
		err = ftcp_req_refuse(info, FTCP_A_PEER, -ENOENT,
				      "no such peer in the tunnel");
		goto out;
	}
	err = ftcp_peer_del(peer, info->extack);
out:
	rtnl_unlock();
	return err;
}
