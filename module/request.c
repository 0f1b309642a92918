// SPDX-License-Identifier: GPL-2.0
/* Parse requests over generic netlink, attribute by attribute. */
#include <linux/rtnetlink.h>
#include <net/genetlink.h>

#include "device.h"
#include "netlink.h"
#include "request.h"
#include "tunnel.h"

/**
 * ftcp_netlink_device() - find the device that a request names
 * @net: network namespace
 * @attrs: the request's attributes
 *
 * Context: RTNL or RCU read-side critical section.
 * Return: the device, or NULL if there is none or none is named.
 */
struct net_device *ftcp_netlink_device(struct net *net, struct nlattr **attrs)
{
	struct net_device *dev = NULL;

	rcu_read_lock();
	if (attrs[FTCP_A_IFINDEX])
		dev = dev_get_by_index_rcu(net,
					   nla_get_u32(attrs[FTCP_A_IFINDEX]));
	else if (attrs[FTCP_A_IFNAME])
		dev = dev_get_by_name_rcu(net, nla_data(attrs[FTCP_A_IFNAME]));
	rcu_read_unlock();
	return dev;
}

/**
 * ftcp_req_link() - find the link that a request names
 * @info: the request
 *
 * Context: RTNL.
 * Return: the link, or an error; extack is set.
 */
struct ftcp_link *ftcp_req_link(struct genl_info *info)
{
	struct net_device *dev =
		ftcp_netlink_device(genl_info_net(info), info->attrs);

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
		/* the kernel's isgraph() accepts Latin-1 */
		if (!isascii(*name) || !isgraph(*name) || *name == '/')
			return false;
	}
	return true;
}

/**
 * ftcp_req_name() - get a name from a request
 * @info: the request
 * @attr: the attribute
 * @what: what it is the name of, for messages
 *
 * Context: RTNL.
 * Return: the name, or NULL if it is missing or invalid; extack is set.
 */
const char *ftcp_req_name(struct genl_info *info, int attr, const char *what)
{
	if (!info->attrs[attr]) {
		ftcp_netlink_error(info->extack,
				   "the name of the %s is required", what);
		return NULL;
	}
	if (!name_sound(nla_data(info->attrs[attr]))) {
		NL_SET_ERR_MSG_ATTR(
			info->extack, info->attrs[attr],
			"a name is made of printable ASCII characters other than space and slash");
		return NULL;
	}
	return nla_data(info->attrs[attr]);
}

/**
 * ftcp_req_tunnel() - find the tunnel that a request names
 * @info: the request
 *
 * Context: RTNL.
 * Return: the tunnel, or an error; extack is set.
 */
struct ftcp_tunnel *ftcp_req_tunnel(struct genl_info *info)
{
	struct ftcp_link *link = ftcp_req_link(info);
	struct ftcp_tunnel *tunnel;
	const char *name;

	if (IS_ERR(link))
		return ERR_CAST(link);
	name = ftcp_req_name(info, FTCP_A_TUNNEL, "tunnel");
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

/**
 * ftcp_req_endpoint_name() - get the name that an endpoint was resolved from
 * @info: the request
 * @name: result; NULL if there is none
 *
 * Return: 0, or an error if it is invalid or lacks an endpoint; extack is set.
 */
int ftcp_req_endpoint_name(struct genl_info *info, const char **name)
{
	const struct nlattr *nla = info->attrs[FTCP_A_ENDPOINT_NAME];

	*name = NULL;
	if (!nla)
		return 0;
	if (!info->attrs[FTCP_A_ENDPOINT])
		return ftcp_req_refuse(
			info, FTCP_A_ENDPOINT_NAME, -EINVAL,
			"endpoint-name has no meaning without endpoint");
	if (!name_sound(nla_data(nla)))
		return ftcp_req_refuse(
			info, FTCP_A_ENDPOINT_NAME, -EINVAL,
			"a name is made of printable ASCII characters other than space and slash");
	*name = nla_data(nla);
	return 0;
}

/**
 * ftcp_req_end() - get an address and port from a request
 * @info: the request
 * @attr: the attribute, which is present
 * @want: FTCP_WANT_PORT and FTCP_WANT_ADDR: what must not be 0
 * @end: result
 *
 * Return: 0 or an error; extack is set.
 */
int ftcp_req_end(struct genl_info *info, int attr, unsigned int want,
		 struct ftcp_end *end)
{
	const struct nlattr *nla = info->attrs[attr];
	const struct sockaddr_in6 *sin6 = nla_data(nla);
	const struct sockaddr_in *sin = nla_data(nla);
	int type;

	if (nla_len(nla) < sizeof(*sin))
		return ftcp_req_refuse(
			info, attr, -EINVAL,
			"expected a struct sockaddr_in or sockaddr_in6");
	if (sin->sin_family == AF_INET) {
		ftcp_end_set_v4(end, sin->sin_addr.s_addr, sin->sin_port);
		if (ipv4_is_multicast(sin->sin_addr.s_addr) ||
		    ipv4_is_lbcast(sin->sin_addr.s_addr))
			return ftcp_req_refuse(
				info, attr, -EINVAL,
				"the address is not one of a single host");
	} else if (sin6->sin6_family == AF_INET6 &&
		   nla_len(nla) >= sizeof(*sin6)) {
		ftcp_end_set_v6(end, &sin6->sin6_addr, sin6->sin6_port);
		type = ipv6_addr_type(&end->addr);
		if (type & IPV6_ADDR_MULTICAST)
			return ftcp_req_refuse(
				info, attr, -EINVAL,
				"the address is not one of a single host");
		if (type & IPV6_ADDR_LINKLOCAL)
			return ftcp_req_refuse(
				info, attr, -EINVAL,
				"link-local addresses are not supported");
		if (type & IPV6_ADDR_MAPPED)
			return ftcp_req_refuse(
				info, attr, -EINVAL,
				"IPv4-mapped addresses are not supported: use IPv4");
	} else {
		return ftcp_req_refuse(
			info, attr, -EAFNOSUPPORT,
			"expected a struct sockaddr_in or sockaddr_in6");
	}
	if ((want & FTCP_WANT_PORT) && !end->port)
		return ftcp_req_refuse(info, attr, -EINVAL,
				       "the port is missing");
	if ((want & FTCP_WANT_ADDR) && ftcp_end_is_any(end))
		return ftcp_req_refuse(info, attr, -EINVAL,
				       "the address is missing");
	return 0;
}

/**
 * ftcp_req_privileged() - check whether the sender may control the underlay
 * @skb: the request
 * @link: the link
 *
 * Context: RTNL.
 */
bool ftcp_req_privileged(struct sk_buff *skb, const struct ftcp_link *link)
{
	const struct net *underlay = rtnl_dereference(link->underlay);

	return !underlay ||
	       netlink_ns_capable(skb, underlay->user_ns, CAP_NET_ADMIN);
}

/**
 * ftcp_req_may_use_underlay() - check a request's use of the underlay
 * @skb: the request
 * @info: the request
 * @link: the link
 *
 * The owner of a link with the underlay in another namespace may use it, but
 * not take ports there (for tunnels, or for flows with the port of their
 * datagrams), mark packets, or send from addresses of his choice.
 *
 * Context: RTNL.
 * Return: 0 or an error; extack is set.
 */
int ftcp_req_may_use_underlay(struct sk_buff *skb, struct genl_info *info,
			      struct ftcp_link *link)
{
	if (ftcp_req_privileged(skb, link))
		return 0;
	if (info->attrs[FTCP_A_PORT])
		return ftcp_req_refuse(
			info, FTCP_A_PORT, -EPERM,
			"reserving a port takes CAP_NET_ADMIN in the underlay's namespace");
	if (info->attrs[FTCP_A_FWMARK])
		return ftcp_req_refuse(
			info, FTCP_A_FWMARK, -EPERM,
			"a mark takes CAP_NET_ADMIN in the underlay's namespace");
	if (info->attrs[FTCP_A_ENDPOINT_KIND] &&
	    nla_get_u32(info->attrs[FTCP_A_ENDPOINT_KIND]) ==
		    FTCP_ENDPOINT_SAME)
		return ftcp_req_refuse(
			info, FTCP_A_ENDPOINT_KIND, -EPERM,
			"endpoint same takes CAP_NET_ADMIN in the underlay's namespace");
	return 0;
}
