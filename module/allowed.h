/* SPDX-License-Identifier: GPL-2.0 */
/* Ranges of addresses and the peers they belong to */
#ifndef FTCP_ALLOWED_H
#define FTCP_ALLOWED_H

#include <linux/in6.h>
#include <linux/list.h>
#include <linux/rcupdate.h>

#include "addr.h"
#include "core/trie.h"

#define FTCP_RANGES_MAX 65536	/* of all peers of a tunnel */

struct ftcp_range_key {
	struct ftcp_prefix prefix;
	u16 family;		/* AF_INET or AF_INET6 */
};

/* A range of a peer, or a fork of the trie */
struct ftcp_range {
	struct ftcp_trie_node node;	/* its owner is a struct ftcp_peer */
	union {
		struct list_head list;	/* the peer's, in order; RTNL */
		struct rcu_head rcu;
	};
	u16 family;			/* AF_INET or AF_INET6 */
};

/* The ranges of all peers of a tunnel; RCU, changed under RTNL */
struct ftcp_ranges {
	struct ftcp_trie v4;
	struct ftcp_trie v6;
	unsigned int count;
};

struct ftcp_range_list {
	unsigned int n;
	struct ftcp_range_key keys[];
};

struct ftcp_peer;

void ftcp_range_key_v4(struct ftcp_range_key *key, __be32 addr, u8 len);
void ftcp_range_key_v6(struct ftcp_range_key *key, const struct in6_addr *addr,
		       u8 len);
void ftcp_range_addr(const struct ftcp_prefix *p, struct in6_addr *addr);
bool ftcp_range_covers(const struct ftcp_range_key *key,
		       const struct ftcp_end *end);

struct ftcp_peer *ftcp_ranges_find(const struct ftcp_ranges *ranges,
				   const struct ftcp_end *end, u8 *len);
int ftcp_ranges_reserve(struct list_head *spare,
			const struct ftcp_range_list *want);
void ftcp_ranges_free_spare(struct list_head *spare);
void ftcp_ranges_give(struct ftcp_ranges *ranges, struct ftcp_peer *peer,
		      struct list_head *own, const struct ftcp_range_list *want,
		      struct list_head *spare, struct list_head *old);
void ftcp_ranges_take(struct ftcp_ranges *ranges, struct list_head *old);

#endif /* FTCP_ALLOWED_H */
