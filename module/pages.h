/* SPDX-License-Identifier: GPL-2.0 */
/* Packets whose bytes are in pages. */
#ifndef FTCP_PAGES_H
#define FTCP_PAGES_H

#include <linux/skbuff.h>
#include <net/ipv6.h>

#include "core/policy.h"

/* In front of a packet: what is written there, at this end or beyond the link */
#define FTCP_PAGES_ROOM (LL_MAX_HEADER + sizeof(struct ipv6hdr) + FTCP_HLEN)

/**
 * struct ftcp_place - the next byte of those that ftcp_pages_skb() made room for
 * @frag: in which page
 * @offset: where in it
 */
struct ftcp_place {
	skb_frag_t *frag;
	unsigned int offset;
};

static inline struct ftcp_place ftcp_pages_begin(const struct sk_buff *skb)
{
	return (struct ftcp_place){ .frag = skb_shinfo(skb)->frags };
}

struct sk_buff *ftcp_pages_skb(const struct sk_buff *old, unsigned int ip_hlen,
			       unsigned int hlen, unsigned int rest);
void ftcp_pages_write(struct ftcp_place to, const u8 *from, unsigned int len);
void ftcp_pages_skip(struct ftcp_place *to, unsigned int len);
bool ftcp_pages_copy(struct ftcp_place *to, const struct sk_buff *from,
		     unsigned int offset, unsigned int len, __wsum *csum);

#endif /* FTCP_PAGES_H */
