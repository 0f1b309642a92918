// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as an inner packet: what is read lies within it, what leaves the tunnel
 * differs in ECN alone, errors about it and fragments of it are packets themselves.
 * The first two bytes are the outer DSCP and ECN, and what fits.
 */
#include "fuzz.h"
#include "inner.h"

static u16 sum(const u8 *p, u32 len)
{
	u32 s = 0;

	for (; len > 1; len -= 2, p += 2)
		s += ftcp_get16(p);
	s = (s & 0xffff) + (s >> 16);
	return (u16)(s + (s >> 16));
}

static void check_error(const struct inner *in, enum icmp_error error)
{
	u8 packet[INNER_ERROR_MAX];
	u32 len = inner_write_error(packet, in, error, 1360);
	struct inner told;

	if (!len)
		return;
	MUST(len <= sizeof(packet) && inner_read(&told, packet, len));
	MUST(told.len == len && told.v4 == in->v4);
	MUST(!memcmp(told.to, in->source, in->v4 ? 4 : 16));
	MUST(!told.v4 || sum(packet, told.hlen) == 0xffff);
	/* nobody is told of an error */
	MUST(!inner_write_error(packet, &told, error, 1360));
}

static void check_leave(struct inner *in, u8 outer)
{
	u8 before[INNER_HLEN_MAX];
	bool sound = in->v4 && sum(in->packet, in->hlen) == 0xffff;

	memcpy(before, in->packet, in->hlen);
	if (!inner_leave(in, outer)) {
		MUST((outer & 3) == 3 && !(in->tos & 3));
		return;
	}
	MUST(!sound || sum(in->packet, in->hlen) == 0xffff);
	if (in->v4) {
		memcpy(before + 10, in->packet + 10, 2);
		before[1] = (u8)((before[1] & ~3) | (in->packet[1] & 3));
	} else {
		before[1] = (u8)((before[1] & ~0x30) | (in->packet[1] & 0x30));
	}
	MUST(!memcmp(before, in->packet, in->hlen));
}

static void check_cut(struct inner *in, u32 largest)
{
	u32 off = 0, len, all = 0;
	u8 header[INNER_HLEN_MAX], *fragment;
	struct inner part;

	if (!inner_may_cut(in))
		return;
	memcpy(header, in->packet, in->hlen);
	while ((len = inner_cut(in, header, &off, largest, &fragment))) {
		MUST(len <= largest && inner_read(&part, fragment, len));
		MUST(part.len == len && part.hlen == in->hlen);
		MUST(fragment + len <= in->packet + in->len);
		MUST(sum(fragment, part.hlen) == 0xffff);
		all += len - part.hlen;
	}
	MUST(all == in->len - in->hlen);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct inner in;
	u8 *packet;

	if (size < 2)
		return 0;
	packet = malloc(size - 2 + !(size - 2));
	if (!packet)
		return 0;
	memcpy(packet, data + 2, size - 2);
	if (inner_read(&in, packet, (u32)size - 2)) {
		MUST(in.hlen <= in.len && in.len <= size - 2);
		MUST(!inner_is_hello(&in) || in.hlen == in.len);
		check_error(&in, ICMP_ERROR_HOST);
		check_error(&in, ICMP_ERROR_TOO_BIG);
		check_leave(&in, data[0]);
		check_cut(&in, 68 + data[1]);
	}
	free(packet);
	return 0;
}
