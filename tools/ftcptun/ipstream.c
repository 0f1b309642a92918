// SPDX-License-Identifier: GPL-2.0
/*
 * Whole IP packets over a channel of bytes instead of flows.
 *
 *	+----------+--------+-----------+--------+-----------+ ...
 *	| "ftcpip1"| length | IP packet | length | IP packet | ...
 *	| and NUL  | 16 bit |           | 16 bit |           |
 *	+----------+--------+-----------+--------+-----------+ ...
 *
 * On the other side is the inner device or, where there is no right to have one, passt,
 * which makes ordinary sockets of the packets.  It wants them as the only guest of an
 * Ethernet sends them, with 32 bits of length.
 */
#include <netinet/in.h>

#include "inner.h"
#include "role.h"

#include <linux/if_ether.h>

static const struct peers *peers(const struct worker *w)
{
	return &w->program->options.peers;
}

/* ---- to the far end ---- */

static void outward(struct worker *w, u8 *packet, u32 len)
{
	u64 *drop = w->stats.drop;
	struct inner in;

	if (!inner_read(&in, packet, len)) {
		drop[FTCP_DROP_MALFORMED]++;
	} else if (!inner_is_shared(in.to, in.v4) &&
		   peers_find(peers(w), in.to, in.v4)) {
		w->stats.tx++;
		w->stats.tx_bytes += in.len;
		stream_send(w, w->stream, &in);
	} else if (w->guest) {
		drop[FTCP_DROP_NO_PEER]++;
	} else {
		ip_unreachable(w, &in, FTCP_DROP_NO_PEER);
	}
}

/* ---- from there ---- */

/* Whether passt would take an address for that of this host alone: loopback, also where
 * IPv6 stands for IPv4 (::/64; the NAT64 of the world, 64:ff9b::/96, is elsewhere)
 */
static bool is_local(const struct inner *in)
{
	static const u8 zeros[8];

	return in->v4 ? in->to[0] == 127 || !in->to[0] :
			!memcmp(in->to, zeros, sizeof(zeros));
}

static void inward(struct worker *w, u8 *packet, u32 len)
{
	u64 *drop = w->stats.drop;
	struct inner in;

	if (!inner_read(&in, packet, len)) {
		drop[FTCP_DROP_MALFORMED]++;
		return;
	}
	if (w->guest && is_local(&in)) {
		drop[FTCP_DROP_NO_PEER]++;
		return;
	}
	if (!peers_find(peers(w), in.source, in.v4)) {
		drop[FTCP_DROP_INNER_SOURCE]++;
		return;
	}
	if (w->guest)
		stream_send(w, w->guest, &in);
	else if (tun_write(&w->program->inner, packet, in.len))
		drop[DROP_SEND]++;
	w->stats.rx++;
	w->stats.rx_bytes += in.len;
}

/* ---- passt ---- */

static void put_ethernet(u8 *header, const struct inner *in)
{
	static const u8 own[ETH_ALEN] = { 2, [5] = 1 };
	static const u8 theirs[ETH_ALEN] = { 2, [5] = 2 };

	memcpy(header, theirs, ETH_ALEN);
	memcpy(header + ETH_ALEN, own, ETH_ALEN);
	ftcp_put16(header + 2 * ETH_ALEN, in->v4 ? ETH_P_IP : ETH_P_IPV6);
}

static void take_ethernet(struct worker *w, u8 *frame, u32 len)
{
	u16 type = len < ETH_HLEN ? 0 : ftcp_get16(frame + 2 * ETH_ALEN);

	if (type == ETH_P_IP || type == ETH_P_IPV6)
		outward(w, frame + ETH_HLEN, len - ETH_HLEN);
	else
		w->stats.drop[FTCP_DROP_PROTOCOL]++;
}

static const struct framing plain = {
	.name = "the channel",
	.preamble = "ftcpip1",
	.preamble_len = sizeof("ftcpip1"),
	.prefix = 2,
	.hlen = 2,
	.take = inward,
};

static const struct framing ethernet = {
	.name = "passt",
	.prefix = 4,
	.hlen = 4 + ETH_HLEN,
	.put = put_ethernet,
	.take = take_ethernet,
};

/* ---- beginning ---- */

static bool ip_begin(struct worker *w)
{
	const struct program *p = w->program;

	w->stream = stream_new(w, &plain, p->stream_in, p->stream_out);
	if (!w->stream || p->guest < 0)
		return w->stream;
	w->guest = stream_new(w, &ethernet, p->guest, p->guest_out);
	if (w->guest)
		stream_join(w->stream, w->guest);
	return w->guest;
}

const struct role_ops role_ip_stream = {
	.begin = ip_begin,
	.outward = outward,
};
