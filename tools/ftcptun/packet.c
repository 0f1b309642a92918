// SPDX-License-Identifier: GPL-2.0
/*
 * Packets as they cross the TUN device: headers and checksums.
 *
 * Checksums.  With a virtio_net_hdr, a packet that is written carries only the
 * sum of the pseudo header and leaves the rest to the kernel, which leaves it
 * to the network card; the payload is not touched here.  A packet that is read
 * says whether the kernel knows its checksum to be right, either because the
 * packet never left this machine or because the card or conntrack has checked
 * it; only otherwise is it summed here.
 *
 * Everything read may have come from a stranger: each length is checked
 * before it is used.
 */
#include "packet.h"
#include "checksum.h"

#include <linux/virtio_net.h>
#include <netinet/in.h>

#define IP4_HLEN 20
#define IP6_HLEN 40
#define IP_TTL_VALUE 64
#define ICMP_UNREACH 3
#define ICMP_FRAG 4
#define ICMP6_TOO_BIG 2

/* ---- checksums ---- */

static u64 sum_pseudo(const struct path *path, u32 len, u8 protocol)
{
	bool v4 = addr_is_v4(&path->local);
	u8 tail[8] = { 0 };
	u64 sum;

	ftcp_put32(tail, len);
	tail[7] = protocol;
	sum = sum_bytes(0, tail, sizeof(tail));
	if (v4) {
		sum = sum_bytes(sum, addr_v4(&path->local), 4);
		return sum_bytes(sum, addr_v4(&path->remote), 4);
	}
	sum = sum_bytes(sum, path->local.b, 16);
	return sum_bytes(sum, path->remote.b, 16);
}

/* Pieces may have any length: one that starts at an odd offset is summed with
 * its bytes swapped.
 */
static u64 sum_iov(u64 sum, const struct iovec *iov, u32 niov)
{
	bool odd = false;

	for (; niov; niov--, iov++) {
		u32 part = fold(sum_bytes(0, iov->iov_base, (u32)iov->iov_len));

		sum += odd ? (part << 8 | part >> 8) & 0xffff : part;
		odd ^= iov->iov_len & 1;
	}
	return sum;
}

/* ---- reading ---- */

static bool checksum_right(const struct packet *p, const u8 *tcp, u32 len)
{
	u64 sum = sum_pseudo(&p->path, len, IPPROTO_TCP);

	return fold(sum_bytes(sum, tcp, len)) == 0xffff;
}

/* False if an IPv6 header holds what stands for IPv4 addresses here. */
static bool read_addresses(struct addr *from, struct addr *to, const u8 *ip)
{
	if (ip[0] >> 4 == 4) {
		addr_from_v4(from, ip + 12);
		addr_from_v4(to, ip + 16);
		return true;
	}
	memcpy(from->b, ip + 8, 16);
	memcpy(to->b, ip + 24, 16);
	return !addr_is_v4(from) && !addr_is_v4(to);
}

/* The segment that a message quotes: its IP header, whole, and at least ports
 * and sequence number.  The sender of what is quoted are we.
 */
static bool read_quoted(struct packet *p, const u8 *ip, u32 len, bool v4)
{
	u32 hlen = IP6_HLEN;
	const u8 *tcp;

	if (len < IP4_HLEN || ip[0] >> 4 != (v4 ? 4 : 6))
		return false;
	if (v4)
		hlen = (u32)(ip[0] & 15) * 4;
	if (hlen < IP4_HLEN || len < hlen + 8 ||
	    ip[v4 ? 9 : 6] != IPPROTO_TCP ||
	    (v4 && (ftcp_get16(ip + 6) & 0x1fff)) ||
	    !read_addresses(&p->path.local, &p->path.remote, ip))
		return false;
	tcp = ip + hlen;
	p->path.lport = ftcp_get16(tcp);
	p->path.rport = ftcp_get16(tcp + 2);
	p->seg = (struct ftcp_segment){ .seq = ftcp_get32(tcp + 4) };
	return true;
}

/* The messages that tell a path MTU; @hlen and @len are those of a whole IP
 * packet that is not TCP.
 */
static enum packet_fate read_icmp(struct packet *p, const u8 *ip, u32 hlen,
				  u32 len, bool checked)
{
	bool v4 = ip[0] >> 4 == 4;
	const u8 *icmp = ip + hlen;
	u64 sum = 0;

	len -= hlen;
	if (len < 8 || ip[v4 ? 9 : 6] != (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) ||
	    (v4 ? icmp[0] != ICMP_UNREACH || icmp[1] != ICMP_FRAG :
		  icmp[0] != ICMP6_TOO_BIG))
		return PACKET_PROTOCOL;
	if (!read_addresses(&p->path.remote, &p->path.local, ip))
		return PACKET_PROTOCOL;
	if (!v4)
		sum = sum_pseudo(&p->path, len, IPPROTO_ICMPV6);
	if (!checked && fold(sum_bytes(sum, icmp, len)) != 0xffff)
		return PACKET_CHECKSUM;
	p->mtu = v4 ? ftcp_get16(icmp + 6) : ftcp_get32(icmp + 4);
	return read_quoted(p, icmp + 8, len - 8, v4) ? PACKET_TOO_BIG :
						       PACKET_PROTOCOL;
}

/**
 * packet_read() - take a packet apart that was read from the device
 * @p: filled in for PACKET_SEGMENT, and as far as it says there for
 *	PACKET_TOO_BIG
 * @buf: the packet
 * @len: its length
 * @vnet: whether it begins with a virtio_net_hdr
 *
 * Return: what it is.
 */
enum packet_fate packet_read(struct packet *p, u8 *buf, u32 len, bool vnet)
{
	struct virtio_net_hdr vh = { 0 };
	u8 *ip = buf, *tcp;
	bool checked;
	u32 hlen;

	if (vnet) {
		if (len < VNET_HLEN)
			return PACKET_MALFORMED;
		memcpy(&vh, buf, VNET_HLEN);
		ip += VNET_HLEN;
		len -= VNET_HLEN;
	}
	checked = vh.flags &
		  (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID);
	if (len < IP4_HLEN)
		return PACKET_MALFORMED;
	if (ip[0] >> 4 == 4) {
		u32 total = ftcp_get16(ip + 2);

		hlen = (u32)(ip[0] & 15) * 4;
		if (hlen < IP4_HLEN || total < hlen || total > len)
			return PACKET_MALFORMED;
		if (ftcp_get16(ip + 6) & 0x3fff) /* a fragment */
			return PACKET_PROTOCOL;
		len = total;
		p->tos = ip[1];
		if (ip[9] != IPPROTO_TCP)
			return read_icmp(p, ip, hlen, len, checked);
	} else if (ip[0] >> 4 == 6) {
		hlen = IP6_HLEN;
		if (len < hlen || ftcp_get16(ip + 4) > len - hlen)
			return PACKET_MALFORMED;
		len = hlen + ftcp_get16(ip + 4);
		p->tos = (u8)(ftcp_get16(ip) >> 4);
		if (ip[6] != IPPROTO_TCP)
			return read_icmp(p, ip, hlen, len, checked);
	} else {
		return PACKET_PROTOCOL;
	}

	if (!read_addresses(&p->path.remote, &p->path.local, ip))
		return PACKET_PROTOCOL;
	tcp = ip + hlen;
	len -= hlen;
	if (ftcp_segment_read(&p->seg, tcp, len, len))
		return PACKET_MALFORMED;
	p->path.lport = p->seg.dport;
	p->path.rport = p->seg.sport;
	p->payload = tcp + p->seg.hlen;
	p->gso_size = 0;
	if ((vh.gso_type & ~VIRTIO_NET_HDR_GSO_ECN) !=
		    VIRTIO_NET_HDR_GSO_NONE &&
	    vh.gso_size && vh.gso_size < p->seg.len)
		p->gso_size = vh.gso_size;
	if (!checked && !checksum_right(p, tcp, len))
		return PACKET_CHECKSUM;
	return PACKET_SEGMENT;
}

/* ---- writing ---- */

static u32 write_ip(u8 *ip, const struct path *path, u8 tos, u32 ident,
		    u32 payload)
{
	u16 check;

	if (!addr_is_v4(&path->local)) {
		ftcp_put32(ip, 6u << 28 | (u32)tos << 20 |
			       (ident & ((1u << FLOW_LABEL_BITS) - 1)));
		ftcp_put16(ip + 4, (u16)payload);
		ip[6] = IPPROTO_TCP;
		ip[7] = IP_TTL_VALUE;
		memcpy(ip + 8, path->local.b, 16);
		memcpy(ip + 24, path->remote.b, 16);
		return IP6_HLEN;
	}
	ftcp_put16(ip, (u16)(4 << 12 | IP4_HLEN / 4 << 8 | tos));
	ftcp_put16(ip + 2, (u16)(IP4_HLEN + payload));
	ftcp_put32(ip + 4, ident);
	ftcp_put32(ip + 8, IP_TTL_VALUE << 24 | IPPROTO_TCP << 16);
	memcpy(ip + 12, addr_v4(&path->local), 4);
	memcpy(ip + 16, addr_v4(&path->remote), 4);
	check = (u16)~fold(sum_bytes(0, ip, IP4_HLEN));
	memcpy(ip + 10, &check, 2);
	return IP4_HLEN;
}

/* The virtio_net_hdr and the checksum of a packet whose IP header begins at
 * @buf + VNET_HLEN if there is a virtio_net_hdr, else at @buf.
 */
static void finish(u8 *buf, const struct path *path, u32 ip_hlen, u32 tcp_hlen,
		   const struct iovec *iov, u32 niov, u32 len, u32 gso_size,
		   bool vnet)
{
	u8 *tcp = buf + (vnet ? VNET_HLEN : 0) + ip_hlen;
	u64 sum = sum_pseudo(path, tcp_hlen + len, IPPROTO_TCP);
	u16 check;

	if (vnet) {
		struct virtio_net_hdr vh = {
			.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			.gso_type = VIRTIO_NET_HDR_GSO_NONE,
			.hdr_len = (u16)(ip_hlen + tcp_hlen),
			.csum_start = (u16)ip_hlen,
			.csum_offset = 16,
		};

		if (gso_size) {
			vh.gso_type = ip_hlen == IP4_HLEN ?
					      VIRTIO_NET_HDR_GSO_TCPV4 :
					      VIRTIO_NET_HDR_GSO_TCPV6;
			vh.gso_size = (u16)gso_size;
		}
		memcpy(buf, &vh, VNET_HLEN);
		check = fold(sum);
	} else {
		sum = sum_bytes(sum, tcp, tcp_hlen);
		check = (u16)~fold(sum_iov(sum, iov, niov));
	}
	memcpy(tcp + 16, &check, 2);
}

/**
 * packet_write_data() - headers of a data segment
 * @buf: where to; PACKET_HLEN_MAX bytes
 * @path: its ends
 * @data: sequence number, acknowledgement and flags
 * @tos: DSCP and ECN
 * @ident: IPv4's identification and flags: PACKET_DF, which needs no
 *	identification (RFC 6864, section 4.1), or that of the first datagram
 *	in the upper half, if the segment may be fragmented; IPv6's flow label,
 *	of FLOW_LABEL_BITS
 * @iov: the payload
 * @niov: number of its pieces
 * @len: its length
 * @gso_size: length of each datagram in it but the last; 0 for only one.
 *	Needs @vnet
 * @vnet: whether to begin with a virtio_net_hdr
 *
 * Return: length of the headers.
 */
u32 packet_write_data(u8 *buf, const struct path *path,
		      const struct ftcp_data *data, u8 tos, u32 ident,
		      const struct iovec *iov, u32 niov, u32 len, u32 gso_size, bool vnet)
{
	u8 *ip = buf + (vnet ? VNET_HLEN : 0);
	u32 hlen = write_ip(ip, path, tos, ident, FTCP_HLEN + len);

	ftcp_header_write(ip + hlen, path->lport, path->rport, data->seq,
			  data->ack, data->flags, FTCP_WINDOW);
	finish(buf, path, hlen, FTCP_HLEN, iov, niov, len, gso_size, vnet);
	return (u32)(ip - buf) + hlen + FTCP_HLEN;
}

/**
 * packet_write_control() - a segment without payload
 * @buf: where to; PACKET_HLEN_MAX bytes
 * @path: its ends
 * @mss: value of the MSS option, used on SYN and SYN-ACK
 * @ctl: what to write
 * @ident: as for packet_write_data()
 * @vnet: whether to begin with a virtio_net_hdr
 *
 * Return: length of the packet.
 */
u32 packet_write_control(u8 *buf, const struct path *path, u16 mss,
			 const struct ftcp_control *ctl, u32 ident, bool vnet)
{
	u32 ip_hlen = addr_is_v4(&path->local) ? IP4_HLEN : IP6_HLEN;
	u8 *ip = buf + (vnet ? VNET_HLEN : 0);
	u32 tcp_hlen = ftcp_control_write(ip + ip_hlen, path->lport,
					  path->rport, mss, ctl);

	write_ip(ip, path, 0, ident, tcp_hlen);
	finish(buf, path, ip_hlen, tcp_hlen, NULL, 0, 0, 0, vnet);
	return (u32)(ip - buf) + ip_hlen + tcp_hlen;
}
