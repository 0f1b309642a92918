/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A trie beside a list of the same ranges that is searched from end to end, and what
 * has to hold for the trie's structure.  What does not hold is a word; NULL: all does.
 */
#ifndef FTCP_TRIE_MODEL_H
#define FTCP_TRIE_MODEL_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "trie.h"

/**
 * struct range - a range that somebody has
 * @prefix: the range
 * @owner: whose it is
 * @node: the trie's node
 */
struct range {
	struct ftcp_prefix prefix;
	void *owner;
	struct ftcp_trie_node *node;
};

/**
 * struct model - both
 * @trie: the trie
 * @ranges: the same as a list, in no order
 * @n: how many
 * @room: for how many there is room
 * @nodes: how many nodes the trie has
 */
struct model {
	struct ftcp_trie trie;
	struct range *ranges;
	u32 n;
	u32 room;
	u32 nodes;
};

static inline struct range *model_range(struct model *m,
					const struct ftcp_prefix *p)
{
	u32 i;

	for (i = 0; i < m->n; i++) {
		const struct ftcp_prefix *q = &m->ranges[i].prefix;

		if (q->len == p->len && q->high == p->high && q->low == p->low)
			return &m->ranges[i];
	}
	return NULL;
}

static inline u64 model_mask(u32 bits)
{
	return !bits ? 0 : bits >= 64 ? ~0ULL : ~0ULL << (64 - bits);
}

/* The first @len bits of an address. */
static inline struct ftcp_prefix model_prefix(u64 high, u64 low, u8 len)
{
	return (struct ftcp_prefix){
		.high = high & model_mask(len),
		.low = low & model_mask(len > 64 ? len - 64u : 0),
		.len = len,
	};
}

static inline void *model_find(const struct model *m, u64 high, u64 low,
			       u8 *len)
{
	const struct range *found = NULL;
	u32 i;

	for (i = 0; i < m->n; i++) {
		const struct range *r = &m->ranges[i];
		struct ftcp_prefix p = model_prefix(high, low, r->prefix.len);

		if (p.high == r->prefix.high && p.low == r->prefix.low &&
		    (!found || found->prefix.len < p.len))
			found = r;
	}
	if (!found)
		return NULL;
	*len = found->prefix.len;
	return found->owner;
}

/* Give a range to somebody, perhaps from somebody else. */
static inline const char *model_give(struct model *m,
				     const struct ftcp_prefix *p, void *owner)
{
	struct ftcp_trie_node *spare[2] = {
		malloc(sizeof(**spare)), malloc(sizeof(**spare)),
	};
	struct range *r = model_range(m, p);
	void *before = r ? r->owner : NULL;
	struct ftcp_trie_node *node;

	if (!spare[0] || !spare[1])
		abort();
	node = ftcp_trie_add(&m->trie, p, spare);
	m->nodes += !spare[0] + !spare[1];
	free(spare[0]);
	free(spare[1]);
	if (node->owner != before)
		return "the range had another owner";
	if (r && r->node != node)
		return "the range has another node";
	ftcp_trie_give(node, owner);
	if (!r) {
		if (m->n == m->room) {
			m->room = 2 * m->room + 16;
			m->ranges = realloc(m->ranges,
					    m->room * sizeof(*m->ranges));
			if (!m->ranges)
				abort();
		}
		r = &m->ranges[m->n++];
		*r = (struct range){ .prefix = *p, .node = node };
	}
	r->owner = owner;
	return NULL;
}

/* Take a range away that somebody has.  The nodes that are taken out are freed at
 * once: nobody else reads here.
 */
static inline void model_take(struct model *m, struct range *r)
{
	struct ftcp_trie_node *freed[2];

	ftcp_trie_remove(&m->trie, r->node, freed);
	m->nodes -= !!freed[0] + !!freed[1];
	free(freed[0]);
	free(freed[1]);
	*r = m->ranges[--m->n];
}

static inline void model_clear(struct model *m)
{
	while (m->n)
		model_take(m, &m->ranges[m->n - 1]);
	free(m->ranges);
	m->ranges = NULL;
	m->room = 0;
}

static inline const char *model_same(const struct model *m, u64 high, u64 low)
{
	u8 len = 0, want_len = 0;
	void *owner = ftcp_trie_find(&m->trie, high, low, &len);

	if (owner != model_find(m, high, low, &want_len))
		return "another owner";
	if (len != want_len)
		return "another length";
	return NULL;
}

/* The node behind @node, from top to bottom, of all there are. */
static inline const struct ftcp_trie_node *
model_next(const struct ftcp_trie_node *node)
{
	if (node->child[0] || node->child[1])
		return node->child[0] ? node->child[0] : node->child[1];
	while (node->parent) {
		const struct ftcp_trie_node *parent = node->parent;

		if (node == parent->child[0] && parent->child[1])
			return parent->child[1];
		node = parent;
	}
	return NULL;
}

static inline const char *model_sound(const struct model *m)
{
	const struct ftcp_trie_node *node = m->trie.root;
	u32 nodes = 0, owned = 0, i;

	if (node && node->parent)
		return "the node at the top has one above it";
	for (; node; node = model_next(node)) {
		const struct ftcp_prefix *p = &node->prefix;
		struct ftcp_prefix q = model_prefix(p->high, p->low, p->len);

		nodes++;
		owned += !!node->owner;
		if (p->high != q.high || p->low != q.low)
			return "bits beyond the length of a prefix";
		if (!node->owner && !(node->child[0] && node->child[1]))
			return "a fork with fewer than two ways";
		for (i = 0; i < 2; i++) {
			if (!node->child[i])
				continue;
			if (node->child[i]->parent != node)
				return "a child that does not know its parent";
			if (node->child[i]->prefix.len <= p->len)
				return "a child that is no longer than its parent";
			q = model_prefix(node->child[i]->prefix.high,
					 node->child[i]->prefix.low, p->len);
			if (p->high != q.high || p->low != q.low)
				return "a child that its parent does not cover";
			q = model_prefix(node->child[i]->prefix.high,
					 node->child[i]->prefix.low,
					 p->len + 1);
			if ((p->len < 64 ? q.high >> (63 - p->len) & 1 :
					   q.low >> (127 - p->len) & 1) != i)
				return "a child on the wrong side";
		}
	}
	if (owned != m->n)
		return "not as many ranges as were given";
	if (nodes != m->nodes)
		return "not as many nodes as were taken";
	if (nodes && nodes >= 2 * owned)
		return "more forks than there are ways";
	return NULL;
}

#endif /* FTCP_TRIE_MODEL_H */
