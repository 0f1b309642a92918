// SPDX-License-Identifier: GPL-2.0
/*
 * What doctor looks at where a WireGuard on this host is carried: whether it uses the
 * tunnel, its mark, and its MTU.
 */
#include <linux/wireguard.h>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>

#include "doctor.h"

/* Header and authenticator of WireGuard's */
#define OVERHEAD 32u
/* A tunnel that listens carries a datagram behind these, over IPv4 or IPv6 */
#define HEADERS(family) ((family) == AF_INET ? 40u : 60u)

#define KEY_STRLEN (4 * ((WG_KEY_LEN + 2) / 3) + 1)

/**
 * struct wireguard - A WireGuard interface and one of its peers.
 * @dev: The interface.
 * @port: Where it listens.
 * @mark: That of what it sends.
 * @endpoint: Where the peer is, if that is known.
 * @key: The peer's name.
 */
struct wireguard {
	const struct device *dev;
	unsigned int port;
	uint32_t mark;
	union address endpoint;
	char key[KEY_STRLEN];
};

static struct nlsock nl;

static void encode(const unsigned char *key, char *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned int i, word;

	for (i = 0; i < WG_KEY_LEN; i += 3) {
		word = key[i] << 16;
		if (i + 1 < WG_KEY_LEN)
			word |= key[i + 1] << 8;
		if (i + 2 < WG_KEY_LEN)
			word |= key[i + 2];
		*out++ = digits[word >> 18];
		*out++ = digits[word >> 12 & 63];
		*out++ = i + 1 < WG_KEY_LEN ? digits[word >> 6 & 63] : '=';
		*out++ = i + 2 < WG_KEY_LEN ? digits[word & 63] : '=';
	}
	*out = '\0';
}

/* The first of its peers that has an endpoint */
static void parse_peers(struct nlattr *peers, struct wireguard *w)
{
	struct nlattr *p, *tb[WGPEER_A_MAX + 1];
	int rest;

	nla_for_each_nested(p, peers, rest) {
		if (nla_parse_nested(tb, WGPEER_A_MAX, p, NULL) ||
		    !tb[WGPEER_A_ENDPOINT] || !tb[WGPEER_A_PUBLIC_KEY] ||
		    nla_len(tb[WGPEER_A_PUBLIC_KEY]) < WG_KEY_LEN)
			continue;
		nla_memcpy(&w->endpoint, tb[WGPEER_A_ENDPOINT],
			   sizeof(w->endpoint));
		encode(nla_data(tb[WGPEER_A_PUBLIC_KEY]), w->key);
		return;
	}
}

/* Ask WireGuard; false if it says nothing, as it does to others than root */
static bool read_wireguard(const struct device *dev, struct wireguard *w)
{
	struct nlattr *tb[WGDEVICE_A_MAX + 1];
	struct list l = {};
	struct nl_msg *msg;
	int family, err;
	size_t i;

	*w = (struct wireguard){ .dev = dev };
	if (nlsock_open(&nl, NETLINK_GENERIC))
		return false;
	family = genl_ctrl_resolve(nl.sock, WG_GENL_NAME);
	msg = nlmsg_alloc();
	if (family < 0 || !msg ||
	    !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, 0,
			 WG_CMD_GET_DEVICE, WG_GENL_VERSION))
		return false;
	nla_put_u32(msg, WGDEVICE_A_IFINDEX, dev->index);
	err = nlsock_dump(&nl, msg, &l);
	for (i = 0; i < l.n && !err; i++) {
		if (genlmsg_parse(l.array[i].msg, 0, tb, WGDEVICE_A_MAX, NULL))
			continue;
		if (tb[WGDEVICE_A_LISTEN_PORT])
			w->port = attr_number(tb[WGDEVICE_A_LISTEN_PORT]);
		if (tb[WGDEVICE_A_FWMARK])
			w->mark = attr_number(tb[WGDEVICE_A_FWMARK]);
		if (tb[WGDEVICE_A_PEERS] && !address_is_set(&w->endpoint))
			parse_peers(tb[WGDEVICE_A_PEERS], w);
	}
	list_free(&l);
	return !err;
}

static bool same_end(const union address *a, const union address *b)
{
	return same_host(a, b) && address_port(a) == address_port(b);
}

/* Does this tunnel carry it? */
static bool carries(const struct doctor *d, const struct object *t,
		    const struct wireguard *w)
{
	union address a;
	struct way way;

	switch (tunnel_mode(t)) {
	case FTCP_MODE_LISTEN:
		object_address(t, FTCP_A_LISTEN, &a);
		return same_end(&a, &w->endpoint);
	case FTCP_MODE_FORWARD:
		object_address(t, FTCP_A_TARGET, &a);
		way_to(d, &a, 0, IPPROTO_UDP, &way);
		return way.local && address_port(&a) == w->port;
	case FTCP_MODE_ROUTED:
		if (object_number(t, FTCP_A_PORT) == w->port)
			return true;
		if (!address_is_set(&w->endpoint))
			return false;
		way_to(d, &w->endpoint, w->mark, IPPROTO_UDP, &way);
		return way.dev && way.dev->index ==
					  object_number(t, FTCP_A_IFINDEX);
	default:
		return false;
	}
}

static const struct far *far_of(const struct doctor *d, const struct object *t)
{
	size_t i;

	for (i = 0; i < d->n_fars; i++)
		if (d->fars[i].tunnel == t)
			return &d->fars[i];
	return NULL;
}

/* One that is dialled may know nothing yet, or go astray */
static uint32_t by_flows(const struct doctor *d, const struct object *t)
{
	uint64_t least = 0, mtu;
	size_t i;

	for (i = 0; i < d->flows.n; i++) {
		const struct object *f = &d->flows.array[i];

		mtu = wireguard_mtu(f);
		if (same_tunnel(f, t) && mtu && (!least || mtu < least) &&
		    object_number(f, FTCP_A_STATE) == FTCP_STATE_ESTABLISHED)
			least = mtu;
	}
	return least;
}

/* What fits: as the flows say, the way to the far end, or else to the world */
static uint32_t fitting(const struct doctor *d, const struct object *t)
{
	uint32_t fits = by_flows(d, t), by_way = 0;
	const struct far *f = far_of(d, t);
	const struct device *out;
	struct way way = { .err = 1 };

	if (f)
		way_to(d, &f->to, f->mark, IPPROTO_TCP, &way);
	out = f ? NULL : way_out(d, AF_INET);
	if (!way.err && !way.local)
		by_way = way.mtu - HEADERS(f->to.sa.sa_family) - OVERHEAD;
	else if (out)
		by_way = out->mtu - HEADERS(AF_INET) - OVERHEAD;
	return fits && (!by_way || fits < by_way) ? fits : by_way;
}

static bool check_mtu_of(const struct doctor *d, const struct object *t,
			 const struct wireguard *w)
{
	uint32_t fits = fitting(d, t);

	if (!fits || w->dev->mtu <= fits)
		return true;
	fault(text("ip link set %s mtu %u", w->dev->name,
		   fits < 1420 ? fits : 1420),
	      "%s has an MTU of %u, and %u fit: large packets are lost (in its file: MTU = %u)",
	      w->dev->name, w->dev->mtu, fits, fits < 1420 ? fits : 1420);
	return false;
}

/* Do the segments that carry it go into it? */
static bool check_loop(const struct doctor *d, const struct object *t,
		       const struct wireguard *w)
{
	const char *mend;
	struct way way;
	size_t i;

	for (i = 0; i < d->n_fars; i++) {
		const struct far *f = &d->fars[i];

		if (f->tunnel != t)
			continue;
		way_to(d, &f->to, f->mark, IPPROTO_TCP, &way);
		if (way.dev != w->dev)
			continue;
		if (w->mark)
			mend = text("ftcpctl set tunnel %s dev %s fwmark 0x%x",
				    tunnel_name(t), tunnel_dev(t), w->mark);
		else
			mend = detour(d, &f->to);
		fault(mend,
		      "the segments that carry %s would go into %s themselves, a loop: %s has the mark 0x%x, and %s 0x%x",
		      w->dev->name, w->dev->name, w->dev->name, w->mark,
		      tunnel_name(t), f->mark);
		return false;
	}
	return true;
}

/* Does it go straight to a far end whose tunnel it should use? */
static bool check_endpoint(const struct doctor *d, const struct wireguard *w)
{
	char is[ADDRESS_STRLEN], listen[ADDRESS_STRLEN];
	union address a;
	size_t i;

	for (i = 0; i < d->n_fars && address_is_set(&w->endpoint); i++) {
		const struct far *f = &d->fars[i];

		if (!f->tunnel || tunnel_mode(f->tunnel) != FTCP_MODE_LISTEN ||
		    !same_host(&f->to, &w->endpoint))
			continue;
		object_address(f->tunnel, FTCP_A_LISTEN, &a);
		format_address(is, &w->endpoint);
		format_address(listen, &a);
		fault(text("wg set %s peer %s endpoint %s", w->dev->name, w->key,
			   listen),
		      "%s sends plain UDP to %s, not to %s, where %s listens (in its file: Endpoint = %s)",
		      w->dev->name, is, listen, tunnel_name(f->tunnel), listen);
		return false;
	}
	return true;
}

/* One interface */
static void check_one(const struct doctor *d, const struct wireguard *w)
{
	bool carried = false, fine = true;
	size_t i;

	for (i = 0; i < d->tunnels.n; i++) {
		const struct object *t = &d->tunnels.array[i];

		if (!carries(d, t, w))
			continue;
		carried = true;
		/* The way that it goes astray says nothing about what fits */
		fine &= check_loop(d, t, w) && check_mtu_of(d, t, w);
	}
	if (!carried)
		fine = check_endpoint(d, w);
	if (fine && carried)
		well("%s is carried, with an MTU of %u", w->dev->name,
		     w->dev->mtu);
	else if (fine)
		aside(NULL, "%s is carried by no tunnel here", w->dev->name);
}

/** check_wireguard() - is it carried as it should? */
void check_wireguard(struct doctor *d)
{
	struct wireguard w;
	bool any = false;
	size_t i;

	for (i = 0; i < d->n_devices; i++) {
		if (strcmp(d->devices[i].kind, "wireguard"))
			continue;
		any = true;
		if (read_wireguard(&d->devices[i], &w))
			check_one(d, &w);
		else
			aside(NULL, "%s cannot be looked at (root can)",
			      d->devices[i].name);
	}
	if (!any)
		aside(NULL, "none here");
}
