/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rules and routes that steer into links: what they are (entry.c), and which a link
 * has (steer.c).  What is asked for is made of words in rules.c.
 */
#ifndef FTCPCTL_RULES_H
#define FTCPCTL_RULES_H

#include "config.h"

/* Before the rules that people write, after those that come without number */
#define DEFAULT_PREF 6000

uint32_t rules_table(const char *dev, const char *tunnel);
bool entry_same(const struct entry *a, const struct entry *b);
bool entry_is_of(uint32_t table, const struct list *have,
		 const struct entry *e);
void entry_print(const char *verb, const struct entry *e);
bool entry_lacks_ipv6(const struct entry *e, int err);
int entry_refuse(const char *dev, const struct entry *e, int err);
bool config_has(const struct config *c, const struct entry *e);
void config_add(struct config *c, const struct entry *e);

#endif /* FTCPCTL_RULES_H */
