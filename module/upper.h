/* SPDX-License-Identifier: GPL-2.0 */
/* What sessions, flows and ports have the layers above them do. */
#ifndef FTCP_UPPER_H
#define FTCP_UPPER_H

#include <linux/netfilter.h>

#include "core/policy.h"
#include "flow.h"

/**
 * struct ftcp_upper_ops - what is above; see there for each
 * @intercept: ftcp_intercept()
 * @send_control: ftcp_send_control()
 * @flush: ftcp_session_flush()
 * @drop_waiting: ftcp_session_drop_waiting()
 * @tell_lost: ftcp_icmp_lost()
 * @batch_init: ftcp_batch_init()
 * @batch_end: ftcp_batch_end()
 * @hello: ftcp_encap_hello()
 * @flow_event: ftcp_netlink_flow_event()
 *
 * None is called for a packet on its usual way, where a call by pointer is slow.
 */
struct ftcp_upper_ops {
	bool (*intercept)(struct ftcp_net *fn, struct sk_buff *skb,
			  const struct nf_hook_state *state);
	void (*send_control)(struct ftcp_tunnel *tunnel, struct dst_entry *dst,
			     const struct ftcp_pair *pair,
			     const struct ftcp_control *ctl);
	void (*flush)(struct ftcp_session *session);
	void (*drop_waiting)(struct ftcp_session *session,
			     enum ftcp_drop_attr reason, enum ftcp_tell tell);
	void (*tell_lost)(const struct ftcp_session *session,
			  enum ftcp_tell tell);
	void (*batch_init)(struct ftcp_session *session);
	void (*batch_end)(struct ftcp_session *session);
	void (*hello)(struct ftcp_session *session);
	void (*flow_event)(struct ftcp_flow *flow, enum ftcp_reason reason);
};

extern const struct ftcp_upper_ops *ftcp_upper;	/* constant */

#endif /* FTCP_UPPER_H */
