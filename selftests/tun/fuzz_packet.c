// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as a packet from the device: nothing is read beyond its end, what
 * is found lies within it, and what is written from that is read back the same.
 */
#include <linux/virtio_net.h>

#include "fuzz.h"
#include "packet.h"

static void same_path(const struct path *a, const struct path *b)
{
	/* what was written is read as the far end would */
	MUST(addr_equal(&a->local, &b->remote));
	MUST(addr_equal(&a->remote, &b->local));
	MUST(a->lport == b->rport && a->rport == b->lport);
}

/* Headers for @p's payload, in two pieces, and then all of it read again. */
static void check_data(const struct packet *p, bool vnet)
{
	u32 split = p->seg.len ? p->seg.seq % p->seg.len : 0, hlen;
	struct iovec iov[] = {
		{ p->payload, split },
		{ p->payload + split, p->seg.len - split },
	};
	struct ftcp_data data = {
		.seq = p->seg.seq,
		.ack = p->seg.ack,
		.flags = FTCP_ACK | (p->seg.flags & FTCP_PSH),
	};
	u8 *buf = malloc(PACKET_HLEN_MAX + p->seg.len);
	struct packet again;

	if (!buf)
		return;
	hlen = packet_write_data(buf, &p->path, &data, p->tos,
				 vnet ? p->seg.seq << 16 : PACKET_DF, iov, 2,
				 p->seg.len, vnet ? p->gso_size : 0, vnet);
	MUST(hlen <= PACKET_HLEN_MAX);
	memcpy(buf + hlen, p->payload, p->seg.len);
	MUST(packet_read(&again, buf, hlen + p->seg.len, vnet) ==
	     PACKET_SEGMENT);
	same_path(&p->path, &again.path);
	MUST(again.seg.seq == data.seq && again.seg.ack == data.ack);
	MUST(again.seg.flags == data.flags && again.seg.len == p->seg.len);
	MUST(again.tos == p->tos);
	MUST(again.gso_size == (vnet ? p->gso_size : 0));
	MUST(!memcmp(again.payload, p->payload, p->seg.len));
	if (p->seg.len) { /* one bit is enough for a wrong checksum */
		buf[hlen + p->seg.len - 1] ^= 1;
		if (!vnet)
			MUST(packet_read(&again, buf, hlen + p->seg.len,
					 false) == PACKET_CHECKSUM);
	}
	free(buf);
}

static void check_control(const struct packet *p, bool vnet)
{
	struct ftcp_control ctl = {
		.seq = p->seg.seq,
		.ack = p->seg.ack,
		.window = p->seg.window,
		.flags = p->seg.flags | FTCP_RST,
	};
	u8 buf[PACKET_HLEN_MAX];
	struct packet again;
	u32 len = packet_write_control(buf, &p->path, 1460, &ctl, PACKET_DF,
				       vnet);

	MUST(len <= sizeof(buf));
	MUST(packet_read(&again, buf, len, vnet) == PACKET_SEGMENT);
	same_path(&p->path, &again.path);
	MUST(again.seg.seq == ctl.seq && again.seg.flags == ctl.flags);
	MUST(!again.seg.len && !again.gso_size && !again.tos);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct packet p;
	bool vnet;
	u8 *copy;

	if (!size)
		return 0;
	vnet = *data & 1;
	size--;
	copy = malloc(size ? size : 1);
	if (!copy)
		return 0;
	memcpy(copy, data + 1, size);
	memset(&p, 0xaa, sizeof(p));
	switch (packet_read(&p, copy, (u32)size, vnet)) {
	case PACKET_SEGMENT:
		MUST(p.payload >= copy);
		MUST(p.payload + p.seg.len <= copy + size);
		MUST(!p.gso_size || p.gso_size < p.seg.len);
		MUST(addr_is_v4(&p.path.local) == addr_is_v4(&p.path.remote));
		if (p.seg.len <= 65535 - FTCP_HLEN - 20) {
			check_data(&p, vnet);
			check_control(&p, vnet);
		}
		break;
	case PACKET_TOO_BIG:
		MUST(size >= 20 + 8 + 20 + 8);
		MUST(!p.seg.len && !p.seg.flags);
		break;
	default:
		break;
	}
	free(copy);
	return 0;
}
