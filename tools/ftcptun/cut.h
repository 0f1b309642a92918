/* SPDX-License-Identifier: GPL-2.0 */
/* What the inner device gives besides packets: super-packets, and checksums that are
 * not complete.
 */
#ifndef FTCPTUN_CUT_H
#define FTCPTUN_CUT_H

#include <stdbool.h>

#include "../../module/core/types.h"

#define CUT_ROOM (256 << 10)

struct worker;

/**
 * struct cut - a packet that was read, and what is to be done to it
 * @packet: the packet, behind its virtio_net_hdr
 * @len: its length
 * @hlen: length of all headers, and
 * @tcp: where that of TCP begins, if it is a super-packet
 * @gso_size: how much each packet of it carries; 0: it is none
 */
struct cut {
	u8 *packet;
	u32 len;
	u32 hlen;
	u32 tcp;
	u32 gso_size;
};

bool cut_read(struct cut *c, u8 *buf, u32 len);
u32 cut_room(const struct cut *c);
u32 cut_next(const struct cut *c, u32 *off, u8 *packet);

#endif /* FTCPTUN_CUT_H */
