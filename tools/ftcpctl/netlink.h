/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel: transactions (netlink.c), what is asked of faketcp (ipc.c), and
 * rules and routes (rtnl.c), and links (link.c).
 */
#ifndef FTCPCTL_NETLINK_H
#define FTCPCTL_NETLINK_H

#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "attr.h"
#include "ftcpctl.h"

/**
 * struct list - What the kernel lists.
 * @array: The objects, each with a message of its own.
 * @n: How many.
 * @room: How many fit.
 */
struct list {
	struct object *array;
	size_t n;
	size_t room;
};

/**
 * struct nlsock - A netlink socket and the last refusal that came through it.
 * @sock: The socket; NULL until it is opened.
 * @request: The request under way.
 * @header: Bytes in front of the attributes, which are faketcp's; 0: of others.
 * @list: Where messages of the answer go, if there are any.
 * @error: Negative errno of the refusal, 0 for none.
 * @done: Whether the answer is complete.
 * @text: The refusal in words.
 *
 * It stays where it is, and open until the program ends.
 */
struct nlsock {
	struct nl_sock *sock;
	struct nlmsghdr *request;
	size_t header;
	struct list *list;
	int error;
	bool done;
	char text[512];
};

int nlsock_open(struct nlsock *nl, int protocol);
int nlsock_do(struct nlsock *nl, struct nl_msg *msg);
int nlsock_dump(struct nlsock *nl, struct nl_msg *msg, struct list *l);
const char *netlink_reason(int error);
uint64_t attr_number(const struct nlattr *a);
void list_free(struct list *l);

/**
 * struct filter - What a list is limited to.
 * @ifindex: A link, 0 for all.
 * @tunnel: A tunnel, NULL for all.
 * @quiet: Whether it is no matter if there is none.
 */
struct filter {
	unsigned int ifindex;
	const char *tunnel;
	bool quiet;
};

/**
 * typedef event_fn - Takes something that happened to a tunnel or a flow.
 * @o: The tunnel or flow; NULL when events came faster than they were read.
 *
 * Return: 0 to go on.
 */
typedef int event_fn(const struct object *o);

int ipc_open(bool required);
struct nl_msg *ipc_request(int cmd, const char *const *given);
struct nl_msg *ipc_request_of(int cmd, unsigned int ifindex,
			      const struct object *o, const bool *types);
int ipc_do(struct nl_msg *msg);
int ipc_filter(const char *const *given, struct filter *filter);
int ipc_list(int cmd, const struct filter *filter, struct list *l);
int ipc_monitor(event_fn *event);

int openmetrics(const struct filter *filter);
uint64_t wireguard_mtu(const struct object *f);
uint64_t wireguard_least(const struct object *t, const struct list *flows);

/*
 * Originator of the rules and routes that ftcpctl installs, as `ip rule' and
 * `ip route' show it.  ftcpctl touches no others.
 */
#define RTNL_PROTOCOL 102

/**
 * struct entry - A rule that steers into a table, or the default route there.
 * @route: Whether it is the route; the members behind @dev are those of rules.
 * @family: AF_INET or AF_INET6.
 * @table: The table.
 * @ifindex: Of a route: the link it leads to.
 * @dev: The name of that; of a rule, the link that datagrams come in through, ""
 *	for any, "lo" for this host's own.
 * @pref: Its place among the rules.
 * @sport: Source port of UDP, 0 for any.
 * @dport: Destination port, 0 for any.
 * @mark: What the mark has to be,
 * @mask: ... in these bits.
 * @nop: Whether it leads nowhere, and looks at ports of UDP.
 * @suppress: Whether it finds no default route.
 */
struct entry {
	bool route;
	int family;
	uint32_t table;
	unsigned int ifindex;
	char dev[IF_NAMESIZE];
	uint32_t pref;
	uint16_t sport;
	uint16_t dport;
	uint32_t mark;
	uint32_t mask;
	bool nop;
	bool suppress;
};

int link_check(const char *name, unsigned int ifindex);
int link_make(const char *name, bool *made);
int link_remove(const char *name);

int rtnl_read(int family, struct list *l);
bool rtnl_entry(struct nlmsghdr *msg, struct entry *e);
int rtnl_change(bool add, const struct entry *e);
const char *rtnl_error(void);

#endif /* FTCPCTL_NETLINK_H */
