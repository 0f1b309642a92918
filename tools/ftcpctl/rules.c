// SPDX-License-Identifier: GPL-2.0
/*
 * add rules, del rules
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
 * A tunnel of mode ip carries packets of all kinds, and what it delivers has been
 * steered as it should.  There are two rules for each family, as wg-quick has them:
 * what main has a better route for than a default one goes there.
 *
 *	ip rule add pref P fwmark 0/M lookup main suppress_prefixlength 0
 *	ip rule add pref P+1 fwmark 0/M lookup T
 *
 * or with the mark that is to be steered in place of 0/M.
 *
 * Rules and routes are recognised by their originator (RTNL_PROTOCOL) and by
 * the table, whose number follows from the names of link and tunnel, or, if that is
 * main, by the rule behind them.  So they can be removed after link and tunnel are gone.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "rules.h"

/* Most rules and routes that a tunnel needs in one family, and families */
#define ENTRIES 4
#define FAMILIES 2

/* Given to a tunnel that has no mark */
#define DEFAULT_MARK 0x20000000

/**
 * struct plan - What add and del work on.
 * @name: Name of the tunnel.
 * @dev: Name of the link.
 * @ifindex: The link, 0 when it does not exist.
 * @sport: Source port to steer, 0 for none.
 * @dport: Destination port to steer, 0 for none.
 * @mark: Mark of the tunnel.
 * @packets: Steer whole packets: those with mark
 * @want: ... if that is not 0, else all without the tunnel's mark.
 * @table: Routing table.
 * @pref: Preference of the rules.
 * @own: Steer datagrams of this host only.
 * @dry_run: Print only.
 * @set_mark: The tunnel has no mark yet.
 * @found: Whether there was anything to remove.
 * @done: What add has installed, to be taken back if the rest fails.
 * @n_done: How many.
 */
struct plan {
	const char *name;
	const char *dev;
	unsigned int ifindex;
	unsigned int sport;
	unsigned int dport;
	uint32_t mark;
	bool packets;
	uint32_t want;
	uint32_t table;
	uint32_t pref;
	bool own;
	bool dry_run;
	bool set_mark;
	bool found;
	struct entry done[FAMILIES * ENTRIES];
	size_t n_done;
};

static int parse_table(const char *text, uint32_t *out)
{
	if (!scan_u32(text, out) || !*out)
		return wrong("table", text, "expected a table number");
	if (*out >= RT_TABLE_DEFAULT && *out <= RT_TABLE_LOCAL)
		return wrong("table", text, "belongs to the system");
	return DONE;
}

/* What add and del have in common */
static int make_plan(const char *const *given, struct plan *p)
{
	const char *table = given[WORD_TABLE];

	*p = (struct plan){
		.name = given[FTCP_A_TUNNEL],
		.dev = given[FTCP_A_IFINDEX],
		.pref = DEFAULT_PREF,
		.own = given[WORD_LOCAL_ONLY],
		.dry_run = given[WORD_DRY_RUN],
	};
	/* A dry run does not look for the link, but its name must be one */
	if (!*p->dev || strlen(p->dev) >= IF_NAMESIZE)
		return wrong("dev", p->dev, "not the name of a link");
	if (table)
		return parse_table(table, &p->table);
	p->table = rules_table(p->dev, p->name);
	return DONE;
}

/* add rules */

/* The route and the rules of @p for @family; how many */
static size_t plan_entries(const struct plan *p, int family, struct entry *out)
{
	struct entry e = { .family = family, .table = p->table };
	size_t n = 0;

	strcpy(e.dev, p->dev);
	out[n] = e;
	out[n].ifindex = p->ifindex;
	out[n++].route = true;
	e.pref = p->pref;
	if (p->packets) {
		e.dev[0] = '\0';
		e.mark = p->want;
		e.mask = p->want ? UINT32_MAX : p->mark;
		out[n] = e;
		out[n].table = RT_TABLE_MAIN;
		out[n++].suppress = true;
		e.pref++;
		out[n++] = e;
		return n;
	}
	if (p->own && family == AF_INET) {
		out[n] = e;
		out[n++].nop = true;
	}
	strcpy(e.dev, p->own ? "lo" : "");
	e.mask = p->own ? 0 : p->mark;
	if (p->sport) {
		out[n] = e;
		out[n++].sport = p->sport;
	}
	if (p->dport) {
		out[n] = e;
		out[n++].dport = p->dport;
	}
	return n;
}

static bool has(const struct list *l, const struct entry *e)
{
	struct entry other;
	size_t i;

	for (i = 0; i < l->n; i++)
		if (rtnl_entry(l->array[i].msg, &other) &&
		    entry_same(&other, e))
			return true;
	return false;
}

/* Remove again what this command has installed for one family */
static int take_back(struct plan *p, int family)
{
	size_t i;

	for (i = p->n_done; i--;)
		if (p->done[i].family == family)
			rtnl_change(false, &p->done[i]);
	return DONE;
}

/* Install, or else print, what is missing for one family */
static int add_family(struct plan *p, int family)
{
	struct entry entries[ENTRIES], *e = entries;
	size_t n = plan_entries(p, family, entries);
	struct list have = {};
	int code = p->dry_run ? DONE : rtnl_read(family, &have), err = 0;

	for (; n && !code && !err; n--, e++) {
		if (p->dry_run)
			entry_print("add", e);
		if (p->dry_run || has(&have, e))
			continue;
		err = rtnl_change(true, e);
		if (!err)
			p->done[p->n_done++] = *e;
	}
	list_free(&have);
	if (!err)
		return code;
	if (address_family == AF_INET6 || !entry_lacks_ipv6(e - 1, err))
		return entry_refuse(p->dev, e - 1, err);
	note("no IPv6 on link %s: only IPv4 is steered", p->dev);
	return take_back(p, family);
}

static int for_each_family(int (*fn)(struct plan *, int), struct plan *p)
{
	int code = DONE;

	if (address_family != AF_INET6)
		code = fn(p, AF_INET);
	if (address_family != AF_INET && !code)
		code = fn(p, AF_INET6);
	return code;
}

/* Fill in what the tunnel knows: its port and its mark */
static int ask_tunnel(struct plan *p, const struct object *t)
{
	uint32_t port = object_number(t, FTCP_A_PORT);
	uint32_t mark = object_number(t, FTCP_A_FWMARK);
	uint64_t mode = object_number(t, FTCP_A_MODE);

	if (mode == FTCP_MODE_IP && !p->packets)
		return refused(
			"tunnel \"%s\" carries whole packets: say all or fwmark M",
			p->name);
	if (mode != (p->packets ? FTCP_MODE_IP : FTCP_MODE_ROUTED))
		return refused("tunnel \"%s\" is not %s: nothing to steer",
			       p->name, p->packets ? "of mode ip" : "routed");
	p->set_mark = !mark && !p->own && !p->want;
	p->mark = mark ?: DEFAULT_MARK;
	if (p->packets)
		return p->want && p->want == mark ?
			       refused("fwmark: it is the tunnel's own") :
			       DONE;
	if (!p->sport && !p->dport && !port)
		return refused(
			"tunnel \"%s\" has no port: say sport N or dport N",
			p->name);
	if (!p->sport && !p->dport)
		p->sport = p->dport = port;
	return DONE;
}

static int find_tunnel(struct plan *p)
{
	struct filter filter = { .tunnel = p->name };
	struct list tunnels;
	int code = parse_link(p->dev, &p->ifindex);

	if (code)
		return code;
	filter.ifindex = p->ifindex;
	code = ipc_list(FAKETCP_CMD_TUNNEL_GET, &filter, &tunnels);
	if (!code && !tunnels.n)
		code = refused("no tunnel named \"%s\" on %s", p->name, p->dev);
	code = code ?: ask_tunnel(p, tunnels.array);
	list_free(&tunnels);
	return code;
}

static int set_mark(const struct plan *p, uint32_t mark)
{
	struct nl_msg *msg = ipc_request(FAKETCP_CMD_TUNNEL_SET, NULL);

	nla_put_u32(msg, FTCP_A_IFINDEX, p->ifindex);
	nla_put_string(msg, FTCP_A_TUNNEL, p->name);
	nla_put_u32(msg, FTCP_A_FWMARK, mark);
	return ipc_do(msg);
}

static int add_all(struct plan *p)
{
	int code;

	if (p->set_mark) {
		code = set_mark(p, p->mark);
		if (code)
			return code;
		note("tunnel \"%s\" had no mark, and has fwmark 0x%x now, against loops",
		     p->name, p->mark);
	}
	if (!p->own && !p->want && p->mark & (p->mark - 1))
		note("datagrams that carry any bit of mark 0x%x are not steered (see local-only)",
		     p->mark);
	code = for_each_family(add_family, p);
	if (code)
		for_each_family(take_back, p);
	if (code && p->set_mark)
		set_mark(p, 0);
	return code;
}

/* Is it a tunnel of mode ip?  What of it is steered */
static int parse_packets(const char *const *given, struct plan *p)
{
	const char *all = given[WORD_ALL], *want = given[FTCP_A_FWMARK];

	p->packets = all || want;
	if (all && want)
		return misused("all: cannot be combined with fwmark");
	if (want && (!scan_mark(want, &p->want) || !p->want))
		return wrong("fwmark", want, "expected a mark");
	if (p->packets && (p->sport || p->dport || p->own))
		return misused("%s: cannot be combined with %s",
			       all ? "all" : "fwmark",
			       p->own	? "local-only" :
			       p->sport ? "sport" :
					  "dport");
	return DONE;
}

static int parse_add(const char *const *given, struct plan *p)
{
	const char *pref = given[WORD_PREF];
	int code = make_plan(given, p);

	code = code ?: parse_port("sport", given[WORD_SPORT], &p->sport);
	code = code ?: parse_port("dport", given[WORD_DPORT], &p->dport);
	code = code ?: parse_packets(given, p);
	/* there may be a second one behind it */
	if (!code && pref &&
	    (!scan_u32(pref, &p->pref) || p->pref > UINT32_MAX - p->packets))
		return wrong("pref", pref, "expected a number");
	return code;
}

static int run_add(const char *const *given)
{
	struct plan p;
	bool told;
	int code = parse_add(given, &p);

	if (code)
		return code;
	/* Then there is no need to ask the tunnel, nor for the module */
	told = p.dry_run && (p.sport || p.dport || p.packets);
	p.mark = DEFAULT_MARK;
	p.set_mark = !p.own && !p.want;
	if (!ipc_open(!told))
		code = find_tunnel(&p);
	else if (!told)
		code = REFUSED;
	if (code || !p.dry_run)
		return code ?: add_all(&p);
	if (p.set_mark) {
		printf("ftcpctl set tunnel");
		print_quoted(p.name);
		printf(" dev");
		print_quoted(p.dev);
		printf(" fwmark 0x%x\n", p.mark);
	}
	return for_each_family(add_family, &p);
}

/* del rules */

/* Remove what is there for one family */
static int del_family(struct plan *p, int family)
{
	struct list have = {};
	int code = rtnl_read(family, &have), err = 0;
	struct entry e;
	size_t i;

	for (i = 0; i < have.n && !code; i++) {
		if (!rtnl_entry(have.array[i].msg, &e) || !entry_is_of(p->table, &have, &e))
			continue;
		p->found = true;
		if (p->dry_run)
			entry_print("del", &e);
		else
			err = rtnl_change(false, &e);
		if (err)
			code = entry_refuse(p->dev, &e, err);
	}
	list_free(&have);
	return code;
}

static int run_del(const char *const *given)
{
	struct plan p;
	int code = make_plan(given, &p);

	code = code ?: for_each_family(del_family, &p);
	if (!code && !p.found)
		code = refused("no rules of tunnel \"%s\" on %s in table %u",
			       p.name, p.dev, p.table);
	return code;
}

/* Files of links */

/** rules_need_mark() - do these rules need a mark of the tunnel? */
bool rules_need_mark(const char *const *given)
{
	return !given[WORD_LOCAL_ONLY] && !given[FTCP_A_FWMARK];
}

/** rules_want() - what the words of add rules ask for, of a tunnel of a file */
int rules_want(const char *const *given, const struct object *tunnel,
	       struct config *c)
{
	const char *full[WORDS];
	struct entry entries[ENTRIES];
	struct plan p;
	size_t i, n;
	int code, family;

	memcpy(full, given, sizeof(full));
	full[FTCP_A_IFINDEX] = c->dev;
	code = parse_add(full, &p) ?: ask_tunnel(&p, tunnel);
	if (code)
		return code;
	p.ifindex = c->ifindex;
	for (family = AF_INET; family;
	     family = family == AF_INET ? AF_INET6 : 0) {
		if (address_family && family != address_family)
			continue;
		n = plan_entries(&p, family, entries);
		for (i = 0; i < n; i++)
			config_add(c, &entries[i]);
	}
	return DONE;
}

const struct verb add_rules = {
	.verb = "add",
	.object = "rules",
	.synopsis = "tunnel NAME [dev LINK] [sport N] [dport N] [table T]\n"
		    "            [pref P] [local-only] [--dry-run]\n"
		    "tunnel NAME [dev LINK] all|fwmark M [table T] [pref P]\n"
		    "            [--dry-run]\n",
	.help = "Install policy-routing rules that steer UDP into a routed tunnel, or packets\n"
		"into one of mode ip, IPv4 and IPv6 (-4 or -6: only one).\n"
		"\n"
		"  sport N     datagrams from this port; neither sport nor dport: both, with\n"
		"  dport N     datagrams to this port     the port of the tunnel\n"
		"  all         mode ip: what has no better route than a default one\n"
		"  fwmark M    mode ip: ... and has this mark\n"
		"  table T     routing table (follows from the names of link and tunnel)\n"
		"  pref P      preference of the rules (6000; of mode ip 6000 and 6001)\n"
		"  local-only  datagrams of this host only, whatever their mark\n"
		"  --dry-run   print the commands, do nothing\n"
		"\n"
		"What carries the tunnel's fwmark is not steered, so that what the tunnel\n"
		"delivers does not enter it again; a tunnel without fwmark gets one.\n"
		"(Rules for fwmark M do without.)\n",
	.words =
		(const struct word[]){
			{ "tunnel", FTCP_A_TUNNEL, NEEDED },
			{ "dev", FTCP_A_IFINDEX, LINK },
			{ "sport", WORD_SPORT, VALUE },
			{ "dport", WORD_DPORT, VALUE },
			{ "table", WORD_TABLE, VALUE },
			{ "pref", WORD_PREF, VALUE },
			{ "local-only", WORD_LOCAL_ONLY, FLAG },
			{ "all", WORD_ALL, FLAG },
			{ "fwmark", FTCP_A_FWMARK, VALUE },
			{ "--dry-run", WORD_DRY_RUN, FLAG },
			{},
		},
	.run = run_add,
};

const struct verb del_rules = {
	.verb = "del",
	.object = "rules",
	.synopsis = "tunnel NAME [dev LINK] [table T] [--dry-run]\n",
	.help = "Remove the rules and routes that `add rules' installed.\n"
		"\n"
		"  table T     when add was given one\n"
		"  --dry-run   print the commands, do nothing\n",
	.words =
		(const struct word[]){
			{ "tunnel", FTCP_A_TUNNEL, NEEDED },
			{ "dev", FTCP_A_IFINDEX, LINK },
			{ "table", WORD_TABLE, VALUE },
			{ "--dry-run", WORD_DRY_RUN, FLAG },
			{},
		},
	.run = run_del,
};
