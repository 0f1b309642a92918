// SPDX-License-Identifier: GPL-2.0
/* Longest-prefix match; see trie.h. */
#include "trie.h"

#define BITS 128

/* A reader that sees @v sees what was written before, too. */
#define publish(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELEASE)

static u32 bit(u64 high, u64 low, u8 n)
{
	return (n < 64 ? high >> (63 - n) : low >> (127 - n)) & 1;
}

static int covers(const struct ftcp_prefix *p, u64 high, u64 low)
{
	if (p->len <= 64)
		return !p->len || !((p->high ^ high) >> (64 - p->len));
	return p->high == high && !((p->low ^ low) >> (BITS - p->len));
}

/**
 * ftcp_prefix_make() - cut an address to a prefix
 * @high: first 64 bits of the address, as in struct ftcp_prefix
 * @low: last 64 bits
 * @len: length of the prefix, 0 to 128
 *
 * Return: the prefix.
 */
struct ftcp_prefix ftcp_prefix_make(u64 high, u64 low, u8 len)
{
	if (len <= 64)
		low = 0;
	else
		low &= ~0ULL << (BITS - len);
	if (!len)
		high = 0;
	else if (len < 64)
		high &= ~0ULL << (64 - len);
	return (struct ftcp_prefix){ .high = high, .low = low, .len = len };
}

/* The longest common prefix of two, neither of which covers the other */
static struct ftcp_prefix in_common(const struct ftcp_prefix *a,
				    const struct ftcp_prefix *b)
{
	u8 len = 0;

	while (bit(a->high, a->low, len) == bit(b->high, b->low, len))
		len++;
	return ftcp_prefix_make(a->high, a->low, len);
}

/**
 * ftcp_trie_find() - find the owner of the longest range that covers an address
 * @trie: where to look; no lock, but RCU
 * @high: first 64 bits of the address, as in struct ftcp_prefix
 * @low: last 64 bits
 * @len: length of the range found
 *
 * Sees the state before or after a concurrent change.  Of several changes, a
 * later one may be seen and an earlier one not.
 *
 * Return: the owner, or NULL.
 */
void *ftcp_trie_find(const struct ftcp_trie *trie, u64 high, u64 low, u8 *len)
{
	const struct ftcp_trie_node *node = ftcp_load(trie->root);
	void *owner, *found = NULL;

	while (node && covers(&node->prefix, high, low)) {
		owner = ftcp_load(node->owner);
		if (owner) {
			found = owner;
			*len = node->prefix.len;
		}
		if (node->prefix.len == BITS)
			break;
		node = ftcp_load(node->child[bit(high, low, node->prefix.len)]);
	}
	return found;
}

/* The child pointer of @node that leads to @below */
static struct ftcp_trie_node **branch(struct ftcp_trie_node *node,
				      const struct ftcp_prefix *below)
{
	return &node->child[bit(below->high, below->low, node->prefix.len)];
}

static struct ftcp_trie_node **place(struct ftcp_trie *trie,
				     const struct ftcp_trie_node *node)
{
	return node->parent ? branch(node->parent, &node->prefix) : &trie->root;
}

static struct ftcp_trie_node *make(struct ftcp_trie_node **spare,
				   const struct ftcp_prefix *prefix,
				   struct ftcp_trie_node *parent)
{
	struct ftcp_trie_node *node = *spare;

	*spare = NULL;
	node->child[0] = NULL;
	node->child[1] = NULL;
	node->parent = parent;
	node->owner = NULL;
	node->prefix = *prefix;
	return node;
}

static void hang(struct ftcp_trie_node *node, struct ftcp_trie_node *below)
{
	*branch(node, &below->prefix) = below;
	below->parent = node;
}

/**
 * ftcp_trie_add() - add a node for a range, if there is none
 * @trie: where to add it; the caller serialises changes
 * @prefix: the range
 * @spare: two nodes to use; those used are NULL afterwards
 *
 * Cannot fail.  Lookups do not change until ftcp_trie_give().
 *
 * Return: the node; its owner is NULL if it is new or was a fork.
 */
struct ftcp_trie_node *ftcp_trie_add(struct ftcp_trie *trie,
				     const struct ftcp_prefix *prefix,
				     struct ftcp_trie_node *spare[2])
{
	struct ftcp_trie_node *node = trie->root, *parent = NULL, *new, *top;
	struct ftcp_prefix common;

	while (node && node->prefix.len <= prefix->len &&
	       covers(&node->prefix, prefix->high, prefix->low)) {
		if (node->prefix.len == prefix->len)
			return node;
		parent = node;
		node = *branch(node, prefix);
	}

	new = top = make(&spare[0], prefix, parent);
	if (node && prefix->len < node->prefix.len &&
	    covers(prefix, node->prefix.high, node->prefix.low)) {
		hang(new, node);
	} else if (node) {
		common = in_common(prefix, &node->prefix);
		top = make(&spare[1], &common, parent);
		hang(top, node);
		hang(top, new);
	}
	publish(*place(trie, top), top);
	return new;
}

/**
 * ftcp_trie_give() - set the owner of a range
 * @node: the range
 * @owner: its new owner; not NULL
 */
void ftcp_trie_give(struct ftcp_trie_node *node, void *owner)
{
	publish(node->owner, owner);
}

/* Remove a node that has one child or none. */
static struct ftcp_trie_node *take_out(struct ftcp_trie *trie,
				       struct ftcp_trie_node *node)
{
	struct ftcp_trie_node *below = node->child[!node->child[0]];

	if (below)
		below->parent = node->parent;
	publish(*place(trie, node), below);
	return node;
}

/**
 * ftcp_trie_remove() - take a range from its owner
 * @trie: where it is; the caller serialises changes
 * @node: the range
 * @freed: result: up to two removed nodes, NULL for none, to free when no
 *	reader is left
 */
void ftcp_trie_remove(struct ftcp_trie *trie, struct ftcp_trie_node *node,
		      struct ftcp_trie_node *freed[2])
{
	struct ftcp_trie_node *parent = node->parent;

	freed[0] = NULL;
	freed[1] = NULL;
	if (node->child[0] && node->child[1]) {
		ftcp_store(node->owner, NULL);
		return;
	}
	freed[0] = take_out(trie, node);
	/* a fork with one child is not needed */
	if (parent && !parent->owner && !(parent->child[0] && parent->child[1]))
		freed[1] = take_out(trie, parent);
}
