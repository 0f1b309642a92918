/* SPDX-License-Identifier: GPL-2.0 */
/* The two ways of a packet: send.c and receive.c. */
#ifndef FTCP_DATAPATH_H
#define FTCP_DATAPATH_H

#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>

#include "flow.h"

/* send.c: datagram in, segment out */
netdev_tx_t ftcp_xmit(struct sk_buff *skb, struct net_device *dev);
unsigned int ftcp_hook_local_out(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state);
bool ftcp_intercept(struct ftcp_net *fn, struct sk_buff *skb,
		    const struct nf_hook_state *state);
void ftcp_send_to(struct ftcp_tunnel *tunnel, struct ftcp_peer *peer,
		  struct ftcp_session *session, const struct ftcp_inner_key *key,
		  struct sk_buff *skb);
void ftcp_send_now(struct ftcp_session *session, struct sk_buff *skb);
void ftcp_send_control(struct ftcp_tunnel *tunnel, struct dst_entry *dst,
		       const struct ftcp_pair *pair,
		       const struct ftcp_control *ctl);
void ftcp_output_begin(struct dst_entry *dst, struct sk_buff *skb, u32 mark);
void ftcp_output(struct net *net, struct dst_entry *dst, struct sk_buff *skb,
		 u32 mark);

/* join.c: what is between a batch and gso.c */
struct sk_buff *ftcp_join(struct sk_buff *list);

/* encap.c, decap.c: mode ip, before and after the former two */
void ftcp_encap(struct ftcp_link *link, struct sk_buff *skb);
void ftcp_encap_too_big(struct ftcp_session *session, struct sk_buff *skb,
			u32 mtu);
void ftcp_encap_hello(struct ftcp_session *session);
void ftcp_decap(struct ftcp_session *session, struct sk_buff *skb);

/* receive.c: segment in, verdict, datagram out */
unsigned int ftcp_hook_receive(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state);
bool ftcp_hooks_passed(struct sk_buff *skb, const struct nf_hook_state *state);
void ftcp_deliver(struct ftcp_session *session, struct sk_buff *skb);

#endif /* FTCP_DATAPATH_H */
