// SPDX-License-Identifier: GPL-2.0
/*
 * Super-packets of TCP from the inner device, which the kernel would have cut for a card:
 * one read brings what otherwise takes forty.  The packets that are cut from one are of
 * one size, but for the last, and so leave as one outer super-segment.
 *
 * Their checksums are made here: nobody who cuts that knows of them.
 */
#include "cut.h"

#include <linux/virtio_net.h>
#include <netinet/in.h>

#include "checksum.h"
#include "packet.h"

#define IP4_HLEN 20
#define IP6_HLEN 40
#define TCP_HLEN 20
#define TCP_FIN 0x01
#define TCP_PSH 0x08
#define TCP_CWR 0x80

static void put_sum(u8 *at, u64 sum)
{
	u16 check = (u16)~fold(sum);

	memcpy(at, &check, 2);
}

/* A checksum of which there is only that of the pseudo header. */
static bool complete(u8 *packet, u32 len, u32 start, u32 offset)
{
	u16 check;

	if (start >= len || offset + 2 > len - start)
		return false;
	put_sum(packet + start + offset,
		sum_bytes(0, packet + start, len - start));
	/* of UDP 0 says that there is none */
	memcpy(&check, packet + start + offset, 2);
	if (!check && offset == 6)
		memset(packet + start + offset, 0xff, 2);
	return true;
}

/**
 * cut_read() - look at what was read from a device with virtio_net_hdr
 * @c: the result
 * @buf: what was read; its checksum is completed, unless it is a super-packet
 * @len: its length
 *
 * Return: whether it can be carried.
 */
bool cut_read(struct cut *c, u8 *buf, u32 len)
{
	struct virtio_net_hdr vh;
	u8 type;

	if (len < VNET_HLEN + IP4_HLEN)
		return false;
	memcpy(&vh, buf, VNET_HLEN);
	*c = (struct cut){ .packet = buf + VNET_HLEN, .len = len - VNET_HLEN };
	type = vh.gso_type & (u8)~VIRTIO_NET_HDR_GSO_ECN;
	if (type == VIRTIO_NET_HDR_GSO_NONE)
		return !(vh.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) ||
		       complete(c->packet, c->len, vh.csum_start,
				vh.csum_offset);
	c->tcp = vh.csum_start;
	c->gso_size = vh.gso_size;
	if (!(vh.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) || !vh.gso_size ||
	    (type != VIRTIO_NET_HDR_GSO_TCPV4 &&
	     type != VIRTIO_NET_HDR_GSO_TCPV6) ||
	    c->tcp < (type == VIRTIO_NET_HDR_GSO_TCPV4 ? IP4_HLEN : IP6_HLEN) ||
	    c->len < c->tcp + TCP_HLEN ||
	    c->packet[0] >> 4 != (type == VIRTIO_NET_HDR_GSO_TCPV4 ? 4 : 6) ||
	    (c->packet[0] >> 4 == 4 && (c->packet[0] & 15) * 4 != c->tcp))
		return false;
	c->hlen = c->tcp + (u32)(c->packet[c->tcp + 12] >> 4) * 4;
	return c->hlen >= c->tcp + TCP_HLEN && c->hlen < c->len &&
	       c->hlen + c->gso_size <= 65535;
}

/** cut_room() - how much room the packets of a super-packet take */
u32 cut_room(const struct cut *c)
{
	u32 n = c->len / c->gso_size + 1;

	return n * c->hlen + c->len;
}

static void write_ip(u8 *ip, const struct cut *c, u32 len, u32 number)
{
	u32 hlen = (u32)(ip[0] & 15) * 4;

	if (ip[0] >> 4 == 6) {
		ftcp_put16(ip + 4, (u16)(len - IP6_HLEN));
		return;
	}
	ftcp_put16(ip + 2, (u16)len);
	ftcp_put16(ip + 4, (u16)(ftcp_get16(c->packet + 4) + number));
	ftcp_put16(ip + 10, 0);
	put_sum(ip + 10, sum_bytes(0, ip, hlen));
}

static void write_tcp(u8 *packet, const struct cut *c, u32 len, u32 off)
{
	u32 addrs = packet[0] >> 4 == 4 ? 12 : 8, size = len - c->tcp;
	u8 *tcp = packet + c->tcp, tail[4] = { 0, IPPROTO_TCP };
	u64 sum;

	ftcp_put32(tcp + 4, ftcp_get32(tcp + 4) + off);
	if (off)
		tcp[13] &= (u8)~TCP_CWR;
	if (off + len < c->len)
		tcp[13] &= (u8) ~(TCP_FIN | TCP_PSH);
	ftcp_put16(tail + 2, (u16)size);
	ftcp_put16(tcp + 16, 0);
	sum = sum_bytes(0, tail, sizeof(tail));
	sum = sum_bytes(sum, packet + addrs, addrs == 12 ? 8 : 32);
	put_sum(tcp + 16, sum_bytes(sum, tcp, size));
}

/**
 * cut_next() - the next packet of a super-packet
 * @c: that
 * @off: how much of its contents has been cut off
 * @packet: where to; as much as is left of cut_room()
 *
 * Return: its length; 0 if all has been cut off.
 */
u32 cut_next(const struct cut *c, u32 *off, u8 *packet)
{
	u32 left = c->len - c->hlen - *off;
	u32 size = left < c->gso_size ? left : c->gso_size;

	if (!left)
		return 0;
	memcpy(packet, c->packet, c->hlen);
	memcpy(packet + c->hlen, c->packet + c->hlen + *off, size);
	write_ip(packet, c, c->hlen + size, *off / c->gso_size);
	write_tcp(packet, c, c->hlen + size, *off);
	*off += size;
	return c->hlen + size;
}
