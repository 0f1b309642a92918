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

#include "config.h"

/* Most rules and routes that a tunnel needs in one family, and families */
#define ENTRIES 4
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

/* The table of a tunnel, the same every time: FNV-1a */
static uint32_t rules_table(const char *dev, const char *tunnel)
{
	char names[IF_NAMESIZE + FAKETCP_NAME_MAX + 1], *c;
	uint32_t hash = 2166136261u;

	snprintf(names, sizeof(names), "%s/%s", dev, tunnel);
	for (c = names; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return TABLE_BASE | ((hash ^ hash >> 24) & 0xffffff);
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

/* The command of ip(8) that does it */
static void print_command(const char *verb, const struct entry *e)
{
	printf("ip -%c ", e->family == AF_INET ? '4' : '6');
	if (e->route) {
		printf("route %s default dev %s table %u proto %u\n", verb,
		       e->dev[0] ? e->dev : "?", e->table, RTNL_PROTOCOL);
		return;
	}
	printf("rule %s pref %u", verb, e->pref);
	if (e->dev[0])
		printf(" iif %s", e->dev);
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

/** same_entry() - are they the same rule or route? */
bool same_entry(const struct entry *a, const struct entry *b)
{
	/* a link may have several names */
	return a->route == b->route && a->family == b->family &&
	       a->table == b->table && a->ifindex == b->ifindex &&
	       (a->route || !strcmp(a->dev, b->dev)) && a->pref == b->pref &&
	       a->sport == b->sport && a->dport == b->dport &&
	       a->mark == b->mark && a->mask == b->mask && a->nop == b->nop &&
	       a->suppress == b->suppress;
}

static bool has(const struct list *l, const struct entry *e)
{
	struct entry other;
	size_t i;

	for (i = 0; i < l->n; i++)
		if (rtnl_entry(l->array[i].msg, &other) &&
		    same_entry(&other, e))
			return true;
	return false;
}

/* Is it IPv6 as such that is missing?  Then IPv4 alone is what there is */
static bool no_ipv6(int family, int err)
{
	return family == AF_INET6 && address_family != AF_INET6 &&
	       (err == -EAFNOSUPPORT || err == -EOPNOTSUPP || err == -EACCES);
}

static int refuse(const struct plan *p, const struct entry *e, int err)
{
	const char *family = e->family == AF_INET ? "IPv4" : "IPv6";

	if (e->route && err == -ENETDOWN)
		return refused("link %s is down (ip link set %s up)", p->dev,
			       p->dev);
	if (e->route && err == -EEXIST)
		return refused("table %u has an %s default route of its own",
			       p->table, family);
	return refused("%s %s: %s", family, e->route ? "route" : "rule",
		       rtnl_error());
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
			print_command("add", e);
		if (p->dry_run || has(&have, e))
			continue;
		err = rtnl_change(true, e);
		if (!err)
			p->done[p->n_done++] = *e;
	}
	list_free(&have);
	if (!err)
		return code;
	if (!no_ipv6(family, err))
		return refuse(p, e - 1, err);
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
	if (p.set_mark)
		printf("ftcpctl set tunnel %s dev %s fwmark 0x%x\n", p.name,
		       p.dev, p.mark);
	return for_each_family(add_family, &p);
}

/* del rules */

/* Is it the tunnel's?  A rule that looks in main is, with the one behind it, unless
 * another tunnel has one there, too: they share what add has installed once.
 */
static bool is_own(const struct plan *p, const struct list *have,
		   const struct entry *e)
{
	struct entry next;
	bool own = false;
	size_t i;

	if (e->table == p->table || !e->suppress)
		return e->table == p->table;
	for (i = 0; i < have->n; i++) {
		if (!rtnl_entry(have->array[i].msg, &next) || next.route ||
		    next.suppress || next.sport || next.dport ||
		    next.pref != e->pref + 1 || next.mark != e->mark ||
		    next.mask != e->mask)
			continue;
		if (next.table != p->table)
			return false;
		own = true;
	}
	return own;
}

/* Remove what is there for one family */
static int del_family(struct plan *p, int family)
{
	struct list have = {};
	int code = rtnl_read(family, &have), err = 0;
	struct entry e;
	size_t i;

	for (i = 0; i < have.n && !code; i++) {
		if (!rtnl_entry(have.array[i].msg, &e) || !is_own(p, &have, &e))
			continue;
		p->found = true;
		if (p->dry_run)
			print_command("del", &e);
		else
			err = rtnl_change(false, &e);
		if (err)
			code = refuse(p, &e, err);
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

/** rules_optional() - may a rule or route be missing where there is no IPv6? */
bool rules_optional(const struct entry *e, int err)
{
	return no_ipv6(e->family, err);
}

/** rules_print_command() - print the command of ip(8) that adds or removes it */
void rules_print_command(bool add, const struct entry *e)
{
	print_command(add ? "add" : "del", e);
}

static void add_entry(struct config *c, const struct entry *e)
{
	size_t i;

	for (i = 0; i < c->n_entries; i++)
		if (same_entry(&c->entries[i], e))
			return;
	c->entries = grow(c->entries, c->n_entries, &c->entry_room,
			  sizeof(*c->entries));
	c->entries[c->n_entries++] = *e;
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
			add_entry(c, &entries[i]);
	}
	return DONE;
}

/* Does a table belong to a tunnel that is, or is to be, or lead to the link? */
static bool is_table(const struct config *want, const struct config *have,
		     const struct list *list, uint32_t table)
{
	const struct config *c;
	struct entry e;
	size_t i;

	for (c = want;; c = have) {
		for (i = 0; i < c->n; i++)
			if (c->items[i].o.of == OF_TUNNEL &&
			    rules_table(c->dev, object_text(&c->items[i].o,
							    FTCP_A_TUNNEL)) ==
				    table)
				return true;
		for (i = 0; c == want && i < c->n_entries; i++)
			if (c->entries[i].table == table &&
			    table != RT_TABLE_MAIN)
				return true;
		if (c == have)
			break;
	}
	for (i = 0; i < list->n; i++)
		if (rtnl_entry(list->array[i].msg, &e) && e.route &&
		    have->ifindex && e.ifindex == have->ifindex &&
		    e.table == table)
			return true;
	return false;
}

/** rules_have() - which rules and routes of a link there are */
int rules_have(const struct config *want, struct config *have)
{
	struct list list;
	struct entry e;
	struct plan p;
	size_t i;
	int code, family;

	for (family = AF_INET; family;
	     family = family == AF_INET ? AF_INET6 : 0) {
		list = (struct list){};
		code = rtnl_read(family, &list);
		for (i = 0; i < list.n && !code; i++) {
			if (!rtnl_entry(list.array[i].msg, &e) ||
			    e.family != family)
				continue;
			if (is_table(want, have, &list, e.table))
				add_entry(have, &e);
		}
		/* Those that look in main, by the ones behind them */
		for (i = 0; i < list.n && !code; i++) {
			size_t j, n = have->n_entries;

			if (!rtnl_entry(list.array[i].msg, &e) || e.route ||
			    !e.suppress)
				continue;
			for (j = 0; j < n; j++) {
				p.table = have->entries[j].table;
				if (have->entries[j].family == family &&
				    is_own(&p, &list, &e))
					break;
			}
			if (j < n)
				add_entry(have, &e);
		}
		list_free(&list);
		if (code)
			return code;
	}
	return DONE;
}

/* The tunnel whose rules look in a table */
static const struct object *tunnel_of(const struct config *c,
				      const struct entry *e)
{
	const struct object *t, *any = NULL;
	bool packets = !e->sport && !e->dport;
	size_t i;

	for (i = 0; i < c->n; i++) {
		t = &c->items[i].o;
		if (t->of != OF_TUNNEL)
			continue;
		if (rules_table(c->dev, object_text(t, FTCP_A_TUNNEL)) ==
		    e->table)
			return t;
		if (!any && object_number(t, FTCP_A_MODE) ==
				    (packets ? FTCP_MODE_IP : FTCP_MODE_ROUTED))
			any = t;
	}
	return any;
}

static bool has_twin(const struct config *c, struct entry e, int family)
{
	size_t i;

	e.family = family;
	for (i = 0; i < c->n_entries; i++)
		if (same_entry(&c->entries[i], &e))
			return true;
	return false;
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
		printf("rules tunnel %s", name);
		if (packets && e->mask == UINT32_MAX)
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
