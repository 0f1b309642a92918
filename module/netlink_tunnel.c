// SPDX-License-Identifier: GPL-2.0
/* Check requests about tunnels; others carry them out. */
#include <linux/rtnetlink.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "configure.h"
#include "device.h"
#include "netlink.h"
#include "netlink_gen.h"
#include "peer.h"
#include "reaper.h"
#include "request.h"
#include "tunnel.h"

/* Options that are a u32 both in struct ftcp_tunnel_config and on netlink */
#define OPTION(attr, member) \
	{ FTCP_A_##attr, offsetof(struct ftcp_tunnel_config, member) +    \
			 BUILD_BUG_ON_ZERO(sizeof_field(struct ftcp_tunnel_config, \
							member) != sizeof(u32)) }

const struct ftcp_tunnel_option ftcp_tunnel_options[] = {
	OPTION(WIRE, wire),
	OPTION(IDLE, idle),
	OPTION(KEEPALIVE, keepalive),
	OPTION(KEEPALIVE_INTERVAL, keepalive_interval),
	OPTION(KEEPALIVE_PROBES, keepalive_probes),
	OPTION(MAX_AGE, max_age),
	OPTION(FWMARK, fwmark),
	OPTION(MAX_FLOWS, max_flows),
	OPTION(QUEUE, queue),
	OPTION(DF, df),
	OPTION(UNREACHABLE, unreachable),
	OPTION(MAX_FLOWS_PER_SOURCE, max_per_source),
	OPTION(QUEUE_BYTES, queue_bytes),
	OPTION(COALESCE, coalesce),
	{ }
};

static void get_config(struct genl_info *info, struct ftcp_tunnel_config *c)
{
	const struct ftcp_tunnel_option *o;

	for (o = ftcp_tunnel_options; o->attr; o++) {
		const struct nlattr *nla = info->attrs[o->attr];

		if (nla)
			WRITE_ONCE(*(u32 *)((u8 *)c + o->offset),
				   nla_get_u32(nla));
	}
	if (info->attrs[FTCP_A_MAX_BYTES])
		WRITE_ONCE(c->max_bytes,
			   nla_get_u64(info->attrs[FTCP_A_MAX_BYTES]));
}

/* Check attributes that not all modes have, of a tunnel @made or changed. */
static int check_mode(struct genl_info *info, const struct ftcp_mode_desc *mode,
		      bool made)
{
	const struct ftcp_mode_attr *a;

	for (a = ftcp_mode_attrs; a->word; a++) {
		bool required = mode->required & BIT_ULL(a->attr);
		bool given = info->attrs[a->attr];

		if (made && required && !given) {
			ftcp_netlink_error(info->extack,
					   "%s is required in mode %s", a->word,
					   mode->name);
			return -EINVAL;
		}
		if (given && !required &&
		    !(mode->optional & BIT_ULL(a->attr))) {
			NL_SET_BAD_ATTR(info->extack, info->attrs[a->attr]);
			ftcp_netlink_error(info->extack,
					   "%s has no meaning in mode %s",
					   a->word, mode->name);
			return -EINVAL;
		}
	}
	if (made && info->attrs[FTCP_A_LOCAL] && !info->attrs[FTCP_A_PORT])
		return ftcp_req_refuse(info, FTCP_A_LOCAL, -EINVAL,
				       "local has no meaning without port");
	return 0;
}

static int get_tunnel_params(struct genl_info *info,
			     struct ftcp_tunnel_params *p)
{
	struct nlattr **attrs = info->attrs;
	int err;

	*p = (struct ftcp_tunnel_params){
		.config = {
			.wire = FTCP_WIRE_AUTO,
			.idle = FTCP_IDLE / 1000,
			.keepalive = FTCP_KEEPALIVE / 1000,
			.keepalive_interval = FTCP_PROBE_INTERVAL,
			.max_flows = FTCP_DEFAULT_MAX_FLOWS,
			.queue = FTCP_DEFAULT_QUEUE,
			.df = FTCP_DF_SET,
			.unreachable = FTCP_UNREACHABLE_CLOSE,
			.max_per_source = FTCP_DEFAULT_MAX_PER_SOURCE,
			.queue_bytes = FTCP_DEFAULT_QUEUE_BYTES,
			.coalesce = FTCP_DEFAULT_COALESCE,
		},
	};
	p->name = ftcp_req_name(info, FTCP_A_TUNNEL, "tunnel");
	if (!p->name)
		return -EINVAL;
	if (!attrs[FTCP_A_MODE]) {
		NL_SET_ERR_MSG(info->extack, "the mode is required");
		return -EINVAL;
	}
	p->mode = &ftcp_modes[nla_get_u32(attrs[FTCP_A_MODE])];
	err = check_mode(info, p->mode, true);
	if (err)
		return err;

	p->accept.family = AF_INET6;
	if (attrs[FTCP_A_LOCAL]) {
		err = ftcp_req_end(info, FTCP_A_LOCAL, FTCP_WANT_ADDR,
				   &p->accept);
		if (err)
			return err;
		if (p->accept.port)
			return ftcp_req_refuse(
				info, FTCP_A_LOCAL, -EINVAL,
				"local takes an address without a port");
	}
	if (attrs[FTCP_A_PORT])
		p->accept.port = htons(nla_get_u16(attrs[FTCP_A_PORT]));
	if (attrs[FTCP_A_LISTEN])
		err = ftcp_req_end(info, FTCP_A_LISTEN, FTCP_WANT_PORT,
				   &p->listen);
	if (!err && attrs[FTCP_A_ENDPOINT])
		err = ftcp_req_end(info, FTCP_A_ENDPOINT,
				   FTCP_WANT_PORT | FTCP_WANT_ADDR,
				   &p->endpoint);
	if (!err && attrs[FTCP_A_TARGET])
		err = ftcp_req_end(info, FTCP_A_TARGET,
				   FTCP_WANT_PORT | FTCP_WANT_ADDR, &p->target);
	if (!err)
		err = ftcp_req_endpoint_name(info, &p->endpoint_name);
	if (err)
		return err;
	get_config(info, &p->config);
	return 0;
}

/* A tunnel's limit above that of its namespace would be a promise not kept. */
static int check_limits(struct genl_info *info, const struct net *underlay)
{
	const struct ftcp_net *fn = ftcp_net(underlay);

	if (info->attrs[FTCP_A_MAX_FLOWS] &&
	    nla_get_u32(info->attrs[FTCP_A_MAX_FLOWS]) >
		    READ_ONCE(fn->max_flows))
		return ftcp_req_refuse(
			info, FTCP_A_MAX_FLOWS, -EPERM,
			"max-flows: more than net.faketcp.max_flows, which the host's administrator sets");
	if (info->attrs[FTCP_A_QUEUE_BYTES] &&
	    nla_get_u32(info->attrs[FTCP_A_QUEUE_BYTES]) >
		    READ_ONCE(fn->max_queue_bytes))
		return ftcp_req_refuse(
			info, FTCP_A_QUEUE_BYTES, -EPERM,
			"queue-bytes: more than net.faketcp.max_queue_bytes, which the host's administrator sets");
	return 0;
}

/* Create the requested tunnel.  If a port is in use, perhaps by a flow that is
 * being torn down, *@busy is the underlay, with a reference.
 */
static int new_tunnel(struct sk_buff *skb, struct genl_info *info,
		      struct net **busy)
{
	struct ftcp_tunnel_params p;
	struct ftcp_link *link;
	struct net *underlay;
	int err;

	*busy = NULL;
	rtnl_lock();
	link = ftcp_req_link(info);
	err = PTR_ERR_OR_ZERO(link);
	if (!err)
		err = get_tunnel_params(info, &p);
	if (!err)
		err = ftcp_req_may_use_underlay(skb, info, link);
	underlay = err ? NULL : rtnl_dereference(link->underlay);
	if (underlay)
		err = check_limits(info, underlay);
	if (!err)
		err = ftcp_tunnel_new(link, &p, info->extack);
	if (err == -EADDRINUSE && ftcp_reaper_busy(ftcp_net(underlay)))
		*busy = maybe_get_net(underlay);
	rtnl_unlock();
	return err;
}

int faketcp_nl_tunnel_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct net *busy;
	bool gone;
	int err;

	err = new_tunnel(skb, info, &busy);
	if (!busy)
		return err;
	gone = ftcp_reaper_wait(ftcp_net(busy));
	put_net(busy);
	if (!gone)
		return -EAGAIN;
	if (info->extack)
		info->extack->_msg = NULL;
	err = new_tunnel(skb, info, &busy);
	if (busy)
		put_net(busy);
	return err;
}

/* The peer of a listening tunnel is created with it and has its wire format. */
static int set_only_peer_wire(struct ftcp_tunnel *tunnel, u32 wire,
			      struct netlink_ext_ack *extack)
{
	struct ftcp_peer_change change = { };
	struct ftcp_peer *peer;

	peer = list_first_entry_or_null(&tunnel->peers, struct ftcp_peer, list);
	if (!tunnel->mode->one_peer || !peer)
		return 0;
	change.config = kmemdup(rtnl_dereference(peer->config),
				sizeof(*change.config), GFP_KERNEL_ACCOUNT);
	if (!change.config)
		return -ENOMEM;
	change.config->wire = wire;
	return ftcp_peer_set(tunnel, peer->name, &change, extack);
}

int faketcp_nl_tunnel_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const u8 fixed[] = { FTCP_A_MODE, FTCP_A_PORT, FTCP_A_LOCAL,
				    FTCP_A_LISTEN, FTCP_A_TARGET,
				    FTCP_A_ENDPOINT, FTCP_A_ENDPOINT_NAME };
	struct ftcp_tunnel *tunnel;
	int err, i;

	rtnl_lock();
	tunnel = ftcp_req_tunnel(info);
	err = PTR_ERR_OR_ZERO(tunnel);
	for (i = 0; !err && i < ARRAY_SIZE(fixed); i++) {
		if (info->attrs[fixed[i]])
			err = ftcp_req_refuse(
				info, fixed[i], -EOPNOTSUPP,
				"cannot be changed while the tunnel lives");
	}
	if (!err)
		err = ftcp_req_may_use_underlay(skb, info, tunnel->link);
	if (!err)
		err = check_limits(info, tunnel->underlay);
	if (!err)
		err = check_mode(info, tunnel->mode, false);
	if (!err && info->attrs[FTCP_A_WIRE])
		err = set_only_peer_wire(tunnel,
					 nla_get_u32(info->attrs[FTCP_A_WIRE]),
					 info->extack);
	if (!err) {
		get_config(info, &tunnel->config);
		ftcp_netlink_tunnel_event(tunnel, FAKETCP_CMD_TUNNEL_ADD_NTF);
	}
	rtnl_unlock();
	return err;
}

int faketcp_nl_tunnel_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ftcp_tunnel *tunnel;
	int err;

	rtnl_lock();
	tunnel = ftcp_req_tunnel(info);
	err = PTR_ERR_OR_ZERO(tunnel);
	if (!err)
		ftcp_tunnel_del(tunnel);
	rtnl_unlock();
	return err;
}
