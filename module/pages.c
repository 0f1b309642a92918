// SPDX-License-Identifier: GPL-2.0
/*
 * Packets whose bytes are in pages: several of them are one skb without a list of others,
 * which hardly any network card takes (NETIF_F_FRAGLIST).
 */
#include <linux/skbuff.h>
#include <net/checksum.h>

#include "pages.h"

/* As much as can be written there in one piece, and the place behind it */
static u8 *next_piece(struct ftcp_place *to, unsigned int len, unsigned int *n)
{
	u8 *piece;

	if (to->offset == skb_frag_size(to->frag))
		*to = (struct ftcp_place){ .frag = to->frag + 1 };
	*n = min_t(unsigned int, len, skb_frag_size(to->frag) - to->offset);
	piece = (u8 *)skb_frag_address(to->frag) + to->offset;
	to->offset += *n;
	return piece;
}

/**
 * ftcp_pages_write() - write bytes
 * @to: where
 * @from: the bytes
 * @len: how many
 */
void ftcp_pages_write(struct ftcp_place to, const u8 *from, unsigned int len)
{
	unsigned int n;
	u8 *piece;

	for (; len; len -= n, from += n) {
		piece = next_piece(&to, len, &n);
		memcpy(piece, from, n);
	}
}

/**
 * ftcp_pages_skip() - leave bytes to be written later
 * @to: where; moves on
 * @len: how many
 */
void ftcp_pages_skip(struct ftcp_place *to, unsigned int len)
{
	unsigned int n;

	for (; len; len -= n)
		next_piece(to, len, &n);
}

/**
 * ftcp_pages_copy() - write bytes of an skb
 * @to: where; moves on
 * @from: the skb
 * @offset: where in it
 * @len: how many
 * @csum: if not NULL, their sum is added to it: where they have just been written, which is
 *	faster than the functions that do both at once, a word at a time
 *
 * Return: false if the skb has no bytes there.
 */
bool ftcp_pages_copy(struct ftcp_place *to, const struct sk_buff *from,
		     unsigned int offset, unsigned int len, __wsum *csum)
{
	unsigned int done, n;
	u8 *piece;

	for (done = 0; done < len; done += n) {
		piece = next_piece(to, len - done, &n);
		if (skb_copy_bits(from, offset + done, piece, n))
			return false;
		if (csum)
			*csum = csum_block_add(*csum, csum_partial(piece, n, 0),
					       done);
	}
	return true;
}

/**
 * ftcp_pages_skb() - make an skb with what is known of another one
 * @old: that one, its data at the network header
 * @ip_hlen: length of its IP header
 * @hlen: length of all headers, which will be linear
 * @rest: length of what will be in pages
 *
 * Return: the skb, its bytes to be written yet, charged to nobody; or NULL.
 */
struct sk_buff *ftcp_pages_skb(const struct sk_buff *old, unsigned int ip_hlen,
			       unsigned int hlen, unsigned int rest)
{
	struct sk_buff *skb;
	int err;

	skb = alloc_skb_with_frags(FTCP_PAGES_ROOM + hlen, rest,
				   PAGE_ALLOC_COSTLY_ORDER, &err,
				   GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		return NULL;
	skb_copy_header(skb, old);
	skb_gso_reset(skb);
	skb->ip_summed = CHECKSUM_NONE;
	skb->encapsulation = 0;
	skb_reserve(skb, FTCP_PAGES_ROOM);
	skb_put(skb, hlen);
	skb->len += rest;
	skb->data_len = rest;
	skb_reset_mac_header(skb);
	skb->mac_len = 0;
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, ip_hlen);
	return skb;
}
