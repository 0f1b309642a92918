// SPDX-License-Identifier: GPL-2.0
/*
 * Policy-routing rules and routes, over rtnetlink: those that steer UDP into
 * a link, and only those that ftcpctl installed.
 */
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
 * @array: The elements.
 * @n: How many.
 * @room: How many fit.
 */
struct list {
	void *array;
	size_t n;
	size_t room;
};

/**
 * rtnl_open() - Open a socket for the functions below.
 * @nl: To be filled in.
 *
 * Return: 0 or a negative errno, with the reason in @nl->text.
 */
int rtnl_open(struct nlsock *nl)
{
	int one = 1, err = nlsock_open(nl, NETLINK_ROUTE);

	/* Lets the kernel leave out the routes of others */
	if (!err)
		setsockopt(nl_socket_get_fd(nl->sock), SOL_NETLINK,
			   NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	return err;
}

static struct nl_msg *request(int type, int flags, const void *header,
			      size_t size)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (!msg || nlmsg_append(msg, (void *)header, size, NLMSG_ALIGNTO))
		exit(fail(REFUSED, "out of memory"));
	return msg;
}

/* struct rtmsg and struct fib_rule_hdr hold small tables only */
static unsigned char short_table(uint32_t table)
{
	return table < 256 ? table : RT_TABLE_UNSPEC;
}

static void forget_rows(struct nlmsghdr *msg, void *arg)
{
	struct list *l = arg;

	(void)msg;
	l->n = 0;
}

/* Rules */

static struct nl_msg *rule_request(int type, int flags, const struct rule *r)
{
	struct fib_rule_hdr header = {
		.family = r->family,
		.action = r->nop ? FR_ACT_NOP : FR_ACT_TO_TBL,
		.table = short_table(r->table),
	};
	struct nl_msg *msg = request(type, flags, &header, sizeof(header));

	nla_put_u32(msg, FRA_PRIORITY, r->pref);
	nla_put_u32(msg, FRA_TABLE, r->table);
	nla_put_u8(msg, FRA_PROTOCOL, RTNL_PROTOCOL);
	nla_put_u8(msg, FRA_IP_PROTO, IPPROTO_UDP);
	if (r->sport) {
		struct fib_rule_port_range range = { r->sport, r->sport };

		nla_put(msg, FRA_SPORT_RANGE, sizeof(range), &range);
	}
	if (r->dport) {
		struct fib_rule_port_range range = { r->dport, r->dport };

		nla_put(msg, FRA_DPORT_RANGE, sizeof(range), &range);
	}
	if (r->mask) {
		nla_put_u32(msg, FRA_FWMARK, 0);
		nla_put_u32(msg, FRA_FWMASK, r->mask);
	}
	if (r->iif[0])
		nla_put_string(msg, FRA_IIFNAME, r->iif);
	return msg;
}

static uint16_t get_port(struct nlattr *a)
{
	struct fib_rule_port_range range = {};

	if (a && nla_len(a) >= (int)sizeof(range))
		memcpy(&range, nla_data(a), sizeof(range));
	return range.start;
}

static void add_rule_row(struct nlmsghdr *msg, void *arg)
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
	struct list *l = arg;
	struct rule *r;

	if (msg->nlmsg_type != RTM_NEWRULE ||
	    nlmsg_parse(msg, sizeof(*header), tb, FRA_MAX, policy))
		return;
	if (!tb[FRA_PROTOCOL] || nla_get_u8(tb[FRA_PROTOCOL]) != RTNL_PROTOCOL)
		return;
	l->array = grow(l->array, l->n, &l->room, sizeof(*r));
	r = (struct rule *)l->array + l->n++;
	memset(r, 0, sizeof(*r));
	r->family = header->family;
	r->nop = header->action == FR_ACT_NOP;
	r->pref = tb[FRA_PRIORITY] ? nla_get_u32(tb[FRA_PRIORITY]) : 0;
	r->table = tb[FRA_TABLE] ? nla_get_u32(tb[FRA_TABLE]) : 0;
	r->mask = tb[FRA_FWMASK] ? nla_get_u32(tb[FRA_FWMASK]) : 0;
	if (tb[FRA_IIFNAME])
		nla_strlcpy(r->iif, tb[FRA_IIFNAME], sizeof(r->iif));
	r->sport = get_port(tb[FRA_SPORT_RANGE]);
	r->dport = get_port(tb[FRA_DPORT_RANGE]);
}

/**
 * rtnl_rules() - List ftcpctl's rules.
 * @nl: The socket.
 * @family: AF_INET or AF_INET6.
 * @list: The rules, to be freed.
 * @n: How many.
 *
 * Return: 0 or a negative errno, with the reason in @nl->text.
 */
int rtnl_rules(struct nlsock *nl, int family, struct rule **list, size_t *n)
{
	struct fib_rule_hdr header = { .family = family };
	struct list l = {};
	int err;

	err = nlsock_dump(nl, request(RTM_GETRULE, 0, &header, sizeof(header)),
			  add_rule_row, forget_rows, &l);
	*list = l.array;
	*n = l.n;
	return err;
}

/**
 * rtnl_rule_add() - Install a rule.
 * @nl: The socket.
 * @r: The rule.
 *
 * Return: 0 or a negative errno, with the reason in @nl->text.
 */
int rtnl_rule_add(struct nlsock *nl, const struct rule *r)
{
	return nlsock_do(nl, rule_request(RTM_NEWRULE,
					  NLM_F_CREATE | NLM_F_EXCL, r));
}

/**
 * rtnl_rule_del() - Remove a rule.
 * @nl: The socket.
 * @r: The rule.
 *
 * Return: 0 or a negative errno, with the reason in @nl->text.
 */
int rtnl_rule_del(struct nlsock *nl, const struct rule *r)
{
	return nlsock_do(nl, rule_request(RTM_DELRULE, 0, r));
}

/* Routes */

static struct nl_msg *route_request(int type, int flags, const struct route *r)
{
	struct rtmsg header = {
		.rtm_family = r->family,
		.rtm_table = short_table(r->table),
		.rtm_protocol = RTNL_PROTOCOL,
		.rtm_scope = r->family == AF_INET ? RT_SCOPE_LINK :
						    RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	struct nl_msg *msg = request(type, flags, &header, sizeof(header));

	nla_put_u32(msg, RTA_TABLE, r->table);
	nla_put_u32(msg, RTA_OIF, r->ifindex);
	return msg;
}

static void add_route_row(struct nlmsghdr *msg, void *arg)
{
	static struct nla_policy policy[RTA_MAX + 1] = {
		[RTA_TABLE] = { .type = NLA_U32 },
		[RTA_OIF] = { .type = NLA_U32 },
	};
	struct rtmsg *header = nlmsg_data(msg);
	struct nlattr *tb[RTA_MAX + 1];
	struct list *l = arg;
	struct route *r;

	if (msg->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(msg, sizeof(*header), tb, RTA_MAX, policy))
		return;
	if (header->rtm_protocol != RTNL_PROTOCOL || header->rtm_dst_len)
		return;
	l->array = grow(l->array, l->n, &l->room, sizeof(*r));
	r = (struct route *)l->array + l->n++;
	memset(r, 0, sizeof(*r));
	r->family = header->rtm_family;
	r->table = tb[RTA_TABLE] ? nla_get_u32(tb[RTA_TABLE]) :
				   header->rtm_table;
	r->ifindex = tb[RTA_OIF] ? nla_get_u32(tb[RTA_OIF]) : 0;
}

/**
 * rtnl_routes() - List ftcpctl's default routes.
 * @nl: The socket.
 * @family: AF_INET or AF_INET6.
 * @list: The routes, to be freed.
 * @n: How many.
 *
 * Return: 0 or a negative errno, with the reason in @nl->text.
 */
int rtnl_routes(struct nlsock *nl, int family, struct route **list, size_t *n)
{
	struct rtmsg header = {
		.rtm_family = family,
		.rtm_protocol = RTNL_PROTOCOL,
	};
	struct list l = {};
	int err;

	err = nlsock_dump(nl, request(RTM_GETROUTE, 0, &header, sizeof(header)),
			  add_route_row, forget_rows, &l);
	*list = l.array;
	*n = l.n;
	return err;
}

/**
 * rtnl_route_add() - Install a default route.
 * @nl: The socket.
 * @r: The route.
 *
 * Return: 0 or a negative errno, with the reason in @nl->text.
 */
int rtnl_route_add(struct nlsock *nl, const struct route *r)
{
	return nlsock_do(nl, route_request(RTM_NEWROUTE,
					   NLM_F_CREATE | NLM_F_EXCL, r));
}

/**
 * rtnl_route_del() - Remove a default route.
 * @nl: The socket.
 * @r: The route.
 *
 * Return: 0 or a negative errno, with the reason in @nl->text.
 */
int rtnl_route_del(struct nlsock *nl, const struct route *r)
{
	return nlsock_do(nl, route_request(RTM_DELROUTE, 0, r));
}
