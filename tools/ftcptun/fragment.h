/* SPDX-License-Identifier: GPL-2.0 */
/* IPv4 fragments from the device. */
#ifndef FTCPTUN_FRAGMENT_H
#define FTCPTUN_FRAGMENT_H

#include <stdbool.h>

#include "../../module/core/types.h"

#define FRAGMENT_SLOTS 16

/**
 * struct fragment_slot - a packet of which there are not all fragments
 * @packet: its IP header, and payload as far as it has come; room for all
 * @len: length of that; 0: the slot is free
 * @until: when it is given up
 */
struct fragment_slot {
	u8 *packet;
	u32 len;
	u64 until;
};

/**
 * struct fragments - the packets that a thread puts together
 * @slot: those packets
 * @next: which one is given up next if there are too many
 */
struct fragments {
	struct fragment_slot slot[FRAGMENT_SLOTS];
	u32 next;
};

u32 fragments_join(struct fragments *fs, u8 *buf, u32 len, bool vnet, u64 now,
		   u64 *lost);
void fragments_free(struct fragments *fs);

#endif /* FTCPTUN_FRAGMENT_H */
