/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FTCPCTL_RTNL_H
#define FTCPCTL_RTNL_H

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
 * struct rule - A policy-routing rule that steers UDP into a table.
 * @family: AF_INET or AF_INET6.
 * @pref: Its place among the rules.
 * @sport: Source port, 0 for any.
 * @dport: Destination port, 0 for any.
 * @mask: Bits of the mark that must be clear.
 * @iif: The link it came in through, "" for any, "lo" for this host's own.
 * @nop: Whether it leads nowhere.
 * @table: Where it leads to.
 */
struct rule {
	int family;
	uint32_t pref;
	uint16_t sport;
	uint16_t dport;
	uint32_t mask;
	char iif[IF_NAMESIZE];
	bool nop;
	uint32_t table;
};

/**
 * struct route - A default route.
 * @family: AF_INET or AF_INET6.
 * @table: Its table.
 * @ifindex: The link it leads to.
 */
struct route {
	int family;
	uint32_t table;
	unsigned int ifindex;
};

struct nlsock;

int rtnl_open(struct nlsock *nl);
int rtnl_rules(struct nlsock *nl, int family, struct rule **list, size_t *n);
int rtnl_rule_add(struct nlsock *nl, const struct rule *r);
int rtnl_rule_del(struct nlsock *nl, const struct rule *r);
int rtnl_routes(struct nlsock *nl, int family, struct route **list, size_t *n);
int rtnl_route_add(struct nlsock *nl, const struct route *r);
int rtnl_route_del(struct nlsock *nl, const struct route *r);

#endif /* FTCPCTL_RTNL_H */
