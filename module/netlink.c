// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: requests are checked word by word here and
 * carried out elsewhere.
 *
 * Every handler takes RTNL, which serialises all changes of configuration.
 * Policy and table of operations are generated from the specification.
 */
#include <linux/rtnetlink.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "compat/compat.h"
#include "datapath.h"
#include "device.h"
#include "flow.h"
#include "gso.h"
#include "netlink.h"
#include "netlink_gen.h"
#include "peer.h"
#include "table.h"
#include "tunnel.h"

static struct genl_family family;

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

static struct net_device *find_device(struct net *net, struct nlattr **attrs)
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
	struct net_device *dev = find_device(genl_info_net(info), info->attrs);

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

/* Whoever was given a link whose underlay is another namespace may use it, but
 * neither take that namespace's ports, for tunnels or for flows that have the
 * port of their datagrams, nor mark packets there, nor send them from addresses
 * of their own choice.
 */
static int may_use_underlay(struct sk_buff *skb, struct genl_info *info,
			    struct ftcp_link *link)
{
	struct net *underlay = rtnl_dereference(link->underlay);

	if (!underlay ||
	    netlink_ns_capable(skb, underlay->user_ns, CAP_NET_ADMIN))
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

int faketcp_nl_tunnel_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ftcp_tunnel_params p;
	struct ftcp_link *link;
	int err;

	rtnl_lock();
	link = get_link(info);
	err = PTR_ERR_OR_ZERO(link);
	if (!err)
		err = get_tunnel_params(info, &p);
	if (!err)
		err = may_use_underlay(skb, info, link);
	if (!err)
		err = ftcp_tunnel_new(link, &p, info->extack);
	rtnl_unlock();
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

static int set_peer(struct genl_info *info, struct ftcp_tunnel *tunnel)
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
		err = set_peer(info, tunnel);
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
	ftcp_peer_del(peer);
	err = 0;
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

/* ---- answers ---- */

static int put_end(struct sk_buff *msg, int attr, const struct ftcp_end *end)
{
	struct sockaddr_storage ss;
	int len = ftcp_end_to_sockaddr(end, &ss);

	return nla_put(msg, attr, len, &ss);
}

static int put_tunnel_id(struct sk_buff *msg, const struct ftcp_tunnel *tunnel)
{
	return nla_put_u32(msg, FTCP_A_IFINDEX, tunnel->link->dev->ifindex) ||
	       nla_put_string(msg, FTCP_A_IFNAME, tunnel->link->dev->name) ||
	       nla_put_string(msg, FTCP_A_TUNNEL, tunnel->name);
}

/* What both tunnels and flows count, into a nest of either. */
static int put_counts(struct sk_buff *msg, u64 tx_packets, u64 tx_bytes,
		      u64 rx_packets, u64 rx_bytes)
{
	return nla_put_u64_64bit(msg, FTCP_STATS_TX_PACKETS, tx_packets,
				 FTCP_STATS_PAD) ||
	       nla_put_u64_64bit(msg, FTCP_STATS_TX_BYTES, tx_bytes,
				 FTCP_STATS_PAD) ||
	       nla_put_u64_64bit(msg, FTCP_STATS_RX_PACKETS, rx_packets,
				 FTCP_STATS_PAD) ||
	       nla_put_u64_64bit(msg, FTCP_STATS_RX_BYTES, rx_bytes,
				 FTCP_STATS_PAD);
}

static int put_tunnel_stats(struct sk_buff *msg,
			    const struct ftcp_tunnel *tunnel)
{
	struct ftcp_stats_sum sum;
	struct nlattr *nest;
	int i;

	ftcp_stats_read(tunnel->stats, &sum);
	nest = nla_nest_start(msg, FTCP_A_STATS);
	if (!nest ||
	    put_counts(msg, sum.tx_packets, sum.tx_bytes, sum.rx_packets,
		       sum.rx_bytes) ||
	    nla_put_u64_64bit(msg, FTCP_STATS_TX_HELD, sum.tx_held,
			      FTCP_STATS_PAD) ||
	    nla_put_u64_64bit(msg, FTCP_STATS_TX_BATCHES, sum.tx_batches,
			      FTCP_STATS_PAD) ||
	    nla_put_u64_64bit(msg, FTCP_STATS_TX_HOLD, sum.tx_hold,
			      FTCP_STATS_PAD))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	nest = nla_nest_start(msg, FTCP_A_DROPS);
	if (!nest)
		return -EMSGSIZE;
	for (i = FTCP_DROP_PAD + 1; i < __FTCP_DROP_MAX; i++) {
		if (nla_put_u64_64bit(msg, i, sum.drops[i], FTCP_DROP_PAD))
			return -EMSGSIZE;
	}
	nla_nest_end(msg, nest);
	nest = nla_nest_start(msg, FTCP_A_ENDED);
	if (!nest)
		return -EMSGSIZE;
	/* the attributes are in the order of the enum, behind the padding */
	BUILD_BUG_ON(FTCP_ENDED_PAD + FTCP_REASON_MAX != FTCP_ENDED_MAX);
	for (i = FTCP_REASON_CLOSED; i < __FTCP_REASON_MAX; i++) {
		if (nla_put_u64_64bit(msg, FTCP_ENDED_PAD + i, sum.ended[i],
				      FTCP_ENDED_PAD))
			return -EMSGSIZE;
	}
	nla_nest_end(msg, nest);
	return 0;
}

static int put_flow_stats(struct sk_buff *msg, const struct ftcp_flow *flow)
{
	struct nlattr *nest = nla_nest_start(msg, FTCP_A_STATS);

	if (!nest || put_counts(msg, atomic64_read(&flow->tx_packets),
				atomic64_read(&flow->tx_bytes),
				atomic64_read(&flow->rx_packets),
				atomic64_read(&flow->rx_bytes)))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int fill_tunnel(struct sk_buff *msg, const struct ftcp_tunnel *tunnel,
		       u32 portid, u32 seq, int flags, u8 cmd)
{
	const struct ftcp_tunnel_config *c = &tunnel->config;
	struct ftcp_end local = tunnel->accept;
	void *hdr = genlmsg_put(msg, portid, seq, &family, flags, cmd);

	if (!hdr)
		return -EMSGSIZE;
	local.port = 0;
	if (put_tunnel_id(msg, tunnel) ||
	    nla_put_u32(msg, FTCP_A_MODE, tunnel->mode) ||
	    (tunnel->accept.port &&
	     nla_put_u16(msg, FTCP_A_PORT, ntohs(tunnel->accept.port))) ||
	    (!ftcp_end_is_any(&local) && put_end(msg, FTCP_A_LOCAL, &local)) ||
	    (tunnel->mode == FTCP_MODE_LISTEN &&
	     put_end(msg, FTCP_A_LISTEN, &tunnel->listen)) ||
	    (tunnel->mode == FTCP_MODE_FORWARD &&
	     put_end(msg, FTCP_A_TARGET, &tunnel->target)) ||
	    nla_put_u32(msg, FTCP_A_WIRE, c->wire) ||
	    nla_put_u32(msg, FTCP_A_IDLE, c->idle) ||
	    nla_put_u32(msg, FTCP_A_KEEPALIVE, c->keepalive) ||
	    nla_put_u32(msg, FTCP_A_KEEPALIVE_INTERVAL,
			c->keepalive_interval) ||
	    nla_put_u32(msg, FTCP_A_KEEPALIVE_PROBES, c->keepalive_probes) ||
	    nla_put_u32(msg, FTCP_A_MAX_AGE, c->max_age) ||
	    nla_put_u64_64bit(msg, FTCP_A_MAX_BYTES, c->max_bytes,
			      FTCP_A_PAD) ||
	    nla_put_u32(msg, FTCP_A_FWMARK, c->fwmark) ||
	    nla_put_u32(msg, FTCP_A_MAX_FLOWS, c->max_flows) ||
	    nla_put_u32(msg, FTCP_A_QUEUE, c->queue) ||
	    nla_put_u32(msg, FTCP_A_DF, c->df) ||
	    (tunnel->mode == FTCP_MODE_FORWARD &&
	     nla_put_u32(msg, FTCP_A_UNREACHABLE, c->unreachable)) ||
	    nla_put_u32(msg, FTCP_A_MAX_FLOWS_PER_SOURCE, c->max_per_source) ||
	    nla_put_u32(msg, FTCP_A_QUEUE_BYTES, c->queue_bytes) ||
	    nla_put_u32(msg, FTCP_A_COALESCE, c->coalesce) ||
	    nla_put_u32(msg, FTCP_A_FLOWS, atomic_read(&tunnel->nflows)) ||
	    put_tunnel_stats(msg, tunnel)) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return 0;
}

static int put_range(struct sk_buff *msg, const struct ftcp_range *range)
{
	struct nlattr *nest = nla_nest_start(msg, FTCP_A_ALLOWED_IP);
	bool v4 = range->family == AF_INET;

	if (!nest ||
	    (v4 ? nla_put_in_addr(msg, FTCP_ALLOWED_IP_ADDR,
				  range->addr.s6_addr32[3]) :
		  nla_put_in6_addr(msg, FTCP_ALLOWED_IP_ADDR, &range->addr)) ||
	    nla_put_u8(msg, FTCP_ALLOWED_IP_PREFIX,
		       range->prefix - (v4 ? 96 : 0)))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* As many of a peer's ranges as fit, from *@range on; a peer with more has
 * several messages.
 */
static int fill_peer(struct sk_buff *msg, const struct ftcp_peer *peer,
		     u32 portid, u32 seq, unsigned int *range)
{
	const struct ftcp_peer_config *c = rtnl_dereference(peer->config);
	void *hdr = genlmsg_put(msg, portid, seq, &family, NLM_F_MULTI,
				FAKETCP_CMD_PEER_GET);
	unsigned int first = *range;
	void *mark;

	if (!hdr)
		return -EMSGSIZE;
	if (put_tunnel_id(msg, peer->tunnel) ||
	    nla_put_string(msg, FTCP_A_PEER, peer->name) ||
	    nla_put_u32(msg, FTCP_A_ENDPOINT_KIND, c->kind) ||
	    (c->kind == FTCP_ENDPOINT_ADDR &&
	     put_end(msg, FTCP_A_ENDPOINT, &c->endpoint)) ||
	    (c->endpoint_name[0] &&
	     nla_put_string(msg, FTCP_A_ENDPOINT_NAME, c->endpoint_name)) ||
	    nla_put_u32(msg, FTCP_A_WIRE, c->wire) ||
	    nla_put_u32(msg, FTCP_A_FLOWS, atomic_read(&peer->nflows)))
		goto cancel;
	for (; *range < c->nranges; ++*range) {
		mark = skb_tail_pointer(msg);
		if (!put_range(msg, &c->ranges[*range]))
			continue;
		nlmsg_trim(msg, mark);
		if (*range == first)
			goto cancel;
		genlmsg_end(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	*range = 0;
	return 0;

cancel:
	genlmsg_cancel(msg, hdr);
	return -EMSGSIZE;
}

/* Of the path as it is known now: what the flow remembers may be older than
 * what an ICMP error said meanwhile.
 */
static u32 flow_mtu(struct ftcp_flow *flow)
{
	const struct dst_entry *dst;
	bool usable;

	spin_lock_bh(&flow->lock);
	usable = flow->outer_hashed;
	spin_unlock_bh(&flow->lock);
	dst = usable ? ftcp_flow_outer_dst(flow) :
		       rcu_dereference(flow->outer_route.dst);
	return dst ? dst_mtu(dst) - FTCP_HLEN -
			     ftcp_ip_hlen(flow->outer.local.family) :
		     0;
}

/* @reason: that of its end, 0 of a flow that goes on. */
static int fill_flow(struct sk_buff *msg, struct ftcp_flow *flow, u32 portid,
		     u32 seq, int flags, u8 cmd, u32 reason)
{
	void *hdr = genlmsg_put(msg, portid, seq, &family, flags, cmd);
	u64 now = ftcp_now();

	if (!hdr)
		return -EMSGSIZE;
	if (put_tunnel_id(msg, flow->tunnel) ||
	    nla_put_string(msg, FTCP_A_PEER, flow->peer->name) ||
	    nla_put_u32(msg, FTCP_A_STATE, ftcp_load(flow->conn.state)) ||
	    put_end(msg, FTCP_A_LOCAL, &flow->outer.local) ||
	    put_end(msg, FTCP_A_REMOTE, &flow->outer.remote) ||
	    (flow->inner.pair.local.port &&
	     (put_end(msg, FTCP_A_INNER_LOCAL, &flow->inner.pair.local) ||
	      put_end(msg, FTCP_A_INNER_REMOTE, &flow->inner.pair.remote))) ||
	    nla_put_u32(msg, FTCP_A_WIRE, flow->conn.zero_iss ?
						  FTCP_WIRE_PHANTUN :
						  FTCP_WIRE_NATIVE) ||
	    nla_put_u64_64bit(msg, FTCP_A_AGE, now - flow->created,
			      FTCP_A_PAD) ||
	    nla_put_u64_64bit(msg, FTCP_A_RX_AGE,
			      now - min(now, ftcp_load(flow->conn.last_rx)),
			      FTCP_A_PAD) ||
	    nla_put_u32(msg, FTCP_A_MTU, flow_mtu(flow)) ||
	    put_flow_stats(msg, flow) ||
	    (reason && nla_put_u32(msg, FTCP_A_REASON, reason))) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return 0;
}

/* ---- dumps ---- */

/* Where a dump is: how many of the things that it lists are done, and how many
 * of the present one's parts.
 */
struct dump {
	struct sk_buff *msg;
	struct netlink_callback *cb;
	unsigned long skip;
	unsigned long done;
};

typedef int (*dump_tunnel_fn)(struct dump *d, struct ftcp_tunnel *tunnel);

static int dump(struct sk_buff *msg, struct netlink_callback *cb,
		dump_tunnel_fn fn)
{
	struct nlattr **attrs = ftcp_compat_dump_attrs(cb);
	struct net *net = sock_net(cb->skb->sk);
	struct dump d = { msg, cb, cb->args[0], 0 };
	struct net_device *dev, *only;
	struct ftcp_tunnel *tunnel;
	int err = 0;

	rtnl_lock();
	only = find_device(net, attrs);
	if (!only && (attrs[FTCP_A_IFINDEX] || attrs[FTCP_A_IFNAME]))
		err = -ENODEV;
	if (only && !ftcp_device_check(only))
		err = -EOPNOTSUPP;
	if (err)
		goto out;
	for_each_netdev(net, dev) {
		struct ftcp_link *link = netdev_priv(dev);

		if (!ftcp_device_check(dev) || (only && dev != only))
			continue;
		list_for_each_entry(tunnel, &link->tunnels, list) {
			if (attrs[FTCP_A_TUNNEL] &&
			    nla_strcmp(attrs[FTCP_A_TUNNEL], tunnel->name))
				continue;
			err = fn(&d, tunnel);
			if (err)
				goto full;
		}
	}
full:
	cb->args[0] = d.done;
	err = msg->len ?: (err == -EMSGSIZE ? err : 0);
out:
	rtnl_unlock();
	return err;
}

static int dump_tunnel(struct dump *d, struct ftcp_tunnel *tunnel)
{
	int err = 0;

	if (d->done >= d->skip)
		err = fill_tunnel(d->msg, tunnel, NETLINK_CB(d->cb->skb).portid,
				  d->cb->nlh->nlmsg_seq, NLM_F_MULTI,
				  FAKETCP_CMD_TUNNEL_GET);
	d->done += !err;
	return err;
}

static int dump_peers(struct dump *d, struct ftcp_tunnel *tunnel)
{
	struct ftcp_peer *peer;
	int err = 0;

	list_for_each_entry(peer, &tunnel->peers, list) {
		unsigned int range = d->cb->args[1];

		if (d->done >= d->skip) {
			err = fill_peer(d->msg, peer,
					NETLINK_CB(d->cb->skb).portid,
					d->cb->nlh->nlmsg_seq, &range);
			d->cb->args[1] = range;
		}
		if (err)
			break;
		d->done++;
	}
	return err;
}

static int dump_flows(struct dump *d, struct ftcp_tunnel *tunnel)
{
	struct ftcp_flow *flow;
	int err = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(flow, &tunnel->flows, list) {
		if (d->done >= d->skip)
			err = fill_flow(d->msg, flow,
					NETLINK_CB(d->cb->skb).portid,
					d->cb->nlh->nlmsg_seq, NLM_F_MULTI,
					FAKETCP_CMD_FLOW_GET, 0);
		if (err)
			break;
		d->done++;
	}
	rcu_read_unlock();
	return err;
}

int faketcp_nl_tunnel_get_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb)
{
	return dump(skb, cb, dump_tunnel);
}

int faketcp_nl_peer_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump(skb, cb, dump_peers);
}

int faketcp_nl_flow_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump(skb, cb, dump_flows);
}

/* ---- events ---- */

static struct sk_buff *new_event(const struct ftcp_tunnel *tunnel, gfp_t gfp)
{
	if (!genl_has_listeners(&family, dev_net(tunnel->link->dev),
				FAKETCP_NLGRP_EVENTS))
		return NULL;
	return genlmsg_new(NLMSG_DEFAULT_SIZE, gfp);
}

static void send_event(const struct ftcp_tunnel *tunnel, struct sk_buff *msg,
		       int err, gfp_t gfp)
{
	if (err)
		nlmsg_free(msg);
	else
		genlmsg_multicast_netns(&family, dev_net(tunnel->link->dev),
					msg, 0, FAKETCP_NLGRP_EVENTS, gfp);
}

/**
 * ftcp_netlink_tunnel_event() - tell listeners about a tunnel
 * @tunnel: the tunnel
 * @cmd: FAKETCP_CMD_TUNNEL_ADD_NTF or FAKETCP_CMD_TUNNEL_DEL_NTF
 *
 * Context: RTNL, sleeps.
 */
void ftcp_netlink_tunnel_event(struct ftcp_tunnel *tunnel, u8 cmd)
{
	struct sk_buff *msg = new_event(tunnel, GFP_KERNEL);

	if (msg)
		send_event(tunnel, msg, fill_tunnel(msg, tunnel, 0, 0, 0, cmd),
			   GFP_KERNEL);
}

static void flow_event(struct ftcp_flow *flow, u8 cmd, u32 reason)
{
	struct sk_buff *msg = new_event(flow->tunnel, GFP_ATOMIC);

	if (msg)
		send_event(flow->tunnel, msg,
			   fill_flow(msg, flow, 0, 0, 0, cmd, reason),
			   GFP_ATOMIC);
}

/**
 * ftcp_netlink_flow_added() - tell listeners that a flow is established
 * @flow: the flow
 *
 * Context: RCU read-side critical section.
 */
void ftcp_netlink_flow_added(struct ftcp_flow *flow)
{
	flow_event(flow, FAKETCP_CMD_FLOW_ADD_NTF, 0);
}

/**
 * ftcp_netlink_flow_ended() - tell listeners that a flow has ended
 * @flow: the flow
 * @reason: why
 *
 * Context: RCU read-side critical section.
 */
void ftcp_netlink_flow_ended(struct ftcp_flow *flow, enum ftcp_reason reason)
{
	flow_event(flow, FAKETCP_CMD_FLOW_DEL_NTF, reason);
}

/* ---- module ---- */

static const struct genl_multicast_group mcgrps[] = {
	/* what events say of flows is as confidential as a dump */
	[FAKETCP_NLGRP_EVENTS] = {
		.name = FAKETCP_MCGRP_EVENTS,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

static struct genl_family family __ro_after_init = {
	.name		= FTCP_GENL_NAME,
	.version	= FTCP_GENL_VERSION,
	.maxattr	= ARRAY_SIZE(faketcp_nl_policy) - 1,
	.policy		= faketcp_nl_policy,
	.netnsok	= true,
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
	return genl_register_family(&family);
}

/**
 * ftcp_netlink_exit() - accept no more requests
 */
void ftcp_netlink_exit(void)
{
	genl_unregister_family(&family);
}
