/* SPDX-License-Identifier: GPL-2.0 */
/* The Internet's checksum, in network order as it stands in memory. */
#ifndef FTCPTUN_CHECKSUM_H
#define FTCPTUN_CHECKSUM_H

#include <string.h>

#include "../../module/core/types.h"

/* Sum of 16-bit words in network order; @len is odd at most in the last part. */
static inline u64 sum_bytes(u64 sum, const u8 *p, u32 len)
{
	u32 word;

	for (; len >= 4; len -= 4, p += 4) {
		memcpy(&word, p, 4);
		sum += word;
	}
	if (len) {
		u8 rest[4] = { 0 };

		memcpy(rest, p, len);
		memcpy(&word, rest, 4);
		sum += word;
	}
	return sum;
}

/* To a value that is stored with memcpy(), in network order already */
static inline u16 fold(u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)sum;
}

#endif /* FTCPTUN_CHECKSUM_H */
