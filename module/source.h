/* SPDX-License-Identifier: GPL-2.0 */
/* How many flows of a tunnel are due to one source address. */
#ifndef FTCP_SOURCE_H
#define FTCP_SOURCE_H

#include <linux/in6.h>
#include <linux/types.h>

struct ftcp_flow;
struct ftcp_net;
struct ftcp_source;

int ftcp_source_get(struct ftcp_flow *flow, u32 limit);
void ftcp_source_put(struct ftcp_flow *flow);
u32 ftcp_source_flows(const struct ftcp_flow *flow);
void ftcp_source_may_yield(struct ftcp_flow *flow);
struct ftcp_flow *ftcp_source_victim(struct ftcp_net *fn, u32 least);
void ftcp_source_net_init(struct ftcp_net *fn);

int ftcp_source_init(void);
void ftcp_source_exit(void);

#endif /* FTCP_SOURCE_H */
