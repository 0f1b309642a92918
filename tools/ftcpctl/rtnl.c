// SPDX-License-Identifier: GPL-2.0
/*
 * Policy-routing rules and routes, over rtnetlink: those that steer UDP into
 * a link, and only those that ftcpctl installed.
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ftcpctl.h"
#include "nlsock.h"
#include "rules.h"

/** rtnl_open() - open a socket for the functions below */
int rtnl_open(struct nlsock *nl)
{
	int one = 1, err = nlsock_open(nl, NETLINK_ROUTE);

	/* Lets the kernel leave out the routes of others */
	if (!err)
		setsockopt(nl_socket_get_fd(nl->sock), SOL_NETLINK,
			   NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	return err;
}

static struct nl_msg *request(int type, const void *header, size_t size)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, 0);

	if (!msg || nlmsg_append(msg, (void *)header, size, NLMSG_ALIGNTO))
		exit(fail(REFUSED, "out of memory"));
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
	struct nl_msg *msg = request(type, &header, sizeof(header));

	nla_put_u32(msg, FRA_PRIORITY, e->pref);
	nla_put_u32(msg, FRA_TABLE, e->table);
	nla_put_u8(msg, FRA_PROTOCOL, RTNL_PROTOCOL);
	nla_put_u8(msg, FRA_IP_PROTO, IPPROTO_UDP);
	put_port(msg, FRA_SPORT_RANGE, e->sport);
	put_port(msg, FRA_DPORT_RANGE, e->dport);
	if (e->mask) {
		nla_put_u32(msg, FRA_FWMARK, 0);
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
	struct nl_msg *msg = request(type, &header, sizeof(header));

	nla_put_u32(msg, RTA_TABLE, e->table);
	nla_put_u32(msg, RTA_OIF, e->ifindex);
	return msg;
}

/** rtnl_change() - install, or else remove, a rule or route */
int rtnl_change(struct nlsock *nl, bool add, const struct entry *e)
{
	struct nl_msg *msg =
		e->route ? route_request(add ? RTM_NEWROUTE : RTM_DELROUTE, e) :
			   rule_request(add ? RTM_NEWRULE : RTM_DELRULE, e);

	if (add)
		nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	return nlsock_do(nl, msg);
}

static uint32_t get_u32(const struct nlattr *a)
{
	uint64_t value;

	attr_number(a, &value);
	return value;
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
	    get_u32(tb[FRA_PROTOCOL]) != RTNL_PROTOCOL)
		return false;
	e->family = header->family;
	e->nop = header->action == FR_ACT_NOP;
	e->pref = get_u32(tb[FRA_PRIORITY]);
	e->table = get_u32(tb[FRA_TABLE]);
	e->mask = get_u32(tb[FRA_FWMASK]);
	if (tb[FRA_IIFNAME])
		nla_strlcpy(e->dev, tb[FRA_IIFNAME], sizeof(e->dev));
	e->sport = get_port(tb[FRA_SPORT_RANGE]);
	e->dport = get_port(tb[FRA_DPORT_RANGE]);
	return true;
}

static bool get_route(struct nlmsghdr *msg, struct entry *e)
{
	struct rtmsg *header = nlmsg_data(msg);
	struct nlattr *tb[RTA_MAX + 1];

	if (nlmsg_parse(msg, sizeof(*header), tb, RTA_MAX, NULL) ||
	    header->rtm_protocol != RTNL_PROTOCOL || header->rtm_dst_len)
		return false;
	e->route = true;
	e->family = header->rtm_family;
	e->table = tb[RTA_TABLE] ? get_u32(tb[RTA_TABLE]) : header->rtm_table;
	e->ifindex = get_u32(tb[RTA_OIF]);
	if (!if_indextoname(e->ifindex, e->dev))
		e->dev[0] = '\0';
	return true;
}

/* Read rules, or routes, behind those that are in a list */
static int read_some(struct nlsock *nl, struct nl_msg *request,
		     struct entry **list, size_t *n, size_t *room)
{
	struct messages messages;
	int err = nlsock_dump(nl, request, &messages);
	size_t i;

	for (i = 0; i < messages.n; i++) {
		struct nlmsghdr *msg = messages.array[i];
		struct entry e = {};

		if ((msg->nlmsg_type == RTM_NEWRULE && get_rule(msg, &e)) ||
		    (msg->nlmsg_type == RTM_NEWROUTE && get_route(msg, &e))) {
			*list = grow(*list, *n, room, sizeof(e));
			(*list)[(*n)++] = e;
		}
	}
	messages_free(&messages);
	return err;
}

/**
 * rtnl_read() - List what ftcpctl has installed.
 * @nl: The socket.
 * @family: AF_INET or AF_INET6.
 * @list: Rules, then routes; to be freed.
 * @n: How many.
 *
 * A kernel without IPv6 has none of them.
 *
 * Return: 0 or a negative errno, with the reason in @nl->text.
 */
int rtnl_read(struct nlsock *nl, int family, struct entry **list, size_t *n)
{
	struct fib_rule_hdr rule = { .family = family };
	struct rtmsg route = {
		.rtm_family = family,
		.rtm_protocol = RTNL_PROTOCOL,
	};
	size_t room = 0;
	int err;

	*list = NULL;
	*n = 0;
	err = read_some(nl, request(RTM_GETRULE, &rule, sizeof(rule)), list, n,
			&room);
	if (!err)
		err = read_some(nl,
				request(RTM_GETROUTE, &route, sizeof(route)),
				list, n, &room);
	if (err) {
		free(*list);
		*list = NULL;
		*n = 0;
	}
	return err == -EAFNOSUPPORT || err == -EOPNOTSUPP ? 0 : err;
}
