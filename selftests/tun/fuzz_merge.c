// SPDX-License-Identifier: GPL-2.0
/*
 * Any contents, sizes and flags of a super-packet: what is cut from it are packets with
 * right checksums, and what is merged of them is cut to the same again.  And any bytes as
 * what a device gave, or as a packet to merge.
 *
 * The first bytes are: IPv6 or not and length of options, flags, size, what is damaged.
 */
#include <linux/virtio_net.h>

#include "cut.h"
#include "fuzz.h"
#include "merge.h"
#include "packet.h"

#define ROOM (PACKET_MAX + 100)

static u8 whole[ROOM], again[ROOM], first[CUT_ROOM], second[CUT_ROOM];

/* A super-packet as the kernel gives it; its length */
static u32 make(const u8 *data, u32 size)
{
	bool v4 = data[0] & 1;
	u32 options = (data[0] >> 1) % 11 * 4, ip = v4 ? 20 : 40;
	struct virtio_net_hdr vh = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = v4 ? VIRTIO_NET_HDR_GSO_TCPV4 :
				 VIRTIO_NET_HDR_GSO_TCPV6,
		.gso_size = (u16)(data[2] * 8 + 1),
		.csum_start = (u16)ip,
		.csum_offset = 16,
	};
	u8 *p = whole + VNET_HLEN, *tcp = p + ip;

	if (size < options)
		return 0;
	memset(whole, 0, VNET_HLEN + 100);
	memcpy(whole, &vh, VNET_HLEN);
	p[0] = v4 ? 0x45 : 0x60;
	p[v4 ? 9 : 6] = 6;
	p[v4 ? 8 : 7] = 64;
	if (v4)
		ftcp_put16(p + 6, 0x4000);
	ftcp_put16(p + (v4 ? 2 : 4), (u16)((v4 ? ip : 0) + 20 + size));
	tcp[12] = (u8)((20 + options) / 4 << 4);
	tcp[13] = data[1];
	memcpy(tcp + 20, data + 4, size);
	return VNET_HLEN + ip + 20 + size;
}

/* What is cut from @c, to @out; its length */
static u32 cut_all(const struct cut *c, u8 *out)
{
	u32 off = 0, at = 0, len;
	struct inner in;

	MUST(cut_room(c) <= CUT_ROOM);
	while ((len = cut_next(c, &off, out + at))) {
		MUST(at + len <= cut_room(c));
		MUST(inner_read(&in, out + at, len) && in.len == len);
		at += len;
	}
	MUST(off == c->len - c->hlen);
	return at;
}

static u32 gather(struct merge *m)
{
	struct iovec *iov;
	u32 n = merge_take(m, &iov), len = 0, i;

	for (i = 0; i < n; i++) {
		memcpy(again + len, iov[i].iov_base, iov[i].iov_len);
		len += (u32)iov[i].iov_len;
	}
	return len;
}

/* Write what has been merged to @second, behind @at; where it ends */
static u32 cut_again(struct merge *m, u32 at)
{
	u32 len = gather(m);
	struct cut c;

	MUST(cut_read(&c, again, len));
	if (c.gso_size)
		return at + cut_all(&c, second + at);
	memcpy(second + at, c.packet, c.len);
	return at + c.len;
}

static void same(const u8 *a, const u8 *b, u32 len, bool v4)
{
	/* identification and the header's checksum are another's */
	MUST(!memcmp(a, b, v4 ? 4 : len));
	if (v4)
		MUST(!memcmp(a + 6, b + 6, 4) && !memcmp(a + 12, b + 12, len - 12));
}

static void round_trip(const struct cut *c, bool plain)
{
	u32 total = cut_all(c, first), at = 0, out = 0;
	struct merge m = { 0 };
	struct inner in;

	for (; at < total; at += in.len) {
		MUST(inner_read(&in, first + at, total - at));
		if (merge_add(&m, &in))
			continue;
		MUST(!plain || m.count);
		if (m.count)
			out = cut_again(&m, out);
		if (merge_add(&m, &in))
			continue;
		MUST(!plain);
		memcpy(second + out, in.packet, in.len);
		out += in.len;
	}
	if (m.count)
		out = cut_again(&m, out);
	MUST(out == total);
	for (at = 0; at < total; at += in.len) {
		MUST(inner_read(&in, first + at, total - at));
		same(first + at, second + at, in.len, in.v4);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct merge m = { 0 };
	struct inner in;
	struct cut c;
	u32 len;

	if (size < 5)
		return 0;
	len = make(data, (u32)size - 4);
	if (len && data[3] < 64)
		whole[data[3]] ^= data[1] | 1;
	if (len && cut_read(&c, whole, len) && c.gso_size &&
	    cut_room(&c) <= CUT_ROOM)
		round_trip(&c, (data[1] & (u8)~0x08) == 0x10 && data[3] >= 64);
	memcpy(whole, data, size);
	if (cut_read(&c, whole, (u32)size) && c.gso_size &&
	    cut_room(&c) <= CUT_ROOM)
		cut_all(&c, first);
	memcpy(whole, data, size);
	if (inner_read(&in, whole, (u32)size) && merge_add(&m, &in))
		gather(&m);
	return 0;
}
