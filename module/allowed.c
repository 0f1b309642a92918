// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges of addresses and the peers they belong to: memory for core/trie.c.
 *
 * A peer gets a new list of ranges in three steps, of which only the first can
 * fail:
 *
 *	ftcp_ranges_reserve()	allocate
 *	ftcp_ranges_give()	add new ranges, move those of other peers
 *	ftcp_ranges_take()	remove ranges that are not in the list
 *
 * So each address changes its owner at one moment.  Only a slow reader could
 * miss both: it passes where a range is about to be added, and then finds
 * another one gone.  ftcp_tunnel.ranges_seq makes it look again.
 */
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "allowed.h"

/**
 * ftcp_range_key_v4() - set a range of IPv4 addresses
 * @key: the range
 * @addr: an address in it
 * @len: length of the prefix, 0 to 32
 */
void ftcp_range_key_v4(struct ftcp_range_key *key, __be32 addr, u8 len)
{
	key->family = AF_INET;
	key->prefix = ftcp_prefix_make((u64)ntohl(addr) << 32, 0, len);
}

static u64 half(const __be32 *words)
{
	return (u64)ntohl(words[0]) << 32 | ntohl(words[1]);
}

/**
 * ftcp_range_key_v6() - set a range of IPv6 addresses
 * @key: the range
 * @addr: an address in it
 * @len: length of the prefix, 0 to 128
 */
void ftcp_range_key_v6(struct ftcp_range_key *key, const struct in6_addr *addr,
		       u8 len)
{
	key->family = AF_INET6;
	key->prefix = ftcp_prefix_make(half(&addr->s6_addr32[0]),
				       half(&addr->s6_addr32[2]), len);
}

/**
 * ftcp_range_addr() - get the first address of a range
 * @p: its prefix
 * @addr: result; IPv4: in its first word
 */
void ftcp_range_addr(const struct ftcp_prefix *p, struct in6_addr *addr)
{
	addr->s6_addr32[0] = htonl(p->high >> 32);
	addr->s6_addr32[1] = htonl((u32)p->high);
	addr->s6_addr32[2] = htonl(p->low >> 32);
	addr->s6_addr32[3] = htonl((u32)p->low);
}

/**
 * ftcp_range_covers() - whether an address is in a range
 * @key: the range
 * @end: the address; its port does not matter
 */
bool ftcp_range_covers(const struct ftcp_range_key *key,
		       const struct ftcp_end *end)
{
	struct ftcp_range_key same;

	if (key->family != end->family)
		return false;
	if (key->family == AF_INET)
		ftcp_range_key_v4(&same, ftcp_end_v4(end), key->prefix.len);
	else
		ftcp_range_key_v6(&same, &end->addr, key->prefix.len);
	return same.prefix.high == key->prefix.high &&
	       same.prefix.low == key->prefix.low;
}

/**
 * ftcp_ranges_find() - find the peer of an address
 * @ranges: where to look
 * @end: the address; its port does not matter
 * @len: length of the prefix found
 *
 * Context: RCU read-side critical section.
 * Return: the peer with the longest matching prefix, or NULL.
 */
struct ftcp_peer *ftcp_ranges_find(const struct ftcp_ranges *ranges,
				   const struct ftcp_end *end, u8 *len)
{
	if (end->family == AF_INET)
		return ftcp_trie_find(&ranges->v4,
				      (u64)ntohl(ftcp_end_v4(end)) << 32, 0,
				      len);
	return ftcp_trie_find(&ranges->v6, half(&end->addr.s6_addr32[0]),
			      half(&end->addr.s6_addr32[2]), len);
}

/* Readers may still be at the node. */
static void free_node(struct ftcp_trie_node *node)
{
	struct ftcp_range *range;

	if (!node)
		return;
	range = container_of(node, struct ftcp_range, node);
	kfree_rcu(range, rcu);
}

/**
 * ftcp_ranges_free_spare() - free unused memory
 * @spare: from ftcp_ranges_reserve()
 */
void ftcp_ranges_free_spare(struct list_head *spare)
{
	struct ftcp_range *range, *next;

	list_for_each_entry_safe(range, next, spare, list)
		kfree(range);
	INIT_LIST_HEAD(spare);
}

/**
 * ftcp_ranges_reserve() - allocate memory for a list of ranges
 * @spare: the memory is added here; empty after an error
 * @want: the list, or NULL for none
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int ftcp_ranges_reserve(struct list_head *spare,
			const struct ftcp_range_list *want)
{
	unsigned int left = want ? 2 * want->n : 0;
	struct ftcp_range *range;

	for (; left; left--) {
		range = kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);
		if (!range) {
			ftcp_ranges_free_spare(spare);
			return -ENOMEM;
		}
		list_add(&range->list, spare);
	}
	return 0;
}

static struct ftcp_trie *trie_of(struct ftcp_ranges *ranges, u16 family)
{
	return family == AF_INET ? &ranges->v4 : &ranges->v6;
}

static void give(struct ftcp_ranges *ranges, struct ftcp_peer *peer,
		 struct list_head *own, const struct ftcp_range_key *key,
		 struct list_head *spare)
{
	struct ftcp_range *first = list_first_entry(spare, struct ftcp_range,
						    list);
	struct ftcp_range *second = list_next_entry(first, list), *range;
	struct ftcp_trie_node *nodes[2] = { &first->node, &second->node };

	range = container_of(ftcp_trie_add(trie_of(ranges, key->family),
					   &key->prefix, nodes),
			     struct ftcp_range, node);
	if (!nodes[0])
		list_del(&first->list);
	if (!nodes[1])
		list_del(&second->list);
	if (range->node.owner)
		list_del(&range->list);
	else
		ranges->count++;
	range->family = key->family;
	list_add_tail(&range->list, own);
	if (range->node.owner != peer)
		ftcp_trie_give(&range->node, peer);
}

/**
 * ftcp_ranges_give() - give a peer all ranges of a list
 * @ranges: where
 * @peer: the peer
 * @own: the peer's list
 * @want: the ranges, in any order; may include those it has
 * @spare: memory for them
 * @old: empty; gets ranges that the peer has to lose by ftcp_ranges_take()
 *
 * Ranges of other peers move to this one.
 *
 * Context: RTNL.
 */
void ftcp_ranges_give(struct ftcp_ranges *ranges, struct ftcp_peer *peer,
		      struct list_head *own, const struct ftcp_range_list *want,
		      struct list_head *spare, struct list_head *old)
{
	unsigned int i;

	ASSERT_RTNL();
	list_splice_init(own, old);
	for (i = 0; i < want->n; i++)
		give(ranges, peer, own, &want->keys[i], spare);
}

/**
 * ftcp_ranges_take() - take ranges from their peer
 * @ranges: where
 * @old: the ranges
 *
 * Needs no memory.
 *
 * Context: RTNL.
 */
void ftcp_ranges_take(struct ftcp_ranges *ranges, struct list_head *old)
{
	struct ftcp_trie_node *freed[2];
	struct ftcp_range *range, *next;

	ASSERT_RTNL();
	list_for_each_entry_safe(range, next, old, list) {
		list_del(&range->list);
		ranges->count--;
		ftcp_trie_remove(trie_of(ranges, range->family), &range->node,
				 freed);
		free_node(freed[0]);
		free_node(freed[1]);
	}
}
