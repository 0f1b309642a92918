/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The far ends of a tunnel of whole IP packets, and the inner addresses that are
 * behind each.
 */
#ifndef FTCPTUN_PEERS_H
#define FTCPTUN_PEERS_H

#include <stdbool.h>

#include "../../module/core/trie.h"

#define PEER_NAME_MAX 32 /* with its NUL */
#define PEERS_MAX 4096
#define PEERS_ALL "0.0.0.0/0,::/0"

/**
 * struct peer - a far end
 * @name: what it is called
 * @index: its number
 * @asked: see ftcp_newcomer()
 */
struct peer {
	char name[PEER_NAME_MAX];
	u32 index;
	u64 asked;
};

/**
 * struct peers - all of them; who they are does not change once packets pass
 * @list: by number
 * @count: how many
 * @named: by peers_parse(), and not the only one
 * @v4: their ranges of IPv4 addresses
 * @v6: their ranges of IPv6 addresses
 */
struct peers {
	struct peer **list;
	u32 count;
	bool named;
	struct ftcp_trie v4;
	struct ftcp_trie v6;
};

const char *peers_parse(struct peers *peers, const char *text);
const char *peers_only(struct peers *peers, const char *ranges);
struct peer *peers_find(const struct peers *peers, const u8 *addr, bool v4);
void peers_free(struct peers *peers);

#endif /* FTCPTUN_PEERS_H */
