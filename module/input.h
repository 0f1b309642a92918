/* SPDX-License-Identifier: GPL-2.0 */
/* Routes of received packets */
#ifndef FTCP_INPUT_H
#define FTCP_INPUT_H

struct ftcp_flow;
struct ftcp_session;
struct nf_hook_state;
struct sk_buff;

unsigned int ftcp_hook_pre_routing(void *priv, struct sk_buff *skb,
				   const struct nf_hook_state *state);
void ftcp_input_keep(struct ftcp_flow *flow, const struct sk_buff *skb);
void ftcp_input_route(struct ftcp_session *session, struct sk_buff *skb);

#endif /* FTCP_INPUT_H */
