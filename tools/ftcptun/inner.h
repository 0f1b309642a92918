/* SPDX-License-Identifier: GPL-2.0 */
/* Inner packets: whole IP packets, each of which is the payload of a segment. */
#ifndef FTCPTUN_INNER_H
#define FTCPTUN_INNER_H

#include <stdbool.h>

#include "addr.h"
#include "icmp.h"

#define INNER_MAX 65535
#define INNER_HLEN_MAX 60
#define INNER_HELLO_MAX 40
#define INNER_ERROR_MAX 1280 /* RFC 4443, section 2.4 */

/**
 * struct inner - an inner packet
 * @packet: where it is
 * @len: its length, as its header says
 * @hlen: length of its header; of IPv6, without extensions
 * @v4: IPv4, and not IPv6
 * @tos: DSCP and ECN
 * @protocol: what follows the header
 * @source: its source address
 * @to: its destination
 */
struct inner {
	u8 *packet;
	u32 len;
	u32 hlen;
	bool v4;
	u8 tos;
	u8 protocol;
	const u8 *source;
	const u8 *to;
};

bool inner_read(struct inner *in, u8 *packet, u32 len);
bool inner_is_shared(const u8 *addr, bool v4);
bool inner_is_hello(const struct inner *in);
u32 inner_write_hello(u8 *packet, const struct addr *own);
bool inner_may_cut(const struct inner *in);
u32 inner_cut(const struct inner *in, const u8 *header, u32 *off, u32 largest,
	      u8 **fragment);
bool inner_leave(const struct inner *in, u8 outer_tos);
bool inner_may_tell(const struct inner *in);
u32 inner_write_error(u8 *packet, const struct inner *in, enum icmp_error error,
		      u32 mtu);

#endif /* FTCPTUN_INNER_H */
