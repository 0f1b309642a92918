/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Longest-prefix match for IPv4 and IPv6 addresses.
 *
 * A path-compressed binary trie: each node is a prefix that has an owner, or
 * the fork above two that differ.  So n ranges take fewer than 2n nodes, and a
 * lookup visits at most one node for each bit of an address.
 *
 * Readers need no lock.  A change publishes new nodes with a single store, and
 * removed nodes keep their pointers, so that a reader at one still finds its
 * way down.  The caller serialises changes, provides the nodes, and frees
 * removed ones when no reader is left (RCU).
 *
 * The kernel has no such trie to use: BPF's copies values and is not exported,
 * fib_trie holds routes, and WireGuard's is private.
 */
#ifndef FTCP_CORE_TRIE_H
#define FTCP_CORE_TRIE_H

#include "types.h"

/* A range of addresses of one family */
struct ftcp_prefix {
	u64 high;	/* first 64 bits; IPv4: 32 bits, then zeroes */
	u64 low;	/* last 64 bits */
	u8 len;		/* how many bits count; the others are 0 */
};

struct ftcp_trie_node {
	struct ftcp_trie_node *child[2]; /* by the bit after the prefix */
	struct ftcp_trie_node *parent;	/* NULL at the top; for changes only */
	void *owner;			/* NULL: only a fork */
	struct ftcp_prefix prefix;
};

/* Ranges of one address family; all 0 is an empty trie */
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
