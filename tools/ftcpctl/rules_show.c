// SPDX-License-Identifier: GPL-2.0
/*
 * show rules
 */
#include <stdlib.h>
#include <string.h>

#include "ftcpctl.h"
#include "ipc.h"
#include "nlsock.h"
#include "print.h"
#include "rules.h"

/* The tunnel whose table this is, or NULL */
static const struct object *owner(const struct list *tunnels, uint32_t table)
{
	size_t i;

	for (i = 0; i < tunnels->n; i++)
		if (rules_table(object_text(&tunnels->array[i], FTCP_A_IFNAME),
				object_text(&tunnels->array[i],
					    FTCP_A_TUNNEL)) == table)
			return &tunnels->array[i];
	return NULL;
}

/**
 * struct view - What show rules shows and how.
 * @dev: Of this link only, or NULL.
 * @tunnel: Of this tunnel only, or NULL.
 * @json: Write JSON.
 * @table: The text so far.
 * @tunnels: Those that exist.
 */
struct view {
	const char *dev;
	const char *tunnel;
	bool json;
	struct table table;
	struct list tunnels;
};

static void json_rule(const struct entry *r, const char *dev, const char *name)
{
	json_open_line();
	json_string("family", r->family == AF_INET ? "ipv4" : "ipv6");
	json_number("pref", r->pref);
	if (r->sport)
		json_number("sport", r->sport);
	if (r->dport)
		json_number("dport", r->dport);
	json_number("fwmask", r->mask);
	if (r->dev[0])
		json_string("iif", r->dev);
	json_bool("nop", r->nop);
	json_number("table", r->table);
	if (*dev)
		json_string("link", dev);
	if (*name)
		json_string("tunnel", name);
	json_close('}');
}

static void add_rule_row(struct table *t, const struct entry *r,
			 const char *dev, const char *name)
{
	table_cell(t, "%u", r->pref);
	table_cell(t, "%s", family_name(r->family));
	if (r->nop)
		table_cell(t, "nothing");
	else
		table_cell(t, "udp %s %u", r->sport ? "sport" : "dport",
			   r->sport ?: r->dport);
	if (r->dev[0])
		table_cell(t, "iif %s", r->dev);
	else if (r->mask)
		table_cell(t, "fwmark 0/0x%x", r->mask);
	else
		table_cell(t, "-");
	table_cell(t, "%u", r->table);
	table_cell(t, "%s", *dev ? dev : "no route");
	table_cell(t, "%s", *name ? name : "-");
}

/* Where the route in the table of a rule leads to; "" if there is none */
static const char *route_dev(const struct entry *list, size_t n,
			     const struct entry *r)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i].route && list[i].table == r->table)
			return list[i].dev;
	return "";
}

static void view_rule(struct view *v, const struct entry *r, const char *dev)
{
	const struct object *t = owner(&v->tunnels, r->table);
	bool named = v->dev && v->tunnel &&
		     rules_table(v->dev, v->tunnel) == r->table;
	const char *name = named ? v->tunnel :
			   t	 ? object_text(t, FTCP_A_TUNNEL) :
				   "";

	if (!named && v->tunnel && strcmp(v->tunnel, name))
		return;
	if (!named && v->dev && strcmp(v->dev, dev) &&
	    (!t || strcmp(v->dev, object_text(t, FTCP_A_IFNAME))))
		return;
	if (v->json)
		json_rule(r, dev, name);
	else
		add_rule_row(&v->table, r, dev, name);
}

static int view_family(struct nlsock *nl, struct view *v, int family)
{
	struct entry *list;
	size_t i, n;

	if (rtnl_read(nl, family, &list, &n))
		return fail(REFUSED, "%s", nl->text);
	for (i = 0; i < n; i++)
		if (!list[i].route)
			view_rule(v, &list[i], route_dev(list, n, &list[i]));
	free(list);
	return DONE;
}

/**
 * show_rules() - show the rules that ftcpctl installed; of @dev and @tunnel
 * only, if these are not NULL
 */
int show_rules(const char *dev, const char *tunnel, bool json)
{
	static const char *const heading[] = { "PREF",	"FAMILY", "STEERS",
					       "IF",	"TABLE",  "LINK",
					       "TUNNEL" };
	struct view v = {
		.dev = dev,
		.tunnel = tunnel,
		.json = json,
		.table = { .columns = ARRAY_SIZE(heading) },
	};
	struct filter all = {};
	struct nlsock nl;
	int code = DONE;
	size_t i;

	if (rtnl_open(&nl)) {
		code = fail(REFUSED, "%s", nl.text);
		nlsock_close(&nl);
		return code;
	}
	/* Their names are worth having, but rules are there without the module */
	ipc_try_list(FAKETCP_CMD_TUNNEL_GET, &all, &v.tunnels);
	for (i = 0; i < ARRAY_SIZE(heading); i++)
		table_cell(&v.table, "%s", heading[i]);
	if (json)
		json_open(NULL, '[');
	if (address_family != AF_INET6)
		code = view_family(&nl, &v, AF_INET);
	if (!code && address_family != AF_INET)
		code = view_family(&nl, &v, AF_INET6);
	if (json)
		json_close_lines();
	table_print(&v.table);
	list_free(&v.tunnels);
	nlsock_close(&nl);
	return code;
}
