/* SPDX-License-Identifier: GPL-2.0 */
/* ICMP errors to the application and from the network */
#ifndef FTCP_ICMP_H
#define FTCP_ICMP_H

#include <linux/skbuff.h>

#include "core/policy.h"
#include "net.h"

struct ftcp_session;

void ftcp_icmp_too_big(struct sk_buff *skb, u32 mtu);
void ftcp_icmp_packet_too_big(struct sk_buff *skb, u32 mtu);
void ftcp_icmp_tell(struct sk_buff *skb, enum ftcp_tell what);
void ftcp_icmp_lost(const struct ftcp_session *session, enum ftcp_tell what);
void ftcp_icmp_receive(struct ftcp_net *fn, struct sk_buff *skb, bool forwarded);

#endif /* FTCP_ICMP_H */
