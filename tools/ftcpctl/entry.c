// SPDX-License-Identifier: GPL-2.0
/*
 * A rule, or the route that it leads to: whose it is, and how ip(8) would say it.
 */
#include <errno.h>
#include <sys/socket.h>

#include "rules.h"

/* Number of the tables: this and 24 bits that follow from the names */
#define TABLE_BASE 0x66000000

/** rules_table() - the table of a tunnel, the same every time: FNV-1a */
uint32_t rules_table(const char *dev, const char *tunnel)
{
	char names[IF_NAMESIZE + FAKETCP_NAME_MAX + 1], *c;
	uint32_t hash = 2166136261u;

	snprintf(names, sizeof(names), "%s/%s", dev, tunnel);
	for (c = names; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return TABLE_BASE | ((hash ^ hash >> 24) & 0xffffff);
}

/** entry_same() - are they the same rule or route? */
bool entry_same(const struct entry *a, const struct entry *b)
{
	/* a link may have several names */
	return a->route == b->route && a->family == b->family &&
	       a->table == b->table && a->ifindex == b->ifindex &&
	       (a->route || !strcmp(a->dev, b->dev)) && a->pref == b->pref &&
	       a->sport == b->sport && a->dport == b->dport &&
	       a->mark == b->mark && a->mask == b->mask && a->nop == b->nop &&
	       a->suppress == b->suppress;
}

/**
 * entry_is_of() - does it belong to a table?  A rule that looks in main does, with the
 * one behind it, unless another table has one there, too: they share what add has
 * installed once.
 */
bool entry_is_of(uint32_t table, const struct list *have, const struct entry *e)
{
	struct entry next;
	bool own = false;
	size_t i;

	if (e->table == table || !e->suppress)
		return e->table == table;
	for (i = 0; i < have->n; i++) {
		if (!rtnl_entry(have->array[i].msg, &next) || next.route ||
		    next.suppress || next.sport || next.dport ||
		    next.pref != e->pref + 1 || next.mark != e->mark ||
		    next.mask != e->mask)
			continue;
		if (next.table != table)
			return false;
		own = true;
	}
	return own;
}

/** entry_print() - print the command of ip(8) that does it */
void entry_print(const char *verb, const struct entry *e)
{
	printf("ip -%c ", e->family == AF_INET ? '4' : '6');
	if (e->route) {
		printf("route %s default dev", verb);
		print_quoted(e->dev[0] ? e->dev : "?");
		printf(" table %u proto %u\n", e->table, RTNL_PROTOCOL);
		return;
	}
	printf("rule %s pref %u", verb, e->pref);
	if (e->dev[0]) {
		printf(" iif");
		print_quoted(e->dev);
	}
	if (e->mask)
		printf(" fwmark %#x/0x%x", e->mark, e->mask);
	if (e->sport || e->dport || e->nop)
		printf(" ipproto udp");
	if (e->sport)
		printf(" sport %u", e->sport);
	if (e->dport)
		printf(" dport %u", e->dport);
	printf(" lookup %u protocol %u%s%s\n", e->table, RTNL_PROTOCOL,
	       e->nop ? " nop" : "",
	       e->suppress ? " suppress_prefixlength 0" : "");
}

/** entry_lacks_ipv6() - is it IPv6 as such that is missing? */
bool entry_lacks_ipv6(const struct entry *e, int err)
{
	return e->family == AF_INET6 &&
	       (err == -EAFNOSUPPORT || err == -EOPNOTSUPP || err == -EACCES);
}

/** entry_refuse() - say why it could not be installed or removed */
int entry_refuse(const char *dev, const struct entry *e, int err)
{
	const char *family = e->family == AF_INET ? "IPv4" : "IPv6";

	if (e->route && err == -ENETDOWN)
		return refused("link %s is down (ip link set %s up)", dev, dev);
	if (e->route && err == -EEXIST)
		return refused("table %u has an %s default route of its own",
			       e->table, family);
	return refused("%s %s: %s", family, e->route ? "route" : "rule",
		       rtnl_error());
}

/** config_has() - is there such a rule or route? */
bool config_has(const struct config *c, const struct entry *e)
{
	size_t i;

	for (i = 0; i < c->n_entries; i++)
		if (entry_same(&c->entries[i], e))
			return true;
	return false;
}

/** config_add() - put in a rule or route, unless it is there */
void config_add(struct config *c, const struct entry *e)
{
	if (config_has(c, e))
		return;
	c->entries = grow(c->entries, c->n_entries, &c->entry_room,
			  sizeof(*c->entries));
	c->entries[c->n_entries++] = *e;
}
