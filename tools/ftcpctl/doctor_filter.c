// SPDX-License-Identifier: GPL-2.0
/*
 * What doctor looks at in this host's packet filter: whether it lets pass what the
 * tunnels send and receive.
 */
#include "doctor.h"
#include "ruleset.h"

/* Any ephemeral port */
#define SOME_PORT 45678

static struct ruleset set;
static unsigned int bad;

/* Who has made the chain decides what is said to whom */
static bool by_iptables(const struct chain *c)
{
	return strcmp(c->family, "inet") &&
	       (!strcmp(c->name, "INPUT") || !strcmp(c->name, "FORWARD") ||
		!strcmp(c->name, "OUTPUT"));
}

/*
 * The command that lets pass what is said so to nft and iptables; or that to another
 * program, if it is the one who rules, "" if it has none
 */
static const char *remedy(const struct chain *c, const char *nft,
			  const char *iptables, const char *ufw,
			  const char *firewalld)
{
	if (!strcmp(c->table, "firewalld") && *firewalld)
		return firewalld;
	if (by_iptables(c) && ruleset_has(&set, "ufw") && *ufw)
		return ufw;
	if (by_iptables(c))
		return text("%s -I %s %s -j ACCEPT",
			    strcmp(c->family, "ip") ? "ip6tables" : "iptables",
			    c->name, iptables);
	return text("nft insert rule %s %s %s %s accept", c->family, c->table,
		    c->name, nft);
}

static const char *name_of(const struct chain *c)
{
	return text("%s of table %s %s", c->name, c->family, c->table);
}

/* What a packet of interest would meet */
struct want {
	struct packet packet;
	const char *what;
	const char *nft;
	const char *iptables;
	const char *ufw;
	const char *firewalld;
};

static void ask_at(const struct want *w, const char *hook)
{
	struct packet p = w->packet;
	const struct chain *c = NULL;
	enum fate fate;

	p.hook = hook;
	fate = ruleset_fate(&set, &p, &c);
	if (fate == PASSED || fate == DIVERTED)
		return;
	if (fate == SOME) {
		aside(remedy(c, w->nft, w->iptables, w->ufw, w->firewalld),
		      "%s pass in some cases only, by %s", w->what,
		      name_of(c));
		return;
	}
	bad++;
	fault(remedy(c, w->nft, w->iptables, w->ufw, w->firewalld),
	      "%s are dropped by %s", w->what, name_of(c));
}

/* What comes in has several hooks to pass */
static void ask(const struct want *w)
{
	if (!strcmp(w->packet.hook, "input")) {
		ask_at(w, "ingress");
		ask_at(w, "prerouting");
	}
	ask_at(w, w->packet.hook);
}

/* Something on the way to the port that other programs once needed */
static void ask_diverted(const struct packet *p)
{
	const struct chain *c = NULL;

	if (ruleset_fate(&set, p, &c) != DIVERTED)
		return;
	bad++;
	fault(text("nft -a list chain %s %s %s", c->family, c->table, c->name),
	      "a rule in %s takes TCP port %u elsewhere, as Phantun needs and faketcp does not: delete it",
	      name_of(c), p->dport);
}

/* Connections to a port of ours */
static void check_port(const struct object *t, const struct device *out,
		       bool six)
{
	unsigned int port = object_number(t, FTCP_A_PORT);
	struct want w = {
		.packet = { "input", six, true, SOME_PORT, port, "new",
			    out ? out->name : NULL, NULL },
		.what = text("IPv%c connections to TCP port %u", six ? '6' : '4',
			     port),
		.nft = text("tcp dport %u", port),
		.iptables = text("-p tcp --dport %u", port),
		.ufw = text("ufw allow %u/tcp", port),
		.firewalld =
			text("firewall-cmd --permanent --add-port=%u/tcp && firewall-cmd --reload",
			     port),
	};

	ask(&w);
	w.packet.hook = "prerouting";
	ask_diverted(&w.packet);
	w.packet = (struct packet){ "output", six, true, port, SOME_PORT,
				    "established", NULL,
				    out ? out->name : NULL };
	w.what = text("answers from TCP port %u", port);
	w.nft = text("tcp sport %u", port);
	w.iptables = text("-p tcp --sport %u", port);
	w.ufw = w.firewalld = "";
	ask(&w);
}

/* Datagrams that come out of a link for this host */
static void check_inner(const struct object *t)
{
	unsigned int port = object_number(t, FTCP_A_PORT);
	const char *dev = tunnel_dev(t);
	struct want w = {
		.packet = { "input", false, false, SOME_PORT, port, "new", dev,
			    NULL },
		.what = text("datagrams to UDP port %u out of %s", port, dev),
		.nft = text("iifname %s udp dport %u", dev, port),
		.iptables = text("-i %s -p udp --dport %u", dev, port),
		.ufw = text("ufw allow in on %s to any port %u proto udp", dev,
			    port),
		.firewalld =
			text("firewall-cmd --zone=trusted --add-interface=%s",
			     dev),
	};

	if (tunnel_mode(t) == FTCP_MODE_ROUTED && port)
		ask(&w);
}

/* Datagrams between a program and a tunnel, by the loopback device */
static void check_loopback(const struct object *t)
{
	union address a;
	struct want w = {
		.packet = { "input", false, false, SOME_PORT, SOME_PORT,
			    "established", "lo", NULL },
		.what = text("datagrams of %s on the loopback device",
			     tunnel_name(t)),
		.nft = "iifname lo",
		.iptables = "-i lo",
		.ufw = "",
		.firewalld = "",
	};

	object_address(t, tunnel_mode(t) == FTCP_MODE_LISTEN ? FTCP_A_LISTEN :
							       FTCP_A_TARGET,
		       &a);
	if (a.sa.sa_family != AF_INET || *(uint8_t *)&a.in.sin_addr != 127)
		return;
	w.packet.dport = address_port(&a);
	ask(&w);
}

/* Has this host a network behind it, besides those of containers and the like? */
static bool has_lan(const struct doctor *d, const struct device *out)
{
	static const char *const others[] = { "lo",  "docker", "br-",  "virbr",
					      "veth", "lxc",	"cni", "dummy" };
	size_t i, j;

	for (i = 0; i < d->n_devices; i++) {
		const struct device *dev = &d->devices[i];

		if (!dev->up || dev == out || !strcmp(dev->kind, "faketcp") ||
		    !strcmp(dev->kind, "wireguard") || !strcmp(dev->kind, "tun"))
			continue;
		for (j = 0; j < ARRAY_SIZE(others); j++)
			if (!strncmp(dev->name, others[j], strlen(others[j])))
				break;
		if (j == ARRAY_SIZE(others))
			return true;
	}
	return false;
}

/* What is forwarded to and from a link */
static void check_forward(const struct doctor *d, const struct object *t,
			  const struct device *out)
{
	bool packets = tunnel_mode(t) == FTCP_MODE_IP;
	const char *dev = tunnel_dev(t);
	const struct chain *c = NULL;
	struct packet in = { "forward", false, packets, SOME_PORT,
			     packets ? 443 : object_number(t, FTCP_A_PORT),
			     "new", dev, out->name };
	struct packet back = in;
	const char *mend;

	back.in = out->name;
	back.out = dev;
	if (!in.dport)
		in.dport = back.dport = SOME_PORT;
	if (ruleset_fate(&set, &in, &c) != DROPPED &&
	    ruleset_fate(&set, &back, &c) != DROPPED)
		return;
	if (by_iptables(c) && ruleset_has(&set, "ufw"))
		mend = text("ufw route allow in on %s; ufw route allow out on %s",
			    dev, dev);
	else if (!strcmp(c->table, "firewalld"))
		mend = text("firewall-cmd --zone=trusted --add-interface=%s",
			    dev);
	else if (by_iptables(c))
		mend = text("iptables -I %s -i %s -j ACCEPT; iptables -I %s -o %s -j ACCEPT",
			    ruleset_has(&set, "DOCKER-USER") ? "DOCKER-USER" :
							       c->name,
			    dev,
			    ruleset_has(&set, "DOCKER-USER") ? "DOCKER-USER" :
							       c->name,
			    dev);
	else
		mend = text("nft insert rule %s %s %s iifname %s accept; nft insert rule %s %s %s oifname %s accept",
			    c->family, c->table, c->name, dev, c->family,
			    c->table, c->name, dev);
	if (!packets && !has_lan(d, out))
		return aside(mend,
			     "what is forwarded from or to %s is dropped by %s: a LAN behind this host is not carried",
			     dev, name_of(c));
	bad++;
	fault(mend, "what is forwarded from or to %s is dropped by %s", dev,
	      name_of(c));
}

/* This host dials: its segments, and the answers */
static void check_dialled(const struct doctor *d, const struct far *f)
{
	bool six = f->to.sa.sa_family == AF_INET6;
	unsigned int port = address_port(&f->to);
	struct want w = { .ufw = "", .firewalld = "" };
	struct way way;

	way_to(d, &f->to, f->mark, IPPROTO_TCP, &way);
	if (!port || way.local)
		return;
	w.packet = (struct packet){ "input", six, true, port, SOME_PORT,
				    "established",
				    way.dev ? way.dev->name : NULL, NULL };
	w.what = text("answers from TCP port %u", port);
	w.nft = "ct state established,related";
	w.iptables = "-m conntrack --ctstate ESTABLISHED,RELATED";
	ask(&w);
	w.packet = (struct packet){ "output", six, true, SOME_PORT, port, "new",
				    NULL, way.dev ? way.dev->name : NULL };
	w.what = text("connections to TCP port %u", port);
	w.nft = text("tcp dport %u", port);
	w.iptables = text("-p tcp --dport %u", port);
	w.ufw = text("ufw allow out %u/tcp", port);
	ask(&w);
}

/* Older tables, which nft does not show */
static bool has_legacy(void)
{
	char line[64];

	return read_line("/proc/net/ip_tables_names", line, sizeof(line)) ||
	       read_line("/proc/net/ip6_tables_names", line, sizeof(line));
}

static void check_tunnel(const struct doctor *d, const struct object *t)
{
	const struct device *out = way_out(d, AF_INET);
	const struct device *out6 = way_out(d, AF_INET6);
	union address local;

	object_address(t, FTCP_A_LOCAL, &local);
	if (t->tb[FTCP_A_PORT] && local.sa.sa_family != AF_INET6)
		check_port(t, out, false);
	if (t->tb[FTCP_A_PORT] && out6 && local.sa.sa_family != AF_INET)
		check_port(t, out6, true);
	check_inner(t);
	check_loopback(t);
	if (out && (tunnel_mode(t) == FTCP_MODE_IP ||
		    tunnel_mode(t) == FTCP_MODE_ROUTED) &&
	    read_number("/proc/sys/net/ipv4/ip_forward", 0))
		check_forward(d, t, out);
}

/** check_filter() - does the packet filter let pass what it has to? */
void check_filter(struct doctor *d)
{
	size_t i;

	bad = 0;
	set = (struct ruleset){};
	if (!d->root)
		return aside(NULL, "only root sees it");
	if (!ruleset_read(&set)) {
		ruleset_free(&set);
		return aside(NULL,
			     "cannot be seen: there is no nft, or nothing that it knows");
	}
	for (i = 0; i < d->tunnels.n; i++)
		check_tunnel(d, &d->tunnels.array[i]);
	for (i = 0; i < d->n_fars; i++)
		check_dialled(d, &d->fars[i]);
	if (has_legacy())
		aside("iptables-legacy-save",
		      "rules of iptables-legacy are there, which were not looked at");
	if (!bad)
		well("lets pass what the tunnels need");
	ruleset_free(&set);
}
