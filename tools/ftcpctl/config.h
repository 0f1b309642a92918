/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a link is to be, by its file, or is, by the kernel (config.c); what it takes
 * to make one of the other (apply.c).
 */
#ifndef FTCPCTL_CONFIG_H
#define FTCPCTL_CONFIG_H

#include "netlink.h"

/**
 * struct item - A tunnel or a peer.
 * @o: What it is, complete.
 * @given: What of that was said, or is unlike the default, by the attributes of words.
 * @implied: A peer that came with its tunnel, and of which nothing was said.
 * @where: FILE:LINE, for messages.
 */
struct item {
	struct object o;
	bool given[FTCP_A_MAX + 1];
	bool implied;
	const char *where;
};

/**
 * struct config - All that a link has.
 * @dev: Name of the link.
 * @ifindex: Its number, 0 if there is none.
 * @items: Each tunnel, and somewhere behind it its peers.
 * @n: How many.
 * @room: How many fit.
 * @entries: Rules and routes.
 * @n_entries: How many.
 * @entry_room: How many fit.
 */
struct config {
	const char *dev;
	unsigned int ifindex;
	struct item *items;
	size_t n;
	size_t room;
	struct entry *entries;
	size_t n_entries;
	size_t entry_room;
};

/* The words of an object that may change, and of a tunnel those that may not */
extern const int fixed_types[], peer_types[];

int config_of_kernel(struct config *c);
int config_of_file(struct config *c, const char *path,
		   const struct config *present);
struct item *config_find(const struct config *c, const struct object *o);
struct item *config_tunnel(const struct config *c, const struct object *o);
bool same_word(const struct object *a, const struct object *b, int type);
const int *types_of(const struct object *o);
int link_of_file(const char *text, char *dev, const char **path);

/* Rules (rules.c, steer.c) */
int rules_want(const char *const *given, const struct object *tunnel,
	       struct config *c);
int rules_have(const struct config *want, struct config *have);
bool rules_optional(const struct config *c, const struct entry *e);
void rules_print_words(const struct config *c);
bool rules_need_mark(const char *const *given);

#endif /* FTCPCTL_CONFIG_H */
