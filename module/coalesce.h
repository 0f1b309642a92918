/* SPDX-License-Identifier: GPL-2.0 */
/* Send the datagrams of a burst together. */
#ifndef FTCP_COALESCE_H
#define FTCP_COALESCE_H

#include <linux/skbuff.h>

struct ftcp_flow;
struct ftcp_session;

void ftcp_batch_init(struct ftcp_session *session);
void ftcp_batch_end(struct ftcp_session *session);
void ftcp_batch_detach(struct ftcp_session *session, struct sk_buff *skb);
void ftcp_batch_send(struct ftcp_session *session, struct ftcp_flow *flow,
		     struct sk_buff *skb);

#endif /* FTCP_COALESCE_H */
