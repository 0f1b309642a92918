// SPDX-License-Identifier: GPL-2.0
/*
 * Inner packets: what of them matters to who carries them, what becomes of their ECN
 * at the end of the tunnel, and the errors that their senders hear.
 *
 * Everything may have come from a stranger: each length is checked before it is
 * used.
 */
#include "inner.h"

#include <netinet/in.h> /* before the kernel's headers */

#include <linux/icmp.h>
#include <linux/icmpv6.h>

#define IP4_HLEN 20
#define IP6_HLEN 40
#define ICMP_HLEN 8
#define TTL 64
#define ECN 3
#define ECT_1 1
#define ECT_0 2
#define CE 3
#define QUOTE4_MAX (576 - IP4_HLEN - ICMP_HLEN) /* RFC 1812, section 4.3.2.3 */
#define QUOTE6_MAX (INNER_ERROR_MAX - IP6_HLEN - ICMP_HLEN)
#define DF 0x4000
#define MORE 0x2000
#define OFFSET 0x1fff
#define OPTION_NOP 1

/**
 * inner_read() - take an inner packet apart
 * @in: the result
 * @packet: the packet
 * @len: how much there is of it; what is behind it is no part of it
 *
 * Return: whether it is one.
 */
bool inner_read(struct inner *in, u8 *packet, u32 len)
{
	*in = (struct inner){ .packet = packet };
	if (len < IP4_HLEN)
		return false;
	if (packet[0] >> 4 == 4) {
		in->v4 = true;
		in->hlen = (u32)(packet[0] & 15) * 4;
		in->len = ftcp_get16(packet + 2);
		in->tos = packet[1];
		in->protocol = packet[9];
		in->source = packet + 12;
		in->to = packet + 16;
		return in->hlen >= IP4_HLEN && in->len >= in->hlen &&
		       in->len <= len;
	}
	if (packet[0] >> 4 != 6 || len < IP6_HLEN)
		return false;
	in->hlen = IP6_HLEN;
	in->len = IP6_HLEN + ftcp_get16(packet + 4);
	in->tos = (u8)(ftcp_get16(packet) >> 4);
	in->protocol = packet[6];
	in->source = packet + 8;
	in->to = packet + 24;
	return in->len <= len;
}

/** inner_is_shared() - whether an address is that of more than one host, or of none:
 * multicast, broadcast, link-local, unspecified
 */
bool inner_is_shared(const u8 *addr, bool v4)
{
	static const u8 none[16];

	if (v4)
		return addr[0] >= 224 || !memcmp(addr, none, 4) ||
		       (addr[0] == 169 && addr[1] == 254);
	return addr[0] == 0xff || !memcmp(addr, none, 16) ||
	       (addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80);
}

/* ---- checksums ---- */

static u32 sum_bytes(u32 sum, const u8 *p, u32 len)
{
	for (; len > 1; len -= 2, p += 2)
		sum += ftcp_get16(p);
	return len ? sum + (u32)(*p << 8) : sum;
}

static u16 fold(u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)(sum + (sum >> 16));
}

static void write_ip4(u8 *ip, u32 len, u8 protocol)
{
	ip[0] = 4 << 4 | IP4_HLEN / 4;
	ftcp_put16(ip + 2, (u16)len);
	ip[8] = TTL;
	ip[9] = protocol;
	ftcp_put16(ip + 10, (u16)~fold(sum_bytes(0, ip, IP4_HLEN)));
}

/* ---- hello ---- */

/** inner_is_hello() - whether a packet only says who has dialled */
bool inner_is_hello(const struct inner *in)
{
	return in->protocol == IPPROTO_NONE && in->len == in->hlen &&
	       !memcmp(in->source, in->to, in->v4 ? 4 : 16);
}

/**
 * inner_write_hello() - say who dials
 * @packet: where to; INNER_HELLO_MAX bytes
 * @own: one of this end's inner addresses
 *
 * Return: its length.
 */
u32 inner_write_hello(u8 *packet, const struct addr *own)
{
	memset(packet, 0, INNER_HELLO_MAX);
	if (addr_is_v4(own)) {
		memcpy(packet + 12, addr_v4(own), 4);
		memcpy(packet + 16, addr_v4(own), 4);
		write_ip4(packet, IP4_HLEN, IPPROTO_NONE);
		return IP4_HLEN;
	}
	packet[0] = 6 << 4;
	packet[6] = IPPROTO_NONE;
	packet[7] = TTL;
	memcpy(packet + 8, own->b, 16);
	memcpy(packet + 24, own->b, 16);
	return IP6_HLEN;
}

/* ---- ECN ---- */

static void set_ecn(const struct inner *in, u8 ecn)
{
	u8 *p = in->packet;
	u32 sum;

	if (!in->v4) {
		p[1] = (u8)((p[1] & ~(ECN << 4)) | ecn << 4);
		return;
	}
	/* RFC 1624 */
	sum = (u16)~ftcp_get16(p + 10) + (u32)(u16)~ftcp_get16(p);
	p[1] = (u8)((p[1] & ~ECN) | ecn);
	ftcp_put16(p + 10, (u16)~fold(sum + ftcp_get16(p)));
}

/**
 * inner_leave() - an inner packet leaves the tunnel
 * @in: the packet
 * @outer_tos: DSCP and ECN of what has carried it
 *
 * Return: false if it has to be dropped: a router says that there is congestion, and
 * the sender does not know how to be told (RFC 6040, section 4.2).
 */
bool inner_leave(const struct inner *in, u8 outer_tos)
{
	u8 outer = outer_tos & ECN, ecn = in->tos & ECN;

	if (!ecn)
		return outer != CE;
	if (outer == CE && ecn != CE)
		set_ecn(in, CE);
	else if (outer == ECT_1 && ecn == ECT_0)
		set_ecn(in, ECT_1);
	return true;
}

/* ---- fragments ---- */

/** inner_may_cut() - whether a packet that does not fit may be cut on its way */
bool inner_may_cut(const struct inner *in)
{
	u32 word = in->v4 ? ftcp_get16(in->packet + 6) : DF;

	return !(word & DF) &&
	       (word & OFFSET) * 8 + in->len - in->hlen <= INNER_MAX;
}

/**
 * inner_cut() - the next fragment of a packet
 * @in: the packet; of what has been cut off before, the end is overwritten
 * @header: a copy of its header
 * @off: how much of its contents has been cut off
 * @largest: the most bytes that fit
 * @fragment: where the fragment is
 *
 * Return: its length; 0 if all has been cut off.
 */
u32 inner_cut(const struct inner *in, const u8 *header, u32 *off, u32 largest,
	      u8 **fragment)
{
	u32 most = (largest - in->hlen) & ~7u, word = ftcp_get16(header + 6);
	u32 left = in->len - in->hlen - *off, len = left;
	u8 *p = in->packet + *off;

	if (!left)
		return 0;
	if (left > most) {
		len = most;
		word |= MORE;
	}
	memcpy(p, header, in->hlen);
	if (*off) /* options are for the first one, but for those of old routers */
		memset(p + IP4_HLEN, OPTION_NOP, in->hlen - IP4_HLEN);
	ftcp_put16(p + 2, (u16)(in->hlen + len));
	ftcp_put16(p + 6, (u16)(word + *off / 8));
	ftcp_put16(p + 10, 0);
	ftcp_put16(p + 10, (u16)~fold(sum_bytes(0, p, in->hlen)));
	*off += len;
	*fragment = p;
	return in->hlen + len;
}

/* ---- errors ---- */

/** inner_may_tell() - whether the sender of @in may be told anything by ICMP (RFC 1122,
 * section 3.2.2)
 */
bool inner_may_tell(const struct inner *in)
{
	const u8 *p = in->packet + in->hlen;

	if (inner_is_shared(in->to, in->v4) ||
	    inner_is_shared(in->source, in->v4) ||
	    (in->v4 && ftcp_get16(in->packet + 6) & OFFSET))
		return false;
	if (in->protocol != (in->v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return true;
	if (in->len == in->hlen)
		return false;
	return in->v4 ? *p == ICMP_ECHO || *p == ICMP_ECHOREPLY ||
				*p >= ICMP_TIMESTAMP :
			*p >= 128;
}

/* For IPv6 and for IPv4 */
static const u8 kinds[][2][2] = {
	[ICMP_ERROR_HOST] = { { ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH },
			      { ICMP_DEST_UNREACH, ICMP_HOST_UNREACH } },
	[ICMP_ERROR_TOO_BIG] = { { ICMPV6_PKT_TOOBIG, 0 },
				 { ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED } },
};

/**
 * inner_write_error() - tell the sender of an inner packet that it gets nowhere
 * @packet: where to; INNER_ERROR_MAX bytes
 * @in: its packet
 * @error: why
 * @mtu: ICMP_ERROR_TOO_BIG: the largest packet that would fit; else 0
 *
 * The error comes from where the packet was for: no address of this host would be
 * believed on its way into it.
 *
 * Return: its length; 0 if there is to be none.
 */
u32 inner_write_error(u8 *packet, const struct inner *in, enum icmp_error error,
		      u32 mtu)
{
	u32 hlen = in->v4 ? IP4_HLEN : IP6_HLEN, len = in->len, sum = 0;
	u32 most = in->v4 ? QUOTE4_MAX : QUOTE6_MAX;
	u8 *icmp = packet + hlen;

	if (!inner_may_tell(in))
		return 0;
	if (len > most)
		len = most;
	memset(packet, 0, hlen + ICMP_HLEN);
	memcpy(icmp, kinds[error][in->v4], 2);
	ftcp_put32(icmp + 4, mtu);
	memcpy(icmp + ICMP_HLEN, in->packet, len);
	len += ICMP_HLEN;
	if (in->v4) {
		memcpy(packet + 12, in->to, 4);
		memcpy(packet + 16, in->source, 4);
		write_ip4(packet, hlen + len, IPPROTO_ICMP);
	} else {
		packet[0] = 6 << 4;
		ftcp_put16(packet + 4, (u16)len);
		packet[6] = IPPROTO_ICMPV6;
		packet[7] = TTL;
		memcpy(packet + 8, in->to, 16);
		memcpy(packet + 24, in->source, 16);
		sum = sum_bytes(IPPROTO_ICMPV6 + len, packet + 8, 32);
	}
	ftcp_put16(icmp + 2, (u16)~fold(sum_bytes(sum, icmp, len)));
	return hlen + len;
}
