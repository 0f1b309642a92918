/* SPDX-License-Identifier: GPL-2.0 */
/* How many flows of a tunnel are due to one source address. */
#ifndef FTCP_SOURCE_H
#define FTCP_SOURCE_H

#include <linux/in6.h>
#include <linux/types.h>

struct ftcp_flow;
struct ftcp_source;

int ftcp_source_get(struct ftcp_flow *flow, u32 limit);
void ftcp_source_put(struct ftcp_flow *flow);

int ftcp_source_init(void);
void ftcp_source_exit(void);

#endif /* FTCP_SOURCE_H */
