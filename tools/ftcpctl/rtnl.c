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
#include "rtnl.h"

/**
 * struct list - A list while it is read.
 * @array: The entries.
 * @n: How many.
 * @room: How many fit.
 * @first: The first one of what is being read.
 */
struct list {
	struct entry *array;
	size_t n;
	size_t room;
	size_t first;
};

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

static uint32_t get_u32(struct nlattr *a)
{
	return a ? nla_get_u32(a) : 0;
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
	static struct nla_policy policy[FRA_MAX + 1] = {
		[FRA_PRIORITY] = { .type = NLA_U32 },
		[FRA_TABLE] = { .type = NLA_U32 },
		[FRA_FWMASK] = { .type = NLA_U32 },
		[FRA_PROTOCOL] = { .type = NLA_U8 },
		[FRA_IIFNAME] = { .type = NLA_STRING },
	};
	struct fib_rule_hdr *header = nlmsg_data(msg);
	struct nlattr *tb[FRA_MAX + 1];

	if (nlmsg_parse(msg, sizeof(*header), tb, FRA_MAX, policy) ||
	    !tb[FRA_PROTOCOL] || nla_get_u8(tb[FRA_PROTOCOL]) != RTNL_PROTOCOL)
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
	static struct nla_policy policy[RTA_MAX + 1] = {
		[RTA_TABLE] = { .type = NLA_U32 },
		[RTA_OIF] = { .type = NLA_U32 },
	};
	struct rtmsg *header = nlmsg_data(msg);
	struct nlattr *tb[RTA_MAX + 1];

	if (nlmsg_parse(msg, sizeof(*header), tb, RTA_MAX, policy) ||
	    header->rtm_protocol != RTNL_PROTOCOL || header->rtm_dst_len)
		return false;
	e->route = true;
	e->family = header->rtm_family;
	e->table = tb[RTA_TABLE] ? nla_get_u32(tb[RTA_TABLE]) :
				   header->rtm_table;
	e->ifindex = get_u32(tb[RTA_OIF]);
	if (!if_indextoname(e->ifindex, e->dev))
		e->dev[0] = '\0';
	return true;
}

static void add_row(struct nlmsghdr *msg, void *arg)
{
	struct list *l = arg;
	struct entry *e;

	l->array = grow(l->array, l->n, &l->room, sizeof(*e));
	e = &l->array[l->n];
	memset(e, 0, sizeof(*e));
	if ((msg->nlmsg_type == RTM_NEWRULE && get_rule(msg, e)) ||
	    (msg->nlmsg_type == RTM_NEWROUTE && get_route(msg, e)))
		l->n++;
}

static void forget_rows(struct nlmsghdr *msg, void *arg)
{
	struct list *l = arg;

	(void)msg;
	l->n = l->first;
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
	struct list l = {};
	int err;

	err = nlsock_dump(nl, request(RTM_GETRULE, &rule, sizeof(rule)),
			  add_row, forget_rows, &l);
	l.first = l.n;
	if (!err)
		err = nlsock_dump(nl,
				  request(RTM_GETROUTE, &route, sizeof(route)),
				  add_row, forget_rows, &l);
	if (err) {
		free(l.array);
		memset(&l, 0, sizeof(l));
	}
	*list = l.array;
	*n = l.n;
	return err == -EAFNOSUPPORT || err == -EOPNOTSUPP ? 0 : err;
}
