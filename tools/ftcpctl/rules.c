// SPDX-License-Identifier: GPL-2.0
/*
 * add rules, del rules, show rules
 *
 * A routed tunnel carries what is routed into its link.  Two rules for each
 * address family send UDP from or to a port to a routing table of its own,
 * whose only route is `default dev LINK':
 *
 *	ip rule add pref P fwmark 0/M ipproto udp sport N lookup T
 *	ip rule add pref P fwmark 0/M ipproto udp dport N lookup T
 *	ip route add default dev LINK table T
 *
 * A router that delivers a datagram to its LAN must not steer that datagram
 * into the link again: it has the same ports.  The tunnel marks what it
 * delivers, and `fwmark 0/M' is true only as long as no bit of M is set.
 * The other ways to say "unless marked" do not do: `not fwmark M' inverts the
 * whole rule, ports included; a rule `fwmark M lookup main' in front falls
 * through into ours where main has no route, and jumps over everybody else's
 * rules where it has one.  The price is that M should be one bit which nobody
 * else sets; the default is.
 *
 * A host whose tunnel must have the mark of the application, say because
 * wg-quick routes by it, steers its own datagrams only: `local-only' rules
 * match what has not come in through any link, and that cannot loop.  Strict
 * reverse-path filtering asks the rules for the way back of what the link
 * delivers, but IPv4 does not look at ports on input while all rules that have
 * some are `iif lo'.  A rule that does nothing makes it look:
 *
 *	ip -4 rule add pref P iif LINK ipproto udp lookup T nop
 *
 * Rules and routes are recognised by their originator (RTNL_PROTOCOL) and by
 * the table, whose number follows from the names of link and tunnel.  So they
 * can be removed after link and tunnel are gone.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../common/scan.h"
#include "address.h"
#include "args.h"
#include "ftcpctl.h"
#include "ipc.h"
#include "json.h"
#include "nlsock.h"
#include "rtnl.h"
#include "rules.h"
#include "table.h"

/* Most rules that a tunnel needs in one family, and families */
#define RULES 3
#define FAMILIES 2

/* Given to a tunnel that has no mark */
#define DEFAULT_MARK 0x20000000

/* Before the rules that people write, after those that come without number */
#define DEFAULT_PREF 6000

/* Number of the tables: this and 24 bits that follow from the names */
#define TABLE_BASE 0x66000000

/**
 * struct plan - What add and del work on.
 * @name: Name of the tunnel.
 * @dev: Name of the link.
 * @ifindex: The link, 0 when it does not exist.
 * @sport: Source port to steer, 0 for none.
 * @dport: Destination port to steer, 0 for none.
 * @mark: Mark of the tunnel.
 * @table: Routing table.
 * @pref: Preference of the rules.
 * @own: Steer datagrams of this host only.
 * @dry_run: Print only.
 * @set_mark: The tunnel has no mark yet.
 * @found: Whether there was anything to remove.
 * @rules: What add has installed, to be taken back if the rest fails.
 * @n_rules: How many.
 * @routes: The same.
 * @n_routes: How many.
 */
struct plan {
	const char *name;
	const char *dev;
	unsigned int ifindex;
	unsigned int sport;
	unsigned int dport;
	uint32_t mark;
	uint32_t table;
	uint32_t pref;
	bool own;
	bool dry_run;
	bool set_mark;
	bool found;
	struct rule rules[FAMILIES * RULES];
	size_t n_rules;
	struct route routes[FAMILIES];
	size_t n_routes;
};

/* A dry run does not look for the link, but its name must be one */
static int check_dev(const char *dev)
{
	if (!*dev || strlen(dev) >= IF_NAMESIZE)
		return fail(USAGE, "dev: \"%s\": not the name of a link", dev);
	return DONE;
}

static int parse_table(const char *text, uint32_t *out)
{
	if (!scan_u32(text, out) || !*out)
		return fail(USAGE, "table: \"%s\": expected a table number",
			    text);
	if (*out >= RT_TABLE_DEFAULT && *out <= RT_TABLE_LOCAL)
		return fail(USAGE, "table: \"%s\": belongs to the system",
			    text);
	return DONE;
}

/* FNV-1a, so that the table of a tunnel is the same every time */
static uint32_t table_of(const char *dev, const char *tunnel)
{
	const char *parts[] = { dev, "/", tunnel };
	uint32_t hash = 2166136261u;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		const char *c;

		for (c = parts[i]; *c; c++)
			hash = (hash ^ (unsigned char)*c) * 16777619u;
	}
	return TABLE_BASE | ((hash ^ hash >> 24) & 0xffffff);
}

static const char *family_option(int family)
{
	return family == AF_INET ? "-4" : "-6";
}

static const char *family_name(int family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}

static void print_rule_command(const char *verb, const struct rule *r)
{
	printf("ip %s rule %s pref %u", family_option(r->family), verb,
	       r->pref);
	if (r->iif[0])
		printf(" iif %s", r->iif);
	if (r->mask)
		printf(" fwmark 0/0x%x", r->mask);
	printf(" ipproto udp");
	if (r->sport)
		printf(" sport %u", r->sport);
	if (r->dport)
		printf(" dport %u", r->dport);
	printf(" lookup %u protocol %u%s\n", r->table, RTNL_PROTOCOL,
	       r->nop ? " nop" : "");
}

static void print_route_command(const char *verb, const struct route *r,
				const char *dev)
{
	printf("ip %s route %s default dev %s table %u proto %u\n",
	       family_option(r->family), verb, dev, r->table, RTNL_PROTOCOL);
}

/**
 * struct set - The rules and routes of one family.
 * @rules: The rules.
 * @n_rules: How many.
 * @routes: The routes.
 * @n_routes: How many.
 */
struct set {
	struct rule *rules;
	size_t n_rules;
	struct route *routes;
	size_t n_routes;
};

static void free_set(struct set *s)
{
	free(s->rules);
	free(s->routes);
}

/* Read what ftcpctl has installed; a kernel without IPv6 has installed none */
static int read_set(struct nlsock *nl, int family, struct set *s)
{
	int err;

	memset(s, 0, sizeof(*s));
	err = rtnl_rules(nl, family, &s->rules, &s->n_rules);
	if (!err)
		err = rtnl_routes(nl, family, &s->routes, &s->n_routes);
	if (!err)
		return 0;
	free_set(s);
	memset(s, 0, sizeof(*s));
	return err == -EAFNOSUPPORT || err == -EOPNOTSUPP ? 0 : err;
}

static bool same_rule(const struct rule *a, const struct rule *b)
{
	return a->family == b->family && a->pref == b->pref &&
	       a->sport == b->sport && a->dport == b->dport &&
	       a->mask == b->mask && !strcmp(a->iif, b->iif) &&
	       a->nop == b->nop && a->table == b->table;
}

static bool has_rule(const struct set *s, const struct rule *r)
{
	size_t i;

	for (i = 0; i < s->n_rules; i++)
		if (same_rule(&s->rules[i], r))
			return true;
	return false;
}

static bool has_route(const struct set *s, const struct route *r)
{
	size_t i;

	for (i = 0; i < s->n_routes; i++)
		if (s->routes[i].table == r->table &&
		    s->routes[i].ifindex == r->ifindex)
			return true;
	return false;
}

/* add rules */

/* The rules and the route of @p for @family */
static void fill_set(const struct plan *p, int family, struct rule *rules,
		     size_t *n, struct route *route)
{
	struct rule r = {
		.family = family,
		.pref = p->pref,
		.mask = p->own ? 0 : p->mark,
		.table = p->table,
	};

	*n = 0;
	if (p->own && family == AF_INET) {
		rules[*n] = r;
		rules[*n].nop = true;
		snprintf(rules[(*n)++].iif, IF_NAMESIZE, "%s", p->dev);
	}
	if (p->own)
		strcpy(r.iif, "lo");
	if (p->sport) {
		rules[*n] = r;
		rules[(*n)++].sport = p->sport;
	}
	if (p->dport) {
		rules[*n] = r;
		rules[(*n)++].dport = p->dport;
	}
	*route = (struct route){ family, p->table, p->ifindex };
}

/* Is it IPv6 as such that is missing?  Then IPv4 alone is what there is */
static bool no_ipv6(int family, int err)
{
	return family == AF_INET6 && address_family != AF_INET6 &&
	       (err == -EAFNOSUPPORT || err == -EOPNOTSUPP || err == -EACCES);
}

static int refuse_route(struct nlsock *nl, const struct plan *p, int family)
{
	if (nl->error == -ENETDOWN)
		return fail(REFUSED, "link %s is down (ip link set %s up)",
			    p->dev, p->dev);
	if (nl->error == -EEXIST)
		return fail(REFUSED,
			    "table %u has an %s default route of its own",
			    p->table, family_name(family));
	return fail(REFUSED, "%s route: %s", family_name(family), nl->text);
}

/* Remove what this command has installed for one family */
static int take_back(struct nlsock *nl, struct plan *p, int family)
{
	size_t i;

	for (i = 0; i < p->n_rules; i++)
		if (p->rules[i].family == family)
			rtnl_rule_del(nl, &p->rules[i]);
	for (i = 0; i < p->n_routes; i++)
		if (p->routes[i].family == family)
			rtnl_route_del(nl, &p->routes[i]);
	return DONE;
}

/* Install what is missing for one family */
static int add_family(struct nlsock *nl, struct plan *p, int family)
{
	bool route_refused = false;
	struct rule rules[RULES];
	struct route route;
	struct set have;
	size_t i, n;
	int err = 0;

	if (read_set(nl, family, &have))
		return fail(REFUSED, "%s", nl->text);
	fill_set(p, family, rules, &n, &route);
	if (!has_route(&have, &route)) {
		err = rtnl_route_add(nl, &route);
		route_refused = err;
		if (!err)
			p->routes[p->n_routes++] = route;
	}
	for (i = 0; i < n && !err; i++) {
		if (has_rule(&have, &rules[i]))
			continue;
		err = rtnl_rule_add(nl, &rules[i]);
		if (!err)
			p->rules[p->n_rules++] = rules[i];
	}
	free_set(&have);
	if (no_ipv6(family, err)) {
		note("no IPv6 on link %s: only IPv4 is steered", p->dev);
		return take_back(nl, p, family);
	}
	if (route_refused)
		return refuse_route(nl, p, family);
	return err ? fail(REFUSED, "%s rule: %s", family_name(family),
			  nl->text) :
		     DONE;
}

static void print_family(const struct plan *p, int family)
{
	struct rule rules[RULES];
	struct route route;
	size_t i, n;

	fill_set(p, family, rules, &n, &route);
	print_route_command("add", &route, p->dev);
	for (i = 0; i < n; i++)
		print_rule_command("add", &rules[i]);
}

static int for_each_family(int (*fn)(struct nlsock *, struct plan *, int),
			   struct plan *p)
{
	static const int families[FAMILIES] = { AF_INET, AF_INET6 };
	struct nlsock nl;
	int code = DONE;
	size_t i;

	if (rtnl_open(&nl))
		code = fail(REFUSED, "%s", nl.text);
	for (i = 0; i < FAMILIES && !code; i++)
		if (address_family == AF_UNSPEC ||
		    address_family == families[i])
			code = fn(&nl, p, families[i]);
	nlsock_close(&nl);
	return code;
}

/* Fill in what the tunnel knows: its port and its mark */
static int ask_tunnel(struct ipc *ipc, struct plan *p)
{
	struct filter filter = { .ifindex = p->ifindex, .tunnel = p->name };
	const struct object *t;
	struct list tunnels;
	uint32_t port, mark;
	int code;

	code = ipc_list(ipc, FAKETCP_CMD_TUNNEL_GET, &filter, &tunnels);
	t = tunnels.array;
	port = tunnels.n ? object_number(t, FTCP_A_PORT) : 0;
	if (!code && !tunnels.n)
		code = fail(REFUSED, "no tunnel named \"%s\" on %s", p->name,
			    p->dev);
	else if (!code && object_number(t, FTCP_A_MODE) != FTCP_MODE_ROUTED)
		code = fail(REFUSED,
			    "tunnel \"%s\" is not routed: nothing to steer",
			    p->name);
	else if (!code && !p->sport && !p->dport && !port)
		code = fail(REFUSED,
			    "tunnel \"%s\" has no port: say sport N or dport N",
			    p->name);
	if (!code) {
		mark = object_number(t, FTCP_A_FWMARK);
		if (!p->sport && !p->dport)
			p->sport = p->dport = port;
		p->set_mark = !mark && !p->own;
		p->mark = mark ?: DEFAULT_MARK;
	}
	list_free(&tunnels);
	return code;
}

static int set_mark(struct ipc *ipc, const struct plan *p, uint32_t mark)
{
	struct nl_msg *msg = ipc_request(FAKETCP_CMD_TUNNEL_SET, 0);

	nla_put_u32(msg, FTCP_A_IFINDEX, p->ifindex);
	nla_put_string(msg, FTCP_A_TUNNEL, p->name);
	nla_put_u32(msg, FTCP_A_FWMARK, mark);
	return ipc_do(ipc, msg);
}

static int add_dry(const struct plan *p)
{
	if (p->set_mark)
		printf("ftcpctl set tunnel %s dev %s fwmark 0x%x\n", p->name,
		       p->dev, p->mark);
	if (address_family != AF_INET6)
		print_family(p, AF_INET);
	if (address_family != AF_INET)
		print_family(p, AF_INET6);
	return DONE;
}

static int add_wet(struct ipc *ipc, struct plan *p)
{
	int code;

	if (p->set_mark) {
		code = set_mark(ipc, p, p->mark);
		if (code)
			return code;
		note("tunnel \"%s\" had no mark, and has fwmark 0x%x now, against loops",
		     p->name, p->mark);
	}
	if (!p->own && p->mark & (p->mark - 1))
		note("datagrams that carry any bit of mark 0x%x are not steered (see local-only)",
		     p->mark);
	code = for_each_family(add_family, p);
	if (code && p->n_routes + p->n_rules)
		for_each_family(take_back, p);
	if (code && p->set_mark)
		set_mark(ipc, p, 0);
	return code;
}

/*
 * A dry run that is told the ports does not need to ask the tunnel, and so
 * works where the module is not loaded.
 */
static int plan_and_add(struct plan *p)
{
	bool told = p->dry_run && (p->sport || p->dport);
	struct ipc *ipc = told ? ipc_try_open() : ipc_open();
	int code = DONE;

	if (!ipc && !told)
		return REFUSED;
	if (ipc) {
		code = parse_link(p->dev, &p->ifindex);
		if (!code)
			code = ask_tunnel(ipc, p);
	} else {
		p->mark = DEFAULT_MARK;
		p->set_mark = !p->own;
	}
	if (!code)
		code = p->dry_run ? add_dry(p) : add_wet(ipc, p);
	ipc_close(ipc);
	return code;
}

static int run_add(int argc, char **argv)
{
	const char *sport = NULL, *dport = NULL, *table = NULL, *pref = NULL;
	struct plan p = { .pref = DEFAULT_PREF };
	/* clang-format off */
	const struct word words[] = {
		NEEDED("tunnel", &p.name),
		NEEDED("dev", &p.dev),
		VALUE("sport", &sport),
		VALUE("dport", &dport),
		VALUE("table", &table),
		VALUE("pref", &pref),
		FLAG("local-only", &p.own),
		FLAG("--dry-run", &p.dry_run),
	};
	/* clang-format on */
	int code;

	code = parse_words(argc, argv, words, ARRAY_SIZE(words));
	if (!code)
		code = check_name("tunnel", p.name);
	if (!code)
		code = check_dev(p.dev);
	if (!code && sport)
		code = parse_port("sport", sport, sport, &p.sport);
	if (!code && dport)
		code = parse_port("dport", dport, dport, &p.dport);
	if (!code && pref)
		code = parse_u32("pref", pref, &p.pref);
	if (!code && table)
		code = parse_table(table, &p.table);
	if (code)
		return code;
	if (!table)
		p.table = table_of(p.dev, p.name);
	return plan_and_add(&p);
}

/* del rules */

/* Remove what is there for one family */
static int del_family(struct nlsock *nl, struct plan *p, int family)
{
	struct set have;
	size_t i;
	int err = 0;

	if (read_set(nl, family, &have))
		return fail(REFUSED, "%s", nl->text);
	for (i = 0; i < have.n_rules && !err; i++) {
		if (have.rules[i].table != p->table)
			continue;
		p->found = true;
		if (p->dry_run)
			print_rule_command("del", &have.rules[i]);
		else
			err = rtnl_rule_del(nl, &have.rules[i]);
	}
	for (i = 0; i < have.n_routes && !err; i++) {
		char dev[IF_NAMESIZE] = "?";

		if (have.routes[i].table != p->table)
			continue;
		p->found = true;
		if_indextoname(have.routes[i].ifindex, dev);
		if (p->dry_run)
			print_route_command("del", &have.routes[i], dev);
		else
			err = rtnl_route_del(nl, &have.routes[i]);
	}
	free_set(&have);
	return err ? fail(REFUSED, "%s", nl->text) : DONE;
}

static int run_del(int argc, char **argv)
{
	const char *table = NULL;
	struct plan p = {};
	/* clang-format off */
	const struct word words[] = {
		NEEDED("tunnel", &p.name),
		NEEDED("dev", &p.dev),
		VALUE("table", &table),
		FLAG("--dry-run", &p.dry_run),
	};
	/* clang-format on */
	int code;

	code = parse_words(argc, argv, words, ARRAY_SIZE(words));
	if (!code)
		code = check_name("tunnel", p.name);
	if (!code)
		code = check_dev(p.dev);
	if (!code && table)
		code = parse_table(table, &p.table);
	if (code)
		return code;
	if (!table)
		p.table = table_of(p.dev, p.name);
	code = for_each_family(del_family, &p);
	if (!code && !p.found)
		code = fail(REFUSED,
			    "no rules of tunnel \"%s\" on %s in table %u",
			    p.name, p.dev, p.table);
	return code;
}

/* show rules */

/* The tunnel whose table this is, or NULL */
static const struct object *owner(const struct list *tunnels, uint32_t table)
{
	size_t i;

	for (i = 0; i < tunnels->n; i++)
		if (table_of(object_text(&tunnels->array[i], FTCP_A_IFNAME),
			     object_text(&tunnels->array[i], FTCP_A_TUNNEL)) ==
		    table)
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

static void json_rule(const struct rule *r, const char *dev, const char *name)
{
	json_break();
	json_open(NULL, '{');
	json_string("family", r->family == AF_INET ? "ipv4" : "ipv6");
	json_number("pref", r->pref);
	if (r->sport)
		json_number("sport", r->sport);
	if (r->dport)
		json_number("dport", r->dport);
	json_number("fwmask", r->mask);
	if (r->iif[0])
		json_string("iif", r->iif);
	json_bool("nop", r->nop);
	json_number("table", r->table);
	if (*dev)
		json_string("link", dev);
	if (*name)
		json_string("tunnel", name);
	json_close('}');
}

static void add_rule_row(struct table *t, const struct rule *r, const char *dev,
			 const char *name)
{
	table_cell(t, "%u", r->pref);
	table_cell(t, "%s", family_name(r->family));
	if (r->nop)
		table_cell(t, "nothing");
	else
		table_cell(t, "udp %s %u", r->sport ? "sport" : "dport",
			   r->sport ?: r->dport);
	if (r->iif[0])
		table_cell(t, "iif %s", r->iif);
	else if (r->mask)
		table_cell(t, "fwmark 0/0x%x", r->mask);
	else
		table_cell(t, "-");
	table_cell(t, "%u", r->table);
	table_cell(t, "%s", *dev ? dev : "no route");
	table_cell(t, "%s", *name ? name : "-");
}

static void view_rule(struct view *v, const struct set *s, const struct rule *r)
{
	const struct object *t = owner(&v->tunnels, r->table);
	bool named = v->dev && v->tunnel &&
		     table_of(v->dev, v->tunnel) == r->table;
	const char *name = named ? v->tunnel :
			   t	 ? object_text(t, FTCP_A_TUNNEL) :
				   "";
	char dev[IF_NAMESIZE] = "";
	size_t i;

	for (i = 0; i < s->n_routes; i++)
		if (s->routes[i].table == r->table)
			if_indextoname(s->routes[i].ifindex, dev);
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
	struct set s;
	size_t i;

	if (read_set(nl, family, &s))
		return fail(REFUSED, "%s", nl->text);
	for (i = 0; i < s.n_rules; i++)
		view_rule(v, &s, &s.rules[i]);
	free_set(&s);
	return DONE;
}

/* Names of tunnels are worth having, but rules are there without the module */
static void read_tunnels(struct view *v)
{
	struct filter all = {};
	struct ipc *ipc = ipc_try_open();

	if (ipc && ipc_list(ipc, FAKETCP_CMD_TUNNEL_GET, &all, &v->tunnels))
		list_free(&v->tunnels);
	ipc_close(ipc);
}

/**
 * show_rules() - Show the rules that ftcpctl installed.
 * @dev: Of this link only, or NULL.
 * @tunnel: Of this tunnel only, or NULL.
 * @json: Write JSON.
 *
 * Return: An exit code.
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
	struct nlsock nl;
	int code = DONE;
	size_t i;

	if (rtnl_open(&nl)) {
		code = fail(REFUSED, "%s", nl.text);
		nlsock_close(&nl);
		return code;
	}
	read_tunnels(&v);
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

const struct verb add_rules = {
	.verb = "add",
	.object = "rules",
	.synopsis =
		"tunnel NAME dev LINK [sport N] [dport N] [table T] [pref P]\n"
		"            [local-only] [--dry-run]\n",
	.help = "Install policy-routing rules that steer UDP into a routed tunnel, IPv4 and\n"
		"IPv6 (-4 or -6: only one).\n"
		"\n"
		"  sport N     datagrams from this port; neither sport nor dport: both, with\n"
		"  dport N     datagrams to this port     the port of the tunnel\n"
		"  table T     routing table (follows from the names of link and tunnel)\n"
		"  pref P      preference of the rules (6000)\n"
		"  local-only  datagrams of this host only, whatever their mark\n"
		"  --dry-run   print the commands, do nothing\n"
		"\n"
		"Datagrams that carry the tunnel's fwmark are not steered, so that what the\n"
		"tunnel delivers does not enter it again; a tunnel without fwmark gets one.\n",
	.run = run_add,
};

const struct verb del_rules = {
	.verb = "del",
	.object = "rules",
	.synopsis = "tunnel NAME dev LINK [table T] [--dry-run]\n",
	.help = "Remove the rules and routes that `add rules' installed.\n"
		"\n"
		"  table T     when add was given one\n"
		"  --dry-run   print the commands, do nothing\n",
	.run = run_del,
};
