// SPDX-License-Identifier: GPL-2.0
/*
 * What doctor looks at on links and tunnels: whether they are up, what they need of this
 * host, the rules that lead there, and what they have counted.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <unistd.h>

#include "doctor.h"
#include "rules.h"

/** check_links() - is there one, up, with tunnels? */
void check_links(struct doctor *d)
{
	unsigned int n = 0, bad = 0;
	size_t i, j;

	for (i = 0; i < d->n_devices; i++) {
		const struct device *dev = &d->devices[i];
		bool used = !d->seen;

		if (strcmp(dev->kind, "faketcp"))
			continue;
		n++;
		for (j = 0; j < d->tunnels.n; j++)
			used |= object_number(&d->tunnels.array[j],
					      FTCP_A_IFINDEX) == dev->index;
		if (!dev->up)
			fault(text("ip link set %s up", dev->name),
			      "%s is down: nothing passes, and rules lost their routes",
			      dev->name);
		if (!used)
			fault(text("ftcpctl add tunnel --help"),
			      "%s has no tunnel, and carries nothing",
			      dev->name);
		bad += !dev->up || !used;
	}
	if (!n && d->asked)
		aside(NULL, "there is none");
	else if (!n)
		fault("ftcpctl add tunnel --help",
		      "there is no link of type faketcp in this network namespace");
	else if (!bad)
		well("%u, up", n);
}

/* Is an address, if one is given, one of this host's? */
static bool is_own(const union address *a)
{
	int fd = socket(a->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	union address any_port = *a;
	bool gone;

	address_set_port(&any_port, 0);
	gone = fd >= 0 && bind(fd, &any_port.sa, address_len(a)) &&
	       errno == EADDRNOTAVAIL;
	close(fd);
	return !gone;
}

static bool check_address(const struct object *t, int type)
{
	char buf[ADDRESS_STRLEN];
	union address a;

	object_address(t, type, &a);
	if (!address_is_set(&a) || is_own(&a))
		return true;
	format_host(buf, &a);
	fault(text("ip address add %s dev DEVICE", buf),
	      "%s: its address %s is none of this host's any more",
	      tunnel_name(t), buf);
	return false;
}

/* Does anybody take what comes out of a tunnel that forwards? */
static bool check_target(struct doctor *d, const struct object *t)
{
	char buf[ADDRESS_STRLEN];
	union address a;
	struct way way;

	object_address(t, FTCP_A_TARGET, &a);
	if (!address_is_set(&a))
		return true;
	format_address(buf, &a);
	way_to(d, &a, 0, IPPROTO_UDP, &way);
	if (way.err) {
		fault(text("ip route get %s",
			   format_host((char[ADDRESS_STRLEN]){}, &a)),
		      "%s: no route to its service, %s", tunnel_name(t), buf);
		return false;
	}
	if (!way.local || port_in_use("udp", &a, address_port(&a), false))
		return true;
	fault(text("ss -ulnp sport = :%u", address_port(&a)),
	      "%s: nobody listens at UDP %s; start the service, or forward to where it is",
	      tunnel_name(t), buf);
	return false;
}

/* A crowd of flows that lets nobody else in */
static bool check_full(const struct object *t)
{
	uint64_t n = object_number(t, FTCP_A_FLOWS);
	uint64_t max = object_number(t, FTCP_A_MAX_FLOWS);

	if (n < max)
		return true;
	fault(text("ftcpctl set tunnel %s dev %s max-flows %" PRIu64,
		   tunnel_name(t), tunnel_dev(t), 2 * max),
	      "%s has as many flows as it may, %" PRIu64
	      "; or lower idle: ftcpctl show flows",
	      tunnel_name(t), max);
	return false;
}

/* A tunnel that forwards, and lets nobody connect */
static bool check_admitted(const struct doctor *d, const struct object *t)
{
	size_t i;

	for (i = 0; i < d->peers.n; i++)
		if (same_tunnel(&d->peers.array[i], t) &&
		    d->peers.array[i].tb[FTCP_A_FROM])
			return true;
	fault(text("ftcpctl set peer any tunnel %s dev %s from 0.0.0.0/0,::/0",
		   tunnel_name(t), tunnel_dev(t)),
	      "nobody may connect to %s: no peer says from where (or say which addresses)",
	      tunnel_name(t));
	return false;
}

/* Flows of all tunnels together, which the host limits */
static bool check_limits(const struct doctor *d)
{
	static const char path[] = "/proc/sys/net/faketcp/max_flows";
	long long max = read_number(path, -1);
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < d->tunnels.n; i++)
		n += object_number(&d->tunnels.array[i], FTCP_A_FLOWS);
	if (max < 0 || (long long)n < max || !d->tunnels.n)
		return true;
	fault(text("sysctl -w net.faketcp.max_flows=%llu",
		   2ULL * (n > 1000 ? n : 1000)),
	      "all tunnels together have as many flows as they may, %lld",
	      max);
	return false;
}

/* A tunnel without peers, or one whose peers have no addresses behind them */
static bool check_peers(const struct doctor *d, const struct object *t)
{
	uint64_t mode = tunnel_mode(t);
	bool found = false;
	size_t i;

	if (mode == FTCP_MODE_FORWARD)
		return check_admitted(d, t);
	if (mode == FTCP_MODE_LISTEN)
		return true;
	for (i = 0; i < d->peers.n; i++)
		found |= same_tunnel(&d->peers.array[i], t) &&
			 d->peers.array[i].tb[FTCP_A_ALLOWED_IP];
	if (found)
		return true;
	fault(text("ftcpctl set peer PEER tunnel %s dev %s allowed-ips ADDRESSES",
		   tunnel_name(t), tunnel_dev(t)),
	      "%s has no peer with allowed-ips: nothing goes there",
	      tunnel_name(t));
	return false;
}

/** check_tunnels() - is there what they need of this host? */
void check_tunnels(struct doctor *d)
{
	unsigned int bad = 0;
	size_t i;

	for (i = 0; i < d->tunnels.n; i++) {
		const struct object *t = &d->tunnels.array[i];

		bad += !check_address(t, FTCP_A_LOCAL);
		bad += !check_address(t, FTCP_A_LISTEN);
		bad += !check_target(d, t);
		bad += !check_peers(d, t);
		bad += !check_full(t);
	}
	bad += !check_limits(d);
	if (d->module && !d->seen)
		aside(NULL, "only root sees them");
	else if (!d->tunnels.n)
		aside(NULL, "there is none");
	else if (!bad)
		well("%zu, with what they need here", d->tunnels.n);
}

/* Names of far ends */

static bool check_name(const struct object *p)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
	struct addrinfo *list, *answer;
	char was[ADDRESS_STRLEN];
	struct host_port hp;
	union address a, is;
	bool found = false;
	int err;

	if (!is_named(object_text(p, FTCP_A_ENDPOINT_NAME), &hp))
		return true;
	err = getaddrinfo(hp.host, NULL, &hints, &list);
	if (err) {
		fault(text("getent ahosts %s", hp.host),
		      "%s cannot be looked up: %s", hp.host,
		      resolve_error(err));
		return false;
	}
	object_address(p, FTCP_A_ENDPOINT, &is);
	for (answer = list; answer && !found; answer = answer->ai_next) {
		memcpy(&a, answer->ai_addr, answer->ai_addrlen);
		found = same_host(&a, &is);
	}
	freeaddrinfo(list);
	if (!found)
		fault("ftcpctl resolve",
		      "%s is not at %s any more; every minute: systemctl enable --now faketcp-resolve.timer",
		      hp.host, format_host(was, &is));
	return found;
}

/** check_names() - are far ends still where their names say? */
void check_names(struct doctor *d)
{
	unsigned int n = 0, bad = 0;
	size_t i;

	for (i = 0; i < d->peers.n; i++) {
		if (!d->peers.array[i].tb[FTCP_A_ENDPOINT_NAME])
			continue;
		n++;
		bad += !check_name(&d->peers.array[i]);
	}
	if (!n)
		aside(NULL, "no far end was given by name");
	else if (!bad)
		well("%u, as they were", n);
}

/* Rules */

/* Is there a route into the link in a table, or a rule that looks there? */
static bool has_entry(const struct doctor *d, bool route, uint32_t table,
		      unsigned int ifindex, int family)
{
	struct entry e;
	size_t i;

	for (i = 0; i < d->rules.n; i++)
		if (rtnl_entry(d->rules.array[i].msg, &e) &&
		    e.route == route && e.table == table &&
		    (!family || e.family == family) &&
		    (!ifindex || !route || e.ifindex == ifindex))
			return true;
	return false;
}

static const char *add_rules_again(const struct object *t, bool remove,
				   const struct entry *e)
{
	const char *name = tunnel_name(t), *dev = tunnel_dev(t), *what;

	if (tunnel_mode(t) == FTCP_MODE_IP)
		what = e && e->mask == UINT32_MAX ?
			       text(" fwmark 0x%x", e->mark) :
			       " all";
	else if (t->tb[FTCP_A_PORT] && !e)
		what = "";
	else if (e && e->sport && !e->dport)
		what = text(" sport %u", e->sport);
	else
		what = e && e->dport ? text(" dport %u", e->dport) :
				       " dport PORT";
	if (!remove)
		return text("ftcpctl add rules tunnel %s dev %s%s", name, dev,
			    what);
	return text("ftcpctl del rules tunnel %s dev %s && ftcpctl add rules tunnel %s dev %s%s%s",
		    name, dev, name, dev, what,
		    e && e->dev[0] ? " local-only" : "");
}

/* Of a tunnel: is there a rule, does it lead into the link, and has it the mark? */
static unsigned int check_tunnel_rules(const struct doctor *d,
				       const struct object *t)
{
	uint32_t table = rules_table(tunnel_dev(t), tunnel_name(t));
	uint32_t mark = object_number(t, FTCP_A_FWMARK);
	unsigned int ifindex = object_number(t, FTCP_A_IFINDEX);
	struct entry e;
	size_t i;

	for (i = 0; i < d->rules.n; i++) {
		if (!rtnl_entry(d->rules.array[i].msg, &e) || e.route || e.nop ||
		    e.table != table)
			continue;
		if (!has_entry(d, true, table, ifindex, e.family)) {
			fault(add_rules_again(t, true, &e),
			      "%s: a rule looks in table %u, which has no route into %s any more (the link was down)",
			      tunnel_name(t), table, tunnel_dev(t));
			return 1;
		}
		if (!e.mark && e.mask && e.mask != mark) {
			fault(add_rules_again(t, true, &e),
			      "%s has fwmark 0x%x, and the rules steer all without 0x%x: what leaves it comes in again, a loop",
			      tunnel_name(t), mark, e.mask);
			return 1;
		}
	}
	return 0;
}

/* Anybody's rule into the link: it may have been made by hand, in any table */
static bool is_steered(const struct doctor *d, const struct object *t)
{
	uint32_t table = rules_table(tunnel_dev(t), tunnel_name(t));
	unsigned int ifindex = object_number(t, FTCP_A_IFINDEX);
	struct entry e;
	struct way way;
	size_t i;

	if (has_entry(d, false, table, 0, 0))
		return true;
	for (i = 0; i < d->rules.n; i++)
		if (rtnl_entry(d->rules.array[i].msg, &e) && e.route &&
		    e.ifindex == ifindex &&
		    has_entry(d, false, e.table, 0, e.family))
			return true;
	for (i = 0; i < d->n_fars; i++) {
		if (d->fars[i].tunnel != t)
			continue;
		way_to(d, &d->fars[i].to, 0, IPPROTO_UDP, &way);
		if (way.dev && way.dev->index == ifindex)
			return true;
	}
	return false;
}

/* Mode ip: do packets for the addresses behind a peer go into the link? */
static unsigned int check_routes(const struct doctor *d, const struct object *t,
				 const struct object *p)
{
	char *list = strdup(object_ranges(p, FTCP_A_ALLOWED_IP)), *rest = list;
	unsigned int bad = 0;
	union address to;
	struct way way;
	char *item, *slash;

	while (rest && !bad && (item = strsep(&rest, ","))) {
		slash = strchr(item, '/');
		/* Everything is steered by rules, if at all */
		if (!slash || !atoi(slash + 1))
			continue;
		*slash = '\0';
		if (!scan_address(item, &to))
			continue;
		/* The first address of a network may be its own */
		if (to.sa.sa_family == AF_INET && atoi(slash + 1) < 31)
			to.in.sin_addr.s_addr |= htonl(2);
		else if (to.sa.sa_family == AF_INET6 && atoi(slash + 1) < 127)
			to.in6.sin6_addr.s6_addr[15] |= 2;
		way_to(d, &to, 0, IPPROTO_TCP, &way);
		if (way.local || (way.dev && way.dev->index ==
						     object_number(t, FTCP_A_IFINDEX)))
			continue;
		bad++;
		fault(text("ip route add %s/%s dev %s", item, slash + 1,
			   tunnel_dev(t)),
		      "no route leads to %s/%s, behind peer %s, by %s (or give the link an address of that network)",
		      item, slash + 1, object_text(p, FTCP_A_PEER),
		      tunnel_dev(t));
	}
	free(list);
	return bad;
}

/* Rules of tunnels that are gone still lead away what nobody carries */
static unsigned int check_stale(const struct doctor *d)
{
	unsigned int bad = 0;
	struct entry e;
	size_t i, j;

	for (i = 0; i < d->rules.n; i++) {
		const struct object *t = NULL;

		if (!rtnl_entry(d->rules.array[i].msg, &e) || e.route ||
		    e.suppress)
			continue;
		for (j = 0; j < d->tunnels.n && !t; j++)
			if (rules_table(tunnel_dev(&d->tunnels.array[j]),
					tunnel_name(&d->tunnels.array[j])) ==
			    e.table)
				t = &d->tunnels.array[j];
		if (t || has_entry(d, true, e.table, 0, e.family))
			continue;
		bad++;
		fault(text("ip -%c rule del pref %u table %u",
			   e.family == AF_INET ? '4' : '6', e.pref, e.table),
		      "a rule of ftcpctl's looks in table %u, which is empty: its tunnel is gone",
		      e.table);
	}
	return bad;
}

/** check_rules() - is what is to be carried steered, and nothing else? */
void check_rules(struct doctor *d)
{
	unsigned int bad = 0, n = 0;
	struct entry e;
	size_t i, j;

	for (i = 0; i < d->rules.n; i++)
		n += rtnl_entry(d->rules.array[i].msg, &e);
	for (i = 0; i < d->tunnels.n; i++) {
		const struct object *t = &d->tunnels.array[i];

		bad += check_tunnel_rules(d, t);
		for (j = 0; j < d->peers.n && tunnel_mode(t) == FTCP_MODE_IP; j++)
			if (same_tunnel(&d->peers.array[j], t) &&
			    !has_entry(d, false,
				       rules_table(tunnel_dev(t), tunnel_name(t)),
				       0, 0))
				bad += check_routes(d, t, &d->peers.array[j]);
		if (tunnel_mode(t) != FTCP_MODE_ROUTED)
			continue;
		n++;
		if (is_steered(d, t))
			continue;
		bad++;
		fault(add_rules_again(t, false, NULL),
		      "no rule steers anything into %s: plain UDP leaves",
		      tunnel_name(t));
	}
	bad += check_stale(d);
	if (bad)
		return;
	if (n)
		well("they lead where they should");
	else
		aside(NULL, "no tunnel needs them");
}

/* What was counted */

/* A SYN has been repeated by then */
#define DIALS_MS 3000
#define ON_SERVER "ftcpctl doctor            # on the server"

static uint64_t ended(const struct object *t, int how)
{
	return object_counter(t, FTCP_A_ENDED, how);
}

/* Is there a flow in a state, for so many ms? */
static bool has_flow(const struct doctor *d, const struct object *t,
		     unsigned int state, uint64_t age)
{
	size_t i;

	for (i = 0; i < d->flows.n; i++)
		if (same_tunnel(&d->flows.array[i], t) &&
		    object_number(&d->flows.array[i], FTCP_A_STATE) == state &&
		    object_number(&d->flows.array[i], FTCP_A_AGE) >= age)
			return true;
	return false;
}

/* Will its far end be connected to? */
static bool is_asked(const struct doctor *d, const struct object *t)
{
	size_t i;

	for (i = 0; i < d->n_fars; i++)
		if (d->fars[i].tunnel == t && address_port(&d->fars[i].to))
			return true;
	return false;
}

/* Says what is wrong now; what was is known only of a far end that is not looked at */
static void say_flows(bool now, const char *words)
{
	if (now)
		fault(ON_SERVER, "%s", words);
	else
		aside(NULL, "%s", words);
}

/** check_flows() - do connections come about? */
void check_flows(struct doctor *d)
{
	bool said = false, works = false;
	size_t i;

	for (i = 0; i < d->tunnels.n; i++) {
		const struct object *t = &d->tunnels.array[i];
		uint64_t silent = ended(t, FTCP_ENDED_UNANSWERED);
		uint64_t refused = ended(t, FTCP_ENDED_REFUSED);
		bool now = has_flow(d, t, FTCP_STATE_SYN_SENT, DIALS_MS);
		const char *name = tunnel_name(t);

		if (has_flow(d, t, FTCP_STATE_ESTABLISHED, 0)) {
			works = true;
			continue;
		}
		if (now || silent)
			say_flows(now || !is_asked(d, t),
				  text("%s %s (%" PRIu64
				       " in vain): the server is not there, its link is down, its firewall drops the port, or the way back is missing",
				       name, now ? "dials, and nobody answers" :
					     "has dialled, and nobody answered",
				       silent));
		else if (refused)
			say_flows(!is_asked(d, t),
				  text("%s was refused (%" PRIu64
				       "): no tunnel on that port there, or it does not let this address in (from)",
				       name, refused));
		said |= now || silent || refused;
	}
	if (works)
		well("connections are established");
	else if (!said)
		aside(NULL, "no connection yet; send something");
}

/* What drops tell, and where to look */
static const struct {
	int drop;
	const char *name;
	const char *means;
	const char *mend;
} stories[] = {
	{ FTCP_DROP_NO_PEER, "no-peer", "no peer takes them",
	  "ftcpctl show peers      # from, or allowed-ips" },
	{ FTCP_DROP_NO_ENDPOINT, "no-endpoint",
	  "their peer has not dialled in yet", NULL },
	{ FTCP_DROP_NO_ROUTE, "no-route", "there was no route", NULL },
	{ FTCP_DROP_CHECKSUM, "checksum",
	  "wrong checksums: a faulty offload, perhaps",
	  "ethtool -K DEVICE rx off" },
	{ FTCP_DROP_TOO_BIG, "too-big", "larger than the way carries", NULL },
	{ FTCP_DROP_LIMIT, "limit", "max-flows was reached", NULL },
	{ FTCP_DROP_SOURCE_LIMIT, "source-limit",
	  "one source had max-flows-per-source flows", NULL },
	{ FTCP_DROP_NAMESPACE_LIMIT, "namespace-limit",
	  "all tunnels together are at a limit",
	  "sysctl net.faketcp         # raise what is reached" },
	{ FTCP_DROP_PORT_TAKEN, "port-taken",
	  "the port was in use, or none was left",
	  "sysctl -w net.ipv4.ip_local_port_range=\"10240 60999\"" },
	{ FTCP_DROP_MEMORY, "memory", "memory was short",
	  "free; dmesg" },
	{ FTCP_DROP_QUEUE_FULL, "queue-full",
	  "too many waited for a connection", NULL },
	{ FTCP_DROP_INNER_SOURCE, "inner-source",
	  "their source is not the peer's",
	  "ftcpctl show peers      # allowed-ips" },
};

/** check_drops() - what was dropped that tells a story? */
void check_drops(struct doctor *d)
{
	bool any = false;
	uint64_t n;
	size_t i, j;

	for (i = 0; i < d->tunnels.n; i++)
		for (j = 0; j < ARRAY_SIZE(stories); j++) {
			const struct object *t = &d->tunnels.array[i];

			n = object_counter(t, FTCP_A_DROPS, stories[j].drop);
			if (!n)
				continue;
			any = true;
			aside(stories[j].mend,
			      "%s has dropped %" PRIu64 " (%s): %s",
			      tunnel_name(t), n, stories[j].name,
			      stories[j].means);
		}
	if (!any)
		well("nothing that tells of a fault");
}
