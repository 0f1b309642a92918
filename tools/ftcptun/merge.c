// SPDX-License-Identifier: GPL-2.0
/*
 * Packets of one TCP connection that came in one outer super-segment: the host gets them
 * as one super-packet, as from a card, which costs one write, and one way through its
 * stack, for forty.
 *
 * Only what cut.c makes of a super-packet again, but for IPv4's identification, is
 * merged; and only packets whose checksums are right, since that of a super-packet is
 * made anew.
 */
#include "merge.h"

#include <linux/virtio_net.h>
#include <netinet/in.h>

#include "../../module/core/policy.h"
#include "checksum.h"
#include "packet.h"

#define TCP_HLEN 20
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define DF 0x4000

static u64 sum_pseudo(const struct inner *in, u32 len)
{
	u8 tail[4] = { 0, IPPROTO_TCP };

	ftcp_put16(tail + 2, (u16)len);
	return sum_bytes(sum_bytes(0, tail, 4), in->source, in->v4 ? 8 : 32);
}

/* Whether a packet can be the first one; the length of all its headers, or 0 */
static u32 headers(const struct inner *in)
{
	const u8 *tcp = in->packet + in->hlen;
	u32 size = in->len - in->hlen, hlen;

	if (in->protocol != IPPROTO_TCP || size <= TCP_HLEN ||
	    (in->v4 && (in->hlen != 20 || ftcp_get16(in->packet + 6) != DF)))
		return 0;
	hlen = (u32)(tcp[12] >> 4) * 4;
	if (hlen < TCP_HLEN || hlen >= size ||
	    (tcp[13] & (u8)~TCP_PSH) != TCP_ACK || tcp[12] & 15)
		return 0;
	if (fold(sum_bytes(sum_pseudo(in, size), tcp, size)) != 0xffff)
		return 0;
	return in->hlen + hlen;
}

/* Whether all is the same that has to be in packets that follow each other */
static bool same(const struct merge *m, const struct inner *in)
{
	const u8 *a = m->first.packet, *b = in->packet;
	const u8 *s = a + m->tcp, *t = b + m->tcp;

	if (in->v4 != m->first.v4)
		return false;
	if (in->v4 && (memcmp(a, b, 2) || memcmp(a + 8, b + 8, 2) ||
		       memcmp(a + 12, b + 12, 8)))
		return false;
	if (!in->v4 && (memcmp(a, b, 4) || memcmp(a + 6, b + 6, 34)))
		return false;
	return !memcmp(s, t, 4) && !memcmp(s + 8, t + 8, 5) &&
	       !memcmp(s + 14, t + 14, 2) &&
	       !memcmp(s + 18, t + 18, m->hlen - m->tcp - 18) &&
	       ftcp_get32(t + 4) == ftcp_get32(s + 4) + m->len;
}

static void begin(struct merge *m, const struct inner *in, u32 hlen)
{
	m->first = *in;
	m->tcp = in->hlen;
	m->hlen = hlen;
	m->size = in->len - hlen;
	m->len = 0;
}

/**
 * merge_add() - add a packet to those that follow each other
 * @m: these, or none
 * @in: the packet, which has to stay until merge_take()
 *
 * Return: whether it could be; if not, and there are others, take these first.
 */
bool merge_add(struct merge *m, const struct inner *in)
{
	u32 hlen = headers(in), len = in->len - hlen;

	if (!hlen)
		return false;
	if (!m->count)
		begin(m, in, hlen);
	else if (m->full || m->count == MERGE_PACKETS || hlen != m->hlen ||
		 len > m->size || m->hlen + m->len + len > INNER_MAX ||
		 !same(m, in))
		return false;
	m->iov[1 + m->count++] = (struct iovec){ in->packet + hlen, len };
	m->len += len;
	m->psh = in->packet[m->tcp + 13] & TCP_PSH;
	m->full = m->psh || len < m->size || len < FTCP_GSO_SIZE_MIN;
	return true;
}

/* The headers of all as one, whose checksum is the kernel's to make */
static void write_header(struct merge *m)
{
	u8 *ip = m->header + VNET_HLEN, *tcp = ip + m->tcp;
	u32 len = m->hlen + m->len;
	struct virtio_net_hdr vh = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = m->first.v4 ? VIRTIO_NET_HDR_GSO_TCPV4 :
					  VIRTIO_NET_HDR_GSO_TCPV6,
		.hdr_len = (u16)m->hlen,
		.gso_size = (u16)m->size,
		.csum_start = (u16)m->tcp,
		.csum_offset = 16,
	};
	u16 check;

	memcpy(m->header, &vh, VNET_HLEN);
	memcpy(ip, m->first.packet, m->hlen);
	if (m->psh)
		tcp[13] |= TCP_PSH;
	check = fold(sum_pseudo(&m->first, len - m->tcp));
	memcpy(tcp + 16, &check, 2);
	if (!m->first.v4) {
		ftcp_put16(ip + 4, (u16)(len - m->tcp));
		return;
	}
	ftcp_put16(ip + 2, (u16)len);
	ftcp_put16(ip + 10, 0);
	check = (u16)~fold(sum_bytes(0, ip, m->tcp));
	memcpy(ip + 10, &check, 2);
}

/**
 * merge_take() - take the packets that were added, of which there is at least one
 * @m: the packets; none afterwards
 * @iov: what is to be written: a virtio_net_hdr and all of them as one
 *
 * Return: the number of pieces.
 */
u32 merge_take(struct merge *m, struct iovec **iov)
{
	u32 count = m->count;

	m->count = 0;
	*iov = m->iov;
	if (count == 1) {
		memset(m->header, 0, VNET_HLEN);
		m->iov[0] = (struct iovec){ m->header, VNET_HLEN };
		m->iov[1] = (struct iovec){ m->first.packet, m->first.len };
		return 2;
	}
	write_header(m);
	m->iov[0] = (struct iovec){ m->header, VNET_HLEN + m->hlen };
	return 1 + count;
}
