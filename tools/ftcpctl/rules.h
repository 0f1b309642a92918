/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FTCPCTL_RULES_H
#define FTCPCTL_RULES_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Originator of the rules and routes that ftcpctl installs, as `ip rule' and
 * `ip route' show it.  ftcpctl touches no others.
 */
#define RTNL_PROTOCOL 102

/**
 * struct entry - A rule that steers UDP into a table, or the default route there.
 * @route: Whether it is the route; the members behind @dev are those of rules.
 * @family: AF_INET or AF_INET6.
 * @table: The table.
 * @ifindex: Of a route: the link it leads to.
 * @dev: The name of that; of a rule, the link that datagrams come in through, ""
 *	for any, "lo" for this host's own.
 * @pref: Its place among the rules.
 * @sport: Source port, 0 for any.
 * @dport: Destination port, 0 for any.
 * @mask: Bits of the mark that must be clear.
 * @nop: Whether it leads nowhere.
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
	uint32_t mask;
	bool nop;
};

/**
 * struct entries - Some of them.
 * @array: The rules and routes.
 * @n: How many.
 * @room: How many fit.
 */
struct entries {
	struct entry *array;
	size_t n;
	size_t room;
};

int rtnl_read(int family, struct entries *list);
int rtnl_change(bool add, const struct entry *e);
const char *rtnl_error(void);

#endif /* FTCPCTL_RULES_H */
