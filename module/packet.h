/* SPDX-License-Identifier: GPL-2.0 */
/* Reading a packet's headers: nothing is believed before it is checked. */
#ifndef FTCP_PACKET_H
#define FTCP_PACKET_H

#include <linux/skbuff.h>

#include "addr.h"

bool ftcp_packet_read(struct sk_buff *skb, u8 protocol, unsigned int l4_hlen,
		      struct ftcp_end *src, struct ftcp_end *dst,
		      unsigned int *ip_hlen);
bool ftcp_packet_checksum_ok(struct sk_buff *skb, u8 protocol,
			     unsigned int ip_hlen);

#endif /* FTCP_PACKET_H */
