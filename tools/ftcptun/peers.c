// SPDX-License-Identifier: GPL-2.0
/* Peers by their ranges: the longest prefix that covers an address names one. */
#include "peers.h"

#include <stdio.h>
#include <stdlib.h>

#include "addr.h"
#include "log.h"

#define NAME_CHARS                   \
	"abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."

/* Another peer, or NULL if there can be none of that name */
static struct peer *peers_add(struct peers *peers, const char *name, size_t len)
{
	struct peer *peer, **list;
	u32 i;

	if (!len || len >= PEER_NAME_MAX || strspn(name, NAME_CHARS) < len ||
	    peers->count >= PEERS_MAX)
		return NULL;
	for (i = 0; i < peers->count; i++) {
		peer = peers->list[i];
		if (!strncmp(peer->name, name, len) && !peer->name[len])
			return NULL;
	}
	list = realloc(peers->list, (peers->count + 1) * sizeof(*list));
	peer = calloc(1, sizeof(*peer));
	if (!list || !peer)
		die("out of memory");
	memcpy(peer->name, name, len);
	peer->index = peers->count;
	list[peers->count++] = peer;
	peers->list = list;
	return peer;
}

/* Where an address is looked for; IPv4 fills the upper half of @high. */
static void key_of(const u8 *addr, bool v4, u64 *high, u64 *low)
{
	*high = (u64)ftcp_get32(addr) << 32;
	*low = 0;
	if (v4)
		return;
	*high |= ftcp_get32(addr + 4);
	*low = (u64)ftcp_get32(addr + 8) << 32 | ftcp_get32(addr + 12);
}

static struct ftcp_trie_node *node_for(struct ftcp_trie *trie,
				       const struct ftcp_prefix *prefix)
{
	struct ftcp_trie_node *spare[2], *node;
	u32 i;

	for (i = 0; i < 2; i++) {
		spare[i] = calloc(1, sizeof(*spare[i]));
		if (!spare[i])
			die("out of memory");
	}
	node = ftcp_trie_add(trie, prefix, spare);
	free(spare[0]);
	free(spare[1]);
	return node;
}

/* One range, or what is wrong with it */
static const char *allow(struct peers *peers, struct peer *peer, char *text)
{
	struct ftcp_trie_node *node;
	struct ftcp_prefix prefix;
	struct addr addr;
	u64 high, low;
	u32 len;
	bool v4;

	if (addr_prefix_parse(&addr, &len, text))
		return "not ranges of the form ADDRESS[/LENGTH],...";
	v4 = addr_is_v4(&addr);
	key_of(v4 ? addr_v4(&addr) : addr.b, v4, &high, &low);
	prefix = ftcp_prefix_make(high, low, (u8)len);
	node = node_for(v4 ? &peers->v4 : &peers->v6, &prefix);
	if (node->owner && node->owner != peer)
		return "one of these ranges belongs to another peer";
	ftcp_trie_give(node, peer);
	return NULL;
}

/* NULL, or what is wrong with them */
static const char *allow_all(struct peers *peers, struct peer *peer,
			     const char *ranges)
{
	const char *error = NULL, *end;
	char text[64];

	for (; !error && ranges; ranges = *end ? end + 1 : NULL) {
		end = ranges + strcspn(ranges, ",");
		snprintf(text, sizeof(text), "%.*s",
			 (int)(end - ranges < 64 ? end - ranges : 63), ranges);
		error = allow(peers, peer, text);
	}
	return error;
}

/**
 * peers_parse() - one of several peers
 * @peers: all of them
 * @text: NAME=RANGES; these are separated by commas
 *
 * Return: NULL, or what is wrong with that.
 */
const char *peers_parse(struct peers *peers, const char *text)
{
	size_t len = strcspn(text, "=");
	struct peer *peer;

	if (!text[len])
		return "not of the form NAME=ADDRESS[/LENGTH],...";
	if (peers->count && !peers->named)
		return "there is a peer without a name";
	peer = peers_add(peers, text, len);
	if (!peer)
		return "not a name for another peer";
	peers->named = true;
	return allow_all(peers, peer, text + len + 1);
}

/**
 * peers_only() - the only peer
 * @peers: all of them
 * @ranges: its ranges, or more of them, separated by commas
 *
 * Return: NULL, or what is wrong with them.
 */
const char *peers_only(struct peers *peers, const char *ranges)
{
	struct peer *peer = peers->count ? peers->list[0] :
					   peers_add(peers, "peer", 4);

	if (peers->named)
		return "there are peers with names";
	return allow_all(peers, peer, ranges);
}

/** peers_find() - the peer that an inner address belongs to, or NULL */
struct peer *peers_find(const struct peers *peers, const u8 *addr, bool v4)
{
	u64 high, low;
	u8 len;

	key_of(addr, v4, &high, &low);
	return ftcp_trie_find(v4 ? &peers->v4 : &peers->v6, high, low, &len);
}

/* No deeper than an address has bits */
static void free_nodes(struct ftcp_trie_node *node)
{
	if (!node)
		return;
	free_nodes(node->child[0]);
	free_nodes(node->child[1]);
	free(node);
}

/** peers_free() - release all of them */
void peers_free(struct peers *peers)
{
	free_nodes(peers->v4.root);
	free_nodes(peers->v6.root);
	while (peers->count)
		free(peers->list[--peers->count]);
	free(peers->list);
	*peers = (struct peers){ 0 };
}
