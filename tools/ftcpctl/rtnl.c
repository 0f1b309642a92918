// SPDX-License-Identifier: GPL-2.0
/*
 * Policy-routing rules and routes, over rtnetlink: those that steer into
 * a link, and only those that ftcpctl installed.
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "netlink.h"

static struct nlsock nl;

/** rtnl_error() - why the last change failed */
const char *rtnl_error(void)
{
	return nl.text;
}

static struct nl_msg *message(int type, const void *header, size_t size)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, 0);

	if (!msg || nlmsg_append(msg, (void *)header, size, NLMSG_ALIGNTO))
		exit(refused("out of memory"));
	return msg;
}

/* struct rtmsg and struct fib_rule_hdr hold small tables only */
static unsigned char short_table(uint32_t table)
{
	return table < 256 ? table : RT_TABLE_UNSPEC;
}

static void put_port(struct nl_msg *msg, int type, uint16_t port)
{
	struct fib_rule_port_range range = { port, port };

	if (port)
		nla_put(msg, type, sizeof(range), &range);
}

static struct nl_msg *rule_request(int type, const struct entry *e)
{
	struct fib_rule_hdr header = {
		.family = e->family,
		.action = e->nop ? FR_ACT_NOP : FR_ACT_TO_TBL,
		.table = short_table(e->table),
	};
	struct nl_msg *msg = message(type, &header, sizeof(header));

	nla_put_u32(msg, FRA_PRIORITY, e->pref);
	nla_put_u32(msg, FRA_TABLE, e->table);
	nla_put_u8(msg, FRA_PROTOCOL, RTNL_PROTOCOL);
	if (e->sport || e->dport || e->nop)
		nla_put_u8(msg, FRA_IP_PROTO, IPPROTO_UDP);
	if (e->suppress)
		nla_put_u32(msg, FRA_SUPPRESS_PREFIXLEN, 0);
	put_port(msg, FRA_SPORT_RANGE, e->sport);
	put_port(msg, FRA_DPORT_RANGE, e->dport);
	if (e->mask) {
		nla_put_u32(msg, FRA_FWMARK, e->mark);
		nla_put_u32(msg, FRA_FWMASK, e->mask);
	}
	if (e->dev[0])
		nla_put_string(msg, FRA_IIFNAME, e->dev);
	return msg;
}

static struct nl_msg *route_request(int type, const struct entry *e)
{
	struct rtmsg header = {
		.rtm_family = e->family,
		.rtm_table = short_table(e->table),
		.rtm_protocol = RTNL_PROTOCOL,
		.rtm_scope = e->family == AF_INET ? RT_SCOPE_LINK :
						    RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	struct nl_msg *msg = message(type, &header, sizeof(header));

	nla_put_u32(msg, RTA_TABLE, e->table);
	nla_put_u32(msg, RTA_OIF, e->ifindex);
	return msg;
}

/** rtnl_change() - install, or else remove, a rule or route; 0 or negative errno */
int rtnl_change(bool add, const struct entry *e)
{
	struct nl_msg *msg =
		e->route ? route_request(add ? RTM_NEWROUTE : RTM_DELROUTE, e) :
			   rule_request(add ? RTM_NEWRULE : RTM_DELRULE, e);

	if (add)
		nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	return nlsock_do(&nl, msg);
}

static uint16_t get_port(struct nlattr *a)
{
	struct fib_rule_port_range range = {};

	if (a && nla_len(a) >= (int)sizeof(range))
		memcpy(&range, nla_data(a), sizeof(range));
	return range.start;
}

static bool get_rule(struct nlmsghdr *msg, struct entry *e)
{
	struct fib_rule_hdr *header = nlmsg_data(msg);
	struct nlattr *tb[FRA_MAX + 1];

	if (nlmsg_parse(msg, sizeof(*header), tb, FRA_MAX, NULL) ||
	    attr_number(tb[FRA_PROTOCOL]) != RTNL_PROTOCOL)
		return false;
	*e = (struct entry){
		.family = header->family,
		.nop = header->action == FR_ACT_NOP,
		.pref = attr_number(tb[FRA_PRIORITY]),
		.table = attr_number(tb[FRA_TABLE]),
		.mark = attr_number(tb[FRA_FWMARK]),
		.mask = attr_number(tb[FRA_FWMASK]),
		.sport = get_port(tb[FRA_SPORT_RANGE]),
		.dport = get_port(tb[FRA_DPORT_RANGE]),
	};
	/* if it is not there, a kernel may say -1 */
	e->suppress = tb[FRA_SUPPRESS_PREFIXLEN] &&
		      !attr_number(tb[FRA_SUPPRESS_PREFIXLEN]);
	if (tb[FRA_IIFNAME])
		nla_strlcpy(e->dev, tb[FRA_IIFNAME], sizeof(e->dev));
	return true;
}

static bool get_route(struct nlmsghdr *msg, struct entry *e)
{
	struct rtmsg *header = nlmsg_data(msg);
	struct nlattr *tb[RTA_MAX + 1];

	if (nlmsg_parse(msg, sizeof(*header), tb, RTA_MAX, NULL) ||
	    header->rtm_protocol != RTNL_PROTOCOL || header->rtm_dst_len)
		return false;
	*e = (struct entry){
		.route = true,
		.family = header->rtm_family,
		.table = attr_number(tb[RTA_TABLE]) ?: header->rtm_table,
		.ifindex = attr_number(tb[RTA_OIF]),
	};
	if (!if_indextoname(e->ifindex, e->dev))
		e->dev[0] = '\0';
	return true;
}

/** rtnl_entry() - is a message a rule or route of ftcpctl's?  Which? */
bool rtnl_entry(struct nlmsghdr *msg, struct entry *e)
{
	return msg->nlmsg_type == RTM_NEWRULE ? get_rule(msg, e) :
						get_route(msg, e);
}

/**
 * rtnl_read() - list the rules, then the routes of a family; DONE, or REFUSED after
 * a message.  The list is to be freed in any case.
 */
int rtnl_read(int family, struct list *l)
{
	struct fib_rule_hdr rule = { .family = family };
	struct rtmsg route = {
		.rtm_family = family,
		.rtm_protocol = RTNL_PROTOCOL,
	};
	int one = 1, err;

	if (nlsock_open(&nl, NETLINK_ROUTE))
		return REFUSED;
	/* Lets the kernel leave out the routes of others */
	setsockopt(nl_socket_get_fd(nl.sock), SOL_NETLINK,
		   NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	err = nlsock_dump(&nl, message(RTM_GETRULE, &rule, sizeof(rule)), l);
	if (!err)
		err = nlsock_dump(
			&nl, message(RTM_GETROUTE, &route, sizeof(route)), l);
	/* A kernel without IPv6 has none of them */
	if (err && err != -EAFNOSUPPORT && err != -EOPNOTSUPP)
		return refused("%s", nl.text);
	return DONE;
}
