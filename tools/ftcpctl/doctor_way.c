// SPDX-License-Identifier: GPL-2.0
/*
 * What doctor looks at on the ways to far ends: where segments go, whether their
 * answers are let in, and what fits.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "doctor.h"

/* What a segment has in front of a datagram's payload, and a packet's of mode ip */
#define HEADERS(family) ((family) == AF_INET ? 40u : 60u)
/* What a segment is longer than the datagram that was routed into the link */
#define LONGER 12u
/* What WireGuard adds */
#define WIREGUARD 32u

static struct nlsock nl;

static struct nl_msg *message(int type, const void *header, size_t size)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, 0);

	if (!msg || nlmsg_append(msg, (void *)header, size, NLMSG_ALIGNTO))
		exit(refused("out of memory"));
	return msg;
}

/* Devices */

static bool parse_device(struct nlmsghdr *msg, struct device *dev)
{
	struct nlattr *tb[IFLA_MAX + 1], *kind = NULL;
	struct ifinfomsg *header = nlmsg_data(msg);

	if (nlmsg_parse(msg, sizeof(*header), tb, IFLA_MAX, NULL) ||
	    !tb[IFLA_IFNAME])
		return false;
	*dev = (struct device){
		.index = header->ifi_index,
		.up = header->ifi_flags & IFF_UP,
		.mtu = attr_number(tb[IFLA_MTU]),
	};
#ifdef IFLA_GRO_MAX_SIZE
	dev->gro = attr_number(tb[IFLA_GRO_MAX_SIZE]);
#endif
	nla_strlcpy(dev->name, tb[IFLA_IFNAME], sizeof(dev->name));
	if (tb[IFLA_LINKINFO])
		kind = nla_find(nla_data(tb[IFLA_LINKINFO]),
				nla_len(tb[IFLA_LINKINFO]), IFLA_INFO_KIND);
	if (kind)
		nla_strlcpy(dev->kind, kind, sizeof(dev->kind));
	return true;
}

/** devices_read() - list the network devices */
void devices_read(struct doctor *d)
{
	struct ifinfomsg header = {};
	struct list l = {};
	size_t i;

	if (nlsock_open(&nl, NETLINK_ROUTE))
		return;
	nlsock_dump(&nl, message(RTM_GETLINK, &header, sizeof(header)), &l);
	for (i = 0; i < l.n; i++) {
		d->devices = grow(d->devices, d->n_devices, &d->device_room,
				  sizeof(*d->devices));
		if (parse_device(l.array[i].msg, &d->devices[d->n_devices]))
			d->n_devices++;
	}
	list_free(&l);
}

/** device_of() - the device with this number, or NULL */
const struct device *device_of(const struct doctor *d, unsigned int index)
{
	size_t i;

	for (i = 0; i < d->n_devices; i++)
		if (d->devices[i].index == index)
			return &d->devices[i];
	return NULL;
}

/* Ways */

static void *host_of(const union address *a)
{
	return a->sa.sa_family == AF_INET ? (void *)&a->in.sin_addr :
					    (void *)&a->in6.sin6_addr;
}

static int host_size(const union address *a)
{
	return a->sa.sa_family == AF_INET ? 4 : 16;
}

static void parse_way(const struct doctor *d, struct nlmsghdr *msg,
		      struct way *out)
{
	struct nlattr *tb[RTA_MAX + 1], *mtu;
	struct rtmsg *header = nlmsg_data(msg);

	if (nlmsg_parse(msg, sizeof(*header), tb, RTA_MAX, NULL))
		return;
	out->err = 0;
	out->local = header->rtm_type == RTN_LOCAL;
	out->dev = device_of(d, attr_number(tb[RTA_OIF]));
	out->mtu = out->dev ? out->dev->mtu : 0;
	/* IPv6 answers so instead of by an error */
	if (header->rtm_type != RTN_LOCAL && header->rtm_type != RTN_UNICAST)
		out->err = ENETUNREACH;
	if (tb[RTA_GATEWAY])
		inet_ntop(header->rtm_family, nla_data(tb[RTA_GATEWAY]),
			  out->via, sizeof(out->via));
	if (!tb[RTA_METRICS])
		return;
	mtu = nla_find(nla_data(tb[RTA_METRICS]), nla_len(tb[RTA_METRICS]),
		       RTAX_MTU);
	if (mtu)
		out->mtu = attr_number(mtu);
}

/** way_to() - how a packet with a mark leaves */
void way_to(const struct doctor *d, const union address *to, uint32_t mark,
	    int protocol, struct way *out)
{
	struct rtmsg header = {
		.rtm_family = to->sa.sa_family,
		.rtm_dst_len = 8 * host_size(to),
	};
	struct nl_msg *msg;
	struct list l = {};
	int err;

	*out = (struct way){ .err = ENETUNREACH };
	if (nlsock_open(&nl, NETLINK_ROUTE))
		return;
	msg = message(RTM_GETROUTE, &header, sizeof(header));
	nla_put(msg, RTA_DST, host_size(to), host_of(to));
	if (mark)
		nla_put_u32(msg, RTA_MARK, mark);
	nla_put_u8(msg, RTA_IP_PROTO, protocol);
	if (address_port(to))
		nla_put_u16(msg, RTA_DPORT, htons(address_port(to)));
	if (to->sa.sa_family == AF_INET6 && to->in6.sin6_scope_id)
		nla_put_u32(msg, RTA_OIF, to->in6.sin6_scope_id);
	nl.list = &l;
	err = nlsock_do(&nl, msg);
	nl.list = NULL;
	if (err)
		out->err = -err;
	else if (l.n)
		parse_way(d, l.array[0].msg, out);
	list_free(&l);
}

/* Any that is nobody's neighbour; nothing is sent there */
static void world_of(int family, union address *world)
{
	scan_address(family == AF_INET ? "198.41.0.4" : "2001:503:ba3e::2:30",
		     world);
}

/** way_out() - the device to the world, or NULL */
const struct device *way_out(const struct doctor *d, int family)
{
	union address world;
	struct way way;

	world_of(family, &world);
	way_to(d, &world, 0, IPPROTO_TCP, &way);
	return way.err || way.local ? NULL : way.dev;
}

/* Far ends */

static void add_far(struct doctor *d, const union address *to,
		    const struct object *t, const struct object *p)
{
	char is[ADDRESS_STRLEN], other[ADDRESS_STRLEN];
	uint32_t mark = object_number(t, FTCP_A_FWMARK);
	size_t i;

	format_address(is, to);
	for (i = 0; i < d->n_fars; i++)
		if (d->fars[i].mark == mark &&
		    !strcmp(format_address(other, &d->fars[i].to), is))
			return;
	if (d->n_fars < FARS)
		d->fars[d->n_fars++] = (struct far){ *to, t, p, mark };
}

/* The endpoint is a datagram's own destination: those that are a single address */
static void add_same(struct doctor *d, const struct object *t,
		     const struct object *p)
{
	char *list = strdup(object_ranges(p, FTCP_A_ALLOWED_IP)), *rest = list;
	union address to;
	const char *item, *whole;
	char *slash;

	while (rest && (item = strsep(&rest, ","))) {
		slash = strchr(item, '/');
		if (!slash)
			continue;
		*slash = '\0';
		whole = strchr(item, ':') ? "128" : "32";
		if (!strcmp(slash + 1, whole) && scan_address(item, &to))
			add_far(d, &to, t, p);
	}
	free(list);
}

/** fars_read() - whom do the tunnels dial? */
void fars_read(struct doctor *d)
{
	union address to;
	size_t i, j;

	for (i = 0; i < d->peers.n; i++) {
		const struct object *p = &d->peers.array[i], *t = NULL;

		for (j = 0; j < d->tunnels.n && !t; j++)
			if (same_tunnel(&d->tunnels.array[j], p))
				t = &d->tunnels.array[j];
		if (!t)
			continue;
		object_address(p, FTCP_A_ENDPOINT, &to);
		if (object_number(p, FTCP_A_ENDPOINT_KIND) ==
		    FTCP_ENDPOINT_SAME)
			add_same(d, t, p);
		else if (address_is_set(&to))
			add_far(d, &to, t, p);
	}
}

/** far_name() - where it is; of a datagram that is not there the port is unknown */
const char *far_name(char *buf, const struct far *f)
{
	return address_port(&f->to) ? format_address(buf, &f->to) :
				      format_host(buf, &f->to);
}

/* Checks */

/** detour() - the command for a route past what goes astray: as to the world */
const char *detour(const struct doctor *d, const union address *to)
{
	union address world;
	struct way way;
	const char *host = format_host((char[ADDRESS_STRLEN]){}, to);

	world_of(to->sa.sa_family, &world);
	way_to(d, &world, 0, IPPROTO_TCP, &way);
	if (way.err || !way.dev || !way.via[0] ||
	    !strcmp(way.dev->kind, "faketcp") ||
	    !strcmp(way.dev->kind, "wireguard"))
		return text("ip route replace %s via GATEWAY dev DEVICE", host);
	return text("ip route replace %s via %s dev %s", host, way.via,
		    way.dev->name);
}

static void no_way(const struct far *f, const char *to, const struct way *way)
{
	const char *how = f->to.sa.sa_family == AF_INET6 ?
				  "an IPv6 address and route, or an endpoint with an IPv4 address" :
				  "a route";

	fault(text("ip route replace %s via GATEWAY dev DEVICE",
		   format_host((char[ADDRESS_STRLEN]){}, &f->to)),
	      "no route to %s (%s): this host needs %s", to, strerror(way->err),
	      how);
}

/** check_ways() - do segments leave, and not into the link itself? */
void check_ways(struct doctor *d)
{
	char to[ADDRESS_STRLEN];
	struct way way;
	size_t i;

	if (!d->n_fars)
		aside(NULL, "this host dials nobody that is known beforehand");
	for (i = 0; i < d->n_fars; i++) {
		const struct far *f = &d->fars[i];

		far_name(to, f);
		way_to(d, &f->to, f->mark, IPPROTO_TCP, &way);
		if (way.err)
			no_way(f, to, &way);
		else if (way.dev && !strcmp(way.dev->kind, "faketcp"))
			fault(detour(d, &f->to),
			      "the segments to %s would go into a link themselves, %s: a loop",
			      to, way.dev->name);
		else if (way.dev && !way.dev->up)
			fault(text("ip link set %s up", way.dev->name),
			      "%s, by which %s is reached, is down",
			      way.dev->name, to);
		else
			well("%s by %s%s%s", to, way.dev ? way.dev->name : "?",
			     way.via[0] ? " via " : "", way.via);
	}
}

static long long rp_filter(const char *dev)
{
	long long all = read_number("/proc/sys/net/ipv4/conf/all/rp_filter", 0);
	long long own = read_number(text("/proc/sys/net/ipv4/conf/%s/rp_filter",
					 dev),
				    0);

	return all > own ? all : own;
}

#define LOOSE "sysctl -w net.ipv4.conf.all.rp_filter=2"

/* Do rules send answers elsewhere than where the packets come from? */
static bool strict_inside(const struct doctor *d)
{
	struct entry e;
	bool found = false;
	size_t i;

	for (i = 0; i < d->tunnels.n && !found; i++)
		found = tunnel_mode(&d->tunnels.array[i]) == FTCP_MODE_IP &&
			rp_filter(tunnel_dev(&d->tunnels.array[i])) == 1;
	for (i = 0; i < d->rules.n && found; i++)
		if (rtnl_entry(d->rules.array[i].msg, &e) && !e.route &&
		    e.family == AF_INET && e.mark && e.mask == UINT32_MAX)
			return true;
	return false;
}

/** check_rp_filter() - are answers dropped because they come from elsewhere? */
void check_rp_filter(struct doctor *d)
{
	struct way there, back;
	char to[ADDRESS_STRLEN];
	bool strict = false;
	size_t i;

	for (i = 0; i < d->n_fars; i++) {
		const struct far *f = &d->fars[i];

		if (f->to.sa.sa_family != AF_INET)
			continue;
		way_to(d, &f->to, f->mark, IPPROTO_TCP, &there);
		way_to(d, &f->to, 0, IPPROTO_TCP, &back);
		if (there.err || there.local || !there.dev ||
		    there.dev == back.dev || rp_filter(there.dev->name) != 1)
			continue;
		strict = true;
		fault(LOOSE,
		      "strict on %s: answers from %s are dropped, as without the mark it would be reached by %s",
		      there.dev->name, format_host(to, &f->to),
		      back.dev ? back.dev->name : "nothing");
	}
	if (strict_inside(d)) {
		strict = true;
		fault(LOOSE,
		      "strict on a link of mode ip: what comes out of it is dropped, as only what is marked goes there");
	}
	if (!strict)
		well("drops nothing of what is known here");
}

/* Is it of mode ip, and has a tunnel several peers, or one with a network? */
static bool may_forward(const struct doctor *d)
{
	size_t i;

	for (i = 0; i < d->tunnels.n; i++)
		if (tunnel_mode(&d->tunnels.array[i]) == FTCP_MODE_IP &&
		    d->tunnels.array[i].tb[FTCP_A_PORT])
			return true;
	return false;
}

/* How many packets for others came in and were dropped, by a table of two lines */
static unsigned long long strangers(void)
{
	char names[2048], values[2048], *n, *v, *n_rest, *v_rest;
	FILE *f = fopen("/proc/net/snmp", "re");
	unsigned long long count = 0;

	while (f && fgets(names, sizeof(names), f) &&
	       fgets(values, sizeof(values), f)) {
		n = strtok_r(names, " \n", &n_rest);
		v = strtok_r(values, " \n", &v_rest);
		if (!n || strcmp(n, "Ip:"))
			continue;
		while (n && v && strcmp(n, "InAddrErrors")) {
			n = strtok_r(NULL, " \n", &n_rest);
			v = strtok_r(NULL, " \n", &v_rest);
		}
		count = n && v ? strtoull(v, NULL, 10) : 0;
	}
	if (f)
		fclose(f);
	return count;
}

/** check_forwarding() - does a host that accepts whole packets forward them? */
void check_forwarding(struct doctor *d)
{
	static const char on[] = "sysctl -w net.ipv4.ip_forward=1";
	unsigned long long n;

	if (!may_forward(d))
		return aside(NULL, "no tunnel here needs it by itself");
	if (read_number("/proc/sys/net/ipv4/ip_forward", 0))
		return well("this host forwards");
	n = strangers();
	if (n)
		fault(on,
		      "this host does not forward (ip_forward), and has dropped %llu packets that were for others",
		      n);
	else
		aside(on,
		      "this host does not forward: its peers reach it, but nobody through it");
}

/* Does the link say that more fits than does? */
static bool check_link_mtu(const struct doctor *d, const struct far *f,
			   const struct way *way)
{
	uint64_t mode = f->tunnel ? tunnel_mode(f->tunnel) : FTCP_MODE_LISTEN;
	uint32_t longer = mode == FTCP_MODE_IP ? HEADERS(f->to.sa.sa_family) :
						 LONGER;
	const struct device *link;

	if (mode != FTCP_MODE_IP && mode != FTCP_MODE_ROUTED)
		return true;
	link = device_of(d, object_number(f->tunnel, FTCP_A_IFINDEX));
	if (!link || link->mtu + longer <= way->mtu)
		return true;
	fault(text("ip link set %s mtu %u", link->name, way->mtu - longer),
	      "%s says that %u bytes fit; the way to its far end carries %u, less %u",
	      link->name, link->mtu, way->mtu, longer);
	return false;
}

/* The kernel believes that more fits than comes through, as nobody has told it */
static bool check_path(const struct doctor *d, const struct far *f,
		       struct way *way)
{
	unsigned int real = path_mtu(f, way->mtu);
	char to[ADDRESS_STRLEN];

	if (!real || real >= way->mtu)
		return true;
	/* Or has it been told by now? */
	way_to(d, &f->to, f->mark, IPPROTO_TCP, way);
	if (way->mtu <= real + 8)
		return true;
	format_host(to, &f->to);
	fault(text("ip route replace %s%s%s dev %s mtu %u", to,
		   way->via[0] ? " via " : "", way->via,
		   way->dev ? way->dev->name : "DEVICE", real),
	      "the way to %s carries %u bytes, not %u, and what is larger is lost without a word",
	      to, real, way->mtu);
	way->mtu = real;
	return false;
}

/** check_mtu() - what fits, and does it? */
void check_mtu(struct doctor *d)
{
	uint32_t least = 0, fits;
	const struct device *out = way_out(d, AF_INET);
	struct way way;
	bool fine = true;
	size_t i;

	/* A host that is dialled knows its own way out, and that may be enough */
	if (!d->n_fars && out)
		least = out->mtu - HEADERS(AF_INET) - WIREGUARD;
	for (i = 0; i < d->n_fars; i++) {
		const struct far *f = &d->fars[i];

		way_to(d, &f->to, f->mark, IPPROTO_TCP, &way);
		if (way.err || way.local || way.mtu < 576)
			continue;
		/* It goes astray, or takes its time */
		if (i < FARS_ASKED && way.dev && strcmp(way.dev->kind, "faketcp") &&
		    !check_path(d, f, &way))
			fine = false;
		fits = way.mtu - HEADERS(f->to.sa.sa_family) - WIREGUARD;
		if (!least || fits < least)
			least = fits;
		if (!check_link_mtu(d, f, &way))
			fine = false;
		if (way.dev && way.dev->gro > 65536) {
			fine = false;
			fault(text("ip link set %s gro_max_size 65536",
				   way.dev->name),
			      "%s merges segments beyond 64 KB (gro_max_size), of which no datagrams can be made again",
			      way.dev->name);
		}
	}
	if (!fine)
		return;
	if (least)
		well("a WireGuard inside can have an MTU of %u", least);
	else
		aside(NULL, "unknown, as no way is");
}
