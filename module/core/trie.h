/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ranges of addresses, of which the longest that covers an address is found.
 *
 * A binary trie whose paths are compressed: a node stands for a prefix, and is there
 * because the prefix has an owner, or because two different ones begin with it.  So
 * n ranges take fewer than 2n nodes, and a look-up passes at most one node for each
 * bit of an address, however many ranges there are.
 *
 * A change is one store, or a few of which only the last lets readers see the others;
 * what it takes out keeps its pointers, so that who stands on it finds the way down.
 * Memory is the caller's: whoever adds a range brings nodes, and what was taken out
 * must not be used for something else while there may be readers (RCU).  Changes are
 * the caller's to serialise.
 *
 * The kernel has such tries, but none to use: that of BPF is no exported interface and
 * copies values, that of routes is about routes, WireGuard's is its own.
 */
#ifndef FTCP_CORE_TRIE_H
#define FTCP_CORE_TRIE_H

#include "types.h"

/**
 * struct ftcp_prefix - a range of addresses of one family
 * @high: the first 64 bits, or IPv4's 32 and zeroes, most significant first
 * @low: the last 64 bits
 * @len: how many of them count; the others are 0
 */
struct ftcp_prefix {
	u64 high;
	u64 low;
	u8 len;
};

/**
 * struct ftcp_trie_node - a node
 * @child: those whose next bit is 0, and 1
 * @parent: the node above, NULL at the top; for changes only
 * @owner: whose the range is, NULL of a mere fork
 * @prefix: the range
 */
struct ftcp_trie_node {
	struct ftcp_trie_node *child[2];
	struct ftcp_trie_node *parent;
	void *owner;
	struct ftcp_prefix prefix;
};

/**
 * struct ftcp_trie - ranges of one family of addresses
 * @root: the node at the top; all 0 is an empty trie
 */
struct ftcp_trie {
	struct ftcp_trie_node *root;
};

struct ftcp_prefix ftcp_prefix_make(u64 high, u64 low, u8 len);
void *ftcp_trie_find(const struct ftcp_trie *trie, u64 high, u64 low, u8 *len);
struct ftcp_trie_node *ftcp_trie_add(struct ftcp_trie *trie,
				     const struct ftcp_prefix *prefix,
				     struct ftcp_trie_node *spare[2]);
void ftcp_trie_give(struct ftcp_trie_node *node, void *owner);
void ftcp_trie_remove(struct ftcp_trie *trie, struct ftcp_trie_node *node,
		      struct ftcp_trie_node *freed[2]);

#endif /* FTCP_CORE_TRIE_H */
