/* SPDX-License-Identifier: GPL-2.0 */
/* Routes of datagrams that a link receives for this host. */
#ifndef FTCP_INPUT_H
#define FTCP_INPUT_H

struct ftcp_flow;
struct sk_buff;

void ftcp_input_route(struct ftcp_flow *flow, struct sk_buff *skb);

#endif /* FTCP_INPUT_H */
