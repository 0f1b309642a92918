/* SPDX-License-Identifier: GPL-2.0 */
/* ICMP errors, to the application and from the network. */
#ifndef FTCP_ICMP_H
#define FTCP_ICMP_H

#include <linux/skbuff.h>

#include "device.h"

struct ftcp_session;

void ftcp_icmp_too_big(struct sk_buff *skb, u32 mtu);
void ftcp_icmp_unreachable(struct sk_buff *skb);
void ftcp_icmp_refused(struct sk_buff *skb);
void ftcp_icmp_lost(const struct ftcp_session *session, bool reset);
void ftcp_icmp_receive(struct ftcp_net *fn, struct sk_buff *skb, bool forwarded);

#endif /* FTCP_ICMP_H */
