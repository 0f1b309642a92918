/* SPDX-License-Identifier: GPL-2.0 */
/* Mode ip: super-packets of TCP inside. */
#ifndef FTCP_SUPER_H
#define FTCP_SUPER_H

#include <linux/skbuff.h>

struct sk_buff *ftcp_super_cut(struct sk_buff *skb);
struct sk_buff *ftcp_super_merge(const struct sk_buff *skb, unsigned int hlen);
struct sk_buff *ftcp_super_split(struct sk_buff *skb, unsigned int hlen);
struct sk_buff *ftcp_super_packets(struct sk_buff *skb);

#endif /* FTCP_SUPER_H */
