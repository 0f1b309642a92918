// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family, and its requests, which are checked word by word
 * here and carried out elsewhere.  What is told is in netlink_tell.c.
 *
 * Every handler takes RTNL, which serialises all changes of configuration; no lock of
 * generic netlink is needed, which is one for many families.
 * Policy and table of operations are generated from the specification.
 */
#include <linux/rtnetlink.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "compat/compat.h"
#include "device.h"
#include "flow.h"
#include "netlink.h"
#include "netlink_gen.h"
#include "peer.h"
#include "reaper.h"
#include "table.h"
#include "tunnel.h"

/**
 * ftcp_netlink_error() - say why a request is refused
 * @extack: extended acknowledgement of the request, or NULL
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

/* Refuse because of one attribute. */
#define refuse(info, attr, err, msg) ({					\
	NL_SET_ERR_MSG_ATTR((info)->extack, (info)->attrs[attr], msg);	\
	err;								\
})

/* ---- reading requests ---- */

/**
 * ftcp_netlink_device() - the device that a request names
 * @net: network namespace
 * @attrs: the request's attributes
 *
 * Context: RTNL.
 * Return: the device, or NULL if there is none, or none is named.
 */
struct net_device *ftcp_netlink_device(struct net *net, struct nlattr **attrs)
{
	struct net_device *dev = NULL;

	if (attrs[FTCP_A_IFINDEX])
		dev = __dev_get_by_index(net,
					 nla_get_u32(attrs[FTCP_A_IFINDEX]));
	else if (attrs[FTCP_A_IFNAME])
		dev = __dev_get_by_name(net, nla_data(attrs[FTCP_A_IFNAME]));
	return dev;
}

static struct ftcp_link *get_link(struct genl_info *info)
{
	struct net_device *dev = ftcp_netlink_device(genl_info_net(info),
						     info->attrs);

	if (!info->attrs[FTCP_A_IFINDEX] && !info->attrs[FTCP_A_IFNAME]) {
		NL_SET_ERR_MSG(info->extack, "ifindex or ifname is required");
		return ERR_PTR(-EINVAL);
	}
	if (!dev) {
		NL_SET_ERR_MSG(info->extack, "no such link");
		return ERR_PTR(-ENODEV);
	}
	if (!ftcp_device_check(dev)) {
		NL_SET_ERR_MSG(info->extack, "the link is not of type faketcp");
		return ERR_PTR(-EOPNOTSUPP);
	}
	return netdev_priv(dev);
}

static bool name_sound(const char *name)
{
	if (!*name)
		return false;
	for (; *name; name++) {
		/* the kernel's isgraph() knows Latin-1 as well */
		if (!isascii(*name) || !isgraph(*name) || *name == '/')
			return false;
	}
	return true;
}

static const char *get_name(struct genl_info *info, int attr, const char *what)
{
	if (!info->attrs[attr]) {
		ftcp_netlink_error(info->extack, "the name of the %s is required",
				   what);
		return NULL;
	}
	if (!name_sound(nla_data(info->attrs[attr]))) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[attr],
				    "a name is made of printable ASCII characters other than space and slash");
		return NULL;
	}
	return nla_data(info->attrs[attr]);
}

static struct ftcp_tunnel *get_tunnel(struct genl_info *info)
{
	struct ftcp_link *link = get_link(info);
	struct ftcp_tunnel *tunnel;
	const char *name;

	if (IS_ERR(link))
		return ERR_CAST(link);
	name = get_name(info, FTCP_A_TUNNEL, "tunnel");
	if (!name)
		return ERR_PTR(-EINVAL);
	tunnel = ftcp_tunnel_find(link, name);
	if (!tunnel) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[FTCP_A_TUNNEL],
				    "no such tunnel on the link");
		return ERR_PTR(-ENOENT);
	}
	return tunnel;
}

/* The name that an endpoint was found from; it comes with its endpoint only. */
static int get_endpoint_name(struct genl_info *info, const char **name)
{
	const struct nlattr *nla = info->attrs[FTCP_A_ENDPOINT_NAME];

	*name = NULL;
	if (!nla)
		return 0;
	if (!info->attrs[FTCP_A_ENDPOINT])
		return refuse(info, FTCP_A_ENDPOINT_NAME, -EINVAL,
			      "endpoint-name has no meaning without endpoint");
	if (!name_sound(nla_data(nla)))
		return refuse(info, FTCP_A_ENDPOINT_NAME, -EINVAL,
			      "a name is made of printable ASCII characters other than space and slash");
	*name = nla_data(nla);
	return 0;
}

enum {
	WANT_PORT = 1,		/* a port other than 0 */
	WANT_ADDR = 2,		/* an address other than any */
};

static int get_end(struct genl_info *info, int attr, unsigned int want,
		   struct ftcp_end *end)
{
	const struct nlattr *nla = info->attrs[attr];
	const struct sockaddr_in6 *sin6 = nla_data(nla);
	const struct sockaddr_in *sin = nla_data(nla);
	int type;

	if (nla_len(nla) < sizeof(*sin))
		return refuse(info, attr, -EINVAL,
			      "expected a struct sockaddr_in or sockaddr_in6");
	if (sin->sin_family == AF_INET) {
		ftcp_end_set_v4(end, sin->sin_addr.s_addr, sin->sin_port);
		if (ipv4_is_multicast(sin->sin_addr.s_addr) ||
		    ipv4_is_lbcast(sin->sin_addr.s_addr))
			return refuse(info, attr, -EINVAL,
				      "the address is not one of a single host");
	} else if (sin6->sin6_family == AF_INET6 &&
		   nla_len(nla) >= sizeof(*sin6)) {
		ftcp_end_set_v6(end, &sin6->sin6_addr, sin6->sin6_port);
		type = ipv6_addr_type(&end->addr);
		if (type & IPV6_ADDR_MULTICAST)
			return refuse(info, attr, -EINVAL,
				      "the address is not one of a single host");
		if (type & IPV6_ADDR_LINKLOCAL)
			return refuse(info, attr, -EINVAL,
				      "link-local addresses are not supported");
		if (type & IPV6_ADDR_MAPPED)
			return refuse(info, attr, -EINVAL,
				      "IPv4-mapped addresses are not supported: use IPv4");
	} else {
		return refuse(info, attr, -EAFNOSUPPORT,
			      "expected a struct sockaddr_in or sockaddr_in6");
	}
	if ((want & WANT_PORT) && !end->port)
		return refuse(info, attr, -EINVAL, "the port is missing");
	if ((want & WANT_ADDR) && ftcp_end_is_any(end))
		return refuse(info, attr, -EINVAL, "the address is missing");
	return 0;
}

static void get_config(struct genl_info *info, struct ftcp_tunnel_config *c)
{
	static const struct {
		u16 attr;
		u16 offset;
	} members[] = {
		{ FTCP_A_WIRE, offsetof(struct ftcp_tunnel_config, wire) },
		{ FTCP_A_IDLE, offsetof(struct ftcp_tunnel_config, idle) },
		{ FTCP_A_KEEPALIVE,
		  offsetof(struct ftcp_tunnel_config, keepalive) },
		{ FTCP_A_KEEPALIVE_INTERVAL,
		  offsetof(struct ftcp_tunnel_config, keepalive_interval) },
		{ FTCP_A_KEEPALIVE_PROBES,
		  offsetof(struct ftcp_tunnel_config, keepalive_probes) },
		{ FTCP_A_MAX_AGE, offsetof(struct ftcp_tunnel_config, max_age) },
		{ FTCP_A_FWMARK, offsetof(struct ftcp_tunnel_config, fwmark) },
		{ FTCP_A_MAX_FLOWS,
		  offsetof(struct ftcp_tunnel_config, max_flows) },
		{ FTCP_A_QUEUE, offsetof(struct ftcp_tunnel_config, queue) },
		{ FTCP_A_DF, offsetof(struct ftcp_tunnel_config, df) },
		{ FTCP_A_UNREACHABLE,
		  offsetof(struct ftcp_tunnel_config, unreachable) },
		{ FTCP_A_MAX_FLOWS_PER_SOURCE,
		  offsetof(struct ftcp_tunnel_config, max_per_source) },
		{ FTCP_A_QUEUE_BYTES,
		  offsetof(struct ftcp_tunnel_config, queue_bytes) },
		{ FTCP_A_COALESCE,
		  offsetof(struct ftcp_tunnel_config, coalesce) },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(members); i++) {
		const struct nlattr *nla = info->attrs[members[i].attr];

		if (nla)
			WRITE_ONCE(*(u32 *)((u8 *)c + members[i].offset),
				   nla_get_u32(nla));
	}
	if (info->attrs[FTCP_A_MAX_BYTES])
		WRITE_ONCE(c->max_bytes,
			   nla_get_u64(info->attrs[FTCP_A_MAX_BYTES]));
}

/* The attributes that belong to one mode only: required (R), optional (O), or
 * refused.
 */
static int check_mode(struct genl_info *info, u32 mode)
{
	enum { N, O, R };
	static const struct {
		u8 attr;
		u8 use[3];
		const char *name;
	} rules[] = {
		/*		    routed, listen, forward */
		{ FTCP_A_PORT,	    { O, N, R }, "port" },
		{ FTCP_A_LOCAL,	    { O, N, O }, "local" },
		{ FTCP_A_LISTEN,    { N, R, N }, "listen" },
		{ FTCP_A_ENDPOINT,  { N, R, N }, "endpoint" },
		{ FTCP_A_ENDPOINT_NAME, { N, O, N }, "endpoint-name" },
		{ FTCP_A_TARGET,    { N, N, R }, "target" },
		{ FTCP_A_UNREACHABLE, { N, N, O }, "unreachable" },
	};
	static const char *const modes[] = { "routed", "listen", "forward" };
	int i;

	BUILD_BUG_ON(FTCP_MODE_ROUTED != 0 || FTCP_MODE_LISTEN != 1 ||
		     FTCP_MODE_FORWARD != 2);
	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		bool given = info->attrs[rules[i].attr];

		if (!given && rules[i].use[mode] == R) {
			ftcp_netlink_error(info->extack,
					   "%s is required in mode %s",
					   rules[i].name, modes[mode]);
			return -EINVAL;
		}
		if (given && rules[i].use[mode] == N) {
			ftcp_netlink_error(info->extack,
					   "%s has no meaning in mode %s",
					   rules[i].name, modes[mode]);
			return -EINVAL;
		}
	}
	if (info->attrs[FTCP_A_LOCAL] && !info->attrs[FTCP_A_PORT])
		return refuse(info, FTCP_A_LOCAL, -EINVAL,
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
	p->name = get_name(info, FTCP_A_TUNNEL, "tunnel");
	if (!p->name)
		return -EINVAL;
	if (!attrs[FTCP_A_MODE]) {
		NL_SET_ERR_MSG(info->extack, "the mode is required");
		return -EINVAL;
	}
	p->mode = nla_get_u32(attrs[FTCP_A_MODE]);
	err = check_mode(info, p->mode);
	if (err)
		return err;

	p->accept.family = AF_INET6;
	if (attrs[FTCP_A_LOCAL]) {
		err = get_end(info, FTCP_A_LOCAL, WANT_ADDR, &p->accept);
		if (err)
			return err;
		if (p->accept.port)
			return refuse(info, FTCP_A_LOCAL, -EINVAL,
				      "local takes an address without a port");
	}
	if (attrs[FTCP_A_PORT])
		p->accept.port = htons(nla_get_u16(attrs[FTCP_A_PORT]));
	if (attrs[FTCP_A_LISTEN])
		err = get_end(info, FTCP_A_LISTEN, WANT_PORT, &p->listen);
	if (!err && attrs[FTCP_A_ENDPOINT])
		err = get_end(info, FTCP_A_ENDPOINT, WANT_PORT | WANT_ADDR,
			      &p->endpoint);
	if (!err && attrs[FTCP_A_TARGET])
		err = get_end(info, FTCP_A_TARGET, WANT_PORT | WANT_ADDR,
			      &p->target);
	if (!err)
		err = get_endpoint_name(info, &p->endpoint_name);
	if (err)
		return err;
	get_config(info, &p->config);
	return 0;
}

static bool is_privileged(struct sk_buff *skb, const struct ftcp_link *link)
{
	const struct net *underlay = rtnl_dereference(link->underlay);

	return !underlay ||
	       netlink_ns_capable(skb, underlay->user_ns, CAP_NET_ADMIN);
}

/* Whoever was given a link whose underlay is another namespace may use it, but
 * neither take that namespace's ports, for tunnels or for flows that have the
 * port of their datagrams, nor mark packets there, nor send them from addresses
 * of their own choice.
 */
static int may_use_underlay(struct sk_buff *skb, struct genl_info *info,
			    struct ftcp_link *link)
{
	if (is_privileged(skb, link))
		return 0;
	if (info->attrs[FTCP_A_PORT])
		return refuse(info, FTCP_A_PORT, -EPERM,
			      "reserving a port takes CAP_NET_ADMIN in the underlay's namespace");
	if (info->attrs[FTCP_A_FWMARK])
		return refuse(info, FTCP_A_FWMARK, -EPERM,
			      "a mark takes CAP_NET_ADMIN in the underlay's namespace");
	if (info->attrs[FTCP_A_ENDPOINT_KIND] &&
	    nla_get_u32(info->attrs[FTCP_A_ENDPOINT_KIND]) ==
		    FTCP_ENDPOINT_SAME)
		return refuse(info, FTCP_A_ENDPOINT_KIND, -EPERM,
			      "endpoint same takes CAP_NET_ADMIN in the underlay's namespace");
	return 0;
}

/* ---- tunnels ---- */

/* What a tunnel is given beyond what all of its namespace have would be a promise
 * that is not kept.
 */
static int check_limits(struct genl_info *info, const struct net *underlay)
{
	const struct ftcp_net *fn = ftcp_net(underlay);

	if (info->attrs[FTCP_A_MAX_FLOWS] &&
	    nla_get_u32(info->attrs[FTCP_A_MAX_FLOWS]) >
		    READ_ONCE(fn->max_flows))
		return refuse(info, FTCP_A_MAX_FLOWS, -EPERM,
			      "max-flows: more than net.faketcp.max_flows, which the host's administrator sets");
	if (info->attrs[FTCP_A_QUEUE_BYTES] &&
	    nla_get_u32(info->attrs[FTCP_A_QUEUE_BYTES]) >
		    READ_ONCE(fn->max_queue_bytes))
		return refuse(info, FTCP_A_QUEUE_BYTES, -EPERM,
			      "queue-bytes: more than net.faketcp.max_queue_bytes, which the host's administrator sets");
	return 0;
}

/* Make the tunnel that is asked for; *@busy is the underlay, with a reference, if it
 * is for a port in use that it cannot be made, which flows that are on their way out
 * may have.
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
	link = get_link(info);
	err = PTR_ERR_OR_ZERO(link);
	if (!err)
		err = get_tunnel_params(info, &p);
	if (!err)
		err = may_use_underlay(skb, info, link);
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

/* The one peer of a tunnel that listens is made with the tunnel, and keeps to
 * the tunnel's wire.
 */
static int set_only_peer_wire(struct ftcp_tunnel *tunnel, u32 wire,
			      struct netlink_ext_ack *extack)
{
	const struct ftcp_peer_config *old;
	struct ftcp_peer_config *config;
	struct ftcp_peer *peer;

	peer = list_first_entry_or_null(&tunnel->peers, struct ftcp_peer, list);
	if (tunnel->mode != FTCP_MODE_LISTEN || !peer)
		return 0;
	old = rtnl_dereference(peer->config);
	config = ftcp_peer_config_alloc(old->nranges);
	if (!config)
		return -ENOMEM;
	memcpy(config, old, struct_size(old, ranges, old->nranges));
	config->wire = wire;
	return ftcp_peer_set(tunnel, peer->name, config, extack);
}

int faketcp_nl_tunnel_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const u8 fixed[] = { FTCP_A_MODE, FTCP_A_PORT, FTCP_A_LOCAL,
				    FTCP_A_LISTEN, FTCP_A_TARGET,
				    FTCP_A_ENDPOINT };
	struct ftcp_tunnel *tunnel;
	int err, i;

	rtnl_lock();
	tunnel = get_tunnel(info);
	err = PTR_ERR_OR_ZERO(tunnel);
	for (i = 0; !err && i < ARRAY_SIZE(fixed); i++) {
		if (info->attrs[fixed[i]])
			err = refuse(info, fixed[i], -EOPNOTSUPP,
				     "cannot be changed while the tunnel lives");
	}
	if (!err)
		err = may_use_underlay(skb, info, tunnel->link);
	if (!err)
		err = check_limits(info, tunnel->underlay);
	if (!err && info->attrs[FTCP_A_UNREACHABLE] &&
	    tunnel->mode != FTCP_MODE_FORWARD)
		err = refuse(info, FTCP_A_UNREACHABLE, -EINVAL,
			     "has a meaning in mode forward only");
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
	tunnel = get_tunnel(info);
	err = PTR_ERR_OR_ZERO(tunnel);
	if (!err)
		ftcp_tunnel_del(tunnel);
	rtnl_unlock();
	return err;
}

/* ---- peers ---- */

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
		NL_SET_ERR_MSG_ATTR(info->extack, nla,
				    "allowed-ips: expected an address of 4 or 16 bytes");
		return -EINVAL;
	}
	bits = nla_len(addr) * 8;
	prefix = tb[FTCP_ALLOWED_IP_PREFIX] ?
			 nla_get_u8(tb[FTCP_ALLOWED_IP_PREFIX]) : bits;
	if (prefix > bits) {
		NL_SET_ERR_MSG_ATTR(info->extack, nla,
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
static int get_endpoint(struct genl_info *info, const struct ftcp_tunnel *tunnel,
			struct ftcp_peer_config *config)
{
	bool tentative = nla_get_flag(info->attrs[FTCP_A_ENDPOINT_TENTATIVE]);
	const char *name;
	int err;

	err = get_endpoint_name(info, &name);
	if (err)
		return err;
	if (info->attrs[FTCP_A_ENDPOINT]) {
		err = get_end(info, FTCP_A_ENDPOINT, WANT_PORT | WANT_ADDR,
			      &config->endpoint);
		if (err)
			return err;
		config->kind = FTCP_ENDPOINT_ADDR;
		strscpy(config->endpoint_name, name ?: "",
			sizeof(config->endpoint_name));
		config->tentative = tentative;
	} else if (tentative) {
		return refuse(info, FTCP_A_ENDPOINT_TENTATIVE, -EINVAL,
			      "endpoint-tentative has no meaning without endpoint");
	}
	if (info->attrs[FTCP_A_ENDPOINT_KIND]) {
		config->kind = nla_get_u32(info->attrs[FTCP_A_ENDPOINT_KIND]);
		if ((config->kind == FTCP_ENDPOINT_ADDR) !=
		    !!info->attrs[FTCP_A_ENDPOINT])
			return refuse(info, FTCP_A_ENDPOINT_KIND, -EINVAL,
				      "kind and presence of the endpoint contradict each other");
	}
	if (config->kind != FTCP_ENDPOINT_ADDR) {
		memset(&config->endpoint, 0, sizeof(config->endpoint));
		config->endpoint_name[0] = '\0';
		config->tentative = false;
	}

	if (tunnel->mode == FTCP_MODE_LISTEN &&
	    config->kind != FTCP_ENDPOINT_ADDR) {
		NL_SET_ERR_MSG(info->extack,
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
	const char *name = get_name(info, FTCP_A_PEER, "peer");
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
		return refuse(info, FTCP_A_PEER, -EINVAL,
			      "a tunnel that listens has one peer");
	if (old && old->kind == FTCP_ENDPOINT_SAME && !privileged &&
	    info->attrs[FTCP_A_ALLOWED_IP])
		return refuse(info, FTCP_A_ALLOWED_IP, -EPERM,
			      "allowed-ips of a peer with endpoint same take CAP_NET_ADMIN in the underlay's namespace");

	nlmsg_for_each_attr(nla, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(nla) == FTCP_A_ALLOWED_IP)
			n++;
	}
	if (n && empty)
		return refuse(info, FTCP_A_NO_ALLOWED_IP, -EINVAL,
			      "allowed-ips: some, and none, contradict each other");
	if (n > FTCP_RANGES_MAX)
		return refuse(info, FTCP_A_ALLOWED_IP, -E2BIG,
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
	tunnel = get_tunnel(info);
	err = PTR_ERR_OR_ZERO(tunnel);
	if (!err)
		err = may_use_underlay(skb, info, tunnel->link);
	if (!err)
		err = set_peer(info, tunnel,
			       is_privileged(skb, tunnel->link));
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
	tunnel = get_tunnel(info);
	err = PTR_ERR_OR_ZERO(tunnel);
	if (err)
		goto out;
	err = -EINVAL;
	name = get_name(info, FTCP_A_PEER, "peer");
	if (!name)
		goto out;
	peer = ftcp_peer_find(tunnel, name);
	if (!peer) {
		err = refuse(info, FTCP_A_PEER, -ENOENT,
			     "no such peer in the tunnel");
		goto out;
	}
	err = ftcp_peer_del(peer, info->extack);
out:
	rtnl_unlock();
	return err;
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
	link = get_link(info);
	err = PTR_ERR_OR_ZERO(link);
	if (err)
		goto out;
	if (!info->attrs[FTCP_A_LOCAL] || !info->attrs[FTCP_A_REMOTE]) {
		NL_SET_ERR_MSG(info->extack, "local and remote are required");
		err = -EINVAL;
		goto out;
	}
	err = get_end(info, FTCP_A_LOCAL, WANT_PORT | WANT_ADDR, &pair.local);
	if (!err)
		err = get_end(info, FTCP_A_REMOTE, WANT_PORT | WANT_ADDR,
			      &pair.remote);
	if (err)
		goto out;

	underlay = rtnl_dereference(link->underlay);
	rcu_read_lock();
	if (underlay)
		flow = ftcp_flow_by_outer(ftcp_net(underlay), &pair);
	if (flow && flow->tunnel->link == link) {
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
	/* what events say of flows is as confidential as a dump */
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
 * ftcp_netlink_init() - accept requests
 *
 * Return: 0 or a negative error.
 */
int __init ftcp_netlink_init(void)
{
	return genl_register_family(&ftcp_netlink_family);
}

/**
 * ftcp_netlink_exit() - accept no more requests
 */
void ftcp_netlink_exit(void)
{
	ftcp_netlink_silence();
	genl_unregister_family(&ftcp_netlink_family);
}
