// SPDX-License-Identifier: GPL-2.0
/*
 * The rules and routes of a link: which there are, and the lines of a file that make
 * them.
 */
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "rules.h"

/* Is it that of a tunnel that is there, or is to be? */
static bool is_tunnels(const struct config *c, uint32_t table)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (c->items[i].o.of == OF_TUNNEL &&
		    rules_table(c->dev, object_text(&c->items[i].o,
						    FTCP_A_TUNNEL)) == table)
			return true;
	return false;
}

/* Does a table belong to the link?  One that leads to another link does not. */
static bool is_table(const struct config *want, const struct config *have,
		     const struct list *list, uint32_t table)
{
	struct entry e;
	size_t i;

	for (i = 0; i < list->n; i++)
		if (rtnl_entry(list->array[i].msg, &e) && e.route &&
		    e.table == table)
			return e.ifindex == have->ifindex;
	for (i = 0; i < want->n_entries; i++)
		if (want->entries[i].table == table && table != RT_TABLE_MAIN)
			return true;
	return is_tunnels(want, table) || is_tunnels(have, table);
}

/* Those that look in main, by the ones behind them; shared ones if they are wanted */
static void add_suppress(const struct config *want, struct config *have,
			 const struct list *list, int family)
{
	size_t i, j, n = have->n_entries;
	struct entry e;
	bool own;

	for (i = 0; i < list->n; i++) {
		if (!rtnl_entry(list->array[i].msg, &e) || e.route ||
		    !e.suppress)
			continue;
		own = config_has(want, &e);
		for (j = 0; j < n && !own; j++)
			own = have->entries[j].family == family &&
			      entry_is_of(have->entries[j].table, list, &e);
		if (own)
			config_add(have, &e);
	}
}

static int have_family(const struct config *want, struct config *have,
		       int family)
{
	struct list list = {};
	struct entry e;
	size_t i;
	int code = rtnl_read(family, &list);

	for (i = 0; i < list.n && !code; i++)
		if (rtnl_entry(list.array[i].msg, &e) && e.family == family &&
		    is_table(want, have, &list, e.table))
			config_add(have, &e);
	if (!code)
		add_suppress(want, have, &list, family);
	list_free(&list);
	return code;
}

/** rules_have() - which rules and routes of a link there are */
int rules_have(const struct config *want, struct config *have)
{
	return have_family(want, have, AF_INET) ?:
	       have_family(want, have, AF_INET6);
}

/* The tunnel whose rules look in a table; its mark tells, if its name does not */
static const struct object *tunnel_of(const struct config *c,
				      const struct entry *e)
{
	const struct object *t, *any = NULL, *marked = NULL;
	bool packets = !e->sport && !e->dport;
	size_t i;

	for (i = 0; i < c->n; i++) {
		t = &c->items[i].o;
		if (t->of != OF_TUNNEL)
			continue;
		if (rules_table(c->dev, object_text(t, FTCP_A_TUNNEL)) ==
		    e->table)
			return t;
		if (object_number(t, FTCP_A_MODE) !=
		    (packets ? FTCP_MODE_IP : FTCP_MODE_ROUTED))
			continue;
		any = any ?: t;
		if (!marked && e->mask &&
		    object_number(t, FTCP_A_FWMARK) == e->mask)
			marked = t;
	}
	return marked ?: any;
}

static bool has_twin(const struct config *c, struct entry e, int family)
{
	e.family = family;
	return config_has(c, &e);
}

/** rules_optional() - may it be missing where there is no IPv6? */
bool rules_optional(const struct config *c, const struct entry *e)
{
	return e->family == AF_INET6 && has_twin(c, *e, AF_INET);
}

/** rules_print_words() - print the lines of a file that make the rules of a link */
void rules_print_words(const struct config *c)
{
	const struct object *t;
	const char *name;
	size_t i;

	for (i = 0; i < c->n_entries; i++) {
		const struct entry *e = &c->entries[i];
		bool packets = !e->sport && !e->dport;
		bool v4 = has_twin(c, *e, AF_INET);

		t = tunnel_of(c, e);
		if (e->route || e->nop || e->suppress || !t ||
		    (v4 && e->family == AF_INET6))
			continue;
		name = object_text(t, FTCP_A_TUNNEL);
		printf("rules tunnel");
		print_quoted(name);
		if (packets && e->mark)
			printf(" fwmark 0x%x", e->mark);
		else if (packets)
			printf(" all");
		if (e->sport)
			printf(" sport %u", e->sport);
		if (e->dport)
			printf(" dport %u", e->dport);
		if (e->table != rules_table(c->dev, name))
			printf(" table %u", e->table);
		if (e->pref - packets != DEFAULT_PREF)
			printf(" pref %u", e->pref - packets);
		if (e->dev[0])
			printf(" local-only");
		if (!v4)
			printf(" -6");
		else if (!has_twin(c, *e, AF_INET6))
			printf(" -4");
		putchar('\n');
	}
}
